"""What annealing works on: the blocks, the plan with its sums, and the price of every fault."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

FOUR_PI = 4 * np.pi

HOUSEHOLDS, AREA, PERIMETER = 0, 1, 2  # columns of Ground.size and Plan.size
BLOCKS, BANKS, BRIDGES, SHAPE, VILLAGES = 3, 4, 5, 6, 7  # further columns of Plan.size
VILLAGE, BANK, HOME = 0, 1, 2  # columns of Ground.code


class Ground(NamedTuple):
    """What annealing never changes; n blocks, e edges, v villages, entries as in `Rings`."""

    ring_of: NDArray[np.int64]
    start: NDArray[np.int64]
    neighbour: NDArray[np.int32]
    length: NDArray[np.float64]
    bridge: NDArray[np.bool_]  # (entries,) the shared edge is a river edge that a road crosses
    edge: NDArray[np.int32]  # (entries,) number of the shared edge, -1 for corners and the outside
    ends: NDArray[np.int32]  # (e, 2) blocks on either side of an edge
    size: NDArray[np.float64]  # (n, 3) households, area, perimeter
    code: NDArray[np.int32]  # (n, 3) row of the village and of the land between rivers in Plan.inhabited, and the
    # grid in force (-1 without one)
    whole: NDArray[np.bool_]  # (v,) the village fits into one grid
    rim_of: NDArray[np.int64]  # (n + 1,) block b lies at `rim[rim_of[b]:rim_of[b + 1]]`
    rim: NDArray[np.int32]  # rising: 0 the outside of the map, from 1 the gaps in the coverage
    fixed: NDArray[np.bool_]  # (n,) the block keeps its grid
    nested: bool  # blocks only change between grids of their own village


class Plan(NamedTuple):
    """What annealing changes; k grids. Everything but `label` follows from it by `tally`."""

    label: NDArray[np.int32]  # (n,)
    size: NDArray[np.float64]  # (k, 8) households, area, perimeter, blocks, banks with households, bridge edges seen
    # from both sides, price of the shape, villages with households
    inhabited: NDArray[np.int32]  # (v + banks, k) inhabited blocks of a village or bank in a grid
    spread: NDArray[np.int32]  # (v,) grids of a village


class Weights(NamedTuple):
    """Price of each fault; compactness lost by one grid, 1 - Polsby-Popper, costs `shape`."""

    low: float  # households
    high: float
    target: float
    band: float  # a grid out of the band by one target
    pair: float  # a village lies in one more grid
    torn: float  # a village that fits into one grid lies in several
    river: float  # a grid on two banks
    bridge: float  # the same with a bridge inside the grid
    shape: float
    slender: float  # times 1 / Polsby-Popper: early on it keeps single grids from being given up for their neighbours
    moved: float  # one household leaves its grid in force


def new_plan(label: NDArray[np.int32], grids: int, ground: Ground, weights: Weights) -> Plan:
    """The plan with these labels (n,) and all its sums."""
    villages = len(ground.whole)
    rows = max(villages, int(ground.code[:, BANK].max(initial=-1)) + 1)
    inhabited = np.zeros((rows, grids), np.int32)
    plan = Plan(label.astype(np.int32), np.zeros((grids, 8)), inhabited, np.zeros(villages, np.int32))
    tally(ground, plan, weights)
    return plan


def copied(plan: Plan) -> Plan:
    """A plan of its own with the same labels and sums."""
    return Plan(plan.label.copy(), plan.size.copy(), plan.inhabited.copy(), plan.spread.copy())


@njit(cache=True, nogil=True)
def tally(ground, plan, weights):  # type: ignore[no-untyped-def]
    """Recompute every sum of `plan` from its labels."""
    label, sums, inhabited = plan.label, plan.size, plan.inhabited
    ring_of, start, neighbour = ground.ring_of, ground.start, ground.neighbour
    length, bridge, size, code = ground.length, ground.bridge, ground.size, ground.code
    villages = len(plan.spread)
    sums[:] = 0
    inhabited[:] = 0
    for b in range(len(label)):
        g = label[b]
        sums[g, HOUSEHOLDS] += size[b, HOUSEHOLDS]
        sums[g, AREA] += size[b, AREA]
        sums[g, BLOCKS] += 1
        if size[b, HOUSEHOLDS] > 0:
            inhabited[code[b, VILLAGE], g] += 1
            inhabited[code[b, BANK], g] += 1
        for i in range(start[ring_of[b]], start[ring_of[b + 1]]):
            other = neighbour[i]
            if other < 0 or label[other] != g:
                sums[g, PERIMETER] += length[i]
            elif bridge[i]:
                sums[g, BRIDGES] += 1
    for v in range(villages):
        plan.spread[v] = np.sum(inhabited[v] > 0)
    for g in range(len(sums)):
        sums[g, BANKS] = np.sum(inhabited[villages:, g] > 0)
        sums[g, VILLAGES] = np.sum(inhabited[:villages, g] > 0)
        if sums[g, BLOCKS] > 0:
            sums[g, SHAPE] = shape_cost(sums[g, AREA], sums[g, PERIMETER], weights)


@njit(cache=True, nogil=True)
def price_of_grids(ground, plan, weights):  # type: ignore[no-untyped-def]
    """(k,) what each grid costs; they sum to the price of the plan without the households that have moved."""
    sums, inhabited, spread, whole = plan.size, plan.inhabited, plan.spread, ground.whole
    prices = np.zeros(len(sums))
    for g in range(len(sums)):
        if sums[g, BLOCKS] > 0:
            prices[g] = weights.shape + shape_cost(sums[g, AREA], sums[g, PERIMETER], weights)
            prices[g] += band_cost(sums[g, HOUSEHOLDS], weights)
            prices[g] += bank_cost(sums[g, BANKS], sums[g, BRIDGES], weights)
    for v in range(len(spread)):
        fee = weights.pair
        if whole[v] and spread[v] > 1:
            fee += weights.torn / spread[v]
        for g in range(len(sums)):
            if inhabited[v, g] > 0:
                prices[g] += fee
    return prices


@njit(cache=True, nogil=True)
def shape_cost(area, perimeter, weights):  # type: ignore[no-untyped-def]
    """Price of the shape of a grid, lower by `shape` times its Polsby-Popper compactness."""
    if area <= 0 or perimeter <= 0:  # a grid that is empty while an old plan is put back
        return 0.0
    compact = FOUR_PI * area / (perimeter * perimeter)
    return weights.slender / compact - weights.shape * compact


@njit(cache=True, nogil=True)
def band_cost(households, weights):  # type: ignore[no-untyped-def]
    """Price of a grid of that many households: zero in the band, a step and a slope outside."""
    out = max(households - weights.high, weights.low - households)
    return weights.band * (out / weights.target + 0.03) if out > 0 else 0.0


@njit(cache=True, nogil=True)
def bank_cost(banks, bridges, weights):  # type: ignore[no-untyped-def]
    """Price of a grid with households on that many banks."""
    if banks < 2:
        return 0.0
    return (banks - 1) * (weights.river if bridges == 0 else weights.bridge)
