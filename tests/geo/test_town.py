"""The invented town holds together: counts, nesting, places of things; and it is the same every time."""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.errors import GeoError
from geo.town import Town, make_town
from geo.town.areas import portion, size
from geo.town.matters import MATTERS, festivals
from geo.town.names import COUNTY_CODE
from geo.town.reports import DAYS

METRIC = 4549
UNTIL = date(2026, 10, 31)


@pytest.fixture(scope="module", params=[(4000, 1), (2000, 7)], ids=["4000-1", "2000-7"])
def town(request: pytest.FixtureRequest) -> Town:
    households, seed = request.param
    return make_town(households, seed=seed, until=UNTIL)


def points(table: pd.DataFrame) -> gpd.GeoSeries:
    return gpd.GeoSeries(gpd.points_from_xy(table["lon"], table["lat"]), index=table.index, crs=4326)


def same(a: Town, b: Town) -> bool:
    """Whether two towns agree in every value and every coordinate."""
    for name in ("town", "villages", "places", "roads", "water", "buildings"):
        left, right = getattr(a, name), getattr(b, name)
        if not left.drop(columns="geometry").equals(right.drop(columns="geometry")):
            return False
        if not (shapely.to_wkb(left.geometry) == shapely.to_wkb(right.geometry)).all():
            return False
    return all(
        getattr(a, name).equals(getattr(b, name)) for name in ("addresses", "household_points", "cameras", "reports")
    )


def test_same_arguments_same_town() -> None:
    assert same(make_town(2000, seed=3, until=UNTIL), make_town(2000, seed=3, until=UNTIL))


def test_the_last_day_moves_only_what_is_dated() -> None:
    a, b = make_town(2000, seed=3, until=UNTIL), make_town(2000, seed=3, until=date(2027, 2, 28))
    assert a.addresses.equals(b.addresses)
    assert a.household_points.equals(b.household_points)
    assert not a.reports["reported_at"].equals(b.reports["reported_at"])


def test_another_seed_is_another_town() -> None:
    assert not same(make_town(2000, seed=3), make_town(2000, seed=4))


@pytest.mark.parametrize("households", [0, 1999, 1_000_001])
def test_refuses_sizes_it_cannot_make(households: int) -> None:
    with pytest.raises(GeoError, match="2,000 to 1,000,000"):
        make_town(households)


def test_refuses_a_negative_seed() -> None:
    with pytest.raises(GeoError, match="seed"):
        make_town(2000, seed=-1)


def test_households_sum_to_what_was_asked(town: Town) -> None:
    assert town.household_points["households"].sum() == town.households
    assert (town.household_points["households"] > 0).all()
    assert town.household_points["address_key"].isin(town.addresses["address_key"]).all()


def test_keys_name_one_row(town: Town) -> None:
    assert town.addresses["address_key"].is_unique
    assert town.household_points["household_key"].is_unique
    assert town.household_points["address_key"].is_unique
    assert town.cameras["camera_id"].is_unique
    assert town.reports["report_key"].is_unique
    for frame, key in (
        (town.buildings, "building_key"),
        (town.roads, "road_key"),
        (town.water, "water_key"),
        (town.places, "place_key"),
    ):
        assert frame[key].is_unique
    assert town.addresses["full_text"].is_unique


def test_villages_are_a_coverage_and_make_up_the_town(town: Town) -> None:
    shapes = np.asarray(town.villages.geometry)
    assert shapely.is_valid(shapes).all()
    assert (shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON).all()
    assert shapely.coverage_is_valid(shapes)
    whole = town.town.geometry.iloc[0]
    assert whole.equals(shapely.coverage_union_all(shapes))
    assert shapely.get_num_interior_rings(whole) == 0


def test_codes_follow_the_rules(town: Town) -> None:
    assert town.town["code"].str.fullmatch(COUNTY_CODE + r"1\d\d").all()
    assert (town.town["parent_code"] == COUNTY_CODE).all()
    code = town.villages["code"]
    assert code.str.fullmatch(r"\d{12}").all()
    assert (code.str[:9] == town.villages["parent_code"]).all()
    part = code.str[9:].astype(int)
    assert part[town.villages["kind"] == "社区"].between(1, 199).all()
    assert part[town.villages["kind"] == "村"].between(200, 399).all()


def test_everything_lies_in_the_village_it_names(town: Town) -> None:
    area = town.villages.set_index("code").geometry
    for table, shapes in (
        (town.buildings, town.buildings.geometry),
        (town.addresses, points(town.addresses)),
        (town.cameras, points(town.cameras)),
        (town.places, town.places.geometry),
    ):
        own = area.loc[table["village_code"]]
        assert shapely.contains(np.asarray(own), np.asarray(shapes)).all()


def test_buildings_stand_on_free_ground(town: Town) -> None:
    buildings = np.asarray(town.buildings.to_crs(METRIC).geometry)
    assert shapely.is_valid(buildings).all()
    wet = town.water[town.water.geom_type == "Polygon"].to_crs(METRIC)
    assert shapely.STRtree(np.asarray(wet.geometry)).query(buildings, predicate="intersects").size == 0
    roads = np.asarray(town.roads[town.roads["road_class"] != "service"].to_crs(METRIC).geometry)
    assert shapely.STRtree(roads).query(buildings, predicate="intersects").size == 0
    a, b = shapely.STRtree(buildings).query(buildings, predicate="intersects")
    assert (a == b).all()


