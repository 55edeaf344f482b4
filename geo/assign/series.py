"""Grid ids for the points of a GeoSeries."""

from __future__ import annotations

import numpy as np
import shapely
from geopandas import GeoDataFrame, GeoSeries
from pandas import Series

from geo.assign.index import GridIndex
from geo.assign.rings import xy
from geo.errors import CrsMismatchError, DegreesError, GeoError


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
    DegreesError : the shared CRS is geographic, so metres have no meaning, and reach_m is not 0
    GeoError : a geometry that is no point or no polygon, ids not unique, reach_m negative

    Examples
    --------
    >>> from shapely import Point, box
    >>> grids = GeoDataFrame(geometry=[box(0, 0, 9, 9), box(9, 0, 18, 9)], index=["001", "002"], crs=32651)
    >>> assign(GeoSeries([Point(9, 4), Point(19, 4), None], crs=32651), grids, reach_m=2.0).tolist()
    ['001', '002', None]
    """
    if points.crs != grids.crs:
        raise CrsMismatchError(points.crs, grids.crs)
    if reach_m and points.crs is not None and points.crs.is_geographic:
        raise DegreesError(points.crs)
    index = GridIndex(grids.geometry.to_numpy(), grids.index.to_numpy())
    shapes = points.to_numpy()
    kind = shapely.get_type_id(shapes)
    if not np.isin(kind, [-1, 0]).all():
        raise GeoError(f"A {shapes[~np.isin(kind, [-1, 0])][0].geom_type} is no point; take its centroid first.")
    position, _ = index.nearest(*xy(shapes), reach_m)
    ids = [*index.ids.tolist(), None]
    return Series([ids[p] for p in position.tolist()], index=points.index, dtype=object)
