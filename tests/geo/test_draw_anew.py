"""Neighbouring grids drawn from nothing: what a plan gains by it, and which drawings are turned down."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.draw.alone import bench_for
from geo.draw.anew import _encloses, draw_anew
from geo.draw.anneal import scratch_for
from geo.draw.graph import graph_of
from geo.draw.ground import new_plan, price_of_grids
from geo.draw.plan import _ground, _weights
from geo.draw.request import band_of, check
from tests.geo.test_draw import pieces, squares
from tests.geo.test_draw_flips import WEIGHTS, ground  # noqa: F401 - a fixture

TOWN = squares(8, 8)  # 64 blocks of 10 households
VILLAGE = (TOWN.centroid.x // 300 + 3 * (TOWN.centroid.y // 300)).astype(int).to_numpy()
NOTHING = np.empty(0, np.uint64)


def laid_out(blocks=TOWN, target=160, parent=None):
    """The ground and the prices of blocks, for grids of the target ±20 %."""
    request = check(
        blocks, band_of(target, 0.2, None), parent=parent, rivers=None, roads=None, nesting="grouped", effort="fast",
        fixed=None, previous=None, seed=0,
    )  # fmt: skip
    return _ground(request, graph_of(request)), _weights(request)


def cost(field, weights, plan):
    """The price of a plan with the villages it tears, from its labels alone."""
    return price_of_grids(field, new_plan(plan.label, len(plan.size), field, weights), weights).sum()


def test_two_grids_are_turned_to_follow_their_villages(ground):  # noqa: F811
    plan = new_plan(np.array([0, 0, 1, 1, 0, 0, 1, 1]), 2, ground, WEIGHTS)
    turn, state = np.zeros(2, np.int64), np.array([1], np.uint64)
    before = cost(ground, WEIGHTS, plan)
    gain, keys = draw_anew(ground, WEIGHTS, plan, np.arange(8), turn, state, 4, 300, 5, NOTHING, bench_for(ground))
    assert len(keys) == 5
    assert plan.label[:4].tolist() == [plan.label[0]] * 4
    assert plan.label[4:].tolist() == [1 - plan.label[0]] * 4
    assert gain == pytest.approx(cost(ground, WEIGHTS, plan) - before)
    assert plan.spread.tolist() == [1, 1]


def test_closed_grids_stay(ground):  # noqa: F811
    plan = new_plan(np.array([0, 0, 1, 1, 0, 0, 1, 1]), 2, ground, WEIGHTS)
    turn, state = np.array([0, -1]), np.array([1], np.uint64)
    mine = np.array([0, 1, 4, 5])
    gain, keys = draw_anew(ground, WEIGHTS, plan, mine, turn, state, 4, 300, 5, NOTHING, bench_for(ground))
    assert (gain, len(keys)) == (0, 0)
    assert plan.label.tolist() == [0, 0, 1, 1, 0, 0, 1, 1]


def test_the_same_grids_are_drawn_twice_and_not_once_more(ground):  # noqa: F811
    best = np.array([0, 0, 0, 0, 1, 1, 1, 1], np.int32)
    bench, turn = bench_for(ground), np.zeros(2, np.int64)

    def drawn(label, tried):
        plan = new_plan(label, 2, ground, WEIGHTS)
        _, keys = draw_anew(
            ground, WEIGHTS, plan, np.arange(8), turn.copy(), np.array([1], np.uint64), 4, 300, 3, tried, bench
        )
        return keys

    keys = drawn(best, NOTHING)
    assert len(keys) == 3
    assert len(set(keys.tolist())) == 1
    assert len(drawn(best, keys[:1])) == 3
    assert len(drawn(best, keys[:2])) == 0
    assert len(drawn(1 - best, keys[:2])) == 0  # other names, the same grids
    other = np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int32)
    assert drawn(other, keys[:2])[0] != keys[0]


def test_grids_that_only_share_a_corner_stay_in_one_piece():
    """Two quarters of the town with 10 and 2 households a block; sharing them out evenly would tear one of them."""
    blocks = TOWN.assign(households=np.where(TOWN.centroid.x < 400, 10.0, 2.0))
    field, weights = laid_out(blocks, target=96)
    quarter = ((TOWN.centroid.x > 400) + 2 * (TOWN.centroid.y > 400)).astype(np.int32).to_numpy()
    plan = new_plan(quarter, 4, field, weights)
    mine = np.flatnonzero((quarter == 0) | (quarter == 3))
    turn, state = np.array([0, -1, -1, 0]), np.array([1], np.uint64)
    _, keys = draw_anew(field, weights, plan, mine, turn, state, 4, 50, 40, NOTHING, bench_for(field))
    assert len(keys) > 0
    assert (pieces(TOWN, plan.label) == 1).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 4))
def test_gains_are_true_and_grids_stay_whole(seed, most):
    field, weights = laid_out(parent=VILLAGE)
    plan = new_plan((np.arange(64) // 16).astype(np.int32), 4, field, weights)
    before = cost(field, weights, plan)
    turn, state = np.zeros(4, np.int64), np.array([seed], np.uint64)
    gain, _ = draw_anew(field, weights, plan, np.arange(64), turn, state, most, 50, 6, NOTHING, bench_for(field))
    assert gain <= 0
    assert gain == pytest.approx(cost(field, weights, plan) - before)
    assert (pieces(TOWN, plan.label) == 1).all()
    assert sorted(np.unique(plan.label)) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("inner", "ring"),
    [([27], True), ([27, 28, 35, 36], True), ([24], False), ([24, 25, 26, 27], False), ([27, 34, 41, 48], True)],
)
def test_a_grid_around_others_is_turned_down(inner, ring):
    """Blocks taken out of the whole; in the last case a chain that hangs together by corners alone."""
    field, _ = laid_out(parent=VILLAGE)
    label = np.zeros(64, np.int32)
    label[inner] = 1
    scratch = scratch_for(field)
    assert _encloses(field, label, np.arange(64), label, 1, np.array([0]), scratch) == ring


@pytest.mark.parametrize(
    ("mine", "ring"),
    [
        ([18, 19, 20, 26, 28, 34, 35, 36], True),  # all around the gap
        ([18, 19, 20, 26, 28, 34], False),  # from the opening one comes to all that lies around
        ([18, 19, 20, 26, 28, 34, 35], True),  # a corner opens nothing
        ([17, 18, 19, 20, 21, 25, 29, 33, 34, 35, 36, 37], True),  # around the gap and two blocks beside it
        ([0, 1, 2], False),
    ],
)
def test_a_gap_counts_like_a_block(mine, ring):
    """The town without its block 27; the eight blocks around it are 18 to 20, 26, 28 and 34 to 36."""
    kept = np.delete(np.arange(64), 27)
    field, _ = laid_out(TOWN.iloc[kept])
    label = np.where(np.isin(kept, mine), 0, 1).astype(np.int32)
    grid = np.flatnonzero(label == 0)
    scratch = scratch_for(field)
    assert _encloses(field, label, grid, label[grid], 1, np.array([0]), scratch) == ring
