"""From blocks to grids: checks, a first plan, the search for a better one, labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.draw.graph import Graph, components, entry_edges, graph_of
from geo.draw.ground import AREA, PERIMETER, Ground, Weights
from geo.draw.group import Prices, best_groups
from geo.draw.oversize import oversize_apart
from geo.draw.partition import best_cover
from geo.draw.pool import pool_of
from geo.draw.redraw import start_from
from geo.draw.repair import join_pieces
from geo.draw.request import Request, band_of, check
from geo.draw.search import improve
from geo.draw.seed import first_plan
from geo.draw.units import units_of

WAYS = {"fast": 1, "normal": 2, "thorough": 4}  # ways to group villages from which the search starts
DRAWN = 0.3  # of the progress is made once there is a first plan
Going = Callable[[float], bool]
Progress = Callable[[float, "pd.Series | None"], object]


def draw_grids(  # noqa: PLR0913 - the options of one drawing, all by keyword
    blocks: gpd.GeoDataFrame,
    *,
    target: float = 300,
    tolerance: float = 0.1,
    parent: Any = None,
    rivers: gpd.GeoSeries | None = None,
    roads: gpd.GeoSeries | None = None,
    nesting: str = "grouped",
    effort: str = "normal",
    fixed: Any = None,
    previous: Any = None,
    seed: int = 0,
    limits: tuple[float, float] | None = None,
    progress: Progress | None = None,
) -> pd.Series:
    """Return the grid of each block: contiguous, balanced, true to villages and rivers, compact.

    Every grid is one piece by shared edges and encloses no other wherever the blocks allow it. The sizes keep the band
    wherever that is possible; a connected part with too few households for a grid becomes one grid of its own, and a
    block
    larger than the band makes a grid larger than the band. Among such plans villages are kept together first, then
    river banks, then grids are compact (Polsby-Popper). Uninhabited blocks belong to grids like all others.

    Parameters
    ----------
    blocks : (n,) Polygons in a metric CRS with the column `households` (numbers >= 0); a valid, noded coverage
    target : households a grid should have
    tolerance : share of the target by which a grid may differ from it
    parent : (n,) village code of each block
    rivers, roads : lines in the CRS of the blocks; block edges within 0.1 m of a river separate its banks, and such
        an edge
        that a road crosses is a bridge, over which a grid may rather span both banks
    nesting : "strict_nesting", every grid inside one village, out of the band where the village leaves no choice;
        "grouped", small villages share a grid and large ones are cut; "strict_balance", villages and rivers decide only
        between plans of like compactness
    effort : "fast", "normal" or "thorough"
    fixed : (n,) bool, blocks that keep their previous label; a grid of only such blocks takes no other block in
    previous : (n,) labels of the plan in force, -1 or missing for blocks in no grid; the band is restored with as few
        households changing grid as possible, grids keep their labels, and new labels follow the largest one given
    seed : same seed, same plan, whatever the number of processors
    limits : (low, high) households of a grid, instead of `tolerance`
    progress : called now and then with the share done in (0, 1] and the plan so far, None while there is none; when it
        returns False the search stops and the plan so far is the result

    Returns
    -------
    (n,) int64 labels on the index of `blocks`, named "grid"; without `previous` 0..k-1 from west to east and then north
    to south by the centre of the grids

    Raises
    ------
    UnknownCrsError, DegreesError : the blocks have no CRS, or one in degrees
    CrsMismatchError : rivers or roads are in another CRS
    InvalidCoverageError : blocks overlap, lie on top of each other or do not share their vertices with neighbours
    GeoError : an argument has a wrong length, range or name; households are missing or negative; a block is no polygon

    Notes
    -----
    The search takes time proportional to the number of blocks. See `anneal`, `group` and `search` for its parts.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> cells = [box(x, y, x + 1, y + 1) for y in range(2) for x in range(4)]
    >>> row = gpd.GeoDataFrame({"households": [75] * 8}, geometry=cells, crs=32650)
    >>> draw_grids(row, effort="fast").tolist()
    [0, 0, 1, 1, 0, 0, 1, 1]
    """
    band = band_of(target, tolerance, limits)
    request = check(
        blocks, band, parent=parent, rivers=rivers, roads=roads, nesting=nesting, effort=effort, fixed=fixed,
        previous=previous, seed=seed,
    )  # fmt: skip
    if not len(request.index):
        return pd.Series(np.empty(0, np.int64), index=request.index, name="grid")
    graph = graph_of(request)
    ground, weights = _ground(request, graph), _weights(request)

    def going(done: float) -> bool:
        return progress is None or progress(done, None) is not False

    names, starts, closed, covered = _start(request, graph, ground, weights, going if going(0.05) else None)
    centre = shapely.get_coordinates(shapely.centroid(request.geometries))

    def answer(label: NDArray[np.int32]) -> pd.Series:
        code = names[label] if request.previous is not None else _west_to_east(label, centre)
        return pd.Series(code, index=request.index, name="grid")

    def report(done: float, label: NDArray[np.int32]) -> bool:
        return progress is None or progress(done, answer(label)) is not False

    if not report(DRAWN, starts[0]):
        return answer(starts[0])
    best = improve(ground, starts, weights, closed, centre, request.effort, request.seed, report, covered=covered)
    return answer(best)


def _shares_grids(request: Request) -> bool:
    """Whether there are villages that may share grids."""
    return request.nesting == "grouped" and bool(request.village.max() > 0)


def _west_to_east(label: NDArray[np.int32], centre: NDArray[np.float64]) -> NDArray[np.int64]:
    """(n,) labels 0..k-1 in the order of the grids' centres from west to east, then north to south."""
    _, grid = np.unique(label, return_inverse=True)
    count = np.bincount(grid)
    x, y = (np.bincount(grid, centre[:, axis]) / count for axis in (0, 1))
    rank = np.empty(len(count), np.int64)
    rank[np.lexsort((-y, x))] = np.arange(len(count))
    return rank[grid]


