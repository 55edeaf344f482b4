"""Decide where a queued report lies: accept a candidate, correct the place, ask, give up; or take that back."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Permission, Principal
from layers.calendar import CHINA, WorkCalendar
from layers.errors import InvalidInputError, InvalidStateError
from layers.review import aliases
from layers.review.admitting import open_queued, require_all, require_revision
from layers.review.carrying import Decided, Decision, settle
from layers.review.keeping import last_entry, restore
from layers.review.places import place_at, place_of
from layers.review.queue import candidates_of, find_queued
from layers.review.texts import level_of_text
from layers.tables import (
    Report,
    ReviewAction,
)
from layers.workflow.steps import MAX_NOTE


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
    report = open_queued(session, principal, report_key, "accept", revision)
    candidates = candidates_of(session, report.id)
    candidate = next((one for one in candidates if one.rank == rank), None)
    if candidate is None:
        ranks = ", ".join(str(one.rank) for one in candidates) or "none"
        raise InvalidInputError(f"{report_key} has no candidate {rank}; it has {ranks}. Correct its place instead.")
    place = place_of(session, candidate, as_of=now.date())
    principal.scope.require(place.grid_code or place.village_code)
    note = f"candidate {rank}: {candidate.label}"
    decision = Decision(session, principal, now, calendar, ReviewAction.ACCEPT, place, rank, note)
    return settle(decision, report, same_text=same_text)


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
    report = open_queued(session, principal, report_key, "correct", revision)
    place = place_at(session, lon, lat, as_of=now.date(), level=level_of_text(aliases.address_of(report)))
    principal.scope.require(place.grid_code or place.village_code)
    note = f"placed at {lat:.6f}, {lon:.6f}"
    decision = Decision(session, principal, now, calendar, ReviewAction.CORRECT, place, None, note)
    return settle(decision, report, same_text=same_text)


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
    report = open_queued(session, principal, report_key, "ask", revision)
    require_all(principal, report, candidates_of(session, report.id))
    decision = Decision(session, principal, now, CHINA, ReviewAction.ASK, note=question.strip())
    return settle(decision, report)


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
    report = open_queued(session, principal, report_key, "give_up", revision)
    require_all(principal, report, candidates_of(session, report.id))
    return settle(Decision(session, principal, now, CHINA, ReviewAction.GIVE_UP, note=note), report)


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
        require_all(principal, report, candidates_of(session, report.id))
    else:
        principal.scope.require(report.grid_code or report.village_code)
    require_revision(session, report, revision)
    entry = last_entry(session, report)
    if entry is None or entry.detail["revision"] != report.revision:
        raise InvalidStateError("report", report.state, "undo", ())
    along = session.scalars(sa.select(Report).where(Report.report_key.in_(entry.detail["also"]))).all()
    for one in (report, *along):
        own = last_entry(session, one)
        if own is not None and own.detail["revision"] == one.revision:
            restore(session, principal, one, own, now)
    aliases.forget(session, entry.detail["alias"], by=principal.name, now=now)
    session.flush()
    return Decided(report, tuple(one.report_key for one in along))
