"""Carry a decision about a queued report out: its place, its step, what it teaches, and a record to take it back by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from layers.access import Principal
from layers.calendar import WorkCalendar
from layers.geometry import to_sql
from layers.review import aliases
from layers.review.keeping import AUDIT, snapshot, subject_of
from layers.review.places import Place
from layers.review.queue import ASKED, candidates_of, queued_texts, waited_s
from layers.review.texts import text_key
from layers.tables import (
    Assignment,
    Audit,
    Report,
    ReportEvent,
    ReportState,
    ReviewAction,
    ReviewDecision,
)
from layers.workflow.course import TRANSITIONS
from layers.workflow.duplicates import link_duplicates
from layers.workflow.steps import MAX_NOTE, give_deadline_and_team, record_step

DECIDED = "review"
UNDER_WAY = (ReportState.DISPATCHED, ReportState.IN_PROGRESS, ReportState.HANDLED)
"""States in which somebody has the report by hand already, so a place does not give it to another team."""
MOST_ALIKE = 500


@dataclass(frozen=True)
class Decided:
    """A report after a decision; `also` are the keys of those that were decided with it, `alias_id` what was learnt."""

    report: Report
    also: tuple[str, ...] = ()
    alias_id: int | None = None


@dataclass(frozen=True)
class Decision:
    """One decision on its way; `place` is None where it gives none, `alias` the library's new name for the place."""

    session: Session
    principal: Principal
    now: datetime
    calendar: WorkCalendar
    action: ReviewAction
    place: Place | None = None
    rank: int | None = None
    note: str | None = None


def settle(decision: Decision, report: Report, *, same_text: bool = False) -> Decided:
    """Carry the decision out for the report, and for those that say the same."""
    session = decision.session
    others = _alike(decision, report) if same_text and text_key(report) else []
    learnt = None
    if decision.action == ReviewAction.CORRECT and decision.place is not None:
        learnt = aliases.learn(session, report, decision.place, by=decision.principal.name, now=decision.now)
    also = tuple(other.report_key for other in others)
    _decide(decision, report, alias=learnt, also=also)
    for other in others:
        _decide(decision, other, alias=None, also=())
    session.flush()
    return Decided(report, also, learnt["id"] if learnt else None)


def _alike(decision: Decision, report: Report) -> list[Report]:
    scope, wanted = decision.principal.scope, text_key(report)
    ids = [one for one, key in queued_texts(decision.session, scope) if key == wanted and one != report.id]
    found = decision.session.scalars(sa.select(Report).where(Report.id.in_(ids[:MOST_ALIKE])).order_by(Report.id))
    return list(found)


def _decide(decision: Decision, report: Report, *, alias: dict[str, Any] | None, also: tuple[str, ...]) -> None:
    session, place, now = decision.session, decision.place, decision.now
    before = snapshot(session, report)
    first = next(iter(candidates_of(session, report.id)), None)
    step = DECIDED
    if place is not None:
        with session.no_autoflush:  # one step is one revision
            _put(decision, report, place)
    elif decision.action == ReviewAction.GIVE_UP:
        report.assignment = Assignment.NO_PLACE
    else:
        step = ASKED
        if report.state in TRANSITIONS["return"].sources:
            report.state, report.held_by, report.team_id = ReportState.RETURNED, None, None
    flag_modified(report, "assignment")  # every decision is a revision, also one that changes nothing else
    if place is not None:
        session.flush()
        lon, lat = (place.point.x, place.point.y) if place.point is not None else (None, None)
        link_duplicates(session, report, lon=lon, lat=lat, now=now)
    record_step(session, report, step, decision.principal, now, _said(decision))
    session.add(
        ReviewDecision(
            report_id=report.id,
            at=now,
            by=decision.principal.name,
            action=decision.action,
            rank=decision.rank,
            suggested=first.grid_code if first else None,
            confidence=first.confidence if first else None,
            village_code=place.village_code if place else None,
            grid_code=place.grid_code if place else None,
            waited_s=waited_s(report.reported_at, now),
            alias_id=alias["id"] if alias else None,
        )
    )
    detail = {"revision": report.revision, "before": before, "alias": alias, "also": list(also)}
    detail["action"] = decision.action.value
    session.add(Audit(at=now, by=decision.principal.name, action=AUDIT, subject=subject_of(report), detail=detail))


def _put(decision: Decision, report: Report, place: Place) -> None:
    """Set the place, and the deadline and team that go with it."""
    session = decision.session
    report.assignment = Assignment.REVIEWED
    report.village_code, report.grid_code = place.village_code, place.grid_code
    report.distance_m, report.radius_m, report.confidence = place.distance_m, place.radius_m, None
    report.address_level, report.address_key = place.level, place.address_key
    if place.point is not None:
        report.geom = to_sql([place.point])[0]
    if report.state not in UNDER_WAY:
        # The time runs from when the report came in, however long its place was looked for.
        came_in = session.scalar(
            sa.select(ReportEvent.at).where(ReportEvent.report_id == report.id, ReportEvent.sequence == 1)
        )
        start = (came_in or report.reported_at).astimezone(decision.now.tzinfo)
        give_deadline_and_team(session, report, now=start, calendar=decision.calendar)


def _said(decision: Decision) -> str | None:
    place = decision.place
    where = f"; grid {place.grid_code or place.village_code}" if place else ""
    return f"{decision.note or ''}{where}"[:MAX_NOTE] or None
