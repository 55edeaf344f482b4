"""Decide where a queued report lies: accept a candidate, correct the place, ask, give up; or take that back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from shapely import Point
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from layers.access import Permission, Principal
from layers.calendar import CHINA, WorkCalendar
from layers.errors import ForbiddenError, InvalidInputError, InvalidStateError, StaleRevisionError
from layers.geometry import to_sql
from layers.review import aliases
from layers.review.places import Place, place_at, place_of
from layers.review.queue import ASKED, Candidate, candidates_of, find_queued, queued_texts, waited_s
from layers.review.texts import level_of_text, text_key
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

DECIDED, TAKEN_BACK = "review", "undo_review"
AUDIT = "review.decide"
UNDER_WAY = (ReportState.DISPATCHED, ReportState.IN_PROGRESS, ReportState.HANDLED)
"""States in which somebody has the report by hand already, so a place does not give it to another team."""
MOST_ALIKE = 500
KEPT = (
    "state", "closed_at", "village_code", "grid_code", "assignment", "distance_m", "confidence", "radius_m",
    "address_level", "address_key", "held_by", "team_id", "due_at",
)  # fmt: skip
"""What a decision may change, and taking it back restores."""
INSTANTS = ("closed_at", "due_at")


@dataclass(frozen=True)
class Decided:
    """A report after a decision; `also` are the keys of those that were decided with it, `alias_id` what was learnt."""

    report: Report
    also: tuple[str, ...] = ()
    alias_id: int | None = None


@dataclass(frozen=True)
class _Decision:
    """One decision on its way; `place` is None where it gives none, `alias` the library's new name for the place."""

    session: Session
    principal: Principal
    now: datetime
    calendar: WorkCalendar
    action: ReviewAction
    place: Place | None = None
    rank: int | None = None
    note: str | None = None


def accept(
    session: Session,
    principal: Principal,
    report_key: str,
    rank: int,
    *,
    now: datetime,
    revision: int | None = None,
    same_text: bool = False,
    calendar: WorkCalendar = CHINA,
) -> Decided:
    """Give a queued report the place of its candidate of that rank, and its team and deadline with it.

    With `same_text`, the other queued reports of the scope that say the same are given the same place.

    Raises
    ------
    ForbiddenError, NotFoundError : no right to handle reports, the place lies outside the scope, or no such report
    StaleRevisionError : `revision` is given and the report has changed since; the error tells the steps taken since
    InvalidStateError : the report is not in the queue
    InvalidInputError : it has no candidate of that rank, or that one's grid is no longer in force
    """
    report = _open(session, principal, report_key, "accept", revision)
    candidates = candidates_of(session, report.id)
    candidate = next((one for one in candidates if one.rank == rank), None)
    if candidate is None:
        ranks = ", ".join(str(one.rank) for one in candidates) or "none"
        raise InvalidInputError(f"{report_key} has no candidate {rank}; it has {ranks}. Correct its place instead.")
    place = place_of(session, candidate, as_of=now.date())
    principal.scope.require(place.grid_code or place.village_code)
    note = f"candidate {rank}: {candidate.label}"
    decision = _Decision(session, principal, now, calendar, ReviewAction.ACCEPT, place, rank, note)
    return _settle(decision, report, same_text=same_text)


def correct(
    session: Session,
    principal: Principal,
    report_key: str,
    lon: float,
    lat: float,
    *,
    now: datetime,
    revision: int | None = None,
    same_text: bool = False,
    calendar: WorkCalendar = CHINA,
) -> Decided:
    """Give a queued report the place that an officer points at, in degrees.

    Where the report's address names a single place, the library learns that this text means that point inside the
    town; see `layers.review.aliases`. Raises as `accept` does; InvalidInputError for a point outside every grid.
    """
    report = _open(session, principal, report_key, "correct", revision)
    place = place_at(session, lon, lat, as_of=now.date(), level=level_of_text(aliases.address_of(report)))
    principal.scope.require(place.grid_code or place.village_code)
    note = f"placed at {lat:.6f}, {lon:.6f}"
    decision = _Decision(session, principal, now, calendar, ReviewAction.CORRECT, place, None, note)
    return _settle(decision, report, same_text=same_text)


