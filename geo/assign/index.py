"""Positions of the grids that hold many points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoError


class GridIndex:
    """Grids made ready for point lookups; the tie rule is by id, so answers never depend on row order.

    Parameters
    ----------
    polygons : (m,) Polygons or MultiPolygons; None and empty ones hold no point; overlaps and holes are allowed
    ids : (m,) unique, sortable
    """

    def __init__(self, polygons: Sequence[Any] | NDArray[Any], ids: ArrayLike) -> None:
        self.polygons = np.array(polygons, dtype=object)
        self.ids = np.asarray(ids)
        if self.ids.shape != self.polygons.shape or self.ids.ndim != 1:
            raise GeoError(f"{self.polygons.shape} polygons and {self.ids.shape} ids; give one id for each polygon.")
        self._order = np.argsort(self.ids, kind="stable")
        if len(self.ids) and (self.ids[self._order][1:] == self.ids[self._order][:-1]).any():
            raise GeoError("Grid ids are not unique; give each polygon its own.")
        self._tree = shapely.STRtree(self.polygons[self._order])

    def locate(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.int32]:
        """(n,) int32 positions in `ids` of the grid that holds each point, -1 outside; shared edges to the smallest."""
        x, y = np.atleast_1d(np.asarray(x, dtype=float)), np.atleast_1d(np.asarray(y, dtype=float))
        rank = np.full(len(x), len(self.ids))
        finite = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        point, grid = self._tree.query(shapely.points(x[finite], y[finite]), predicate="intersects")
        np.minimum.at(rank, finite[point], grid)
        return np.append(self._order, -1)[rank].astype(np.int32)

    def nearest(self, x: ArrayLike, y: ArrayLike, reach: float) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """(n,) int32 positions and (n,) distances in CRS units (0 inside); -1 and inf beyond `reach`."""
        if not reach >= 0:
            raise GeoError(f"reach is {reach}; give a distance of 0 or more.")
        x, y = np.atleast_1d(np.asarray(x, dtype=float)), np.atleast_1d(np.asarray(y, dtype=float))
        position = self.locate(x, y)
        distance = np.where(position >= 0, 0.0, np.inf)
        outside = np.flatnonzero((position < 0) & np.isfinite(x) & np.isfinite(y))
        if reach == 0 or not len(outside):
            return position, distance
        (point, grid), gap = self._tree.query_nearest(
            shapely.points(x[outside], y[outside]), max_distance=reach, return_distance=True, all_matches=True
        )
        rank = np.full(len(x), len(self.ids))
        np.minimum.at(rank, outside[point], grid)
        position[outside] = np.append(self._order, -1)[rank[outside]]
        distance[outside[point]] = gap
        return position, distance
