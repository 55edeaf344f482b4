"""Whether a plan may be submitted: cover, overlap, nesting, contiguity, sizes, numbers, and a home for everything."""

from __future__ import annotations

from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo.assign import GridIndex
from geo.crs import metric_crs
from layers.access import EVERYWHERE, Scope
from layers.checks import check_grids
from layers.errors import MissingDataError
from layers.geocode.territory import REACH_M
from layers.geometry import select_frame
from layers.grids import grid_frame
from layers.plans.workspace import Workspace, open_workspace
from layers.tables import (
    CLOSED_STATES,
    SRID,
    Address,
    Camera,
    Grid,
    GridKind,
    GridLevel,
    Household,
    Plan,
    PlanBlock,
    Report,
)

ERROR, WARNING = "error", "warning"
HARMLESS = {"sliver", "invalid_edge", "unmatched_node"}
COLUMNS = ["severity", "kind", "codes", "note", "facts", "households", "geometry"]


def check_plan(session: Session, plan: Plan, *, as_of: date, reading: bool = False) -> gpd.GeoDataFrame:
    """Everything that is wrong with a plan, errors first; a plan with errors cannot be submitted.

    Errors: gaps, overlaps and broken outlines, grids that leave their village (or town, where villages may share a
    grid), grids in pieces, and households, addresses, cameras or open reports that have a grid now and would have none.
    Warnings: sizes out of the band (dedicated grids have none), grids around other grids, numbers out of order, edges
    that are not noded, and places in the area that have no grid now either.

    Returns
    -------
    GeoDataFrame in EPSG:4326 with severity ("error" or "warning"), kind, codes (the faulty grid first), note, facts
    (the numbers of the note by name, for a note in another language), households (where a grid's size matters, else
    missing) and the faulty place as geometry

    Raises
    ------
    MissingDataError : the plan has no grids
    """
    scope = Scope(plan.scope_code)
    grids = grid_frame(session, EVERYWHERE, as_of=as_of, plan_id=plan.id, level=GridLevel.CELL)
    if grids.empty:
        raise MissingDataError(f"Plan {plan.id} has no grids; draw them first.")
    found = [_cover(session, scope, plan, as_of), _sizes(plan, grids), _numbering(session, grids)]
    if session.scalar(sa.select(sa.exists().where(PlanBlock.plan_id == plan.id))):
        found.append(_pieces(open_workspace(session, plan, reading=reading)))
    homes = _Homes(grids)
    for table, *conditions in ((Household,), (Address,), (Camera,), (Report, Report.state.not_in(CLOSED_STATES))):
        found.append(homes.lost(session, scope, table, *conditions))
    rows = [frame for frame in found if len(frame)]
    if not rows:
        return _frame([])
    every = gpd.GeoDataFrame(pd.concat(rows, ignore_index=True), crs=SRID)
    order = every["severity"].map({ERROR: 0, WARNING: 1})
    return (
        every.assign(order=order).sort_values(["order", "kind", "codes"], kind="stable")[COLUMNS].reset_index(drop=True)
    )


def fault_texts(findings: gpd.GeoDataFrame) -> list[str]:
    """One line for each error."""
    errors = findings[findings["severity"] == ERROR]
    return [
        f"{row.kind} {row.codes}".strip() + (f" ({row.note})" if row.note else "")
        for row in errors[["kind", "codes", "note"]].itertuples()
    ]


