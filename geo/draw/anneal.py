"""Better grids by many small changes: simulated annealing of block flips and of whole village pieces.

Every change keeps each grid in one piece and free of holes (see `rings`), so any state may be returned. Random numbers
come from an own generator and the acceptance rule uses only multiplication and division, so a seed gives the same
plan on
every machine.

Source: Kirkpatrick, Gelatt, Vecchi, "Optimization by simulated annealing", Science 220 (1983), 671-680.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

FOUR_PI = 4 * np.pi


HOUSEHOLDS, AREA, PERIMETER = 0, 1, 2  # columns of Ground.size and Plan.size
BLOCKS, BANKS, BRIDGES = 3, 4, 5  # further columns of Plan.size
VILLAGE, BANK, HOME = 0, 1, 2  # columns of Ground.code


class Ground(NamedTuple):
    """What annealing never changes; n blocks, v villages, entries as in `Rings`."""

    ring_of: NDArray[np.int64]
    start: NDArray[np.int64]
    neighbour: NDArray[np.int32]
    length: NDArray[np.float64]
    bridge: NDArray[np.bool_]  # (entries,) the shared edge is a river edge that a road crosses
    size: NDArray[np.float64]  # (n, 3) households, area, perimeter
    code: NDArray[np.int32]  # (n, 3) village, part of the land between rivers, grid in force (-1 without one)
    whole: NDArray[np.bool_]  # (v,) the village fits into one grid
    fixed: NDArray[np.bool_]  # (n,) the block keeps its grid
    nested: bool  # blocks only change between grids of their own village


class Plan(NamedTuple):
    """What annealing changes; k grids. Everything but `label` follows from it by `tally`."""

    label: NDArray[np.int32]  # (n,)
    size: NDArray[
        np.float64
    ]  # (k, 6) households, area, perimeter, blocks, banks with households, bridge edges seen from both sides
    inhabited: NDArray[np.int32]  # (v, k) inhabited blocks of a village in a grid
    spread: NDArray[np.int32]  # (v,) grids of a village
    on_bank: NDArray[np.int32]  # (banks, k) inhabited blocks


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
    plan.size[:] = 0
    plan.inhabited[:] = 0
    plan.on_bank[:] = 0
    for b in range(len(plan.label)):
        g = plan.label[b]
        plan.size[g, HOUSEHOLDS] += ground.size[b, HOUSEHOLDS]
        plan.size[g, AREA] += ground.size[b, AREA]
        plan.size[g, BLOCKS] += 1
        if ground.size[b, HOUSEHOLDS] > 0:
            plan.inhabited[ground.code[b, VILLAGE], g] += 1
            plan.on_bank[ground.code[b, BANK], g] += 1
        for i in range(ground.start[ground.ring_of[b]], ground.start[ground.ring_of[b + 1]]):
            other = ground.neighbour[i]
            if other < 0 or plan.label[other] != g:
                plan.size[g, PERIMETER] += ground.length[i]
            elif ground.bridge[i]:
                plan.size[g, BRIDGES] += 1
    for v in range(len(plan.spread)):
        plan.spread[v] = np.sum(plan.inhabited[v] > 0)
    for g in range(len(plan.size)):
        plan.size[g, BANKS] = np.sum(plan.on_bank[:, g] > 0)


@njit(cache=True, nogil=True)
def price_of_grids(ground, plan, weights):  # type: ignore[no-untyped-def]
    """(k,) what each grid costs; they sum to the price of the plan without the households that have moved."""
    prices = np.zeros(len(plan.size))
    for g in range(len(plan.size)):
        if plan.size[g, BLOCKS] > 0:
            prices[g] = weights.shape + _shape_cost(plan.size[g, AREA], plan.size[g, PERIMETER], weights)
            prices[g] += band_cost(plan.size[g, HOUSEHOLDS], weights)
            prices[g] += _bank_cost(plan.size[g, BANKS], plan.size[g, BRIDGES], weights)
    for v in range(len(plan.spread)):
        fee = weights.pair
        if ground.whole[v] and plan.spread[v] > 1:
            fee += weights.torn / plan.spread[v]
        for g in range(len(plan.size)):
            if plan.inhabited[v, g] > 0:
                prices[g] += fee
    return prices


@njit(cache=True, nogil=True)
def _next(state):  # type: ignore[no-untyped-def]
    """Next 64 random bits (splitmix64, Steele, Lea, Flood 2014)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True, nogil=True)
