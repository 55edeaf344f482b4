"""Take in reports: each stored once with its grid, deadline, team, first step and event, many in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import EVERYWHERE, VILLAGE_DIGITS, Scope
from layers.calendar import CHINA, WorkCalendar
from layers.errors import KeyReusedError, LayersError
from layers.geocode.placing import candidate_rows
from layers.intake.content import ReportContent
from layers.intake.ground import Ground, Home, locate_once
from layers.intake.rows import WKB, insert_reports, insert_rows
from layers.intake.texts import read_texts
from layers.tables import (
    Assignment,
    LinkKind,
    Outbox,
    Report,
    ReportCandidate,
    ReportEvent,
    ReportLink,
    ReportState,
)
from layers.workflow.duplicates import Duplicate, LinkedReport, Place, find_duplicates
from layers.workflow.duty import Duty, DutyBook


@dataclass(frozen=True)
class Submission:
    """A report that somebody sends under a key of his own; `now` is when it came, in the time zone of the place."""

    key: str
    content: ReportContent
    now: datetime
    created_by: str
    scope: Scope = EVERYWHERE


@dataclass(frozen=True)
class TakenReport:
    """A report that is stored; `duty` and `links` are None where an earlier sending had stored it."""

    id: int
    report_key: str
    category: str
    state: str
    digest: str
    village_code: str | None
    grid_code: str | None
    assignment: str | None
    distance_m: float | None
    reported_at: datetime
    lon: float | None = None
    lat: float | None = None
    duty: Duty | None = None
    links: Sequence[LinkedReport] | None = None


def create_report(
    session: Session,
    *,
    key: str,
    content: ReportContent,
    now: datetime,
    created_by: str,
    scope: Scope = EVERYWHERE,
    calendar: WorkCalendar = CHINA,
) -> Report:
    """Store a report with its first step and an event for the outbox; find its grid, its team and when it is due.

    A key makes sending safe to repeat: the same key with the same content gives the stored report and changes nothing.
    The grid is the one in force on the day of `now` in its own time zone. Reports that look like this one are linked
    to it. A report that lies in no grid, or has no point, is stored too.

    Raises
    ------
    KeyReusedError : the key belongs to a report with other content
    InvalidInputError : the key is empty or too long, or the report comes from the future
    ForbiddenError : the place lies outside the scope; nothing is stored
    """
    (taken,) = create_reports(session, [Submission(key, content, now, created_by, scope)], calendar=calendar)
    if isinstance(taken, LayersError):
        raise taken
    return session.get_one(Report, taken.id)


def create_reports(
    session: Session, submissions: Sequence[Submission], *, calendar: WorkCalendar = CHINA, ground: Ground | None = None
) -> list[TakenReport | LayersError]:
    """Store reports as `create_report` does one after the other; (n,) what became of each: stored, or why not.

    `ground` spares asking the database where points lie. What is refused leaves nothing and does not keep the others
    from being stored.
    """
    outcome: list[TakenReport | LayersError | None] = [_refusal(one) for one in submissions]
    session.flush()
    stored = _stored(session, [one.key for one, wrong in zip(submissions, outcome, strict=True) if wrong is None])
    unknown = [n for n, one in enumerate(submissions) if outcome[n] is None and one.key not in stored]
    first: dict[str, tuple[int, Home]] = {}
    for number, home in zip(unknown, _homes(session, [submissions[n] for n in unknown], ground), strict=True):
        one = submissions[number]
        outcome[number] = _outside(one.scope, home.village_code, home.grid_code)
        if outcome[number] is None:
            first.setdefault(one.key, (number, home))
    homes = _read(session, {number: (submissions[number], home) for number, home in first.values()}, ground)
    added = _add(session, homes, calendar)
    late = [submissions[number].key for number in homes if number not in added]
    stored |= _stored(session, late)  # somebody else stored them a moment ago
    stored |= {taken.report_key: taken for taken in added.values()}
    for number, one in enumerate(submissions):
        if outcome[number] is None:
            outcome[number] = added.get(number) or _again(one, stored.get(one.key))
    return [one for one in outcome if one is not None]


def _refusal(one: Submission) -> LayersError | None:
    try:
        one.content.check(one.key, one.now)
    except LayersError as error:
        return error
    return None


def _again(one: Submission, stored: TakenReport | None) -> TakenReport | LayersError:
    """What a repeated key gets."""
    if stored is None or stored.digest != one.content.digest:
        return KeyReusedError("report", one.key)
    # A text alone refuses nobody: it may be wrong, and the report would be lost.
    by_point = stored.assignment in {Assignment.INSIDE, Assignment.NEAREST}
    return (_outside(one.scope, stored.village_code, stored.grid_code) if by_point else None) or stored


def _outside(scope: Scope, village_code: str | None, grid_code: str | None) -> LayersError | None:
    """Why a place may not be reported by that scope; a report without a known place is nobody's, and is taken in."""
    if village_code is None:
        return None
    try:
        scope.require(village_code if len(scope.code) <= VILLAGE_DIGITS else grid_code)
    except LayersError as error:
        return error
    return None


