"""The blocks with what lies around them: the outside, and the gaps that no block covers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.draw.rings import Rings
from geo.errors import InvalidCoverageError


class Around(NamedTuple):
    """One graph of n blocks, the outside (number n) and the gaps in the coverage (n + 1 and up)."""

    size: int
    outside: int
    links: NDArray[np.int64]  # (l, 2) block and block, or block and outside or gap
    bounds: NDArray[np.float64]  # (size, 4)

    def rim(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """(n + 1,) where the entries of each block begin, and the entries: 0 the outside, from 1 the gaps, rising."""
        entries = self.links[self.links[:, 1] >= self.outside]
        entries = entries[np.lexsort((entries[:, 1], entries[:, 0]))]
        begin = np.searchsorted(entries[:, 0], np.arange(self.outside + 1)).astype(np.int64)
        return begin, (entries[:, 1] - self.outside).astype(np.int32)


def around_of(rings: Rings, edges: NDArray[np.int64], geometries: NDArray[np.object_]) -> Around:
    """Return the graph of blocks with the edges (e, 2) and with what lies around them.

    The segments without a counterpart make closed lines. With the blocks on their left they run once around the outer
    rim of the ground and the other way around a gap, so the sign of their area tells which is which.
    """
    blocks = len(geometries)
    block, place, far = _rim(rings, edges, geometries)
    ends = np.concatenate([place, far])
    vertex = np.unique(ends, axis=0, return_inverse=True)[1].reshape(2, -1)
    links = coo_array((np.ones(len(block), bool), (vertex[0], vertex[1])), shape=(len(ends), len(ends)))
    loop = np.unique(connected_components(links, directed=False)[1][vertex[0]], return_inverse=True)[1]
    loops = int(loop.max(initial=-1)) + 1
    (x0, y0), (x1, y1) = (place - ends.mean(axis=0)).T, (far - ends.mean(axis=0)).T
    is_gap = np.bincount(loop, x0 * y1 - x1 * y0, minlength=loops) < 0
    node = np.where(is_gap, blocks + np.cumsum(is_gap), blocks)
    bounds = np.tile([np.inf, np.inf, -np.inf, -np.inf], (1 + int(is_gap.sum()), 1))
    np.minimum.at(bounds[:, :2], node[loop] - blocks, place)
    np.maximum.at(bounds[:, 2:], node[loop] - blocks, place)
    bounds[0] = -np.inf, -np.inf, np.inf, np.inf
    rim = np.unique(np.column_stack([block, node[loop]]), axis=0)
    return Around(
        blocks + len(bounds), blocks, np.concatenate([edges, rim]), np.concatenate([shapely.bounds(geometries), bounds])
    )


def require_coverage(rings: Rings, geometries: NDArray[np.object_]) -> None:
    """Raise InvalidCoverageError where blocks overlap or do not share their vertices.

    Either leaves edges without a counterpart, so only blocks that have some, and what they touch, are looked at.
    """
    outer = _outer(rings)
    touched = shapely.STRtree(geometries).query(geometries[outer], predicate="intersects")[1]
    outer = np.unique(np.concatenate([outer, touched]))
    if not shapely.coverage_is_valid(geometries[outer]):
        wrong = outer[~shapely.is_empty(shapely.coverage_invalid_edges(geometries[outer]))]
        raise InvalidCoverageError(
            f"{len(wrong)} blocks overlap or do not share their vertices with their neighbours, the first at position "
            f"{wrong[0]}; make them a coverage first (geo.noding.node_coverage)."
        )


def _outer(rings: Rings) -> NDArray[np.int64]:
    """Numbers of the blocks that have an edge without a counterpart."""
    return np.unique(rings.owner()[(rings.neighbour < 0) & (rings.length > 0)])


def _rim(
    rings: Rings, edges: NDArray[np.int64], geometries: NDArray[np.object_]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Blocks (r,) of the segments that no other block shares, their starts (r, 2) and ends (r, 2)."""
    outer = np.zeros(len(geometries), bool)
    outer[_outer(rings)] = True
    chosen = outer.copy()
    chosen[edges[outer[edges].any(axis=1)]] = True
    parts, part_block = shapely.get_parts(geometries[chosen], return_index=True)
    lines, line_part = shapely.get_rings(shapely.orient_polygons(parts), return_index=True)
    place, line = shapely.get_coordinates(lines, return_index=True)
    vertex = np.unique(place, axis=0, return_inverse=True)[1].ravel()
    at = np.flatnonzero((line[:-1] == line[1:]) & (vertex[:-1] != vertex[1:]))
    block = np.flatnonzero(chosen)[part_block[line_part[line[at]]]]
    count = int(vertex.max(initial=0)) + 1
    key, back = vertex[at] * count + vertex[at + 1], vertex[at + 1] * count + vertex[at]
    alone = ~np.isin(key, back) & outer[block]
    return block[alone].astype(np.int64), place[at[alone]], place[at[alone] + 1]
