"""Better grids by many small changes: simulated annealing of block flips and of whole village pieces.

Every change keeps each grid in one piece and free of holes (see `rings`), so any state may be returned. Random numbers come from an
own generator and the acceptance rule uses only multiplication and division, so a seed gives the same plan on every machine.

Source: Kirkpatrick, Gelatt, Vecchi, "Optimization by simulated annealing", Science 220 (1983), 671-680.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

FOUR_PI = 4 * np.pi


class Ground(NamedTuple):
    """What annealing never changes; n blocks, v villages, entries as in `Rings`."""

    ring_of: NDArray[np.int64]
    start: NDArray[np.int64]
    neighbour: NDArray[np.int32]
    length: NDArray[np.float64]
    bridge: NDArray[np.bool_]  # (entries,) the shared edge is a river edge that a road crosses
    households: NDArray[np.float64]  # (n,)
    area: NDArray[np.float64]  # (n,)
    perimeter: NDArray[np.float64]  # (n,)
    village: NDArray[np.int32]  # (n,)
    whole: NDArray[np.bool_]  # (v,) the village fits into one grid
    bank: NDArray[np.int32]  # (n,) part of the land between rivers
    fixed: NDArray[np.bool_]  # (n,) the block keeps its grid
    home: NDArray[np.int32]  # (n,) grid in force, -1 without one
    closed: NDArray[np.bool_]  # (k,) the grid takes and gives nothing
    nested: bool  # blocks only change between grids of their own village


class Plan(NamedTuple):
    """What annealing changes; k grids. Everything but `label` follows from it by `tally`."""

    label: NDArray[np.int32]  # (n,)
    households: NDArray[np.float64]  # (k,)
    area: NDArray[np.float64]  # (k,)
    perimeter: NDArray[np.float64]  # (k,)
    blocks: NDArray[np.int32]  # (k,)
    inhabited: NDArray[np.int32]  # (v, k) inhabited blocks of a village in a grid
    spread: NDArray[np.int32]  # (v,) grids of a village
    on_bank: NDArray[np.int32]  # (banks, k) inhabited blocks
    banks: NDArray[np.int32]  # (k,)
    bridges: NDArray[np.int32]  # (k,) bridge edges inside the grid, each seen from both sides


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
    moved: float  # one household leaves its grid in force


@njit(cache=True, nogil=True)
def tally(ground, plan):  # type: ignore[no-untyped-def]
    """Recompute every sum of `plan` from its labels."""
    for part in (plan.households, plan.area, plan.perimeter):
        part[:] = 0
    plan.blocks[:] = 0
    plan.inhabited[:] = 0
    plan.on_bank[:] = 0
    plan.bridges[:] = 0
    for b in range(len(plan.label)):
        g = plan.label[b]
        if g < 0:
            continue
        plan.households[g] += ground.households[b]
        plan.area[g] += ground.area[b]
        plan.blocks[g] += 1
        if ground.households[b] > 0:
            plan.inhabited[ground.village[b], g] += 1
            plan.on_bank[ground.bank[b], g] += 1
        for i in range(ground.start[ground.ring_of[b]], ground.start[ground.ring_of[b + 1]]):
            other = ground.neighbour[i]
            if other < 0 or plan.label[other] != g:
                plan.perimeter[g] += ground.length[i]
            elif ground.bridge[i]:
                plan.bridges[g] += 1
    for v in range(len(plan.spread)):
        plan.spread[v] = np.sum(plan.inhabited[v] > 0)
    for g in range(len(plan.banks)):
        plan.banks[g] = np.sum(plan.on_bank[:, g] > 0)


@njit(cache=True, nogil=True)
def _next(state):  # type: ignore[no-untyped-def]
    """Next 64 random bits (splitmix64, Steele, Lea, Flood 2014)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True, nogil=True)
