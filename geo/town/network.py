"""Country roads of a sample town: cheapest ways over the ground, kept where no shorter way round exists."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree

from geo.town.lines import chains, smooth
from geo.town.terrain import Floats, Ints, Raster, noise, spread, trace_rank

PRIMARY, SECONDARY, TERTIARY, LOCAL, NONE = 0, 1, 2, 3, 9
SLACK = 1.12


def country_roads(
    rng: np.random.Generator,
    raster: Raster,
    height: Floats,
    wet: Any,
    barred: Ints,
    gates: list[Floats],
    places: Ints,
    homes: Ints,
    chief: Any,
    exits: Ints,
) -> tuple[list[Any], Ints]:
    """Lines in metres and their classes (PRIMARY … LOCAL) between town cores, hamlets and the world outside.

    barred : cells that roads keep out of, the town cores
    gates : for each core, (4, 2) points where streets leave it, the main street's first
    places : (h,) hamlet cells; homes : (h,) core that each belongs to; chief : (h,) bool, first hamlet of its village
    exits : cells where main roads leave the area
    """
    n = raster.rows * raster.cols
    cost = (14 + 1.1 * height + 4 * np.abs(noise(rng, height.shape, 2))).astype(np.int64).ravel()
    cost[wet] += 420
    cost[barred] = -1
    gate_cells = [raster.cells(g) for g in gates]
    towns = len(gates)
    seeds = np.concatenate([*gate_cells, places, exits])
    labels = np.concatenate(
        [np.repeat(np.arange(towns), [g.size for g in gate_cells]), towns + np.arange(places.size + exits.size)]
    ).astype(np.int64)
    cost[seeds] = np.where(cost[seeds] < 0, 14, cost[seeds])
    # Through traffic takes the main street (the first two gates): the cross street counts as a detour.
    start = np.zeros(seeds.size, np.int64)
    start[: 4 * towns].reshape(-1, 4)[:, 2:] = 8_000
    dist, label, pred = spread(cost, np.zeros(n, np.int64), seeds, labels, start, raster.cols, True)
    a, b, length, u, v = _meetings(raster, cost, dist, label)
    keep = _no_shorter_way(a, b, length)
    a, b, length, u, v = a[keep], b[keep], length[keep], u[keep], v[keep]
    graph = coo_array((length.astype(float), (a, b)), shape=(labels[-1] + 1, labels[-1] + 1)).tocsr()
    rank = _classes(graph, a, b, towns, places.size, homes, chief, exits.size)
    return _draw(raster, pred, u, v, rank, seeds, gates, gate_cells)


def with_links(lines: list[Any], grade: Ints, xy: Floats) -> tuple[list[Any], Ints]:
    """Add a short local road from each hamlet (h, 2) that the smoothed roads pass by."""
    roads, at = np.array(lines, object), shapely.points(xy)
    road = shapely.STRtree(roads).query_nearest(at, all_matches=False)[1]
    foot = shapely.line_interpolate_point(roads[road], shapely.line_locate_point(roads[road], at))
    off = shapely.distance(at, foot) > 0.5
    ends = np.stack([xy[off], np.round(shapely.get_coordinates(foot[off]), 2)], axis=1)
    links = list(shapely.linestrings(ends)) if off.any() else []
    return [*lines, *links], np.concatenate([grade, np.full(len(links), LOCAL)])


def _meetings(raster: Raster, cost: Ints, dist: Ints, label: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Cheapest link of every two territories that touch: labels a < b, its cost, and the cells u, v where they meet."""
    cell = np.arange(cost.size).reshape(raster.rows, raster.cols)
    pairs = [
        (cell[:, :-1], cell[:, 1:]),
        (cell[:-1], cell[1:]),
        (cell[:-1, :-1], cell[1:, 1:]),
        (cell[:-1, 1:], cell[1:, :-1]),
    ]
    found = []
    for k, (left, right) in enumerate(pairs):
        u, v = left.ravel(), right.ravel()
        meet = (label[u] != label[v]) & (label[u] >= 0) & (label[v] >= 0)
        u, v = u[meet], v[meet]
        found.append(np.stack([u, v, dist[u] + dist[v] + (cost[u] + cost[v]) * (10 if k < 2 else 14)]))
    u, v, length = np.concatenate(found, axis=1)
    swap = label[u] > label[v]
    u, v = np.where(swap, v, u), np.where(swap, u, v)
    a, b = label[u], label[v]
    order = np.lexsort([v, u, length, b, a])
    first = order[np.r_[True, (np.diff(a[order]) != 0) | (np.diff(b[order]) != 0)]]
    return a[first], b[first], length[first], u[first], v[first]


