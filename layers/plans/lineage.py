"""Who came from whom: every old grid's households and area, traced into the new grids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.assign import GridIndex
from geo.crs import metric_crs
from layers.tables import LineageOp

# Below this share of area and of households a common piece is a trace of the drawing, not an inheritance.
NEGLIGIBLE = 0.001


def lineage(
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    households: gpd.GeoDataFrame,
    converted: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Rows (old_code, new_code, op, share_households, share_area) for two editions of the same scope.

    Shares are of the old grid; they add up to one over its rows when the new edition covers it. A new grid without
    a predecessor is CREATE, an old one without a successor ABOLISH; one to one with a changed outline is REDRAW, and
    with the same outline in another village REPARENT, with another name or code RENAME; an old grid in several new ones
    SPLIT, several old ones in one new MERGE, and what is both at once REDRAW. A grid that goes on as it was has no row.
    A grid that only follows its village to the code that `converted` (old to new village code) gives it is CONVERT.
    """
    converted = converted or {}
    pairs = _shares(old, new, households)
    successors = pairs.groupby("old")["new"].size()
    predecessors = pairs.groupby("new")["old"].size()
    rows = [
        {
            "old_code": old["code"].iloc[i],
            "new_code": new["code"].iloc[j],
            "op": _op(old.iloc[i], new.iloc[j], successors[i], predecessors[j], converted),
            "share_households": None if np.isnan(share) else float(share),
            "share_area": float(share_area),
        }
        for i, j, share, share_area in zip(
            pairs["old"].to_numpy(dtype=int),
            pairs["new"].to_numpy(dtype=int),
            pairs["share_households"].to_numpy(dtype=float),
            pairs["share_area"].to_numpy(dtype=float),
            strict=True,
        )
        if not _unchanged(old.iloc[i], new.iloc[j], successors[i], predecessors[j])
    ]
    nothing = {"share_households": None, "share_area": None}
    rows += [
        {"old_code": old["code"].iloc[i], "new_code": None, "op": LineageOp.ABOLISH, **nothing}
        for i in range(len(old))
        if i not in successors.index
    ]
    rows += [
        {"old_code": None, "new_code": new["code"].iloc[i], "op": LineageOp.CREATE, **nothing}
        for i in range(len(new))
        if i not in predecessors.index
    ]
    return rows


def successors(rows: Iterable[Any]) -> dict[str, str]:
    """Old code -> the new code with the largest share of its households, then of its ground, then the smallest code.

    Every row has old_code, new_code, share_households and share_area.
    """

    def weight(row: Any) -> tuple[float, float]:
        return row.share_households or 0.0, row.share_area or 0.0

    found: dict[str, Any] = {}
    for row in sorted(rows, key=lambda row: row.new_code):
        if row.old_code not in found or weight(row) > weight(found[row.old_code]):
            found[row.old_code] = row
    return {code: row.new_code for code, row in found.items()}


def _op(old: pd.Series, new: pd.Series, successors: int, predecessors: int, converted: Mapping[str, str]) -> LineageOp:
    if successors > 1 and predecessors == 1:
        return LineageOp.SPLIT
    if successors == 1 and predecessors > 1:
        return LineageOp.MERGE
    if not _same_outline(old, new, successors, predecessors):
        return LineageOp.REDRAW
    if converted.get(old["code"][:-3]) == new["code"][:-3]:
        return LineageOp.CONVERT
    return LineageOp.RENAME if old["code"][:-3] == new["code"][:-3] else LineageOp.REPARENT


def _same_outline(old: pd.Series, new: pd.Series, successors: int, predecessors: int) -> bool:
    return bool(successors == predecessors == 1 and abs(old["area_m2"] - new["area_m2"]) < 1.0)


def _unchanged(old: pd.Series, new: pd.Series, successors: int, predecessors: int) -> bool:
    same = all(old[name] == new[name] for name in ("grid_id", "code", "name"))
    return same and _same_outline(old, new, successors, predecessors)


def common_ground(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The piece of ground of each pair of grids that have one: positions `old` and `new`, geometry, in a metric CRS."""
    crs = metric_crs(tuple(old.total_bounds))
    left = old[["geometry"]].to_crs(crs).reset_index(drop=True)
    right = new[["geometry"]].to_crs(crs).reset_index(drop=True)
    return gpd.overlay(
        left.assign(old=range(len(left))), right.assign(new=range(len(right))), how="intersection", keep_geom_type=True
    )


def _shares(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, households: gpd.GeoDataFrame) -> pd.DataFrame:
    """One row for each pair with a common piece: positions `old` and `new`, share_households, share_area."""
    if old.empty or new.empty:
        return pd.DataFrame({"old": [], "new": [], "share_households": [], "share_area": []})
    pieces = common_ground(old, new)
    pieces["area"] = pieces.area
    area = pieces.groupby(["old", "new"])["area"].sum()
    total_area = old.geometry.to_crs(pieces.crs).area.reset_index(drop=True)

    x, y = households.geometry.x.to_numpy(), households.geometry.y.to_numpy()
    at_old = GridIndex(old.geometry, old["code"].to_numpy()).locate(x, y)
    at_new = GridIndex(new.geometry, new["code"].to_numpy()).locate(x, y)
    located = pd.DataFrame({"old": at_old, "new": at_new, "households": households["households"].to_numpy()})
    located = located[(located["old"] >= 0) & (located["new"] >= 0)]
    counts = located.groupby(["old", "new"])["households"].sum()
    total_households = counts.groupby("old").sum()

    pairs = pd.DataFrame({"area": area, "households": counts}).fillna(0).reset_index()
    pairs["share_area"] = pairs["area"] / total_area.loc[pairs["old"]].to_numpy()
    denominator = total_households.reindex(pairs["old"]).to_numpy(dtype=float)
    pairs["share_households"] = np.divide(
        pairs["households"], denominator, out=np.full(len(pairs), np.nan), where=denominator > 0
    )
    kept = (pairs["share_area"] > NEGLIGIBLE) | (pairs["share_households"].fillna(0) > NEGLIGIBLE)
    return pairs.loc[kept, ["old", "new", "share_households", "share_area"]]