def _frame(rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    table = pd.DataFrame([{"facts": {}} | row for row in rows], columns=COLUMNS)
    return gpd.GeoDataFrame(table.astype({"households": "float64"}), geometry="geometry", crs=SRID)


def _cover(session: Session, scope: Scope, plan: Plan, as_of: date) -> gpd.GeoDataFrame:
    renamed = {new["code"]: old for old, new in plan.converted.items()}
    found = check_grids(session, scope, as_of=as_of, plan_id=plan.id, renamed=renamed)
    # Grids in pieces are told by their blocks, which also know pieces that touch at a corner.
    found = found[found["kind"] != "part"]
    return _frame(
        [
            {
                "severity": WARNING if row.kind in HARMLESS else ERROR,
                "kind": row.kind,
                "codes": row.codes,
                "note": row.note or f"{row.area_m2:.0f} m²",
                "facts": {"area_m2": round(float(row.area_m2), 1)},
                "geometry": row.geometry,
            }
            for row in found.itertuples()
        ]
    )


def _sizes(plan: Plan, grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    target, tolerance = plan.options.get("target"), float(plan.options.get("tolerance", 0.1))
    if target is None:
        return _frame([])
    low, high = target * (1 - tolerance), target * (1 + tolerance)
    out = grids[(grids["kind"] == GridKind.BASE) & ~grids["households"].between(low - 1e-9, high + 1e-9)]
    return _frame(
        [
            {
                "severity": WARNING,
                "kind": "size",
                "codes": row.code,
                "note": f"{row.households:.0f} households, not {low:.0f} to {high:.0f}",
                "facts": {"households": round(row.households), "low": round(low), "high": round(high)},
                "households": row.households,
                "geometry": row.geometry,
            }
            for row in out.itertuples()
        ]
    )


def _numbering(session: Session, grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Grids whose number is smaller than that of one further west; grids that were in force keep theirs."""
    ids = grids["grid_id"].tolist()
    published = set(session.scalars(sa.select(Grid.grid_id).where(Grid.valid_from.is_not(None), Grid.grid_id.in_(ids))))
    free = grids[~grids["grid_id"].isin(published)]
    centre = free.to_crs(metric_crs(tuple(grids.total_bounds))).centroid
    order = free.assign(x=centre.x, y=-centre.y).sort_values(["parent_code", "kind", "x", "y"])
    rows = []
    for _, village in order.groupby(["parent_code", "kind"], sort=True):
        codes = village["code"].to_numpy(dtype=object)
        highest = np.maximum.accumulate([int(code[-3:]) for code in codes])
        late = np.flatnonzero(highest > [int(code[-3:]) for code in codes])
        rows += [
            {
                "severity": WARNING,
                "kind": "numbering",
                "codes": codes[i],
                "note": "numbers go from west to east, then from north to south",
                "geometry": village.geometry.iloc[i],
            }
            for i in late
        ]
    return _frame(rows)


def _pieces(workspace: Workspace) -> gpd.GeoDataFrame:
    rows = []
    for number in workspace.division.numbers:
        count = workspace.division.counts[number]
        assert count is not None
        code = workspace.identities[number].code
        for severity, kind, places, note in (
            (ERROR, "pieces", count.detached, "the grid is in pieces"),
            (WARNING, "encloses", count.enclosed, "the grid lies around others"),
        ):
            for blocks in places:
                shape = shapely.coverage_union_all(workspace.degrees[list(blocks)])
                rows.append({"severity": severity, "kind": kind, "codes": code, "note": note, "geometry": shape})
    return _frame(rows)


class _Homes:
    """The grids of the plan, to find places that would lie in none of them."""

    def __init__(self, grids: gpd.GeoDataFrame) -> None:
        codes = grids["code"].to_numpy(dtype=str)
        self.crs = metric_crs(tuple(grids.total_bounds))
        self.inside = GridIndex(grids.geometry, codes)
        self.near = GridIndex(grids.geometry.to_crs(self.crs), codes)

    def lost(self, session: Session, scope: Scope, table: Any, *conditions: Any) -> gpd.GeoDataFrame:
        """One finding for the rows that have a grid now and would have none, one for those without either."""
        columns = (table.id, table.grid_code)
        rows = select_frame(
            session, columns, table.geom, scope.located(table), table.geom.is_not(None), *conditions, order_by=table.id
        )
        if rows.empty:
            return _frame([])
        out = rows[self.inside.locate(rows.geometry.x.to_numpy(), rows.geometry.y.to_numpy()) < 0]
        metric = out.geometry.to_crs(self.crs)
        position, _ = self.near.nearest(metric.x.to_numpy(), metric.y.to_numpy(), REACH_M)
        out = out[position < 0]
        findings = []
        for severity, chosen in ((ERROR, out["grid_code"].notna()), (WARNING, out["grid_code"].isna())):
            if chosen.any():
                count = int(chosen.sum())
                note = f"{count} {'row' if count == 1 else 'rows'} would lie in no grid"
                place = shapely.multipoints(out.geometry[chosen].to_numpy())
                kind = f"homeless_{table.__tablename__}"
                findings.append(
                    {
                        "severity": severity, "kind": kind, "codes": "", "note": note, "facts": {"count": count},
                        "geometry": place,
                    }
                )  # fmt: skip
        return _frame(findings)
