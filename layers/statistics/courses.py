"""The courses of many reports as arrays, read from their append-only history in two statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.statistics.arrays import fetch_arrays
from layers.statistics.weeks import NEVER, Week
from layers.tables import Report, ReportEvent, ReportState, Satisfaction

CLOSED = (ReportState.CLOSED.value, ReportState.FOLLOWED_UP.value)
UNCOUNTED = (ReportState.DRAFT.value, ReportState.VOID.value)
_BEFORE_ACCEPTANCE = (*UNCOUNTED, ReportState.REPORTED.value, ReportState.RETURNED.value, ReportState.MERGED.value)
_ACCEPTING = ("accept", "close_on_the_spot")
_TOWN_DIGITS = 9
_E: Any = ReportEvent.__table__.c
_R: Any = Report.__table__.c


@dataclass(frozen=True)
class Courses:
    """What happened to (n,) reports; instants are microseconds since the epoch, `NEVER` where nothing has happened.

    `taken` marks reports that a file brought in a state past their acceptance, which nobody recorded. `returned` is
    the first return after the first dispatch, `extension_first` and `extension_last` are grants of more time. (m,)
    spans say from when to when the report at the position `span_row` was closed; one that was reopened has several.
    """

    id: np.ndarray
    village: np.ndarray
    grid: np.ndarray
    reported: np.ndarray
    accepted: np.ndarray
    taken: np.ndarray
    dispatched: np.ndarray
    returned: np.ndarray
    due: np.ndarray
    extended: np.ndarray
    extension_first: np.ndarray
    extension_last: np.ndarray
    followed_up: np.ndarray
    satisfied: np.ndarray
    reached: np.ndarray
    span_row: np.ndarray
    closed_from: np.ndarray
    closed_to: np.ndarray

    def __len__(self) -> int:
        return len(self.id)


def town_of(code: str) -> Scope:
    """The town around a longer code, or the area itself; figures are counted by towns, so that neighbours agree."""
    return Scope(code[:_TOWN_DIGITS])


def read_courses(session: Session, weeks: Sequence[Week], area: Scope, cut_off: datetime) -> Courses:
    """The reports of the town around `area`, or of the larger area, that count in any of the weeks.

    Steps after `cut_off` are left out. Reports that are drafts or void do not count.
    """
    located = town_of(area.code).located(Report)
    counted = sa.select(_R.id).where(_R.id.in_(_touched(weeks, cut_off)), _R.state.not_in(UNCOUNTED), located)
    ids = counted.cte("counted")
    steps = _steps(ids, cut_off).subquery()
    columns = {"id": _R.id, "village": _R.village_code, "grid": _R.grid_code, "satisfaction": _R.satisfaction}
    columns |= {"reported": _R.reported_at, "due": _R.due_at, "extended": _R.extended_until}
    columns |= {column.key: column for column in steps.c if column.key != "report_id"}

    def build(*selected: Any) -> sa.Select[Any]:
        return sa.select(*selected).join(steps, steps.c.report_id == _R.id).order_by(_R.id)

    return _assembled(session, fetch_arrays(session, columns, build), cut_off)


def _touched(weeks: Sequence[Week], cut_off: datetime) -> Any:
    """Ids of the reports that something happened to, or that were due, from the first week to the cut-off."""
    start, end = weeks[0].start, weeks[-1].end
    return sa.union(
        sa.select(_E.report_id).where(_E.at >= start, _E.at <= cut_off),
        sa.select(_R.id).where(_R.reported_at >= start, _R.reported_at < end),
        sa.select(_R.id).where(_R.due_at >= start, _R.due_at < end),
        sa.select(_R.id).where(_R.extended_until >= start, _R.extended_until < end),
    )


def _steps(ids: sa.CTE, cut_off: datetime) -> sa.Select[Any]:
    """One row for each report with the first instant of each step; `irregular` counts what takes a closer look."""

    def first(name: str, *conditions: Any) -> Any:
        return sa.func.min(sa.case((sa.and_(*conditions), _E.at))).label(name)

    def count(*conditions: Any) -> Any:
        return sa.func.count(sa.case((sa.and_(*conditions), 1)))

    loaded = _E.step == "load"
    closing = sa.and_(_E.state.in_(CLOSED), _E.step != "follow_up")
    odd = (count(_E.step == "reopen"), count(_E.step == "return"), count(closing) - 1, count(loaded) - 1)
    return (
        sa.select(
            _E.report_id,
            first("accepted", _E.step.in_(_ACCEPTING)),
            count(loaded, _E.state.not_in(_BEFORE_ACCEPTANCE)).label("taken"),
            first("dispatched", _E.step == "dispatch"),
            first("returned", _E.step == "return"),
            first("closed", closing),
            first("followed_up", sa.or_(_E.step == "follow_up", sa.and_(loaded, _E.state == "FOLLOWED_UP"))),
            first("extension_first", _E.step == "approve_extension"),
            sa.func.max(sa.case((_E.step == "approve_extension", _E.at))).label("extension_last"),
            sa.case((sa.or_(*(part > 0 for part in odd)), 1), else_=0).label("irregular"),
        )
        .where(_E.report_id.in_(sa.select(ids.c.id)), _E.at <= cut_off)
        .group_by(_E.report_id)
    )


def _assembled(session: Session, read: dict[str, np.ndarray], cut_off: datetime) -> Courses:
    closed, irregular = read.pop("closed"), read.pop("irregular") > 0
    satisfaction = read.pop("satisfaction")
    plain = np.flatnonzero((closed != NEVER) & ~irregular)
    spans = [plain, closed[plain], np.full(len(plain), NEVER)]
    read["returned"] = np.where(read["returned"] >= read["dispatched"], read["returned"], NEVER)
    if irregular.any():
        rows = np.flatnonzero(irregular)
        found, returned = _looked_at(session, read["id"][rows], cut_off)
        read["returned"][rows] = returned
        spans = [np.concatenate([one, two]) for one, two in zip(spans, (rows[found[0]], *found[1:]), strict=True)]
    return Courses(
        **{**read, "taken": read["taken"] > 0},
        satisfied=satisfaction == Satisfaction.YES.value,
        reached=(satisfaction == Satisfaction.YES.value) | (satisfaction == Satisfaction.NO.value),
        span_row=spans[0],
        closed_from=spans[1],
        closed_to=spans[2],
    )


def _looked_at(session: Session, ids: np.ndarray, cut_off: datetime) -> tuple[list[np.ndarray], np.ndarray]:
    """Of reports that were reopened or returned: their spans (position in ids, from, to) and their returns."""
    parts = [_events(session, ids[start : start + 5_000].tolist(), cut_off) for start in range(0, len(ids), 5_000)]
    event = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    row, at = np.searchsorted(ids, event["id"]), event["at"]
    same = np.concatenate([row[1:] == row[:-1], [False]])  # whether the next step is of the same report
    shut = np.isin(event["state"], CLOSED)
    begins = shut & ~np.concatenate([[False], shut[:-1] & same[:-1]])
    ends = shut & ~np.concatenate([shut[1:] & same[:-1], [False]])
    after = np.concatenate([at[1:], [NEVER]])
    spans = [row[begins], at[begins], np.where(same, after, NEVER)[ends]]

    dispatched = np.full(len(ids), NEVER)
    is_dispatch = event["step"] == "dispatch"
    np.minimum.at(dispatched, row[is_dispatch], at[is_dispatch])
    returned = np.full(len(ids), NEVER)
    counts = (event["step"] == "return") & (at >= dispatched[row])
    np.minimum.at(returned, row[counts], at[counts])
    return spans, returned


def _events(session: Session, ids: list[int], cut_off: datetime) -> dict[str, np.ndarray]:
    columns = {"id": _E.report_id, "at": _E.at, "step": _E.step, "state": _E.state}

    def build(*selected: Any) -> sa.Select[Any]:
        return sa.select(*selected).where(_E.report_id.in_(ids), _E.at <= cut_off).order_by(_E.report_id, _E.sequence)

    return fetch_arrays(session, columns, build)