def test_doors_are_on_walls(town: Town) -> None:
    doors = points(town.addresses).to_crs(METRIC)
    walls = shapely.STRtree(shapely.boundary(np.asarray(town.buildings.to_crs(METRIC).geometry)))
    _, gap = walls.query_nearest(np.asarray(doors), return_distance=True, all_matches=False)
    assert gap.max() < 0.05


def test_roads_join_up(town: Town) -> None:
    """Every stretch can be reached from every other."""
    roads = np.asarray(town.roads.to_crs(METRIC).geometry)
    a, b = shapely.STRtree(roads).query(roads, predicate="dwithin", distance=2.0)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    _, part = connected_components(coo_array((np.ones(a.size), (a, b)), shape=(roads.size, roads.size)))
    assert part.max() == 0


def test_roads_over_water_are_bridges(town: Town) -> None:
    roads = town.roads.to_crs(METRIC)
    wet = np.asarray(town.water[town.water["kind"] == "river"].to_crs(METRIC).geometry)
    crossing = np.unique(shapely.STRtree(wet).query(np.asarray(roads.geometry), predicate="intersects")[0])
    assert crossing.size > 0
    assert roads["bridge"].iloc[crossing].all()


def test_addresses_have_both_forms(town: Town) -> None:
    rural = town.addresses[town.addresses["group_no"] != ""]
    assert (
        rural["full_text"]
        == "浙江省绍兴市溪山县"
        + rural["town"]
        + rural["village"]
        + rural["hamlet"]
        + rural["group_no"]
        + rural["number"]
    ).all()
    flats = town.addresses[town.addresses["estate"] != ""]
    assert len(flats) > 0
    assert flats["full_text"].str.fullmatch(r"浙江省绍兴市溪山县枫溪镇.+社区.+路\d+号.+\d+幢(\d+单元)?").all()
    assert rural["hamlet"].str.endswith("自然村").all()


def test_cameras_are_complete_assets(town: Town) -> None:
    cameras = town.cameras
    assert cameras["camera_id"].str.fullmatch(COUNTY_CODE + r"\d{2}\d{2}132\d\d{6}").all()
    assert cameras["bearing_deg"].between(0, 360, inclusive="left").all()
    assert ((cameras["fov_deg"] > 0) & (cameras["fov_deg"] <= 360)).all()
    assert (cameras["range_m"] > 0).all()
    assert set(cameras["site_category"]) <= {"ART7_1", "ART7_2", "ART9"}
    assert (cameras["record_days"] >= 30).all()
    assert not {"password", "function_type"} & set(cameras.columns)
    outside = np.asarray(points(cameras).to_crs(METRIC))
    assert (
        shapely.STRtree(np.asarray(town.buildings.to_crs(METRIC).geometry)).query(outside, predicate="intersects").size
        == 0
    )


def test_reports_have_the_shape_of_real_ones(town: Town) -> None:
    reports = town.reports
    # 2.7 events and 3.66 hotline tickets a week for each 300 households.
    assert len(reports) == pytest.approx(town.households / 300 * DAYS / 7 * 6.36, rel=0.01)
    assert reports["lon"].isna().equals(reports["lat"].isna())
    assert 0.10 < reports["lon"].isna().mean() < 0.25
    placeless = reports["address_text"].isin(["", "具体位置不详", "老地方", "路边", "村里"]) & reports["lon"].isna()
    assert 0 < placeless.mean() < 0.05
    assert {m.category for m in MATTERS} == set(reports["category"])
    when = pd.to_datetime(reports["reported_at"])
    assert when.is_monotonic_increasing
    assert when.min() >= pd.Timestamp("2026-08-03T00:00:00+08:00")
    assert when.max() < pd.Timestamp("2026-11-01T00:00:00+08:00")
    hour = when.dt.hour
    assert hour.between(8, 21).sum() > 2 * (~hour.between(8, 21)).sum()


def test_reports_are_closed_when_their_state_says_so(town: Town) -> None:
    reports = town.reports
    closed = reports["state"].isin(["CLOSED", "FOLLOWED_UP", "MERGED", "VOID"])
    assert ((reports["closed_at"] != "") == closed).all()
    assert 0.8 < closed.mean() < 1
    done = reports[closed]
    assert (pd.to_datetime(done["closed_at"]) >= pd.to_datetime(done["reported_at"])).all()
    assert (pd.to_datetime(done["closed_at"]) <= pd.Timestamp("2026-11-01T00:00:00+08:00")).all()


def test_no_person_is_in_any_column(town: Town) -> None:
    for name in ("addresses", "household_points", "cameras", "reports"):
        assert not {"person", "phone", "reporter", "id_card", "contact"} & set(getattr(town, name).columns)


@pytest.mark.parametrize(("households", "towns", "mean"), [(4000, 1, 400), (36_000, 1, 1200), (1_000_000, 24, 2000)])
def test_size_of_villages(households: int, towns: int, mean: int) -> None:
    plan = size(households)
    assert len(plan.town_units) == towns
    assert households / sum(plan.town_units) == pytest.approx(mean, rel=0.25)


def test_portion_keeps_the_sum_and_gives_remainders_to_the_largest() -> None:
    assert portion(np.array([1.0, 1.0, 2.0]), 10).tolist() == [3, 2, 5]
    assert portion(np.array([9.0, 1.0]), 2, minimum=1).tolist() == [1, 1]


def test_festivals_of_autumn_2026() -> None:
    days = festivals(date(2026, 8, 3), date(2026, 10, 31))
    assert days == {date(2026, 9, 25), date(2026, 9, 26), *(date(2026, 10, k) for k in range(1, 8))}