def _stored(session: Session, keys: Sequence[str]) -> dict[str, TakenReport]:
    if not keys:
        return {}
    table: Any = Report.__table__
    names = ("id", "report_key", "category", "state", "digest", "village_code", "grid_code", "assignment")
    columns = [table.c[name] for name in (*names, "distance_m", "reported_at")]
    rows = session.connection().execute(sa.select(*columns).where(table.c.report_key.in_(sorted(set(keys)))))
    return {row.report_key: TakenReport(**row._mapping) for row in rows}


def _homes(session: Session, submissions: Sequence[Submission], ground: Ground | None) -> list[Home]:
    if ground is None:
        return [locate_once(session, one.content.lon, one.content.lat, as_of=one.now.date()) for one in submissions]
    if not submissions:
        return []
    ground.refresh(session, max(one.now for one in submissions).date())
    places = [(one.content.lon, one.content.lat) for one in submissions]
    lon, lat = np.array(places, dtype=float).T  # None becomes NaN
    return ground.locate(session, lon, lat)


def _read(
    session: Session, found: Mapping[int, tuple[Submission, Home]], ground: Ground | None
) -> dict[int, tuple[Submission, Home]]:
    """The same reports with what their texts say."""
    if not found:
        return {}
    contents, homes = [one.content for one, _ in found.values()], [home for _, home in found.values()]
    day = max(one.now for one, _ in found.values()).date()
    read = read_texts(session, contents, homes, as_of=day, ground=ground)
    return {number: (found[number][0], home) for number, home in zip(found, read, strict=True)}


def _add(
    session: Session, fresh: Mapping[int, tuple[Submission, Home]], calendar: WorkCalendar
) -> dict[int, TakenReport]:
    """Number -> the report that was stored; those whose key somebody else has used meanwhile are missing."""
    if not fresh:
        return {}
    book = DutyBook(session, ((home.grid_code, home.village_code) for _, home in fresh.values()), calendar)
    rows, duties, places = [], [], []
    for one, home in fresh.values():
        content, at = one.content, one.content.reported_at or one.now
        duty = book.duty(
            content.category, content.subtype, grid_code=home.grid_code, village_code=home.village_code, begun=one.now
        )
        rows.append(_row(one, home, duty, at))
        duties.append(duty)
        places.append(_place(one, home, at))
    alike = find_duplicates(session, places)
    ids = insert_reports(session.connection(), rows)
    done = {number: place for place, number in enumerate(fresh) if rows[place]["report_key"] in ids}
    taken = {
        number: _taken(one, home, duties[done[number]], ids[one.key], alike[done[number]])
        for number, (one, home) in fresh.items()
        if number in done
    }
    _link(session, ((one, alike[done[number]]) for number, (one, _) in fresh.items() if number in done), ids)
    _tell(session, [(fresh[number], report) for number, report in taken.items()])
    return taken


