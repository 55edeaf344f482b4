"""Grids made ready for point lookups."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from os import PathLike
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.assign import storage
from geo.assign.leaves import Order
from geo.assign.lookup import locate_one
from geo.assign.raster import Raster, build
from geo.assign.rings import flatten
from geo.errors import GeoError

Positions = NDArray[np.int32]
Reals = NDArray[np.float64]
PAIRS_AT_ONCE = 1 << 14


class GridIndex:
    """Grids made ready for point lookups, exact as GEOS's `intersects(grid, point)`, whatever the order of the rows.

    A point that several grids hold, on a shared edge or in an overlap, goes to the smallest id among those of the
    smallest priority. Immutable: readers in other threads never see a change, `replace` makes another index.

    Parameters
    ----------
    polygons : (m,) Polygons or MultiPolygons in any CRS; None and empty ones hold no point; overlaps, holes and
        invalid rings are allowed, the last are slow
    ids : (m,) unique, sortable
    priority : (m,) numbers; the smallest wins where grids overlap or touch, so that a declared owner (a dedicated
        site inside a base grid) comes first; all the same by default
    compact : half the memory, somewhat slower lookups

    Raises
    ------
    GeoError : ids not unique or not as many as polygons, a geometry that is no polygon, a coordinate not finite

    Notes
    -----
    A cell of a raster holds the position of the grid that covers all of it, or points to smaller cells, and these to
    the few edges that pass there. A point is joined to the centre of its smallest cell, whose cover is known; each edge
    crossed changes the cover. Where rounding could change a sign, GEOS is asked. Building takes about 1 µs a vertex
    and core, a lookup about 40 ns a point and core.

    Examples
    --------
    >>> from shapely import box
    >>> index = GridIndex([box(0, 0, 1, 1), box(1, 0, 2, 1)], ["001", "002"])
    >>> index.locate([0.5, 1.0, 1.5, 3.0], [0.5, 0.5, 0.5, 0.5])
    array([ 0,  0,  1, -1], dtype=int32)
    """

    def __init__(
        self,
        polygons: Sequence[Any] | NDArray[Any],
        ids: ArrayLike,
        *,
        priority: ArrayLike | None = None,
        compact: bool = False,
    ) -> None:
        shapes, names = object_array(polygons), np.asarray(ids)
        if names.shape != shapes.shape or names.ndim != 1:
            raise GeoError(f"{shapes.shape} polygons and {names.shape} ids; give one id for each polygon.")
        priorities = np.zeros(len(names)) if priority is None else np.asarray(priority)
        if priorities.shape != names.shape:
            raise GeoError(f"{priorities.shape} priorities and {names.shape} ids; give one for each.")
        coords, rings = flatten(shapes)
        self._take(
            build(coords, rings, one_level(ranks(names, priorities)), suspects(shapes), compact=compact),
            names,
            priorities,
        )

    def _take(self, raster: Raster, ids: NDArray[Any], priority: NDArray[Any]) -> None:
        self.raster, self.ids, self.priority = raster, ids, priority
        self._flat = (*raster.arrays, raster.frame)

    @classmethod
    def _of(cls, raster: Raster, ids: NDArray[Any], priority: NDArray[Any]) -> GridIndex:
        made = cls.__new__(cls)
        made._take(raster, ids, priority)
        return made

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def nbytes(self) -> int:
        """Bytes of memory, without ids and without the room kept for `replace`."""
        return self.raster.nbytes

    @cached_property
    def polygons(self) -> NDArray[Any]:
        """(m,) shapely polygons, vertex for vertex as they came; None where they were missing or empty."""
        return self.raster.polygons(np.arange(len(self.ids)))

    @cached_property
    def _by_rank(self) -> Positions:
        """(m + 1,) position of each rank, and -1 for the rank after the last."""
        return np.append(np.argsort(self.raster.order.rank), -1).astype(np.int32)

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.polygons)

    def locate(self, x: ArrayLike, y: ArrayLike) -> Positions:
        """(n,) int32 positions in `ids` of the grid that holds each point, -1 outside and where x or y is NaN.

        x, y : (n,) in the CRS of the polygons
        """
        return self.raster.locate(*point_arrays(x, y))

    def locate_one(self, x: float, y: float) -> int:
        """Position in `ids` of the grid that holds one point, -1 outside; in about a microsecond."""
        position: int = locate_one(*self._flat, x, y)
        return position if position >= -1 else int(self.raster.locate(np.array([x]), np.array([y]))[0])

    def nearest(self, x: ArrayLike, y: ArrayLike, reach: float) -> tuple[Positions, Reals]:
        """(n,) int32 positions and (n,) distances in CRS units; 0 inside a grid, -1 and inf beyond `reach`.

        Equally near grids: the winner is the one that would win an overlap. The first call builds a tree of all grids.

        Raises
        ------
        GeoError : reach is negative or NaN
        """
        checked_reach(reach)
        x, y = point_arrays(x, y)
        position = self.raster.locate(x, y)
        distance = np.where(position >= 0, 0.0, np.inf)
        outside = np.flatnonzero((position < 0) & np.isfinite(x) & np.isfinite(y))
        if reach == 0 or not len(outside):
            return position, distance
        (point, grid), gap = self._tree.query_nearest(
            shapely.points(x[outside], y[outside]),
            max_distance=None if np.isinf(reach) else reach,
            return_distance=True,
            all_matches=True,
        )
        rank = np.full(len(x), len(self.ids))
        np.minimum.at(rank, outside[point], self.raster.order.rank[grid])
        position[outside] = self._by_rank[rank[outside]]
        distance[outside[point]] = gap
        return position, distance

    def margin(self, x: ArrayLike, y: ArrayLike, reach: float) -> tuple[Positions, Reals, Reals]:
        """(n,) positions, (n,) distances as in `nearest`, and (n,) how much farther the second nearest grid is.

        The margin is inf where no second grid is within reach, 0 on a shared edge: small margins are doubtful answers.
        Cost: one distance for each pair of a point and a grid within reach.

        Raises
        ------
        GeoError : reach is negative, infinite or NaN
        """
        if np.isinf(reach):
            raise GeoError("reach is infinite; give the distance beyond which a second grid does not matter.")
        position, distance = self.nearest(x, y, reach)
        x, y = point_arrays(x, y)
        second = np.full(len(x), np.inf)
        found = np.flatnonzero(position >= 0)
        for start in range(0, len(found), PAIRS_AT_ONCE):
            part = found[start : start + PAIRS_AT_ONCE]
            points = shapely.points(x[part], y[part])
            place, grid = self._tree.query(points, predicate="dwithin", distance=reach)
            other = grid != position[part[place]]
            gap = shapely.distance(points[place[other]], self.polygons[grid[other]])
            np.minimum.at(second, part[place[other]], gap)
        return position, distance, np.where(np.isinf(second), np.inf, second - np.where(position < 0, 0, distance))

    def replace(
        self, polygons: Sequence[Any] | NDArray[Any], ids: ArrayLike, *, priority: ArrayLike | None = None
    ) -> GridIndex:
        """An index in which the grids of these ids have these polygons; None or an empty one takes a grid away.

        New ids are added at the end of `ids`, so positions of the others stay. This index goes on as it was, also for
        readers in other threads. Milliseconds for a few grids: only the cells under them are made anew, and the two
        indices share the rest. A polygon outside the frame (2 % around all grids) makes a full build.

        polygons : (k,)
        ids : (k,) unique
        priority : (k,), by default what the ids had, 0 for new ones

        Raises
        ------
        GeoError : as for a new index
        """
        shapes, names = object_array(polygons), np.asarray(ids)
        if names.shape != shapes.shape or names.ndim != 1:
            raise GeoError(f"{shapes.shape} polygons and {names.shape} ids; give one id for each polygon.")
        if not len(names):
            return self
        positions, all_ids = self._places(names)
        all_priority = np.concatenate([self.priority, np.zeros(len(all_ids) - len(self.ids))])
        if priority is not None:
            all_priority[positions] = priority
        order = self.raster.order
        if len(all_ids) > len(self.ids) or priority is not None:
            order = one_level(ranks(all_ids, all_priority))
        coords, rings = flatten(shapes)
        raster = self.raster.mended(positions, coords, rings, suspects(shapes), order)
        # A changed priority can turn the winner of an edge elsewhere, far from the cells that were mended.
        if raster is None or priority is not None:
            everything = np.full(len(all_ids), None, dtype=object)
            everything[: len(self.ids)] = self.polygons
            everything[positions] = shapes
            return GridIndex(everything, all_ids, priority=all_priority, compact=bool(self.raster.coarser))
        return GridIndex._of(raster, all_ids, all_priority)

    def _places(self, names: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[Any]]:
        """Positions of some ids, new ones at the end, and all ids then."""
        by_id = np.argsort(self.ids, kind="stable") if self.priority.any() else self._by_rank[:-1]
        positions = find_ids(self.ids, by_id, names)
        new = positions < 0
        positions[new] = len(self.ids) + np.arange(new.sum())
        if len(np.unique(names)) < len(names):
            raise GeoError("The changed grids repeat an id; give each polygon its own.")
        return positions, np.concatenate([self.ids, names[new]]) if new.any() else self.ids

    def save(self, path: str | PathLike[str], *, edition: str = "") -> None:
        """Write the index to a file that `load` maps into memory; the file appears whole or not at all.

        edition : what the grids are, such as the number of a plan, for `load` to compare

        Raises
        ------
        GeoError : ids are neither text nor numbers
        """
        storage.save(path, self.raster, {"ids": self.ids, "priority": self.priority}, edition, "GridIndex")

    @classmethod
    def load(cls, path: str | PathLike[str], *, edition: str | None = None, verify: bool = True) -> GridIndex:
        """The index of a file, mapped: processes share its pages, and only those that lookups touch are read.

        edition : refuse a file of another edition
        verify : read the whole file once to compare checksums, some 0.1 s for 400 MB

        Raises
        ------
        IndexFileError : no index, another version, kind or edition, cut short or damaged
        """
        raster, extra = storage.load(path, edition, "GridIndex", verify=verify)
        return cls._of(raster, extra["ids"], extra["priority"])


def object_array(polygons: Sequence[Any] | NDArray[Any]) -> NDArray[Any]:
    """(m,) shapely geometries from a list, an array or a GeoSeries."""
    out = np.empty(len(polygons), dtype=object)
    out[:] = np.asarray(polygons, dtype=object) if not isinstance(polygons, list | tuple) else polygons
    if not (shapely.is_geometry(out) | shapely.is_missing(out)).all():
        raise GeoError("Grids must be shapely geometries or None.")
    return out


def point_arrays(x: ArrayLike, y: ArrayLike) -> tuple[Reals, Reals]:
    """Both coordinates as (n,) float64."""
    xs, ys = np.ascontiguousarray(x, dtype=np.float64), np.ascontiguousarray(y, dtype=np.float64)
    if xs.shape != ys.shape or xs.ndim != 1:
        raise GeoError(f"x has the shape {xs.shape} and y {ys.shape}; give two arrays of one length.")
    return xs, ys


def checked_reach(reach: float) -> None:
    """Refuse what is no distance."""
    if not reach >= 0:
        raise GeoError(f"reach is {reach}; give a distance of 0 or more.")


def suspects(polygons: NDArray[Any]) -> NDArray[np.bool_]:
    """(m,) whether a polygon is invalid."""
    return np.asarray(~shapely.is_valid(polygons) & ~shapely.is_missing(polygons))


def ranks(ids: NDArray[Any], priority: NDArray[Any]) -> Positions:
    """(m,) place of each grid in the order of priority and id."""
    order = np.argsort(ids, kind="stable")
    if len(ids) and (ids[order][1:] == ids[order][:-1]).any():
        raise GeoError("Grid ids are not unique; give each polygon its own.")
    if np.isnan(priority.astype(float)).any():
        raise GeoError("A priority is NaN; give each grid a number.")
    order = order[np.argsort(priority[order], kind="stable")]
    rank = np.empty(len(ids), np.int32)
    rank[order] = np.arange(len(ids))
    return rank


def one_level(rank: Positions) -> Order:
    """The order of grids that all belong to one level."""
    home = np.arange(len(rank), dtype=np.int32)[:, None]
    return Order(rank, np.zeros(len(rank), np.int32), home)


def find_ids(ids: NDArray[Any], by_id: NDArray[Any], names: NDArray[Any]) -> NDArray[np.intp]:
    """(k,) positions of `names` in `ids`, -1 for unknown ones; `by_id` sorts `ids`."""
    if not len(ids):
        return np.full(len(names), -1, np.intp)
    place = np.minimum(np.searchsorted(ids, names, sorter=by_id), len(ids) - 1)
    position = by_id[place].astype(np.intp)
    return np.where(ids[position] == names, position, -1)
