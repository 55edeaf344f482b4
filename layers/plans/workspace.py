"""The state of a plan in memory: its blocks prepared for editing, kept between requests until the plan changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import event
from sqlalchemy.orm import Session

from geo.crs import metric_crs
from geo.redraw import Division, Ground, apply, convert, divide, prepare
from geo.redraw import Grid as Marked
from layers.errors import MissingDataError
from layers.geometry import multi_polygons, select_frame
from layers.tables import Block, Grid, GridKind, GridLevel, Load, Plan, PlanBlock

MOST_KEPT = 8


@dataclass(frozen=True)
class Identity:
    """What the tables know of a grid besides its blocks: row, stable id and public code."""

    row_id: int
    grid_id: str
    code: str


@dataclass(frozen=True, eq=False)
class Workspace:
    """One state of a plan, ready to be edited; edits make the next one and leave this one as it is.

    degrees : (n,) shapes of the blocks in EPSG:4326 as they are stored; grids are dissolved from these
    identities : by grid number
    revision : of the plan that the state belongs to
    """

    ground: Ground
    division: Division
    degrees: NDArray[np.object_]
    identities: dict[int, Identity]
    revision: int

    @property
    def block_ids(self) -> NDArray[np.int64]:
        """(n,) row ids of the blocks."""
        return self.ground.ids.to_numpy(dtype=np.int64)

    def shapes(self, numbers: list[int]) -> list[shapely.MultiPolygon]:
        """Outlines of grids in degrees; neighbours share every vertex."""
        label = self.division.label
        unions = [shapely.coverage_union_all(self.degrees[label == number]) for number in numbers]
        return multi_polygons(unions)


class _Kept:
    """The last few workspaces of this process, by database and plan; each knows its revision."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[Any, ...], tuple[Any, Workspace]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[Any, ...], stamp: Any) -> Workspace | None:
        with self._lock:
            found = self._found.get(key)
            if found is None or found[0] != stamp:
                return None
            self._found.move_to_end(key)
            return found[1]

    def put(self, key: tuple[Any, ...], stamp: Any, workspace: Workspace) -> None:
        with self._lock:
            held = self._found.get(key)
            if held is not None and held[0] == stamp and held[1].revision > workspace.revision:
                return  # a slow reader must not put an older state over a newer one
            self._found[key] = (stamp, workspace)
            self._found.move_to_end(key)
            while len(self._found) > MOST_KEPT:
                self._found.popitem(last=False)


_kept = _Kept()


def open_workspace(session: Session, plan: Plan, *, reading: bool = False) -> Workspace:
    """The plan's state as the session's transaction sees it.

    Built from the tables (1.5 s for 20,000 blocks) unless this process holds it for the plan's present revision; so it
    does not matter which process made the last edit. With `reading` the session has changed nothing, and what is built
    is kept at once; else it is kept when the session commits.

    Raises
    ------
    MissingDataError : the plan was not drawn from blocks, so it cannot be edited
    """
    key, stamp = _key(session, plan), _stamp(session, plan)
    held = _kept.get(key, stamp)
    if held is not None and held.revision == plan.revision:
        return held
    built = _refreshed(session, plan, held) if held is not None else _built(session, plan)
    if reading:
        _kept.put(key, stamp, built)
    else:
        keep(session, plan, built)
    return built


def target_of(options: Mapping[str, Any]) -> float:
    """Households a grid should have by a plan's options."""
    return float(options.get("target", 300))


def keep(session: Session, plan: Plan, workspace: Workspace) -> None:
    """Hold the state for the next request once the session has committed, and only then."""
    key, stamp = _key(session, plan), _stamp(session, plan)

    def store(_session: Session) -> None:
        _kept.put(key, stamp, workspace)

    event.listen(session, "after_commit", store, once=True)


def _key(session: Session, plan: Plan) -> tuple[Any, ...]:
    return (str(session.get_bind().engine.url), plan.id)


def _stamp(session: Session, plan: Plan) -> Any:
    """Changes when the blocks may have changed.

    A row id can be given again, files can be loaded again, and a plan that comes into force can convert villages.
    """
    newest = sa.select(
        sa.select(sa.func.max(Load.id)).scalar_subquery(), sa.select(sa.func.max(Plan.activated_at)).scalar_subquery()
    )
    return plan.created_at, *session.execute(newest).one()


def _built(session: Session, plan: Plan) -> Workspace:
    table = PlanBlock.__table__
    blocks = select_frame(
        session,
        (Block.id, Block.village_code, Block.households),
        Block.geom,
        Block.id.in_(sa.select(table.c.block_id).where(table.c.plan_id == plan.id)),
        order_by=Block.id,
    )
    if blocks.empty:
        raise MissingDataError(
            f"Plan {plan.id} was not drawn from blocks, so it cannot be edited; draw one with `fengqiao draw`."
        )
    degrees = blocks.geometry.to_numpy()
    metric = blocks.set_index("id").to_crs(metric_crs(tuple(blocks.total_bounds)))
    ground = prepare(metric, parent=metric["village_code"].to_numpy(dtype=str), target=target_of(plan.options))
    return _state(session, plan, ground, degrees)


def _refreshed(session: Session, plan: Plan, held: Workspace) -> Workspace:
    """The same ground with the labels that another process has stored."""
    return _state(session, plan, replace(held.ground, target=target_of(plan.options)), held.degrees)


def _state(session: Session, plan: Plan, ground: Ground, degrees: NDArray[np.object_]) -> Workspace:
    rows = session.execute(
        sa.select(Grid.id, Grid.grid_id, Grid.code, Grid.name, Grid.kind, Grid.locked, Grid.number)
        .where(Grid.plan_id == plan.id, Grid.level == GridLevel.CELL)
        .order_by(Grid.code)
    ).all()
    # Until the first edit, numbers are the ranks of the codes.
    numbers = list(range(len(rows))) if plan.numbers is None else [int(row.number) for row in rows]
    size = len(rows) if plan.numbers is None else plan.numbers
    number_of = {row.code: number for row, number in zip(rows, numbers, strict=True)}
    table = PlanBlock.__table__
    pairs = session.execute(sa.select(table.c.block_id, table.c.grid_code).where(table.c.plan_id == plan.id)).all()
    codes = pd.Series({row.block_id: row.grid_code for row in pairs})
    label = codes.reindex(ground.ids).map(number_of)
    named: list[Marked | None] = [None] * size
    identities = {}
    for row, number in zip(rows, numbers, strict=True):
        named[number] = Marked(row.name, dedicated=row.kind == GridKind.DEDICATED, locked=bool(row.locked))
        identities[number] = Identity(int(row.id), row.grid_id, row.code)
    division = divide(ground, label.to_numpy(), grids=named)
    converted = {old: new["code"] for old, new in plan.converted.items() if old in division.villages}
    if converted:
        division = apply(division, convert(division, converted))
    return Workspace(ground, division, degrees, identities, plan.revision)


def advanced(workspace: Workspace, division: Division, identities: dict[int, Identity], revision: int) -> Workspace:
    """The next state on the same ground."""
    return replace(workspace, division=division, identities=identities, revision=revision)


def block_frame(workspace: Workspace) -> gpd.GeoDataFrame:
    """The blocks in the metric CRS of the ground with the columns households, village_code and grid (its number)."""
    ground, division = workspace.ground, workspace.division
    return gpd.GeoDataFrame(
        {
            "households": ground.households,
            "village_code": np.asarray(division.villages, dtype=object)[ground.village],
            "grid": division.label,
        },
        geometry=ground.geometries,
        index=ground.ids,
        crs=ground.crs,
    )