def _row(one: Submission, home: Home, duty: Duty, at: datetime) -> dict[str, Any]:
    content, (lon, lat) = one.content, _point(one.content, home)
    return {
        "report_key": one.key,
        "reported_at": at,
        "category": str(content.category),
        "subtype": content.subtype,
        "source": str(content.source),
        "severity": content.severity,
        "description": content.description,
        "address_text": content.address_text,
        "digest": content.digest,
        "village_code": home.village_code,
        "grid_code": home.grid_code,
        "assignment": home.assignment.value,
        "distance_m": home.distance_m,
        "confidence": home.confidence,
        "radius_m": home.radius_m,
        "address_level": home.address_level,
        "address_key": home.address_key,
        "due_at": duty.due_at,
        "team_id": duty.team_id,
        **_FIXED,
        WKB: None if lon is None else shapely.to_wkb(shapely.Point(lon, lat)),
    }


_FIXED = {
    "state": ReportState.REPORTED.value,
    "supervision": "NONE",
    "urgency": "NORMAL",
    "legacy": False,
    "revision": 1,
}


def _point(content: ReportContent, home: Home) -> tuple[float | None, float | None]:
    """Longitude and latitude that are stored: the sender's, else those of the address."""
    return (content.lon, content.lat) if content.lon is not None or home.point is None else home.point


def _place(one: Submission, home: Home, at: datetime) -> Place:
    content, (lon, lat) = one.content, _point(one.content, home)
    return Place(
        report_key=one.key,
        category=str(content.category),
        reported_at=at,
        subtype=content.subtype,
        description=content.description,
        address_text=content.address_text,
        lon=lon,
        lat=lat,
        village_code=home.village_code,
        grid_code=home.grid_code,
    )


def _taken(one: Submission, home: Home, duty: Duty, number: int, alike: Sequence[Duplicate]) -> TakenReport:
    lon, lat = _point(one.content, home)
    area = "village_code" if len(one.scope.code) <= VILLAGE_DIGITS else "grid_code"
    links = [
        LinkedReport(found.other.report_key, LinkKind.DUPLICATE, found.likeness.score, found.likeness.reason)
        for found in alike
        if one.scope.covers(getattr(found.other, area))
    ]
    return TakenReport(
        id=number,
        report_key=one.key,
        category=str(one.content.category),
        state=ReportState.REPORTED.value,
        digest=one.content.digest,
        village_code=home.village_code,
        grid_code=home.grid_code,
        assignment=home.assignment.value,
        distance_m=home.distance_m,
        reported_at=one.content.reported_at or one.now,
        lon=lon,
        lat=lat,
        duty=duty,
        links=sorted(links, key=lambda link: (-link.score, link.report_key)),
    )


def _link(session: Session, found: Iterable[tuple[Submission, Sequence[Duplicate]]], ids: Mapping[str, int]) -> None:
    rows = [
        {
            "report_id": ids[one.key],
            "other_id": ids.get(duplicate.other.report_key) if duplicate.other.id is None else duplicate.other.id,
            "kind": LinkKind.DUPLICATE.value,
            "score": duplicate.likeness.score,
            "reason": duplicate.likeness.reason,
            "at": one.now,
        }
        for one, alike in found
        for duplicate in alike
    ]
    rows = [row for row in rows if row["other_id"] is not None]
    insert_rows(session.connection(), ReportLink.__table__, rows)


def _tell(session: Session, taken: Sequence[tuple[tuple[Submission, Home], TakenReport]]) -> None:
    """Begin the history of each report, put it into the outbox, and keep what its text may mean."""
    if not taken:
        return
    connection = session.connection()
    state = ReportState.REPORTED.value
    steps = [
        {"report_id": report.id, "sequence": 1, "at": one.now, "by": one.created_by, "step": "report", "state": state}
        for (one, _), report in taken
    ]
    insert_rows(connection, ReportEvent.__table__, steps)
    events = [
        {
            "topic": "report.created",
            "scope_code": report.grid_code or report.village_code or "",
            "payload": {
                "report_key": report.report_key,
                "category": report.category,
                "state": report.state,
                "reported_at": report.reported_at.astimezone(UTC).isoformat(),
                "grid_code": report.grid_code,
                "lon": report.lon,
                "lat": report.lat,
            },
            "created_at": one.now,
        }
        for (one, _), report in taken
    ]
    insert_rows(connection, Outbox.__table__, events)
    rows = [row for (_, home), report in taken for row in candidate_rows(report.id, home.candidates)]
    if rows:
        session.execute(sa.insert(ReportCandidate), rows)
