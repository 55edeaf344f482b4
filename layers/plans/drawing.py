"""Drawing a plan: grids from blocks, and a draft that holds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import uuid4

import geopandas as gpd
import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo.coverage import dissolve
from geo.draw import draw_grids
from layers.access import Permission, Principal, Scope
from layers.basemap import road_frame, water_frame
from layers.geometry import multi_polygons, to_sql
from layers.plans.blocks import scope_blocks, scope_villages, store_blocks
from layers.plans.continuing import continued_grids
from layers.plans.course import record
from layers.plans.numbering import grid_name, number_grids
from layers.plans.options import DrawOptions
from layers.tables import SRID, Grid, GridLevel, Plan, PlanBlock, PlanState

Progress = Callable[[int, int], None]
Lines = tuple[gpd.GeoSeries | None, gpd.GeoSeries | None]


@dataclass(frozen=True, eq=False)
class Drawing:
    """Grids that are drawn and not stored yet: (n,) blocks as `scope_blocks` gives them, and (n,) labels."""

    scope_code: str
    options: DrawOptions
    blocks: gpd.GeoDataFrame
    labels: np.ndarray


def draw_plan(
    session: Session,
    principal: Principal,
    *,
    scope_code: str,
    name: str,
    options: DrawOptions,
    as_of: date,
    now: datetime,
    progress: Progress | None = None,
) -> Plan:
    """Draw the grids of a scope into a new draft, in one transaction.

    Blocks that were loaded for the scope are used; without any, they are made of the households, buildings, roads
    and water that were loaded. The grids get codes and names, and are stored with `valid_from` empty. Where others
    must be able to write meanwhile, take `compute_drawing` and `store_plan` in two transactions.

    Raises
    ------
    ForbiddenError : no right to plan, or the scope lies outside the principal's
    MissingDataError : no village or no household is loaded in the scope
    """
    tell = progress or (lambda _done, _total: None)
    drawing = compute_drawing(session, principal, scope_code=scope_code, options=options, as_of=as_of, progress=tell)
    tell(2, 4)
    plan = store_plan(session, principal, drawing, name=name, now=now)
    tell(4, 4)
    return plan


def compute_drawing(
    session: Session,
    principal: Principal,
    *,
    scope_code: str,
    options: DrawOptions,
    as_of: date,
    progress: Progress | None = None,
) -> Drawing:
    """The grids of a scope; reads only, and raises as `draw_plan`."""
    principal.require(Permission.PLAN)
    principal.scope.require(scope_code)
    tell = progress or (lambda _done, _total: None)
    scope = Scope(scope_code)
    villages = scope_villages(session, scope, day=as_of)
    tell(0, 4)
    blocks = scope_blocks(session, scope, villages)
    tell(1, 4)
    rivers, roads = barriers(session, scope, blocks)
    labels = draw_grids(
        blocks,
        target=options.target,
        tolerance=options.tolerance,
        parent=blocks["village_code"].to_numpy(),
        rivers=rivers,
        roads=roads,
        nesting=options.nesting,
        effort=options.effort,
        seed=options.seed,
    )
    return Drawing(scope_code, options, blocks, labels.to_numpy())


def begin_plan(
    session: Session, principal: Principal, *, scope_code: str, name: str, options: DrawOptions, now: datetime
) -> Plan:
    """A new draft without grids.

    Raises
    ------
    ForbiddenError : no right to plan, or the scope lies outside the principal's
    """
    principal.require(Permission.PLAN)
    principal.scope.require(scope_code)
    plan = Plan(
        name=name,
        scope_code=scope_code,
        state=PlanState.DRAFT,
        options=asdict(options),
        created_at=now,
        created_by=principal.name,
    )
    session.add(plan)
    session.flush()
    record(session, plan, "draw", principal.name, now)
    session.flush()
    return plan


def store_plan(session: Session, principal: Principal, drawing: Drawing, *, name: str, now: datetime) -> Plan:
    """A new draft with the grids of a drawing; raises as `begin_plan`."""
    plan = begin_plan(session, principal, scope_code=drawing.scope_code, name=name, options=drawing.options, now=now)
    ids = store_blocks(session, drawing.blocks)
    store_grids(session, plan, drawing.blocks, ids, drawing.labels)
    return plan


def store_grids(session: Session, plan: Plan, blocks: gpd.GeoDataFrame, ids: np.ndarray, labels: np.ndarray) -> None:
    """Let a draft consist of the grids of (n,) labels; what it held before goes.

    Grids that go on from those in force keep `grid_id`, code and name, see `continued_grids`; others get new ones.

    Parameters
    ----------
    blocks : (n,) in a metric CRS with the columns village_code, households, degrees; ids : (n,) their row ids
    """
    session.execute(sa.delete(PlanBlock).where(PlanBlock.plan_id == plan.id))
    session.execute(sa.delete(Grid).where(Grid.plan_id == plan.id))
    grids = _grids(session, Scope(plan.scope_code), blocks, labels)
    rows = [
        {
            "plan_id": plan.id,
            "grid_id": grid.grid_id,
            "level": GridLevel.CELL,
            "code": grid.code,
            "parent_code": grid.parent_code,
            "name": grid.name,
            "households": int(grid.households),
            "area_m2": float(grid.area_m2),
            "geom": geom,
        }
        for grid, geom in zip(
            grids[["grid_id", "code", "parent_code", "name", "households", "area_m2"]].itertuples(name="Row"),
            to_sql(multi_polygons(grids["degrees"])),
            strict=True,
        )
    ]
    session.execute(sa.insert(Grid), rows)
    code_of = dict(zip(grids["label"], grids["code"], strict=True))
    session.execute(
        sa.insert(PlanBlock),
        [
            {"plan_id": plan.id, "block_id": block_id, "grid_code": code_of[label]}
            for block_id, label in zip(ids.tolist(), labels.tolist(), strict=True)
        ],
    )


def barriers(session: Session, scope: Scope, blocks: gpd.GeoDataFrame) -> Lines:
    """Rivers and roads around blocks in their CRS; None where there are none."""
    bounds = tuple(blocks.geometry.to_crs(SRID).total_bounds)
    rivers = water_frame(session, scope, bounds=bounds).to_crs(blocks.crs).geometry
    roads = road_frame(session, scope, bounds=bounds).to_crs(blocks.crs).geometry
    return (rivers if len(rivers) else None), (roads if len(roads) else None)


def _grids(session: Session, scope: Scope, blocks: gpd.GeoDataFrame, labels: np.ndarray) -> gpd.GeoDataFrame:
    """One row for each label: geometry, households, the village that most of them belong to, grid_id, code, name."""
    shapes = dissolve(blocks.geometry, labels)
    counts = blocks.groupby(labels)["households"].sum()
    # A grid that serves several small villages belongs, for its code, to the one that brings most households.
    weight = (
        pd.DataFrame(
            {
                "label": labels,
                "village_code": blocks["village_code"].to_numpy(),
                "households": blocks["households"].to_numpy(),
                "area": blocks.area.to_numpy(),
            }
        )
        .groupby(["label", "village_code"], as_index=False)[["households", "area"]]
        .sum()
    )
    weight = weight.sort_values(["label", "households", "area", "village_code"], ascending=[True, False, False, True])
    parent = weight.drop_duplicates("label").set_index("label")["village_code"]
    grids = gpd.GeoDataFrame(
        {
            "label": shapes.index,
            "households": counts.loc[shapes.index].to_numpy(),
            "parent_code": parent.loc[shapes.index].to_numpy(),
        },
        geometry=shapes.to_numpy(),
        crs=blocks.crs,
    )
    grids["area_m2"] = grids.area
    grids["degrees"] = dissolve(blocks["degrees"], labels).to_numpy()
    goes_on = continued_grids(session, scope, blocks, labels, parent)
    fresh = grids[~grids["label"].isin(goes_on.index)]
    centre = fresh.geometry.centroid
    codes = number_grids(session, fresh["parent_code"].tolist(), centre.x.to_numpy(), centre.y.to_numpy())
    begins = pd.DataFrame(
        [(str(uuid4()), code, grid_name(code)) for code in codes], index=fresh["label"], columns=goes_on.columns
    )
    return grids.join(pd.concat([goes_on, begins]), on="label")
