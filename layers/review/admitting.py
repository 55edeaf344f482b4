"""Who may decide about a queued report, and whether it still is what he saw."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Permission, Principal
from layers.errors import ForbiddenError, InvalidStateError, StaleRevisionError
from layers.review.queue import Candidate, find_queued
from layers.tables import (
    Assignment,
    Report,
    ReportEvent,
    ReportState,
)


def open_queued(session: Session, principal: Principal, report_key: str, step: str, revision: int | None) -> Report:
    """The queued report that a decision is about."""
    principal.require(Permission.HANDLE)
    report = find_queued(session, principal.scope, report_key)
    require_revision(session, report, revision)
    if report.assignment != Assignment.REVIEW or not ReportState(report.state).is_open:
        allowed = ("undo",) if report.assignment == Assignment.REVIEWED else ()
        raise InvalidStateError("report", f"{report.state}, {report.assignment}", step, allowed)
    return report


def require_revision(session: Session, report: Report, revision: int | None) -> None:
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


def require_all(principal: Principal, report: Report, candidates: Iterable[Candidate]) -> None:
    """Only who sees all candidates may end the search: another town's officer may know the place."""
    places: set[str | None] = {
        code for one in candidates if (code := one.grid_code or one.village_code)
    }  # a point outside is nobody's
    if not all(principal.scope.covers(code) for code in places or {report.grid_code or report.village_code}):
        raise ForbiddenError(
            "Some candidates lie outside your area; decide for a place inside it, or leave this to a wider account."
        )