def ask(
    session: Session,
    principal: Principal,
    report_key: str,
    question: str,
    *,
    now: datetime,
    revision: int | None = None,
) -> Decided:
    """Send a queued report back to whoever brought it, with a question.

    It leaves the queue as RETURNED, or, where it was accepted already, in the state it has, and comes back with the
    next step that is taken. Raises as `accept` does; InvalidInputError also for an empty or too long question, and
    ForbiddenError where the scope does not cover all its candidates.
    """
    if not question.strip() or len(question) > MAX_NOTE or "\x00" in question:
        raise InvalidInputError(f"A question has 1 to {MAX_NOTE:,} characters and no null byte.")
    report = _open(session, principal, report_key, "ask", revision)
    _require_all(principal, report, candidates_of(session, report.id))
    decision = _Decision(session, principal, now, CHINA, ReviewAction.ASK, note=question.strip())
    return _settle(decision, report)


def give_up(
    session: Session,
    principal: Principal,
    report_key: str,
    *,
    now: datetime,
    note: str | None = None,
    revision: int | None = None,
) -> Decided:
    """Say that nobody can tell where a queued report lies; it goes on without a place. Raises as `ask` does."""
    if note is not None and (len(note) > MAX_NOTE or "\x00" in note):
        raise InvalidInputError(f"A note may have {MAX_NOTE:,} characters and no null byte; shorten it.")
    report = _open(session, principal, report_key, "give_up", revision)
    _require_all(principal, report, candidates_of(session, report.id))
    return _settle(_Decision(session, principal, now, CHINA, ReviewAction.GIVE_UP, note=note), report)


def undo(
    session: Session, principal: Principal, report_key: str, *, now: datetime, revision: int | None = None
) -> Decided:
    """Take back the last decision on a report, with what was decided and learnt along with it.

    Of the reports that were decided along with it, those that nobody has changed since come back too.

    Raises
    ------
    ForbiddenError, NotFoundError, StaleRevisionError : as in `accept`
    InvalidStateError : there is no decision to take back, or another step has been taken since
    """
    principal.require(Permission.HANDLE)
    report = find_queued(session, principal.scope, report_key)
    if report.village_code is None:
        _require_all(principal, report, candidates_of(session, report.id))
    else:
        principal.scope.require(report.grid_code or report.village_code)
    _require_revision(session, report, revision)
    entry = _last_entry(session, report)
    if entry is None or entry.detail["revision"] != report.revision:
        raise InvalidStateError("report", report.state, "undo", ())
    along = session.scalars(sa.select(Report).where(Report.report_key.in_(entry.detail["also"]))).all()
    for one in (report, *along):
        own = _last_entry(session, one)
        if own is not None and own.detail["revision"] == one.revision:
            _restore(session, principal, one, own, now)
    aliases.forget(session, entry.detail["alias"], by=principal.name, now=now)
    session.flush()
    return Decided(report, tuple(one.report_key for one in along))


def _open(session: Session, principal: Principal, report_key: str, step: str, revision: int | None) -> Report:
    """The queued report that a decision is about."""
    principal.require(Permission.HANDLE)
    report = find_queued(session, principal.scope, report_key)
    _require_revision(session, report, revision)
    if report.assignment != Assignment.REVIEW or not ReportState(report.state).is_open:
        allowed = ("undo",) if report.assignment == Assignment.REVIEWED else ()
        raise InvalidStateError("report", f"{report.state}, {report.assignment}", step, allowed)
    return report


