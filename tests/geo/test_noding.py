import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon, box

from geo.adjacency import rook
from geo.errors import DegreesError, GeoError, InvalidCoverageError
from geo.noding import dissolve, node_coverage


def metric(shapes, **options):
    return geopandas.GeoSeries(shapes, crs=4549, **options)


#   +---+---+
#   | 1 |   |     the corner of 0 and 1 lies in the middle of the edge of 2
#   +---+ 2 |
#   | 0 |   |
#   +---+---+
TEE = [box(0, 0, 5, 4), box(0, 4, 5, 10), box(5, 0, 9, 10)]


def test_corner_on_an_edge_becomes_a_vertex_of_it():
    noded = node_coverage(metric(TEE))
    assert shapely.coverage_is_valid(noded.polygons.array)
    assert rook(noded.polygons, tolerance=0)[0].tolist() == [[0, 1], [0, 2], [1, 2]]
    assert (5.0, 4.0) in set(noded.polygons[2].exterior.coords)
    assert noded.changes.empty


def test_vertices_within_snapping_distance_become_one():
    noded = node_coverage(metric([box(0, 0, 5, 5), box(5.0004, 0, 9, 5)]), snap_m=0.001, tolerance_m2=0)
    assert rook(noded.polygons, tolerance=0)[1].tolist() == [5.0]
    assert noded.changes["area_m2"].sum() == pytest.approx(0.002, rel=1e-6)


def test_narrow_gaps_close_only_on_request():
    #   the gap of 1 x 6 inside the frame is 1 wide
    frame = Polygon(box(0, 0, 10, 10).exterior, [box(2, 2, 8, 3).exterior])
    assert node_coverage(metric([frame])).polygons.area[0] == 94
    closed = node_coverage(metric([frame]), gap_width_m=1.5)
    assert closed.polygons.area[0] == 100
    assert closed.changes[["kind", "id", "area_m2"]].values.tolist() == [["gained", 0, 6.0]]


def test_index_missing_rows_and_name_are_kept():
    noded = node_coverage(metric([*TEE, None, Polygon()], index=list("abcde"), name="outline"))
    assert noded.polygons.index.tolist() == list("abcde")
    assert noded.polygons.isna().tolist() == [False, False, False, True, True]
    assert noded.polygons.name == "outline"


def test_polygon_swallowed_whole_goes_missing_and_is_listed():
    noded = node_coverage(metric([box(0, 0, 10, 10), box(0, 0, 10, 10)]))
    assert noded.polygons.isna().sum() == 1
    assert noded.changes[["kind", "area_m2"]].values.tolist() == [["lost", 100.0]]


def test_invalid_polygon_is_rebuilt_first():
    spike = Polygon([(0, 0), (5, 0), (5, 2), (50, 2), (5, 2), (5, 5), (0, 5)])
    assert node_coverage(metric([spike])).polygons.area.tolist() == [25.0]


def test_exact_coverage_keeps_its_vertices():
    world = metric([box(x, y, x + 1, y + 1) for x in range(4) for y in range(4)])
    noded = node_coverage(world)
    assert shapely.equals_exact(noded.polygons.array.normalize(), world.array.normalize()).all()
    assert noded.changes.empty


def test_node_coverage_refuses_degrees_lines_and_negative_widths():
    with pytest.raises(DegreesError):
        node_coverage(geopandas.GeoSeries(TEE, crs=4326))
    with pytest.raises(GeoError, match="LineString"):
        node_coverage(metric([shapely.LineString([(0, 0), (1, 1)])]))
    with pytest.raises(GeoError, match="0 or more"):
        node_coverage(metric(TEE), snap_m=-1)
    assert node_coverage(metric([])).polygons.empty


@given(st.integers(0, 2**32 - 1))
def test_any_jumble_of_boxes_becomes_a_coverage_of_the_same_ground(seed):
    draw = np.random.default_rng(seed)
    x, y, width, height = draw.integers(1, 12, (4, 6))
    boxes = metric(shapely.box(x, y, x + width, y + height))
    noded = node_coverage(boxes)
    kept = noded.polygons.dropna()
    assert shapely.coverage_is_valid(kept.array)
    assert kept.area.sum() == pytest.approx(boxes.union_all().area)


def test_dissolve_keeps_vertices_of_the_outer_border():
    blocks = metric([box(0, 0, 1, 1), box(1, 0, 2, 1), box(0, 1, 1, 2), box(1, 1, 2, 2)])
    grids = dissolve(blocks, [7, 7, 3, 3])
    assert grids.index.tolist() == [3, 7]
    assert grids.crs == blocks.crs
    assert (1.0, 0.0) in set(grids[7].exterior.coords)
    assert shapely.coverage_is_valid(grids.array)


def test_dissolve_aligns_a_series_and_leaves_missing_labels_out():
    blocks = metric([box(0, 0, 1, 1), box(1, 0, 2, 1), box(5, 5, 6, 6), None], index=list("abcd"))
    labels = pd.Series({"d": "x", "c": "x", "b": None, "a": "x"})
    grids = dissolve(blocks, labels)
    assert grids.index.tolist() == ["x"]
    assert grids["x"].geom_type == "MultiPolygon"
    assert grids["x"].area == 2


def test_dissolve_of_nothing():
    assert dissolve(metric([]), []).empty
    assert dissolve(metric([None]), ["a"]).is_empty.tolist() == [True]


@pytest.mark.parametrize("shapes", [[box(0, 0, 2, 2), box(1, 0, 3, 2)], TEE, [box(0, 0, 9, 9), box(1, 1, 2, 2)]])
def test_dissolve_refuses_what_is_no_coverage(shapes):
    with pytest.raises(InvalidCoverageError, match="node_coverage"):
        dissolve(metric(shapes), [1] * len(shapes))


def test_dissolve_needs_a_label_for_each_polygon():
    with pytest.raises(GeoError, match="2 labels for 3"):
        dissolve(metric(TEE), [1, 2])


@given(st.lists(st.integers(0, 3), min_size=16, max_size=16), st.permutations(range(16)))
def test_dissolved_ground_is_the_same_in_any_row_order(labels, order):
    blocks = metric([box(x, y, x + 1, y + 1) for x in range(4) for y in range(4)])
    shuffled, named = blocks.iloc[list(order)], np.array(labels)[list(order)]
    grids = dissolve(shuffled, named)
    assert grids.area.to_dict() == {k: labels.count(k) for k in set(labels)}
    assert grids.geom_equals(dissolve(blocks, labels)).all()
