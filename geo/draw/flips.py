"""One block or one piece of a village changes its grid: what it does to contiguity, price and sums.

All work on plain arrays: handing named tuples of arrays from one compiled function to the next costs more than the work
itself.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from geo.draw.ground import (
    AREA,
    BANK,
    BANKS,
    BLOCKS,
    BRIDGES,
    HOME,
    HOUSEHOLDS,
    PERIMETER,
    SHAPE,
    VILLAGE,
    VILLAGES,
    band_cost,
    bank_cost,
    shape_cost,
)


@njit(cache=True, nogil=True)
def scan(ring_of, start, neighbour, length, bridge, label, b, g, h):  # type: ignore[no-untyped-def]
    """Look once around block b of grid g.

    Returns whether both grids stay in one piece without holes when h takes it, the length it shares with either grid,
    and the bridges to either.
    """
    left = joined = np.int64(0)
    with_g = with_h = 0.0
    bridges_g = bridges_h = np.int64(0)
    for ring in range(ring_of[b], ring_of[b + 1]):
        low, high = start[ring], start[ring + 1]
        other = neighbour[high - 1]
        last = label[other] if other >= 0 else -1
        changes = np.int64(0)
        counted = first_counted = np.int64(0)
        for i in range(low, high):  # without branches: which label comes next cannot be foretold
            other = neighbour[i]
            here = label[other] if other >= 0 else -1
            shared = length[i]
            changed, is_g, is_h = np.int64(here != last), np.int64(here == g), np.int64(here == h)
            if changes == 0:
                first_counted = counted
            changes += changed
            counted &= 1 - changed
            joined += changed & is_h
            hit = is_g & np.int64(shared > 0)
            left += hit & (1 - counted)
            counted |= hit
            with_g += shared if here == g else 0.0
            with_h += shared if here == h else 0.0
            bridges_g += is_g & np.int64(bridge[i])
            bridges_h += is_h & np.int64(bridge[i])
            last = here
        if changes == 0:  # one label all around
            joined += last == h
        elif counted and first_counted:  # the stretch that runs over the start was counted at both ends
            left -= 1
    return left == 1 and joined == 1, with_g, with_h, bridges_g, bridges_h


@njit(cache=True, nogil=True)
def misfit(sums, households, g, h, weights):  # type: ignore[no-untyped-def]
    """What the band costs more once grid h has so many households of grid g."""
    has_g, has_h = sums[g, HOUSEHOLDS], sums[h, HOUSEHOLDS]
    cost = band_cost(has_g - households, weights) - band_cost(has_g, weights)
    return cost + band_cost(has_h + households, weights) - band_cost(has_h, weights)


@njit(cache=True, nogil=True)
def hope(sums, g, h, weights):  # type: ignore[no-untyped-def]
    """No block that changes from grid g to grid h lowers the price by more than this, band and moving left aside."""
    most = sums[g, SHAPE] + sums[h, SHAPE] + 2 * weights.shape + weights.pair + weights.torn
    if sums[g, BANKS] > 1 or sums[h, BANKS] > 1:
        most += bank_cost(sums[g, BANKS], 0, weights) + bank_cost(sums[h, BANKS], 0, weights)
    return most


@njit(cache=True, nogil=True, inline="always")
def price(  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    sums, inhabited, spread, size, code, whole, weights, b, g, h, off, with_g, with_h, bridges_g, bridges_h
):
    """What the plan costs more once grid h has block b of grid g; `off` is what the band costs more."""
    households, area, edge = size[b, HOUSEHOLDS], size[b, AREA], size[b, PERIMETER]
    cost = shape_cost(sums[g, AREA] - area, sums[g, PERIMETER] - edge + 2 * with_g, weights)
    cost += shape_cost(sums[h, AREA] + area, sums[h, PERIMETER] + edge - 2 * with_h, weights)
    cost += off - (sums[g, SHAPE] + sums[h, SHAPE])
    loses = gains = np.int64(0)
    if households > 0:
        v, bank, home = code[b, VILLAGE], code[b, BANK], code[b, HOME]
        if home >= 0:
            cost += weights.moved * households * ((home == g) - np.int64(home == h))
        more = np.int64(inhabited[v, h] == 0) - np.int64(inhabited[v, g] == 1)
        if more != 0:
            cost += weights.pair * more
            if whole[v]:
                cost += weights.torn * (np.int64(spread[v] + more > 1) - np.int64(spread[v] > 1))
        loses = np.int64(inhabited[bank, g] == 1)
        gains = np.int64(inhabited[bank, h] == 0)
    if sums[g, BANKS] > 1 or sums[h, BANKS] + gains > 1:
        cost += bank_cost(sums[g, BANKS] - loses, sums[g, BRIDGES] - 2 * bridges_g, weights)
        cost += bank_cost(sums[h, BANKS] + gains, sums[h, BRIDGES] + 2 * bridges_h, weights)
        cost -= bank_cost(sums[g, BANKS], sums[g, BRIDGES], weights)
        cost -= bank_cost(sums[h, BANKS], sums[h, BRIDGES], weights)
    return cost


@njit(cache=True, nogil=True)
def flip(  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    sums, inhabited, spread, label, size, code, ring_of, start, neighbour, edge, weights,
    b, g, h, with_g, with_h, bridges_g, bridges_h, cuts, place, turn,
):  # fmt: skip
    """Give block b of grid g to grid h; keep every sum and the list of cut edges right."""
    households, area, around = size[b, HOUSEHOLDS], size[b, AREA], size[b, PERIMETER]
    sums[g, PERIMETER] += 2 * with_g - around
    sums[h, PERIMETER] += around - 2 * with_h
    sums[g, BRIDGES] -= 2 * bridges_g
    sums[h, BRIDGES] += 2 * bridges_h
    sums[g, AREA] -= area
    sums[h, AREA] += area
    sums[g, BLOCKS] -= 1
    sums[h, BLOCKS] += 1
    sums[g, SHAPE] = shape_cost(sums[g, AREA], sums[g, PERIMETER], weights)
    sums[h, SHAPE] = shape_cost(sums[h, AREA], sums[h, PERIMETER], weights)
    if households > 0:
        sums[g, HOUSEHOLDS] -= households
        sums[h, HOUSEHOLDS] += households
        v, bank = code[b, VILLAGE], code[b, BANK]
        inhabited[v, g] -= 1
        inhabited[v, h] += 1
        comes, goes = np.int64(inhabited[v, h] == 1), np.int64(inhabited[v, g] == 0)
        spread[v] += comes - goes
        sums[h, VILLAGES] += comes
        sums[g, VILLAGES] -= goes
        inhabited[bank, g] -= 1
        inhabited[bank, h] += 1
        sums[g, BANKS] -= inhabited[bank, g] == 0
        sums[h, BANKS] += inhabited[bank, h] == 1
    label[b] = h
    count = cuts[-1]
    for i in range(start[ring_of[b]], start[ring_of[b + 1]]):
        e = edge[i]
        if e < 0:
            continue
        other = label[neighbour[i]]
        at = place[e]
        if other == h:
            if at >= 0:
                count -= 1
                last = cuts[count]
                cuts[at] = last
                place[last] = at
                place[e] = -1
        elif at < 0 and turn[other] == turn[h]:
            cuts[count] = e
            place[e] = count
            count += 1
    cuts[-1] = count


@njit(cache=True, nogil=True)
def gather(ring_of, start, neighbour, length, label, code, b, by, most, queue, seen):  # type: ignore[no-untyped-def]
    """How many blocks hang together with b in its grid and share its code `by`, listed in `queue`; 0 above `most`.

    by < 0 takes all blocks of the grid.
    """
    g = label[b]
    v = code[b, by]
    seen[-1] += 1  # a number no block is marked with yet
    stamp = seen[-1]
    queue[0] = b
    seen[b] = stamp
    count = 1
    i = 0
    while i < count:
        u = queue[i]
        i += 1
        for j in range(start[ring_of[u]], start[ring_of[u + 1]]):
            other = neighbour[j]
            if other < 0 or length[j] == 0 or seen[other] == stamp or label[other] != g:
                continue
            if by < 0 or code[other, by] == v:
                seen[other] = stamp
                queue[count] = other
                count += 1
        if count > most:
            return 0
    return count
