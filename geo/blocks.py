"""Building blocks: the smallest pieces that grids are drawn from, a few households each.

Roads, water lines and village borders cut the villages into faces; a face with too many households is cut further into the Voronoi
cells of its buildings. Everything is noded on one fine lattice, so that neighbours share every vertex.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.adjacency import rook
from geo.errors import CrsMismatchError, DegreesError, GeoError, UnknownCrsError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def building_blocks(
    villages: gpd.GeoDataFrame | gpd.GeoSeries,
    households: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    buildings: gpd.GeoSeries | None = None,
    roads: gpd.GeoSeries | None = None,
    water: gpd.GeoSeries | None = None,
    size: float = 8,
    lattice_m: float = 0.001,
    sliver_m2: float = 20.0,
) -> gpd.GeoDataFrame:
    """Return a coverage of small blocks, each inside one village, with about `size` households.

    Every household is counted exactly once: in the block it lies in, or in the nearest block when it lies outside all
    villages. On a shared edge the block that comes first takes it. Households in one building stay in one block.

    Parameters
    ----------
    villages : (v,) Polygons that do not overlap, metric CRS; the index, or the column `code`, names them
    households : (m,) Points; a frame may give more than one household per row in the column `households`
    buildings : Polygons; a building is not cut by the Voronoi cells and pulls its households together
    roads, water : lines, or polygons whose outline then counts; they become edges of blocks
    size : households of a block, > 0; faces up to twice as large stay whole
    lattice_m : metres; coordinates are multiples of it
    sliver_m2 : faces smaller than this join a neighbour in the same village

    Returns
    -------
    Frame with the columns `households`, `village` and `geometry`, in the order of the villages and from west to east
    within each; RangeIndex. The geometries form a valid coverage of the villages.

    Raises
    ------
    UnknownCrsError, DegreesError, CrsMismatchError : the CRS is missing, in degrees, or differs between the layers
    GeoError : no villages, geometries of the wrong type, missing points, or negative counts
    """
    if not size > 0 or not lattice_m > 0:
        raise GeoError("size and lattice_m must be positive.")
    crs = _common_crs(villages, households, buildings, roads, water)
    codes, areas = _villages(villages)
    points, count = _households(households)
    areas = shapely.set_precision(areas, lattice_m)
    faces, village = _faces(areas, [*_outlines(roads), *_outlines(water)], lattice_m)
    sites, weight, site = _sites(points, count, buildings)
    face = _locate(faces, sites)
    faces, village, face = _subdivide(faces, village, face, sites, weight, size, lattice_m)
    total = np.bincount(face, weight, minlength=len(faces))
    faces, village, total = _merge(faces, village, total, size, sliver_m2)
    centre = shapely.get_coordinates(shapely.centroid(faces))
    order = np.lexsort((-centre[:, 1], centre[:, 0], village))
    whole = total[order]
    if (whole == np.round(whole)).all():
        whole = whole.astype(np.int64)
    frame = {"households": whole, "village": codes[village[order]]}
    return gpd.GeoDataFrame(frame, geometry=faces[order], crs=crs)


def _common_crs(villages: Any, *layers: Any) -> Any:
    if villages.crs is None:
        raise UnknownCrsError("The villages have no CRS; name it with set_crs() first.")
    if villages.crs.is_geographic:
        raise DegreesError(villages.crs)
    for layer in layers:
        if layer is not None and layer.crs is not None and layer.crs != villages.crs:
            raise CrsMismatchError(villages.crs, layer.crs)
    return villages.crs


def _villages(villages: Any) -> tuple[NDArray[Any], NDArray[np.object_]]:
    codes = villages["code"] if isinstance(villages, gpd.GeoDataFrame) and "code" in villages else villages.index
    areas = shapely.make_valid(villages.geometry.to_numpy())
    if (
        not len(areas)
        or (shapely.is_missing(areas) | shapely.is_empty(areas) | (shapely.get_dimensions(areas) < 2)).any()
    ):
        raise GeoError("villages must be polygons, at least one, none missing or empty.")
    return np.asarray(codes), areas


def _households(households: Any) -> tuple[Floats, Floats]:
    """(m, 2) coordinates and (m,) households."""
    points = households.geometry.to_numpy()
    if (shapely.is_missing(points) | shapely.is_empty(points) | (shapely.get_type_id(points) != 0)).any():
        raise GeoError("households must be points, none missing or empty.")
    count = np.ones(len(points))
    if isinstance(households, gpd.GeoDataFrame) and "households" in households:
        count = pd.to_numeric(households["households"], errors="coerce").to_numpy(dtype=float)
    if not (np.isfinite(count) & (count >= 0)).all():
        raise GeoError("The column households must hold numbers >= 0.")
    return shapely.get_coordinates(points), count


def _outlines(layer: Any) -> list[Any]:
    """Lines of a layer; polygons give their outline."""
    if layer is None:
        return []
    shapes = shapely.get_parts(layer.geometry.dropna().to_numpy())
    area = shapely.get_dimensions(shapes) == 2
    shapes[area] = shapely.boundary(shapes[area])
    return list(shapes[(shapely.get_dimensions(shapes) == 1) & ~shapely.is_empty(shapes)])


def _faces(areas: NDArray[np.object_], lines: list[Any], lattice_m: float) -> tuple[NDArray[np.object_], Ints]:
    """Faces that borders and lines cut the villages into, and the village of each."""
    borders = list(shapely.boundary(areas))
    noded = shapely.unary_union(np.array(borders + lines, dtype=object), grid_size=lattice_m)
    faces = shapely.get_parts(shapely.polygonize([noded]))
    inner = shapely.point_on_surface(faces)
    found, village = shapely.STRtree(areas).query(inner, predicate="intersects")
    order = np.lexsort((village, found))
    found, village = found[order], village[order]
    first = np.concatenate([[True], found[1:] != found[:-1]]) if len(found) else np.empty(0, bool)
    return faces[found[first]], village[first]


def _sites(points: Floats, count: Floats, buildings: Any) -> tuple[Floats, Floats, Ints]:
    """Places that Voronoi cells grow from, their households, and the site of each household.

    Households in one building, or at one coordinate, share a site.
    """
    where = points.copy()
    if buildings is not None and len(buildings):
        shapes = buildings.geometry.dropna().to_numpy()
        shapes = shapes[~shapely.is_empty(shapes) & (shapely.get_dimensions(shapes) == 2)]
        shapes = np.where(shapely.is_valid(shapes), shapes, shapely.make_valid(shapes))
        point, inside = shapely.STRtree(shapes).query(shapely.points(points), predicate="intersects")
        order = np.lexsort((inside, point))
        point, inside = point[order], inside[order]
        first = np.concatenate([[True], point[1:] != point[:-1]]) if len(point) else np.empty(0, bool)
        centre = shapely.get_coordinates(shapely.point_on_surface(shapes))
        where[point[first]] = centre[inside[first]]
    sites, site = np.unique(where, axis=0, return_inverse=True)
    site = site.ravel()
    return sites, np.bincount(site, count, minlength=len(sites)), site


def _locate(faces: NDArray[np.object_], sites: Floats) -> Ints:
    """(s,) first face that each site touches, the nearest one where it touches none."""
    face = np.full(len(sites), len(faces), np.int64)
    points = shapely.points(sites)
    tree = shapely.STRtree(faces)
    point, found = tree.query(points, predicate="intersects")
    np.minimum.at(face, point, found)
    lost = np.flatnonzero(face == len(faces))
    if len(lost):
        point, found = tree.query_nearest(points[lost], all_matches=True)
        np.minimum.at(face, lost[point], found)
    return face


def _subdivide(
    faces: NDArray[np.object_], village: Ints, face: Ints, sites: Floats, weight: Floats, size: float, lattice_m: float
) -> tuple[NDArray[np.object_], Ints, Ints]:
    """Cut faces with more than twice `size` households into Voronoi cells of clusters of their sites."""
    total = np.bincount(face, weight, minlength=len(faces))
    places = np.bincount(face, minlength=len(faces))
    big = (total > 2 * size) & (places > 1)
    if not big.any():
        return faces, village, face
    order = np.argsort(face, kind="stable")
    start = np.searchsorted(face[order], np.arange(len(faces) + 1))
    edges: list[Any] = []
    for f in np.flatnonzero(big):
        members = order[start[f] : start[f + 1]]
        part = _clusters(sites[members], weight[members], size)
        if part.max() > 0:
            edges.append(_cell_borders(faces[f], sites[members], part))
    outline = shapely.boundary(faces)
    noded = shapely.unary_union(np.array([*outline, *edges], dtype=object), grid_size=lattice_m)
    cells = shapely.get_parts(shapely.polygonize([noded]))
    parent = _locate(faces, shapely.get_coordinates(shapely.point_on_surface(cells)))
    inside = shapely.intersects(faces[parent], shapely.point_on_surface(cells))
    cells, parent = cells[inside], parent[inside]
    home = _locate(cells, sites)
    return cells, village[parent], home


def _clusters(sites: Floats, weight: Floats, size: float) -> Ints:
    """(s,) cluster of each site: halved across the longer side until a cluster has about `size` households."""
    part = np.zeros(len(sites), np.int64)
    stack = [np.arange(len(sites))]
    used = 0
    while stack:
        members = stack.pop()
        if weight[members].sum() <= 1.5 * size or len(members) == 1:
            part[members] = used
            used += 1
            continue
        spread = np.ptp(sites[members], axis=0)
        order = members[np.argsort(sites[members, int(spread[1] > spread[0])], kind="stable")]
        share = np.cumsum(weight[order])
        cut = int(np.clip(np.searchsorted(share, share[-1] / 2, side="right"), 1, len(order) - 1))
        stack += [order[:cut], order[cut:]]
    return part


def _cell_borders(face: Any, sites: Floats, part: Ints) -> Any:
    """Lines inside `face` between the Voronoi cells of different clusters."""
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(sites), extend_to=face, ordered=True))
    edges, _ = rook(cells)
    edges = edges[part[edges[:, 0]] != part[edges[:, 1]]]
    lines = shapely.intersection(cells[edges[:, 0]], cells[edges[:, 1]])
    return shapely.intersection(shapely.union_all(lines), face)


def _merge(
    faces: NDArray[np.object_], village: Ints, total: Floats, size: float, sliver_m2: float
) -> tuple[NDArray[np.object_], Ints, Floats]:
    """Join slivers, and faces with hardly any households, to the neighbour of their village with the longest border."""
    edges, length = rook(faces)
    same = village[edges[:, 0]] == village[edges[:, 1]]
    edges, length = edges[same], length[same]
    area = shapely.area(faces)
    group = np.arange(len(faces))
    for _ in range(20):
        sums = np.bincount(group, total, minlength=len(group))
        areas = np.bincount(group, area, minlength=len(group))
        small = (areas < sliver_m2) | (sums < 0.25 * size)
        goal = _best_neighbour(group, edges, length, sums, areas < sliver_m2, small, 2 * size)
        if (goal == np.arange(len(goal))).all():
            break
        links = coo_array((np.ones(len(goal), bool), (np.arange(len(goal)), goal)), shape=(len(goal), len(goal)))
        root = connected_components(links, directed=False)[1]
        first = np.full(int(root.max()) + 1, len(goal))
        np.minimum.at(first, root, np.arange(len(goal)))
        group = first[root][group]
    ids, group = np.unique(group, return_inverse=True)
    order = np.argsort(group, kind="stable")
    start = np.searchsorted(group[order], np.arange(len(ids) + 1))
    single = np.diff(start) == 1
    shapes = np.empty(len(ids), dtype=object)
    shapes[single] = faces[order[start[:-1][single]]]
    for g in np.flatnonzero(~single):
        shapes[g] = shapely.coverage_union_all(faces[order[start[g] : start[g + 1]]])
    return shapes, village[ids], np.bincount(group, total)


def _best_neighbour(
    group: Ints,
    edges: Ints,
    length: Floats,
    sums: Floats,
    sliver: NDArray[np.bool_],
    small: NDArray[np.bool_],
    room: float,
) -> Ints:
    """(g,) group that each small group joins, itself where it stays; of two that choose each other one stays."""
    goal = np.arange(len(group))
    ends = group[np.concatenate([edges, edges[:, ::-1]])]
    key = ends[:, 0] * len(group) + ends[:, 1]
    keys, inverse = np.unique(key[ends[:, 0] != ends[:, 1]], return_inverse=True)
    border = np.bincount(inverse, np.tile(length, 2)[ends[:, 0] != ends[:, 1]], minlength=len(keys))
    source, other = np.divmod(keys, len(group))
    usable = (
        small[source] & (sliver[source] | (sums[source] + sums[other] <= room)) & ~(small[other] & (other > source))
    )
    source, other, border = source[usable], other[usable], border[usable]
    order = np.lexsort((other, -border, source))
    if len(order):
        first = np.concatenate([[True], source[order][1:] != source[order][:-1]])
        goal[source[order][first]] = other[order][first]
    return goal
