"""What a plan is worth: the measures by which drawings are compared."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.adjacency import rook
from geo.compactness import polsby_popper

Score = Callable[[gpd.GeoDataFrame, Any, float], dict[str, Any]]


def load_score(path: str | None) -> Score:
    """The function `score` of a script, or `own_score`."""
    if path is None:
        return own_score
    spec = importlib.util.spec_from_file_location("score_script", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is no Python script")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.score


def own_score(blocks: gpd.GeoDataFrame, rivers: Any, target: float) -> dict[str, Any]:
    """Shares of grids in one piece and within 10 % of the target, holes, compactness, torn villages and straddlers."""
    edges, length = rook(blocks.geometry)
    shapes, grid = blocks.geometry.to_numpy(), blocks["grid"].to_numpy()
    households = blocks.groupby("grid")["households"].sum()
    outlines = gpd.GeoSeries(
        {g: shapely.coverage_union_all(part.to_numpy()) for g, part in blocks.geometry.groupby(grid)}
    )
    piece = _parts(len(blocks), edges[grid[edges[:, 0]] == grid[edges[:, 1]]])
    shared = shapely.intersection(shapes[edges[:, 0]], shapes[edges[:, 1]])
    along = shapely.length(shapely.intersection(shared, shapely.buffer(rivers, 0.1))) > 0.5 * length
    inhabited = blocks.assign(bank=_parts(len(blocks), edges[~along]))[blocks["households"] > 0]
    pairs = inhabited[["village", "grid"]].drop_duplicates()
    of_village = inhabited.groupby("village").agg(size=("households", "sum"), grids=("grid", "nunique"))
    return {
        "grids": len(households),
        "contiguous": float((_kinds(piece, grid) == 1).mean()),
        "within_10": float(((households - target).abs() <= 0.1 * target + 1e-9).mean()),
        "holes": int((shapely.get_num_interior_rings(shapely.get_parts(outlines.to_numpy())) > 0).sum()),
        "polsby_popper": float(np.mean(polsby_popper(outlines))),
        "village_pairs": len(pairs),
        "torn_villages": int(((of_village["grids"] > 1) & (of_village["size"] <= 1.1 * target)).sum()),
        "river_straddlers": int((_kinds(inhabited["bank"].to_numpy(), inhabited["grid"].to_numpy()) > 1).sum()),
    }


def _kinds(values: np.ndarray, grid: np.ndarray) -> pd.Series:
    """How many different values each grid holds."""
    return pd.DataFrame({"grid": grid, "value": values}).drop_duplicates().groupby("grid").size()


def _parts(size: int, edges: np.ndarray) -> np.ndarray:
    links = coo_array((np.ones(len(edges), bool), (edges[:, 0], edges[:, 1])), shape=(size, size))
    return connected_components(links, directed=False)[1]
