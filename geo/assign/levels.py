"""Town, village, grid and micro-grid of a point in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.assign import storage
from geo.assign.index import GridIndex, Positions, object_array, point_arrays, ranks, suspects
from geo.assign.leaves import Order
from geo.assign.raster import Raster, build
from geo.assign.rings import flatten, xy
from geo.errors import GeoError


class NestedIndex:
    """Several levels of areas, looked up at once: each level's answer is that of a `GridIndex` of its own.

    The levels need not nest: a grid that reaches over its village's border is answered as drawn. But where they do,
    they share their edges, and all levels cost hardly more than the finest.

    Parameters
    ----------
    levels : name -> (polygons, ids), from the coarsest to the finest; polygons and ids as for `GridIndex`

    Raises
    ------
    GeoError : no level, or what `GridIndex` refuses

    Examples
    --------
    >>> from shapely import box
    >>> index = NestedIndex({"village": ([box(0, 0, 2, 1)], ["V"]), "grid": ([box(0, 0, 1, 1)], ["V1"])})
    >>> index.locate([0.5, 1.5, 3.0], [0.5, 0.5, 0.5]).tolist()
    [[0, 0], [0, -1], [-1, -1]]
    """

    def __init__(
        self, levels: Mapping[str, tuple[Sequence[Any] | NDArray[Any], ArrayLike]], *, compact: bool = False
    ) -> None:
        if not levels:
            raise GeoError("An index of levels needs at least one level.")
        shapes = [object_array(polygons) for polygons, _ in levels.values()]
        ids = [np.asarray(names) for _, names in levels.values()]
        for name, polygons, names in zip(levels, shapes, ids, strict=True):
            if polygons.shape != names.shape or names.ndim != 1:
                raise GeoError(f"Level {name}: {polygons.shape} polygons and {names.shape} ids; give one id for each.")
        everything = np.concatenate(shapes)
        coords, rings = flatten(everything)
        raster = build(coords, rings, _order(shapes, ids), suspects(everything), compact=compact)
        self._take(raster, dict(zip(levels, ids, strict=True)))

    def _take(self, raster: Raster, ids: dict[str, NDArray[Any]]) -> None:
        self.raster, self.ids = raster, ids
        sizes = [len(names) for names in ids.values()]
        self._start = (np.cumsum(sizes) - sizes).astype(np.int32)

    @property
    def nbytes(self) -> int:
        """Bytes of memory, without ids and without the room kept for `replace`."""
        return self.raster.nbytes

    def locate(self, x: ArrayLike, y: ArrayLike) -> Positions:
        """(n, levels) int32 positions in the ids of each level, in the order of the levels; -1 where none holds it."""
        found = self.raster.locate_levels(*point_arrays(x, y))
        return np.where(found < 0, np.int32(-1), found - self._start)

    def replace(self, level: str, polygons: Sequence[Any] | NDArray[Any], ids: ArrayLike) -> NestedIndex:
        """An index in which these areas of one level have these polygons; this one goes on as it was.

        None or an empty polygon takes an area away. Milliseconds for a few areas, as `GridIndex.replace`.

        Raises
        ------
        GeoError : an id is unknown or repeated, or what a new index would refuse
        """
        shapes, names = object_array(polygons), np.asarray(ids)
        where = {name: i for i, name in enumerate(self.ids[level].tolist())}
        unknown = [name for name in names.tolist() if name not in where]
        if unknown or len(set(names.tolist())) < len(names) or shapes.shape != names.shape:
            raise GeoError(f"Give one polygon for each of different ids of level {level}; unknown: {unknown[:5]}.")
        start = int(self._start[list(self.ids).index(level)])
        positions = np.array([start + where[name] for name in names.tolist()], np.intp)
        coords, rings = flatten(shapes)
        raster = self.raster.mended(positions, coords, rings, suspects(shapes), self.raster.order)
        if raster is None:
            everything = self.raster.polygons(np.arange(len(self.raster.suspect)))
            everything[positions] = shapes
            coords, rings = flatten(everything)
            compact = bool(self.raster.coarser)
            raster = build(coords, rings, self.raster.order, suspects(everything), compact=compact)
        return NestedIndex._of(raster, self.ids)

    @classmethod
    def _of(cls, raster: Raster, ids: dict[str, NDArray[Any]]) -> NestedIndex:
        made = cls.__new__(cls)
        made._take(raster, ids)
        return made

    def save(self, path: str | PathLike[str], *, edition: str = "") -> None:
        """Write the index to a file, as `GridIndex.save`."""
        storage.save(path, self.raster, {f"ids.{name}": ids for name, ids in self.ids.items()}, edition, "NestedIndex")

    @classmethod
    def load(cls, path: str | PathLike[str], *, edition: str | None = None, verify: bool = True) -> NestedIndex:
        """The index of a file, mapped, as `GridIndex.load`."""
        raster, extra = storage.load(path, edition, "NestedIndex", verify=verify)
        return cls._of(raster, {name.removeprefix("ids."): ids for name, ids in extra.items()})


def _order(shapes: list[NDArray[Any]], ids: list[NDArray[Any]]) -> Order:
    """Ranks level after level, and for each area the areas around a point inside it."""
    sizes = [len(names) for names in ids]
    starts = np.cumsum(sizes) - sizes
    level = np.repeat(np.arange(len(ids), dtype=np.int32), sizes)
    rank = [ranks(names, np.zeros(len(names))) + start for names, start in zip(ids, starts, strict=True)]
    home = np.full((len(level), len(ids)), -1, np.int32)
    home[np.arange(len(level)), level] = np.arange(len(level))
    x, y = xy(shapely.point_on_surface(np.concatenate(shapes)))
    for coarse in range(len(ids) - 1):
        later = slice(int(starts[coarse + 1]), None)
        found = GridIndex(shapes[coarse], ids[coarse], compact=True).locate(x[later], y[later])
        home[later, coarse] = np.where(found < 0, -1, found + starts[coarse])
    return Order(np.concatenate(rank).astype(np.int32), level, home)
