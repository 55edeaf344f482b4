"""Points find their grids exactly as GEOS decides, ties to the smallest id."""

from __future__ import annotations

import numpy as np
import pytest
from geopandas import GeoDataFrame, GeoSeries
from shapely import MultiPolygon, Point, Polygon, box

from geo.assign import GridIndex, assign
from geo.errors import CrsMismatchError, DegreesError, GeoError


@pytest.fixture
def world():
    """Ids and polygons.

    3 +----+----+
      | c  | d  |   e: an island with a hole, at (5..8, 0..3) without (6..7, 1..2)
    1 +----+----+   f: two parts, (10..11, 0..1) and (12..13, 0..1)
      | a  | b  |   g: missing
    0 +----+----+
      0    1    2
    """
    hole = box(5, 0, 8, 3) - box(6, 1, 7, 2)
    two = MultiPolygon([box(10, 0, 11, 1), box(12, 0, 13, 1)])
    return list("dcbaefg"), [box(1, 1, 2, 3), box(0, 1, 1, 3), box(1, 0, 2, 1), box(0, 0, 1, 1), hole, two, None]


def names(index, position):
    return [None if p < 0 else index.ids[p] for p in position]


def test_interior_hole_parts_and_outside(world):
    index = GridIndex(world[1], world[0])
    x, y = [0.5, 1.5, 0.5, 5.5, 6.5, 12.5, 11.5, 3.0], [0.5, 2.0, 2.0, 0.5, 1.5, 0.5, 0.5, 1.0]
    assert names(index, index.locate(x, y)) == ["a", "d", "c", "e", None, "f", None, None]


def test_shared_edges_and_corners_go_to_the_smallest_id(world):
    index = GridIndex(world[1], world[0])
    assert names(index, index.locate([1, 1, 0.5, 1.5, 6, 6.5], [1, 0.5, 1, 1, 1, 1])) == ["a", "a", "a", "b", "e", "e"]


def test_no_place_no_grid(world):
    index = GridIndex(world[1], world[0])
    assert index.locate([np.nan, np.inf, 0.5, -np.inf], [0.5, 0.5, np.nan, -np.inf]).tolist() == [-1] * 4
    assert index.locate([], []).shape == (0,)
    assert GridIndex([], []).locate([1.0], [1.0]).tolist() == [-1]


def test_nearest_within_reach(world):
    index = GridIndex(world[1], world[0])
    position, distance = index.nearest([0.5, 2.5, 3.5, 3.5, np.nan], [0.5, 0.5, 2.0, 9.0, 0.0], 1.5)
    assert names(index, position) == ["a", "b", "d", None, None]
    assert distance.tolist() == [0, 0.5, 1.5, np.inf, np.inf]


def test_ids_must_be_unique_and_as_many():
    with pytest.raises(GeoError, match="unique"):
        GridIndex([box(0, 0, 1, 1), box(1, 0, 2, 1)], [1, 1])
    with pytest.raises(GeoError, match="one id"):
        GridIndex([box(0, 0, 1, 1)], [1, 2])


def test_assign_keeps_the_index_and_answers_none(world):
    grids = GeoDataFrame(geometry=world[1], index=world[0], crs=32651)
    points = GeoSeries([Point(1, 1), None, Point(), Point(2.5, 0.5), Point(30, 0)], index=[7, 7, 3, 2, 1], crs=32651)
    assert assign(points, grids).tolist() == ["a", None, None, None, None]
    near = assign(points, grids, reach_m=1)
    assert near.tolist() == ["a", None, None, "b", None]
    assert near.index.tolist() == [7, 7, 3, 2, 1]


def test_assign_refuses_mixed_crs_and_degrees():
    grids = GeoDataFrame(geometry=[Polygon([(0, 0), (1, 0), (1, 1)])], crs=4326)
    points = GeoSeries([Point(0.5, 0.2)], crs=4326)
    assert assign(points, grids).tolist() == [0]
    with pytest.raises(DegreesError):
        assign(points, grids, reach_m=5)
    with pytest.raises(CrsMismatchError):
        assign(points.to_crs(3857), grids)


def test_priority_puts_the_declared_owner_first():
    base, site = box(0, 0, 4, 4), box(1, 1, 2, 2)
    assert GridIndex([base, site], ["a", "b"]).locate([1.5, 1.0, 3.0], [1.5, 1.5, 3.0]).tolist() == [0, 0, 0]
    declared = GridIndex([base, site], ["a", "b"], priority=[1, 0])
    assert declared.locate([1.5, 1.0, 3.0], [1.5, 1.5, 3.0]).tolist() == [1, 1, 0]


def test_margin_is_how_much_farther_the_second_nearest_is(world):
    index = GridIndex(world[1], world[0])
    position, distance, margin = index.margin([0.75, 1.0, 3.0, 5.5, 30.0], [0.5, 0.5, 0.5, 0.5, 0.0], 2.0)
    assert names(index, position) == ["a", "a", "b", "e", None]
    assert distance.tolist() == [0, 0, 1, 0, np.inf]
    assert margin == pytest.approx([0.25, 0, np.hypot(1, 0.5) - 1, np.inf, np.inf])


def test_one_point_is_answered_as_many_are(world):
    index = GridIndex(world[1], world[0])
    x, y = [0.5, 1.0, 6.5, 12.5, np.nan, 99.0, 6.0], [0.5, 1.0, 1.5, 0.5, 0.0, 0.0, 1.5]
    assert [index.locate_one(*p) for p in zip(x, y, strict=True)] == index.locate(x, y).tolist()


def test_bad_input_is_refused(world):
    index = GridIndex(world[1], world[0])
    with pytest.raises(GeoError, match="one length"):
        index.locate([1.0], [1.0, 2.0])
    with pytest.raises(GeoError, match="reach is -1"):
        index.nearest([1.0], [1.0], -1)
    with pytest.raises(GeoError, match="infinite"):
        index.margin([1.0], [1.0], np.inf)
    with pytest.raises(GeoError, match="Row 0 is a Point"):
        GridIndex([Point(0, 0)], [1])
    with pytest.raises(GeoError, match="NaN or infinite"):
        GridIndex([Polygon([(0, 0), (np.inf, 0), (1, 1)])], [1])
    with pytest.raises(GeoError, match="priority is NaN"):
        GridIndex([box(0, 0, 1, 1)], [1], priority=[np.nan])
    with pytest.raises(GeoError, match="no point"):
        assign(GeoSeries([box(0, 0, 1, 1)]), GeoDataFrame(geometry=[box(0, 0, 1, 1)]))


def test_polygons_come_back_vertex_for_vertex(world):
    index = GridIndex(world[1], world[0])
    assert [a is b is None or a.equals_exact(b, 0) for a, b in zip(index.polygons, world[1], strict=True)] == [True] * 7
