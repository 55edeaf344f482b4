"""What isovists cover and what they leave out: blind spots, gaps, and who sees which point."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.errors import GeoError
from geo.metric import shared_metric_crs


def blind_spots(
    grids: gpd.GeoDataFrame | gpd.GeoSeries, isovists: gpd.GeoSeries, *, obstacles: gpd.GeoSeries | None = None
) -> gpd.GeoDataFrame:
    """Give what no camera sees of each grid, and the share that some camera does see.

    Parameters
    ----------
    grids : (m,) Polygons; metric CRS; missing and empty ones are allowed
    isovists : (n,) Polygons; the same CRS; missing ones see nothing
    obstacles : (k,) Polygons; the same CRS; ground under them is no ground to watch: it is neither blind nor part of
        the share

    Returns
    -------
    (m,) frame on the index of `grids`: geometry (empty where all is seen, None where the grid is missing), area_m2 of
    the blind spots, share_covered of the ground in [0, 1], NaN where there is no ground

    Raises
    ------
    CrsMismatchError, DegreesError, UnknownCrsError, GeoError : the layers do not share one metric CRS

    Examples
    --------
    >>> grid = gpd.GeoSeries([shapely.box(0, 0, 10, 10)], crs=3857)
    >>> seen = gpd.GeoSeries([shapely.box(0, 0, 5, 5), shapely.box(2, 0, 5, 10)], crs=3857)
    >>> blind_spots(grid, seen)[["area_m2", "share_covered"]].values.tolist()
    [[60.0, 0.4]]
    """
    crs = shared_metric_crs(grids, isovists, *(() if obstacles is None else (obstacles,)))
    areas = _valid(grids.geometry)
    ground = areas if obstacles is None else _less(areas, _valid(obstacles))
    blind = _less(ground, _valid(isovists))
    whole, left = shapely.area(ground), shapely.area(blind)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(whole > 0, np.clip(1 - left / whole, 0, 1), np.nan)
    return gpd.GeoDataFrame({"area_m2": left, "share_covered": share}, index=grids.index, geometry=blind, crs=crs)


def gaps(
    area: gpd.GeoDataFrame | gpd.GeoSeries,
    isovists: gpd.GeoSeries,
    *,
    min_area_m2: float = 0.0,
    min_width_m: float = 0.0,
    obstacles: gpd.GeoSeries | None = None,
) -> gpd.GeoDataFrame:
    """Give the connected gaps in the watch over an area, largest first.

    Parameters
    ----------
    area : (m,) Polygons, taken together: a gap may cross their borders; metric CRS
    isovists : (n,) Polygons; the same CRS
    min_area_m2 : smaller gaps are left out
    min_width_m : strips narrower than this are cut off, with corners rounded to half of it
    obstacles : (k,) Polygons; the same CRS; ground under them is no gap

    Returns
    -------
    (g,) frame, index 0 .. g - 1 by falling area: geometry (Polygons), area_m2

    Raises
    ------
    CrsMismatchError, DegreesError, UnknownCrsError : the layers do not share one metric CRS
    GeoError : min_area_m2 or min_width_m is negative, or the CRS is not in metres

    Examples
    --------
    >>> area = gpd.GeoSeries([shapely.box(0, 0, 10, 10)], crs=3857)
    >>> gaps(area, gpd.GeoSeries([shapely.box(2, 0, 5, 10)], crs=3857))["area_m2"].tolist()
    [50.0, 20.0]
    """
    if not (min_area_m2 >= 0 and min_width_m >= 0):
        raise GeoError("min_area_m2 and min_width_m must be 0 or more.")
    blind = blind_spots(area, isovists, obstacles=obstacles)
    parts = _polygons(shapely.union_all(np.asarray(blind.geometry.array, dtype=object)))
    parts = parts[shapely.area(parts) >= min_area_m2]
    if min_width_m:
        half = min_width_m / 2
        parts = _polygons(shapely.intersection(parts, shapely.buffer(shapely.buffer(parts, -half), half)))
    size = shapely.area(parts)
    corner = shapely.bounds(parts).reshape(-1, 4)
    order = np.lexsort((corner[:, 1], corner[:, 0], -size))  # equal gaps from west to east, south to north
    order = order[size[order] >= max(min_area_m2, np.finfo(float).tiny)]
    return gpd.GeoDataFrame({"area_m2": size[order]}, geometry=parts[order], crs=blind.crs)


def seen_by(isovists: gpd.GeoSeries, points: gpd.GeoSeries) -> pd.DataFrame:
    """Give which camera sees which point, one row for each pair; the edge of an isovist is seen.

    Parameters
    ----------
    isovists : (n,) Polygons; any CRS
    points : (m,) Points; the same CRS

    Returns
    -------
    (p,) frame with columns point and camera (labels of the two indices), in the order of points and then of cameras

    Raises
    ------
    CrsMismatchError, DegreesError, UnknownCrsError, GeoError : the layers do not share one metric CRS

    Examples
    --------
    >>> seen = gpd.GeoSeries([shapely.box(0, 0, 5, 5), shapely.box(2, 0, 5, 10)], index=["A", "B"], crs=3857)
    >>> seen_by(seen, gpd.GeoSeries(gpd.points_from_xy([3, 4, 9], [3, 8, 9]), crs=3857)).values.tolist()
    [[0, 'A'], [0, 'B'], [1, 'B']]
    """
    shared_metric_crs(isovists, points)
    tree = shapely.STRtree(np.asarray(points.geometry.array, dtype=object))
    camera, point = tree.query(np.asarray(isovists.geometry.array, dtype=object), predicate="intersects")
    order = np.lexsort((camera, point))
    return pd.DataFrame({"point": points.index[point[order]], "camera": isovists.index[camera[order]]})


def _valid(shapes: gpd.GeoSeries) -> Any:
    found = np.array(shapes.geometry.array, dtype=object)
    broken = ~shapely.is_valid(found) & ~shapely.is_missing(found)
    found[broken] = shapely.make_valid(found[broken])
    return found


def _polygons(shapes: Any) -> Any:
    parts = shapely.get_parts(shapely.get_parts(shapes))  # twice, for multipolygons within collections
    return parts[shapely.get_dimensions(parts) == 2]


def _less(areas: Any, cutters: Any) -> Any:
    """Each area without the cutters that meet it."""
    left = areas.copy()
    row, cutter = shapely.STRtree(cutters).query(areas, predicate="intersects")
    order = np.lexsort((cutter, row))  # the same union whatever the tree looks like
    rows, starts = np.unique(row[order], return_index=True)

    def cut(at: int, mine: Any) -> Any:
        return shapely.difference(areas[at], shapely.union_all(cutters[mine]))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for at, rest in zip(rows, pool.map(cut, rows, np.split(cutter[order], starts)[1:]), strict=True):
            left[at] = rest
    return left
