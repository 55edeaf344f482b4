"""Counting: courses into numerators and denominators by week and area."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from layers.statistics.courses import Courses
from layers.statistics.kpis import KPI, Reason, Unit
from layers.statistics.weeks import NEVER, Week, week_indices

MINUTE_US = 60_000_000


@dataclass(frozen=True)
class Figures:
    """One figure for each of (w, a) weeks and areas.

    `numerator` and `denominator` are NaN where nothing could be counted; `value` is NaN exactly where `reason`, an
    object array, is not None.
    """

    kpi: str
    numerator: np.ndarray
    denominator: np.ndarray
    value: np.ndarray
    reason: np.ndarray

    @classmethod
    def of(cls, kpi: str, numerator: np.ndarray, denominator: np.ndarray, value: np.ndarray | None = None) -> Figures:
        """Figures from counts; below the minimum base there is a reason and no value."""
        base = KPI[kpi].minimum_base
        reason = np.full(denominator.shape, None, dtype=object)
        reason[denominator < base] = Reason.BELOW_BASE.value
        reason[(denominator == 0) & (base > 0)] = Reason.NOTHING_DUE.value
        if value is None:
            ratio = KPI[kpi].unit == Unit.SHARE
            value = (
                np.divide(numerator, denominator, out=np.zeros_like(denominator), where=denominator > 0)
                if ratio
                else denominator.astype(float)
            )
        missing = reason != None  # noqa: E711
        return cls(kpi, numerator, denominator, np.where(missing, np.nan, value), reason)

    @classmethod
    def missing(cls, kpi: str, shape: tuple[int, int], reason: Reason) -> Figures:
        """Figures that nobody can give, all for the same reason."""
        nothing = np.full(shape, np.nan)
        return cls(kpi, nothing, nothing, nothing, np.full(shape, reason.value, dtype=object))

    def because(self, where: np.ndarray, reason: Reason) -> Figures:
        """The same, without those `where` something else is the reason."""
        numerator, denominator, value = (
            np.where(where, np.nan, part) for part in (self.numerator, self.denominator, self.value)
        )
        return Figures(self.kpi, numerator, denominator, value, np.where(where, reason.value, self.reason))

    def week(self, position: int) -> Figures:
        """The figures of one week alone."""
        one = slice(position, position + 1)
        return Figures(self.kpi, self.numerator[one], self.denominator[one], self.value[one], self.reason[one])

    def at(self, week: int, area: int) -> tuple[float, float, float, str | None]:
        """Numerator, denominator, value and reason of one week and area."""
        return (
            float(self.numerator[week, area]),
            float(self.denominator[week, area]),
            float(self.value[week, area]),
            self.reason[week, area],
        )


@dataclass(frozen=True)
class Frame:
    """Into which weeks and areas to count, and until when each week is looked at.

    weeks : consecutive
    cut_off : (w,) microseconds since the epoch
    place : for each week the (n,) positions of the reports among `size` areas, -1 for those outside all of them
    """

    weeks: Sequence[Week]
    cut_off: np.ndarray
    place: Sequence[np.ndarray]
    size: int

    @property
    def shape(self) -> tuple[int, int]:
        """Weeks and areas."""
        return len(self.weeks), self.size

    def cohort(self, instants: np.ndarray) -> np.ndarray:
        """(n,) positions of the weeks in which instants lie; -1 outside of all, and for what came after the cut-off."""
        at = week_indices(instants) - self.weeks[0].index
        at[(at < 0) | (at >= len(self.weeks)) | (instants == NEVER)] = -1
        return np.where(instants <= self.cut_off[at], at, -1)

    def groups(self, week: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        """(n,) positions week * size + area, -1 outside; `rows` are the reports the (n,) weeks belong to."""
        out = np.full(len(week), -1)
        for w in range(len(self.weeks)):
            at = np.flatnonzero(week == w)
            area = self.place[w][at if rows is None else rows[at]]
            out[at] = np.where(area >= 0, w * self.size + area, -1)
        return out

    def count(self, groups: np.ndarray, chosen: np.ndarray | None = None) -> np.ndarray:
        """(w, a) how many of the groups there are, only of the `chosen` ones."""
        kept = groups[(groups >= 0) if chosen is None else (groups >= 0) & chosen]
        return np.bincount(kept, minlength=len(self.weeks) * self.size).reshape(self.shape).astype(float)


def tally(courses: Courses, frame: Frame, repeated: np.ndarray) -> dict[str, Figures]:
    """The figures that come from the courses of reports; `repeated` are the sorted ids of repeats."""
    out = {}

    reported = frame.cohort(courses.reported)
    groups = frame.groups(reported)
    total = frame.count(groups)
    out["reported"] = Figures.of("reported", np.full(frame.shape, np.nan), total)
    again = np.isin(courses.id, repeated) | _reopened(courses, frame, reported)
    out["repeat_rate"] = Figures.of("repeat_rate", frame.count(groups, again), total)

    # Whoever brought in a finished report by a file did not say when it was accepted; the report's own time stands in.
    first = np.where((courses.accepted == NEVER) & courses.taken, courses.reported, courses.accepted)
    accepted = frame.cohort(first)
    groups = frame.groups(accepted)
    shut, _ = _closed(courses, frame, accepted)
    out["closing_rate"] = Figures.of("closing_rate", frame.count(groups, shut), frame.count(groups))
    out["first_response"] = _medians(courses, frame)
    out["on_time_rate"] = _on_time(courses, frame)

    dispatched = frame.cohort(courses.dispatched)
    groups = frame.groups(dispatched)
    back = (courses.returned != NEVER) & (courses.returned <= frame.cut_off[dispatched])
    out["return_rate"] = Figures.of("return_rate", frame.count(groups, back), frame.count(groups))
    out |= _afterwards(courses, frame)
    return out


def _closed(courses: Courses, frame: Frame, week: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) whether each report is closed at the cut-off of its week, and since when."""
    cut = frame.cut_off[week[courses.span_row]]
    shut = (courses.closed_from <= cut) & (courses.closed_to > cut)
    out, since = np.zeros(len(courses), dtype=bool), np.full(len(courses), NEVER)
    out[courses.span_row[shut]], since[courses.span_row[shut]] = True, courses.closed_from[shut]
    return out, since


