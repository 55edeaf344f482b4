"""Blocks with more households than a grid may have: each is the middle of a grid of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo.draw.graph import Graph, components, summed
from geo.draw.request import Band


def oversize_apart(
    graph: Graph, households: NDArray[np.float64], region: NDArray[np.int64], band: Band
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(n,) region of each block with oversize blocks apart, and the grids (r,) of each region; -1 stays -1.

    An oversize block makes a grid out of band, and alone it is the least so. What it cuts off from the rest and is too
    small for a grid stays with it.
    """
    large = (households > band.high) & (region >= 0)
    if not large.any():
        return _counted(households, region, band)
    left, right = graph.edges[:, 0], graph.edges[:, 1]
    same = (region[left] == region[right]) & (region[left] >= 0)
    part = components(len(region), graph.edges[same & ~large[left] & ~large[right]])
    small = (summed(part, households, len(region)) < band.low)[part] & ~large & (region >= 0)
    ends = np.concatenate([graph.edges[same], graph.edges[same, ::-1]])
    inside, outside = ends[small[ends[:, 0]] & large[ends[:, 1]]].T
    goal = np.arange(len(region))
    goal[part[inside]] = part[outside]
    part, count = _counted(households, np.where(region >= 0, goal[part], -1), band)
    count[part[large]] = 1
    return part, count


def _counted(
    households: NDArray[np.float64], region: NDArray[np.int64], band: Band
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(n,) regions numbered from 0, -1 stays -1, and the best number of grids (r,) of each."""
    ids, part = np.unique(region, return_inverse=True)
    part = part - int(ids[0] < 0)
    total = np.bincount(part[part >= 0], households[part >= 0])
    return part, np.array([band.best_count(size) for size in total], np.int64)
