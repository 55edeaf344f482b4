"""Which villages share grids: groups of whole villages that can be cut into grids without touching another village.

A group of k grids that hold v villages costs at least v + k - 1 village-grid pairs, so the more groups the fewer
villages are torn
apart. The groups are found by annealing on whole villages, split where a river runs through them: a few hundred
units, not
thousands of blocks.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo.draw.anneal import PATIENCE, below
from geo.draw.graph import summed
from geo.draw.ground import FOUR_PI
from geo.draw.request import Band
from geo.draw.units import Units

STARTS = {"fast": 4, "normal": 6, "thorough": 48}  # searches for groups


class Prices(NamedTuple):
    """The band and the price of each fault, as in `anneal.Weights`; `slack` households keep a cut possible."""

    low: float
    high: float
    target: float
    slack: float
    pair: float
    torn: float
    river: float
    shape: float
    misfit: float  # a group that no number of grids fits
    astray: float  # one grid more or less than wanted


def best_groups(
    unit: NDArray[np.int64], units: Units, prices: Prices, band: Band, grids: int, seed: int, effort: str
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return ways to group, the cheapest first: the group of each block (n,) and the grids of each group (g,).

    The grids sum to `grids` where the band allows it.
    """
    steps = 50_000 + 3000 * len(units.households)
    starts = STARTS[effort]

    def search(start: int) -> tuple[float, NDArray[np.int64]]:
        group, cost = _search(units, prices, grids, np.array([seed * 1000 + start], np.uint64), steps, PATIENCE)
        return cost, group

    with ThreadPoolExecutor(2) as pool:
        found = sorted(pool.map(search, range(starts)), key=lambda pair: pair[0])
    ways: dict[bytes, NDArray[np.int64]] = {}
    for _, group in found:
        first = np.unique(group, return_index=True, return_inverse=True)
        way = first[1][first[2]]  # named by the first unit of the group, so that equal groupings look equal
        ways.setdefault(way.tobytes(), np.unique(way, return_inverse=True)[1])
    totals = [(way, summed(way, units.households, int(way.max()) + 1)) for way in ways.values()]
    return [(way[unit], share_out(total, band, grids)) for way, total in totals]


def share_out(total: NDArray[np.float64], band: Band, grids: int) -> NDArray[np.int64]:
    """(g,) grids of each group: the best number for it, then changed where it hurts least until they sum to `grids`."""
    count = np.array([band.best_count(size) for size in total], np.int64)
    for _ in range(abs(int(count.sum()) - grids)):
        step = 1 if count.sum() < grids else -1
        mean = total / np.maximum(count + step, 1)
        possible = (mean >= band.low) & (mean <= band.high) & (count + step > 0)
        if not possible.any():
            break
        count[np.argmin(np.where(possible, abs(mean - band.target), np.inf))] += step
    return count


@njit(cache=True, nogil=True)
def _counts(total, prices):  # type: ignore[no-untyped-def]
    """Fewest and most grids that fit, and by how much they miss the band (0 when they fit)."""
    fewest = max(1, int(np.ceil(total / prices.high - 1e-9)))
    most = int(np.floor(total / prices.low + 1e-9))
    if fewest > 1 or most > 1:
        if fewest * (prices.high - prices.slack) < total:
            fewest += 1
        if most > 1 and most * (prices.low + prices.slack) > total:
            most -= 1
    if fewest <= most:
        return fewest, most, 0.0
    most = max(most, 1)
    near = min(abs(total - most * prices.high), abs(total - (most + 1) * prices.low))
    if total < prices.low:
        near = prices.low - total
    k = max(1, int(total / prices.target + 0.5))
    return k, k, max(near, 1.0)


@njit(cache=True, nogil=True)
def _group_cost(units, prices, c, group, head, after):  # type: ignore[no-untyped-def]
    """Price of group c, and the fewest and most grids it may have."""
    total = area = edge = room = cost = twins = 0.0
    m = head[c]
    if m < 0:
        return 0.0, 0, 0
    bank = units.bank[m]
    straddles = False
    members = 0
    while m >= 0:
        members += 1
        total += units.households[m]
        area += units.area[m]
        edge += units.perimeter[m]
        twin = False
        for j in range(units.start[m], units.start[m + 1]):
            if group[units.neighbour[j]] == c:
                edge -= units.border[j]
        other = after[m]
        while other >= 0:
            twin |= units.village[other] == units.village[m]
            other = after[other]
        fee = prices.pair + (prices.torn if units.size[m] <= prices.high else 0.0)
        if twin:
            twins += fee
        else:
            cost += fee
        straddles |= units.bank[m] != bank
        if units.size[m] > prices.high:
            room += units.households[m] / prices.target
        m = after[m]
    fewest, most, miss = _counts(total, prices)
    k = min(max(int(total / prices.target + 0.5), fewest), most)
    compact = FOUR_PI * area / (edge * edge)
    if k == 1:
        cost += prices.shape * (1.0 - compact)
    else:
        # drawn plans: cuts of two or three grids follow the outline of the group, of more the number of its villages
        expected = min(0.72, 0.35 + 0.5 * compact) if k < 4 else max(0.5, 0.66 - 0.008 * max(0, members - 2))
        cost += prices.shape * k * (1.0 - expected)
        cost += twins + (k - 1) * prices.pair + max(0.0, k - 1 - room) * prices.torn
    if straddles:
        cost += prices.river
    if miss > 0:
        cost += prices.misfit * (1.0 + 10.0 * miss / prices.target)
    return cost, fewest, most


