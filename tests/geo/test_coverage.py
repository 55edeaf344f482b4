import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box

from geo.coverage import (
    check_coverage,
    gaps,
    invalid_edges,
    invalid_polygons,
    overlaps,
    scattered_parts,
    slivers,
    unmatched_nodes,
)
from geo.errors import CrsMismatchError, DegreesError, GeoError, UnknownCrsError

COLUMNS = ["kind", "ids", "area_m2", "width_m", "sliver", "note", "geometry"]
CHECKS = [gaps, overlaps, slivers, scattered_parts, invalid_edges, invalid_polygons, unmatched_nodes, check_coverage]


def metric(shapes, index=None):
    return geopandas.GeoSeries(shapes, index=index, crs=4549)


def squares(rows, columns, size=10.0):
    """Squares row by row from the south-west: 0 1 2 / 3 4 5 / ..."""
    x, y = np.meshgrid(np.arange(columns) * size, np.arange(rows) * size)
    return shapely.box(x.ravel(), y.ravel(), x.ravel() + size, y.ravel() + size)


#   +-----+-----+-----+     a 3 x 3 town of 10 m squares, a .. i; e, in the middle, is 4 m too narrow in the east,
#   |  g  |  h  |  i  |     i reaches 2 m into h, and b has a corner (15, 10) that e lacks
#   +-----+---+-+-----+
#   |  d  | e | |  f  |
#   +-----+---+-+-----+
#   |  a  |  b  |  c  |
#   +-----+-----+-----+
@pytest.fixture
def town():
    shapes = squares(3, 3)
    shapes[4] = box(10, 10, 16, 20)
    shapes[8] = box(18, 20, 30, 30)
    shapes[1] = Polygon([(10, 0), (20, 0), (20, 10), (15, 10), (10, 10)])
    return metric(shapes, list("abcdefghi"))


def test_valid_coverage_has_no_findings():
    found = check_coverage(metric(squares(3, 3)), metric([box(0, 0, 30, 30)]))
    assert found.empty
    assert found.columns.tolist() == COLUMNS
    assert found.crs.to_epsg() == 4549


def test_gap_with_its_neighbours(town):
    found = gaps(town)
    assert found["ids"].tolist() == [("b", "c", "e", "f", "h", "i")]
    assert found.geometry[0].equals(box(16, 10, 20, 20))
    assert (found["area_m2"][0], found["width_m"][0]) == (40, pytest.approx(80 / 28))


def test_bay_is_a_gap_only_within_an_outline():
    #   two squares of a 2 x 2 town are missing
    bay = metric(squares(2, 2)[:2])
    assert gaps(bay).empty
    found = gaps(bay, metric([box(0, 0, 20, 20)]))
    assert found["ids"].tolist() == [(0, 1)]
    assert found.geometry[0].equals(box(0, 10, 20, 20))


def test_grid_inside_a_hole_is_no_gap():
    ring = Polygon(box(0, 0, 9, 9).exterior, [box(2, 2, 8, 8).exterior])
    assert gaps(metric([ring, box(2, 2, 8, 8)])).empty
    assert gaps(metric([ring, box(2, 2, 5, 8)])).area.tolist() == [18.0]


def test_overlap_of_each_pair(town):
    found = overlaps(town)
    assert found["ids"].tolist() == [("h", "i")]
    assert found.geometry[0].equals(box(18, 20, 20, 30))
    assert found["area_m2"].tolist() == [20.0]


def test_three_on_one_place_are_three_pairs():
    assert overlaps(metric([box(0, 0, 2, 2)] * 3))["ids"].tolist() == [(0, 1), (0, 2), (1, 2)]


def test_overlap_in_two_places_is_two_findings():
    comb = Polygon([(0, 0), (9, 0), (9, 5), (6, 5), (6, 2), (3, 2), (3, 5), (0, 5)])
    assert overlaps(metric([comb, box(0, 4, 9, 6)])).area.tolist() == [3.0, 3.0]


def test_slivers_by_width():
    #   a gap of 0.2, an overlap of 0.3 and a stripe of 0.4 metres; the gap of 5 metres is none
    frame = Polygon(box(0, 0, 100, 100).exterior, [box(10, 10, 90, 10.2).exterior, box(10, 40, 90, 45).exterior])
    found = slivers(metric([frame, box(99.7, 0, 150, 100), box(200, 0, 200.4, 100)]), 1.0)
    assert found["kind"].tolist() == ["gap", "overlap", "sliver"]
    assert found["width_m"].tolist() == pytest.approx([0.2, 0.3, 0.4], rel=0.01)
    assert slivers(metric([frame]), 0.1).empty


def test_every_part_but_the_largest():
    scattered = MultiPolygon([box(0, 0, 1, 1), box(5, 5, 9, 9), box(20, 0, 22, 1)])
    found = scattered_parts(metric([scattered, box(30, 0, 31, 1)], ["s", "t"]))
    assert found["ids"].tolist() == [("s",), ("s",)]
    assert found.area.tolist() == [2.0, 1.0]


