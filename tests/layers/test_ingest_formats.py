"""Every format brings the same rows; encodings, systems and headers as they come."""

import gzip
import json
import shutil
import zipfile
from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
import sqlalchemy as sa

from geo.crs import to_bd09, to_gcj02
from layers.errors import UnreadableFileError
from layers.ingest import load_file
from layers.tables import Household, Road

NOW = datetime(2024, 3, 5, 8, tzinfo=UTC)
LON, LAT = np.array([120.01, 120.02, 120.03]), np.array([29.01, 29.02, 29.03])
TABLE = pd.DataFrame({"户号": ["甲", "乙", "丙"], "户数": [1, 2, 3]})
POINTS = gpd.GeoDataFrame(TABLE, geometry=gpd.points_from_xy(LON, LAT), crs=4326)
TEXT = "户号,户数,经度,纬度\n甲,1,120.01,29.01\n乙,2,120.02,29.02\n丙,3,120.03,29.03\n"


def csv_text(path):
    path.write_text(TEXT, encoding="utf-8")


def csv_gz(path):
    path.write_bytes(gzip.compress(TEXT.encode()))


def tsv(path):
    path.write_text(TEXT.replace(",", "\t"), encoding="utf-8-sig")


def wkt_csv(path):
    table = TABLE.assign(WKT=POINTS.geometry.to_wkt())
    table.to_csv(path, index=False, sep=";")


def wkb_csv(path):
    TABLE.assign(geom=shapely.to_wkb(POINTS.geometry, hex=True)).to_csv(path, index=False)


def xlsx(path):
    TABLE.assign(经度=LON, 纬度=LAT).to_excel(path, index=False)


def parquet(path):
    TABLE.assign(lng=LON, lat=LAT).to_parquet(path)


def geoparquet(path):
    POINTS.to_parquet(path)


def geoarrow(path):
    POINTS.to_parquet(path, geometry_encoding="geoarrow")


def geojson(path):
    path.write_text(POINTS.to_json(ensure_ascii=False), encoding="utf-8")


def geojson_lines(path):
    features = json.loads(POINTS.to_json())["features"]
    path.write_text("\n".join(json.dumps(feature) for feature in features) + "\n", encoding="utf-8")


def gpkg(path):
    POINTS.to_crs(4549).to_file(path, driver="GPKG", layer="x")


def shapefile(path, encoding="UTF-8"):
    POINTS.rename(columns={"户号": "key", "户数": "hh"}).to_file(path, driver="ESRI Shapefile", encoding=encoding)


def zipped_shapefile(path):
    folder = path.with_suffix("")
    folder.mkdir()
    shapefile(folder / "points.shp")
    with zipfile.ZipFile(path, "w") as archive:
        for part in folder.iterdir():
            archive.write(part, f"数据/{part.name}")
        archive.writestr("__MACOSX/._points.shp", "x")
        archive.writestr("readme.pdf", "x")


FORMATS = {
    "rows.csv": csv_text,
    "rows.csv.gz": csv_gz,
    "rows.tsv": tsv,
    "wkt.csv": wkt_csv,
    "wkb.csv": wkb_csv,
    "rows.xlsx": xlsx,
    "rows.parquet": parquet,
    "points.parquet": geoparquet,
    "arrow.parquet": geoarrow,
    "points.geojson": geojson,
    "points.json": geojson,
    "points.geojsonl": geojson_lines,
    "lines.geojson": geojson_lines,
    "points.gpkg": gpkg,
    "points.shp": shapefile,
    "points.zip": zipped_shapefile,
}
WITHOUT_CRS = {"rows.csv", "rows.csv.gz", "rows.tsv", "wkt.csv", "wkb.csv", "rows.xlsx", "rows.parquet"}


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


def stored(session):
    columns = (
        Household.household_key,
        Household.households,
        sa.func.ST_X(Household.geom),
        sa.func.ST_Y(Household.geom),
    )
    return {key: (count, x, y) for key, count, x, y in session.execute(sa.select(*columns))}


def expected(keys="甲乙丙"):
    rows = zip(keys, (1, 2, 3), LON, LAT, strict=True)
    return {key: (count, pytest.approx(x, abs=1e-8), pytest.approx(y, abs=1e-8)) for key, count, x, y in rows}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_brings_the_same_rows(load, session, tmp_path, name):
    FORMATS[name](tmp_path / name)
    result = load(name, crs="EPSG:4326" if name in WITHOUT_CRS else None)
    assert (result.read, result.inserted, result.rejected) == (3, 3, [])
    assert stored(session) == expected()
    assert result.crs in {"EPSG:4326", "EPSG:4549", "OGC:CRS84"}


