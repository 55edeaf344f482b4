"""Take in reports: each stored once with its grid, deadline, team, first step and event, many in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import EVERYWHERE, Scope
from layers.calendar import CHINA, WorkCalendar
from layers.errors import KeyReusedError, LayersError
from layers.intake.content import ReportContent
from layers.intake.ground import Ground, Home, locate_once
from layers.intake.store import store_reports
from layers.intake.submission import Submission, TakenReport
from layers.intake.texts import read_texts
from layers.tables import Assignment, Report
from layers.workflow.duty import DutyBook

Outcome = TakenReport | LayersError


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
) -> list[Outcome]:
    """Store reports as `create_report` does one after the other; (n,) what became of each: stored, or why not.

    `ground` spares asking the database where points lie and whose duty they are. What is refused leaves nothing and
    does not keep the others from being stored.
    """
    outcome: list[Outcome | None] = [one.refusal() for one in submissions]
    session.flush()
    sound = [number for number, wrong in enumerate(outcome) if wrong is None]
    homes = dict(zip(sound, _homes(session, [submissions[number] for number in sound], ground), strict=True))
    outside = {n: wrong for n in sound if (wrong := submissions[n].outside(homes[n].village_code, homes[n].grid_code))}
    # A key that is there already is told by the insert itself; only who may not report this place has to be looked up.
    stored = _stored(session, [submissions[number].key for number in outside])
    for number, wrong in outside.items():
        outcome[number] = wrong if submissions[number].key not in stored else None
    first: dict[str, int] = {}
    for number in sound:
        if number not in outside:
            first.setdefault(submissions[number].key, number)
    fresh = {number: (submissions[number], homes[number]) for number in first.values()}
    added = _add(session, fresh, calendar, ground)
    stored |= _stored(session, [submissions[number].key for number in fresh if number not in added])
    stored |= {taken.report_key: taken for taken in added.values()}
    return [
        known or added.get(number) or _again(one, stored.get(one.key))
        for number, (known, one) in enumerate(zip(outcome, submissions, strict=True))
    ]


def _again(one: Submission, stored: TakenReport | None) -> Outcome:
    """What a repeated key gets."""
    if stored is None or stored.digest != one.content.digest:
        return KeyReusedError("report", one.key)
    # A text alone refuses nobody: it may be wrong, and the report would be lost.
    by_point = stored.assignment in {Assignment.INSIDE, Assignment.NEAREST}
    return (one.outside(stored.village_code, stored.grid_code) if by_point else None) or stored


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


def _add(
    session: Session, fresh: Mapping[int, tuple[Submission, Home]], calendar: WorkCalendar, ground: Ground | None
) -> dict[int, TakenReport]:
    """Number -> the report that was stored with what its text says; those whose key is taken already are missing."""
    if not fresh:
        return {}
    contents, homes = [one.content for one, _ in fresh.values()], [home for _, home in fresh.values()]
    day = max(one.now for one, _ in fresh.values()).date()
    read = read_texts(session, contents, homes, as_of=day, ground=ground)
    places = [(home.grid_code, home.village_code) for home in read]
    book = DutyBook(session, places, calendar) if ground is None else ground.duties(session, places, calendar)
    sent = [(one, home) for (one, _), home in zip(fresh.values(), read, strict=True)]
    taken = store_reports(session, sent, book)
    return {number: report for number, report in zip(fresh, taken, strict=True) if report is not None}
