from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import CrsMismatchError, DegreesError, GeoError
from geo.watched import blind_spots, gaps, seen_by

CRS = 32650
#  10 ┌─────┬─────┐
#     │  A  │  B  │   camera 1 sees the box from (0, 0) to (5, 10), camera 2 from (2, 0) to (12, 5)
#   0 └─────┴─────┘
#     0    10    20
GRIDS = gpd.GeoDataFrame(
    {"name": ["left", "right"]},
    index=["A", "B"],
    geometry=[shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)],
    crs=CRS,
)
SEEN = gpd.GeoSeries([shapely.box(0, 0, 5, 10), shapely.box(2, 0, 12, 5), None], index=[1, 2, 3], crs=CRS)


def boxes(*bounds):
    return gpd.GeoSeries([shapely.box(*b) for b in bounds], crs=CRS)


def test_blind_spots_by_hand():
    found = blind_spots(GRIDS, SEEN)
    assert found.index.tolist() == ["A", "B"]
    assert found["area_m2"].tolist() == [25, 90]  # A keeps (5, 5)-(10, 10), B all but 2 x 5
    assert found["share_covered"].tolist() == pytest.approx([0.75, 0.1])
    assert found.geometry.loc["A"].equals(shapely.box(5, 5, 10, 10))
    assert found.crs == GRIDS.crs


def test_ground_under_obstacles_is_not_watched():
    found = blind_spots(GRIDS, SEEN, obstacles=boxes((5, 5, 10, 10), (0, 0, 1, 1)))
    assert found["area_m2"].tolist() == [0, 90]
    assert found["share_covered"].tolist() == pytest.approx([1, 0.1])
    assert found.geometry.loc["A"].is_empty


def test_missing_and_covered_grids():
    grids = gpd.GeoSeries([None, shapely.Polygon(), shapely.box(1, 1, 2, 2), shapely.box(50, 50, 51, 51)], crs=CRS)
    found = blind_spots(grids, SEEN)
    assert found.geometry.isna().tolist() == [True, False, False, False]
    np.testing.assert_array_equal(found["share_covered"], [np.nan, np.nan, 1, 0])
    built_over = blind_spots(grids, SEEN, obstacles=boxes((0, 0, 99, 99)))
    assert built_over["share_covered"].isna().all()


def test_invalid_shapes_are_repaired():
    bow_tie = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    found = blind_spots(GRIDS.iloc[:1], gpd.GeoSeries([bow_tie], crs=CRS))
    assert found["share_covered"].tolist() == pytest.approx([0.5])
    assert blind_spots(gpd.GeoSeries([bow_tie], crs=CRS), boxes((0, 0, 10, 10)))["area_m2"].tolist() == [0]


def test_no_cameras():
    found = blind_spots(GRIDS, SEEN.iloc[:0])
    assert found["share_covered"].tolist() == [0, 0]


def test_gaps_cross_borders_and_come_largest_first():
    area = boxes((0, 0, 10, 10), (10, 0, 20, 10))
    found = gaps(area, boxes((4, 0, 5, 10)))
    assert found["area_m2"].tolist() == [150, 40]
    assert found.index.tolist() == [0, 1]
    assert (found.geom_type == "Polygon").all()
    assert gaps(area, boxes((4, 0, 5, 10)), min_area_m2=50)["area_m2"].tolist() == [150]
    assert len(gaps(area, boxes((0, 0, 20, 10)))) == 0


def test_gaps_of_equal_area_come_from_west_to_east():
    found = gaps(boxes((0, 0, 9, 1)), boxes((3, 0, 6, 1)))
    assert found.bounds["minx"].tolist() == [0, 6]


def test_narrow_strips_are_cut_off():
    # A room of 8 x 10 with a corridor of 10 x 1: half a metre of corner stays rounded.
    area = gpd.GeoSeries([shapely.union_all([shapely.box(0, 0, 8, 10), shapely.box(8, 0, 18, 1)])], crs=CRS)
    wide = gaps(area, SEEN.iloc[:0], min_width_m=2)
    assert wide["area_m2"].iloc[0] == pytest.approx(80, abs=1)
    assert wide.total_bounds[2] < 9


def test_who_sees_what():
    points = gpd.GeoSeries(
        [shapely.Point(3, 3), shapely.Point(12, 5), shapely.Point(15, 5), None], index=list("pqrs"), crs=CRS
    )
    assert seen_by(SEEN, points).values.tolist() == [["p", 1], ["p", 2], ["q", 2]]
    assert seen_by(SEEN.iloc[:0], points).columns.tolist() == ["point", "camera"]


rectangles = st.lists(
    st.tuples(*[st.integers(-5, 20)] * 2, *[st.integers(1, 15)] * 2).map(
        lambda r: (r[0], r[1], r[0] + r[2], r[1] + r[3])
    ),
    max_size=8,
)


@given(rectangles, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_covered_and_blind_are_the_whole_and_more_cameras_see_more(views, random):
    seen = boxes(*views)
    whole = shapely.union_all(np.r_[seen.values, shapely.Polygon()])
    found = blind_spots(GRIDS, seen)
    expected = [shapely.area(g) - shapely.area(shapely.intersection(g, whole)) for g in GRIDS.geometry]
    assert found["area_m2"].tolist() == pytest.approx(expected)
    assert gaps(GRIDS, seen)["area_m2"].sum() == pytest.approx(sum(expected))
    shuffled = blind_spots(GRIDS, boxes(*random.sample(views, len(views))))
    assert shuffled["area_m2"].tolist() == pytest.approx(expected)
    assert (blind_spots(GRIDS, seen.iloc[1:])["share_covered"] <= found["share_covered"] + 1e-12).all()


@pytest.mark.parametrize("verb", [blind_spots, gaps])
def test_wrong_layers(verb):
    with pytest.raises(CrsMismatchError):
        verb(GRIDS, SEEN.set_crs(32651, allow_override=True))
    with pytest.raises(DegreesError):
        verb(GRIDS.set_crs(4326, allow_override=True), SEEN.set_crs(4326, allow_override=True))


@pytest.mark.parametrize("bad", [{"min_area_m2": -1}, {"min_width_m": -1}, {"min_area_m2": float("nan")}])
def test_negative_limits(bad):
    with pytest.raises(GeoError, match="0 or more"):
        gaps(GRIDS, SEEN, **bad)
