"""Better grids by many small changes: simulated annealing of block flips and of whole village pieces.

Every change keeps each grid in one piece and free of holes (see `rings`), so any state may be returned. Only blocks at
the border of two grids are proposed. Random numbers come from an own generator and the acceptance rule from a rounded
table, so a seed gives the same plan on every machine.

Source: Kirkpatrick, Gelatt, Vecchi, "Optimization by simulated annealing", Science 220 (1983), 671-680.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo.draw.flips import flip, gather, hope, misfit, price, scan
from geo.draw.ground import BANK, BANKS, BLOCKS, HOUSEHOLDS, VILLAGE, VILLAGES, Ground, Plan, Weights, tally

SOFT = 0.067  # share of its full price that the band has at first
PIECES = 60  # one proposal in so many moves what a grid holds of one of its villages or river banks
# quantiles of the exponential law: rounded, since the last bit of a logarithm differs between machines
PATIENCE = np.round(-np.log1p(-(np.arange(4096) + 0.5) / 4096) * 2**20) / 2**20


class Scratch(NamedTuple):
    """Room for lists that annealing keeps, made once for each thread."""

    queue: NDArray[np.int64]  # (n,)
    seen: NDArray[np.int64]  # (n + 1,) the last cell counts
    cuts: NDArray[np.int32]  # (e + 1,) edges between two grids that may change; the last cell counts them
    place: NDArray[np.int32]  # (e,) where an edge stands in `cuts`, or -1


def scratch_for(ground: Ground) -> Scratch:
    """Empty lists for `ground`."""
    blocks, edges = len(ground.fixed), len(ground.ends)
    return Scratch(
        np.zeros(blocks, np.int64),
        np.zeros(blocks + 1, np.int64),
        np.zeros(edges + 1, np.int32),
        np.full(edges, -1, np.int32),
    )


def cool(
    ground: Ground,
    plan: Plan,
    weights: Weights,
    turn: NDArray[np.int64],
    state: NDArray[np.uint64],
    temperature: float,
    steps: int,
    scratch: Scratch,
) -> None:
    """Change `plan` by that many proposals at one temperature; `state` (1,) holds the random numbers.

    Grids change blocks only with grids of the same `turn` (k,); those with -1 stay as they are.
    """
    tally(ground, plan, weights)
    list_cuts(ground, plan, turn, scratch)
    propose(ground, plan, weights, turn, state, temperature, steps, PIECES, scratch, PATIENCE)


def eased(weights: Weights, share: float) -> Weights:
    """The prices when `share` of an annealing is over, the full ones in the end.

    At first a grid out of the band costs less, so that whole villages find their place, and a lopsided grid more, so
    that none is given up for its neighbours.
    """
    early = max(0.0, 1 - share / 0.6)
    return weights._replace(
        band=weights.band * SOFT ** (1 - min(1.0, share / 0.8)),
        shape=weights.shape * (1 - 0.5 * early),
        slender=0.2 * weights.shape * early,
    )


@njit(cache=True, nogil=True)
def list_cuts(ground, plan, turn, scratch):  # type: ignore[no-untyped-def]
    """Write the edges between grids that may change blocks into `scratch`."""
    label, ends, cuts, place = plan.label, ground.ends, scratch.cuts, scratch.place
    count = 0
    for e in range(len(ends)):
        g, h = label[ends[e, 0]], label[ends[e, 1]]
        place[e] = -1
        if g != h and turn[g] >= 0 and turn[g] == turn[h]:
            cuts[count] = e
            place[e] = count
            count += 1
    cuts[-1] = count


@njit(cache=True, nogil=True)
def mixed(z):  # type: ignore[no-untyped-def]
    """64 random bits from a counter that grows by 0x9E3779B97F4A7C15 (splitmix64, Steele, Lea, Flood 2014)."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True, nogil=True)
