"""Read reports and their history; what takes new ones in is in `layers.intake.create`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import geopandas as gpd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.geometry import Bounds, select_frame, within_bounds
from layers.intake.content import MAX_ADDRESS, MAX_DESCRIPTION, MAX_KEY, MAX_SUBTYPE, ReportContent
from layers.intake.create import create_report
from layers.tables import Report, ReportEvent

__all__ = [
    "MAX_ADDRESS",
    "MAX_DESCRIPTION",
    "MAX_KEY",
    "MAX_SUBTYPE",
    "ReportContent",
    "create_report",
    "report_frame",
    "report_history",
]

COLUMNS = (
    Report.id,
    Report.report_key,
    Report.reported_at,
    Report.category,
    Report.subtype,
    Report.source,
    Report.severity,
    Report.state,
    Report.description,
    Report.address_text,
    Report.closed_at,
    Report.village_code,
    Report.grid_code,
    Report.assignment,
    Report.distance_m,
    Report.held_by,
    Report.due_at,
    Report.extended_until,
    Report.supervision,
    Report.urgency,
    Report.legacy,
    Report.revision,
)


def report_frame(
    session: Session,
    scope: Scope,
    *,
    bounds: Bounds | None = None,
    grid_code: str | None = None,
    village_code: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    states: Collection[str] | None = None,
    categories: Collection[str] | None = None,
    keys: Collection[str] | None = None,
    limit: int | None = None,
    after: tuple[datetime, int] | None = None,
) -> gpd.GeoDataFrame:
    """Reports, the newest first.

    Parameters
    ----------
    bounds : degrees; only reports with a point inside or on its edge
    grid_code, village_code : only reports that were assigned to it
    since, until : aware; reported at or after `since` and before `until`
    states, categories, keys : only these
    after : reported_at and id of the last row of a page of `limit` rows, to go on after it

    Returns
    -------
    GeoDataFrame in EPSG:4326 with id, report_key, reported_at (aware, UTC), category, subtype, source, severity, state,
    description, address_text, closed_at, village_code, grid_code, assignment, distance_m, held_by, due_at,
    extended_until, supervision, urgency, legacy, revision, and geometry, which is None for a report without a point
    """
    conditions = [scope.located(Report)]
    if bounds is not None:
        conditions.append(within_bounds(session, Report.__table__.c.geom, bounds))
    if grid_code is not None:
        conditions.append(Report.grid_code == grid_code)
    if village_code is not None:
        conditions.append(Report.village_code == village_code)
    if since is not None:
        conditions.append(Report.reported_at >= since)
    if until is not None:
        conditions.append(Report.reported_at < until)
    if states is not None:
        conditions.append(Report.state.in_(states))
    if categories is not None:
        conditions.append(Report.category.in_(categories))
    if keys is not None:
        conditions.append(Report.report_key.in_(keys))
    if after is not None:
        at, row = after
        conditions.append(sa.or_(Report.reported_at < at, sa.and_(Report.reported_at == at, Report.id < row)))
    order = (Report.reported_at.desc(), Report.id.desc())
    return select_frame(session, COLUMNS, Report.geom, *conditions, order_by=order, limit=limit)


def report_history(session: Session, report_id: int) -> Sequence[ReportEvent]:
    """The steps of a report, the first one first."""
    return session.scalars(
        sa.select(ReportEvent).where(ReportEvent.report_id == report_id).order_by(ReportEvent.sequence)
    ).all()