def below(state, count):  # type: ignore[no-untyped-def]
    """A random integer in [0, count)."""
    return np.int64(((_next(state) >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32))


@njit(cache=True, nogil=True)
def accepts(state, cost, temperature):  # type: ignore[no-untyped-def]
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
        return weights.band * ((households - weights.high) / weights.target + 0.03)
    if households < weights.low:
        return weights.band * ((weights.low - households) / weights.target + 0.03)
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
def _scan(ring_of, start, neighbour, length, bridge, label, b, h):  # type: ignore[no-untyped-def]
    """Look once around block b.

    Returns whether its grid and grid h stay in one piece without holes when h takes it, the length it shares with
    either
    grid, and the bridges to either.
    """
    g = label[b]
    left = joined = 0
    with_g = with_h = 0.0
    bridges_g = bridges_h = 0
    for ring in range(ring_of[b], ring_of[b + 1]):
        low, high = start[ring], start[ring + 1]
        other = neighbour[high - 1]
        last = label[other] if other >= 0 else -1
        changes = 0
        counted = first_counted = False
        for i in range(low, high):
            other = neighbour[i]
            here = label[other] if other >= 0 else -1
            if here != last:
                if changes == 0:
                    first_counted = counted
                changes += 1
                counted = False
                joined += here == h
                last = here
            shared = length[i]
            if shared > 0:
                if here == g:
                    left += not counted
                    counted = True
                    with_g += shared
                    bridges_g += bridge[i]
                elif here == h:
                    with_h += shared
                    bridges_h += bridge[i]
        if changes == 0:  # one label all around
            joined += last == h
        elif counted and first_counted:  # the stretch that runs over the start was counted at both ends
            left -= 1
    return left == 1 and joined == 1, with_g, with_h, bridges_g, bridges_h


@njit(cache=True, nogil=True)
def _price(ground, plan, weights, b, h, with_g, with_h, bridges_g, bridges_h):  # type: ignore[no-untyped-def]
    """What the plan costs more once grid h has block b."""
    sizes, code, block = plan.size, ground.code, ground.size
    g = plan.label[b]
    households, area, edge = block[b, HOUSEHOLDS], block[b, AREA], block[b, PERIMETER]
    cost = _shape_cost(sizes[g, AREA] - area, sizes[g, PERIMETER] - edge + 2 * with_g, weights)
    cost += _shape_cost(sizes[h, AREA] + area, sizes[h, PERIMETER] + edge - 2 * with_h, weights)
    cost -= _shape_cost(sizes[g, AREA], sizes[g, PERIMETER], weights)
    cost -= _shape_cost(sizes[h, AREA], sizes[h, PERIMETER], weights)
    loses = gains = np.int64(0)
    if households > 0:
        has_g, has_h = sizes[g, HOUSEHOLDS], sizes[h, HOUSEHOLDS]
        cost += band_cost(has_g - households, weights) - band_cost(has_g, weights)
        cost += band_cost(has_h + households, weights) - band_cost(has_h, weights)
        v, bank, home = code[b, VILLAGE], code[b, BANK], code[b, HOME]
        if home >= 0:
            cost += weights.moved * households * ((home == g) - np.int64(home == h))
        inhabited = plan.inhabited
        spread = np.int64(inhabited[v, h] == 0) - np.int64(inhabited[v, g] == 1)
        if spread != 0:
            cost += weights.pair * spread
            if ground.whole[v]:
                has_v = plan.spread[v]
                cost += weights.torn * (np.int64(has_v + spread > 1) - np.int64(has_v > 1))
        on_bank = plan.on_bank
        loses = np.int64(on_bank[bank, g] == 1)
        gains = np.int64(on_bank[bank, h] == 0)
    if sizes[g, BANKS] > 1 or sizes[h, BANKS] + gains > 1:
        cost += _bank_cost(sizes[g, BANKS] - loses, sizes[g, BRIDGES] - 2 * bridges_g, weights)
        cost += _bank_cost(sizes[h, BANKS] + gains, sizes[h, BRIDGES] + 2 * bridges_h, weights)
        cost -= _bank_cost(sizes[g, BANKS], sizes[g, BRIDGES], weights)
        cost -= _bank_cost(sizes[h, BANKS], sizes[h, BRIDGES], weights)
    return cost


@njit(cache=True, nogil=True)
def _flip(ground, plan, b, h, with_g, with_h, bridges_g, bridges_h):  # type: ignore[no-untyped-def]
    """Give block b to grid h and keep every sum right."""
    sizes, block = plan.size, ground.size
    g = plan.label[b]
    households, area, edge = block[b, HOUSEHOLDS], block[b, AREA], block[b, PERIMETER]
    sizes[g, PERIMETER] += 2 * with_g - edge
    sizes[h, PERIMETER] += edge - 2 * with_h
    sizes[g, BRIDGES] -= 2 * bridges_g
    sizes[h, BRIDGES] += 2 * bridges_h
    sizes[g, AREA] -= area
    sizes[h, AREA] += area
    sizes[g, BLOCKS] -= 1
    sizes[h, BLOCKS] += 1
    if households > 0:
        sizes[g, HOUSEHOLDS] -= households
        sizes[h, HOUSEHOLDS] += households
        v, bank = ground.code[b, VILLAGE], ground.code[b, BANK]
        inhabited, on_bank = plan.inhabited, plan.on_bank
        inhabited[v, g] -= 1
        inhabited[v, h] += 1
        plan.spread[v] += np.int64(inhabited[v, h] == 1) - np.int64(inhabited[v, g] == 0)
        on_bank[bank, g] -= 1
        on_bank[bank, h] += 1
        sizes[g, BANKS] -= on_bank[bank, g] == 0
        sizes[h, BANKS] += on_bank[bank, h] == 1
    plan.label[b] = h


@njit(cache=True, nogil=True)
def _undo(ground, plan, b, g):  # type: ignore[no-untyped-def]
    """Give block b back to grid g, whatever the pieces."""
    _, with_g, with_h, bridges_g, bridges_h = _scan(
        ground.ring_of, ground.start, ground.neighbour, ground.length, ground.bridge, plan.label, b, g
    )
    _flip(ground, plan, b, g, with_g, with_h, bridges_g, bridges_h)


@njit(cache=True, nogil=True)
def _stamp(seen):  # type: ignore[no-untyped-def]
    """A number no block is marked with yet; the last cell counts."""
    seen[-1] += 1
    return seen[-1]


@njit(cache=True, nogil=True)
def _move_piece(ground, plan, weights, state, temperature, b, h, by, queue, seen):  # type: ignore[no-untyped-def]
    """Try to give h the connected part of b's grid that shares b's code `by`, block by block.

    Undone when refused. Returns what the plan costs more.
    """
    start, neighbour, length, ring_of = ground.start, ground.neighbour, ground.length, ground.ring_of
    label, code = plan.label, ground.code
    g, v = label[b], code[b, by]
    stamp = _stamp(seen)
    queue[0] = b
    seen[b] = stamp
    count = 1
    i = 0
    most = int(plan.size[g, BLOCKS] * 0.7)
    while i < count:
        u = queue[i]
        i += 1
        if ground.fixed[u]:
            return 0.0
        for j in range(start[ring_of[u]], start[ring_of[u + 1]]):
            other = neighbour[j]
            if other >= 0 and length[j] > 0 and seen[other] != stamp and label[other] == g and code[other, by] == v:
                seen[other] = stamp
                queue[count] = other
                count += 1
        if count > most:
            return 0.0
    cost = 0.0
    moved = 0
    progress = True
    while progress and moved < count:
        progress = False
        for i in range(moved, count):
            u = queue[i]
            fine, with_g, with_h, bridges_g, bridges_h = _scan(
                ring_of, start, neighbour, length, ground.bridge, label, u, h
            )
            if fine:
                cost += _price(ground, plan, weights, u, h, with_g, with_h, bridges_g, bridges_h)
                _flip(ground, plan, u, h, with_g, with_h, bridges_g, bridges_h)
                queue[i] = queue[moved]
                queue[moved] = u
                moved += 1
                progress = True
    if moved == count and accepts(state, cost, temperature):
        return cost
    for i in range(moved - 1, -1, -1):
        _undo(ground, plan, queue[i], g)
    return 0.0


@njit(cache=True, nogil=True)
def anneal(ground, plan, weights, area, turn, now, state, hot, cold, steps, pieces, seen):  # type: ignore[no-untyped-def]
    """Run `steps` proposals on the blocks listed in `area` while the temperature falls from `hot` to `cold`
    geometrically.

    Only grids with `turn[grid] == now` change. One proposal in `pieces` moves what a grid holds of a village or of a
    river
    bank; 0 for none. `seen` (n + 1,) is scratch space, zeros at first. Returns what the plan costs more.
    """
    ring_of, start, neighbour, length = ground.ring_of, ground.start, ground.neighbour, ground.length
    label, code, fixed, bridge = plan.label, ground.code, ground.fixed, ground.bridge
    queue = np.empty(len(label), np.int64)
    rounds = 50
    factor = (cold / hot) ** (1.0 / rounds)
    temperature = hot
    total = 0.0
    for _ in range(rounds):
        for _ in range(steps // rounds):
            b = area[below(state, len(area))]
            low, high = start[ring_of[b]], start[ring_of[b + 1]]
            if high == low:
                continue
            i = low + below(state, high - low)
            other = neighbour[i]
            if other < 0 or length[i] == 0:
                continue
            g, h = label[b], label[other]
            if g == h or fixed[b] or turn[h] != now or turn[g] != now or plan.size[g, BLOCKS] < 2:
                continue
            if ground.nested and code[b, VILLAGE] != code[other, VILLAGE]:
                continue
            if pieces > 0 and below(state, pieces) == 0:
                by = VILLAGE if below(state, 4) > 0 else BANK
                total += _move_piece(ground, plan, weights, state, temperature, b, h, by, queue, seen)
                continue
            fine, with_g, with_h, bridges_g, bridges_h = _scan(ring_of, start, neighbour, length, bridge, label, b, h)
            if fine:
                cost = _price(ground, plan, weights, b, h, with_g, with_h, bridges_g, bridges_h)
                if accepts(state, cost, temperature):
                    _flip(ground, plan, b, h, with_g, with_h, bridges_g, bridges_h)
                    total += cost
        temperature *= factor
    return total


@njit(cache=True, nogil=True)
def refine(ground, plan, weights, members, turn, state, hot, cold, sweeps, trials):  # type: ignore[no-untyped-def]  # noqa: C901, PLR0912
    """Anneal small groups of neighbouring grids anew, `trials` times, and keep what is better.

    `turn` (k,) is 0 for the grids that may change, -1 for the others; `members` lists the blocks of the former. Returns
    what the plan costs more, a number <= 0.
    """
    ring_of, start, neighbour = ground.ring_of, ground.start, ground.neighbour
    blocks = np.empty(len(members), np.int64)
    old = np.empty(len(members), np.int32)
    seen = np.zeros(len(plan.label) + 1, np.int64)
    chosen = np.empty(8, np.int64)
    gain = 0.0
    now = 0
    if len(members) == 0:
        return gain
    for _ in range(trials):
        now += 1
        b = members[below(state, len(members))]
        g = plan.label[b]
        chosen[0] = g
        turn[g] = now
        wanted = 2 + below(state, 4)
        grids = 1
        count = _gather(ground, plan, b, g, blocks, 0, seen)
        for _ in range(60):
            if grids == wanted:
                break
            b = blocks[below(state, count)]
            low, high = start[ring_of[b]], start[ring_of[b + 1]]
            if low == high:
                continue
            other = neighbour[low + below(state, high - low)]
            if other < 0:
                continue
            h = plan.label[other]
            if turn[h] < 0 or turn[h] == now:
                continue
            turn[h] = now
            grids += 1
            count = _gather(ground, plan, other, h, blocks, count, seen)
        if grids < 2:
            continue
        for i in range(count):
            old[i] = plan.label[blocks[i]]
        heat = hot
        for _ in range(below(state, 4)):
            heat *= 0.5
        cost = anneal(ground, plan, weights, blocks[:count], turn, now, state, heat, cold, sweeps * count, 25, seen)
        if cost < 0.0:
            gain += cost
        else:
            for i in range(count):
                if plan.label[blocks[i]] != old[i]:
                    _undo(ground, plan, blocks[i], old[i])
    return gain


@njit(cache=True, nogil=True)
def _gather(ground, plan, b, g, blocks, count, seen):  # type: ignore[no-untyped-def]
    """Append the blocks of grid g that hang together with b to `blocks`; returns how many it holds then."""
    start, neighbour, length, ring_of = ground.start, ground.neighbour, ground.length, ground.ring_of
    stamp = _stamp(seen)
    seen[b] = stamp
    blocks[count] = b
    i = count
    count += 1
    while i < count:
        u = blocks[i]
        i += 1
        for j in range(start[ring_of[u]], start[ring_of[u + 1]]):
            other = neighbour[j]
            if other >= 0 and length[j] > 0 and plan.label[other] == g and seen[other] != stamp:
                seen[other] = stamp
                blocks[count] = other
                count += 1
    return count
