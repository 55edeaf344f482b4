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
from geoalchemy2.shape import to_shape
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.errors import InvalidInputError, NotFoundError
from layers.ingest.words import CATEGORIES
from layers.reports import report_frame
from layers.tables import (
    CLOSED_STATES,
    Address,
    CatalogueItem,
    Report,
    ReportCategory,
    ReportEvent,
    ReportState,
    Team,
)

LONGEST_SPAN = timedelta(days=90)
MOST_REQUESTS = 1_000
STATUSES = ("open", "closed")
SUBTYPE = "subtype"
"""The one attribute of a service: which matter of the catalogue it is."""
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


def services(session: Session) -> list[Service]:
    """One service for each category, in the order of the category tree; with metadata where the catalogue knows
    several matters of it."""
    matters = _matters(session)
    found = []
    for category in ReportCategory:
        name, *others = CATEGORIES[category].split()
        asks = bool(matters.get(category))
        found.append(Service(category.value, name, name, name, metadata=asks, keywords=",".join(others)))
    return found


def attributes(session: Session, service_code: str) -> list[dict[str, Any]]:
    """What a service asks beside place and description: one of the catalogue's matters, or nothing.

    Raises
    ------
    NotFoundError : there is no such service
    """
    if service_code not in list(ReportCategory):
        raise NotFoundError("service_code", service_code)
    values = [{"key": matter.subtype, "name": matter.name} for matter in _matters(session).get(service_code, ())]
    question = {
        "variable": True,
        "code": SUBTYPE,
        "datatype": "singlevaluelist",
        "required": False,
        "datatype_description": None,
        "order": 1,
        "description": "小类",
        "values": values,
    }
    return [question] if values else []


def subtype_of(session: Session, service_code: str, given: Sequence[str]) -> str | None:
    """The subtype among the answers to the attribute of a service; None where none is given.

    Raises
    ------
    InvalidInputError : several values, or one that is not offered
    """
    chosen = [value for value in given if value]
    if not chosen:
        return None
    offered = [value["key"] for question in attributes(session, service_code) for value in question["values"]]
    if len(chosen) > 1 or chosen[0] not in offered:
        raise InvalidInputError(f"attribute[{SUBTYPE}] takes one of {', '.join(offered) or 'no values'}.")
    return chosen[0]


def standard_address(session: Session, scope: Scope, address_id: str) -> tuple[str, float | None, float | None]:
    """Text, longitude and latitude of an address of the library inside the scope.

    Raises
    ------
    NotFoundError : there is none, or it lies elsewhere
    """
    address = session.scalar(sa.select(Address).where(Address.address_key == address_id, scope.located(Address)))
    if address is None:
        raise NotFoundError("address_id", address_id)
    point: Any = None if address.geom is None else to_shape(address.geom)
    return address.full_text, *((None, None) if point is None else (point.x, point.y))


def _matters(session: Session) -> dict[str, list[CatalogueItem]]:
    """Category -> its matters that have a subtype."""
    found: dict[str, list[CatalogueItem]] = {}
    rows = sa.select(CatalogueItem).where(CatalogueItem.subtype != "").order_by(CatalogueItem.subtype)
    for item in session.scalars(rows):
        found.setdefault(item.category, []).append(item)
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

    `until` is the last instant that counts. With `ids` only those, whatever the other filters say.

    Raises
    ------
    InvalidInputError : a status is neither open nor closed, and no ids are given
    """
    wrong = [status for status in statuses or () if status not in STATUSES and ids is None]
    if wrong:
        raise InvalidInputError(f"{wrong[0]!r} is no status; take open or closed.")
    wanted = STATUSES if not statuses or ids is not None else statuses
    states = [*(OPEN_STATES if "open" in wanted else ()), *(CLOSED_STATES if "closed" in wanted else ())]
    filters: dict[str, Any] = {"keys": ids}
    if ids is None:
        after = None if until is None else until + timedelta.resolution
        filters = {"categories": codes, "since": since, "until": after}
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
        "address_id": report.address_key,
        "zipcode": None,
        "lat": None if shape is None else round(shape.y, 7),
        "long": None if shape is None else round(shape.x, 7),
        "media_url": None,
    }
