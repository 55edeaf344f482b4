"""Which village and grid each place lies in: households, addresses, buildings, cameras and reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo.crs import metric_crs
from layers.access import EVERYWHERE, Scope
from layers.geocode.homing import TextCount, found_by_point, home_by_text, reports_to_read, strange_points
from layers.geocode.territory import REACH_M as REACH_M  # noqa: PLC0414 - others take it from here
from layers.geocode.territory import Territory
from layers.geometry import select_frame, within_bounds
from layers.grids import grid_frame
from layers.tables import (
    CLOSED_STATES,
    SRID,
    Address,
    Assignment,
    Building,
    Camera,
    Grid,
    GridLevel,
    Household,
    Report,
)

Progress = Callable[[int, int], None]
ROWS_AT_ONCE = 200_000
"""Rows of a table that are held in memory at the same time."""


@dataclass(frozen=True)
class AssignmentCount:
    """What became of one table; `nearest` rows lie outside every grid, but within reach of one.

    `by_address` reports were homed by their text, `in_review` ones wait for an officer.
    """

    table: str
    rows: int
    in_village: int
    in_grid: int
    nearest: int
    outside: int
    no_place: int
    moved: int
    by_address: int = 0
    in_review: int = 0


def assign_all(
    session: Session, scope: Scope = EVERYWHERE, *, as_of: date, progress: Progress | None = None
) -> list[AssignmentCount]:
    """Give every household, address, building, camera and report its village and grid in force on a date.

    Only rows that lie in the scope or have no village yet are looked at. A report that is closed and has a grid
    keeps the grid of its date. A point on a shared edge goes to the smallest code; outside every grid, the nearest
    one within `REACH_M` wins and the report says so.

    Returns one count for each table, in the order of the work.
    """
    villages = Territory.of(grid_frame(session, EVERYWHERE, level=GridLevel.VILLAGE, as_of=as_of))
    cells = Territory.of(grid_frame(session, EVERYWHERE, level=GridLevel.CELL, as_of=as_of))
    tables = (Household, Address, Building, Camera, Report)
    counts = []
    for done, table in enumerate(tables):
        if progress:
            progress(done, len(tables))
        if table is Report:
            strange = strange_points(session, *_to_home(scope))
            unread = sorted({*reports_to_read(session, *_to_home(scope)), *strange})
            count = _assign_table(session, scope, table, villages, cells)
            counts.append(
                _with_texts(count, home_by_text(session, unread, villages, cells, as_of=as_of, doubted=strange))
            )
        else:
            counts.append(_assign_table(session, scope, table, villages, cells))
    if progress:
        progress(len(tables), len(tables))
    return counts


def _to_home(scope: Scope) -> list[sa.ColumnElement[bool]]:
    """Conditions: reports whose grid may change."""
    return [
        sa.or_(scope.located(Report), Report.village_code.is_(None)),
        sa.or_(Report.state.not_in(CLOSED_STATES), Report.grid_code.is_(None)),
    ]


def _with_texts(count: AssignmentCount, texts: TextCount) -> AssignmentCount:
    """The count of the reports, those homed by a text among them."""
    return replace(
        count,
        rows=count.rows + texts.without_point,
        in_village=count.in_village + texts.in_village,
        in_grid=count.in_grid + texts.by_address,
        moved=count.moved + texts.moved,
        by_address=texts.by_address,
        in_review=texts.in_review,
    )


def _assign_table(
    session: Session, scope: Scope, table: Any, villages: Territory | None, cells: Territory | None
) -> AssignmentCount:
    has_grid = hasattr(table, "grid_code")
    within = scope.located(table) if has_grid else scope.prefix(table.village_code)
    conditions = [sa.or_(within, table.village_code.is_(None))]
    if table is Report:
        conditions = [*_to_home(scope), found_by_point()]
    columns = [table.id, table.village_code] + ([table.grid_code] if has_grid else [])
    if table is Report:
        columns += [Report.assignment, Report.distance_m]
    count, after, full = AssignmentCount(table.__tablename__, 0, 0, 0, 0, 0, 0, 0), 0, True
    while full:
        part = (*conditions, table.id > after)
        frame = select_frame(session, columns, table.geom, *part, order_by=table.id, limit=ROWS_AT_ONCE)
        full = len(frame) == ROWS_AT_ONCE
        if not frame.empty:
            count = _sum(count, _assign_rows(session, table, frame, villages, cells))
            after = int(frame["id"].iloc[-1])
    return count


def _sum(one: AssignmentCount, other: AssignmentCount) -> AssignmentCount:
    """Both counts of the same table together."""
    numbers = {name: value + getattr(other, name) for name, value in vars(one).items() if name != "table"}
    return replace(one, **numbers)


def _assign_rows(
    session: Session, table: Any, frame: gpd.GeoDataFrame, villages: Territory | None, cells: Territory | None
) -> AssignmentCount:
    """Give the rows of a frame their village and grid."""
    has_grid = "grid_code" in frame
    points = frame.geometry.representative_point() if table is Building else frame.geometry
    x, y = points.x.to_numpy(dtype=float), points.y.to_numpy(dtype=float)
    nobody = np.full(len(frame), None, dtype=object)
    nowhere = np.full(len(frame), np.inf)
    village, village_m = villages.locate(x, y) if villages else (nobody, nowhere)
    grid, grid_m = cells.locate(x, y) if cells else (nobody, nowhere)
    distance = np.where(np.isfinite(grid_m), grid_m, village_m)
    placed = np.isfinite(x) & np.isfinite(y)

    values = {"village_code": village} | ({"grid_code": grid} if has_grid else {})
    if table is Report:
        kind = np.select(
            [~placed, distance == 0, np.isfinite(distance)],
            [Assignment.NO_PLACE.value, Assignment.INSIDE.value, Assignment.NEAREST.value],
            Assignment.OUTSIDE.value,
        ).astype(object)
        kind[(frame["assignment"] == Assignment.REVIEWED).to_numpy()] = Assignment.REVIEWED.value
        metres = distance.astype(object)
        metres[~np.isfinite(distance)] = None
        values |= {"assignment": kind, "distance_m": metres}
    moved = _store(session, table, frame, values)
    return AssignmentCount(
        table=table.__tablename__,
        rows=len(frame),
        in_village=int((village != None).sum()),  # noqa: E711
        in_grid=int((grid != None).sum()) if has_grid else 0,  # noqa: E711
        nearest=int((placed & (distance > 0) & np.isfinite(distance)).sum()),
        outside=int((placed & ~np.isfinite(distance)).sum()),
        no_place=int((~placed).sum()),
        moved=moved,
    )


def _store(session: Session, table: Any, frame: gpd.GeoDataFrame, values: dict[str, np.ndarray]) -> int:
    """Write the rows whose values differ; returns how many did."""
    changed = np.zeros(len(frame), dtype=bool)
    for name, new in values.items():
        old = frame[name].astype(object).to_numpy()
        old = np.where(frame[name].isna(), None, old)
        changed |= old != new
    rows = np.flatnonzero(changed)
    ids = frame["id"].to_numpy()
    statement = (
        sa.update(table.__table__)
        .where(table.__table__.c.id == sa.bindparam("row_id"))
        .values({name: sa.bindparam(f"new_{name}") for name in values})
    )
    for start in range(0, len(rows), 20_000):
        part = rows[start : start + 20_000]
        session.execute(
            statement,
            [{"row_id": int(ids[i])} | {f"new_{name}": _plain(new[i]) for name, new in values.items()} for i in part],
        )
    return int(changed.sum())


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def locate(session: Session, lon: float, lat: float, *, as_of: date) -> dict[GridLevel, Grid]:
    """The town, village and grid in force on a date that hold a point; levels without one are left out.

    On a shared edge the smallest code wins, as for whole tables.
    """
    candidates = session.execute(
        sa.select(Grid, sa.func.ST_AsBinary(Grid.geom, type_=sa.LargeBinary))
        .where(
            within_bounds(session, Grid.__table__.c.geom, (lon, lat, lon, lat)),
            Grid.valid_from <= as_of,
            sa.or_(Grid.valid_to.is_(None), Grid.valid_to > as_of),
        )
        .order_by(Grid.code)
    ).all()
    point = shapely.Point(lon, lat)
    found: dict[GridLevel, Grid] = {}
    for grid, wkb in candidates:
        level = GridLevel(grid.level)
        if level not in found and shapely.intersects(shapely.from_wkb(bytes(wkb)), point):
            found[level] = grid
    return found


def locate_report(session: Session, report: Report, *, as_of: date, lon: float | None, lat: float | None) -> None:
    """Set the village, the grid and the way of assignment of one report that is about to be stored."""
    report.village_code = report.grid_code = report.distance_m = None
    if lon is None or lat is None:
        report.assignment = Assignment.NO_PLACE
        return
    found = locate(session, lon, lat, as_of=as_of)
    report.assignment, report.distance_m = Assignment.INSIDE, 0.0
    if not found:
        found, report.distance_m = _nearest(session, lon, lat, as_of)
        report.assignment = Assignment.NEAREST if found else Assignment.OUTSIDE
    if GridLevel.VILLAGE in found:
        report.village_code = found[GridLevel.VILLAGE].code
    if GridLevel.CELL in found:
        report.grid_code = found[GridLevel.CELL].code


def _nearest(session: Session, lon: float, lat: float, as_of: date) -> tuple[dict[GridLevel, Grid], float | None]:
    """The nearest grid and village within reach of a point outside every grid, and the distance in metres."""
    crs = metric_crs((lon, lat, lon, lat))
    point = gpd.GeoSeries([shapely.Point(lon, lat)], crs=SRID).to_crs(crs).iloc[0]
    around = gpd.GeoSeries([point.buffer(REACH_M)], crs=crs).to_crs(SRID).total_bounds
    near = grid_frame(session, EVERYWHERE, bounds=tuple(around), as_of=as_of).to_crs(crs)
    near["distance"] = near.distance(point)
    near = near[near["distance"] <= REACH_M].sort_values(["distance", "code"])
    found = {
        GridLevel(row.level): session.get_one(Grid, int(row.id))
        for row in near.drop_duplicates("level")[["level", "id"]].itertuples()
    }
    return found, (float(near["distance"].iloc[0]) if found else None)
