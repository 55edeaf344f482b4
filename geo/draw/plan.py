"""From blocks to grids: checks, a first plan, annealing, labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.draw.anneal import Ground, Plan, Weights, anneal, tally
from geo.draw.graph import Graph, entry_flags, graph_of
from geo.draw.repair import join_pieces
from geo.draw.request import Request, band_of, check
from geo.draw.seed import first_plan

Progress = Callable[[float, "pd.Series | None"], object]

SWEEPS = {"fast": 300, "normal": 2000, "thorough": 10000}
CHUNKS = 40


def draw_grids(
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

    Parameters
    ----------
    blocks : GeoDataFrame in a metric CRS with the column `households`; a valid, noded coverage
    target : households a grid should have
    tolerance : share of the target by which a grid may differ from it
    parent : (n,) village code of each block
    rivers, roads : GeoSeries of lines; a river edge that a road crosses is a bridge
    nesting : "strict_nesting", every grid inside one village, out-of-band grids allowed; "grouped", small villages share
        a grid and large ones are cut; "strict_balance", villages and rivers only matter among equally compact plans
    effort : "fast", "normal" or "thorough"
    fixed : (n,) bool, blocks that keep their previous label; a grid all of whose blocks are fixed takes in no other
    previous : (n,) labels of the plan in force, -1 or missing for blocks in no grid; then as few households as possible
        change grid
    seed : same seed, same plan
    limits : (low, high) households of a grid instead of `tolerance`
    progress : called with the share done and the best plan so far (or None); returning False stops the drawing and keeps
        the best plan so far

    Returns
    -------
    (n,) integer labels on the index of `blocks`

    Raises
    ------
    UnknownCrsError, DegreesError : the blocks have no CRS or one in degrees
    CrsMismatchError : rivers or roads are in another CRS
    GeoError : an argument has the wrong length, range or name; households are missing or negative
    """
    band = band_of(target, tolerance, limits)
    request = check(
        blocks, band, parent=parent, rivers=rivers, roads=roads, nesting=nesting, effort=effort, fixed=fixed,
        previous=previous, seed=seed,
    )  # fmt: skip
    if not len(request.index):
        return pd.Series(np.empty(0, np.int64), index=request.index, name="grid")
    graph = graph_of(request)
    region = _regions(request, graph)
    names, start = _start(request, graph, region)
    ground = _ground(request, graph, start, names)
    plan = _plan(start, len(names), ground)
    weights = _weights(request)
    steps = SWEEPS[effort] * len(request.index)
    hot, cold = (0.01, 0.002) if request.previous is not None else (0.1, 0.002)
    state = np.array([request.seed], np.uint64)
    area = np.flatnonzero(~request.fixed)
    for chunk in range(CHUNKS if len(area) else 0):
        warm = hot * (cold / hot) ** (chunk / CHUNKS)
        cool = hot * (cold / hot) ** ((chunk + 1) / CHUNKS)
        anneal(ground, plan, weights, area, state, warm, cool, max(1, steps // CHUNKS), 50)
        if progress is not None:
            current = pd.Series(names[plan.label], index=request.index, name="grid")
            if progress((chunk + 1) / CHUNKS, current) is False:
                break
    return pd.Series(names[plan.label], index=request.index, name="grid")


def _regions(request: Request, graph: Graph) -> NDArray[np.int64]:
    """(n,) the part no grid may leave: a connected component, or a village's part of it in strict nesting."""
    if request.nesting != "strict_nesting":
        return graph.component
    inside = request.village[graph.edges[:, 0]] == request.village[graph.edges[:, 1]]
    from geo.draw.graph import components

    return components(len(request.index), graph.edges[inside])


def _start(request: Request, graph: Graph, region: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Names of the grids (k,) and the grid of each block (n,) before annealing."""
    known = np.empty(0, np.int64)
    label = np.full(len(region), -1, np.int32)
    if request.previous is not None:
        known = np.unique(request.previous[request.previous >= 0])
        label = np.where(request.previous >= 0, np.searchsorted(known, request.previous), -1).astype(np.int32)
        label = join_pieces(graph, label, request.households, region, request.fixed)
    free = np.where(label < 0, region, -1)
    ids, free = np.unique(free, return_inverse=True)
    free = free - int(ids[0] < 0)
    total = np.bincount(free[free >= 0], request.households[free >= 0])
    count = np.array([request.band.best_count(size) for size in total], np.int64)
    drawn = first_plan(graph, request.households, request.village, free, count, request.seed)
    fresh = int(drawn.max(initial=-1)) + 1
    label = np.where(label < 0, drawn + len(known), label).astype(np.int32)
    label = join_pieces(graph, label, request.households, region, request.fixed)
    above = int(known.max(initial=-1)) + 1
    return np.concatenate([known, above + np.arange(fresh)]), label


def _ground(request: Request, graph: Graph, label: NDArray[np.int32], names: NDArray[np.int64]) -> Ground:
    rings = graph.rings
    sizes = np.bincount(request.village, request.households)
    home = np.full(len(label), -1, np.int32)
    closed = np.zeros(len(names), bool)
    if request.previous is not None:
        home = np.where(request.previous >= 0, np.searchsorted(names, request.previous), -1).astype(np.int32)
        open_ = np.unique(home[(home >= 0) & ~request.fixed])
        closed[np.unique(home[request.fixed])] = True
        closed[open_] = False
    return Ground(
        rings.ring_of,
        rings.start,
        rings.neighbour,
        rings.length,
        entry_flags(graph, graph.bridge),
        request.households,
        shapely.area(request.geometries),
        shapely.length(request.geometries),
        request.village,
        sizes <= request.band.high,
        graph.bank.astype(np.int32),
        request.fixed,
        home,
        closed,
        request.nesting == "strict_nesting",
    )


def _plan(label: NDArray[np.int32], grids: int, ground: Ground) -> Plan:
    villages, banks = len(ground.whole), int(ground.bank.max()) + 1
    plan = Plan(
        label.astype(np.int32),
        np.zeros(grids),
        np.zeros(grids),
        np.zeros(grids),
        np.zeros(grids, np.int32),
        np.zeros((villages, grids), np.int32),
        np.zeros(villages, np.int32),
        np.zeros((banks, grids), np.int32),
        np.zeros(grids, np.int32),
        np.zeros(grids, np.int32),
    )
    tally(ground, plan)
    return plan


def _weights(request: Request) -> Weights:
    band = request.band
    villages = 0.05 if request.nesting == "strict_balance" else 1.0
    moved = 6.0 / band.target if request.previous is not None else 0.0
    strength = 60.0 if request.previous is not None else 20.0
    return Weights(
        band.low,
        band.high,
        band.target,
        strength,
        0.15 * villages,
        0.3 * villages,
        villages,
        0.5 * villages,
        1.0,
        moved,
    )
