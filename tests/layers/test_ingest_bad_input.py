"""Files that cannot be loaded say why and what to do, in our words, and leave nothing behind."""

import gzip
import json
import shutil
import sqlite3
import zipfile
from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from shapely import LineString, Point, box

from layers.errors import InvalidInputError, MissingCrsError, UnreadableFileError
from layers.ingest import load_file
from layers.tables import Household, Load

NOW = datetime(2024, 3, 5, 8, tzinfo=UTC)
POINTS = gpd.GeoDataFrame({"key": ["A", "B"]}, geometry=[Point(120.01, 29.01), Point(120.02, 29.02)], crs=4326)
HEADER = "household_key,households,lon,lat\n"
LIBRARIES = ("Traceback", "GDAL", "pyogrio", "pandas", "openpyxl", "Errno", "sqlite", "codec can't", "/tmp", "pytest")


@pytest.fixture
def database_url(spatialite_template, tmp_path_factory):
    """Reading is the same for both databases, so one serves here; what is stored is tested on both elsewhere."""
    path = tmp_path_factory.mktemp("database") / "fengqiao.sqlite"
    shutil.copy(spatialite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def load(session, tmp_path):
    def run(name, layer="households", **options):
        return load_file(session, layer, tmp_path / name, now=NOW, **options)

    return run


@pytest.fixture
def refused(load, session):
    """The text with which a file is refused; nothing of it stays, and no library speaks in it."""

    def run(name, layer="households", error=UnreadableFileError, **options):
        with pytest.raises(error) as caught:
            load(name, layer, **options)
        text = str(caught.value)
        assert not [word for word in LIBRARIES if word in text]
        assert session.execute(sa.select(sa.func.count()).select_from(Load)).scalar_one() == 0
        return text

    return run


def shapefile(tmp_path, name="p.shp", crs=4326):
    POINTS.set_crs(crs, allow_override=True).to_file(tmp_path / name, driver="ESRI Shapefile")


NAMES = [
    "a.csv",
    "a.csv.gz",
    "a.tsv",
    "a.xlsx",
    "a.geojson",
    "a.geojsonl",
    "a.gpkg",
    "a.shp",
    "a.zip",
    "a.parquet",
    "a.pbf",
]


@pytest.mark.parametrize("name", NAMES)
def test_empty_files(refused, tmp_path, name):
    (tmp_path / name).touch()
    assert "empty" in refused(name, crs=4326)


@pytest.mark.parametrize("name", NAMES)
def test_noise_is_no_file_of_any_format(refused, tmp_path, name):
    noise = np.random.default_rng(1).bytes(5_000)
    (tmp_path / name).write_bytes(gzip.compress(noise) if name.endswith(".gz") else noise)
    refused(name, crs=4326)


@pytest.mark.parametrize("text", ["\n\n \n", "\ufeff", HEADER])
def test_tables_without_rows(refused, tmp_path, text):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    assert "check the export" in refused("a.csv", crs=4326)


def test_maps_and_sheets_without_rows(refused, tmp_path):
    (tmp_path / "a.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    POINTS.iloc[:0].to_file(tmp_path / "a.gpkg", driver="GPKG")
    pd.DataFrame({"key": [], "x": [], "y": []}).to_excel(tmp_path / "a.xlsx", index=False)
    pd.DataFrame({"key": [], "x": [], "y": []}).to_parquet(tmp_path / "a.parquet")
    for name in ("a.geojson", "a.gpkg", "a.xlsx", "a.parquet"):
        refused(name, crs=4326)


def test_files_that_are_not_there_and_folders(refused, tmp_path):
    assert "no file a.csv" in refused("a.csv")
    (tmp_path / "folder").mkdir()
    assert "is a folder" in refused("folder")
    shapefile(tmp_path / "folder", "one.shp")
    shapefile(tmp_path / "folder", "two.shp")
    assert "one.shp, two.shp" in refused("folder")


@pytest.mark.parametrize("name", ["a.doc", "a.xls", "a.dbf", "a"])
def test_unknown_suffixes(refused, tmp_path, name):
    (tmp_path / name).write_text("x,y\n1,2\n")
    refused(name)


def test_a_file_that_is_not_what_its_suffix_says(refused, tmp_path):
    POINTS.to_file(tmp_path / "p.gpkg", driver="GPKG")
    for name in ("p.csv", "p.geojson", "p.xlsx", "p.zip", "p.parquet", "p.shp", "p.pbf"):
        (tmp_path / name).write_bytes((tmp_path / "p.gpkg").read_bytes())
        assert "SQLite" in refused(name, crs=4326)
    with sqlite3.connect(tmp_path / "other.gpkg") as other:
        other.execute("CREATE TABLE x (y)")
    refused("other.gpkg")


def test_text_that_says_nothing_about_its_crs(refused, tmp_path):
    def told(rows):
        (tmp_path / "a.csv").write_text("id,x,y\n" + rows)
        return refused("a.csv", error=MissingCrsError)

    assert "gcj02" in told("A,120.01,29.01\n")
    assert "EPSG:4528" in told("A,40540286.39,3298016.05\n")
    assert "EPSG:4549" in told("A,540286.39,3298016.05\n")


def test_a_shapefile_without_prj(refused, load, tmp_path):
    shapefile(tmp_path)
    (tmp_path / "p.prj").unlink()
    assert "EPSG:4326" in refused("p.shp", error=MissingCrsError)
    assert load("p.shp", crs="EPSG:4326").inserted == 2


@pytest.mark.parametrize("part", ["shx", "dbf"])
def test_a_shapefile_that_lacks_a_part(refused, tmp_path, part):
    shapefile(tmp_path)
    (tmp_path / f"p.{part}").unlink()
    assert f"p.{part} is missing" in refused("p.shp")


@pytest.mark.parametrize("part", ["shp", "shx", "dbf"])
def test_a_shapefile_that_is_cut_off(refused, tmp_path, part):
    shapefile(tmp_path)
    path = tmp_path / f"p.{part}"
    path.write_bytes(path.read_bytes()[:-10])
    assert f"p.{part} is damaged or cut off" in refused("p.shp")


def test_a_shapefile_with_parts_of_another(refused, tmp_path):
    shapefile(tmp_path)
    POINTS.iloc[:1].to_file(tmp_path / "q.shp", driver="ESRI Shapefile")
    (tmp_path / "p.dbf").write_bytes((tmp_path / "q.dbf").read_bytes())
    assert "2 shapes" in refused("p.shp")


def test_archives(refused, tmp_path):
    shapefile(tmp_path)
    for name, members in {
        "none.zip": {"a.txt": b"x"},
        "orphan.zip": {"p.dbf": (tmp_path / "p.dbf").read_bytes()},
        "two.zip": {"a.csv": b"x", "b.csv": b"x"},
        "bomb.zip": {"a.csv": b"0" * 60_000_000},
    }.items():
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, data in members.items():
                archive.writestr(member, data)
    assert "no file of a known format" in refused("none.zip")
    assert "no .shp" in refused("orphan.zip")
    assert "a, b" in refused("two.zip")
    assert "60,000,000 bytes" in refused("bomb.zip")
    whole = (tmp_path / "two.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:40])
    assert "damaged" in refused("cut.zip")
    (tmp_path / "bomb.xlsx").write_bytes((tmp_path / "bomb.zip").read_bytes())
    assert "60,000,000 bytes" in refused("bomb.xlsx")


def test_a_member_cannot_leave_the_folder(load, tmp_path):
    with zipfile.ZipFile(tmp_path / "slip.zip", "w") as archive:
        archive.writestr("../../slipped.csv", HEADER + "A,1,120.01,29.01\n")
    assert load("slip.zip", crs=4326).inserted == 1
    assert not (tmp_path.parent.parent / "slipped.csv").exists()


def test_compressed_tables_that_are_damaged_or_bombs(refused, tmp_path):
    packed = gzip.compress((HEADER + "A,1,120.01,29.01\n" * 5_000).encode())
    (tmp_path / "a.csv.gz").write_bytes(packed[:-20])
    assert "cut off" in refused("a.csv.gz", crs=4326)
    (tmp_path / "b.csv.gz").write_bytes(packed[:60] + b"\x00" * 20 + packed[80:])
    assert "damaged" in refused("b.csv.gz", crs=4326)
    with gzip.open(tmp_path / "c.csv.gz", "wb") as out:
        for _ in range(11):
            out.write((b"0" * 999 + b"\n") * 10_000)
    assert "unpacks to far more" in refused("c.csv.gz", crs=4326)


@pytest.mark.parametrize("name", ["p.gpkg", "p.geojson", "p.parquet", "p.xlsx"])
def test_files_that_are_cut_off(refused, tmp_path, name):
    many = pd.concat([POINTS] * 500, ignore_index=True)
    if name == "p.parquet":
        many.to_parquet(tmp_path / name)
    elif name == "p.xlsx":
        pd.DataFrame(many.drop(columns="geometry")).to_excel(tmp_path / name)
    else:
        many.to_file(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    refused(name, crs=4326)


@pytest.mark.parametrize(
    "text", ["{", "[1, 2]", '{"type": "Topology"}', "{}", '{"type": "FeatureCollection"}', "no json"]
)
def test_json_that_is_no_map(refused, tmp_path, text):
    (tmp_path / "a.geojson").write_text(text)
    refused("a.geojson")


@pytest.mark.parametrize(
    ("layer", "shape", "found"),
    [
        ("households", box(120, 29, 120.01, 29.01), "Polygon"),
        ("boundaries", Point(120, 29), "Point"),
        ("roads", Point(120, 29), "Point"),
        ("buildings", LineString([(120, 29), (120.01, 29)]), "LineString"),
    ],
)
def test_the_wrong_type_of_geometry(refused, tmp_path, layer, shape, found):
    gpd.GeoDataFrame({"code": ["1"]}, geometry=[shape], crs=4326).to_file(tmp_path / "a.geojson")
    text = refused("a.geojson", layer, error=InvalidInputError)
    assert layer in text
    assert found in text


def test_a_single_row_of_the_wrong_type_is_rejected(load, tmp_path):
    mixed = gpd.GeoDataFrame({"key": list("ABC")}, geometry=[*POINTS.geometry, box(120, 29, 120.01, 29.01)], crs=4326)
    mixed.to_file(tmp_path / "a.geojson")
    result = load("a.geojson")
    assert [(reject.line, reject.reason) for reject in result.rejected] == [(3, "a Polygon where a point is expected")]


def test_a_field_of_ten_megabytes_refuses_its_row_alone(load, tmp_path):
    big = "x" * 10_000_000
    rows = f"A,1,120.01,29.01,ok\nB,1,120.01,29.01,{big}\nC,1,120.01,29.01,ok\n"
    (tmp_path / "a.csv").write_text("household_key,households,lon,lat,note\n" + rows)
    result = load("a.csv", crs=4326)
    assert (result.inserted, [reject.line for reject in result.rejected]) == (2, [3])
    assert result.reject_file.stat().st_size < 10_000
    (tmp_path / "a.csv").write_text("household_key,households,lon,lat,note\n" + rows.replace(big, big[:5_000_000]))
    assert [reject.line for reject in load("a.csv", crs=4326).rejected] == [3]


@pytest.mark.parametrize(("size", "is_read"), [(9_000_000, True), (11_000_000, False)])
def test_a_huge_field_in_geojson_refuses_its_row_or_the_file(load, refused, tmp_path, size, is_read):
    place = {"type": "Point", "coordinates": [120, 29]}
    rows = [{"type": "Feature", "properties": {"key": key}, "geometry": place} for key in ("D", "x" * size)]
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": rows}))
    if is_read:
        result = load("a.geojson")
        assert (result.inserted, [reject.line for reject in result.rejected]) == (1, [2])
        assert "9,000,000 characters" in result.rejected[0].reason
    else:
        assert "ten million signs" in refused("a.geojson")


def test_an_unclosed_quote_does_not_swallow_the_file(load, tmp_path):
    text = HEADER + 'A,1,120.01,29.01\n"B,1,120.01,29.01\n' + "".join(f"C{i},1,120.01,29.01\n" for i in range(10))
    (tmp_path / "a.csv").write_text(text)
    result = load("a.csv", crs=4326)
    assert (result.inserted, [reject.line for reject in result.rejected]) == (1, [3])


@pytest.mark.parametrize(
    ("lon", "lat", "reason"),
    [
        ("nan", "29.01", "not two numbers"),
        ("", "29.01", "not two numbers"),
        ("inf", "29.01", "not two numbers"),
        ("x", "29.01", "not two numbers"),
        ("", "", "no coordinates"),
        ("0", "0", "0, 0"),
        ("29.01", "120.01", "swapped"),
        ("500", "29", "no degrees"),
    ],
)
def test_broken_coordinates_reject_their_row(load, tmp_path, lon, lat, reason):
    rows = f"A,1,120.01,29.01\nB,1,{lon},{lat}\nC,1,120.02,29.01\n"
    (tmp_path / "a.csv").write_text(HEADER + rows)
    result = load("a.csv", crs=4326)
    assert (result.inserted, [reject.line for reject in result.rejected]) == (2, [3])
    assert reason in result.rejected[0].reason


def test_a_file_with_swapped_columns_is_refused(refused, tmp_path):
    (tmp_path / "a.csv").write_text(HEADER + "A,1,29.01,120.01\nB,1,29.01,120.02\n")
    assert "swapped" in refused("a.csv", error=InvalidInputError, crs=4326)
    (tmp_path / "a.csv").write_text("id,x,y\nA,3298016,540286\nB,3298017,540287\n")
    assert "northing are swapped" in refused("a.csv", error=InvalidInputError, crs="EPSG:4549")


def test_metres_that_claim_to_be_degrees_are_refused_with_candidates(refused, tmp_path):
    (tmp_path / "a.csv").write_text("id,x,y\nA,40540286.39,3298016.05\n")
    assert "EPSG:4528" in refused("a.csv", error=InvalidInputError, crs="EPSG:4326")
    assert "EPSG:4528" in refused("a.csv", error=InvalidInputError, crs="EPSG:4549")


def test_swapped_places_are_told_by_the_loaded_boundaries(load, tmp_path):
    town = gpd.GeoDataFrame({"code": ["T"], "name": ["Lauf"]}, geometry=[box(11.2, 49.4, 11.4, 49.6)], crs=4326)
    town.to_file(tmp_path / "t.geojson")
    load("t.geojson", "boundaries", level="TOWN")
    (tmp_path / "a.csv").write_text(HEADER + "A,1,11.3,49.5\nB,1,49.5,11.3\nC,1,11.31,49.5\n")
    assert [(reject.line, "swapped" in reject.reason) for reject in load("a.csv", crs=4326).rejected] == [(3, True)]


def test_wkt_that_is_broken_rejects_its_row(load, tmp_path):
    (tmp_path / "a.csv").write_text("key,wkt\nA,POINT (120 29)\nB,POINT (120\nC,\nD,POINT (nan 29)\n")
    result = load("a.csv", crs=4326)
    assert (result.inserted, [reject.line for reject in result.rejected]) == (1, [3, 4, 5])


def test_a_file_without_coordinates_names_its_columns(refused, tmp_path):
    (tmp_path / "a.csv").write_text("key,households\nA,1\n")
    assert "key, households" in refused("a.csv", error=InvalidInputError, crs=4326)


def test_rows_that_are_all_refused_leave_the_table_as_it_was(load, session, tmp_path):
    (tmp_path / "a.csv").write_text(HEADER + "A,-1,120.01,29.01\n")
    result = load("a.csv", crs=4326)
    assert (result.read, result.inserted, result.bounds) == (1, 0, None)
    assert session.execute(sa.select(sa.func.count()).select_from(Household)).scalar_one() == 0