def _below(state, count):  # type: ignore[no-untyped-def]
    """A random integer in [0, count)."""
    return np.int64(((_next(state) >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32))


@njit(cache=True, nogil=True)
def _accepts(state, cost, temperature):  # type: ignore[no-untyped-def]
    """Metropolis rule with (1 - x/32)^32 for exp(-x): no library call whose last bit differs between machines."""
    if cost <= 0.0:
        return True
    x = cost / temperature
    if x >= 20.0:
        return False
    chance = 1.0 - x / 32.0
    for _ in range(5):
        chance *= chance
    return (_next(state) >> np.uint64(11)) * (1.0 / 9007199254740992.0) < chance


@njit(cache=True, nogil=True)
def band_cost(households, weights):  # type: ignore[no-untyped-def]
    """Price of a grid of that many households: zero in the band, a step and a slope outside."""
    if households > weights.high:
        return weights.band * ((households - weights.high) / weights.target + 0.02)
    if households < weights.low:
        return weights.band * ((weights.low - households) / weights.target + 0.02)
    return 0.0


@njit(cache=True, nogil=True)
def _shape_cost(area, perimeter, weights):  # type: ignore[no-untyped-def]
    return -weights.shape * FOUR_PI * area / (perimeter * perimeter)


@njit(cache=True, nogil=True)
def _bank_cost(banks, bridges, weights):  # type: ignore[no-untyped-def]
    if banks < 2:
        return 0.0
    return (banks - 1) * (weights.river if bridges == 0 else weights.bridge)


@njit(cache=True, nogil=True)
def _label(plan, b):  # type: ignore[no-untyped-def]
    return plan.label[b] if b >= 0 else -1


@njit(cache=True, nogil=True)
def movable(ground, plan, b, h):  # type: ignore[no-untyped-def]
    """Whether grid h can take block b and both grids stay in one piece without holes."""
    g = plan.label[b]
    if ground.fixed[b] or ground.closed[h] or ground.closed[g] or plan.blocks[g] < 2:
        return False
    left = joined = 0
    for ring in range(ground.ring_of[b], ground.ring_of[b + 1]):
        low, high = ground.start[ring], ground.start[ring + 1]
        begin = low  # a place where one stretch ends and the next begins
        last = _label(plan, ground.neighbour[high - 1])
        while begin < high:
            label = _label(plan, ground.neighbour[begin])
            if label != last:
                break
            begin += 1
        if begin == high:  # one label all around
            begin = low
            last = -2
        counted = False
        for step in range(high - low):
            i = begin + step
            if i >= high:
                i -= high - low
            label = _label(plan, ground.neighbour[i])
            if label != last:
                counted = False
                joined += label == h
                last = label
            if label == g and not counted and ground.length[i] > 0:
                left += 1
                counted = True
    return left == 1 and joined == 1


@njit(cache=True, nogil=True)
def flip_cost(ground, plan, weights, b, h):  # type: ignore[no-untyped-def]
    """What the plan costs more once grid h has block b."""
    g = plan.label[b]
    with_g = with_h = 0.0
    bridges_g = bridges_h = 0
    for i in range(ground.start[ground.ring_of[b]], ground.start[ground.ring_of[b + 1]]):
        other = ground.neighbour[i]
        if other < 0 or other == b:
            continue
        label = plan.label[other]
        if label == g:
            with_g += ground.length[i]
            bridges_g += ground.bridge[i]
        elif label == h:
            with_h += ground.length[i]
            bridges_h += ground.bridge[i]
    area, edge, households = ground.area[b], ground.perimeter[b], ground.households[b]
    cost = _shape_cost(plan.area[g] - area, plan.perimeter[g] - edge + 2 * with_g, weights)
    cost += _shape_cost(plan.area[h] + area, plan.perimeter[h] + edge - 2 * with_h, weights)
    cost -= _shape_cost(plan.area[g], plan.perimeter[g], weights) + _shape_cost(
        plan.area[h], plan.perimeter[h], weights
    )
    loses = gains = 0
    if households > 0:
        cost += band_cost(plan.households[g] - households, weights) - band_cost(plan.households[g], weights)
        cost += band_cost(plan.households[h] + households, weights) - band_cost(plan.households[h], weights)
        home = ground.home[b]
        if home >= 0:
            cost += weights.moved * households * ((home == g) - (home == h))
        v = ground.village[b]
        spread = (plan.inhabited[v, h] == 0) - np.int64(plan.inhabited[v, g] == 1)
        if spread != 0:
            cost += weights.pair * spread
            if ground.whole[v]:
                cost += weights.torn * (np.int64(plan.spread[v] + spread > 1) - np.int64(plan.spread[v] > 1))
        bank = ground.bank[b]
        loses = np.int64(plan.on_bank[bank, g] == 1)
        gains = np.int64(plan.on_bank[bank, h] == 0)
    cost += _bank_cost(plan.banks[g] - loses, plan.bridges[g] - 2 * bridges_g, weights)
    cost += _bank_cost(plan.banks[h] + gains, plan.bridges[h] + 2 * bridges_h, weights)
    cost -= _bank_cost(plan.banks[g], plan.bridges[g], weights) + _bank_cost(plan.banks[h], plan.bridges[h], weights)
    return cost


@njit(cache=True, nogil=True)
def flip(ground, plan, b, h):  # type: ignore[no-untyped-def]
    """Give block b to grid h and keep every sum right."""
    g = plan.label[b]
    for i in range(ground.start[ground.ring_of[b]], ground.start[ground.ring_of[b + 1]]):
        other = ground.neighbour[i]
        if other < 0 or other == b:
            continue
        label = plan.label[other]
        if label == g:
            plan.perimeter[g] += 2 * ground.length[i]
            plan.bridges[g] -= 2 * ground.bridge[i]
        elif label == h:
            plan.perimeter[h] -= 2 * ground.length[i]
            plan.bridges[h] += 2 * ground.bridge[i]
    plan.perimeter[g] -= ground.perimeter[b]
    plan.perimeter[h] += ground.perimeter[b]
    plan.area[g] -= ground.area[b]
    plan.area[h] += ground.area[b]
    plan.blocks[g] -= 1
    plan.blocks[h] += 1
    households = ground.households[b]
    if households > 0:
        plan.households[g] -= households
        plan.households[h] += households
        v, bank = ground.village[b], ground.bank[b]
        plan.inhabited[v, g] -= 1
        plan.inhabited[v, h] += 1
        plan.spread[v] += np.int64(plan.inhabited[v, h] == 1) - np.int64(plan.inhabited[v, g] == 0)
        plan.on_bank[bank, g] -= 1
        plan.on_bank[bank, h] += 1
        plan.banks[g] -= plan.on_bank[bank, g] == 0
        plan.banks[h] += plan.on_bank[bank, h] == 1
    plan.label[b] = h


@njit(cache=True, nogil=True)
def _random_neighbour(ground, state, b):  # type: ignore[no-untyped-def]
    """A random block that shares an edge with b, -1 where the draw hits the outside or a mere corner."""
    low, high = ground.start[ground.ring_of[b]], ground.start[ground.ring_of[b + 1]]
    if high == low:
        return -1
    i = low + _below(state, high - low)
    return ground.neighbour[i] if ground.length[i] > 0 else -1


@njit(cache=True, nogil=True)
def move_piece(ground, plan, weights, state, temperature, b, h, queue, seen, stamp):  # type: ignore[no-untyped-def]
    """Try to give h the whole connected part of b's village that lies in b's grid, block by block; undone when refused."""
    g, v = plan.label[b], ground.village[b]
    queue[0] = b
    seen[b] = stamp
    count = 1
    i = 0
    while i < count:
        u = queue[i]
        i += 1
        for j in range(ground.start[ground.ring_of[u]], ground.start[ground.ring_of[u + 1]]):
            other = ground.neighbour[j]
            if other >= 0 and ground.length[j] > 0 and seen[other] != stamp:
                if plan.label[other] == g and ground.village[other] == v:
                    seen[other] = stamp
                    queue[count] = other
                    count += 1
    if count >= plan.blocks[g]:
        return False
    cost = 0.0
    moved = 0
    progress = True
    while progress and moved < count:
        progress = False
        for i in range(moved, count):
            u = queue[i]
            if movable(ground, plan, u, h):
                cost += flip_cost(ground, plan, weights, u, h)
                flip(ground, plan, u, h)
                queue[i] = queue[moved]
                queue[moved] = u
                moved += 1
                progress = True
    if moved == count and _accepts(state, cost, temperature):
        return True
    for i in range(moved - 1, -1, -1):
        flip(ground, plan, queue[i], g)
    return False


@njit(cache=True, nogil=True)
def anneal(ground, plan, weights, area, state, hot, cold, steps, pieces):  # type: ignore[no-untyped-def]
    """Run `steps` proposals on the blocks listed in `area` while the temperature falls from `hot` to `cold` geometrically.

    One proposal in `pieces` moves a whole village piece; 0 for none. Only grids of `area` may change, which the caller ensures by
    `ground.closed`. Returns the number of accepted changes.
    """
    queue = np.empty(len(plan.label), np.int64)
    seen = np.zeros(len(plan.label), np.int64)
    stamp = 0
    rounds = 200
    factor = (cold / hot) ** (1.0 / max(rounds - 1, 1))
    temperature = hot
    accepted = 0
    for _ in range(rounds):
        for _ in range(steps // rounds):
            b = area[_below(state, len(area))]
            other = _random_neighbour(ground, state, b)
            if other < 0:
                continue
            g, h = plan.label[b], plan.label[other]
            if g == h or (ground.nested and ground.village[b] != ground.village[other]):
                continue
            if pieces > 0 and _below(state, pieces) == 0:
                stamp += 1
                accepted += move_piece(ground, plan, weights, state, temperature, b, h, queue, seen, stamp)
            elif movable(ground, plan, b, h):
                cost = flip_cost(ground, plan, weights, b, h)
                if _accepts(state, cost, temperature):
                    flip(ground, plan, b, h)
                    accepted += 1
        temperature *= factor
    return accepted
