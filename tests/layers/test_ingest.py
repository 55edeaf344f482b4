"""One file into one layer: keys, changes, rejects, repairs, and the transaction around it.

Town 990181101 is a square of 0.04 degrees with two villages side by side, 201 in the west and 202 in the east.
"""

import csv
import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from shapely import Point, box
from shapely.geometry import mapping

from layers.access import Scope
from layers.engine import sessions
from layers.errors import ForbiddenError, InvalidInputError, MissingDataError
from layers.geometry import within_bounds
from layers.ingest import LAYERS, load_file
from layers.tables import Address, Audit, Block, Building, Household, Load, Road, Water

NOW = datetime(2024, 3, 5, 8, tzinfo=UTC)
TOWN, WEST, EAST = "990181101", "990181101201", "990181101202"
HOUSES = "户号,户数,经度,纬度\nA,3,120.01,29.01\nB,2,120.03,29.01\n"


def geojson(*rows):
    features = [{"type": "Feature", "properties": p, "geometry": g and mapping(g)} for g, p in rows]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


TERRITORY = geojson(
    (box(120, 29, 120.04, 29.04), {"code": TOWN, "name": "枫溪镇"}),
    (box(120, 29, 120.02, 29.04), {"code": WEST, "name": "西村"}),
    (box(120.02, 29, 120.04, 29.04), {"code": EAST, "name": "东村"}),
)


@pytest.fixture
def load(session, tmp_path):
    """Write a text into a file and load it."""

    def run(layer, text, name="rows.csv", **options):
        path = tmp_path / name
        if text is not None:
            path.write_text(text, encoding="utf-8")
        if name.endswith(".csv"):
            options.setdefault("crs", "EPSG:4326")
        return load_file(session, layer, path, now=NOW, **options)

    return run


def rows(session, column, order=None):
    return list(session.execute(sa.select(column).order_by(order if order is not None else column)).scalars())


def test_rows_are_inserted_and_told(load, session):
    result = load("households", HOUSES)
    assert (result.read, result.inserted, result.updated, result.unchanged) == (2, 2, 0, 0)
    assert (result.layer, result.file_name, result.crs) == ("households", "rows.csv", "EPSG:4326")
    assert result.bounds == pytest.approx((120.01, 29.01, 120.03, 29.01))
    assert result.rejected == result.repaired == result.dropped_columns == []
    assert result.reject_file is None
    stored = session.execute(sa.select(Household.household_key, Household.households, sa.func.ST_X(Household.geom)))
    assert sorted(stored.all()) == [("A", 3, 120.01), ("B", 2, 120.03)]


def test_the_same_file_again_changes_nothing(load, session):
    first = load("households", HOUSES)
    before = session.execute(sa.select(Household.__table__.c["id", "digest", "load_id"]).order_by(Household.id)).all()
    again = load("households", HOUSES)
    after = session.execute(sa.select(Household.__table__.c["id", "digest", "load_id"]).order_by(Household.id)).all()
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 2)
    assert before == after
    assert again.load_id != first.load_id


def test_the_same_rows_in_another_format_and_order_change_nothing(load):
    load("households", HOUSES)
    other = geojson(
        (Point(120.03, 29.01), {"households": 2, "household_key": "B"}),
        (Point(120.01, 29.01), {"households": 3.0, "household_key": "A"}),
    )
    assert load("households", other, "rows.geojson").unchanged == 2


def test_a_changed_row_is_updated_and_forgets_its_grid_only_if_it_moved(load, session):
    load("households", HOUSES)
    session.execute(sa.update(Household).values(village_code=WEST, grid_code=f"{WEST}001"))
    result = load("households", HOUSES.replace("A,3,", "A,4,").replace("120.03", "120.035"))
    assert (result.updated, result.unchanged) == (2, 0)
    stored = session.execute(sa.select(Household.household_key, Household.households, Household.grid_code)).all()
    assert sorted(stored) == [("A", 4, f"{WEST}001"), ("B", 2, None)]


def test_keep_geometry_updates_values_only(load, session):
    load("households", HOUSES)
    result = load("households", HOUSES.replace("120.03", "120.035").replace("A,3", "A,4"), keep_geometry=True)
    assert (result.updated, result.unchanged) == (1, 1)
    assert rows(session, sa.func.ST_X(Household.geom)) == [120.01, 120.03]


def test_rows_without_keys_are_known_by_content_and_count(load, session):
    text = "households,lon,lat\n1,120.01,29.01\n1,120.01,29.01\n2,120.01,29.01\n"
    first = load("households", text)
    assert first.inserted == 3
    assert any("household_key" in warning for warning in first.warnings)
    assert load("households", text).unchanged == 3
    assert len(set(rows(session, Household.household_key))) == 3


