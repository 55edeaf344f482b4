"""What a camera sees: its field of view, and the isovist that obstacles leave of it."""

from __future__ import annotations

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import CameraError, GeoError
from geo.metric import shared_metric_crs
from geo.mount import mounted
from geo.visibility import sweep
from geo.watched import blind_spots, gaps, seen_by

__all__ = ["blind_spots", "field_of_view", "gaps", "isovists", "mounted", "seen_by"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ARC_ERROR_M = 0.01  # farthest that a chord of the rim runs inside the true arc


class Sectors(NamedTuple):
    """Fields of view as arrays; `rows` are the cameras that have one."""

    rows: Ints  # (n,) positions
    eyes: Floats  # (n, 2)
    fov: Floats  # (n,) radians
    reach: Floats  # (n,) metres
    rims: Floats  # (r, 2) corners of the far side relative to the eye, counter-clockwise
    rim_ends: Ints  # (n + 1,)


def isovists(cameras: gpd.GeoDataFrame, obstacles: gpd.GeoSeries) -> gpd.GeoSeries:
    """Give the region that each camera sees: its field of view, less everything behind an obstacle.

    The region is exact: its corners are ends of obstacle edges, points where a line of sight past such an end meets the
    next edge, and corners of the rim. Only the rim is an approximation, the same as in `field_of_view`: its chords
    run at most 1 cm inside the arc. Obstacles may touch, overlap or be invalid; their edges block all the same.
    Openings narrower than 1e-11 radians are left out.

    A camera inside a footprint or on its edge hangs on the wall in truth: it looks from the place that
    `geo.mount.mounted` finds, and the wall behind it blocks like any other. All other cameras look from where they
    stand.

    Parameters
    ----------
    cameras : (n,) Points; metric CRS; columns bearing_deg (clockwise from grid north, to the middle of the view),
        fov_deg in (0, 360], range_m > 0. The bearing may be missing where fov_deg is 360. Where it is missing with a
        smaller fov_deg, and where the point is missing, the isovist is None: nobody knows what the camera sees.
    obstacles : (m,) Polygons or MultiPolygons; the same CRS; missing and empty ones block nothing

    Returns
    -------
    (n,) Polygons on the index of `cameras`, None where unknown

    Raises
    ------
    CameraError : a column is missing, or fov_deg or range_m is missing or out of range in some rows
    CrsMismatchError, DegreesError, UnknownCrsError : the layers do not share one metric CRS
    GeoError : an obstacle is not polygonal, or the CRS is not in metres

    Cost: for each camera O(m log m + m a), m obstacle edges in its reach, a of them across one line of sight; all
    processors are used.

    Source: Benedikt, To Take Hold of Space: Isovists and Isovist Fields (1979), section 2; rotational sweep as in
    Asano, An Efficient Algorithm for Finding the Visibility Polygon for a Polygonal Region with Holes (1985).

    Examples
    --------
    A wall 1 m ahead, wider than the view, leaves the triangle before it: 1 m high, 2 m wide.

    >>> view = {"bearing_deg": [0.0], "fov_deg": [90.0], "range_m": [10.0]}
    >>> camera = gpd.GeoDataFrame(view, geometry=gpd.points_from_xy([0], [0]), crs=3857)
    >>> wall = gpd.GeoSeries([shapely.box(-5, 1, 5, 2)], crs=3857)
    >>> isovists(camera, wall).area.round(9).tolist()
    [1.0]
    """
    crs = shared_metric_crs(cameras, obstacles)
    sectors = _sectors(mounted(cameras, obstacles))
    shapes = np.asarray(obstacles.geometry.array, dtype=object)
    edges, edge_ends = _edges(shapes)
    eye, obstacle = shapely.STRtree(shapes).query(_sector_polygons(sectors))
    order = np.lexsort((obstacle, eye))  # the same order of edges whatever the tree looks like
    seen_ends = np.searchsorted(eye[order], np.arange(len(sectors.rows) + 1))
    arguments = (sectors.eyes, sectors.rims, sectors.rim_ends, sectors.fov, sectors.reach, edges, edge_ends)

    def part(span: tuple[int, int]) -> Any:
        return _polygons(*sweep(*arguments, obstacle[order], seen_ends, *span))

    workers = os.cpu_count() or 1
    cuts = np.unique(np.linspace(0, len(sectors.rows), 8 * workers + 1).astype(int)).tolist()
    with ThreadPoolExecutor(workers) as pool:
        seen = list(pool.map(part, itertools.pairwise(cuts)))
    result = np.full(len(cameras), None, dtype=object)
    if seen:
        result[sectors.rows] = np.concatenate(seen)
    return gpd.GeoSeries(result, index=cameras.index, crs=crs)


def field_of_view(cameras: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Give the sector that each camera would see on open ground; a polygon whose rim runs at most 1 cm inside the arc.

    Parameters
    ----------
    cameras : (n,) as in `isovists`

    Returns
    -------
    (n,) Polygons on the index of `cameras`; None where the point is missing, or the bearing with fov_deg below 360

    Raises
    ------
    CameraError : a column is missing, or fov_deg or range_m is missing or out of range in some rows
    DegreesError, UnknownCrsError, GeoError : the CRS is not metric

    Examples
    --------
    >>> view = {"bearing_deg": [90.0], "fov_deg": [90.0], "range_m": [10.0]}
    >>> camera = gpd.GeoDataFrame(view, geometry=gpd.points_from_xy([0], [0]), crs=3857)
    >>> field_of_view(camera).area.round(0).tolist()  # a quarter of 100 π
    [78.0]
    """
    crs = shared_metric_crs(cameras)
    sectors = _sectors(cameras)
    result = np.full(len(cameras), None, dtype=object)
    result[sectors.rows] = _sector_polygons(sectors)
    return gpd.GeoSeries(result, index=cameras.index, crs=crs)


def _sectors(cameras: gpd.GeoDataFrame) -> Sectors:
    bearing, fov, reach = (_column(cameras, name) for name in ("bearing_deg", "fov_deg", "range_m"))
    for name, wrong in (
        ("fov_deg must be above 0 and at most 360", ~((fov > 0) & (fov <= 360))),
        ("range_m must be above 0 and finite", ~((reach > 0) & np.isfinite(reach))),
    ):
        if wrong.any():
            raise CameraError(f"{name}; give each camera its value or a default", cameras.index[wrong].tolist())
    points = np.asarray(cameras.geometry.array, dtype=object)
    if not (shapely.is_missing(points) | (shapely.get_type_id(points) == shapely.GeometryType.POINT)).all():
        raise CameraError("Every camera must be a point.")
    x, y = shapely.get_x(points), shapely.get_y(points)
    bearing = np.where(np.isfinite(bearing), bearing, np.where(fov == 360, 0.0, np.nan))
    rows = np.flatnonzero(np.isfinite(x) & np.isfinite(y) & np.isfinite(bearing))
    bearing, fov, reach = bearing[rows], fov[rows], reach[rows]

    # A chord over the angle s runs reach (1 - cos(s / 2)) inside its arc. A multiple of 4 keeps a full circle
    # symmetric.
    step = np.minimum(2 * np.arccos(1 - np.minimum(ARC_ERROR_M / reach, 0.5)), np.pi / 16)
    chords = (4 * np.ceil(np.radians(fov) / step / 4)).astype(np.int64)
    rim_ends = np.r_[0, np.cumsum(chords + 1)]
    owner = np.repeat(np.arange(len(rows)), chords + 1)
    along = np.arange(rim_ends[-1]) - rim_ends[owner]
    along = np.where(
        (along == chords[owner]) & (fov[owner] == 360), 0, along
    )  # a full circle closes on its first corner
    angle = np.radians(90 - bearing[owner] + fov[owner] * (along / chords[owner] - 0.5))
    rims = reach[owner, None] * np.column_stack((np.cos(angle), np.sin(angle)))
    return Sectors(rows, np.column_stack((x[rows], y[rows])), np.radians(fov), reach, rims, rim_ends)


def _column(cameras: gpd.GeoDataFrame, name: str) -> Floats:
    if name not in cameras.columns:
        if name == "bearing_deg":
            return np.full(len(cameras), np.nan)
        raise CameraError(f"Cameras need the column {name}; give each camera its value or a default.")
    return cameras[name].to_numpy(dtype=np.float64, na_value=np.nan)


def _sector_polygons(sectors: Sectors) -> Any:
    """The chords of the rim, closed over the eye unless they go all around."""
    count = np.diff(sectors.rim_ends)
    around = sectors.fov == 2 * np.pi
    owner = np.repeat(np.arange(len(count)), count)
    corners = sectors.rims + sectors.eyes[owner]
    # Where one rim ends and the next begins at one position, the end must come first.
    places = np.r_[sectors.rim_ends[1:][~around], sectors.rim_ends[:-1][~around]]
    ring = np.insert(corners, places, np.tile(sectors.eyes[~around], (2, 1)), axis=0)
    ends = np.r_[0, np.cumsum(count + np.where(around, 0, 2))]
    return _polygons(ring, ends)


def _polygons(corners: Floats, ends: Ints) -> Any:
    """Polygons of one ring each; a ring that rounding has made to touch itself is repaired."""
    polygons = shapely.from_ragged_array(shapely.GeometryType.POLYGON, corners, (ends, np.arange(len(ends))))
    broken = np.flatnonzero(~shapely.is_valid(polygons))
    for i in broken:
        parts = shapely.get_parts(shapely.make_valid(polygons[i], method="structure", keep_collapsed=False))
        polygons[i] = parts[np.argmax(shapely.area(parts))]
    return polygons


def _edges(shapes: Any) -> tuple[Floats, Ints]:
    """Edges (e, 4) of all rings, and where those of each shape begin (m + 1,)."""
    kinds = np.unique(shapely.get_type_id(shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]))
    if not set(kinds.tolist()) <= {shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON}:
        raise GeoError("Obstacles must be polygons; give walls and fences a width with buffer() first.")
    parts, shape = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    owner = shape[part[ring[:-1][same]]]
    edges = np.ascontiguousarray(np.column_stack((corners[:-1][same], corners[1:][same])))
    return edges, np.searchsorted(owner, np.arange(len(shapes) + 1))
