"""The two-level raster over the polygons: made, mended in a window, asked."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numba
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.assign.arena import Arena
from geo.assign.build import build_window, list_edges, shift, shift_blocks
from geo.assign.cells import Flags, Frame, Ints, Table, Window
from geo.assign.leaves import UNIT, Order
from geo.assign.lookup import Arrays, Reals, candidates, locate_levels, locate_many
from geo.assign.rings import Rings, rebuild
from geo.errors import GeoError

BAND_ROWS = 64
POINTS_A_THREAD = 1 << 14
MOST_CELLS = 1 << 24
# So many first-level cells fit into a core's cache; below, finer cells cost nothing.
SMALL = 1 << 18
LARGEST_SIDE = 1 << 14


def in_threads(task: Callable[..., Any], jobs: list[tuple[Any, ...]]) -> list[Any]:
    """Results of the jobs in their order, made by as many threads as NUMBA_NUM_THREADS allows.

    Plain threads over kernels that let go of the interpreter lock, not prange: numba's own work queue ends the process
    when two threads of a server enter it at once.
    """
    threads = min(numba.get_num_threads(), len(jobs))
    if threads <= 1:
        return [task(*job) for job in jobs]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda job: task(*job), jobs))


@dataclass(frozen=True)
class Raster:
    """Immutable; versions made by `mended` share their arenas."""

    frame: Frame
    codes: Table
    sub: Arena
    blob: Arena
    coords: Arena
    rings: Rings
    order: Order
    suspect: Flags
    coarser: int

    @cached_property
    def arrays(self) -> Arrays:
        """What the lookups read."""
        return Arrays(self.codes, self.sub.data, self.blob.data, self.coords.data)

    @property
    def nbytes(self) -> int:
        """Bytes in use, without the room left for later."""
        rings = sum(a.nbytes for a in vars(self.rings).values())
        arenas = sum(a.used * a.data.strides[0] for a in (self.sub, self.blob, self.coords))
        return int(arenas + rings + self.codes.nbytes + sum(a.nbytes for a in self.order))

    def polygons(self, positions: NDArray[Any]) -> NDArray[Any]:
        """(k,) shapely polygons as they came."""
        return rebuild(self.coords.data, self.rings, positions)

    def locate(self, x: Reals, y: Reals) -> Ints:
        """(n,) position of the polygon of lowest rank that holds each point, -1 for none; one level."""
        out = np.empty(len(x), np.int32)
        in_threads(
            locate_many,
            [(self.arrays, self.frame, x[part], y[part], out[part]) for part in _parts(len(x))],
        )
        asked = np.flatnonzero(out < -1)
        if len(asked):
            out[asked] = self._ask(out[asked], x[asked], y[asked])[:, 0]
        return out

    def locate_levels(self, x: Reals, y: Reals) -> Table:
        """(n, levels) position of the polygon of lowest rank of each level that holds each point, -1 for none."""
        out = np.empty((len(x), self.order.home.shape[1]), np.int32)
        in_threads(
            locate_levels,
            [(self.arrays, self.frame, self.order, x[p], y[p], out[p]) for p in _parts(len(x))],
        )
        asked = np.flatnonzero(out[:, 0] < -1)
        if len(asked):
            out[asked] = self._ask(out[asked, 0].copy(), x[asked], y[asked])
        return out

    def _ask(self, codes: Ints, x: Reals, y: Reals) -> Table:
        """(n, levels) GEOS's answer for points in the leaves of `codes`."""
        levels = self.order.home.shape[1]
        best = np.full((len(x), levels), len(self.order.rank))
        for part in _parts(len(x)):
            place, polygon = candidates(self.blob.data, codes[part])
            distinct, which = np.unique(polygon, return_inverse=True)
            points = shapely.points(x[part], y[part])
            hit = shapely.intersects(self.polygons(distinct)[which], points[place])
            place, polygon = place[hit] + part.start, polygon[hit]
            np.minimum.at(best, (place, self.order.level[polygon]), self.order.rank[polygon])
        by_rank = np.full(len(self.order.rank) + 1, -1, np.int32)
        by_rank[self.order.rank] = np.arange(len(self.order.rank))
        return by_rank[best]

    def mended(
        self, positions: NDArray[np.intp], coords: Reals, rings: Rings, suspect: Flags, order: Order
    ) -> Raster | None:
        """A raster in which the polygons at `positions` are others; None if they leave the frame.

        coords, rings, suspect : of the others, counted from 0
        order : of all polygons after the change
        """
        known = positions[positions < len(self.suspect)]
        window = self._window(np.concatenate([self.rings.bounds[known], rings.bounds]))
        if window is None:
            return None
        vertices, start = self.coords.append(coords)
        all_suspect = np.zeros(len(order.rank), np.bool_)
        all_suspect[: len(self.suspect)] = self.suspect
        all_suspect[positions] = suspect
        codes = self.codes.copy()
        changed = replace(
            self,
            codes=codes,
            coords=vertices,
            rings=self.rings.replaced(positions, rings, start),
            order=order,
            suspect=all_suspect,
        )
        part, sub, blob = changed._built(window)
        blobs, start = self.blob.append(blob)
        shift(sub, start)
        subs, start = self.sub.append(sub)
        shift_blocks(part, start)
        codes[window[2] : window[3], window[0] : window[1]] = part
        return _checked(replace(changed, sub=subs, blob=blobs))

    def _built(self, window: Window) -> tuple[Table, Ints, Ints]:
        """Codes, sub-cells and leaves of a window, counted from 0."""
        x0, y0, w, h, margin = self.frame
        bounds = self.rings.bounds
        with np.errstate(invalid="ignore"):
            reach = (bounds[:, 2] >= x0 + window[0] * w - margin) & (bounds[:, 0] <= x0 + window[1] * w + margin)
            reach &= (bounds[:, 3] >= y0 + window[2] * h - margin) & (bounds[:, 1] <= y0 + window[3] * h + margin)
        chosen = np.flatnonzero(reach).astype(np.int32)
        rings = self.rings
        suspects, sound = chosen[self.suspect[chosen]], chosen[~self.suspect[chosen]]
        edges, owners = list_edges(rings.first, rings.count, rings.start, rings.stop, sound)
        codes = np.empty((window[3] - window[2], window[1] - window[0]), np.int32)
        sub, blob = build_window(
            codes, self.frame, window, self.coords.data, edges, owners, suspects, bounds, self.order, self.coarser
        )
        return codes, sub, blob

    def _window(self, bounds: Reals) -> Window | None:
        """The cells that (k, 4) bounds reach, None if they leave the frame; NaN rows do not count."""
        x0, y0, w, h, margin = self.frame
        bounds = bounds[~np.isnan(bounds[:, 0])]
        if not len(bounds):
            return 0, 0, 0, 0
        low = np.floor((bounds[:, :2].min(axis=0) - margin - (x0, y0)) / (w, h)).astype(int)
        high = np.floor((bounds[:, 2:].max(axis=0) + margin - (x0, y0)) / (w, h)).astype(int) + 1
        if (low < 0).any() or high[0] > self.codes.shape[1] or high[1] > self.codes.shape[0]:
            return None
        return int(low[0]), int(high[0]), int(low[1]), int(high[1])


