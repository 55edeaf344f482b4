"""Where a camera hangs that is mapped inside a building or on its wall."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.metric import shared_metric_crs

Floats = NDArray[np.float64]

STANDOFF_M = 0.05  # a camera hangs this far before its wall
CLEARANCE_M = 0.5  # free depth before a wall without which no camera hangs there
_FIRST_REACH_M = 20.0
_TRIES = 64  # walls looked at before the search widens


def mounted(cameras: gpd.GeoDataFrame, obstacles: gpd.GeoSeries) -> gpd.GeoDataFrame:
    """Give the cameras with those inside a footprint, or on its edge, moved before the wall they must hang on.

    Survey and map put many cameras inside the building that carries them. Such a camera looks out through the nearest
    outer wall; if its bearing is known and its field of view is below 360°, through the nearest one that faces its
    bearing (within 90°). It is put 5 cm before that wall. Walls between touching buildings are not outer walls, nor
    are those with less than half a metre of free depth before them. Cameras outside all footprints stay where they
    are, however near the wall.

    Parameters
    ----------
    cameras : (n,) Points; metric CRS; the columns bearing_deg and fov_deg are used if present
    obstacles : (m,) Polygons or MultiPolygons; the same CRS; missing, empty and invalid ones are allowed

    Returns
    -------
    (n,) a copy of `cameras` with the new points and the column moved_m, 0 for those that stay. A large moved_m (say
    10 m) hints at a camera indoors or at a wrong bearing.

    Raises
    ------
    CrsMismatchError, DegreesError, UnknownCrsError, GeoError : the layers do not share one metric CRS

    Examples
    --------
    The south wall is nearer, but it looks away from the bearing.

    >>> point = gpd.points_from_xy([20], [2])
    >>> camera = gpd.GeoDataFrame({"bearing_deg": [0.0], "fov_deg": [90.0]}, geometry=point, crs=3857)
    >>> house = gpd.GeoSeries([shapely.box(0, 0, 50, 10)], crs=3857)
    >>> mounted(camera, house)[["geometry", "moved_m"]].values.tolist()
    [[<POINT (20 10.05)>, 8.05]]
    """
    shared_metric_crs(cameras, obstacles)
    shapes = np.asarray(obstacles.geometry.array, dtype=object)
    points = np.array(cameras.geometry.array, dtype=object)
    tree = shapely.STRtree(shapes)
    inside = np.unique(tree.query(points, predicate="dwithin", distance=1e-6)[0])
    bearing, fov = (
        cameras.get(name, pd.Series(np.nan, cameras.index)).to_numpy(dtype=np.float64, na_value=np.nan)
        for name in ("bearing_deg", "fov_deg")
    )
    moved = np.zeros(len(cameras))
    for i in inside:
        narrow = np.isfinite(bearing[i]) and not fov[i] >= 360
        angle = np.radians(90 - bearing[i])
        place = _outer_wall(
            shapely.get_coordinates(points[i])[0],
            np.array([np.cos(angle), np.sin(angle)]) if narrow else None,
            shapes,
            tree,
        )
        if place is not None:
            target = shapely.Point(place)
            moved[i], points[i] = points[i].distance(target), target
    result = cameras.set_geometry(gpd.GeoSeries(points, index=cameras.index, crs=cameras.crs))
    return result.assign(moved_m=moved)


def _outer_wall(eye: Floats, heading: Floats | None, shapes: Any, tree: shapely.STRtree) -> Floats | None:
    """The place before the nearest free wall; None only if there is no outer wall at all, as in a cave."""
    reach, known = _FIRST_REACH_M, -1
    while True:
        near = tree.query(shapely.Point(eye), predicate="dwithin", distance=reach)
        solid = shapely.union_all(shapely.make_valid(shapes[near]))
        shapely.prepare(solid)
        place, distance = _free_wall(eye, heading, solid)
        # Within reach nothing is missing from the local union; farther walls may be covered by buildings not in it.
        if place is not None and distance <= reach:
            return place
        if len(near) == known:
            return place
        known, reach = len(near), 3 * reach


def _free_wall(eye: Floats, heading: Floats | None, solid: Any) -> tuple[Floats | None, float]:
    rings = shapely.get_rings(shapely.orient_polygons(shapely.get_parts(solid)))
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    start, along = corners[:-1][same], np.diff(corners, axis=0)[same]
    length = np.hypot(*along.T)
    keep = length > 0
    start, along, length = start[keep], along[keep], length[keep]
    normal = np.column_stack((along[:, 1], -along[:, 0])) / length[:, None]  # solid ground lies to the left of a ring
    margin = np.minimum(STANDOFF_M / length, 0.5)  # at a corner the next wall may stand in the way
    at = np.clip(((eye - start) * along).sum(axis=1) / length**2, margin, 1 - margin)
    foot = start + at[:, None] * along
    distance = np.hypot(*(foot - eye).T)
    if heading is not None:
        distance = np.where(normal @ heading >= -1e-6, distance, np.inf)
    order = np.argsort(distance, kind="stable")[:_TRIES]
    order = order[np.isfinite(distance[order])]
    ends = np.stack((foot + STANDOFF_M * normal, foot + CLEARANCE_M * normal), axis=1)[order]
    free = order[~shapely.intersects(solid, shapely.linestrings(ends))] if len(order) else order
    if not len(free):
        return None, np.inf
    return (foot + STANDOFF_M * normal)[free[0]], float(distance[free[0]])
