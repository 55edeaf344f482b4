"""When a matter is due: deadlines in working hours and days on the Chinese calendar, and how much of one is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from layers.errors import InvalidInputError
from layers.tables import TimeUnit

SHANGHAI = "Asia/Shanghai"
OFFICE_HOURS = ((time(8, 30), time(12)), (time(13, 30), time(17, 30)))
MAX_AMOUNT = 2_000

Span = tuple[datetime, datetime]


@lru_cache(maxsize=20_000)
def is_working_day(day: date) -> bool:
    """Whether offices in China work on that day; make-up days at weekends count, public holidays do not."""
    return bool(_china().is_working_day(day))


@lru_cache(maxsize=1)
def _china():  # type: ignore[no-untyped-def]
    from holidays import country_holidays

    return country_holidays("CN")


@dataclass(frozen=True)
class WorkCalendar:
    """Office hours of one day, the time zone they are in, and which days have them.

    Raises
    ------
    InvalidInputError : the hours are empty, overlap or run backwards
    """

    hours: tuple[tuple[time, time], ...] = OFFICE_HOURS
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo(SHANGHAI))
    works: Callable[[date], bool] = is_working_day

    def __post_init__(self) -> None:
        edges = [edge for span in self.hours for edge in span]
        if not edges or any(later <= earlier for earlier, later in pairwise(edges)):
            raise InvalidInputError("Office hours must follow each other, for example 08:30-12:00,13:30-17:30.")

    @classmethod
    def parse(cls, text: str, zone: str = SHANGHAI) -> WorkCalendar:
        """The calendar of office hours written as `08:30-12:00,13:30-17:30`.

        Raises
        ------
        InvalidInputError : they cannot be read
        """
        try:
            pairs = [[time.fromisoformat(part.strip()) for part in span.split("-")] for span in text.split(",")]
            hours = tuple((opens, closes) for opens, closes in pairs)
        except ValueError:
            raise InvalidInputError(f"{text} are no office hours; write them like 08:30-12:00,13:30-17:30.") from None
        return cls(hours, ZoneInfo(zone))

    def deadline(self, start: datetime, amount: int, unit: TimeUnit) -> datetime:
        """The instant at which a matter that began at `start` is due, aware, in the zone of the calendar.

        Working hours run only inside office hours. The day of the start is not counted among working days, and the
        last of them ends with the office hours. Hours and days are those of the clock, on any day.

        Raises
        ------
        InvalidInputError : the amount is not from 1 to 2,000, or `start` has no time zone
        """
        if not 1 <= amount <= MAX_AMOUNT:
            raise InvalidInputError(f"A deadline has an amount of 1 to {MAX_AMOUNT:,}.")
        begun = self._local(start)
        if unit == TimeUnit.HOURS:
            return begun + timedelta(hours=amount)
        if unit == TimeUnit.DAYS:
            return begun + timedelta(days=amount)
        if unit == TimeUnit.WORKING_DAYS:
            day = begun.date()
            for _ in range(amount):
                day = self._next_working_day(day)
            return datetime.combine(day, self.hours[-1][1], self.zone)
        left = timedelta(hours=amount)
        for opens, closes in self._spans(begun):
            if closes - opens >= left:
                return opens + left
            left -= closes - opens
        raise AssertionError  # the spans never end

    def working_time(self, start: datetime, end: datetime) -> timedelta:
        """How much office time lies between two instants; zero if the second does not follow the first."""
        total, until = timedelta(0), self._local(end)
        if until <= self._local(start):
            return total
        for opens, closes in self._spans(self._local(start)):
            if opens >= until:
                break
            total += min(closes, until) - opens
        return total

    def remaining(self, start: datetime, due: datetime, now: datetime, *, working: bool = False) -> float:
        """The share of the time from `start` to `due` left at `now`, 1 to 0; with `working` of office time.

        A matter that is overdue has 0.
        """
        if working:
            whole, left = self.working_time(start, due), self.working_time(max(now, start), due)
        else:
            whole, left = due - start, due - now
        if whole <= timedelta(0):
            return 0.0
        return min(1.0, max(0.0, left / whole))

    def _local(self, instant: datetime) -> datetime:
        if instant.tzinfo is None:
            raise InvalidInputError("An instant needs an offset, for example 2026-03-10T12:00:00+08:00.")
        return instant.astimezone(self.zone)

    def _next_working_day(self, day: date) -> date:
        day += timedelta(days=1)
        while not self.works(day):
            day += timedelta(days=1)
        return day

    def _spans(self, start: datetime) -> Iterator[Span]:
        """Office hours that end after `start`, the first one cut at it."""
        day = start.date()
        if not self.works(day):
            day = self._next_working_day(day)
        while True:
            for opens, closes in self.hours:
                end = datetime.combine(day, closes, self.zone)
                if end > start:
                    yield max(start, datetime.combine(day, opens, self.zone)), end
            day = self._next_working_day(day)


CHINA = WorkCalendar()


def is_overdue(due: datetime | None, now: datetime) -> bool:
    """Whether a deadline has passed; without a deadline nothing is overdue."""
    return due is not None and now > due
