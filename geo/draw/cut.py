"""The best cut of each group of villages into grids: several starts, every group keeps its own best one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.draw.anneal import Ground, Weights, anneal, price_of_grids
from geo.draw.graph import Graph, summed
from geo.draw.repair import join_pieces
from geo.draw.search import new_plan
from geo.draw.seed import first_plan

STARTS = {"fast": 2, "normal": 4, "thorough": 12}
SWEEPS = {"fast": 200, "normal": 1000, "thorough": 2500}  # proposals for each block and start
HOT, COLD = 0.1, 0.002


Cuts = dict[tuple[bytes, int], tuple[float, NDArray[np.int32]]]  # blocks of a group, its grids: price and best labels

Way = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]  # group (n,), grids (g,) and price (g,)


def best_cut(
    graph: Graph,
    ground: Ground,
    weights: Weights,
    group: NDArray[np.int64],
    count: NDArray[np.int64],
    effort: str,
    seed: int,
    known: Cuts,
) -> NDArray[np.float64]:
    """Return the price (g,) of each group, cut into `count[group]` grids; the cuts themselves go into `known`.

    No grid leaves its group, so the starts are compared group by group. Groups in `known` are not cut
    again.
    """
    households, village = ground.size[:, 0], ground.code[:, 0]
    members, keys = _groups(group, count)
    todo = [r for r, key in enumerate(keys) if key not in known]
    owner = np.repeat(np.arange(len(count)), count)
    offset = np.concatenate([[0], np.cumsum(count)])
    fresh = np.isin(group, todo)
    base = np.zeros(len(group), np.int32)
    for r, key in enumerate(keys):
        if key in known:
            base[members[r]] = known[key][1] + offset[r]
    free, closed = np.zeros(len(group), bool), np.zeros(0, bool)

    def work(start: int) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        region = np.where(fresh, group, -1)
        label = first_plan(graph, households, village, region, count, seed + 7919 * start)
        label = np.where(fresh, label, base).astype(np.int32)
        plan = new_plan(join_pieces(graph, label, households, group, free, closed), len(owner), ground)
        state = np.array([seed * 1000 + start], np.uint64)
        scratch = np.zeros(len(label) + 1, np.int64)
        for r in todo:
            if count[r] > 1:
                steps = SWEEPS[effort] * len(members[r])
                anneal(ground, plan, weights, members[r], owner, r, state, HOT, COLD, steps, 50, scratch)
        return summed(owner, price_of_grids(ground, plan, weights), len(count)), plan.label

    if todo:
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(work, range(STARTS[effort])))
        prices = np.array([price for price, _ in found])
        for r in todo:
            best = int(prices[:, r].argmin())
            known[keys[r]] = float(prices[best, r]), found[best][1][members[r]] - np.int32(offset[r])
    return np.array([known[key][0] for key in keys])


def cut_labels(group: NDArray[np.int64], count: NDArray[np.int64], known: Cuts) -> NDArray[np.int32]:
    """(n,) labels of the plan that takes the cut of every group from `known`."""
    label = np.empty(len(group), np.int32)
    first = 0
    for blocks, key in zip(*_groups(group, count), strict=True):
        label[blocks] = known[key][1] + first
        first += key[1]
    return label


def crossed(ways: list[Way], lead: int) -> Way:
    """Return `ways[lead]` with everything that another of the ways does better.

    Where groups of two ways make up the same land in as many grids, the cheaper ones can be taken without touching
    the rest.

    Source: Whitley, Hains, Howe, "Tunneling between optima: partition crossover for the traveling salesman problem",
    GECCO 2009, 915-922, of which this is the same idea for groups.
    """
    group, count, price = ways[lead]
    for other, grids, cost in ways:
        size, more = len(count), len(grids)
        links = coo_array((np.ones(len(group), bool), (group, size + other)), shape=(size + more, size + more))
        part = connected_components(links, directed=False)[1]
        parts = int(part.max()) + 1
        now, then = part[:size], part[size:]
        cheaper = np.bincount(then, cost, parts) < np.bincount(now, price, parts) - 1e-9
        taken = cheaper & (np.bincount(then, grids, parts) == np.bincount(now, count, parts))
        mixed = np.where(taken[now[group]], size + other, group)
        kept, group = np.unique(mixed, return_inverse=True)
        count, price = np.concatenate([count, grids])[kept], np.concatenate([price, cost])[kept]
    return group, count, price


def _groups(
    group: NDArray[np.int64], count: NDArray[np.int64]
) -> tuple[list[NDArray[np.int64]], list[tuple[bytes, int]]]:
    """The blocks of each group and its key in `Cuts`."""
    order = np.argsort(group, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(group, minlength=len(count)))[:-1])
    return members, [(blocks.tobytes(), int(grids)) for blocks, grids in zip(members, count, strict=True)]
