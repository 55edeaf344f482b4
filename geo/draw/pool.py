"""Every group of villages that may share grids: connected, of a size that a number of grids fits, without holes.

The groups are listed as Wernicke lists the connected subgraphs of a graph, each exactly once. A group may hold as many
households as three grids, or a large village and as many as one grid around it. What a group will cost once it is drawn
is estimated here on the low side; `partition` finds out where that matters.

Source: Wernicke, "Efficient detection of network motifs", IEEE/ACM TCBB 3 (2006), 347-359, algorithm ESU.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csc_array

from geo.draw.ground import FOUR_PI, Weights
from geo.draw.units import Units

GRIDS = 3.0  # full grids a group may hold; a large village counts for two
UNITS = 12  # villages, or parts of them, in one group
MANY = 100_000  # groups listed at most; where hamlets abound only groups of fewer units are
SLACK = 0.01  # share of the target that keeps a cut into equal grids possible
ACROSS = 2.0  # grids on both banks in a group of several grids on both banks, as it turns out
RAGGED = 0.3, 0.2  # compactness of the outline below which no small group, and no single grid, is drawn


class Pool(NamedTuple):
    """Groups and the grids each would be cut into; m groups over u units."""

    members: csc_array  # (u, m) 1 where the unit is in the group
    grids: NDArray[np.int64]  # (m,) with those of oversize blocks
    estimate: NDArray[np.float64]  # (m,) price as in `ground.price_of_grids`, rather too low than too high
    unfit: NDArray[np.bool_]  # (m,) a unit alone that no number of grids fits
    spans: NDArray[np.bool_]  # (m,) lies on two banks of a river
    large: NDArray[np.int64]  # (m,) parts of villages too large for a grid
    apart: NDArray[np.float64]  # (m,) price of villages that lie partly in other groups, which no drawing shows


def pool_of(units: Units, weights: Weights) -> Pool:
    """All groups worth a look. Every unit also stands alone, even where no number of grids fits it."""
    counted = np.minimum(units.households, 2 * weights.high)
    for largest in range(UNITS, 1, -1):
        group, size = _connected(units.start, units.neighbour, counted, GRIDS * weights.high, largest, MANY)
        if len(size) < MANY:
            break
    member = np.where(np.arange(group.shape[1]) < size[:, None], group, -1)  # -1 finds what is appended below
    total = np.append(units.households, 0.0)[member].sum(axis=1)
    low, high = weights.low + SLACK * weights.target, weights.high - SLACK * weights.target
    fewest = np.maximum(1, np.ceil(total / high - 1e-9))
    most = np.floor(total / low + 1e-9)
    single = (total >= weights.low) & (total <= weights.high)
    fewest, most = np.where(single, 1, fewest), np.where(single, 1, most)
    usable = (size == 1) | (fewest <= most)
    group, size, member = group[usable], size[usable], member[usable]
    total, fewest, most = total[usable], fewest[usable], most[usable]
    alone = size == 1
    large = np.append(units.size > weights.high, False)[member].sum(axis=1)
    best = np.maximum(1, np.round(total / weights.target))
    unfit = alone & (fewest > most)
    fewest, most = np.where(unfit, best, fewest), np.where(unfit, best, most)
    ragged = np.where(alone | (best > GRIDS), 0.0, np.where(best > 1, *RAGGED))
    outline, villages, parts, banks, hole = _features(units, group, size, weights.high, ragged).T
    fine = (hole == 0) & (outline > ragged) | alone
    choices = np.where(fine, np.clip(most - fewest + 1, 0, 3), 0).astype(np.int64)
    first = np.clip(best - 1, fewest, np.maximum(fewest, most - 2))
    column = np.repeat(np.arange(len(size)), choices)
    turn = np.arange(len(column)) - np.repeat(np.cumsum(choices) - choices, choices)
    grids = (first[column] + turn).astype(np.int64)
    oversize = np.append(units.oversize, 0)[member].sum(axis=1)[column]
    total, outline, villages, parts = total[column], outline[column], villages[column], parts[column]
    banks, large = banks[column], large[column]
    inner = np.minimum(1.0, 4.0 / grids)
    compact = np.where(grids == 1, outline, inner * (0.5 + 0.25 * outline) + (1 - inner) * 0.67)
    mean = total / grids
    out = np.maximum(0.0, np.maximum(mean - weights.high, weights.low - mean))
    cost = weights.shape * grids * (1 - compact) + weights.pair * (villages + grids - 1)
    cost += weights.torn * np.where(large > 0, 0, grids - 1)  # every cut may go through a large village
    cost += (banks > 1) * np.where(grids > 1, ACROSS, 1.0) * weights.bridge
    cost += grids * np.where(out > 0, weights.band * (out / weights.target + 0.03), 0.0)
    members = csc_array(
        (
            np.ones(int(size[column].sum())),
            member[column][member[column] >= 0],
            np.concatenate([[0], np.cumsum(size[column])]),
        ),
        shape=(len(units.households), len(column)),
    )
    return Pool(members, grids + oversize, cost, unfit[column], banks > 1, large, 0.5 * weights.torn * parts)


@njit(cache=True)
def _connected(start, neighbour, households, most, largest, many):  # type: ignore[no-untyped-def]  # noqa: C901
    """Connected sets of units: members (m, largest) and their number (m,)."""
    n = len(households)
    group = np.empty((1024, largest), np.int32)
    size = np.empty(1024, np.int64)
    count = 0
    waiting, left = np.empty((largest + 1, n), np.int64), np.zeros(largest + 1, np.int64)
    near = np.zeros((largest + 1, n), np.bool_)
    total = np.zeros(largest + 1)
    chosen = np.zeros(largest, np.int64)
    for root in range(n):
        chosen[0], total[0], left[0], depth = root, households[root], 0, 0
        near[0] = False
        near[0, root] = True
        for j in range(start[root], start[root + 1]):
            near[0, neighbour[j]] = True
            if neighbour[j] > root:
                waiting[0, left[0]] = neighbour[j]
                left[0] += 1
        fresh = True
        while depth >= 0 and count < many:
            if fresh:
                if count == len(group):
                    wider = np.empty((2 * count, largest), np.int32)
                    wider[:count] = group
                    group = wider
                    longer = np.empty(2 * count, np.int64)
                    longer[:count] = size
                    size = longer
                for i in range(depth + 1):
                    group[count, i] = chosen[i]
                size[count] = depth + 1
                count += 1
                fresh = False
            if left[depth] == 0 or depth + 1 == largest:
                depth -= 1
                continue
            left[depth] -= 1
            u = waiting[depth, left[depth]]
            if total[depth] + households[u] > most:
                continue
            below = depth + 1
            chosen[below], total[below], left[below] = u, total[depth] + households[u], left[depth]
            waiting[below, : left[depth]] = waiting[depth, : left[depth]]
            near[below] = near[depth]
            for j in range(start[u], start[u + 1]):
                other = neighbour[j]
                if not near[below, other]:
                    near[below, other] = True
                    if other > root:
                        waiting[below, left[below]] = other
                        left[below] += 1
            depth = below
            fresh = True
    return group[:count], size[:count]


@njit(cache=True)
def _features(units, group, size, high, ragged):  # type: ignore[no-untyped-def]
    """Of each group compactness, villages, villages only partly in it, banks, and hole or not.

    Nobody looks for the holes of a group that is not more compact than `ragged` (m,).
    """
    n = len(units.households)
    out = np.zeros((len(size), 5))
    inside = np.zeros(n, np.bool_)
    seen = np.zeros(n, np.int64)
    queue = np.empty(n, np.int64)
    for c in range(len(size)):
        members = group[c, : size[c]]
        inside[members] = True
        area = edge = 0.0
        for i in range(len(members)):
            u = members[i]
            area += units.area[u]
            edge += units.perimeter[u]
            held, again = 0.0, False
            for j in range(len(members)):
                if units.village[members[j]] == units.village[u]:
                    held += units.households[members[j]]
                    again |= j < i
            out[c, 1] += not again
            small = units.size[u] <= high
            out[c, 2] += small and not again and held < units.size[u] - 1e-6
            if units.bank[u] != units.bank[members[0]]:
                out[c, 3] = 2
            for j in range(units.start[u], units.start[u + 1]):
                if inside[units.neighbour[j]]:
                    edge -= units.border[j]
        out[c, 0] = FOUR_PI * area / (edge * edge)
        out[c, 4] = out[c, 0] > ragged[c] and _encloses(units, inside, n - len(members), seen, c + 1, queue)
        inside[members] = False
    return out


@njit(cache=True)
def _encloses(units, inside, others, seen, mark, queue):  # type: ignore[no-untyped-def]
    """Whether some of the units that are not `inside` cannot reach the rim of the map without crossing it."""
    count = i = 0
    for u in range(len(inside)):
        if units.rim[u] and not inside[u]:
            seen[u] = mark
            queue[count] = u
            count += 1
    while i < count:
        for j in range(units.start[queue[i]], units.start[queue[i] + 1]):
            other = units.neighbour[j]
            if not inside[other] and seen[other] != mark:
                seen[other] = mark
                queue[count] = other
                count += 1
        i += 1
    return count < others