def test_a_key_used_twice_is_refused_with_its_first_line(load):
    result = load("households", HOUSES + "A,3,120.01,29.01\n")
    assert [(reject.line, reject.key) for reject in result.rejected] == [(4, "A")]
    assert "line 2" in result.rejected[0].reason


def test_rejected_rows_go_beside_the_input_with_their_columns(load, tmp_path):
    result = load("households", "户号,姓名,户数,lon,lat\nA,张三,-1,120.01,29.01\nB,李四,2,120.03,29.01\n")
    assert result.reject_file == tmp_path / "rows.csv.rejected.csv"
    with result.reject_file.open(encoding="utf-8") as stream:
        found = list(csv.DictReader(stream))
    assert [(row["line"], row["户号"], row["户数"]) for row in found] == [("2", "A", "-1")]
    assert "-1" in found[0]["reason"]
    assert "张三" not in result.reject_file.read_text(encoding="utf-8")
    assert result.dropped_columns == ["姓名"]
    load("households", HOUSES)
    assert not result.reject_file.exists()


def test_where_the_folder_takes_no_file_the_rejects_go_to_the_temporary_one(load, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    (tmp_path / "rows.csv.rejected.csv").mkdir()  # nothing can be put in place of a folder
    result = load("households", HOUSES.replace("A,3", "A,x"))
    assert result.reject_file == elsewhere / "rows.csv.rejected.csv"


def test_the_rejects_can_be_put_elsewhere(load, tmp_path):
    folder = tmp_path / "rejects"
    folder.mkdir()
    result = load("households", HOUSES.replace("A,3", "A,x"), reject_folder=folder)
    assert result.reject_file == folder / "rows.csv.rejected.csv"
    assert result.reject_file.exists()


@pytest.mark.parametrize("count", ["-1", "2.5", "nan", "inf", "many", "", "无"])
def test_counts_that_make_no_sense_are_refused(load, count):
    result = load("households", f"household_key,households,lon,lat\nA,{count},120.01,29.01\nB,2.0,120.03,29.01\n")
    assert (result.inserted, [reject.key for reject in result.rejected]) == (1, ["A"])


def test_without_a_count_every_row_is_one_household(load, session):
    result = load("households", "household_key,lon,lat\nA,120.01,29.01\n")
    assert rows(session, Household.households) == [1]
    assert any("one household" in warning for warning in result.warnings)


def test_the_load_and_the_audit_trail_are_kept(load, session):
    result = load("households", HOUSES, loaded_by="planner")
    record = session.get(Load, result.load_id)
    assert (record.layer, record.file_name, record.crs, len(record.sha256)) == (
        "households",
        "rows.csv",
        "EPSG:4326",
        64,
    )
    assert record.counts["inserted"] == 2
    entry = session.execute(sa.select(Audit)).scalar_one()
    assert (entry.by, entry.action, entry.detail["load_id"]) == ("planner", "load", result.load_id)


def test_an_interrupted_load_leaves_nothing_and_the_session_usable(engine, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(HOUSES, encoding="utf-8")

    def interrupt(done, total):
        raise KeyboardInterrupt

    with sessions(engine)() as session:
        session.add(Load(layer="x", file_name="x", sha256="x", crs="", loaded_at=NOW, counts={}))
        with pytest.raises(KeyboardInterrupt):
            load_file(session, "households", path, crs="EPSG:4326", now=NOW, progress=interrupt)
        session.commit()
        assert rows(session, Household.id) == []
        assert rows(session, Load.layer) == []
        # The spatial index is kept up again.
        load_file(session, "households", path, crs="EPSG:4326", now=NOW)
        near = within_bounds(session, Household.__table__.c.geom, (120.005, 29.005, 120.015, 29.015))
        assert rows(session, sa.select(Household.household_key).where(near).subquery().c.household_key) == ["A"]


def test_nothing_is_committed(engine, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(HOUSES, encoding="utf-8")
    with sessions(engine)() as session:
        load_file(session, "households", path, crs="EPSG:4326", now=NOW)
        session.rollback()
    with sessions(engine)() as session:
        assert rows(session, Household.id) == []


def test_many_chunks_report_their_progress(load, session, monkeypatch):
    monkeypatch.setattr("layers.ingest.text.ROWS_PER_CHUNK", 10)
    monkeypatch.setattr("layers.ingest.store.ROWS_PER_STATEMENT", 3)
    seen = []
    lines = "".join(f"K{i},1,{120 + i / 1000:.3f},29.01\n" for i in range(25))
    text = "household_key,households,lon,lat\n" + lines + "K3,1,120.003,29.01\n"
    result = load("households", text, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(10, 26), (20, 26), (26, 26)]
    assert (result.inserted, [reject.line for reject in result.rejected]) == (25, [27])
    near = within_bounds(session, Household.__table__.c.geom, (120.0195, 29, 120.0205, 29.02))
    assert session.execute(sa.select(Household.household_key).where(near)).scalars().all() == ["K20"]


def test_columns_can_be_named_divided_fixed_and_left_out(load, session):
    result = load(
        "blocks",
        geojson(
            (box(120, 29, 120.01, 29.01), {"GEOID": "1", "POP": 22, "key": "x"}),
            (box(120.01, 29, 120.02, 29.01), {"GEOID": "2", "POP": 23, "key": "x"}),
        ),
        "blocks.geojson",
        columns={"block_key": "GEOID", "households": "POP / 2.2", "village_code": f"={WEST}"},
    )
    assert result.inserted == 2
    assert session.execute(
        sa.select(Block.block_key, Block.households, Block.village_code).order_by(Block.id)
    ).all() == [
        ("1", 10, WEST),
        ("2", 10, WEST),
    ]


@pytest.mark.parametrize(
    "columns", [{"nonsense": "lon"}, {"households": "nonsense"}, {"households": "户数 / 0"}, {"household_key": "姓名"}]
)
def test_columns_that_do_not_exist_are_refused(load, columns):
    with pytest.raises(InvalidInputError):
        load("households", HOUSES.replace("户号", "姓名"), columns=columns)


def test_a_required_column_that_is_missing_names_those_there_are(load):
    with pytest.raises(InvalidInputError, match=r"households.*POP"):
        load("blocks", geojson((box(120, 29, 120.01, 29.01), {"POP": 1})), "blocks.geojson")


def test_blocks_find_their_village_by_place(load, session):
    blocks = geojson(
        (box(120.001, 29, 120.01, 29.01), {"block_key": "w", "households": 5}),
        (box(120.03, 29, 120.035, 29.01), {"block_key": "e", "households": 6}),
        (box(121, 29, 121.01, 29.01), {"block_key": "far", "households": 7}),
    )
    with pytest.raises(MissingDataError):
        load("blocks", blocks, "blocks.geojson")
    load("boundaries", TERRITORY, "t.geojson")
    result = load("blocks", blocks, "blocks.geojson")
    assert [reject.key for reject in result.rejected] == ["far"]
    assert sorted(session.execute(sa.select(Block.block_key, Block.village_code)).all()) == [("e", EAST), ("w", WEST)]


def test_buildings_roads_and_water(load, session):
    load(
        "buildings",
        geojson((box(120, 29, 120.001, 29.001), {"id": "1", "层数": "3", "height": "9.5 m", "building": "yes"})),
        "b.geojson",
    )
    building = session.execute(sa.select(Building)).scalar_one()
    assert (building.building_key, building.levels, building.height_m, building.kind) == ("1", 3, 9.5, "yes")
    lines = "id,name,highway,bridge,wkt\n1,桥,primary,viaduct,LINESTRING (120 29; 120.01 29)\n".replace(";", ",")
    load("roads", lines.replace("LINESTRING (120 29, 120.01 29)", '"LINESTRING (120 29, 120.01 29)"'))
    road = session.execute(sa.select(Road)).scalar_one()
    assert (road.road_key, road.name, road.road_class, road.bridge) == ("1", "桥", "primary", True)
    river, lake = Point(120, 29).buffer(0.001), mapping(Point(120, 29).buffer(0.001).exterior)
    assert lake["type"] in {"LineString", "LinearRing"}
    load("water", geojson((river, {"id": "lake"}), (river.boundary, {"id": "river"})), "w.geojson")
    kinds = session.execute(sa.select(Water.water_key, sa.func.ST_Dimension(Water.geom))).all()
    assert sorted(kinds) == [("lake", 2), ("river", 1)]


def test_an_odd_optional_value_is_left_empty_and_reported(load, session):
    shape = box(120, 29, 120.001, 29.001)
    result = load("buildings", geojson((shape, {"id": "1", "levels": "3;4"})), "b.geojson")
    assert rows(session, Building.levels) == [None]
    assert [(repair.line, "left empty" in repair.action) for repair in result.repaired] == [(1, True)]


def test_a_bow_tie_is_repaired_and_reported(load, session):
    # The small loop at the end is a slip of the hand; the area stays the same to within a hundredth.
    outline = (
        "POLYGON ((120 29, 120.01 29, 120.01 29.01, 120.0001 29.01, 120 29.0001, 120.0001 29.0001, 120 29.01, 120 29))"
    )
    bow = "POLYGON ((120.02 29, 120.03 29.01, 120.03 29, 120.02 29.01, 120.02 29))"
    result = load("buildings", f'id,wkt\n1,"{outline}"\n2,"{bow}"\n')
    assert result.inserted == 1
    assert [(repair.line, repair.action) for repair in result.repaired] == [(2, "self-intersection rebuilt")]
    assert [reject.key for reject in result.rejected] == ["2"]


def test_addresses_get_their_full_text(load, session):
    result = load(
        "addresses",
        "地址编码,镇,村,路,门牌号,幢,室,经度,纬度\n"
        "1,枫溪镇,西村,香榧路,12,3,301,120.01,29.01\n"
        "2,枫溪镇,无,NULL,空,,,120.01,29.01\n"
        "3,无,无,NULL,空,,,120.01,29.01\n",
    )
    found = session.execute(sa.select(Address.full_text, Address.village).order_by(Address.address_key)).all()
    assert found == [("枫溪镇西村香榧路12号3幢301室", "西村"), ("枫溪镇", None)]
    assert [reject.line for reject in result.rejected] == [4]


def test_text_longer_than_its_column_is_refused(load):
    result = load("addresses", f"address_key,address,lon,lat\nA,{'长' * 401},120.01,29.01\nB,短,120.01,29.01\n")
    assert (result.inserted, [reject.key for reject in result.rejected]) == (1, ["A"])


def test_nul_signs_are_refused(load):
    result = load(
        "addresses", "address_key,address,lon,lat\n" + "A,好,120.01,29.01\n" * 300 + "B,坏\x00,120.01,29.01\n"
    )
    assert "B" in {reject.key for reject in result.rejected}


def test_persons_columns_are_dropped_from_every_layer(load, session):
    header = "id,手机号,身份证号码,FacePlate,ownerName,contact_phone,重点人员,surface"
    for layer in ("households", "addresses"):
        result = load(layer, f"{header},address,lon,lat\n1,13,33,f,o,c,x,asphalt,某路,120.01,29.01\n")
        assert result.dropped_columns == ["手机号", "身份证号码", "FacePlate", "ownerName", "contact_phone", "重点人员"]


def test_a_scope_refuses_other_areas(load, session):
    load("boundaries", TERRITORY, "t.geojson")
    load("households", "household_key,village_code,lon,lat\nE," + EAST + ",120.03,29.01\n")
    text = f"household_key,village_code,lon,lat\n1,{WEST},120.01,29.01\n2,{EAST},120.01,29.01\n3,,120.01,29.01\n"
    result = load("households", text + "4,,120.03,29.01\nE,,120.01,29.01\n", scope=Scope(WEST))
    assert result.inserted == 2
    assert [reject.key for reject in result.rejected] == ["2", "4", "E"]
    assert "another area" in result.rejected[-1].reason
    with pytest.raises(ForbiddenError):
        load("roads", 'id,wkt\n1,"LINESTRING (120 29, 120.01 29)"\n', scope=Scope(WEST))


def test_a_layer_shifted_like_gcj02_is_warned_about(load, session):
    from geo.crs import to_gcj02

    load("boundaries", TERRITORY, "t.geojson")
    steps = [0.0005 + 0.001 * i for i in range(39)]
    edge = [(120 + 0.0005 * i, 29 + s) for i, s in enumerate(steps)] + [(120.0395, 29 + s) for s in steps]
    edge += [(120 + s, 29.0395) for s in steps] + [(120 + s, 29.0005) for s in steps]
    lon, lat = to_gcj02([p[0] for p in edge], [p[1] for p in edge])
    text = "household_key,lon,lat\n" + "".join(f"{i},{x},{y}\n" for i, (x, y) in enumerate(zip(lon, lat, strict=True)))
    result = load("households", text)
    assert result.inserted == len(edge)
    assert any("GCJ-02" in warning for warning in result.warnings)
    right = load("households", text, crs="gcj02")
    assert (right.crs, right.updated) == ("gcj02", len(edge))
    assert not any("GCJ-02" in warning for warning in right.warnings)
    assert right.bounds == pytest.approx((120.0, 29.0005, 120.0395, 29.0395), abs=1e-7)


@pytest.mark.parametrize("option", [{"tz": "Mars/Base"}, {"valid_from": "soon"}, {"encoding": "klingon"}, {"crs": "x"}])
def test_options_that_make_no_sense_are_refused(load, option):
    with pytest.raises(InvalidInputError):
        load("households", HOUSES, **option)


def test_an_unknown_layer_names_the_known_ones(load):
    with pytest.raises(InvalidInputError, match="households"):
        load("persons", HOUSES)
    assert set(LAYERS) == {
        *(
            "boundaries",
            "blocks",
            "households",
            "addresses",
            "places",
            "buildings",
            "roads",
            "water",
            "cameras",
            "reports",
        )
    }


def test_a_time_without_zone_is_refused(session, tmp_path):
    with pytest.raises(InvalidInputError, match="zone"):
        load_file(session, "households", tmp_path / "x.csv", now=datetime(2024, 1, 1))