def _reopened(courses: Courses, frame: Frame, week: np.ndarray) -> np.ndarray:
    out = np.zeros(len(courses), dtype=bool)
    cut = frame.cut_off[week[courses.span_row]]
    out[courses.span_row[(courses.closed_to != NEVER) & (courses.closed_to <= cut)]] = True
    return out


def _on_time(courses: Courses, frame: Frame) -> Figures:
    """A report is due by its first deadline until an extension is granted, and from then on by the extended one."""
    done, due = np.zeros(frame.shape), np.zeros(frame.shape)
    for deadline, granted in ((courses.due, courses.extension_first), (courses.extended, courses.extension_last)):
        week = frame.cohort(deadline)
        extended = (granted != NEVER) & (granted <= frame.cut_off[week])
        counts = extended if deadline is courses.extended else ~extended
        groups = np.where(counts, frame.groups(week), -1)
        shut, since = _closed(courses, frame, week)
        due += frame.count(groups)
        done += frame.count(groups, shut & (since <= deadline))
    return Figures.of("on_time_rate", done, due)


def _medians(courses: Courses, frame: Frame) -> Figures:
    groups = frame.groups(frame.cohort(courses.accepted))
    rows = np.flatnonzero(groups >= 0)
    minutes = np.maximum(courses.accepted[rows] - courses.reported[rows], 0) / MINUTE_US
    order = np.lexsort((minutes, groups[rows]))
    sizes = np.bincount(groups[rows], minlength=len(frame.weeks) * frame.size)
    starts = np.cumsum(sizes) - sizes
    filled = np.flatnonzero(sizes)
    low = starts[filled] + (sizes[filled] - 1) // 2
    high = starts[filled] + sizes[filled] // 2
    value = np.zeros(len(sizes))
    value[filled] = (minutes[order][low] + minutes[order][high]) / 2
    count = sizes.reshape(frame.shape).astype(float)
    return Figures.of("first_response", np.full(frame.shape, np.nan), count, value.reshape(frame.shape))


def _afterwards(courses: Courses, frame: Frame) -> dict[str, Figures]:
    """Follow-up of the reports that were closed in a week and stayed so until its cut-off, and what it found."""
    row = courses.span_row
    week = frame.cohort(courses.closed_from)
    cut = frame.cut_off[week]
    groups = np.where(courses.closed_to > cut, frame.groups(week, row), -1)
    asked = (courses.followed_up[row] <= cut) & (courses.followed_up[row] >= courses.closed_from)
    followed = Figures.of("follow_up_rate", frame.count(groups, asked), frame.count(groups))

    groups = np.where(courses.reached, frame.groups(frame.cohort(courses.followed_up)), -1)
    satisfied = Figures.of("satisfaction_rate", frame.count(groups, courses.satisfied), frame.count(groups))
    return {"follow_up_rate": followed, "satisfaction_rate": satisfied}


def merged(parts: Sequence[Mapping[str, Figures]]) -> dict[str, Figures]:
    """Figures of consecutive weeks, put together."""
    names = ("numerator", "denominator", "value", "reason")
    return {
        kpi: Figures(kpi, *(np.concatenate([getattr(part[kpi], name) for part in parts]) for name in names))
        for kpi in parts[0]
    }
