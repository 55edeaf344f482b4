"""Blocks of a village crossed by a road, drawn by hand.

100 ┌─────────┬─────────┐
    │ A    .. │ .    B  │    villages A (west) and B (east), each 100 m x 100 m
 50 ├── road ─┼─────────┤    a road along y = 50
    │  .      │  house  │
  0 └─────────┴─────────┘
    0        100       200
"""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.blocks import building_blocks
from geo.errors import CrsMismatchError, DegreesError, GeoError

CRS = 4549
VILLAGES = gpd.GeoSeries([shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)], index=["A", "B"], crs=CRS)
ROAD = gpd.GeoSeries([shapely.LineString([(-20, 50), (220, 50)])], crs=CRS)


def at(*places, households=1):
    x, y = np.array(places, dtype=float).reshape(-1, 2).T
    return gpd.GeoDataFrame({"households": np.full(len(x), households)}, geometry=gpd.points_from_xy(x, y), crs=CRS)


def check(blocks, villages=VILLAGES):
    shapes = blocks.geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes)
    assert blocks.area.sum() == pytest.approx(villages.area.sum(), abs=0.5)
    for code, shape in villages.items():
        assert blocks[blocks["village_code"] == code].area.sum() == pytest.approx(shape.area, abs=0.5)
    assert (shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON).all()


def test_roads_and_borders_cut_and_every_household_is_counted_once():
    blocks = building_blocks(VILLAGES, at((20, 20), (20, 80), (150, 20), (150, 80)), roads=ROAD)
    check(blocks)
    assert blocks["village_code"].tolist() == ["A", "A", "B", "B"]
    assert blocks["households"].tolist() == [1, 1, 1, 1]
    assert blocks.area.round(3).tolist() == [5000.0] * 4


def test_many_households_are_cut_into_groups_of_the_size():
    crowd = at(*[(x, y) for x in range(5, 100, 10) for y in range(5, 100, 10)])
    blocks = building_blocks(VILLAGES, crowd, size=25)
    check(blocks)
    assert sorted(blocks.loc[blocks["village_code"] == "A", "households"]) == [25, 25, 25, 25]


def test_households_of_one_building_stay_together():
    house = gpd.GeoSeries([shapely.box(10, 10, 90, 40)], crs=CRS)
    blocks = building_blocks(VILLAGES, at(*[(x, 25) for x in range(15, 90, 5)]), buildings=house, size=4)
    check(blocks)
    assert blocks["households"].max() == 15


def test_one_point_with_more_than_the_size_stays_whole():
    blocks = building_blocks(VILLAGES, at((30, 30), (32, 30), households=40), size=10)
    check(blocks)
    assert sorted(blocks["households"]) == [0, 40, 40]


def test_empty_villages_are_cut_into_fields():
    blocks = building_blocks(VILLAGES, at(), field_m2=900)
    check(blocks)
    assert blocks["households"].sum() == 0
    assert 15 <= len(blocks) <= 40


def test_a_point_outside_counts_for_the_nearest_block():
    blocks = building_blocks(VILLAGES, at((20, 20), (205, 90)), roads=ROAD)
    assert blocks["households"].sum() == 2
    east = blocks[blocks["households"].eq(1) & blocks["village_code"].eq("B")]
    assert east.geometry.iloc[0].intersects(shapely.Point(190, 90))


def test_a_river_cuts_with_both_banks_and_thin_pieces_join_a_neighbour():
    river = gpd.GeoSeries([shapely.box(-10, 45, 210, 55)], crs=CRS)
    path = gpd.GeoSeries([shapely.LineString([(-10, 46), (210, 46)])], crs=CRS)
    blocks = building_blocks(VILLAGES, at((20, 20), (150, 80)), roads=path, water=river)
    check(blocks)
    width = 2 * blocks.area / blocks.length
    assert width.min() > 3
    assert len(blocks) == 6


def test_multipart_water_and_missing_layers_are_taken_as_they_are():
    pond = shapely.MultiPolygon([shapely.box(10, 10, 30, 30), shapely.box(60, 60, 80, 80)])
    check(building_blocks(VILLAGES, at((50, 50)), water=gpd.GeoSeries([pond, None], crs=CRS)))


@given(st.lists(st.tuples(st.floats(0.5, 199.5), st.floats(0.5, 99.5)), min_size=1, max_size=60), st.integers(1, 12))
def test_the_sum_is_kept_and_the_blocks_cover_the_villages(places, size):
    blocks = building_blocks(VILLAGES, at(*places), roads=ROAD, size=size)
    check(blocks)
    assert blocks["households"].sum() == len(places)


def test_row_order_does_not_change_the_blocks():
    crowd = at(*[(x, y) for x in range(5, 200, 13) for y in range(5, 100, 11)])
    one = building_blocks(VILLAGES, crowd, roads=ROAD, size=5)
    other = building_blocks(VILLAGES, crowd.iloc[::-1], roads=ROAD, size=5)
    assert sorted(one.geometry.normalize().to_wkt()) == sorted(other.geometry.normalize().to_wkt())


def test_unusable_input_is_refused():
    with pytest.raises(GeoError, match="load boundaries"):
        building_blocks(VILLAGES.iloc[:0], at((1, 1)))
    with pytest.raises(GeoError, match="count"):
        building_blocks(VILLAGES, at((1, 1), households=-1))
    with pytest.raises(GeoError, match="size"):
        building_blocks(VILLAGES, at((1, 1)), size=0)
    with pytest.raises(DegreesError):
        building_blocks(VILLAGES.set_crs(4326, allow_override=True), at((1, 1)).set_crs(4326, allow_override=True))
    with pytest.raises(CrsMismatchError):
        building_blocks(VILLAGES, at((1, 1)).set_crs(4548, allow_override=True))


def test_buildings_that_are_no_polygons_are_passed_over():
    line = shapely.LineString([(0, 0), (1, 1)])
    mixed = shapely.GeometryCollection([line, shapely.box(10, 10, 90, 40)])
    house = gpd.GeoSeries([line, None, mixed, shapely.Polygon()], crs=CRS)
    blocks = building_blocks(VILLAGES, at(*[(x, 25) for x in range(15, 90, 5)]), buildings=house, size=4)
    assert blocks["households"].max() == 15


def test_villages_and_households_without_a_place_are_refused():
    bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    for wrong in (bow, None, shapely.Point(0, 0), shapely.Polygon()):
        with pytest.raises(GeoError, match="position 1"):
            building_blocks(gpd.GeoSeries([VILLAGES.iloc[0], wrong], crs=CRS), at((1, 1)))
    nowhere = gpd.GeoDataFrame({"households": [1, 1]}, geometry=[shapely.Point(1, 1), None], crs=CRS)
    with pytest.raises(GeoError, match="position 1"):
        building_blocks(VILLAGES, nowhere)
