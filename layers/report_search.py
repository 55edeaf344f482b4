"""Which reports a reader wants to see: a page of them in some order, how many there are, and where they cluster."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import geopandas as gpd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.geometry import Bounds, select_frame, within_bounds
from layers.reports import COLUMNS
from layers.tables import CLOSED_STATES, Report

SOON = timedelta(days=1)
CLUSTER_PX, TILE_PX = 64, 256
_NO_DEADLINE, _CLOSED = datetime(9998, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
_DUE: Any = sa.func.coalesce(Report.extended_until, Report.due_at, type_=Report.due_at.type)
_OPEN: Any = Report.state.not_in(CLOSED_STATES)


class DueKind(StrEnum):
    """Open reports whose deadline has passed, or does within `SOON`."""

    OVERDUE = "overdue"
    SOON = "soon"


class Order(StrEnum):
    """The newest first, the oldest first, or what is due first: then open ones without a deadline, then closed ones."""

    NEW = "new"
    OLD = "old"
    DUE = "due"


@dataclass(frozen=True)
class ReportFilter:
    """What is wanted; None leaves it open. `text` is looked for in key, description, address, grid and subtype."""

    bounds: Bounds | None = None
    grid_code: str | None = None
    village_code: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    states: Collection[str] | None = None
    categories: Collection[str] | None = None
    text: str | None = None
    due: DueKind | None = None

    def conditions(self, session: Session, scope: Scope, now: datetime) -> list[Any]:
        """The conditions for a query of `Report`."""
        equal = ((Report.grid_code, self.grid_code), (Report.village_code, self.village_code))
        among = ((Report.state, self.states), (Report.category, self.categories))
        found: list[Any] = [scope.located(Report)]
        found += [column == value for column, value in equal if value is not None]
        found += [column.in_(values) for column, values in among if values is not None]
        if self.since is not None:
            found.append(Report.reported_at >= self.since)
        if self.until is not None:
            found.append(Report.reported_at < self.until)
        if self.bounds is not None:
            found.append(within_bounds(session, Report.__table__.c.geom, self.bounds))
        if self.due is not None:
            end = now + SOON
            found += [_OPEN, now > _DUE if self.due == DueKind.OVERDUE else _DUE.between(now, end)]
        if self.text and (words := self.text.strip().lower()):
            looked_at = (Report.report_key, Report.description, Report.address_text, Report.grid_code, Report.subtype)
            found.append(sa.or_(*(sa.func.lower(column).contains(words, autoescape=True) for column in looked_at)))
        return found


def search_reports(
    session: Session,
    scope: Scope,
    wanted: ReportFilter,
    *,
    now: datetime,
    order: Order = Order.NEW,
    limit: int | None = None,
    after: tuple[datetime, int] | None = None,
) -> gpd.GeoDataFrame:
    """The reports that are wanted, in order, as `report_frame` gives them, with the column `place`.

    `place` and id of the last row of a page of `limit` rows are what the next one comes `after`.
    """
    place: Any = Report.reported_at
    if order == Order.DUE:
        cases = ((~_OPEN, sa.literal(_CLOSED, _DUE.type)), (_DUE.is_(None), sa.literal(_NO_DEADLINE, _DUE.type)))
        place = sa.case(*cases, else_=_DUE)
    rising = order != Order.NEW
    row: Any = Report.id
    conditions = wanted.conditions(session, scope, now)
    if after is not None:
        at, last = after
        further = place > at if rising else place < at
        # Of those at one place the newest comes first, but where the oldest do.
        next_row = row > last if order == Order.OLD else row < last
        conditions.append(sa.or_(further, sa.and_(place == at, next_row)))
    by = (place if rising else place.desc(), row if order == Order.OLD else row.desc())
    columns = (*COLUMNS, place.label("place"))
    return select_frame(session, columns, Report.geom, *conditions, order_by=by, limit=limit)


def count_reports(session: Session, scope: Scope, wanted: ReportFilter, *, now: datetime) -> int:
    """How many reports are wanted."""
    statement = sa.select(sa.func.count()).select_from(Report).where(*wanted.conditions(session, scope, now))
    return session.scalar(statement) or 0


@dataclass(frozen=True)
class Cluster:
    """Reports near each other: the mean of their points in degrees, how many they are, and how many are overdue."""

    lon: float
    lat: float
    count: int
    overdue: int


def cluster_reports(session: Session, scope: Scope, wanted: ReportFilter, *, zoom: int, now: datetime) -> list[Cluster]:
    """The wanted reports that have a point, by squares of `CLUSTER_PX` pixels of a web map at that zoom.

    Squares are as wide as high in the middle of `wanted.bounds`, or at 30° north without any.
    """
    west = 360.0 / 2**zoom * CLUSTER_PX / TILE_PX
    middle = 30.0 if wanted.bounds is None else (wanted.bounds[1] + wanted.bounds[3]) / 2
    south = west * max(math.cos(math.radians(middle)), 0.01)
    number: sa.Double[float] = sa.Double()
    inside = (
        sa.select(
            sa.func.ST_X(Report.geom, type_=number).label("lon"),
            sa.func.ST_Y(Report.geom, type_=number).label("lat"),
            sa.case((sa.and_(_OPEN, now > _DUE), 1), else_=0).label("overdue"),
        )
        .where(Report.geom.is_not(None), *wanted.conditions(session, scope, now))
        .subquery()
    )
    lon, lat = inside.c.lon, inside.c.lat
    statement = sa.select(sa.func.avg(lon), sa.func.avg(lat), sa.func.count(), sa.func.sum(inside.c.overdue))
    squares = (sa.func.floor((lon + 180.0) / west), sa.func.floor((lat + 90.0) / south))
    rows = session.execute(statement.group_by(*squares)).all()
    return [Cluster(float(row[0]), float(row[1]), int(row[2]), int(row[3])) for row in rows]
