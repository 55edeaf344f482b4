"""What changes from one edition of the grids to another: who gets another grid, and which ground changes hands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import sqlalchemy as sa
from scipy.optimize import linear_sum_assignment
from sqlalchemy.orm import Session

from geo.assign import GridIndex
from layers.access import EVERYWHERE, Scope
from layers.geometry import Bounds, select_frame, within_bounds
from layers.grids import grid_frame
from layers.plans.lineage import NEGLIGIBLE, common_ground
from layers.tables import CLOSED_STATES, SRID, Address, Camera, GridLevel, Household, Plan, Report, Team

LOCATED = ("households", "addresses", "cameras", "open_reports")
COUNTED = (*LOCATED, "teams")
LEAST_M2 = 1.0
"""Smaller pieces come from rounding."""


@dataclass(frozen=True, eq=False)
class Impact:
    """The difference between two editions of the grids of one area.

    totals : how many households, addresses, cameras, open reports and teams get another grid; teams of a village that
        gets another code count as well
    rows : one for each old and new grid with common ground or places: old_code and new_code (None for no grid),
        households, addresses, cameras, open_reports, teams (at the new grid with most of the old one's households),
        area_m2, share_households and share_area of the old grid's, and stays: whether the new grid is what becomes of
        the old one
    places : EPSG:4326, the ground that changes hands: old_code, new_code, households, geometry
    """

    totals: dict[str, int]
    rows: pd.DataFrame
    places: gpd.GeoDataFrame


def compare_plans(session: Session, plan: Plan, other: Plan | None, *, as_of: date) -> Impact:
    """What changes from the grids of `other`, None for those in force on a day, to those of `plan`.

    A grid goes on in the one with its `grid_id`; of the rest, old and new grids are matched so that as many households
    as possible stay. Who is in a grid that goes on does not count as changed, even if the plan gives it another code.

    Returns
    -------
    Impact; empty where there is no old grid, since then nothing is taken from anybody
    """
    new = grid_frame(session, EVERYWHERE, as_of=as_of, plan_id=plan.id, level=GridLevel.CELL)
    old = grids_before(session, plan, other, as_of=as_of)
    if old.empty or new.empty:
        return _nothing()
    bounds = tuple(np.concatenate([np.minimum(old.total_bounds, new.total_bounds)[:2],
                                   np.maximum(old.total_bounds, new.total_bounds)[2:]]))  # fmt: skip
    pairs = _pairs(session, old, new, bounds)
    pieces = common_ground(old, new)
    pairs = pairs.join(pieces.assign(area_m2=pieces.area).groupby(["old", "new"])["area_m2"].sum(), how="outer")
    pairs = pairs.fillna(0.0).reset_index()
    pairs["stays"] = _goes_on(pairs, old, new)
    pairs["teams"] = _teams(session, pairs, old)
    found = _impact(pairs, pieces, old, new)
    villages = sorted(set(plan.converted) - set(other.converted if other is not None else {}))
    found.totals["teams"] += len(session.scalars(sa.select(Team.id).where(Team.area_code.in_(villages))).all())
    return found


def grids_before(session: Session, plan: Plan, other: Plan | None, *, as_of: date) -> gpd.GeoDataFrame:
    """The grids of `other`, or those in force on a day in the area of `plan`; as `grid_frame`."""
    if other is not None:
        return grid_frame(session, EVERYWHERE, as_of=as_of, plan_id=other.id, level=GridLevel.CELL)
    old = grid_frame(session, Scope(plan.scope_code), as_of=as_of, level=GridLevel.CELL)
    return old[old["code"].map(Scope(plan.scope_code).covers).astype(bool)].reset_index(drop=True)


def _nothing() -> Impact:
    columns = ["old_code", "new_code", *COUNTED, "area_m2", "share_households", "share_area", "stays"]
    places = gpd.GeoDataFrame({"old_code": [], "new_code": [], "households": []}, geometry=[], crs=SRID)
    return Impact(dict.fromkeys(COUNTED, 0), pd.DataFrame(columns=columns), places)


def _pairs(session: Session, old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, bounds: Bounds) -> pd.DataFrame:
    """Counts on (old, new) positions, -1 for outside every grid."""
    tables: tuple[tuple[Any, tuple[Any, ...], tuple[Any, ...]], ...] = (
        (Household, (Household.households,), ()),
        (Address, (Address.id,), ()),
        (Camera, (Camera.id,), ()),
        (Report, (Report.id,), (Report.state.not_in(CLOSED_STATES),)),
    )
    before, after = (GridIndex(frame.geometry, frame["code"].to_numpy(dtype=str)) for frame in (old, new))
    counts = []
    for name, (table, columns, conditions) in zip(LOCATED, tables, strict=True):
        near: Any = within_bounds(session, table.__table__.c.geom, bounds)
        rows = select_frame(session, columns, table.geom, near, *conditions, order_by=table.id)
        x, y = rows.geometry.x.to_numpy(dtype=float), rows.geometry.y.to_numpy(dtype=float)
        weight = rows["households"] if table is Household else pd.Series(np.ones(len(rows)))
        at = pd.DataFrame({"old": before.locate(x, y), "new": after.locate(x, y), name: weight.to_numpy(dtype=float)})
        at = at[(at["old"] >= 0) | (at["new"] >= 0)]
        counts.append(at.groupby(["old", "new"])[name].sum())
    return pd.concat(counts, axis=1)


def _teams(session: Session, pairs: pd.DataFrame, old: gpd.GeoDataFrame) -> np.ndarray:
    """(p,) how many teams of the old grid of a pair go to the new one: all or none."""
    codes = old["code"].tolist()
    rows = session.execute(
        sa.select(Team.area_code, sa.func.count()).where(Team.area_code.in_(codes)).group_by(Team.area_code)
    ).all()
    count = {row[0]: int(row[1]) for row in rows}
    most = pairs[(pairs["old"] >= 0) & (pairs["new"] >= 0)].sort_values(
        ["old", "households", "area_m2", "new"], ascending=[True, False, False, True]
    )
    home = most.drop_duplicates("old").index
    teams = np.zeros(len(pairs))
    teams[home] = [count.get(codes[position], 0) for position in pairs.loc[home, "old"].to_numpy(dtype=int)]
    return teams


def _goes_on(pairs: pd.DataFrame, old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> np.ndarray:
    """(p,) whether the new grid of a pair is what becomes of the old one."""
    value = np.zeros((len(old), len(new)))
    i, j = pairs["old"].to_numpy(dtype=int), pairs["new"].to_numpy(dtype=int)
    both = (i >= 0) & (j >= 0)
    # Ground only decides between matchings under which equally many households stay.
    share = pairs["area_m2"].to_numpy() / max(pairs["area_m2"].sum(), 1.0)
    value[i[both], j[both]] = pairs["households"].to_numpy()[both] + 0.5 * share[both]
    # A grid that keeps its id is the same grid, however little of it is left.
    same = old["grid_id"].to_numpy()[:, None] == new["grid_id"].to_numpy()[None, :]
    value[same] += value.sum() + 1.0
    left, right = linear_sum_assignment(value, maximize=True)
    successor = np.full(len(old), -2)
    successor[left] = np.where(value[left, right] > 0, right, -2)
    return np.asarray(both & (successor[i] == j))


def _impact(pairs: pd.DataFrame, pieces: gpd.GeoDataFrame, old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> Impact:
    codes = [np.array([*frame["code"], None], dtype=object) for frame in (old, new)]
    pairs["old_code"], pairs["new_code"] = (
        codes[side][pairs[name].to_numpy(dtype=int)] for side, name in enumerate(("old", "new"))
    )
    inside = pairs["old"] >= 0
    for name, share in (("households", "share_households"), ("area_m2", "share_area")):
        whole = pairs[inside].groupby("old")[name].sum().reindex(pairs["old"]).to_numpy(dtype=float)
        pairs[share] = np.divide(pairs[name], whole, out=np.full(len(pairs), np.nan), where=whole > 0)
    touched = pairs[list(COUNTED)].sum(axis=1) > 0
    pairs = pairs[touched | pairs["stays"] | ((pairs["area_m2"] > LEAST_M2) & (pairs["share_area"] > NEGLIGIBLE))]
    totals = {name: int(pairs.loc[~pairs["stays"], name].sum()) for name in COUNTED}
    moves = pairs.loc[
        ~pairs["stays"] & (pairs["area_m2"] > LEAST_M2), ["old", "new", "old_code", "new_code", "households"]
    ]
    places = pieces.merge(moves, on=["old", "new"])[["old_code", "new_code", "households", "geometry"]]
    names = ["old_code", "new_code", *COUNTED, "area_m2", "share_households", "share_area", "stays"]
    rows = pairs[names].sort_values(["old_code", "new_code"], na_position="last").reset_index(drop=True)
    return Impact(totals, rows.astype(dict.fromkeys(COUNTED, int)), gpd.GeoDataFrame(places).to_crs(SRID))