def test_a_folder_with_one_shapefile_is_enough(load, session, tmp_path):
    (tmp_path / "folder").mkdir()
    shapefile(tmp_path / "folder" / "points.shp")
    assert load("folder").inserted == 3


def test_gb18030_is_recognised(load, session, tmp_path):
    (tmp_path / "rows.csv").write_bytes(TEXT.encode("gb18030"))
    result = load("rows.csv", crs=4326)
    assert stored(session) == expected()
    assert any("GB18030" in warning for warning in result.warnings)


def test_utf16_from_excel_is_recognised(load, session, tmp_path):
    (tmp_path / "rows.txt").write_bytes(TEXT.replace(",", "\t").encode("utf-16"))
    load("rows.txt", crs=4326)
    assert stored(session) == expected()


def test_a_named_encoding_wins(load, session, tmp_path):
    text = TEXT.replace("户号,户数,经度,纬度", "key,hh,lon,lat")
    (tmp_path / "rows.csv").write_bytes(text.encode("big5"))
    load("rows.csv", crs=4326, encoding="big5")
    assert stored(session) == expected()


def test_mixed_encodings_reject_the_odd_rows_with_their_lines(load, session, tmp_path):
    lines = TEXT.encode().split(b"\n")
    lines[2] = lines[2].decode().encode("gb18030")
    (tmp_path / "rows.csv").write_bytes(b"\n".join(lines))
    result = load("rows.csv", crs=4326)
    assert [reject.line for reject in result.rejected] == [3]
    assert "UTF-8" in result.rejected[0].reason
    assert set(stored(session)) == {"甲", "丙"}


def test_utf8_rows_in_a_gb18030_file_are_not_turned_into_other_characters(load, session, tmp_path):
    lines = TEXT.encode("gb18030").split(b"\n")
    lines[2] = lines[2].decode("gb18030").encode()
    (tmp_path / "rows.csv").write_bytes(b"\n".join(lines))
    result = load("rows.csv", crs=4326)
    assert [reject.line for reject in result.rejected] == [3]
    assert set(stored(session)) == {"甲", "丙"}


def test_geojson_in_gb18030(load, session, tmp_path):
    (tmp_path / "points.geojson").write_bytes(POINTS.to_json(ensure_ascii=False).encode("gb18030"))
    load("points.geojson")
    assert stored(session) == expected()


def test_geojson_lines_that_are_broken_are_rejected(load, session, tmp_path):
    geojson_lines(tmp_path / "p.geojsonl")
    with (tmp_path / "p.geojsonl").open("a", encoding="utf-8") as out:
        out.write('{"type": "Feature", "geom\n\n[1, 2]\n')
    result = load("p.geojsonl")
    assert (result.inserted, [reject.line for reject in result.rejected]) == (3, [4, 6])


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
def test_shapefiles_without_cpg_tell_their_encoding(load, session, tmp_path, encoding):
    shapefile(tmp_path / "points.shp", encoding)
    (tmp_path / "points.cpg").unlink(missing_ok=True)
    result = load("points.shp")
    assert stored(session) == expected()
    assert any("GB18030" in warning for warning in result.warnings) == (encoding == "GB18030")


def test_a_shapefile_says_its_encoding_in_its_cpg(load, session, tmp_path):
    shapefile(tmp_path / "points.shp", "GB18030")
    (tmp_path / "points.cpg").write_text("936")
    assert not any("cpg" in warning for warning in load("points.shp").warnings)
    assert stored(session) == expected()


def test_quoted_fields_may_hold_line_ends_and_lines_stay_right(load, session, tmp_path):
    text = 'household_key,households,备注,lon,lat\nA,1,"一\n二",120.01,29.01\nB,x,,120.02,29.02\n'
    (tmp_path / "rows.csv").write_text(text, encoding="utf-8")
    result = load("rows.csv", crs=4326)
    assert [(reject.line, reject.key) for reject in result.rejected] == [(4, "B")]


def test_ragged_rows_are_rejected_and_trailing_separators_are_not(load, tmp_path):
    text = "household_key,households,lon,lat\nA,1,120.01,29.01,,\nB,1,120.02\nC,1,120.03,29.03,5\n\n"
    (tmp_path / "rows.csv").write_text(text, encoding="utf-8")
    result = load("rows.csv", crs=4326)
    assert (result.inserted, [reject.line for reject in result.rejected]) == (1, [3, 4])
    assert "3 fields" in result.rejected[0].reason


