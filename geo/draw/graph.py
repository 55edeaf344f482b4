"""The blocks as a graph: who borders whom, along which rivers, over which bridges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.draw.request import Request
from geo.draw.rims import Around, around_of, require_coverage
from geo.draw.rings import Rings, rings_around

RIVER_REACH_M = 0.1  # a block edge this close to a river line lies on it


@dataclass(frozen=True)
class Graph:
    """Blocks and what lies between them; n blocks, e edges."""

    rings: Rings
    edges: NDArray[np.int64]  # (e, 2) left < right
    length: NDArray[np.float64]  # (e,)
    river: NDArray[np.bool_]  # (e,) the edge runs along a river
    bridge: NDArray[np.bool_]  # (e,) and a road crosses it
    component: NDArray[np.int64]  # (n,) blocks that hang together
    bank: NDArray[np.int64]  # (n,) blocks that hang together without crossing a river
    around: Around


def graph_of(request: Request) -> Graph:
    """Return the graph of the blocks of `request`."""
    size = len(request.geometries)
    rings = rings_around(request.geometries)
    require_coverage(rings, request.geometries)
    owner = rings.owner()
    pair = np.column_stack([owner, rings.neighbour.astype(np.int64)])
    real = (rings.length > 0) & (rings.neighbour > owner)
    key = pair[real, 0] * size + pair[real, 1]
    keys, inverse = np.unique(key, return_inverse=True)
    edges = np.column_stack([keys // size, keys % size])
    length = summed(inverse, rings.length[real], len(keys))
    river, bridge = _river_edges(request, edges, length)
    around = around_of(rings, edges, request.geometries)
    whole, banks = components(size, edges), components(size, edges[~river])
    return Graph(rings, edges, length, river, bridge, whole, banks, around)


def components(size: int, edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """(size,) number of the connected part of each block, numbered by the smallest block."""
    links = coo_array((np.ones(len(edges), bool), (edges[:, 0], edges[:, 1])), shape=(size, size))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def summed(group: NDArray[np.int64], weight: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """(size,) sum of the weights of each group."""
    return np.asarray(np.bincount(group, weight, minlength=size), dtype=np.float64)


def entry_edges(graph: Graph) -> NDArray[np.int32]:
    """(entries,) the number of the edge behind each entry of the rings; -1 for corners and the outside."""
    size = len(graph.component)
    rings = graph.rings
    owner = rings.owner()
    other = rings.neighbour.astype(np.int64)
    real = (rings.length > 0) & (other >= 0)
    edge = np.full(len(other), -1, np.int32)
    key = graph.edges[:, 0] * size + graph.edges[:, 1]  # sorted, as `graph_of` makes them
    edge[real] = np.searchsorted(key, np.minimum(owner, other)[real] * size + np.maximum(owner, other)[real])
    return edge


def _river_edges(
    request: Request, edges: NDArray[np.int64], length: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    river = np.zeros(len(edges), bool)
    bridge = np.zeros(len(edges), bool)
    if not len(request.rivers):
        return river, bridge
    near = np.zeros(len(request.geometries), bool)
    tree = shapely.STRtree(request.geometries)
    near[tree.query(request.rivers, predicate="dwithin", distance=RIVER_REACH_M)[1]] = True
    chosen = np.flatnonzero(near[edges].all(axis=1))
    shared = shapely.intersection(request.geometries[edges[chosen, 0]], request.geometries[edges[chosen, 1]])
    channel = shapely.buffer(shapely.union_all(request.rivers), RIVER_REACH_M)
    along = shapely.length(shapely.intersection(shared, channel)) > 0.5 * length[chosen]
    river[chosen[along]] = True
    if len(request.roads):
        crossed = shapely.STRtree(request.roads).query(shared[along], predicate="intersects")[0]
        bridge[chosen[along][np.unique(crossed)]] = True
    return river, bridge
