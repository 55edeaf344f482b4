"""Parts of villages on one bank of the rivers: what villages are grouped by."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.draw.graph import Graph, components, summed


class Units(NamedTuple):
    """Parts of villages on one bank of the rivers; u units, neighbours of i at `start[i]:start[i + 1]`."""

    households: NDArray[np.float64]  # (u,) without those of oversize blocks
    oversize: NDArray[np.int64]  # (u,) blocks with more households than a grid may have
    area: NDArray[np.float64]  # (u,)
    perimeter: NDArray[np.float64]  # (u,)
    village: NDArray[np.int64]  # (u,)
    bank: NDArray[np.int64]  # (u,)
    size: NDArray[np.float64]  # (u,) households of the whole village, without those of oversize blocks
    start: NDArray[np.int64]  # (u + 1,)
    neighbour: NDArray[np.int64]
    border: NDArray[np.float64]  # shared length with each neighbour
    rim: NDArray[np.bool_]  # (u,) lies at the edge of the map


def units_of(
    graph: Graph,
    households: NDArray[np.float64],
    village: NDArray[np.int32],
    high: float,
    area: NDArray[np.float64],
    perimeter: NDArray[np.float64],
) -> tuple[NDArray[np.int64], Units]:
    """Return the unit of each block (n,) and the units.

    Blocks with more than `high` households are grids of their own, so units are measured by the others. Parts of a
    village without such others join the neighbouring unit with the longest common border, of the same village if
    possible.
    """
    oversize = households > high
    households = np.where(oversize, 0.0, households)
    left, right = graph.edges[:, 0], graph.edges[:, 1]
    same = (village[left] == village[right]) & (graph.bank[left] == graph.bank[right])
    unit = components(len(village), graph.edges[same])
    unit = _absorb_empty(graph, unit, households, village)
    count = int(unit.max()) + 1
    inhabited = households > 0
    of_village, of_bank = np.zeros(count, np.int64), np.zeros(count, np.int64)
    of_village[unit], of_bank[unit] = village, graph.bank
    of_village[unit[inhabited]], of_bank[unit[inhabited]] = village[inhabited], graph.bank[inhabited]
    pairs, border = _borders(graph, unit)
    rings = graph.rings
    rim = np.zeros(count, bool)
    rim[unit[rings.owner()[rings.neighbour < 0]]] = True
    inner = unit[left] == unit[right]
    around = summed(unit, perimeter, count) - 2 * summed(unit[left[inner]], graph.length[inner], count)
    return unit, Units(
        summed(unit, households, count),
        np.bincount(unit, oversize, count).astype(np.int64),
        summed(unit, area, count),
        around,
        of_village,
        of_bank,
        summed(village.astype(np.int64), households, int(village.max()) + 1)[of_village],
        np.searchsorted(pairs[:, 0], np.arange(count + 1)).astype(np.int64),
        pairs[:, 1].copy(),
        border,
        rim,
    )


def _borders(graph: Graph, unit: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of neighbouring units, both ways and sorted, and the length they share."""
    ends = unit[np.concatenate([graph.edges, graph.edges[:, ::-1]])]
    length = np.tile(graph.length, 2)
    cut = ends[:, 0] != ends[:, 1]
    pairs, inverse = np.unique(ends[cut], axis=0, return_inverse=True)
    return np.asarray(pairs, dtype=np.int64), summed(inverse.ravel(), length[cut], len(pairs))


def _absorb_empty(
    graph: Graph, unit: NDArray[np.int64], households: NDArray[np.float64], village: NDArray[np.int32]
) -> NDArray[np.int64]:
    for _ in range(len(unit)):
        size = np.bincount(unit, households)
        if (size > 0).all():
            break
        pairs, border = _borders(graph, unit)
        of_village = np.zeros(len(size), np.int64)
        of_village[unit] = village
        empty, other = pairs[:, 0], pairs[:, 1]
        usable = (size[empty] == 0) & (size[other] > 0)
        if not usable.any():
            break
        empty, other, border = empty[usable], other[usable], border[usable]
        order = np.lexsort((other, -border, of_village[empty] != of_village[other], empty))
        first = np.concatenate([[True], empty[order][1:] != empty[order][:-1]])
        goal = np.arange(len(size))
        goal[empty[order][first]] = other[order][first]
        unit = np.unique(goal[unit], return_inverse=True)[1]
    return unit
