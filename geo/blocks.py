"""Building blocks: small pieces of ground with a few households each, as roads, water and borders leave them."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Voronoi, cKDTree

from geo.adjacency import rook
from geo.assign import GridIndex
from geo.block_seeds import Floats, Ints, Seeds, Shapes, nearest_shape, seeds_of, sums_of
from geo.coverage import dissolve
from geo.errors import GeoError
from geo.metric import shared_metric_crs

GRID_M = 0.001
"""Lines are noded on this grid, so that neighbours share every vertex exactly."""

FAR = 1e7
"""Metres that part the faces in the third dimension of a search tree: nearest never leaves the face."""


def building_blocks(
    villages: gpd.GeoSeries,
    households: gpd.GeoDataFrame,
    *,
    buildings: gpd.GeoSeries | None = None,
    roads: gpd.GeoSeries | None = None,
    water: gpd.GeoSeries | None = None,
    size: float = 10.0,
    field_m2: float = 40_000.0,
    sliver_m: float = 3.0,
) -> gpd.GeoDataFrame:
    """Cut villages into blocks of about `size` households, the smallest pieces that grids are made of.

    Roads, water and village borders cut first. What they leave together is cut further into the cells nearest to
    groups of about `size` households, and empty ground into fields. Households of one building stay together. Pieces
    that are thin, and pieces of a cell that lie apart from its households, join the neighbour in the same village
    with the longest common border.

    Parameters
    ----------
    villages : (m,) Polygons, a coverage in a metric CRS; the index holds the village codes
    households : (h,) Points with the column households; a point outside every village counts for the nearest block
    buildings : (b,) Polygons; what is no polygon is passed over
    roads, water : Lines or Polygons; of polygons the outline cuts
    size : households a block, > 0; a building with more stays whole
    field_m2 : square metres, > 0; empty ground is cut into pieces of about this size
    sliver_m : metres; pieces with a mean width (2 A / P) below it are joined to a neighbour

    Returns
    -------
    (n,) frame in the order of the villages, then from west to east: village_code, households (int), geometry
    (Polygons). The blocks are a coverage noded on a grid of 1 mm that fills the villages, and none lies in two
    villages. Every household is counted once: the sum is kept.

    Raises
    ------
    GeoError : no village, one that is no valid polygon, a household that is no point, a size that is not positive, or
        household counts that are missing or negative
    UnknownCrsError, DegreesError, CrsMismatchError : the layers do not share one metric CRS

    Cost: O(n log n) in vertices and households.
    """
    crs = shared_metric_crs(villages, households, *(layer for layer in (buildings, roads, water) if layer is not None))
    if villages.empty:
        raise GeoError("There is no village to cut into blocks; load boundaries first.")
    if not (size > 0 and field_m2 > 0):
        raise GeoError("size and field_m2 must be above 0.")
    counts = np.asarray(households["households"], dtype=np.float64)
    if not (np.isfinite(counts) & (counts >= 0)).all():
        raise GeoError("Every household point needs a count of 0 or more.")
    ground = np.asarray(villages.geometry.array, dtype=object)
    points = np.asarray(households.geometry.array, dtype=object)
    place = np.column_stack([shapely.get_x(points), shapely.get_y(points)]).reshape(-1, 2)
    _require(ground, place)
    lines = _noded(np.concatenate([shapely.boundary(ground), _cuts(ground, roads, water)]))
    faces = _faces(lines, ground)
    seeds = seeds_of(faces, place, counts, buildings, size, field_m2)
    atoms = _faces(_noded(np.concatenate([lines, _dividers(faces, seeds)])), ground)
    inner = shapely.point_on_surface(atoms)
    x, y = shapely.get_x(inner), shapely.get_y(inner)
    face = nearest_shape(faces, x, y)
    held = sums_of(nearest_shape(atoms, *place.T), counts, len(atoms))
    label = _join(atoms, nearest_shape(ground, x, y), face, _nearest_group(seeds, x, y, face), held, sliver_m)
    return _frame(villages.index, atoms, nearest_shape(ground, x, y), held, label, crs)


def _require(ground: Shapes, place: Floats) -> None:
    polygonal = np.isin(shapely.get_type_id(ground), (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))
    usable = polygonal & ~shapely.is_empty(ground) & shapely.is_valid(ground)
    if not usable.all():
        raise GeoError(
            f"{int((~usable).sum())} villages are missing, invalid or no polygons, "
            f"the first at position {int(usable.argmin())}; repair the boundaries first."
        )
    lost = ~np.isfinite(place).all(axis=1)
    if lost.any():
        raise GeoError(f"{int(lost.sum())} households are no points, the first at position {int(lost.argmax())}.")


def _cuts(ground: Shapes, roads: gpd.GeoSeries | None, water: gpd.GeoSeries | None) -> Shapes:
    """Roads and water as lines, clipped to the outline of the villages."""
    shapes = [np.asarray(layer.geometry.array, dtype=object) for layer in (roads, water) if layer is not None]
    if not shapes:
        return np.empty(0, dtype=object)
    lines = shapely.force_2d(shapely.get_parts(np.concatenate(shapes)))
    lines = np.where(shapely.get_dimensions(lines) == 2, shapely.boundary(lines), lines)
    lines = lines[~(shapely.is_missing(lines) | shapely.is_empty(lines)) & (shapely.get_dimensions(lines) == 1)]
    outline = shapely.union_all(ground, grid_size=GRID_M)
    shapely.prepare(outline)
    near = lines[shapely.intersects(outline, lines)]
    return np.where(shapely.contains_properly(outline, near), near, shapely.intersection(near, outline))


def _noded(lines: Shapes) -> Shapes:
    """Lines on the 1 mm grid that meet only at their ends."""
    merged = shapely.union_all(lines, grid_size=GRID_M)
    parts = shapely.get_parts(merged)
    return parts[shapely.get_dimensions(parts) == 1]


def _faces(lines: Shapes, ground: Shapes) -> Shapes:
    """Polygons between noded lines, as far as they lie in the villages."""
    faces = shapely.get_parts(shapely.polygonize(lines))
    inner = shapely.point_on_surface(faces)
    index = GridIndex(ground, np.arange(len(ground)))
    return faces[index.locate(shapely.get_x(inner), shapely.get_y(inner)) >= 0]


def _nearest_group(seeds: Seeds, x: Floats, y: Floats, face: Ints) -> Ints:
    """(n,) group of the nearest seed in the same face; below 0, one number a face, where a face has no seed."""
    group = -1 - face
    if len(seeds.place):
        tree = cKDTree(np.column_stack([seeds.place, seeds.face * FAR]))
        distance, nearest = tree.query(np.column_stack([x, y, face * FAR]), distance_upper_bound=FAR / 2)
        group = np.where(np.isfinite(distance), seeds.group[np.minimum(nearest, len(seeds.group) - 1)], group)
    return group


def _dividers(faces: Shapes, seeds: Seeds) -> Shapes:
    """The edges between cells of different groups, each clipped to its face.

    One Voronoi diagram serves all faces: each face is set apart on a wide lattice, with four posts far around it, so
    that no cell is shaped by seeds of another face.
    """
    if not len(seeds.place):
        return np.empty(0, dtype=object)
    several = np.flatnonzero(
        np.bincount(seeds.face, minlength=len(faces)) > 1  # one seed needs no divider
    )
    if not several.size:
        return np.empty(0, dtype=object)
    rank = np.full(len(faces), -1)
    rank[several] = np.arange(len(several))
    used = rank[seeds.face] >= 0
    place, home, group = seeds.place[used], rank[seeds.face[used]], seeds.group[used]
    box = shapely.bounds(faces[several])
    centre = (box[:, :2] + box[:, 2:]) / 2
    reach = np.ptp(box.reshape(-1, 2, 2), axis=1).max()
    columns = int(np.ceil(np.sqrt(len(several))))
    slot = np.column_stack([np.arange(len(several)) % columns, np.arange(len(several)) // columns]) * 12.0 * reach
    posts = (slot[:, None, :] + 3 * reach * np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])).reshape(-1, 2)
    moved = place - centre[home] + slot[home]
    diagram = Voronoi(np.concatenate([moved, posts]))
    ends = np.asarray(diagram.ridge_vertices)
    pair = diagram.ridge_points
    real = (pair < len(place)).all(axis=1) & (ends >= 0).all(axis=1)
    pair, ends = pair[real], ends[real]
    apart = (group[pair[:, 0]] != group[pair[:, 1]]) & (home[pair[:, 0]] == home[pair[:, 1]])
    pair, ends = pair[apart], ends[apart]
    owner = home[pair[:, 0]]
    edges = diagram.vertices[ends] - slot[owner][:, None, :] + centre[owner][:, None, :]
    clipped = shapely.intersection(shapely.linestrings(edges), faces[several[owner]])
    parts = shapely.get_parts(clipped)
    return parts[shapely.get_dimensions(parts) == 1]


def _join(atoms: Shapes, village: Ints, face: Ints, group: Ints, held: Floats, sliver_m: float) -> Ints:
    """(a,) block of each atom: one for each connected cell, thin and stray pieces joined to a neighbour."""
    edges, lengths = rook(atoms)
    same = (face[edges[:, 0]] == face[edges[:, 1]]) & (group[edges[:, 0]] == group[edges[:, 1]])
    label = _components(len(atoms), edges[same])
    area, perimeter = shapely.area(atoms), shapely.length(atoms)
    within = village[edges[:, 0]] == village[edges[:, 1]]
    edges, lengths = edges[within], lengths[within]
    for _ in range(20):
        blocks = int(label.max()) + 1
        left, right = label[edges[:, 0]], label[edges[:, 1]]
        size, people = sums_of(label, area, blocks), sums_of(label, held, blocks)
        rim = sums_of(label, perimeter, blocks) - 2 * sums_of(left[left == right], lengths[left == right], blocks)
        # A cell's main piece is the one with its households; the others are strays if they are small, too.
        thin = 2 * size / np.maximum(rim, 1e-9) < sliver_m
        stray = (people == 0) & (size < 4 * sliver_m**2 * np.pi)
        target = _best_neighbour(left, right, lengths, face, label, blocks, thin | stray)
        if (target == np.arange(blocks)).all():
            break
        moves = np.column_stack([np.arange(blocks), target])
        label = _components(blocks, moves[moves[:, 0] != moves[:, 1]])[label]
    return label


def _best_neighbour(
    left: Ints, right: Ints, lengths: Floats, face: Ints, label: Ints, blocks: int, weak: NDArray[np.bool_]
) -> Ints:
    """(b,) for weak blocks the neighbour with the longest common border, one in the same face first; else itself."""
    target = np.arange(blocks)
    home = np.zeros(blocks, dtype=np.int64)
    home[label] = face
    a, b = np.concatenate([left, right]), np.concatenate([right, left])
    weight = np.concatenate([lengths, lengths])
    wanted = weak[a] & (a != b)
    if not wanted.any():
        return target
    shared = coo_array((weight[wanted], (a[wanted], b[wanted])), shape=(blocks, blocks)).tocsr().tocoo()
    a, b = shared.coords
    order = np.lexsort((b, -shared.data, home[a] != home[b], a))
    a, b = a[order], b[order]
    first = np.concatenate([[True], a[1:] != a[:-1]])
    target[a[first]] = b[first]
    return target


def _components(size: int, edges: NDArray[Any]) -> Ints:
    graph = coo_array((np.ones(len(edges), dtype=bool), (edges[:, 0], edges[:, 1])), shape=(size, size))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _frame(codes: Any, atoms: Shapes, village: Ints, held: Floats, label: Ints, crs: Any) -> gpd.GeoDataFrame:
    shapes = dissolve(gpd.GeoSeries(atoms, crs=crs), label)
    home = np.zeros(len(shapes), dtype=np.int64)
    home[label] = village
    households = sums_of(label, held, len(shapes))
    geometry = shapes.sort_index().to_numpy()
    west = shapely.bounds(geometry)[:, :2]
    order = np.lexsort((west[:, 1], west[:, 0], home))
    return gpd.GeoDataFrame(
        {"village_code": np.asarray(codes)[home[order]], "households": np.rint(households[order]).astype(np.int64)},
        geometry=geometry[order],
        crs=crs,
    )
