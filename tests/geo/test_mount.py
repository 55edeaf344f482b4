from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import CrsMismatchError, DegreesError
from geo.isovist import isovists
from geo.mount import CLEARANCE_M, STANDOFF_M, mounted

CRS = 32650
#      10 ┌────┬────┐
#         │ W  │ E  │   two houses with a common wall at x = 10, the courtyard of E from (14, 4) to (16, 6)
#       0 └────┴────┘
#         0   10   20
WEST = shapely.box(0, 0, 10, 10)
EAST = shapely.box(10, 0, 20, 10).difference(shapely.box(14, 4, 16, 6))
TOWN = gpd.GeoSeries([WEST, EAST], crs=CRS)


def camera(x, y, bearing=np.nan, fov=360.0):
    return gpd.GeoDataFrame(
        {"bearing_deg": [bearing], "fov_deg": [fov], "range_m": [30.0]}, geometry=[shapely.Point(x, y)], crs=CRS
    )


def eye(*view, town=TOWN):
    return shapely.get_coordinates(mounted(camera(*view), town).geometry)[0].tolist()


@pytest.mark.parametrize(
    ("view", "place"),
    [
        ((1, 5), (-STANDOFF_M, 5)),  # the nearest wall
        ((5, 0), (5, -STANDOFF_M)),  # on the wall
        ((9.9, 9), (9.9, 10 + STANDOFF_M)),  # the common wall is nearer, but no outer wall
        ((13.5, 5), (14 + STANDOFF_M, 5)),  # a courtyard is open air
        ((5, 2, 10, 90), (5, 10 + STANDOFF_M)),  # the south wall is nearer, but looks away from the bearing
        ((5, 2, 10, 360), (5, -STANDOFF_M)),  # a dome looks all around, whatever its bearing
        ((5, 2, np.nan, 90), (5, -STANDOFF_M)),  # without a bearing any wall will do
    ],
)
def test_looks_out_through_the_right_wall(view, place):
    if view == (5, 2, 10, 90):  # keep the west wall, 5 m off, out of the way
        assert eye(*view, town=gpd.GeoSeries([shapely.box(-40, 0, 50, 10)], crs=CRS)) == pytest.approx(place)
    else:
        assert eye(*view) == pytest.approx(place)


def test_a_corner_leaves_room_for_both_walls():
    found = shapely.Point(eye(0, 0))
    assert 0 < found.distance(WEST) <= STANDOFF_M + 1e-9


def test_no_wall_towards_a_crack():
    crack = gpd.GeoSeries([WEST, shapely.box(10 + CLEARANCE_M - 0.1, 0, 20, 10)], crs=CRS)
    alley = gpd.GeoSeries([WEST, shapely.box(10 + CLEARANCE_M + 0.1, 0, 20, 10)], crs=CRS)
    assert eye(9.5, 5, town=crack) == pytest.approx([9.5, -STANDOFF_M])
    assert eye(9.5, 5, town=alley) == pytest.approx([10 + STANDOFF_M, 5])


def test_deep_inside_a_large_block_of_houses():
    houses = [shapely.box(x, y, x + 10, y + 10) for x in range(0, 200, 10) for y in range(0, 200, 10)]
    assert eye(96, 101, town=gpd.GeoSeries(houses, crs=CRS)) == pytest.approx([-STANDOFF_M, 101])


def test_cameras_outside_stay():
    rows = gpd.GeoDataFrame(geometry=[shapely.Point(-0.01, 5), shapely.Point(99, 99), None], index=list("abc"), crs=CRS)
    found = mounted(rows, TOWN)
    assert found.index.tolist() == ["a", "b", "c"]
    assert found["moved_m"].tolist() == [0, 0, 0]
    assert found.geometry.iloc[:2].geom_equals(rows.geometry.iloc[:2]).all()
    assert "moved_m" not in rows


def test_no_town_and_broken_houses():
    assert eye(5, 5, town=gpd.GeoSeries([None, shapely.Polygon()], crs=CRS)) == [5, 5]
    bow_tie = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    assert not bow_tie.is_valid
    place = eye(9, 5, town=gpd.GeoSeries([bow_tie], crs=CRS))
    assert place == pytest.approx([10 + STANDOFF_M, 5])


def test_the_wall_behind_a_mounted_camera_blocks():
    seen = isovists(camera(5, 0.5), gpd.GeoSeries([shapely.box(-500, 0, 500, 10)], crs=CRS)).iloc[0]
    # Half a circle of 30 m, and 5 cm of standoff along both arms.
    assert seen.area == pytest.approx(np.pi * 450 + STANDOFF_M * 60, rel=1e-3)
    assert seen.bounds[3] == pytest.approx(0)


@given(
    st.lists(st.tuples(*[st.integers(0, 30)] * 2, *[st.integers(1, 15)] * 2), min_size=1, max_size=10),
    st.tuples(st.floats(0, 30), st.floats(0, 30)),
    st.sampled_from([(np.nan, 360.0), (0.0, 90.0), (225.0, 60.0)]),
)
@settings(deadline=None)
def test_nobody_inside_is_blind(houses, place, view):
    town = gpd.GeoSeries([shapely.box(x, y, x + w, y + h) for x, y, w, h in houses], crs=CRS)
    found = mounted(camera(*place, *view), town)
    if found["moved_m"].iloc[0]:
        assert not town.intersects(found.geometry.iloc[0]).any()
        # From a wall with half a metre free before it at least the near end of the view is seen.
        assert isovists(camera(*place, *view), town).area.iloc[0] > 0.01


def test_wrong_layers():
    with pytest.raises(CrsMismatchError):
        mounted(camera(0, 0), TOWN.set_crs(32651, allow_override=True))
    with pytest.raises(DegreesError):
        mounted(camera(0, 0).set_crs(4326, allow_override=True), TOWN.set_crs(4326, allow_override=True))