def build(coords: Reals, rings: Rings, order: Order, suspect: Flags, *, compact: bool) -> Raster:
    """The raster of all polygons, in bands so that memory stays near that of the result."""
    frame, columns, rows = _frame(rings.bounds, len(coords), compact)
    like = np.empty(0, np.int32)
    vertices = Arena.of([coords], coords)
    empty = Arena(like, 0)
    codes = np.empty((rows, columns), np.int32)
    raster = Raster(frame, codes, empty, empty, vertices, rings, order, suspect, int(compact))
    windows = [((0, columns, top, min(top + BAND_ROWS, rows)),) for top in range(0, rows, BAND_ROWS)]
    bands = in_threads(raster._built, windows)
    subs, blobs = [], []
    at_sub, at_blob = 0, 0
    for (window,), (part, sub, blob) in zip(windows, bands, strict=True):
        shift(sub, at_blob)
        shift_blocks(part, at_sub)
        codes[window[2] : window[3]] = part
        subs.append(sub)
        blobs.append(blob)
        at_sub += len(sub)
        at_blob += len(blob)
    del bands
    return _checked(replace(raster, sub=Arena.of(subs, like), blob=Arena.of(blobs, like)))


def _checked(raster: Raster) -> Raster:
    """The raster itself, if its pointers can name all that it holds."""
    if raster.sub.used >= UNIT << 27 or max(raster.blob.used, raster.coords.used) >= 2**31:
        raise GeoError("The grids have too many vertices for one index; split them into regions.")
    return raster


def _parts(n: int) -> list[slice]:
    size = max(POINTS_A_THREAD, -(-n // 64))
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def _frame(bounds: Reals, vertices: int, compact: bool) -> tuple[Frame, int, int]:
    """A frame of nearly square cells with some room around the polygons, its columns and rows."""
    if np.isnan(bounds[:, 0]).all():
        return (0.0, 0.0, 1.0, 1.0, 0.0), 1, 1
    low, high = np.nanmin(bounds[:, :2], axis=0), np.nanmax(bounds[:, 2:], axis=0)
    low, high = low - 0.02 * (high - low), high + 0.02 * (high - low)
    ulp = float(np.spacing(np.abs([low, high]).max()))
    size = high - low
    cells = vertices // 8 if compact else max(vertices // 3, min(4 * vertices, SMALL))
    cells = min(max(cells, 1 << 12), MOST_CELLS)
    side = max(float(np.sqrt(size[0] / cells) * np.sqrt(size[1])), float(size.max()) / LARGEST_SIDE, ulp * 2**22)
    columns, rows = (int(n) for n in np.maximum(np.ceil(size / side), 1))
    w, h = max(size[0] / columns, ulp * 2**22), max(size[1] / rows, ulp * 2**22)
    return (float(low[0]), float(low[1]), float(w), float(h), 1e-9 * max(w, h) + 8 * ulp), columns, rows