@njit(cache=True, nogil=True)
def _connected(units, c, group, head, after, queue, seen, stamp):  # type: ignore[no-untyped-def]
    """Whether the units of group c hang together."""
    members = 0
    m = head[c]
    while m >= 0:
        members += 1
        m = after[m]
    if members < 2:
        return True
    queue[0] = head[c]
    seen[head[c]] = stamp
    count = 1
    i = 0
    while i < count:
        u = queue[i]
        i += 1
        for j in range(units.start[u], units.start[u + 1]):
            other = units.neighbour[j]
            if group[other] == c and seen[other] != stamp:
                seen[other] = stamp
                queue[count] = other
                count += 1
    return count == members


@njit(cache=True, nogil=True)
def _relink(u, c, group, head, before, after):  # type: ignore[no-untyped-def]
    """Move unit u into the member list of group c."""
    if before[u] >= 0:
        after[before[u]] = after[u]
    else:
        head[group[u]] = after[u]
    if after[u] >= 0:
        before[after[u]] = before[u]
    group[u] = c
    before[u] = -1
    after[u] = head[c]
    if head[c] >= 0:
        before[head[c]] = u
    head[c] = u


@njit(cache=True, nogil=True)
def _search(units, prices, grids, state, steps, patience):  # type: ignore[no-untyped-def]  # noqa: C901, PLR0912, PLR0915 - numba inlines no state
    """Anneal from one group per unit; returns the cheapest grouping seen and its cost."""
    size = len(units.households)
    group = np.arange(size)
    head = np.arange(size)
    before = np.full(size, -1, np.int64)
    after = np.full(size, -1, np.int64)
    cost = np.empty(size)
    fewest = np.empty(size, np.int64)
    most = np.empty(size, np.int64)
    for c in range(size):
        cost[c], fewest[c], most[c] = _group_cost(units, prices, c, group, head, after)
    least, largest, total = fewest.sum(), most.sum(), cost.sum()
    queue = np.empty(size, np.int64)
    seen = np.zeros(size, np.int64)
    moved = np.empty(size, np.int64)
    stamp = 0
    best = group.copy()
    best_cost = total + prices.astray * max(0, least - grids, grids - largest)
    temperature = 0.3
    factor = (0.1 / 0.3) ** (1.0 / max(steps, 1))
    for _ in range(steps):
        temperature *= factor
        u = below(state, size)
        c = group[u]
        kind = below(state, 16)
        if kind < 1:  # a group of its own
            if after[head[c]] < 0:
                continue
            d = 0
            while d < size and head[d] >= 0:
                d += 1
        else:
            if units.start[u] == units.start[u + 1]:
                continue
            w = units.neighbour[units.start[u] + below(state, units.start[u + 1] - units.start[u])]
            d = group[w]
            if d == c:
                continue
        count = 0
        if kind == 1:  # the whole group
            m = head[c]
            while m >= 0:
                moved[count] = m
                count += 1
                m = after[m]
        else:
            moved[0] = u
            count = 1
            if kind == 0 or kind > 5:  # with some of its neighbours in the group
                stamp += 1
                seen[u] = stamp
                wanted = 1 + below(state, 5)
                for _ in range(2 * wanted):
                    if count == wanted:
                        break
                    near = moved[below(state, count)]
                    if units.start[near] == units.start[near + 1]:
                        continue
                    near = units.neighbour[units.start[near] + below(state, units.start[near + 1] - units.start[near])]
                    if group[near] == c and seen[near] != stamp:
                        seen[near] = stamp
                        moved[count] = near
                        count += 1
        for i in range(count):
            _relink(moved[i], d, group, head, before, after)
        exchanged = -1
        if kind == 2 and head[c] >= 0:  # in exchange for the neighbour
            exchanged = w
            _relink(w, c, group, head, before, after)
        stamp += 2
        fine = _connected(units, c, group, head, after, queue, seen, stamp)
        if fine and exchanged >= 0:
            fine = _connected(units, d, group, head, after, queue, seen, stamp + 1)
        if fine:
            cost_c, few_c, most_c = _group_cost(units, prices, c, group, head, after)
            cost_d, few_d, most_d = _group_cost(units, prices, d, group, head, after)
            old_d, old_few, old_most = (cost[d], fewest[d], most[d]) if kind != 0 else (0.0, 0, 0)
            new_least = least + few_c + few_d - fewest[c] - old_few
            new_most = largest + most_c + most_d - most[c] - old_most
            change = cost_c + cost_d - cost[c] - old_d
            off = max(0, least - grids, grids - largest)
            change += prices.astray * (max(0, new_least - grids, grids - new_most) - off)
            fine = change < temperature * patience[below(state, len(patience))]
        if fine:
            total += cost_c + cost_d - cost[c] - old_d
            cost[c], fewest[c], most[c] = cost_c, few_c, most_c
            cost[d], fewest[d], most[d] = cost_d, few_d, most_d
            least, largest = new_least, new_most
            value = total + prices.astray * max(0, least - grids, grids - largest)
            if value < best_cost - 1e-9:
                best_cost = value
                best[:] = group
            continue
        if exchanged >= 0:
            _relink(exchanged, d, group, head, before, after)
        for i in range(count):
            _relink(moved[i], c, group, head, before, after)
    return best, best_cost
