"""What a decision changes is kept, so that it can be taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from shapely import Point
from sqlalchemy.orm import Session

from layers.access import Principal
from layers.geometry import to_sql
from layers.review.queue import waited_s
from layers.tables import (
    Audit,
    Report,
    ReviewAction,
    ReviewDecision,
)
from layers.workflow.steps import record_step

TAKEN_BACK = "undo_review"
AUDIT = "review.decide"
KEPT = (
    "state", "closed_at", "village_code", "grid_code", "assignment", "distance_m", "confidence", "radius_m",
    "address_level", "address_key", "held_by", "team_id", "due_at",
)  # fmt: skip
"""What a decision may change, and taking it back restores."""
INSTANTS = ("closed_at", "due_at")


def subject_of(report: Report) -> str:
    return f"report {report.report_key}"


def last_entry(session: Session, report: Report) -> Audit | None:
    """What was kept of the last decision on a report, unless it was taken back."""
    entry = session.scalar(
        sa.select(Audit)
        .where(Audit.action == AUDIT, Audit.subject == subject_of(report))
        .order_by(Audit.id.desc())
        .limit(1)
    )
    return entry if entry is not None and "before" in entry.detail else None


def snapshot(session: Session, report: Report) -> dict[str, Any]:
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


def restore(session: Session, principal: Principal, report: Report, entry: Audit, now: datetime) -> None:
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
    session.add(Audit(at=now, by=principal.name, action=AUDIT, subject=subject_of(report), detail=detail))
