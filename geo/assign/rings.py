"""Polygons as flat arrays of vertices and rings, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import GeoError


@dataclass(frozen=True)
class Rings:
    """Where the rings of each polygon stand in one array of vertices.

    first, count : (m,) first ring and number of rings of each polygon
    start, stop : (r,) first vertex and one past the last vertex of each ring
    part : (r,) which part of its polygon a ring belongs to; the first ring of a part is its shell
    bounds : (m, 4) min x, min y, max x, max y; NaN without rings
    """

    first: NDArray[np.int32]
    count: NDArray[np.int32]
    start: NDArray[np.int32]
    stop: NDArray[np.int32]
    part: NDArray[np.int32]
    bounds: NDArray[np.float64]

    def replaced(self, positions: NDArray[np.intp], other: Rings, offset: int) -> Rings:
        """Rings in which the polygons at `positions` are those of `other`, whose vertices start at `offset`."""
        more = max(0, int(positions.max(initial=-1)) + 1 - len(self.first))
        first, count = np.pad(self.first, (0, more)), np.pad(self.count, (0, more))
        bounds = np.pad(self.bounds, ((0, more), (0, 0)))
        first[positions], count[positions], bounds[positions] = other.first + len(self.start), other.count, other.bounds
        return Rings(
            first,
            count,
            np.concatenate([self.start, other.start + np.int32(offset)]),
            np.concatenate([self.stop, other.stop + np.int32(offset)]),
            np.concatenate([self.part, other.part]),
            bounds,
        )


def flatten(polygons: NDArray[Any]) -> tuple[NDArray[np.float64], Rings]:
    """(v, 2) vertices and their Rings; missing and empty polygons have no ring.

    Raises
    ------
    GeoError : something else than a Polygon or MultiPolygon, or a coordinate that is not finite
    """
    kind = shapely.get_type_id(polygons)
    odd = ~np.isin(kind, [-1, 3, 6]) & ~shapely.is_empty(polygons)
    if odd.any():
        where = int(np.argmax(odd))
        raise GeoError(f"Row {where} is a {polygons[where].geom_type}; grids must be Polygons or MultiPolygons.")
    full = np.flatnonzero(~shapely.is_empty(polygons))
    parts, polygon_of_part = shapely.get_parts(polygons[full], return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    stop = np.cumsum(shapely.get_num_coordinates(rings), dtype=np.int64)
    if len(stop) and stop[-1] >= 2**31 - 1:
        raise GeoError(f"{stop[-1]} vertices are too many for one index; split the grids into regions.")
    coords = shapely.get_coordinates(rings)
    if not np.isfinite(coords).all():
        raise GeoError("A grid has a coordinate that is NaN or infinite; repair it first.")
    polygon_of_ring = full[polygon_of_part[part_of_ring]]
    count = np.bincount(polygon_of_ring, minlength=len(polygons))
    return coords, Rings(
        (np.cumsum(count) - count).astype(np.int32),
        count.astype(np.int32),
        np.concatenate([[0], stop[:-1]]).astype(np.int32) if len(stop) else np.zeros(0, np.int32),
        stop.astype(np.int32),
        part_of_ring.astype(np.int32),
        shapely.bounds(polygons).reshape(-1, 4),
    )


def rebuild(coords: NDArray[np.float64], rings: Rings, positions: NDArray[np.integer[Any]]) -> NDArray[Any]:
    """(k,) shapely polygons at `positions`, vertex for vertex as they came; None without rings."""
    count = rings.count[positions]
    ring = np.repeat(rings.first[positions] - (np.cumsum(count) - count), count) + np.arange(count.sum())
    owner = np.repeat(np.arange(len(positions)), count)
    out = np.full(len(positions), None, dtype=object)
    if not len(ring):
        return out
    size = rings.stop[ring] - rings.start[ring]
    vertex = np.repeat(rings.start[ring] - (np.cumsum(size) - size), size) + np.arange(size.sum())
    made = shapely.linearrings(coords[vertex], indices=np.repeat(np.arange(len(ring)), size))
    new_part = np.ones(len(ring), dtype=bool)
    new_part[1:] = (owner[1:] != owner[:-1]) | (rings.part[ring][1:] != rings.part[ring][:-1])
    parts = shapely.polygons(made, indices=np.cumsum(new_part) - 1)
    holder = owner[new_part]
    several = np.bincount(holder, minlength=len(positions))[holder] > 1
    out[holder[~several]] = parts[~several]
    if several.any():
        owners, group = np.unique(holder[several], return_inverse=True)
        out[owners] = shapely.multipolygons(parts[several], indices=group)
    return out


def xy(points: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) x and (n,) y of points, NaN where they are missing or empty."""
    out = np.full((len(points), 2), np.nan)
    coords, row = shapely.get_coordinates(points, return_index=True)
    out[row] = coords
    return np.ascontiguousarray(out[:, 0]), np.ascontiguousarray(out[:, 1])