def _no_shorter_way(a: Ints, b: Ints, length: Ints) -> Any:
    """Links of the relative neighbourhood graph (Toussaint 1980): no third place is nearer to both ends."""
    near: list[dict[int, int]] = [{} for _ in range(int(max(a.max(initial=0), b.max(initial=0))) + 1)]
    for i, j, d in zip(a.tolist(), b.tolist(), length.tolist(), strict=True):
        near[i][j] = near[j][i] = d
    keep = np.ones(a.size, bool)
    for k, (i, j, d) in enumerate(zip(a.tolist(), b.tolist(), length.tolist(), strict=True)):
        small, large = (i, j) if len(near[i]) < len(near[j]) else (j, i)
        keep[k] = not any(m in near[large] and max(e, near[large][m]) * SLACK < d for m, e in near[small].items())
    return keep


def _classes(graph: Any, a: Ints, b: Ints, towns: int, hamlets: int, homes: Ints, chief: Any, exits: int) -> Ints:
    """(k,) class of each link: main roads join towns and exits, village roads the chief hamlets to their town."""
    rank = np.full(a.size, LOCAL)
    place = {(int(i), int(j)): k for k, (i, j) in enumerate(zip(a, b, strict=True))}
    dist, pred = dijkstra(graph, directed=False, indices=np.arange(towns), return_predecessors=True)

    def mark(core: int, end: int, grade: int) -> None:
        while pred[core, end] >= 0:
            before = int(pred[core, end])
            k = place[min(before, end), max(before, end)]
            rank[k] = min(rank[k], grade)
            end = before

    for h in np.flatnonzero(chief):
        mark(int(homes[h]), towns + int(h), TERTIARY)
    if towns > 1:
        between = minimum_spanning_tree(np.triu(dist[:, :towns])).tocoo()
        for i, j in zip(between.row.tolist(), between.col.tolist(), strict=True):
            mark(i, j, PRIMARY)
    for e in range(towns + hamlets, towns + hamlets + exits):
        mark(int(np.argmin(dist[:, e])), e, PRIMARY)
    return rank


def _draw(
    raster: Raster, pred: Ints, u: Ints, v: Ints, rank: Ints, seeds: Ints, gates: list[Floats], gate_cells: list[Ints]
) -> tuple[list[Any], Ints]:
    best = np.full(pred.size, NONE, np.int64)
    order = np.argsort(rank, kind="stable")
    trace_rank(pred, np.stack([u[order], v[order]], 1).ravel(), np.repeat(rank[order], 2).astype(np.int64), best)
    used = np.flatnonzero((best < NONE) & (pred >= 0))
    steps = np.concatenate([np.column_stack([used, pred[used]]), np.column_stack([u, v])])
    ranks = np.concatenate([best[used], rank])
    exact = {
        int(c): xy for cells, points in zip(gate_cells, gates, strict=True) for c, xy in zip(cells, points, strict=True)
    }
    lines, classes = [], []
    # A main road sweeps past the hamlets on its way; only at gates it must end.
    stops = {gate for cells in gate_cells for gate in cells.tolist()}
    main = np.unique(steps[ranks == PRIMARY])
    stops |= set(np.setdiff1d(seeds, main).tolist())
    for run, grade in chains(steps, ranks, stops):
        xy = raster.centres(run)
        for end, cell in ((0, run[0]), (-1, run[-1])):
            xy[end] = exact.get(cell, xy[end])
        lines.append(shapely.linestrings(smooth(xy, 30.0)))
        classes.append(grade)
    return lines, np.array(classes, dtype=np.int64)
