"""Drawing a plan: blocks from what was loaded, grids from the blocks, and a draft that holds them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from pyproj import CRS
from sqlalchemy.orm import Session

from geo.assign import GridIndex
from geo.blocks import building_blocks
from geo.coverage import dissolve
from geo.crs import metric_crs
from geo.draw import draw_grids
from layers.access import EVERYWHERE, Permission, Principal, Scope
from layers.basemap import building_frame, road_frame, water_frame
from layers.errors import InvalidInputError, MissingDataError
from layers.geometry import Bounds, multi_polygons, select_frame, to_sql
from layers.grids import grid_frame
from layers.households import household_frame
from layers.plans.course import record
from layers.plans.numbering import grid_name, number_grids
from layers.tables import SRID, Block, Grid, GridLevel, Plan, PlanBlock, PlanState

Progress = Callable[[int, int], None]

CHUNK = 5_000


@dataclass(frozen=True)
class DrawOptions:
    """How grids are drawn; the size rules differ from place to place, so all of them are settings."""

    target: int = 300
    tolerance: float = 0.1
    nesting: Literal["strict_nesting", "grouped", "strict_balance"] = "grouped"
    effort: Literal["fast", "normal", "thorough"] = "normal"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.target < 1:
            raise InvalidInputError("The target must be at least one household a grid.")
        if not 0 <= self.tolerance < 1:
            raise InvalidInputError("The tolerance is a share between 0 and 1, for example 0.1 for ±10 %.")


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
    """Draw the grids of a scope into a new draft.

    Blocks that were loaded for the scope are used; without any, they are made of the households, buildings, roads
    and water that were loaded. The grids get codes and names, and are stored with `valid_from` empty.

    Raises
    ------
    ForbiddenError : no right to plan, or the scope lies outside the principal's
    MissingDataError : no village or no household is loaded in the scope
    """
    principal.require(Permission.PLAN)
    principal.scope.require(scope_code)
    scope = Scope(scope_code)
    villages = grid_frame(session, scope, level=GridLevel.VILLAGE, as_of=as_of)
    if villages.empty:
        raise MissingDataError(
            f"No village is loaded in {scope_code or 'the database'}; run `fengqiao load boundaries FILE` first."
        )
    tell = progress or (lambda _done, _total: None)
    tell(0, 4)
    crs = metric_crs(tuple(villages.total_bounds))
    blocks = _blocks(session, scope, villages.to_crs(crs), crs)
    if not blocks["households"].sum():
        raise MissingDataError(
            f"No household is loaded in {scope_code or 'the database'}; run `fengqiao load households FILE` first."
        )
    tell(1, 4)
    labels = _draw(session, scope, blocks, options)
    tell(2, 4)
    grids = _grids(session, blocks, labels.to_numpy())
    tell(3, 4)
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
    _store(session, plan, blocks, labels.to_numpy(), grids)
    record(session, plan, "draw", principal.name, now)
    session.flush()
    tell(4, 4)
    return plan


def _draw(session: Session, scope: Scope, blocks: gpd.GeoDataFrame, options: DrawOptions) -> pd.Series:
    bounds = tuple(blocks.geometry.to_crs(SRID).total_bounds)
    rivers = water_frame(session, scope, bounds=bounds).to_crs(blocks.crs).geometry
    roads = road_frame(session, scope, bounds=bounds).to_crs(blocks.crs).geometry
    return draw_grids(
        blocks,
        target=options.target,
        tolerance=options.tolerance,
        parent=blocks["village_code"].to_numpy(),
        rivers=rivers if len(rivers) else None,
        roads=roads if len(roads) else None,
        nesting=options.nesting,
        effort=options.effort,
        seed=options.seed,
    )


def _blocks(session: Session, scope: Scope, villages: gpd.GeoDataFrame, crs: CRS) -> gpd.GeoDataFrame:
    """Blocks of the scope in a metric CRS with the columns block_key, village_code, households, and id where stored.

    The column degrees holds them as they are stored: grids are dissolved from these, now and after every edit, so that
    they share their vertices to the last digit.
    """
    loaded = select_frame(
        session,
        (Block.id, Block.block_key, Block.village_code, Block.households),
        Block.geom,
        scope.prefix(Block.village_code),
        Block.load_id.is_not(None),
        order_by=Block.block_key,
    )
    if len(loaded):
        return loaded.to_crs(crs).assign(degrees=loaded.geometry)
    bounds = tuple(villages.geometry.to_crs(SRID).total_bounds)
    households = _households_inside(session, villages, bounds).to_crs(crs)
    made = building_blocks(
        villages.set_index("code").geometry,
        households,
        buildings=building_frame(session, scope, bounds=bounds).to_crs(crs).geometry,
        roads=road_frame(session, scope, bounds=bounds).to_crs(crs).geometry,
        water=water_frame(session, scope, bounds=bounds).to_crs(crs).geometry,
    )
    made["block_key"] = [
        f"{village}-{hashlib.blake2b(wkb, digest_size=8).hexdigest()}"
        for village, wkb in zip(made["village_code"], shapely.to_wkb(made.geometry.to_numpy()), strict=True)
    ]
    return made.assign(degrees=made.geometry.to_crs(SRID))


def _households_inside(session: Session, villages: gpd.GeoDataFrame, bounds: Bounds) -> gpd.GeoDataFrame:
    """Household points inside the villages; asked by place, since they may not have been assigned yet."""
    households = household_frame(session, EVERYWHERE, bounds=bounds)
    inside = GridIndex(villages.geometry.to_crs(SRID), villages["code"].to_numpy(dtype=str)).locate(
        households.geometry.x.to_numpy(), households.geometry.y.to_numpy()
    )
    return households[inside >= 0]


def _grids(session: Session, blocks: gpd.GeoDataFrame, labels: np.ndarray) -> gpd.GeoDataFrame:
    """One row for each label: geometry, households, the village that most of them belong to, code and name."""
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
    centre = grids.geometry.centroid
    grids["code"] = number_grids(session, grids["parent_code"].tolist(), centre.x.to_numpy(), centre.y.to_numpy())
    grids["name"] = [grid_name(code) for code in grids["code"]]
    return grids


def _store(session: Session, plan: Plan, blocks: gpd.GeoDataFrame, labels: np.ndarray, grids: gpd.GeoDataFrame) -> None:
    polygons = multi_polygons(grids["degrees"])
    rows = [
        {
            "plan_id": plan.id,
            "level": GridLevel.CELL,
            "code": grid.code,
            "parent_code": grid.parent_code,
            "name": grid.name,
            "households": int(grid.households),
            "area_m2": float(grid.area_m2),
            "geom": geom,
        }
        for grid, geom in zip(
            grids[["code", "parent_code", "name", "households", "area_m2"]].itertuples(name="Row"),
            to_sql(polygons),
            strict=True,
        )
    ]
    session.execute(sa.insert(Grid), rows)
    ids = _block_ids(session, blocks)
    code_of = dict(zip(grids["label"], grids["code"], strict=True))
    session.execute(
        sa.insert(PlanBlock),
        [
            {"plan_id": plan.id, "block_id": ids[key], "grid_code": code_of[label]}
            for key, label in zip(blocks["block_key"], labels, strict=True)
        ],
    )


def _block_ids(session: Session, blocks: gpd.GeoDataFrame) -> dict[str, int]:
    """Row ids by block key; blocks that are not stored yet are added, counts of those that are get renewed."""
    stored = _stored_ids(session, blocks["block_key"].tolist())
    new = ~blocks["block_key"].isin(list(stored)).to_numpy()
    added, kept = blocks[new], blocks[~new]
    if len(added):
        polygons = to_sql(multi_polygons(added["degrees"]))
        columns = (added["block_key"], added["village_code"], added["households"], polygons)
        session.execute(
            sa.insert(Block),
            [
                {"block_key": key, "village_code": village, "households": int(count), "digest": "", "geom": geom}
                for key, village, count, geom in zip(*columns, strict=True)
            ],
        )
    if len(kept) and "id" not in blocks:
        counts = zip(kept["block_key"], kept["households"], strict=True)
        session.execute(sa.update(Block), [{"id": stored[key], "households": int(count)} for key, count in counts])
    return stored | _stored_ids(session, added["block_key"].tolist())


def _stored_ids(session: Session, keys: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(keys), CHUNK):
        part = keys[start : start + CHUNK]
        rows = session.execute(sa.select(Block.block_key, Block.id).where(Block.block_key.in_(part)))
        found |= dict(rows.all())
    return found