def below(state, count):  # type: ignore[no-untyped-def]
    """A random integer in [0, count)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    return np.int64(((mixed(state[0]) >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32))


@njit(cache=True, nogil=True)
def propose(ground, plan, weights, turn, state, temperature, steps, pieces, scratch, patience):  # type: ignore[no-untyped-def]  # noqa: C901, PLR0912, PLR0915 - one loop, no calls that cost
    """Make `steps` proposals at one temperature; returns what the plan costs more.

    Metropolis' rule, turned round: a change is made when it costs less than a random multiple of the temperature.
    """
    ring_of, start, neighbour, length = ground.ring_of, ground.start, ground.neighbour, ground.length
    edge, ends, bridge, size, code = ground.edge, ground.ends, ground.bridge, ground.size, ground.code
    whole, fixed, nested = ground.whole, ground.fixed, ground.nested
    label, sums, inhabited, spread = plan.label, plan.size, plan.inhabited, plan.spread
    queue, seen, cuts, place = scratch.queue, scratch.seen, scratch.cuts, scratch.place
    counter = state[0]
    total = 0.0
    for _ in range(steps):
        count = cuts[-1]
        if count == 0:
            break
        counter += np.uint64(0x9E3779B97F4A7C15)
        bits = mixed(counter)
        e = cuts[np.int64(((bits >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32))]
        side = np.int64(bits & np.uint64(1))
        b, other = ends[e, side], ends[e, 1 - side]
        g, h = label[b], label[other]
        if fixed[b] or sums[g, BLOCKS] < 2 or (nested and code[b, VILLAGE] != code[other, VILLAGE]):
            continue
        limit = temperature * patience[np.int64((bits >> np.uint64(1)) & np.uint64(4095))]
        by, parts = (VILLAGE, VILLAGES) if (bits >> np.uint64(29)) & np.uint64(3) != 0 else (BANK, BANKS)
        if np.int64((bits >> np.uint64(13)) & np.uint64(0xFFFF)) * pieces >= 65536 or sums[g, parts] < 2:
            off = misfit(sums, size[b, HOUSEHOLDS], g, h, weights)
            if off > 0 and off - limit > hope(sums, g, h, weights) + weights.moved * size[b, HOUSEHOLDS]:
                continue
            fine, with_g, with_h, bridges_g, bridges_h = scan(ring_of, start, neighbour, length, bridge, label, b, g, h)
            if not fine:
                continue
            cost = price(
                sums, inhabited, spread, size, code, whole, weights, b, g, h, off, with_g, with_h, bridges_g, bridges_h
            )
            if cost < limit:
                flip(
                    sums, inhabited, spread, label, size, code, ring_of, start, neighbour, edge, weights,
                    b, g, h, with_g, with_h, bridges_g, bridges_h, cuts, place, turn,
                )  # fmt: skip
                total += cost
            continue
        most = np.int64(sums[g, BLOCKS] * 0.7)
        count = gather(ring_of, start, neighbour, length, label, code, b, by, most, queue, seen)
        if count == 0:
            continue
        households = 0.0
        free = True
        for i in range(count):
            households += size[queue[i], HOUSEHOLDS]
            free &= not fixed[queue[i]]
        cost = misfit(sums, households, g, h, weights)
        if not free or cost > limit + weights.shape + weights.pair + weights.torn:  # no gain makes up for it
            continue
        cost = 0.0
        moved = 0
        progress = True
        while progress and moved < count:
            progress = False
            for i in range(moved, count):
                u = queue[i]
                fine, with_g, with_h, bridges_g, bridges_h = scan(
                    ring_of, start, neighbour, length, bridge, label, u, g, h
                )
                if fine:
                    off = misfit(sums, size[u, HOUSEHOLDS], g, h, weights)
                    cost += price(
                        sums, inhabited, spread, size, code, whole, weights,
                        u, g, h, off, with_g, with_h, bridges_g, bridges_h,
                    )  # fmt: skip
                    flip(
                        sums, inhabited, spread, label, size, code, ring_of, start, neighbour, edge, weights,
                        u, g, h, with_g, with_h, bridges_g, bridges_h, cuts, place, turn,
                    )  # fmt: skip
                    queue[i] = queue[moved]
                    queue[moved] = u
                    moved += 1
                    progress = True
        if moved == count and cost < limit:
            total += cost
            continue
        for i in range(moved - 1, -1, -1):
            u = queue[i]
            _, with_h, with_g, bridges_h, bridges_g = scan(ring_of, start, neighbour, length, bridge, label, u, h, g)
            flip(
                sums, inhabited, spread, label, size, code, ring_of, start, neighbour, edge, weights,
                u, h, g, with_h, with_g, bridges_h, bridges_g, cuts, place, turn,
            )  # fmt: skip
    state[0] = counter
    return total
