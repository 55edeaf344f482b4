"""The ground of a plan: its blocks, prepared once so that every edit is quick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.adjacency import rook
from geo.errors import GeoError, InvalidCoverageError, RedrawError
from geo.metric import shared_metric_crs

IntArray = NDArray[np.int32]
FloatArray = NDArray[np.float64]

GRAIN = 1024  # households are kept to 1/1024, so that their sums are exact in any order
TOUCH_M = 1e-6


@dataclass(frozen=True, eq=False)
class Ground:
    """Blocks with all that does not change while they change hands; n blocks, v voids.

    A void is ground without a block that blocks enclose. The nodes of the adjacency are the blocks, then the
    voids, then the outside, number n + v.

    ids : (n,) index of the blocks; all else counts blocks by position
    geometries : (n,) Polygons or MultiPolygons in `crs`
    x, y : (n,) a point inside each block, in metres
    households : (n,) to 1/1024
    area_m2, perimeter_m : (n,)
    village : (n,) position in `villages`, -1 without villages
    villages : codes, sorted
    target : households a grid should have
    edges : (e, 2) nodes that share an edge, left < right
    first, neighbour, shared_m : the same both ways: node i borders `neighbour[first[i]:first[i + 1]]`
    """

    ids: pd.Index
    crs: Any
    geometries: NDArray[np.object_]
    x: FloatArray
    y: FloatArray
    households: FloatArray
    area_m2: FloatArray
    perimeter_m: FloatArray
    village: IntArray
    villages: tuple[str, ...]
    target: float
    edges: IntArray
    first: NDArray[np.int64]
    neighbour: IntArray
    shared_m: FloatArray

    @property
    def nodes(self) -> int:
        """Number of blocks and voids, and one for the outside."""
        return len(self.first) - 1

    def positions(self, ids: ArrayLike) -> IntArray:
        """(m,) positions of the blocks with these ids.

        Raises
        ------
        RedrawError : an id is unknown
        """
        wanted = pd.Index(np.atleast_1d(np.asarray(ids)))
        found = self.ids.get_indexer(wanted)
        if (found < 0).any():
            raise RedrawError(f"There is no block {wanted[found < 0][0]!r} in this plan; load the blocks again.")
        return found.astype(np.int32)

    def blocks_in(self, polygon: shapely.Geometry) -> IntArray:
        """Rising positions of the blocks whose inner point lies in or on a polygon in the CRS of the ground.

        Raises
        ------
        RedrawError : the geometry is not a valid polygon
        """
        if not isinstance(polygon, shapely.Polygon | shapely.MultiPolygon) or polygon.is_empty:
            raise RedrawError("Blocks are chosen with a polygon; draw one that is closed and not empty.")
        if not polygon.is_valid:
            raise RedrawError(f"The drawn polygon is not valid ({shapely.is_valid_reason(polygon)}); draw it again.")
        west, south, east, north = polygon.bounds
        near = np.flatnonzero((self.x >= west) & (self.x <= east) & (self.y >= south) & (self.y <= north))
        shapely.prepare(polygon)
        return near[shapely.intersects_xy(polygon, self.x[near], self.y[near])].astype(np.int32)


def prepare(blocks: gpd.GeoDataFrame, *, parent: Any = None, target: float = 300.0) -> Ground:
    """The ground of a plan, made once; all edits of the plan share it, also between threads.

    Parameters
    ----------
    blocks : (n,) GeoDataFrame in a metric CRS with the column `households`, unique index; a valid coverage of
        Polygons and MultiPolygons; a block in several parts counts as one piece
    parent : (n,) village code of each block, in row order
    target : households a grid should have, > 0

    Returns
    -------
    Ground

    Raises
    ------
    UnknownCrsError, DegreesError : the blocks have no metric CRS
    InvalidCoverageError : blocks overlap or do not share their vertices
    GeoError : there is no block, one is missing, empty or no polygon, an id comes twice, households are missing or
        negative, `parent` has another length or gaps, or the target is not positive

    Notes
    -----
    20,000 blocks of seven vertices take about 2 s, a good part of it for the check of the coverage.

    Examples
    --------
    >>> from shapely import box
    >>> blocks = gpd.GeoDataFrame({"households": [5, 7]}, geometry=[box(0, 0, 9, 9), box(9, 0, 18, 9)], crs=4549)
    >>> prepare(blocks).shared_m.tolist()   # each block: the other one, and the outside
    [9.0, 27.0, 9.0, 27.0, 27.0, 27.0]
    """
    crs = shared_metric_crs(blocks)
    if not (np.isfinite(target) and target > 0):
        raise GeoError(f"target is {target}, but a grid needs a positive number of households")
    if not len(blocks) or not blocks.index.is_unique:
        raise GeoError("a plan needs at least one block, and block ids must be unique")
    shapes = _polygons(blocks.geometry)
    area, perimeter = shapely.area(shapes), shapely.length(shapes)
    inner = shapely.point_on_surface(shapes)
    village, villages = _villages(parent, len(blocks))
    edges, shared = _edges(shapes, perimeter)
    nodes = int(edges.max()) + 1
    ends = np.concatenate([edges, edges[:, ::-1]])
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    ground = Ground(
        ids=blocks.index,
        crs=crs,
        geometries=shapes,
        x=shapely.get_x(inner),
        y=shapely.get_y(inner),
        households=_households(blocks),
        area_m2=area,
        perimeter_m=perimeter,
        village=village,
        villages=villages,
        target=float(target),
        edges=np.ascontiguousarray(edges.astype(np.int32)),
        first=np.searchsorted(ends[order, 0], np.arange(nodes + 1)).astype(np.int64),
        neighbour=ends[order, 1].astype(np.int32),
        shared_m=np.tile(shared, 2)[order],
    )
    for value in vars(ground).values():
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    return ground


def _edges(shapes: NDArray[np.object_], perimeter: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
    """(e, 2) neighbouring nodes and (e,) the metres they share, voids and the outside included."""
    voids = _voids(shapely.get_parts(shapely.coverage_union_all(shapes)))
    edges, shared = rook(np.concatenate([shapes, voids]))
    inside = np.zeros(len(shapes) + len(voids))
    np.add.at(inside, edges.ravel(), np.repeat(shared, 2))
    outer = np.concatenate([perimeter, shapely.length(voids)]) - inside
    # Only blocks reach the outside: what rounding leaves on a void must not open it.
    rim = np.flatnonzero(outer[: len(shapes)] > TOUCH_M)
    outside = np.full(rim.size, len(shapes) + len(voids))
    return np.concatenate([edges, np.column_stack([rim, outside])]), np.concatenate([shared, outer[rim]])


def _voids(parts: NDArray[np.object_]) -> NDArray[np.object_]:
    """Polygons of the ground inside the rings of `parts` that no part covers."""
    rings, owner = shapely.get_rings(parts, return_index=True)
    inner = np.flatnonzero(np.diff(owner, prepend=-1) == 0)  # the first ring of each part is its shell
    holes = shapely.polygons(rings[inner])
    shells = shapely.polygons(shapely.get_exterior_ring(parts))
    hole, island = shapely.STRtree(shells).query(holes, predicate="contains")
    for h in np.unique(hole):
        holes[h] = shapely.difference(holes[h], shapely.union_all(shells[island[hole == h]]))
    return np.asarray(shapely.get_parts(holes), dtype=object)


def _polygons(series: gpd.GeoSeries) -> NDArray[np.object_]:
    shapes = shapely.force_2d(np.asarray(series.array, dtype=object))
    polygonal = np.isin(shapely.get_type_id(shapes), (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))
    wrong = np.flatnonzero(~polygonal | shapely.is_empty(shapes))
    if wrong.size:
        raise GeoError(
            f"block {series.index[wrong[0]]!r} is missing, empty or not a polygon ({wrong.size} such blocks)"
        )
    if not shapely.coverage_is_valid(shapes):
        raise InvalidCoverageError("the blocks overlap or do not share their vertices; use node_coverage() first")
    return shapes


def _households(blocks: gpd.GeoDataFrame) -> FloatArray:
    if "households" not in blocks.columns:
        raise GeoError("the blocks need a column households")
    values = pd.to_numeric(blocks["households"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if wrong.size:
        raise GeoError(f"block {blocks.index[wrong[0]]!r} has missing or negative households; write 0 for empty blocks")
    return np.asarray(np.round(values * GRAIN) / GRAIN, dtype=np.float64)


def _villages(parent: Any, size: int) -> tuple[IntArray, tuple[str, ...]]:
    if parent is None:
        return np.full(size, -1, np.int32), ()
    values = np.asarray(parent)
    if values.shape != (size,):
        raise GeoError(f"parent must have one village code for each of the {size} blocks, not shape {values.shape}")
    codes, names = pd.factorize(values, sort=True)
    if (codes < 0).any():
        raise GeoError(f"{int((codes < 0).sum())} blocks have no village in parent")
    return codes.astype(np.int32), tuple(str(name) for name in names)
