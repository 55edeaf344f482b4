"""ISO weeks in Chinese time: from Monday 00:00 to Monday 00:00 in Asia/Shanghai."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from layers.calendar import SHANGHAI
from layers.errors import InvalidInputError

ZONE = ZoneInfo(SHANGHAI)
FIRST_MONDAY = date(1970, 1, 5)
WEEK_US = 7 * 24 * 3600 * 1_000_000
_FIRST_US = (3 * 24 + 16) * 3600 * 1_000_000  # that Monday's midnight in Shanghai, UTC+8, since the epoch
NEVER = np.iinfo(np.int64).max
"""What stands for an instant that has not come, in arrays of microseconds since the epoch."""

GRACE = timedelta(days=7)
"""A week is looked at until so long after its end, each week as long as any other, so that weeks can be compared."""


@dataclass(frozen=True, order=True)
class Week:
    """One ISO week, counted from the Monday of 5 January 1970."""

    index: int

    @classmethod
    def parse(cls, text: str) -> Week:
        """The week that is written like 2026-W30.

        Raises
        ------
        InvalidInputError : it is not written so, or that year has no such week
        """
        found = re.fullmatch(r"(\d{4})-?W(\d{2})", text.strip(), re.ASCII | re.IGNORECASE)
        try:
            if not found:
                raise ValueError
            monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
        except ValueError:
            raise InvalidInputError(f"{text[:20]} is no ISO week; write it like 2026-W30, up to W52 or W53.") from None
        if monday < FIRST_MONDAY or monday.year > 9000:
            raise InvalidInputError(f"{text} lies before 1970 or too far ahead; take another week.")
        return cls((monday - FIRST_MONDAY).days // 7)

    @classmethod
    def of(cls, instant: datetime) -> Week:
        """The week in which an aware instant lies, in Chinese time."""
        return cls((instant.astimezone(ZONE).date() - FIRST_MONDAY).days // 7)

    @property
    def first_day(self) -> date:
        """Its Monday."""
        return FIRST_MONDAY + timedelta(weeks=self.index)

    @property
    def last_day(self) -> date:
        """Its Sunday."""
        return self.first_day + timedelta(days=6)

    @property
    def start(self) -> datetime:
        """The first instant."""
        return datetime.combine(self.first_day, time(), ZONE)

    @property
    def end(self) -> datetime:
        """The first instant after it."""
        return datetime.combine(self.first_day + timedelta(days=7), time(), ZONE)

    def shift(self, weeks: int) -> Week:
        """The week so many weeks later."""
        return Week(self.index + weeks)

    def __str__(self) -> str:
        year, week, _ = self.first_day.isocalendar()
        return f"{year:04d}-W{week:02d}"


def week_range(first: Week, last: Week) -> list[Week]:
    """All weeks from `first` to `last`, both included; empty where the second comes before the first."""
    return [Week(index) for index in range(first.index, last.index + 1)]


def last_full_week(now: datetime) -> Week:
    """The newest week that is over."""
    return Week.of(now).shift(-1)


def default_cut_off(week: Week, now: datetime) -> datetime:
    """Up to when a week is looked at: `GRACE` after its end, or now where that has not come yet."""
    return min(now, week.end + GRACE)


def require_begun(week: Week, now: datetime) -> None:
    """Refuse a week that lies ahead.

    Raises
    ------
    InvalidInputError : it begins after `now`
    """
    if week.start > now:
        raise InvalidInputError(f"{week} has not begun; the present week is {Week.of(now)}.")


def to_us(instant: datetime) -> int:
    """Microseconds since the epoch."""
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def week_indices(instants: np.ndarray) -> np.ndarray:
    """(n,) indices of the weeks in which (n,) microseconds since the epoch lie; -1 for `NEVER`.

    China has had one time, eight hours ahead, since 1992; the six summers before are not told apart.
    """
    found = (instants - _FIRST_US) // WEEK_US
    found[instants == NEVER] = -1
    return found
