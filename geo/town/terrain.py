"""The ground a sample town stands on: a raster of heights, and how things spread over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import ndimage

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

CELL = 40.0
STEEP = 12.0


@dataclass(frozen=True)
class Raster:
    """A north-up net of square cells in metres; row 0 is the southernmost, x0 and y0 its south-west corner."""

    x0: float
    y0: float
    rows: int
    cols: int
    cell: float = CELL

    def centres(self, cells: Any) -> Floats:
        """(n,) flat cell numbers -> (n, 2) metres of the cell centres."""
        row, col = np.divmod(np.asarray(cells), self.cols)
        return np.column_stack([self.x0 + (col + 0.5) * self.cell, self.y0 + (row + 0.5) * self.cell])

    def cells(self, xy: Floats) -> Ints:
        """(n, 2) metres -> (n,) flat cell numbers; points outside take the nearest cell."""
        col = np.clip(np.floor((xy[:, 0] - self.x0) / self.cell), 0, self.cols - 1).astype(np.int64)
        row = np.clip(np.floor((xy[:, 1] - self.y0) / self.cell), 0, self.rows - 1).astype(np.int64)
        return row * self.cols + col


def noise(rng: np.random.Generator, shape: tuple[int, ...], sigma: float) -> Floats:
    """Smooth random field of mean 0 and standard deviation 1; sigma in cells."""
    field = ndimage.gaussian_filter(rng.standard_normal(shape), sigma, mode="reflect")
    return np.asarray((field - field.mean()) / (field.std() + 1e-12))


def heights(rng: np.random.Generator, raster: Raster, river: Floats) -> Floats:
    """(rows, cols) metres above the valley floor: plains of height 0 along the river (n, 2) and between the hills."""
    shape = (raster.rows, raster.cols)
    free = np.ones(shape, dtype=bool)
    free.flat[raster.cells(river)] = False
    away = ndimage.distance_transform_edt(free) * raster.cell
    hills = 0.75 * noise(rng, shape, 15) + 0.35 * noise(rng, shape, 6) + 0.12 * noise(rng, shape, 2)
    lift = 0.25 - 1.3 * np.exp(-((away / 750.0) ** 2))
    # Rounded, so that the last bit of a processor's exp() can't move a boundary.
    return np.asarray(np.round(np.maximum(0.0, hills + lift) * 90.0, 3))


@njit(cache=True, nogil=True)
def spread(cost: Any, zone: Any, seeds: Any, labels: Any, start: Any, cols: int, diagonal: bool) -> Any:
    """Cheapest way from the nearest seed to every cell, without leaving the seed's zone.

    cost, zone: (n,) int64 per cell, a negative cost bars the cell; seeds, labels, start: (m,) cells, what they stand
    for and their head start. Gives (n,) distance, label (-1 unreached) and predecessor (-1 at seeds). Ties go to the
    smaller cell number. O(n log n).
    """
    n = cost.size
    rows = n // cols
    far = np.int64(1) << 60
    dist = np.full(n, far, np.int64)
    label = np.full(n, -1, np.int64)
    pred = np.full(n, -1, np.int64)
    heap = [(np.int64(0), np.int64(0))]
    heap.pop()
    for k in range(seeds.size):
        if start[k] < dist[seeds[k]]:
            dist[seeds[k]] = start[k]
            label[seeds[k]] = labels[k]
            _push(heap, (start[k], np.int64(seeds[k])))
    while len(heap) > 0:
        d, u = _pop(heap)
        if d > dist[u]:
            continue
        r, c = u // cols, u % cols
        for dr in range(-1, 2):
            for dc in range(-1, 2):
                slanted = dr != 0 and dc != 0
                if (dr == 0 and dc == 0) or (slanted and not diagonal):
                    continue
                if r + dr < 0 or r + dr >= rows or c + dc < 0 or c + dc >= cols:
                    continue
                v = u + dr * cols + dc
                if cost[v] < 0 or zone[v] != zone[u]:
                    continue
                new = d + (cost[u] + cost[v]) * (14 if slanted else 10)
                if new < dist[v]:
                    dist[v] = new
                    label[v] = label[u]
                    pred[v] = u
                    _push(heap, (new, v))
    return dist, label, pred


@njit(cache=True, nogil=True)
def _push(heap: Any, item: Any) -> None:
    heap.append(item)
    k = len(heap) - 1
    while k > 0:
        parent = (k - 1) >> 1
        if heap[parent] <= item:
            break
        heap[k] = heap[parent]
        k = parent
    heap[k] = item


@njit(cache=True, nogil=True)
def _pop(heap: Any) -> Any:
    top = heap[0]
    item = heap.pop()
    n = len(heap)
    if n == 0:
        return top
    k = 0
    while True:
        child = 2 * k + 1
        if child >= n:
            break
        if child + 1 < n and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= item:
            break
        heap[k] = heap[child]
        k = child
    heap[k] = item
    return top


@njit(cache=True, nogil=True)
def trace(pred: Any, ends: Any, count: Any) -> None:
    """Walk from each end to its seed and add 1 to `count` (n,) at every cell on the way, in place."""
    for k in range(ends.size):
        u = ends[k]
        while u >= 0:
            count[u] += 1
            u = pred[u]


@njit(cache=True, nogil=True)
def trace_rank(pred: Any, ends: Any, ranks: Any, rank: Any) -> None:
    """Walk from each end to its seed and lower `rank` (n,) of each step to the end's, in place."""
    for k in range(ends.size):
        u = ends[k]
        while u >= 0 and rank[u] > ranks[k]:
            rank[u] = ranks[k]
            u = pred[u]
