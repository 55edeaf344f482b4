"""The courses of many reports as arrays, read from their append-only history some at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
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
_IN_BETWEEN = ("report", "start", "handle")
"""Steps that no figure asks for, and that never come right after a closed state."""

_MOST_STEPS = 1_000_000
_AT_ONCE = 200_000
_SPARSE = 4
"""How many times as many reports may be looked at as count, so that they need not be named one by one."""
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
    ids = _touched(session, weeks, cut_off)
    counted = _R.state.not_in(UNCOUNTED), town_of(area.code).located(Report)
    starts = range(0, max(len(ids), 1), _AT_ONCE)
    return _joined([_read(session, ids[start : start + _AT_ONCE], counted, cut_off) for start in starts])


def _touched(session: Session, weeks: Sequence[Week], cut_off: datetime) -> np.ndarray:
    """(n,) ids, sorted, of the reports that something happened to, or that were due, from the first week to the
    cut-off."""
    start, end = weeks[0].start, weeks[-1].end
    parts = [(_E.report_id, sa.and_(_E.at >= start, _E.at <= cut_off))]
    parts += [(_R.id, sa.and_(at >= start, at < end)) for at in (_R.reported_at, _R.due_at, _R.extended_until)]
    found = [
        fetch_arrays(session, {"id": column}, lambda name, where=where: sa.select(name).where(where))["id"]
        for column, where in parts
    ]
    ids = np.concatenate(found)
    if not len(ids) or ids.max() - ids.min() > _SPARSE * len(ids):
        return np.unique(ids)
    touched = np.zeros(ids.max() - ids.min() + 1, dtype=bool)
    touched[ids - ids.min()] = True
    dense: np.ndarray = np.flatnonzero(touched) + ids.min()
    return dense


def _read(session: Session, ids: np.ndarray, counted: Sequence[Any], cut_off: datetime) -> Courses:
    columns = {"id": _R.id, "village": _R.village_code, "grid": _R.grid_code, "satisfaction": _R.satisfaction}
    columns |= {"reported": _R.reported_at, "due": _R.due_at, "extended": _R.extended_until}
    read = fetch_arrays(
        session, columns, lambda *selected: sa.select(*selected).where(_among(session, _R.id, ids), *counted)
    )
    order = np.argsort(read["id"])
    order = order[np.isin(read["id"][order], ids, assume_unique=True)]
    read = {name: values[order] for name, values in read.items()}
    satisfaction = read.pop("satisfaction")
    reached = np.isin(satisfaction.astype(str), (Satisfaction.YES.value, Satisfaction.NO.value))
    row, at, kind, kinds = _steps(session, read["id"], cut_off)
    return Courses(
        **read,
        **_firsts(len(order), row, at, kind, kinds),
        **_spans(row, at, kind, kinds),
        satisfied=satisfaction == Satisfaction.YES.value,
        reached=reached,
    )


def _among(session: Session, column: Any, ids: np.ndarray) -> Any:
    """A condition that holds for all of the sorted ids, and for a few others where they lie close together."""
    if not len(ids):
        return sa.false()
    if len(ids) * _SPARSE >= ids[-1] - ids[0]:
        return column.between(int(ids[0]), int(ids[-1]))
    listed = sa.bindparam(None, json.dumps(ids.tolist()), type_=sa.Text())
    if session.get_bind().dialect.name == "postgresql":
        elements = sa.func.json_array_elements_text(sa.cast(listed, sa.JSON())).column_valued("listed")
        return column.in_(sa.select(sa.cast(elements, sa.BigInteger())))
    return column.in_(sa.select(sa.func.json_each(listed).table_valued("value").c.value))


def _steps(
    session: Session, ids: np.ndarray, cut_off: datetime
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[tuple[str, str]]]:
    """(k,) positions in ids of the reports' steps in their order, when each was, what it was, and (step, state) of
    that."""
    place = sa.type_coerce(_E.report_id, sa.BigInteger()) * _MOST_STEPS + _E.sequence
    columns = {"place": place, "at": _E.at, "kind": _E.step.concat(" ").concat(_E.state)}

    def build(*selected: Any) -> sa.Select[Any]:
        among = _among(session, _E.report_id, ids)
        return sa.select(*selected).where(among, _E.at <= cut_off, _E.step.not_in(_IN_BETWEEN))

    read = fetch_arrays(session, columns, build)
    order = np.argsort(read["place"])
    number = read["place"][order] // _MOST_STEPS
    row = np.searchsorted(ids, number)
    if len(ids):
        known = ids[np.minimum(row, len(ids) - 1)] == number
        order, row = order[known], row[known]
    kind, names = pd.factorize(read["kind"][order])
    steps = [(step, state) for step, _, state in (name.partition(" ") for name in names)]
    return row, read["at"][order], kind, steps


def _firsts(
    n: int, row: np.ndarray, at: np.ndarray, kind: np.ndarray, kinds: Sequence[tuple[str, str]]
) -> dict[str, np.ndarray]:
    """(n,) first instants of the steps that figures ask for."""

    def having(wanted: Callable[[str, str], bool]) -> np.ndarray:
        return np.flatnonzero(np.array([wanted(*one) for one in kinds], dtype=bool)[kind])

    def first(wanted: Callable[[str, str], bool]) -> np.ndarray:
        return _earliest(n, row, at, having(wanted))

    followed = ReportState.FOLLOWED_UP.value
    out = {
        "accepted": first(lambda step, _: step in _ACCEPTING),
        "dispatched": first(lambda step, _: step == "dispatch"),
        "followed_up": first(lambda step, state: step == "follow_up" or (step, state) == ("load", followed)),
        "extension_first": first(lambda step, _: step == "approve_extension"),
    }
    back = having(lambda step, _: step == "return")
    out["returned"] = _earliest(n, row, at, back[at[back] >= out["dispatched"][row[back]]])
    extended = having(lambda step, _: step == "approve_extension")
    out["extension_last"] = np.full(n, -1)
    np.maximum.at(out["extension_last"], row[extended], at[extended])
    out["extension_last"][out["extension_first"] == NEVER] = NEVER
    out["taken"] = np.zeros(n, dtype=bool)
    out["taken"][row[having(lambda step, state: step == "load" and state not in _BEFORE_ACCEPTANCE)]] = True
    return out


def _earliest(n: int, row: np.ndarray, at: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    out = np.full(n, NEVER)
    np.minimum.at(out, row[chosen], at[chosen])
    return out


def _spans(
    row: np.ndarray, at: np.ndarray, kind: np.ndarray, kinds: Sequence[tuple[str, str]]
) -> dict[str, np.ndarray]:
    """From when to when reports were closed."""
    shut = np.array([state in CLOSED for _, state in kinds], dtype=bool)[kind]
    same = np.concatenate([row[1:] == row[:-1], [False]])[: len(row)]  # whether the next step is of the same report
    begins = shut & ~np.concatenate([[False], shut[:-1] & same[:-1]])[: len(row)]
    ends = shut & ~np.concatenate([shut[1:] & same[:-1], [False]])[: len(row)]
    after = np.concatenate([at[1:], [NEVER]])[: len(row)]
    return {"span_row": row[begins], "closed_from": at[begins], "closed_to": np.where(same, after, NEVER)[ends]}


def _joined(parts: Sequence[Courses]) -> Courses:
    """Courses of more and more reports as one."""
    if len(parts) == 1:
        return parts[0]
    before = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
    rows = [part.span_row + shift for part, shift in zip(parts, before[:-1], strict=True)]
    values = {name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])}
    return Courses(**{**values, "span_row": np.concatenate(rows)})
