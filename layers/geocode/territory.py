"""The polygons of one level in force, asked which of them holds a point."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping
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
    places : (k,) where the areas of the two indices stand in `codes`, -1 for one that is gone
    marks : the row and the revision of each code in the table of grids, empty if it was not read from there
    """

    codes: np.ndarray
    names: np.ndarray
    spots: np.ndarray
    index: GridIndex
    metric: GridIndex
    crs: Any
    places: np.ndarray
    marks: Mapping[str, tuple[int, int]]

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
        index, places = GridIndex(frame.geometry, marks), np.arange(len(codes), dtype=np.int32)
        return cls(codes, names, spots, index, metric, crs, places, marks_of(frame))

    def changed(self, frame: gpd.GeoDataFrame, gone: Collection[str]) -> Territory:
        """With the areas of a frame as `of` takes it, new or in place of those that are here, and without some codes.

        The two indices are mended, so that a few areas take milliseconds.
        """
        shapes, away = frame.geometry, [None] * len(gone)
        ids = np.array([*frame["code"], *gone], dtype=str)
        index = self.index.replace([*shapes, *away], ids)
        metric = self.metric.replace([*shapes.to_crs(self.crs), *away], ids)
        spots = shapely.get_coordinates(shapely.point_on_surface(shapes.to_numpy()))
        held = {code: (name, spot) for code, name, spot in zip(self.codes, self.names, self.spots, strict=True)}
        held |= {code: (name, spot) for code, name, spot in zip(frame["code"], frame["name"], spots, strict=True)}
        codes = sorted(held.keys() - set(gone))
        place = {code: at for at, code in enumerate(codes)}
        return Territory(
            np.array(codes, dtype=object), np.array([held[code][0] for code in codes], dtype=object),
            np.array([held[code][1] for code in codes]).reshape(-1, 2), index, metric, self.crs,
            np.array([place.get(code, -1) for code in index.ids.tolist()], dtype=np.int32),
            {code: mark for code, mark in (dict(self.marks) | marks_of(frame)).items() if code in place},
        )  # fmt: skip

    def below(self, code: str) -> tuple[int, int]:
        """Positions [low, high) of the areas whose code begins with `code`."""
        return bisect_left(self.codes, code), bisect_left(self.codes, code + "\U0010ffff")

    def positions(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) positions in `codes`, -1 outside every reach, and (n,) metres: 0 inside, to the nearest one else."""
        found = self._placed(self.index.locate(x, y))
        distance = np.where(found >= 0, 0.0, np.inf)
        lost = np.flatnonzero((found < 0) & np.isfinite(x) & np.isfinite(y))
        if lost.size:
            points = gpd.GeoSeries(shapely.points(x[lost], y[lost]), crs=SRID).to_crs(self.crs)
            near, metres = self.metric.nearest(points.x.to_numpy(), points.y.to_numpy(), REACH_M)
            found = found.copy()
            found[lost], distance[lost] = self._placed(near), metres
        return found, distance

    def _placed(self, found: np.ndarray) -> np.ndarray:
        return np.where(found >= 0, self.places[found], -1)

    def locate(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) codes, None outside every polygon's reach, and (n,) distances: 0 inside, metres to the nearest else."""
        found, distance = self.positions(x, y)
        codes = np.full(len(x), None, dtype=object)
        codes[found >= 0] = self.codes[found[found >= 0]]
        return codes, distance


def marks_of(frame: gpd.GeoDataFrame) -> dict[str, tuple[int, int]]:
    """Code -> row and revision, for a frame that was read from the table of grids."""
    if not {"id", "revision"} <= set(frame.columns):
        return {}
    return dict(zip(frame["code"], zip(frame["id"].tolist(), frame["revision"].tolist(), strict=True), strict=True))
