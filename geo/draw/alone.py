"""One group of villages cut into its grids alone: what a group truly costs, and how it is best drawn.

The blocks outside the group carry the label -1, as does the outside of the map, so that annealing works on the ground
of the whole map and touches nothing but the blocks of the group. Short: some hundred proposals for each block.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo.draw.anneal import PATIENCE, PIECES, SOFT, Scratch, propose, scratch_for
from geo.draw.ground import (
    AREA,
    BANK,
    BANKS,
    BLOCKS,
    BRIDGES,
    FOUR_PI,
    HOUSEHOLDS,
    PERIMETER,
    SHAPE,
    VILLAGE,
    VILLAGES,
    Ground,
    Plan,
    Weights,
    band_cost,
    bank_cost,
    shape_cost,
)
from geo.draw.refine import clear_cuts, list_cuts

STAGES = 30  # temperatures of one group
HOT, COLD = 0.12, 0.001
MENDING = 8  # further ones where a grid misses the band


class Bench(NamedTuple):
    """Room for one thread that draws groups, and what annealing takes from `anneal`."""

    scratch: Scratch
    label: NDArray[np.int32]  # (n,) -1 between two drawings
    patience: NDArray[np.float64]
    soft: float


def bench_for(ground: Ground) -> Bench:
    """An empty bench for `ground`."""
    return Bench(scratch_for(ground), np.full(len(ground.fixed), -1, np.int32), PATIENCE, SOFT)


def draw_alone(
    ground: Ground,
    weights: Weights,
    blocks: NDArray[np.int64],
    grids: int,
    first: NDArray[np.int32] | None,
    seed: int,
    sweeps: int,
    bench: Bench,
) -> tuple[float, NDArray[np.int32]]:
    """Price of the group of these `blocks` (b,) once it is drawn, and the drawing: labels 0..grids-1 (b,).

    `first` (b,) is the drawing to begin with; without it the group is sliced from one end to the other. The price is
    that of `ground.price_of_grids`: faults, and 1 - Polsby-Popper of each grid.
    """
    label = np.zeros(len(blocks), np.int32) if first is None else first.astype(np.int32)
    state = np.array([seed], np.uint64)
    elsewhere = np.zeros(len(ground.whole), np.int32)
    cost = draw_blocks(ground, weights, blocks, grids, first is None, label, elsewhere, state, sweeps, bench)
    return float(cost), label


@njit(cache=True, nogil=True)
def draw_blocks(ground, weights, blocks, k, slice_it, drawn, elsewhere, state, sweeps, bench):  # type: ignore[no-untyped-def]
    """Draw k grids into `drawn` (b,), from nothing where `slice_it`; returns their price.

    `elsewhere` (v,) counts the grids outside that hold a part of each village.
    """
    scratch, label, patience = bench.scratch, bench.label, bench.patience
    plan = _empty(ground, blocks, k, elsewhere, label)
    sums = plan.size
    scratch.seen[:] = 0
    for i in range(len(blocks)):
        label[blocks[i]] = k - 1 if slice_it else drawn[i]
    if slice_it and k > 1:
        _slice(ground, blocks, k, label, scratch.queue, scratch.seen)
    _tally(ground, plan, blocks)
    if k > 1:
        turn = np.zeros(k + 1, np.int64)
        turn[k] = -1  # what label -1 finds: nothing changes with the blocks outside
        list_cuts(ground, label, turn, 0, blocks, scratch)
        steps = sweeps * len(blocks) // STAGES
        for stage in range(STAGES):
            share = stage / (STAGES - 1)
            _cool(ground, plan, _eased(weights, share, bench.soft), turn, state, _heat(share), steps, scratch, patience)
        for stage in range(MENDING):
            if _fits(sums, weights):
                break
            # a village must be torn a little before that pays: first for nothing, then at its price
            torn = _priced(weights, 1.0, float(stage % 2))
            _cool(ground, plan, torn, turn, state, 0.02, steps, scratch, patience)
        clear_cuts(scratch)
    for i in range(len(blocks)):
        drawn[i] = label[blocks[i]]
        label[blocks[i]] = -1
    return _price(ground, weights, plan)


@njit(cache=True, nogil=True)
def price_of_blocks(ground, weights, blocks, k, drawn, elsewhere, bench):  # type: ignore[no-untyped-def]
    """Price of the k grids `drawn` (b,), as `draw_blocks` returns it."""
    plan = _empty(ground, blocks, k, elsewhere, bench.label)
    for i in range(len(blocks)):
        plan.label[blocks[i]] = drawn[i]
    _tally(ground, plan, blocks)
    for b in blocks:
        plan.label[b] = -1
    return _price(ground, weights, plan)


@njit(cache=True, nogil=True)
def _empty(ground, blocks, k, elsewhere, label):  # type: ignore[no-untyped-def]
    """A plan of k grids without blocks."""
    rows = len(ground.whole) + 1
    for b in blocks:
        rows = max(rows, ground.code[b, BANK] + 1)
    return Plan(label, np.zeros((k, 8)), np.zeros((rows, k), np.int32), elsewhere.copy())


@njit(cache=True, nogil=True)
def _price(ground, weights, plan):  # type: ignore[no-untyped-def]
    """What the grids cost by their sums."""
    sums, cost = plan.size, 0.0
    for g in range(len(sums)):
        compact = FOUR_PI * sums[g, AREA] / sums[g, PERIMETER] ** 2 if sums[g, BLOCKS] > 0 else 0.0
        cost += weights.shape * (1 - compact) + band_cost(sums[g, HOUSEHOLDS], weights)
        cost += bank_cost(sums[g, BANKS], sums[g, BRIDGES], weights)
    for v in range(len(plan.spread)):
        cost += weights.pair * plan.spread[v]
        if ground.whole[v] and plan.spread[v] > 1:
            cost += weights.torn
    return cost


@njit(cache=True, nogil=True)
def _cool(ground, plan, weights, turn, state, heat, steps, scratch, patience):  # type: ignore[no-untyped-def]
    sums = plan.size
    for g in range(len(sums)):
        sums[g, SHAPE] = shape_cost(sums[g, AREA], sums[g, PERIMETER], weights)
    propose(ground, plan, weights, turn, state, heat, steps, PIECES, scratch, patience)


@njit(cache=True, nogil=True)
def _fits(sums, weights):  # type: ignore[no-untyped-def]
    """Whether all grids keep the band."""
    size = sums[:, HOUSEHOLDS]
    return size.min() >= weights.low and size.max() <= weights.high


@njit(cache=True, nogil=True)
def _heat(share):  # type: ignore[no-untyped-def]
    """A power table would do as well; rounded, since the last bit of a power differs between machines."""
    return np.round(HOT * (COLD / HOT) ** share * 2**30) / 2**30


@njit(cache=True, nogil=True)
def _eased(weights, share, soft):  # type: ignore[no-untyped-def]
    """The prices when `share` of the annealing is over, as in `anneal.eased`."""
    early = max(0.0, 1 - share / 0.6)
    now = _priced(weights, soft ** (1 - min(1.0, share / 0.8)), 1.0)
    return _shaped(now, weights.shape * (1 - 0.5 * early), 0.2 * weights.shape * early)


@njit(cache=True, nogil=True)
def _priced(w, band, villages):  # type: ignore[no-untyped-def]
    """The prices with these shares of the price of the band and of villages in several grids."""
    return Weights(
        w.low, w.high, w.target, w.band * band, w.pair * villages, w.torn * villages, w.river, w.bridge,
        w.shape, w.slender, w.moved,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _shaped(w, shape, slender):  # type: ignore[no-untyped-def]
    return Weights(w.low, w.high, w.target, w.band, w.pair, w.torn, w.river, w.bridge, shape, slender, w.moved)


@njit(cache=True, nogil=True)
def _slice(ground, blocks, k, label, queue, seen):  # type: ignore[no-untyped-def]  # noqa: C901
    """Cut off one grid after another, each from a far end of what is left, as a breadth-first search finds its blocks.

    What is cut off from the rest by that joins the grid; all start in grid k - 1.
    """
    stamp = 0
    for g in range(k - 1):
        rest, seed = 0.0, -1
        for b in blocks:
            if label[b] == k - 1:
                rest += ground.size[b, HOUSEHOLDS]
                seed = b
        if seed < 0:  # fewer blocks than grids
            break
        for _ in range(2):
            stamp += 1
            seed = queue[reach(ground, seed, k - 1, np.inf, label, queue, seen, stamp) - 1]
        stamp += 1
        for i in range(reach(ground, seed, k - 1, rest / (k - g), label, queue, seen, stamp)):
            label[queue[i]] = g
        stamp += 1
        main, heaviest, first = stamp, -1.0, stamp
        for b in blocks:
            if label[b] == k - 1 and seen[b] < first:
                count = reach(ground, b, k - 1, np.inf, label, queue, seen, stamp)
                weight = 0.0
                for i in range(count):
                    weight += ground.size[queue[i], HOUSEHOLDS] + 1e-6
                if weight > heaviest:
                    main, heaviest = stamp, weight
                stamp += 1
        for b in blocks:
            if label[b] == k - 1 and seen[b] != main:
                label[b] = g
    seen[-1] = stamp + 1


@njit(cache=True, nogil=True)
def reach(ground, seed, grid, enough, label, queue, seen, stamp):  # type: ignore[no-untyped-def]
    """How many blocks of the grid are found from `seed` until they hold `enough` households; they are in `queue`."""
    queue[0] = seed
    seen[seed] = stamp
    count, i, households = 1, 0, 0.0
    while i < count and (households < enough or i == 0):
        u = queue[i]
        i += 1
        households += ground.size[u, HOUSEHOLDS]
        for j in range(ground.start[ground.ring_of[u]], ground.start[ground.ring_of[u + 1]]):
            other = ground.neighbour[j]
            if other >= 0 and ground.length[j] > 0 and label[other] == grid and seen[other] != stamp:
                seen[other] = stamp
                queue[count] = other
                count += 1
    return i


@njit(cache=True, nogil=True)
def _tally(ground, plan, blocks):  # type: ignore[no-untyped-def]
    """The sums of the grids of these blocks; `plan` must be empty."""
    label, sums, inhabited, spread = plan.label, plan.size, plan.inhabited, plan.spread
    ring_of, start, neighbour, size, code = ground.ring_of, ground.start, ground.neighbour, ground.size, ground.code
    for b in blocks:
        g = label[b]
        sums[g, HOUSEHOLDS] += size[b, HOUSEHOLDS]
        sums[g, AREA] += size[b, AREA]
        sums[g, BLOCKS] += 1
        if size[b, HOUSEHOLDS] > 0:
            village, bank = code[b, VILLAGE], code[b, BANK]
            comes = inhabited[village, g] == 0
            spread[village] += comes
            sums[g, VILLAGES] += comes
            sums[g, BANKS] += inhabited[bank, g] == 0
            inhabited[village, g] += 1
            inhabited[bank, g] += 1
        for i in range(start[ring_of[b]], start[ring_of[b + 1]]):
            other = neighbour[i]
            if other < 0 or label[other] != g:
                sums[g, PERIMETER] += ground.length[i]
            elif ground.bridge[i]:
                sums[g, BRIDGES] += 1
