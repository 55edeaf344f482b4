"""The polygons of one level in force, asked which of them holds a point."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geo.assign import GridIndex
from geo.crs import metric_crs
from layers.tables import SRID

REACH_M = 50.0
"""How far outside every grid a place may lie and still be given to the nearest one: the usual error of a phone."""


@dataclass(frozen=True)
class Territory:
    """The polygons of one level in force, with an index in degrees and one in metres.

    codes, names : (m,) in the order of the codes
    spots : (m, 2) a point inside each, degrees
    """

    codes: np.ndarray
    names: np.ndarray
    spots: np.ndarray
    index: GridIndex
    metric: GridIndex
    crs: Any

    @classmethod
    def of(cls, frame: gpd.GeoDataFrame) -> Territory | None:
        """Index a frame of grids (EPSG:4326, columns code and name); None if it has no rows."""
        if frame.empty:
            return None
        frame = frame.sort_values("code")
        codes = frame["code"].to_numpy(dtype=object)
        crs = metric_crs(tuple(frame.total_bounds))
        marks = codes.astype(str)
        metric = GridIndex(frame.geometry.to_crs(crs), marks)
        names = frame["name"].to_numpy(dtype=object)
        spots = shapely.get_coordinates(shapely.point_on_surface(frame.geometry.to_numpy()))
        return cls(codes, names, spots, GridIndex(frame.geometry, marks), metric, crs)

    def below(self, code: str) -> tuple[int, int]:
        """Positions [low, high) of the areas whose code begins with `code`."""
        return bisect_left(self.codes, code), bisect_left(self.codes, code + "\U0010ffff")

    def positions(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) positions in `codes`, -1 outside every reach, and (n,) metres: 0 inside, to the nearest one else."""
        found = self.index.locate(x, y)
        distance = np.where(found >= 0, 0.0, np.inf)
        lost = np.flatnonzero((found < 0) & np.isfinite(x) & np.isfinite(y))
        if lost.size:
            points = gpd.GeoSeries(shapely.points(x[lost], y[lost]), crs=SRID).to_crs(self.crs)
            near, metres = self.metric.nearest(points.x.to_numpy(), points.y.to_numpy(), REACH_M)
            found = found.copy()
            found[lost], distance[lost] = near, metres
        return found, distance

    def locate(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) codes, None outside every polygon's reach, and (n,) distances: 0 inside, metres to the nearest else."""
        found, distance = self.positions(x, y)
        codes = np.full(len(x), None, dtype=object)
        codes[found >= 0] = self.codes[found[found >= 0]]
        return codes, distance
