"""Small groups of neighbouring grids annealed anew: what repairs a plan without touching the rest of it."""

from __future__ import annotations

import numpy as np
from numba import njit

from geo.draw.anneal import below, propose
from geo.draw.flips import flip, gather, scan
from geo.draw.ground import VILLAGE

STAGES = 30  # temperatures of one neighbourhood
MOST = 5  # grids in one
STEPS = 200  # tried before a neighbourhood stays smaller than wanted


@njit(cache=True, nogil=True)
def refine(ground, plan, weights, starts, turn, state, hot, cold, sweeps, trials, pieces, scratch, patience):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    """Anneal 2 to 5 neighbouring grids anew, `trials` times, and keep what is better.

    `turn` (k,) is 0 for the grids that may change, -1 for the others; a neighbourhood grows from one of the blocks
    `starts` of the former. Every one takes `sweeps` proposals for each of its blocks. Returns what the plan costs more,
    a number <= 0.
    """
    label = plan.label
    blocks = np.empty(len(label), np.int64)
    place, grids = np.empty(len(label), np.int32), np.empty(MOST, np.int64)
    old = np.empty(len(label), np.int32)
    factor = (cold / hot) ** (1.0 / (STAGES - 1))
    gain = 0.0
    if len(starts) == 0:
        return gain
    for now in range(1, trials + 1):
        first = starts[below(state, len(starts))]
        wanted = 2 + below(state, MOST - 1)
        found, count = neighbourhood(ground, label, turn, now, first, wanted, 0, state, scratch, blocks, place, grids)
        if found < 2:
            continue
        for i in range(count):
            old[i] = label[blocks[i]]
        list_cuts(ground, label, turn, now, blocks[:count], scratch)
        heat = hot
        for _ in range(below(state, 4)):
            heat *= 0.5
        cost = 0.0
        for _ in range(STAGES):
            cost += propose(
                ground, plan, weights, turn, state, heat, sweeps * count // STAGES, pieces, scratch, patience
            )
            heat *= factor
        if cost < 0.0:
            gain += cost
        else:
            _restore(ground, plan, weights, turn, blocks[:count], old[:count], scratch)
        clear_cuts(scratch)
    return gain


@njit(cache=True, nogil=True)
def neighbourhood(ground, label, turn, now, first, wanted, inside, state, scratch, blocks, place, grids):  # type: ignore[no-untyped-def]
    """Choose that many neighbouring grids by chance, one with the block `first`; returns how many, and their blocks.

    `inside` of 8 steps from a grid to the next one stay inside a village. The blocks stand in `blocks`, in `place` the
    position of their grid in `grids`; `turn` of these grids becomes `now`.
    """
    ring_of, start, neighbour, length = ground.ring_of, ground.start, ground.neighbour, ground.length
    code = ground.code
    b, home = first, code[first, VILLAGE]
    found = count = 0
    for _ in range(STEPS):
        if found == wanted:
            break
        if found > 0:
            b = blocks[below(state, count)]
            low, high = start[ring_of[b]], start[ring_of[b + 1]]
            if low == high:
                continue
            village = code[b, VILLAGE]
            b = neighbour[low + below(state, high - low)]
            if b < 0 or turn[label[b]] < 0 or turn[label[b]] == now or (ground.nested and code[b, VILLAGE] != home):
                continue
            if code[b, VILLAGE] != village and below(state, 8) < inside:
                continue
        turn[label[b]] = now
        grids[found] = label[b]
        more = gather(ring_of, start, neighbour, length, label, code, b, -1, len(label), scratch.queue, scratch.seen)
        blocks[count : count + more] = scratch.queue[:more]
        place[count : count + more] = found
        count += more
        found += 1
    return found, count


@njit(cache=True, nogil=True)
def list_cuts(ground, label, turn, now, blocks, scratch):  # type: ignore[no-untyped-def]
    """Note the edges between grids at these blocks in `scratch`, where both grids have their turn `now`."""
    ring_of, start, neighbour, edge = ground.ring_of, ground.start, ground.neighbour, ground.edge
    cuts, place = scratch.cuts, scratch.place
    count = 0
    for b in blocks:
        for i in range(start[ring_of[b]], start[ring_of[b + 1]]):
            e = edge[i]
            if e >= 0 and place[e] < 0 and label[neighbour[i]] != label[b] and turn[label[neighbour[i]]] == now:
                cuts[count] = e
                place[e] = count
                count += 1
    cuts[-1] = count


@njit(cache=True, nogil=True)
def clear_cuts(scratch):  # type: ignore[no-untyped-def]
    """Forget the edges that `list_cuts` noted."""
    for i in range(scratch.cuts[-1]):
        scratch.place[scratch.cuts[i]] = -1
    scratch.cuts[-1] = 0


@njit(cache=True, nogil=True)
def _restore(ground, plan, weights, turn, blocks, old, scratch):  # type: ignore[no-untyped-def]
    ring_of, start, neighbour, length = ground.ring_of, ground.start, ground.neighbour, ground.length
    label = plan.label
    for i in range(len(blocks)):
        b, g, h = blocks[i], label[blocks[i]], old[i]
        if g != h:
            _, with_g, with_h, bridges_g, bridges_h = scan(
                ring_of, start, neighbour, length, ground.bridge, label, b, g, h
            )
            flip(
                plan.size, plan.inhabited, plan.spread, label, ground.size, ground.code, ring_of, start, neighbour,
                ground.edge, weights, b, g, h, with_g, with_h, bridges_g, bridges_h, scratch.cuts, scratch.place, turn,
            )  # fmt: skip
