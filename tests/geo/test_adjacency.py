import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from geo.adjacency import rook, segments
from geo.errors import GeoError


def squares(rows, columns, size=10.0):
    """Unit squares row by row from the south-west: 0 1 2 / 3 4 5 / ..."""
    x, y = np.meshgrid(np.arange(columns) * size, np.arange(rows) * size)
    return shapely.box(x.ravel(), y.ravel(), x.ravel() + size, y.ravel() + size)


def test_corner_neighbours_are_not_rook_neighbours():
    edges, lengths = rook(squares(2, 2))
    assert edges.tolist() == [[0, 1], [0, 2], [1, 3], [2, 3]]
    assert edges.dtype == np.int64
    assert lengths.tolist() == [10.0] * 4


def test_lengths_add_up_over_all_stretches_of_a_border():
    ring = Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(3, 3), (3, 6), (6, 6), (6, 3)]])
    edges, lengths = rook([ring, box(3, 3, 6, 6)])
    assert edges.tolist() == [[0, 1]]
    assert lengths.tolist() == [12.0]


#   +---+---+
#   | 1 |   |     the corner of 0 and 1 lies in the middle of the edge of 2
#   +---+ 2 |
#   | 0 |   |
#   +---+---+
TEE = [box(0, 0, 5, 4), box(0, 4, 5, 10), box(5, 0, 9, 10)]


def test_corner_inside_an_edge_is_found_unless_switched_off():
    edges, lengths = rook(TEE)
    assert edges.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert lengths == pytest.approx([5, 4, 6])
    assert rook(TEE, tolerance=0)[0].tolist() == [[0, 1]]


def test_turned_and_far_away_corner_inside_an_edge_is_still_found():
    angle = np.radians(31.7)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = shapely.transform(TEE, lambda c: c @ turn + [40_500_123.456, 3_298_016.789])
    edges, lengths = rook(turned)
    assert edges.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert lengths == pytest.approx([5, 4, 6], abs=1e-6)


def test_tolerance_bridges_a_narrow_gap():
    pair = [box(0, 0, 5, 5), box(5.02, 0, 9, 5)]
    assert rook(pair)[0].shape == (0, 2)
    edges, lengths = rook(pair, tolerance=0.05)
    assert edges.tolist() == [[0, 1]]
    assert lengths == pytest.approx([5.0])


def test_parts_touching_at_a_slit_are_not_their_own_neighbour():
    two_parts = MultiPolygon([box(0, 0, 1, 1), box(1, 0, 2, 1)])
    edges, lengths = rook([two_parts, box(1, 1, 2, 2)])
    assert edges.tolist() == [[0, 1]]
    assert lengths.tolist() == [1.0]


def test_three_polygons_on_one_edge_are_three_pairs():
    edges, _ = rook([box(0, 0, 1, 1)] * 3, tolerance=0)
    assert edges.tolist() == [[0, 1], [0, 2], [1, 2]]


@pytest.mark.parametrize("nothing", [[], [None], [Polygon()], [None, Polygon(), box(0, 0, 1, 1)]])
def test_no_neighbours(nothing):
    edges, lengths = rook(nothing)
    assert edges.shape == (0, 2)
    assert lengths.shape == (0,)


def test_missing_geometries_keep_positions():
    edges, _ = rook(geopandas.GeoSeries([None, box(0, 0, 1, 1), Polygon(), box(1, 0, 2, 1)]))
    assert edges.tolist() == [[1, 3]]


def test_minus_zero_is_zero():
    edges, _ = rook(
        [Polygon([(-1, -0.0), (0.0, 0.0), (0.0, 1), (-1, 1)]), Polygon([(-0.0, 0), (1, 0), (1, 1), (0, 1)])]
    )
    assert edges.tolist() == [[0, 1]]


def test_lines_and_negative_tolerance_are_refused():
    with pytest.raises(GeoError, match="row 1 is a LineString"):
        rook([box(0, 0, 1, 1), shapely.LineString([(0, 0), (1, 1)])])
    with pytest.raises(GeoError, match="tolerance"):
        rook([], tolerance=-1)


def test_segments_start_at_their_smaller_end_and_have_length():
    found = segments([Polygon([(1, 1), (0, 1), (0, 1), (0, 0)])])
    assert sorted(map(tuple, found.ends)) == [(0, 0, 0, 1), (0, 0, 1, 1), (0, 1, 1, 1)]
    assert found.owner.tolist() == [0, 0, 0]


def test_identical_places_with_one_hash_are_told_apart(monkeypatch):
    monkeypatch.setattr("geo.adjacency._hash", lambda ends: np.zeros(len(ends), dtype=np.uint64))
    edges, lengths = rook(squares(2, 2))
    assert edges.tolist() == [[0, 1], [0, 2], [1, 3], [2, 3]]
    assert lengths.tolist() == [10.0] * 4


@given(st.permutations(range(12)), st.sampled_from([0.0, None]), st.booleans())
def test_answer_survives_row_order_and_ring_direction(order, tolerance, backwards):
    world = squares(3, 4)
    shuffled = world[list(order)]
    edges, lengths = rook(shapely.reverse(shuffled) if backwards else shuffled, tolerance=tolerance)
    named = np.sort(np.array(order)[edges], axis=1)
    assert sorted(map(tuple, named)) == sorted(map(tuple, rook(world)[0]))
    assert lengths.sum() == 170.0


@given(st.integers(1, 6), st.integers(1, 6))
def test_perimeters_are_twice_the_shared_lengths_plus_the_outline(rows, columns):
    world = squares(rows, columns)
    _, lengths = rook(world)
    assert shapely.length(world).sum() == 2 * lengths.sum() + shapely.length(shapely.coverage_union_all(world))
