"""Groups of villages by hand: which there are, what they cost, and the cover chosen among them."""

import numpy as np
import pytest

from geo.draw import draw_grids
from geo.draw.alone import bench_for, draw_alone
from geo.draw.graph import graph_of
from geo.draw.pool import _connected, _features
from geo.draw.request import band_of, check
from geo.draw.units import units_of
from tests.geo.test_draw import constant, squares
from tests.geo.test_draw_anew import laid_out
from tests.geo.test_draw_flips import WEIGHTS, ground  # noqa: F401 - a fixture


def row(most, many=100):
    start, neighbour = np.array([0, 1, 3, 4]), np.array([1, 0, 2, 1])
    group, size = _connected(start, neighbour, np.array([10.0, 20.0, 30.0]), most, 3, many)
    return sorted(tuple(sorted(members[:count].tolist())) for members, count in zip(group, size, strict=True))


def test_connected_groups_are_listed_once():
    assert row(60) == [(0,), (0, 1), (0, 1, 2), (1,), (1, 2), (2,)]
    assert row(50) == [(0,), (0, 1), (1,), (1, 2), (2,)]
    assert len(row(60, many=2)) == 2


def test_features_of_groups_by_hand():
    """Nine villages of one block of 100 m: all around the middle one, and the southern row."""
    blocks = squares(3, 3)
    request = check(
        blocks, band_of(30, 0.1, None), parent=np.arange(9), rivers=None, roads=None, nesting="grouped", effort="fast",
        fixed=None, previous=None, seed=0,
    )  # fmt: skip
    _, units = units_of(
        graph_of(request), request.households, request.village, 330.0, np.full(9, 1e4), np.full(9, 400.0)
    )
    group = np.zeros((2, 8), np.int32)
    group[0], group[1, :3] = [0, 1, 2, 3, 5, 6, 7, 8], [0, 1, 2]
    compactness, villages, parts, _, hole = _features(units, group, np.array([8, 3]), 33.0, np.zeros(2)).T
    assert [units.households[members[:count]].sum() for members, count in zip(group, (8, 3), strict=True)] == [80, 30]
    assert compactness[1] == pytest.approx(4 * np.pi * 3 / 8**2)
    assert villages.tolist() == [8, 3]
    assert parts.tolist() == [0, 0]
    assert hole.tolist() == [1, 0]


def test_a_group_is_drawn_by_its_villages(ground):  # noqa: F811
    """Two rows of four blocks, a village each: two grids that follow them cost less than two squares."""
    price, label = draw_alone(ground, WEIGHTS, np.arange(8), 2, None, 1, 500, bench_for(ground))
    assert label[:4].tolist() == [label[0]] * 4
    assert label[4:].tolist() == [1 - label[0]] * 4
    assert price == pytest.approx(2 * (1 - 4 * np.pi * 4 / 10**2) + 2 * 0.5)


def test_a_group_leaves_the_bench_as_it_was(ground):  # noqa: F811
    bench = bench_for(ground)
    first = draw_alone(ground, WEIGHTS, np.arange(8), 2, None, 1, 500, bench)
    again = draw_alone(ground, WEIGHTS, np.arange(8), 2, None, 1, 500, bench)
    assert (bench.label == -1).all()
    assert first[0] == again[0]
    assert (first[1] == again[1]).all()


def test_small_villages_share_grids_whole():
    """Six villages of 60 households in a row: three grids of 120, each of two whole neighbours."""
    blocks = squares(12, 3)
    village = (blocks.centroid.x // 200).astype(int)
    label = draw_grids(blocks, target=120, parent=village, effort="fast")
    assert blocks.households.groupby(label).sum().tolist() == [120, 120, 120]
    assert constant(label, village)


def test_where_one_slice_takes_all_blocks_the_marks_of_the_bench_stay_true():
    """Two empty blocks and one with all households: whoever looks around next must not take old marks for its own."""
    blocks = squares(3, 1).assign(households=[0.0, 0.0, 30.0])
    row, _ = laid_out(blocks, target=30)
    bench = bench_for(row)
    draw_alone(row, WEIGHTS, np.arange(3), 3, None, 1, 10, bench)
    assert bench.scratch.seen[-1] >= bench.scratch.seen[:-1].max()