def test_invalid_and_missing_polygons():
    tie = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    found = invalid_polygons(metric([tie, None, Polygon(), box(20, 0, 21, 1)], list("pqrs")))
    assert found["ids"].tolist() == [("p",), ("q",), ("r",)]
    assert found["note"].tolist() == ["Self-intersection", "Missing geometry", "Empty geometry"]
    assert found.geometry[0] == Point(5, 5)


def test_corner_that_the_neighbour_lacks(town):
    found = unmatched_nodes(town.drop("i"))
    wanted = {("b", "e"): (15, 10), ("e", "b"): (16, 10), ("e", "h"): (16, 20)}
    assert {ids: (p.x, p.y) for ids, p in zip(found["ids"], found.geometry, strict=True)} == wanted


def test_corner_within_a_millimetre_is_unmatched_beyond_it_is_a_gap():
    near = metric([box(0, 0, 5, 5), box(5.0005, 0, 9, 5)])
    assert len(unmatched_nodes(near)) == 4
    assert unmatched_nodes(near, distance_m=0.0001).empty


def test_invalid_edges_are_lines():
    found = invalid_edges(metric([box(0, 0, 5, 5), box(4, 0, 9, 5)], ["a", "b"]))
    assert found["ids"].tolist() == [("a",), ("b",)]
    assert shapely.get_dimensions(found.geometry.array).tolist() == [1, 1]
    narrow = metric([box(0, 0, 5, 5), box(5.5, 0, 9, 5)])
    assert invalid_edges(narrow).empty
    assert len(invalid_edges(narrow, gap_width_m=1)) == 2


def test_all_checks_together(town):
    found = check_coverage(town, metric([box(0, 0, 30, 30)], ["v"]), ["v"] * 9)
    assert set(found["kind"]) == {"gap", "overlap", "invalid_edge", "unmatched_node"}
    assert not found["sliver"].any()
    assert check_coverage(town, sliver_width_m=5).query("kind == 'gap'")["sliver"].all()


def test_tolerance_leaves_small_findings_out(town):
    assert "overlap" not in set(check_coverage(town, tolerance_m2=20)["kind"])


def test_invalid_polygon_does_not_stop_the_other_checks():
    tie = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    found = check_coverage(metric([tie, box(10, 0, 20, 10), box(19, 0, 29, 10)]))
    assert {"invalid", "part", "overlap"} <= set(found["kind"])


@pytest.mark.parametrize("check", CHECKS)
def test_empty_and_single_layers(check):
    assert check(metric([])).empty
    assert check(metric([box(0, 0, 50, 50)])).empty


@pytest.mark.parametrize("check", CHECKS)
def test_only_polygons_in_metres(check):
    with pytest.raises(DegreesError):
        check(geopandas.GeoSeries([box(0, 0, 1, 1)], crs=4326))
    with pytest.raises(UnknownCrsError):
        check(geopandas.GeoSeries([box(0, 0, 1, 1)]))
    with pytest.raises(GeoError, match="second is a LineString"):
        check(metric([box(0, 0, 1, 1), shapely.LineString([(0, 0), (1, 1)])], ["first", "second"]))


def test_outline_in_another_crs_is_refused(town):
    with pytest.raises(CrsMismatchError):
        gaps(town, geopandas.GeoSeries([box(0, 0, 30, 30)], crs=4550))


def test_frames_are_taken_like_series(town):
    frame = geopandas.GeoDataFrame({"name": list("abcdefghi")}, geometry=town.array, index=town.index, crs=4549)
    assert check_coverage(frame)["ids"].tolist() == check_coverage(town)["ids"].tolist()


@given(st.permutations(range(9)), st.integers(-1000, 1000))
def test_findings_survive_row_order_and_translation(order, move):
    shapes = squares(3, 3)
    shapes[4], shapes[8] = box(10, 10, 16, 20), box(18, 20, 30, 30)
    moved = metric(shapely.transform(shapes[list(order)], lambda p: p + move), list(order))
    found = check_coverage(moved)
    named = sorted((kind, *sorted(ids)) for kind, ids in zip(found["kind"], found["ids"], strict=True))
    plain = check_coverage(metric(shapes))
    assert named == sorted((kind, *sorted(ids)) for kind, ids in zip(plain["kind"], plain["ids"], strict=True))
    assert np.nansum(found["area_m2"]) == pytest.approx(np.nansum(plain["area_m2"]))


@given(st.integers(0, 2**32 - 1))
def test_areas_of_grids_gaps_and_overlaps_add_up(seed):
    draw = np.random.default_rng(seed)
    x, y, width, height = draw.integers(1, 12, (4, 5))
    pair = metric(shapely.box(x, y, x + width, y + height)[:2])
    outline = metric([box(0, 0, 30, 30)])
    empty, double = gaps(pair, outline, tolerance_m2=0).area.sum(), overlaps(pair, tolerance_m2=0).area.sum()
    assert pair.area.sum() - double + empty == pytest.approx(900)