def _require_revision(session: Session, report: Report, revision: int | None) -> None:
    if revision is None or revision == report.revision:
        return
    # Every step is one revision, so the last ones are those that came since; a wrong number names them all.
    since = max(report.revision - revision, 1)
    steps = session.scalars(
        sa.select(ReportEvent)
        .where(ReportEvent.report_id == report.id)
        .order_by(ReportEvent.sequence.desc())
        .limit(min(since, 50))
    ).all()
    changes = [
        {"at": step.at.isoformat(), "by": step.by, "step": step.step, "state": step.state, "note": step.note}
        for step in reversed(steps)
    ]
    raise StaleRevisionError("report", report.report_key, report.revision, changes)


def _require_all(principal: Principal, report: Report, candidates: Iterable[Candidate]) -> None:
    """Only who sees all candidates may end the search: another town's officer may know the place."""
    places: set[str | None] = {
        code for one in candidates if (code := one.grid_code or one.village_code)
    }  # a point outside is nobody's
    if not all(principal.scope.covers(code) for code in places or {report.grid_code or report.village_code}):
        raise ForbiddenError(
            "Some candidates lie outside your area; decide for a place inside it, or leave this to a wider account."
        )


def _settle(decision: _Decision, report: Report, *, same_text: bool = False) -> Decided:
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


def _alike(decision: _Decision, report: Report) -> list[Report]:
    scope, wanted = decision.principal.scope, text_key(report)
    ids = [one for one, key in queued_texts(decision.session, scope) if key == wanted and one != report.id]
    found = decision.session.scalars(sa.select(Report).where(Report.id.in_(ids[:MOST_ALIKE])).order_by(Report.id))
    return list(found)


def _decide(decision: _Decision, report: Report, *, alias: dict[str, Any] | None, also: tuple[str, ...]) -> None:
    session, place, now = decision.session, decision.place, decision.now
    before = _snapshot(session, report)
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
    session.add(Audit(at=now, by=decision.principal.name, action=AUDIT, subject=_subject(report), detail=detail))


def _put(decision: _Decision, report: Report, place: Place) -> None:
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


def _said(decision: _Decision) -> str | None:
    place = decision.place
    where = f"; grid {place.grid_code or place.village_code}" if place else ""
    return f"{decision.note or ''}{where}"[:MAX_NOTE] or None


def _subject(report: Report) -> str:
    return f"report {report.report_key}"


def _last_entry(session: Session, report: Report) -> Audit | None:
    """What was kept of the last decision on a report, unless it was taken back."""
    entry = session.scalar(
        sa.select(Audit)
        .where(Audit.action == AUDIT, Audit.subject == _subject(report))
        .order_by(Audit.id.desc())
        .limit(1)
    )
    return entry if entry is not None and "before" in entry.detail else None


def _snapshot(session: Session, report: Report) -> dict[str, Any]:
    kept = {name: getattr(report, name) for name in KEPT}
    for name in INSTANTS:
        kept[name] = kept[name].isoformat() if kept[name] else None
    number: sa.Double[float] = sa.Double()
    position = session.execute(
        sa.select(sa.func.ST_X(Report.geom, type_=number), sa.func.ST_Y(Report.geom, type_=number)).where(
            Report.id == report.id
        )
    ).one()
    return {**kept, "point": None if position[0] is None else list(position)}


def _restore(session: Session, principal: Principal, report: Report, entry: Audit, now: datetime) -> None:
    before = dict(entry.detail["before"])
    point = before.pop("point")
    for name in INSTANTS:
        before[name] = datetime.fromisoformat(before[name]) if before[name] else None
    for name, value in before.items():
        setattr(report, name, value)
    report.geom = to_sql([Point(point)])[0] if point else None
    record_step(session, report, TAKEN_BACK, principal, now, f"{entry.detail['action']} of {entry.by}")
    session.add(
        ReviewDecision(
            report_id=report.id,
            at=now,
            by=principal.name,
            action=ReviewAction.UNDO,
            village_code=report.village_code,
            grid_code=report.grid_code,
            waited_s=waited_s(report.reported_at, now),
        )
    )
    # An entry without what was before marks the decision as taken back.
    detail = {"action": ReviewAction.UNDO.value, "revision": report.revision}
    session.add(Audit(at=now, by=principal.name, action=AUDIT, subject=_subject(report), detail=detail))
