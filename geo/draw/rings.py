"""Who lies around each block, in order: the rings that decide whether a block may change its grid.

A coverage is a planar map. Walking once around a block and noting the neighbour behind every edge, and the blocks
that only touch at
a corner, gives a cyclic sequence. A grid that shows up as one unbroken stretch of that sequence stays in one piece
without the
block, and stays free of holes with it; so contiguity is checked in time proportional to the neighbours of one block.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from geo.errors import InvalidCoverageError

OUTSIDE = -1


@dataclass(frozen=True)
class Rings:
    """Cyclic neighbour sequences.

    Block b owns the rings `ring_of[b]:ring_of[b + 1]`, ring r the entries `start[r]:start[r + 1]`.
    """

    ring_of: NDArray[np.int64]  # (n + 1,)
    start: NDArray[np.int64]  # (rings + 1,)
    neighbour: NDArray[np.int32]  # (entries,) block number or OUTSIDE
    length: NDArray[np.float64]  # (entries,) shared length in units of the CRS, 0 where only a corner is shared

    def owner(self) -> NDArray[np.int64]:
        """(entries,) number of the block around which each entry stands."""
        return np.repeat(np.repeat(np.arange(len(self.ring_of) - 1), np.diff(self.ring_of)), np.diff(self.start))


def rings_around(geometries: NDArray[np.object_], outer_only: NDArray[np.bool_] | None = None) -> Rings:
    """Return the cyclic sequence of neighbours around each block of a noded coverage.

    Edges that match no other block count as `OUTSIDE`. Blocks flagged in `outer_only` (n,) are taken without their
    holes.
    Cost: one sort of all vertices. Raises InvalidCoverageError where two blocks have the same ground on the same side.
    """
    parts, block = shapely.get_parts(geometries, return_index=True)
    parts = shapely.orient_polygons(parts)
    if outer_only is not None and outer_only.any():
        filled = outer_only[block]
        parts[filled] = shapely.polygons(shapely.get_exterior_ring(parts[filled]))
    lines, part = shapely.get_rings(parts, return_index=True)
    ring_block = block[part].astype(np.int64)
    coordinates, ring = shapely.get_coordinates(lines, return_index=True)
    vertex = _vertex_ids(coordinates)
    same = ring[:-1] == ring[1:]
    moved = same & (vertex[:-1] != vertex[1:])
    origin, end, edge_ring = vertex[:-1][moved], vertex[1:][moved], ring[:-1][moved]
    step = np.diff(coordinates, axis=0)[moved]
    length = np.hypot(step[:, 0], step[:, 1])
    first = np.searchsorted(edge_ring, np.arange(len(lines) + 1))
    twin = _twins(origin, end, int(vertex.max(initial=0)) + 1, ring_block[edge_ring])
    order, before, after = _links(first)
    del order
    ptr, neighbour, shared = _walk(first, twin, before, after, ring_block[edge_ring], length)
    ring_of = np.searchsorted(ring_block, np.arange(len(geometries) + 1)).astype(np.int64)
    return Rings(ring_of, ptr, neighbour, shared)


def _vertex_ids(coordinates: NDArray[np.float64]) -> NDArray[np.int64]:
    """(v,) number of each distinct coordinate pair."""
    order = np.lexsort((coordinates[:, 1], coordinates[:, 0]))
    ordered = coordinates[order]
    new = np.concatenate([[0], (ordered[1:] != ordered[:-1]).any(axis=1).astype(np.int64)]) if len(order) else order
    ids = np.empty(len(order), np.int64)
    ids[order] = np.cumsum(new)
    return ids


def _twins(
    origin: NDArray[np.int64], end: NDArray[np.int64], vertices: int, block: NDArray[np.int64]
) -> NDArray[np.int64]:
    """(h,) half-edge that runs the other way along the same segment, -1 where there is none."""
    key = origin * vertices + end
    order = np.argsort(key, kind="stable")
    double = np.flatnonzero(key[order][1:] == key[order][:-1])
    if len(double):
        one, other = np.sort(block[order[[double[0], double[0] + 1]]])
        raise InvalidCoverageError(
            f"The blocks at positions {one} and {other} lie on top of each other; leave one out."
        )
    reverse = end * vertices + origin
    place = np.minimum(np.searchsorted(key, reverse, sorter=order), max(len(key) - 1, 0))
    found = order[place] if len(key) else place
    return np.where(key[found] == reverse, found, -1) if len(key) else found


@njit(cache=True)
def _links(first):  # type: ignore[no-untyped-def]
    """Half-edge before and after each one in its ring."""
    total = first[-1]
    order = np.arange(total)
    before = np.empty(total, np.int64)
    after = np.empty(total, np.int64)
    for ring in range(len(first) - 1):
        low, high = first[ring], first[ring + 1]
        for e in range(low, high):
            after[e] = e + 1 if e + 1 < high else low
            before[e] = e - 1 if e > low else high - 1
    return order, before, after


@njit(cache=True)
def _walk(first, twin, before, after, face, length):  # type: ignore[no-untyped-def]
    """Neighbours behind the edges of each ring, and between two edges those around the corner."""
    rings = len(first) - 1
    ptr = np.zeros(rings + 1, np.int64)
    out = np.empty(max(16, 4 * len(twin)), np.int32)
    shared = np.empty(len(out), np.float64)
    back = np.empty(256, np.int32)
    used = 0
    for ring in range(rings):
        begin = used
        for e in range(first[ring], first[ring + 1]):
            if used + 600 > len(out):
                bigger = np.empty(2 * len(out) + 1200, np.int32)
                bigger[:used] = out[:used]
                out = bigger
                longer = np.empty(len(bigger), np.float64)
                longer[:used] = shared[:used]
                shared = longer
            used = _push(out, shared, begin, used, face[twin[e]] if twin[e] >= 0 else -1, length[e])
            goal = after[e]
            h = twin[e]
            closed = False
            for _ in range(250):
                if h < 0:
                    break
                p = before[h]
                if twin[p] == goal:
                    closed = True
                    break
                h = twin[p]
                used = _push(out, shared, begin, used, face[h] if h >= 0 else -1, 0.0)
            if closed:
                continue
            count = 0
            h = twin[goal]
            while h >= 0 and count < 250:
                back[count] = face[h]
                count += 1
                h = twin[after[h]]
            for i in range(count - 1, 0, -1):
                used = _push(out, shared, begin, used, back[i], 0.0)
        if used - begin > 1 and out[begin] == out[used - 1]:
            used -= 1
            shared[begin] += shared[used]
        ptr[ring + 1] = used
    return ptr, out[:used].copy(), shared[:used].copy()


@njit(cache=True)
def _push(out, shared, begin, used, block, length):  # type: ignore[no-untyped-def]
    """Append one neighbour, adding to the last entry while it stays the same."""
    if used > begin and out[used - 1] == block:
        shared[used - 1] += length
        return used
    out[used] = block
    shared[used] = length
    return used + 1
