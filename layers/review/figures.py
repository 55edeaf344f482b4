"""How the queue stands: its length and age, what comes and goes, and how good the first candidates were."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.review.queue import is_queued, seen_by, waited_s
from layers.tables import Report, ReviewAction, ReviewDecision

DAYS, ACCURACY_DAYS = 14, 90
MIN_DECISIONS = 10
"""Fewer decisions than these give no share."""
BIN_EDGES = (0.5, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class DayCount:
    """One day in the time zone of the place: reports that came into the queue, and decisions that were made."""

    day: date
    arrived: int
    decided: int


@dataclass(frozen=True)
class Accuracy:
    """Of `decided` reports with a first candidate of a confidence from `low` to below `high`, `right` got its grid.

    The last bin holds 1 too; `share` is None where fewer than `MIN_DECISIONS` were decided.
    """

    low: float
    high: float
    decided: int
    right: int
    share: float | None


@dataclass(frozen=True)
class QueueFigures:
    """The queue of a scope at one moment; ages in seconds, None for an empty queue.

    `days` are the last `DAYS`, the newest last. `accuracy` is over the decisions for a place of the last
    `ACCURACY_DAYS`, as one and by confidence; of each report the last decision counts, and none that was taken back.
    """

    length: int
    oldest_s: float | None
    median_s: float | None
    days: tuple[DayCount, ...]
    accuracy: Accuracy
    bins: tuple[Accuracy, ...]
    minimum: int
    accuracy_days: int


def queue_figures(session: Session, scope: Scope, *, now: datetime) -> QueueFigures:
    """How the queue of a scope stands at `now`, whose time zone says when a day begins."""
    waiting = session.execute(sa.select(Report.reported_at).where(is_queued(), seen_by(scope))).all()
    ages = [waited_s(row.reported_at, now) for row in waiting]
    since = datetime.combine(now.date() - timedelta(days=ACCURACY_DAYS), time(), tzinfo=now.tzinfo)
    decisions = _decisions(session, scope, since)
    placed = [one for one in decisions if one.grid_code and one.suggested and one.confidence is not None]
    edges = (0.0, *BIN_EDGES, 1.0)
    by_bin: list[list[Any]] = [[] for _ in edges[1:]]
    for one in placed:
        by_bin[bisect_right(BIN_EDGES, one.confidence)].append(one)
    return QueueFigures(
        length=len(ages),
        oldest_s=max(ages, default=None),
        median_s=median(ages) if ages else None,
        days=_days([row.reported_at for row in waiting], decisions, now),
        accuracy=_accuracy(0.0, 1.0, placed),
        bins=tuple(_accuracy(low, high, rows) for (low, high), rows in zip(pairwise(edges), by_bin, strict=True)),
        minimum=MIN_DECISIONS,
        accuracy_days=ACCURACY_DAYS,
    )


def _decisions(session: Session, scope: Scope, since: datetime) -> list[Any]:
    """The decision that stands for each report, with when the report was made."""
    last = (
        sa.select(sa.func.max(ReviewDecision.id)).where(ReviewDecision.at >= since).group_by(ReviewDecision.report_id)
    )
    return list(
        session.execute(
            sa.select(
                ReviewDecision.at,
                ReviewDecision.grid_code,
                ReviewDecision.suggested,
                ReviewDecision.confidence,
                Report.reported_at,
            )
            .join(Report, Report.id == ReviewDecision.report_id)
            .where(ReviewDecision.id.in_(last), ReviewDecision.action != ReviewAction.UNDO, seen_by(scope))
        )
    )


def _days(waiting: list[datetime], decisions: list[Any], now: datetime) -> tuple[DayCount, ...]:
    def day(at: datetime) -> date:
        return at.astimezone(now.tzinfo).date()

    arrived = Counter(map(day, waiting)) + Counter(day(one.reported_at) for one in decisions)
    decided = Counter(day(one.at) for one in decisions)
    dates = [now.date() - timedelta(days=back) for back in reversed(range(DAYS))]
    return tuple(DayCount(one, arrived[one], decided[one]) for one in dates)


def _accuracy(low: float, high: float, rows: list[Any]) -> Accuracy:
    right = sum(one.grid_code == one.suggested for one in rows)
    share = right / len(rows) if len(rows) >= MIN_DECISIONS else None
    return Accuracy(low, high, len(rows), right, share)