def test_numbers_and_blank_rows_in_excel(load, session, tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in ([], ["id", "households", "lon", "lat"], [330681109.0, 2.0, 120.01, 29.01], [], ["B", "x", 120, 29]):
        sheet.append(row)
    book.create_sheet("空")
    book.save(tmp_path / "rows.xlsx")
    result = load("rows.xlsx", crs=4326)
    assert list(stored(session)) == ["330681109"]
    assert [reject.line for reject in result.rejected] == [5]


def test_one_of_several_tables_must_be_named(load, session, tmp_path):
    for layer in ("a", "b"):
        POINTS.to_file(tmp_path / "p.gpkg", driver="GPKG", layer=layer)
    with pytest.raises(UnreadableFileError, match="a, b"):
        load("p.gpkg")
    with pytest.raises(UnreadableFileError, match="a, b"):
        load("p.gpkg", sheet_or_layer="c")
    assert load("p.gpkg", sheet_or_layer="b").inserted == 3
    with pd.ExcelWriter(tmp_path / "p.xlsx") as book:
        for sheet in ("一", "二"):
            TABLE.assign(x=LON, y=LAT).to_excel(book, sheet_name=sheet, index=False)
    with pytest.raises(UnreadableFileError, match="一, 二"):
        load("p.xlsx", crs=4326)


def test_the_namesake_of_the_layer_is_read_and_told(load, tmp_path):
    POINTS.to_file(tmp_path / "p.gpkg", driver="GPKG", layer="households")
    POINTS.to_file(tmp_path / "p.gpkg", driver="GPKG", layer="roads")
    result = load("p.gpkg")
    assert any("the layer households was read" in warning for warning in result.warnings)


@pytest.mark.parametrize(("crs", "shift"), [("gcj02", to_gcj02), ("百度坐标", to_bd09)])
def test_shifted_systems_are_undone(load, session, tmp_path, crs, shift):
    x, y = shift(LON, LAT)
    TABLE.assign(lon=x, lat=y).to_csv(tmp_path / "rows.csv", index=False)
    load("rows.csv", crs=crs)
    assert stored(session) == expected()


def test_the_caller_wins_over_the_file_and_is_told(load, session, tmp_path):
    x, y = to_gcj02(LON, LAT)
    gpd.GeoDataFrame(TABLE, geometry=gpd.points_from_xy(x, y), crs=4326).to_file(tmp_path / "p.gpkg", driver="GPKG")
    load("p.gpkg", crs="gcj02")
    assert stored(session) == expected()
    result = load("p.gpkg", crs="EPSG:4490")
    assert any("EPSG:4326" in warning and "EPSG:4490" in warning for warning in result.warnings)


def test_eastings_with_zone_number(load, session, tmp_path):
    # domain.md, section 7: 120.4167E 29.8N in EPSG:4528
    (tmp_path / "rows.csv").write_text("id,households,x,y\nA,1,40540286.390,3298016.052\n", encoding="utf-8")
    load("rows.csv", crs="EPSG:4528")
    assert stored(session)["A"][1:] == (pytest.approx(120.4167, abs=1e-4), pytest.approx(29.8, abs=1e-4))


def test_heights_are_dropped(load, session, tmp_path):
    (tmp_path / "r.csv").write_text('id,wkt\n1,"LINESTRING Z (120 29 5, 120.01 29 6)"\n', encoding="utf-8")
    load("r.csv", "roads", crs=4326)
    text = session.execute(sa.select(sa.func.ST_AsText(Road.geom))).scalar_one()
    assert shapely.from_wkt(text) == shapely.MultiLineString([[(120, 29), (120.01, 29)]])
    assert "Z" not in text


def test_tags_of_openstreetmap_become_columns_and_contacts_do_not(load, session, tmp_path):
    way = shapely.LineString([(120, 29), (120.01, 29)])
    tags = '"bridge"=>"yes","email"=>"someone@example.org"'
    frame = gpd.GeoDataFrame({"osm_id": ["7"], "highway": ["path"], "other_tags": [tags]}, geometry=[way], crs=4326)
    frame.loc[1] = ["7", "path", tags, way]
    frame.set_crs(4326, allow_override=True).to_file(tmp_path / "r.geojson", driver="GeoJSON")
    result = load("r.geojson", "roads")
    assert session.execute(sa.select(Road.road_key, Road.bridge)).all() == [("7", True)]
    assert "example.org" not in result.reject_file.read_text(encoding="utf-8")
