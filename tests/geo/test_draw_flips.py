"""What one flip does, on 4 x 2 squares of 100 m and 10 households: grid 0 in the west, grid 1 in the east."""

import numpy as np
import pytest

from geo.draw.anneal import eased, list_cuts, scratch_for
from geo.draw.flips import flip, gather, hope, misfit, price, scan
from geo.draw.ground import Ground, Weights, band_cost, bank_cost, new_plan, price_of_grids, tally
from geo.draw.rings import rings_around
from tests.geo.test_draw import squares

WEIGHTS = Weights(30, 50, 40, 100, 0.5, 0.25, 2, 1, 1, 0, 0)
EDGES = [(0, 1), (1, 2), (2, 3), (4, 5), (5, 6), (6, 7), (0, 4), (1, 5), (2, 6), (3, 7)]


@pytest.fixture
def ground():
    """Village 0 in the southern row, village 1 in the northern one; one bank."""
    rings = rings_around(squares(4, 2).geometry.to_numpy())
    owner = np.repeat(np.repeat(np.arange(8), np.diff(rings.ring_of)), np.diff(rings.start))
    number = {pair: i for i, pair in enumerate(EDGES)}
    pairs = zip(np.minimum(owner, rings.neighbour).tolist(), np.maximum(owner, rings.neighbour).tolist(), strict=True)
    edge = np.array([number.get(pair, -1) for pair in pairs], np.int32)
    code = np.array([[0, 2, -1]] * 4 + [[1, 2, -1]] * 4, np.int32)
    return Ground(
        rings.ring_of, rings.start, rings.neighbour, rings.length, np.zeros(len(edge), bool), edge,
        np.array(EDGES, np.int32), np.array([[10.0, 1e4, 400.0]] * 8), code, np.ones(2, bool),
        np.arange(9), np.zeros(8, np.int32), np.zeros(8, bool), False,
    )  # fmt: skip


@pytest.fixture
def plan(ground):
    return new_plan(np.array([0, 0, 1, 1, 0, 0, 1, 1]), 2, ground, WEIGHTS)


def look(ground, plan, b, h):
    return scan(*ground[:5], plan.label, b, plan.label[b], h)


def test_sums_of_a_plan(plan):
    assert plan.size[:, :6].tolist() == [[40, 4e4, 800, 4, 1, 0]] * 2
    assert plan.spread.tolist() == [2, 2]
    assert plan.size[:, 6] == pytest.approx(-np.pi / 4)  # a square


def test_prices_by_hand(ground, plan):
    fees = 2 * (0.5 + 0.25 / 2)  # each grid has two villages that would fit into one grid
    assert price_of_grids(ground, plan, WEIGHTS) == pytest.approx(1 - np.pi / 4 + fees)
    assert band_cost(50, WEIGHTS) == 0
    assert band_cost(54, WEIGHTS) == pytest.approx(100 * (4 / 40 + 0.03))
    assert [bank_cost(1, 0, WEIGHTS), bank_cost(2, 0, WEIGHTS), bank_cost(2, 2, WEIGHTS)] == [0, 2, 1]


def test_a_block_at_the_border_may_change(ground, plan):
    assert look(ground, plan, 1, 1) == (True, 200, 100, 0, 0)


def test_a_block_that_holds_its_grid_together_may_not(ground):
    row = new_plan(np.array([0, 0, 0, 1, 1, 1, 1, 1]), 2, ground, WEIGHTS)
    assert not look(ground, row, 1, 1)[0]
    assert look(ground, row, 2, 1)[0]


def test_price_of_a_flip_is_what_the_sums_then_say(ground, plan):
    scratch, turn = scratch_for(ground), np.zeros(2, np.int64)
    list_cuts(ground, plan, turn, scratch)
    before = price_of_grids(ground, plan, WEIGHTS).sum()
    fine, *border = look(ground, plan, 1, 1)
    arrays = plan.size, plan.inhabited, plan.spread
    off = misfit(plan.size, ground.size[1, 0], 0, 1, WEIGHTS)
    cost = price(*arrays, ground.size, ground.code, ground.whole, WEIGHTS, 1, 0, 1, off, *border)
    assert cost >= off - hope(plan.size, 0, 1, WEIGHTS)
    flip(
        *arrays, plan.label, ground.size, ground.code, ground.ring_of, ground.start, ground.neighbour, ground.edge,
        WEIGHTS, 1, 0, 1, *border, scratch.cuts, scratch.place, turn,
    )  # fmt: skip
    kept = plan.size.copy()
    tally(ground, plan, WEIGHTS)
    assert fine
    assert kept == pytest.approx(plan.size)
    assert price_of_grids(ground, plan, WEIGHTS).sum() == pytest.approx(before + cost)
    cut = {EDGES[e] for e in scratch.cuts[: scratch.cuts[-1]]}
    assert cut == {(0, 1), (1, 5), (5, 6)}


def test_only_grids_of_one_turn_share_a_border(ground, plan):
    scratch = scratch_for(ground)
    for turn, cuts in (([0, 0], 2), ([0, 1], 0), ([-1, -1], 0)):
        list_cuts(ground, plan, np.array(turn), scratch)
        assert scratch.cuts[-1] == cuts


def test_a_piece_is_what_a_grid_holds_of_a_village(ground, plan):
    scratch = scratch_for(ground)
    around = ground.ring_of, ground.start, ground.neighbour, ground.length, plan.label, ground.code
    assert gather(*around, 4, 0, 8, scratch.queue, scratch.seen) == 2
    assert sorted(scratch.queue[:2]) == [4, 5]
    assert gather(*around, 4, -1, 8, scratch.queue, scratch.seen) == 4
    assert gather(*around, 4, -1, 3, scratch.queue, scratch.seen) == 0


def test_prices_are_full_in_the_end():
    assert eased(WEIGHTS, 1.0) == WEIGHTS
    assert eased(WEIGHTS, 0.0).band < WEIGHTS.band
