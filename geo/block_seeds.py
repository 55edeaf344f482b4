"""What ground is cut around when it is cut into blocks: groups of households, and the middles of empty fields."""

from __future__ import annotations

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geo.assign import GridIndex

Shapes = NDArray[np.object_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Seeds(NamedTuple):
    """Points that ground is cut around: (s, 2) places, (s,) the face each lies in, (s,) the group it belongs to."""

    place: Floats
    face: Ints
    group: Ints


def seeds_of(
    faces: Shapes, place: Floats, counts: Floats, buildings: gpd.GeoSeries | None, size: float, field_m2: float
) -> Seeds:
    """Households, gathered by building and then into groups, and the middles of fields far from all of them."""
    unit = _unit_of(place, buildings)
    units = int(unit.max(initial=-1)) + 1
    weight = sums_of(unit, counts, units)
    number = sums_of(unit, np.ones(len(unit)), units)
    middle = np.column_stack([sums_of(unit, place[:, axis], units) / number for axis in (0, 1)])
    face = nearest_shape(faces, *middle.T) if len(middle) else np.empty(0, dtype=np.int64)

    group = np.empty(len(middle), dtype=np.int64)
    groups = 0
    order = np.argsort(face, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(face[order])) + 1):
        for part in _halved(middle, weight, members, size):
            group[part] = groups
            groups += 1

    field, field_face = _fields(faces, middle, np.sqrt(field_m2))
    return Seeds(
        np.concatenate([middle, field]),
        np.concatenate([face, field_face]),
        np.concatenate([group, groups + np.arange(len(field))]),
    )


def _unit_of(place: Floats, buildings: gpd.GeoSeries | None) -> Ints:
    """(h,) number of the building, or of the place, that households share."""
    if not len(place):
        return np.empty(0, dtype=np.int64)
    key = np.full(len(place), -1, dtype=np.int64)
    if buildings is not None and len(buildings):
        shapes = np.asarray(buildings.geometry.array, dtype=object)
        shapes = shapes[np.argsort(shapely.area(shapes), kind="stable")]  # the smallest of those on top of each other
        parts, building = shapely.get_parts(shapes, return_index=True)
        parts, inner = shapely.get_parts(parts, return_index=True)  # polygons in collections in collections
        building, polygon = building[inner], shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
        found = GridIndex(parts[polygon], np.arange(polygon.sum())).locate(*place.T)
        key = np.where(found >= 0, np.append(building[polygon], -1)[found], -1)
    _, alike = np.unique(place, axis=0, return_inverse=True)
    key = np.where(key < 0, key.max(initial=0) + 1 + alike.ravel(), key)
    return np.unique(key, return_inverse=True)[1].ravel()


def _halved(place: Floats, weight: Floats, members: Ints, size: float) -> list[Ints]:
    """Members cut across their longer side, again and again, into groups of about `size`."""
    pending, done = [members], []
    while pending:
        part = pending.pop()
        groups = round(weight[part].sum() / size)
        if groups < 2 or len(part) < 2:
            done.append(part)
            continue
        spread = np.ptp(place[part], axis=0)
        order = part[np.argsort(place[part, int(spread[1] > spread[0])], kind="stable")]
        share = np.cumsum(weight[order]) / weight[order].sum()
        cut = int(np.clip(np.searchsorted(share, (groups // 2) / groups - 1e-12) + 1, 1, len(order) - 1))
        pending += [order[cut:], order[:cut]]
    return done


def _fields(faces: Shapes, middle: Floats, pitch: float) -> tuple[Floats, Ints]:
    """Points of a lattice that lie inside large faces and farther than a pitch from all households."""
    large = np.flatnonzero(shapely.area(faces) > 1.5 * pitch**2)
    if not large.size:
        return np.empty((0, 2)), np.empty(0, dtype=np.int64)
    west, south, east, north = shapely.total_bounds(faces[large])
    x, y = np.meshgrid(np.arange(west + pitch / 2, east, pitch), np.arange(south + pitch / 2, north, pitch))
    x[1::2] += pitch / 2  # every second row between the ones below: cells like bricks, not a chessboard
    lattice = np.column_stack([x.ravel(), y.ravel()])
    found = GridIndex(faces[large], np.arange(len(large))).locate(*lattice.T)
    inside = found >= 0
    if len(middle):
        inside &= cKDTree(middle).query(lattice, distance_upper_bound=pitch)[0] > pitch
    return lattice[inside], large[found[inside]].astype(np.int64)


def nearest_shape(shapes: Shapes, x: Floats, y: Floats) -> Ints:
    """(n,) the polygon that holds each point, or else the nearest one."""
    found = GridIndex(shapes, np.arange(len(shapes))).locate(x, y).astype(np.int64)
    lost = np.flatnonzero(found < 0)
    if lost.size:
        found[lost] = shapely.STRtree(shapes).nearest(shapely.points(x[lost], y[lost]))
    return found


def sums_of(key: Ints, values: Floats, size: int) -> Floats:
    """(size,) sum of the values of each key."""
    sums: Floats = np.bincount(key, weights=values, minlength=size).astype(np.float64)
    return sums
