"""Which reports wait for a decision about their place, the longest waiting first, and where they may lie."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.errors import NotFoundError
from layers.review.texts import Part, parts_of, text_key, text_of
from layers.tables import CLOSED_STATES, Assignment, Report, ReportCandidate, ReportEvent, ReportState

ASKED = "ask"
"""The step after which a report waits for its caller; it comes back with the next step that is taken."""


@dataclass(frozen=True)
class Candidate:
    """A place that a report may mean, in degrees; see `layers.tables.ReportCandidate`."""

    rank: int
    label: str
    level: str
    address_key: str | None
    village_code: str | None
    grid_code: str | None
    confidence: float
    radius_m: float | None
    lon: float | None
    lat: float | None
    trace: list[Any]


@dataclass(frozen=True)
class QueueEntry:
    """A report in the queue: its text with the recognised parts, its candidates, and how long it has waited.

    `same_text` counts the other queued reports of the scope that say the same; `lon` and `lat` are the point that came
    with the report, if one did.
    """

    report_id: int
    report_key: str
    revision: int
    reported_at: datetime
    waited_s: float
    category: str
    subtype: str | None
    source: str
    state: str
    urgency: str
    description: str | None
    address_text: str | None
    due_at: datetime | None
    lon: float | None
    lat: float | None
    text: str
    parts: tuple[Part, ...]
    same_text: int
    candidates: tuple[Candidate, ...]


def seen_by(scope: Scope) -> sa.ColumnElement[bool]:
    """Condition on `Report`: its place, or one of its candidates, lies inside the scope."""
    if not scope.code:
        return sa.true()
    candidate = sa.exists().where(ReportCandidate.report_id == Report.id, scope.located(ReportCandidate))
    return sa.or_(scope.located(Report), candidate)


def is_queued() -> sa.ColumnElement[bool]:
    """Condition on `Report`: somebody has to decide where it lies."""
    last = (
        sa.select(ReportEvent.step)
        .where(ReportEvent.report_id == Report.id)
        .order_by(ReportEvent.sequence.desc())
        .limit(1)
        .scalar_subquery()
    )
    idle = (*CLOSED_STATES, ReportState.DRAFT)
    return sa.and_(
        Report.assignment == Assignment.REVIEW, Report.state.not_in(idle), sa.func.coalesce(last, "") != ASKED
    )


def queue(
    session: Session, scope: Scope, *, now: datetime, limit: int, after: tuple[datetime, int] | None = None
) -> list[QueueEntry]:
    """At most `limit` reports that wait for a decision, those reported first in front.

    `after` is reported_at and report_id of the last entry of the page before.
    """
    conditions = [is_queued(), seen_by(scope)]
    if after is not None:
        at, row = after
        conditions.append(sa.or_(Report.reported_at > at, sa.and_(Report.reported_at == at, Report.id > row)))
    number: sa.Double[float] = sa.Double()
    rows = session.execute(
        sa.select(
            Report,
            sa.func.ST_X(Report.geom, type_=number).label("lon"),
            sa.func.ST_Y(Report.geom, type_=number).label("lat"),
        )
        .where(*conditions)
        .order_by(Report.reported_at, Report.id)
        .limit(limit)
    ).all()
    candidates = _candidates(session, [row.Report.id for row in rows])
    alike = Counter(key for _, key in queued_texts(session, scope)) if rows else Counter()
    return [
        _entry(row.Report, row.lon, row.lat, candidates[row.Report.id], alike[text_key(row.Report)], now)
        for row in rows
    ]


def _entry(
    report: Report, lon: float | None, lat: float | None, candidates: Iterable[Candidate], alike: int, now: datetime
) -> QueueEntry:
    text = text_of(report)
    names = ("report_key", "revision", "reported_at", "category", "subtype", "source", "state", "urgency")
    return QueueEntry(
        report_id=report.id,
        **{name: getattr(report, name) for name in (*names, "description", "address_text", "due_at")},
        waited_s=waited_s(report.reported_at, now),
        lon=lon,
        lat=lat,
        text=text,
        parts=parts_of(text),
        same_text=max(alike - 1, 0),
        candidates=tuple(candidates),
    )


def waited_s(reported_at: datetime, now: datetime) -> float:
    """Seconds since a report was made; never below 0, whatever the sender's clock said."""
    return max((now - reported_at).total_seconds(), 0.0)


def queued_texts(session: Session, scope: Scope) -> list[tuple[int, str]]:
    """Id and text key of every queued report of the scope that has a text."""
    rows = session.execute(
        sa.select(Report.id, Report.address_text, Report.description).where(is_queued(), seen_by(scope))
    )
    keys = ((row.id, text_key(row)) for row in rows)
    return [(identity, key) for identity, key in keys if key]


def find_queued(session: Session, scope: Scope, report_key: str) -> Report:
    """The report of that key, in the queue or decided, that the scope may see for its place or a candidate's.

    Raises
    ------
    NotFoundError : there is none
    """
    report = session.scalar(sa.select(Report).where(Report.report_key == report_key, seen_by(scope)))
    if report is None:
        raise NotFoundError("report", report_key)
    return report


def candidates_of(session: Session, report_id: int) -> Sequence[Candidate]:
    """The candidates of one report by rank, also of one that is decided; empty where its place was never in doubt."""
    return _candidates(session, [report_id])[report_id]


def _candidates(session: Session, report_ids: Sequence[int]) -> dict[int, list[Candidate]]:
    number: sa.Double[float] = sa.Double()
    rows = session.execute(
        sa.select(
            ReportCandidate,
            sa.func.ST_X(ReportCandidate.geom, type_=number).label("lon"),
            sa.func.ST_Y(ReportCandidate.geom, type_=number).label("lat"),
        )
        .where(ReportCandidate.report_id.in_(report_ids))
        .order_by(ReportCandidate.report_id, ReportCandidate.rank)
    )
    found: dict[int, list[Candidate]] = defaultdict(list)
    names = ("rank", "label", "level", "address_key", "village_code", "grid_code", "confidence", "radius_m", "trace")
    for row in rows:
        one = row.ReportCandidate
        found[one.report_id].append(Candidate(**{name: getattr(one, name) for name in names}, lon=row.lon, lat=row.lat))
    return found
