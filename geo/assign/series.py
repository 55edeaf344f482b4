"""Grid ids for the points of a GeoSeries."""

from __future__ import annotations

import numpy as np
import pandas as pd
from geopandas import GeoDataFrame, GeoSeries
from pandas import Series

from geo.assign.index import GridIndex
from geo.errors import CrsMismatchError, DegreesError


def assign(points: GeoSeries, grids: GeoDataFrame, *, reach_m: float = 0.0) -> Series:
    """Name the grid that each point belongs to.

    A point on a shared edge goes to the smallest grid id, so the answer never
    depends on row order. Outside every grid, the nearest one within reach wins.

    Parameters
    ----------
    points : (n,) Points; metric CRS; missing and empty points are allowed
    grids : (m,) Polygons forming a valid coverage; unique, sortable index
    reach_m : metres, >= 0; how far outside the coverage a point may lie

    Returns
    -------
    (n,) grid ids on the index of `points`; None where no grid is within reach

    Raises
    ------
    CrsMismatchError : `points` and `grids` differ in CRS
    DegreesError : the shared CRS is geographic, so metres have no meaning
    """
    if points.crs != grids.crs:
        raise CrsMismatchError(points.crs, grids.crs)
    if reach_m and points.crs is not None and points.crs.is_geographic:
        raise DegreesError(points.crs)
    index = GridIndex(grids.geometry.to_numpy(), grids.index.to_numpy())
    x, y = np.full(len(points), np.nan), np.full(len(points), np.nan)
    real = ~(points.isna() | points.is_empty).to_numpy()
    x[real], y[real] = points[real].x, points[real].y
    position, _ = index.nearest(x, y, reach_m)
    ids = pd.Series(index.ids, dtype=object).reindex(position)
    return ids.where(ids.notna(), None).set_axis(points.index)
