"""Reports as service requests of Open311 GeoReport v2: what is told, and what is never told.

Source: Open311 GeoReport v2, GET service requests. The description is not told, since people put names and telephone
numbers into it; who reported is not even stored.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.errors import InvalidInputError
from layers.ingest.words import CATEGORIES
from layers.reports import report_frame
from layers.tables import CLOSED_STATES, Report, ReportCategory, ReportEvent, ReportState, Team

LONGEST_SPAN = timedelta(days=90)
MOST_REQUESTS = 1_000
STATUSES = ("open", "closed")
OPEN_STATES = tuple(state for state in ReportState if state.is_open and state != ReportState.DRAFT)


@dataclass(frozen=True)
class Service:
    """A kind of matter that can be reported."""

    service_code: str
    service_name: str
    description: str
    group: str
    metadata: bool = False
    type: str = "realtime"
    keywords: str = ""


def services() -> list[Service]:
    """One service for each category, in the order of the category tree."""
    found = []
    for category in ReportCategory:
        name, *others = CATEGORIES[category].split()
        found.append(Service(category.value, name, name, name, keywords=",".join(others)))
    return found


def span(start: datetime | None, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """The time that a query means: 90 days at most, by default the last ones.

    Raises
    ------
    InvalidInputError : the end comes before the start, or more than 90 days after it
    """
    if end is None:
        end = now if start is None else start + LONGEST_SPAN
    if start is None:
        start = end - LONGEST_SPAN
    if not start <= end <= start + LONGEST_SPAN:
        raise InvalidInputError("end_date must come after start_date, and at most 90 days later.")
    return start, end


def service_requests(
    session: Session,
    scope: Scope,
    *,
    ids: Collection[str] | None = None,
    codes: Collection[str] | None = None,
    statuses: Collection[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[dict[str, Any]]:
    """At most 1,000 requests inside the scope, the newest first; drafts are left out.

    With `ids` only those, whatever the other filters say.

    Raises
    ------
    InvalidInputError : a status is neither open nor closed
    """
    wrong = [status for status in statuses or () if status not in STATUSES]
    if wrong:
        raise InvalidInputError(f"{wrong[0]!r} is no status; take open or closed.")
    wanted = STATUSES if not statuses or ids is not None else statuses
    states = [*(OPEN_STATES if "open" in wanted else ()), *(CLOSED_STATES if "closed" in wanted else ())]
    filters: dict[str, Any] = (
        {"keys": ids} if ids is not None else {"categories": codes, "since": since, "until": until}
    )
    frame = report_frame(session, scope, states=states, limit=MOST_REQUESTS, **filters)
    numbers = [int(number) for number in frame["id"]]
    reports = {report.id: report for report in session.scalars(sa.select(Report).where(Report.id.in_(numbers)))}
    teams = {team.id: team.name for team in session.scalars(sa.select(Team))}
    last = _last_events(session, numbers)
    return [
        _request(reports[number], shape, teams, last.get(number))
        for number, shape in zip(numbers, frame.geometry, strict=True)
    ]


def _last_events(session: Session, numbers: Sequence[int]) -> dict[int, ReportEvent]:
    newest = (
        sa.select(ReportEvent.report_id, sa.func.max(ReportEvent.sequence).label("sequence"))
        .where(ReportEvent.report_id.in_(numbers))
        .group_by(ReportEvent.report_id)
        .subquery()
    )
    here = sa.and_(ReportEvent.report_id == newest.c.report_id, ReportEvent.sequence == newest.c.sequence)
    return {event.report_id: event for event in session.scalars(sa.select(ReportEvent).join(newest, here))}


def _request(report: Report, shape: Any, teams: dict[int, str], last: ReportEvent | None) -> dict[str, Any]:
    is_open = ReportState(report.state).is_open
    changed = report.closed_at if report.closed_at and not is_open else last.at if last else report.reported_at
    return {
        "service_request_id": report.report_key,
        "status": "open" if is_open else "closed",
        "status_notes": ": ".join(part for part in (report.state, last.note if last else None) if part),
        "service_name": CATEGORIES[ReportCategory(report.category)].split()[0],
        "service_code": report.category,
        "description": None,
        "agency_responsible": teams.get(report.team_id) if report.team_id is not None else None,
        "service_notice": None,
        "requested_datetime": report.reported_at,
        "updated_datetime": changed,
        "expected_datetime": report.extended_until or report.due_at,
        "address": report.address_text,
        "address_id": None,
        "zipcode": None,
        "lat": None if shape is None else round(shape.y, 7),
        "long": None if shape is None else round(shape.x, 7),
        "media_url": None,
    }
