"""Which grids lie around others, and how such a ring is opened before the search, which never opens one itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from geo.draw.graph import components
from geo.draw.rims import Around

OWN = 0.9  # with this share of an average grid, what one block encloses is a grid of its own, not part of the block's


def enclosed(around: Around, label: NDArray[np.int32]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Each grid that lies around others or around a gap, and the blocks and places (m,) that it encloses."""
    node = np.concatenate([label, label.max() + 1 + np.arange(around.size - len(label))]).astype(np.int64)
    nodes = int(node.max()) + 1
    ends = node[around.links]
    ends = np.unique(np.sort(ends[ends[:, 0] != ends[:, 1]], axis=1), axis=0)
    box = np.tile([np.inf, np.inf, -np.inf, -np.inf], (nodes, 1))
    np.minimum.at(box[:, :2], node, around.bounds[:, :2])
    np.maximum.at(box[:, 2:], node, around.bounds[:, 2:])
    boxes = shapely.box(*np.where(np.isfinite(box), box, 0).T)
    outer, inner = shapely.STRtree(boxes).query(boxes, predicate="covers")
    for grid in np.unique(outer[(outer != inner) & (outer <= label.max()) & (box[inner, 0] < np.inf)]):
        part = components(nodes, ends[(ends != grid).all(axis=1)])
        inside = (part != part[node[around.outside]]) & (np.bincount(node, minlength=nodes) > 0)
        inside[grid] = False
        if inside.any():
            yield int(grid), np.flatnonzero(inside[node])


def opened(
    around: Around,
    label: NDArray[np.int32],
    weight: NDArray[np.float64],
    allowed: NDArray[np.int64],
    kept: int,
) -> NDArray[np.int32]:
    """(n,) labels after one cut through each ring: its shortest way out goes to a grid within or to one outside.

    Grids below `kept` are in force: they stay as they are. What one block encloses joins the grid of that block, unless
    it has the households of a grid. Grids can be in pieces afterwards.
    """
    label = label.copy()
    average = weight.sum() / len(np.unique(label))
    for grid, inside in list(enclosed(around, label)):
        if grid < kept:
            continue
        within = np.zeros(around.size, bool)
        within[inside] = True
        ring = np.zeros(around.size, bool)
        ring[: len(label)] = (label == grid) & ~within[: len(label)]
        blocks = inside[inside < len(label)]
        gate = around.links[within[around.links].any(axis=1) & ring[around.links].any(axis=1)]
        gates = np.unique(gate[ring[gate]])
        if len(gates) == 1 and len(blocks):
            same = bool((allowed[blocks] == allowed[gates[0]]).all())
            if same and weight[blocks].sum() < OWN * average:
                label[blocks] = grid
            if same or ring.sum() == 1:
                continue
        path, taker = _way_out(around, label, weight / max(average, 1e-9), allowed, kept, ring, within)
        if taker >= 0 and len(path) < ring.sum():
            label[path] = taker
    return label


def _way_out(
    around: Around,
    label: NDArray[np.int32],
    share: NDArray[np.float64],
    allowed: NDArray[np.int64],
    kept: int,
    ring: NDArray[np.bool_],
    within: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], int]:
    """The lightest chain of blocks from the inside of a ring to the outside, and the grid (or -1) that takes it."""
    blocks = len(label)
    links = np.concatenate([around.links, around.links[:, ::-1]])
    other = ~(ring | within)
    on = links[ring[links].all(axis=1)]
    cost = 1 + share
    # a step costs what the block costs that it leads to; one way only, so that both steps of a pair can differ
    steps = coo_array((cost[on[:, 1]], (on[:, 0], on[:, 1])), shape=(blocks, blocks)).tocsr()
    doors_in = np.unique(links[ring[links[:, 0]] & within[links[:, 1]], 0])
    doors_out = np.unique(links[ring[links[:, 0]] & other[links[:, 1]], 0])
    if not len(doors_in) or not len(doors_out):
        return np.empty(0, np.int64), -1
    far, before, _ = dijkstra(steps, indices=doors_in, return_predecessors=True, min_only=True)
    takers = links[(links[:, 1] < blocks) & ring[links[:, 0]] & ~ring[links[:, 1]]]
    takers = takers[label[takers[:, 1]] >= kept]
    for door in doors_out[np.argsort(far[doors_out], kind="stable")]:
        path = [int(door)]
        while before[path[-1]] >= 0:
            path.append(int(before[path[-1]]))
        ends = takers[
            ((takers[:, 0] == path[-1]) & within[takers[:, 1]]) | ((takers[:, 0] == door) & other[takers[:, 1]])
        ]
        ends = ends[[bool((allowed[path] == allowed[end]).all()) for end in ends[:, 1]]]
        if len(ends):
            grids = np.unique(label[ends[:, 1]])
            heavy = np.bincount(label, share, minlength=int(label.max()) + 1)[grids]
            return np.array(path), int(grids[np.argmin(heavy)])
    return np.empty(0, np.int64), -1
