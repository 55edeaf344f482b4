"""A few neighbouring grids drawn anew from nothing, many times over, and kept where they turn out better.

Annealing that starts from the present grids finds its way back to them: to turn two grids that lie side by side into
two above each other it would have to pass through far worse plans. A drawing from nothing has no such memory.

Source: Pisinger, Ropke, "Large neighborhood search", Handbook of Metaheuristics (2010), 399-419.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from geo.draw.alone import draw_blocks, price_of_blocks, reach
from geo.draw.anneal import below, mixed
from geo.draw.ground import HOUSEHOLDS, VILLAGE
from geo.draw.refine import neighbourhood

INSIDE = 6  # of 8 steps to the next grid stay inside a village: grids that share none are seldom bettered together
REPEATS = 2  # drawings of the same grids


@njit(cache=True, nogil=True)
def draw_anew(ground, weights, plan, starts, turn, state, most, sweeps, trials, tried, bench):  # type: ignore[no-untyped-def]
    """Draw 2 to `most` neighbouring grids anew, `trials` times, and keep what is better.

    `turn` (k,) is 0 for the grids that may change, -1 for the others; a neighbourhood grows from one of the blocks
    `starts` of the former. Every drawing takes `sweeps` proposals for each of its blocks. `tried` holds the sorted keys
    of what was drawn before: the same grids are drawn again only once. Of `plan` only `label` and `spread` are kept
    right. Returns what it costs more, a number <= 0, and the keys (t,) of what was drawn, t <= trials.
    """
    label, spread, scratch = plan.label, plan.spread, bench.scratch
    blocks = np.empty(len(label), np.int64)
    old, new = np.empty(len(label), np.int32), np.empty(len(label), np.int32)
    grids = np.empty(most, np.int64)
    gain, keys, drawn = 0.0, np.empty(trials, np.uint64), 0
    for now in range(1, 4 * trials + 1):
        if drawn == trials or len(starts) == 0:
            break
        wanted = min(most, 2 + below(state, most))
        first = starts[below(state, len(starts))]
        found, count = neighbourhood(
            ground, label, turn, now, first, wanted, INSIDE, state, scratch, blocks, old, grids
        )
        if found < 2:
            continue
        group = blocks[:count]
        key = _key(group, old, found)
        last = np.searchsorted(tried, key) + REPEATS - 1
        if last < len(tried) and tried[last] == key:
            continue
        keys[drawn] = key
        drawn += 1
        before = _spread(ground, group, old, found)
        elsewhere = spread - before
        cost = price_of_blocks(ground, weights, group, found, old[:count], elsewhere, bench)
        better = draw_blocks(ground, weights, group, found, True, new[:count], elsewhere, state, sweeps, bench)
        if better >= cost - 1e-9:
            continue
        for i in range(count):
            label[group[i]] = grids[new[i]]
        whole = _whole(ground, label, group, new, found, grids, scratch)
        if not whole or _encloses(ground, label, group, new, found, grids, scratch):
            for i in range(count):
                label[group[i]] = grids[old[i]]
            continue
        gain += better - cost
        spread += _spread(ground, group, new, found) - before
    return gain, keys[:drawn]


@njit(cache=True, nogil=True)
def _key(blocks, drawn, grids):  # type: ignore[no-untyped-def]
    """A number that tells this way to share out these blocks from all others, whatever the grids are called."""
    marks = np.zeros(grids, np.uint64)
    for i in range(len(blocks)):
        marks[drawn[i]] += mixed(np.uint64(blocks[i] + 1))
    key = np.uint64(0)
    for mark in marks:
        key += mixed(mark)
    return key


@njit(cache=True, nogil=True)
def _spread(ground, blocks, drawn, grids):  # type: ignore[no-untyped-def]
    """(v,) how many of these grids hold households of each village."""
    there = np.zeros((len(ground.whole), grids), np.bool_)
    spread = np.zeros(len(there), np.int32)
    for i in range(len(blocks)):
        if ground.size[blocks[i], HOUSEHOLDS] > 0:
            village = ground.code[blocks[i], VILLAGE]
            spread[village] += not there[village, drawn[i]]
            there[village, drawn[i]] = True
    return spread


@njit(cache=True, nogil=True)
def _whole(ground, label, blocks, drawn, count, grids, scratch):  # type: ignore[no-untyped-def]
    """Whether each of the grids is one piece: neighbours that only share a corner cannot be shared out at will."""
    for g in range(count):
        size, seed = 0, -1
        for i in range(len(blocks)):
            if drawn[i] == g:
                size, seed = size + 1, blocks[i]
        scratch.seen[-1] += 1
        mark = scratch.seen[-1]
        if size > 0 and reach(ground, seed, grids[g], np.inf, label, scratch.queue, scratch.seen, mark) < size:
            return False
    return True


@njit(cache=True, nogil=True)
def _encloses(ground, label, blocks, drawn, count, grids, scratch):  # type: ignore[no-untyped-def]
    """Whether one of the grids may lie around something.

    What touches a grid without holes, be it at a corner, hangs together: one can walk all around. A gap in the coverage
    counts like a block.
    """
    near = np.empty(len(label), np.int64)
    gap = np.zeros(ground.rim.max() + 1, np.bool_)
    for g in range(count):
        scratch.seen[-1] += 2  # two numbers that no block is marked with yet: it touches the grid, it has been reached
        touches = scratch.seen[-1] - 1
        around = gaps = 0
        outer = False
        gap[:] = False
        for i in range(len(blocks)):
            if drawn[i] != g:
                continue
            outer |= _outer(ground, blocks[i])
            for j in range(*_entries(ground, blocks[i])):
                other = ground.neighbour[j]
                if other >= 0 and label[other] != grids[g] and scratch.seen[other] != touches:
                    scratch.seen[other] = touches
                    near[around] = other
                    around += 1
            for place in _places(ground, blocks[i]):
                if place > 0 and not gap[place]:
                    gap[place] = True
                    gaps += 1
        if _reached(ground, near[:around], outer, gap, touches, scratch) < around + gaps:
            return True
    return False


@njit(cache=True, nogil=True)
def _reached(ground, near, outer, gap, touches, scratch):  # type: ignore[no-untyped-def]
    """How many of the blocks `near` and of the gaps flagged in `gap` can be reached from the first of these blocks.

    At the outer rim of the map one can walk by the outside as well. The flags of the gaps that are reached go.
    """
    queue, seen = scratch.queue, scratch.seen
    found = gaps = 0
    if outer:
        for b in near:
            if _outer(ground, b):
                queue[found], seen[b] = b, touches + 1
                found += 1
    elif len(near):
        queue[0], seen[near[0]], found = near[0], touches + 1, 1
    at = 0
    while at < found:
        b = queue[at]
        for j in range(*_entries(ground, b)):
            other = ground.neighbour[j]
            if other >= 0 and ground.length[j] > 0 and seen[other] == touches:
                queue[found], seen[other] = other, touches + 1
                found += 1
        for place in _places(ground, b):
            if gap[place]:
                gap[place] = False
                gaps += 1
                for other in near:
                    if seen[other] == touches and (_places(ground, other) == place).any():
                        queue[found], seen[other] = other, touches + 1
                        found += 1
        at += 1
    return found + gaps


@njit(cache=True, nogil=True)
def _outer(ground, b):  # type: ignore[no-untyped-def]
    """Whether block b lies at the outside of the map, be it with a corner alone."""
    places = _places(ground, b)
    if len(places) > 0:
        return places[0] == 0
    low, high = _entries(ground, b)
    return (ground.neighbour[low:high] < 0).any()


@njit(cache=True, nogil=True)
def _places(ground, b):  # type: ignore[no-untyped-def]
    """What block b has at its edge: 0 the outside, above it gaps, rising."""
    return ground.rim[ground.rim_of[b] : ground.rim_of[b + 1]]


@njit(cache=True, nogil=True)
def _entries(ground, b):  # type: ignore[no-untyped-def]
    """Where the neighbours of block b begin and end in the rings."""
    return ground.start[ground.ring_of[b]], ground.start[ground.ring_of[b + 1]]
