"""ISO weeks in Chinese time."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from layers.errors import InvalidInputError
from layers.statistics.weeks import NEVER, Week, default_cut_off, last_full_week, to_us, week_indices, week_range


def test_a_week_begins_at_midnight_of_monday_in_china():
    sunday = datetime(2026, 5, 17, 15, 59, 59, 999_999, tzinfo=UTC)  # 23:59:59.999999 in Shanghai
    assert str(Week.of(sunday)) == "2026-W20"
    assert str(Week.of(sunday + timedelta(microseconds=1))) == "2026-W21"
    week = Week.parse("2026-W20")
    assert (week.first_day, week.last_day) == (date(2026, 5, 11), date(2026, 5, 17))
    assert week.start == datetime(2026, 5, 10, 16, tzinfo=UTC)
    assert week.end == datetime(2026, 5, 17, 16, tzinfo=UTC)
    instants = np.array([to_us(week.start) - 1, to_us(week.start), to_us(week.end) - 1, to_us(week.end), NEVER])
    assert (week_indices(instants) - week.index).tolist() == [-1, 0, 0, 1, -1 - week.index]


def test_the_turn_of_the_year_follows_iso_8601():
    # 2026 has 53 weeks: its last one runs from 28 December 2026 to 3 January 2027.
    assert str(Week.parse("2026-W53").shift(1)) == "2027-W01"
    assert Week.parse("2026-W53").last_day == date(2027, 1, 3)
    assert str(Week.of(datetime(2027, 1, 3, 4, tzinfo=UTC))) == "2026-W53"
    assert str(Week.of(datetime(2025, 12, 29, 4, tzinfo=UTC))) == "2026-W01"
    assert [str(week) for week in week_range(Week.parse("2026-W52"), Week.parse("2027-W02"))] == [
        "2026-W52",
        "2026-W53",
        "2027-W01",
        "2027-W02",
    ]


@pytest.mark.parametrize("text", ["2026-W00", "2025-W53", "2026-30", "W30", "", "2026-W3", "1969-W10", "9999-W52"])
def test_what_is_no_week_is_refused(text):
    with pytest.raises(InvalidInputError, match="week"):
        Week.parse(text)


def test_a_week_is_looked_at_for_a_week_after_its_end():
    week, now = Week.parse("2026-W20"), datetime(2026, 5, 18, 1, tzinfo=UTC)
    assert last_full_week(now) == week
    assert default_cut_off(week, now) == now
    assert default_cut_off(week, now + timedelta(days=30)) == week.end + timedelta(days=7)
