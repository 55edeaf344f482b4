"""The figures of an area at one instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.cameras import in_use
from layers.grids import in_force
from layers.tables import CLOSED_STATES, Address, Camera, Grid, GridLevel, Household, Load, Report


@dataclass(frozen=True)
class Summary:
    """Counts inside a scope; `as_of` dates the grids, `now` everything else."""

    as_of: date
    now: datetime
    grids: dict[str, int]
    households: int
    addresses: int
    cameras_in_use: int
    reports_open: int
    reports_today: int
    reports_closed_today: int
    newest_report_at: datetime | None
    newest_load_at: datetime | None

    @property
    def data_age_s(self) -> float | None:
        """Seconds since the newest report or load; None where there is neither."""
        instants = [instant for instant in (self.newest_report_at, self.newest_load_at) if instant is not None]
        return (self.now - max(instants)).total_seconds() if instants else None


def summary(session: Session, scope: Scope, *, as_of: date, now: datetime) -> Summary:
    """Count what lies inside the scope; the day of `now` begins at midnight of its own time zone.

    Reports that were made void or merged into another are not counted as of today. Reports without any place are
    counted only where the scope is everything.
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = midnight + timedelta(days=1)
    levels = session.execute(
        sa.select(Grid.level, sa.func.count()).where(scope.prefix(Grid.code), in_force(as_of)).group_by(Grid.level)
    )
    grids = {level.value: 0 for level in GridLevel} | {row[0]: row[1] for row in levels}
    reports = session.execute(
        sa.select(
            _count(Report.state.not_in(CLOSED_STATES)),
            _count(Report.reported_at >= midnight, Report.reported_at < tomorrow, Report.state.not_in(_UNCOUNTED)),
            _count(Report.closed_at >= midnight, Report.closed_at < tomorrow, Report.state.not_in(_UNCOUNTED)),
            sa.func.max(Report.reported_at),
        ).where(scope.located(Report))
    ).one()
    return Summary(
        as_of=as_of,
        now=now,
        grids=grids,
        households=session.scalar(sa.select(_sum(Household.households)).where(scope.located(Household))) or 0,
        addresses=_rows(session, Address, scope.located(Address)),
        cameras_in_use=_rows(session, Camera, scope.located(Camera), in_use()),
        reports_open=reports[0],
        reports_today=reports[1],
        reports_closed_today=reports[2],
        newest_report_at=reports[3],
        newest_load_at=session.scalar(sa.select(sa.func.max(Load.loaded_at))),
    )


_UNCOUNTED = ("VOID", "MERGED")


def _count(*conditions: Any) -> sa.ColumnElement[int]:
    return sa.func.count(sa.case((sa.and_(*conditions), 1)))


def _sum(column: Any) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.coalesce(sa.func.sum(column), 0), sa.BigInteger)


def _rows(session: Session, table: Any, *conditions: Any) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(table).where(*conditions)) or 0