def _start(
    request: Request, graph: Graph, ground: Ground, weights: Weights, going: Going | None
) -> tuple[NDArray[np.int64], list[NDArray[np.int32]], NDArray[np.bool_], bool]:
    """Names of the grids (k,), plans (n,) to start the search from, which grids are closed (k,), and whether villages
    are grouped at their best already.
    """
    region = graph.component
    if request.nesting == "strict_nesting":
        inside = request.village[graph.edges[:, 0]] == request.village[graph.edges[:, 1]]
        region = components(len(region), graph.edges[inside])
    known, label = np.empty(0, np.int64), np.full(len(region), -1, np.int32)
    closed = np.zeros(0, bool)
    if request.previous is not None:
        known, place = np.unique(request.previous, return_inverse=True)
        missing = int(known[0] < 0)
        known, label = known[missing:], (place - missing).astype(np.int32)
        free = np.bincount(label[~request.fixed & (label >= 0)], minlength=len(known))
        closed = free == 0
        if len(known):
            label = start_from(request, graph, region, label, closed)
    todo = label < 0
    starts, covered = [label], False
    if todo.any():
        used = int(label.max()) + 1
        ways, covered = _first_plans(request, graph, ground, weights, np.where(todo, region, -1), going)
        starts = [
            join_pieces(
                graph,
                np.where(todo, drawn + used, label).astype(np.int32),
                request.households,
                region,
                request.fixed,
                closed,
            )
            for drawn in ways
        ]
        starts = [start for start in starts if start.max() == starts[0].max()]
    grids = max(int(starts[0].max()) + 1, len(known))
    fresh = int(known.max(initial=-1)) + 1 + np.arange(grids - len(known))
    return np.concatenate([known, fresh]), starts, np.concatenate([closed, np.zeros(len(fresh), bool)]), covered


def _first_plans(
    request: Request, graph: Graph, ground: Ground, weights: Weights, region: NDArray[np.int64], going: Going | None
) -> tuple[list[NDArray[np.int32]], bool]:
    """First labels (n,) of the blocks with a region >= 0, and whether they are a cover by drawn groups of villages.

    Without such a cover there may be several, of different groups, where villages may share grids. Without `going`
    there is no time for that.
    """
    band = request.band
    part, count = oversize_apart(graph, request.households, region, band)
    ways = [(part, count)]
    if going and _shares_grids(request) and (region >= 0).all():
        area, perimeter = ground.size[:, AREA], ground.size[:, PERIMETER]
        unit, units = units_of(graph, request.households, request.village, band.high, area, perimeter)
        grids = int(count.sum())
        cover = best_cover(
            ground, weights, graph, unit, pool_of(units, weights), grids, request.effort, request.seed, going
        )
        if cover is not None:
            return [cover], True
        if going(DRAWN):
            prices = Prices(band.low, band.high, band.target, 0.01 * band.target, 0.45, 0.3, 0.9, 1.0, 3.0, 1.0)
            oversize = int(units.oversize.sum())
            ways = best_groups(unit, units, prices, band, grids - oversize, request.seed, request.effort)
            ways = ways[: WAYS[request.effort]]
            if oversize:
                ways = [oversize_apart(graph, request.households, group, band) for group, _ in ways]
    return [first_plan(graph, request.households, request.village, *way, request.seed) for way in ways], False


def _ground(request: Request, graph: Graph) -> Ground:
    rings = graph.rings
    home = np.full(len(request.index), -1, np.int64)
    if request.previous is not None:
        known = np.unique(request.previous[request.previous >= 0])
        home = np.where(request.previous >= 0, np.searchsorted(known, request.previous), -1)
    edge = entry_edges(graph)
    bridge = np.zeros(len(edge), bool)
    bridge[edge >= 0] = graph.bridge[edge[edge >= 0]]
    return Ground(
        rings.ring_of,
        rings.start,
        rings.neighbour,
        rings.length,
        bridge,
        edge,
        graph.edges.astype(np.int32),
        np.column_stack([request.households, shapely.area(request.geometries), shapely.length(request.geometries)]),
        np.column_stack([request.village, graph.bank + request.village.max() + 1, home]).astype(np.int32),
        np.bincount(request.village, request.households) <= request.band.high,
        *graph.around.rim(),
        request.fixed,
        request.nesting == "strict_nesting",
    )


def _weights(request: Request) -> Weights:
    """Prices of the faults for each mode; redrawing adds a price on every household that moves."""
    band = request.band
    care = 0.05 if request.nesting == "strict_balance" else 1.0
    redrawn = request.previous is not None
    moved, strength = (40.0 / band.target, 300.0) if redrawn else (0.0, 120.0)
    pair, torn, river = (0.25, 0.3, 1.5) if redrawn else (0.36, 0.8, 2.6)
    return Weights(
        low=band.low,
        high=band.high,
        target=band.target,
        band=strength,
        pair=pair * care,
        torn=torn * care,
        river=river * care,
        bridge=0.8 * river * care,
        shape=1.0,
        slender=0.0,
        moved=moved,
    )
