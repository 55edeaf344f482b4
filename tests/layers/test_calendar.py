"""Deadlines on the calendar of 2026, counted by hand; 10 October 2026 is a Saturday that offices work."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.calendar import CHINA, WorkCalendar, is_overdue, is_working_day
from layers.errors import InvalidInputError
from layers.tables import TimeUnit

instants = st.datetimes(datetime(2026, 1, 1), datetime(2026, 11, 30)).map(lambda when: when.replace(tzinfo=UTC))
amounts = st.integers(1, 60)
working = st.sampled_from([TimeUnit.WORKING_HOURS, TimeUnit.WORKING_DAYS])


def at(text):
    return datetime.fromisoformat(f"2026-{text}+08:00")


@pytest.mark.parametrize(
    ("start", "amount", "unit", "due"),
    [
        ("11-16T09:00", 4, "WORKING_HOURS", "11-16T14:30"),  # three hours before noon, one after
        ("11-16T08:30", 7, "WORKING_HOURS", "11-16T17:00"),
        ("11-16T12:30", 1, "WORKING_HOURS", "11-16T14:30"),  # begins in the break
        ("11-20T17:00", 1, "WORKING_HOURS", "11-23T09:00"),  # Friday to Monday
        ("11-16T09:00", 3, "WORKING_HOURS", "11-16T12:00"),  # at the very end of a span
        ("09-30T17:00", 1, "WORKING_HOURS", "10-08T09:00"),  # over the National Day holiday
        ("10-09T10:00", 1, "WORKING_DAYS", "10-10T17:30"),  # the make-up Saturday
        ("10-09T10:00", 2, "WORKING_DAYS", "10-12T17:30"),
        ("11-20T10:00", 15, "WORKING_DAYS", "12-11T17:30"),
        ("11-21T23:00", 4, "HOURS", "11-22T03:00"),
        ("11-20T10:00", 2, "DAYS", "11-22T10:00"),
    ],
)
def test_deadlines_counted_by_hand(start, amount, unit, due):
    assert CHINA.deadline(at(start), amount, TimeUnit(unit)) == at(due)


def test_make_up_days_work_and_holidays_do_not():
    assert is_working_day(at("10-10T00:00").date())
    assert not is_working_day(at("10-01T00:00").date())
    assert not is_working_day(at("10-11T00:00").date())


@given(instants, amounts, working)
def test_a_working_deadline_lies_in_office_hours_after_its_start(start, amount, unit):
    due = CHINA.deadline(start, amount, unit)
    assert due > start
    assert is_working_day(due.date())
    assert any(opens < due.time() <= closes for opens, closes in CHINA.hours)


@given(instants, st.timedeltas(timedelta(0), timedelta(days=12)), amounts, st.integers(0, 5), st.sampled_from(TimeUnit))
def test_who_begins_later_or_has_more_time_is_never_due_earlier(start, later, amount, more, unit):
    assert CHINA.deadline(start + later, amount + more, unit) >= CHINA.deadline(start, amount, unit)


@given(instants, amounts)
def test_working_hours_are_the_office_time_until_the_deadline(start, amount):
    due = CHINA.deadline(start, amount, TimeUnit.WORKING_HOURS)
    assert CHINA.working_time(start, due) == timedelta(hours=amount)


@given(instants, st.timedeltas(timedelta(0), timedelta(days=9)), st.timedeltas(timedelta(0), timedelta(days=9)))
def test_office_time_adds_up(start, first, second):
    middle, end = start + first, start + first + second
    whole = CHINA.working_time(start, end)
    assert CHINA.working_time(start, middle) + CHINA.working_time(middle, end) == whole


def test_what_is_left_of_a_deadline():
    start, due = at("11-20T15:30"), at("11-23T10:30")  # Friday to Monday: 67 hours, of them 4 in the office
    assert CHINA.remaining(start, due, at("11-21T12:00"), working=True) == 0.5
    assert CHINA.remaining(start, due, start + timedelta(hours=33.5)) == 0.5
    assert CHINA.remaining(start, due, due + timedelta(days=1), working=True) == 0
    assert CHINA.remaining(start, due, start - timedelta(days=1), working=True) == 1
    assert CHINA.remaining(due, due, due) == 0
    assert not is_overdue(due, due)
    assert is_overdue(due, due + timedelta(seconds=1))
    assert not is_overdue(None, due)


def test_other_office_hours():
    night = WorkCalendar.parse("00:00-06:00, 22:00-23:30")
    assert night.deadline(at("11-16T05:00"), 2, TimeUnit.WORKING_HOURS) == at("11-16T23:00")


@pytest.mark.parametrize("text", ["", "9-17", "17:00-09:00", "08:00-12:00,11:00-17:00", "08:00"])
def test_office_hours_that_make_no_sense(text):
    with pytest.raises(InvalidInputError, match="08:30-12:00"):
        WorkCalendar.parse(text)


def test_bad_amounts_and_instants():
    for amount in (0, -1, 2_001):
        with pytest.raises(InvalidInputError):
            CHINA.deadline(at("11-16T09:00"), amount, TimeUnit.DAYS)
    with pytest.raises(InvalidInputError, match="offset"):
        CHINA.deadline(datetime(2026, 11, 16), 1, TimeUnit.DAYS)
