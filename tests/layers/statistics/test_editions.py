"""Closed weeks are kept, and late data re-state them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from layers.access import EVERYWHERE, Principal, Role, Scope
from layers.errors import ForbiddenError, InvalidInputError, NotFoundError
from layers.statistics.editions import changes, close_week, find_edition, list_editions
from layers.statistics.read import read_series, read_week
from layers.statistics.weeks import Week
from layers.tables import ReportEvent
from tests.layers.statistics.conftest import at
from tests.layers.statistics.test_figures import CELL, figure
from tests.two_towns import ADMIN, AWAY, FOREIGN, HOME, HOME_ADMIN, NORTH

WEEK = Week.parse("2026-W20")
MONDAY = at("2026-05-18 09:00")
VIEWER = Principal("viewer", frozenset({Role.VIEWER}), Scope())


def five_reports(course):
    for i in range(5):
        course(f"r{i}", report="2026-05-11 08:00", accept="2026-05-11 09:00", close="2026-05-12 10:00")


def test_late_data_make_a_new_version_that_says_what_changed(world, course):
    five_reports(course)
    first = close_week(world, ADMIN, WEEK, now=MONDAY)
    assert (first.edition.version, first.is_new, first.edition.cut_off) == (1, True, MONDAY)
    again = close_week(world, ADMIN, WEEK, now=MONDAY + timedelta(hours=1))
    assert (again.edition.id, again.is_new) == (first.edition.id, False)

    # What happens after the cut-off changes nothing; a report that came late from the hotline does.
    report = course("slow", report="2026-05-13 08:00", accept="2026-05-13 09:00", close="2026-05-20 10:00")
    second = close_week(world, ADMIN, WEEK, now=MONDAY + timedelta(days=9), note="hotline")
    assert (second.edition.version, second.is_new, second.edition.cut_off) == (2, True, MONDAY)
    told = {(row.level, row.kpi): (row.before[:2], row.after[:2]) for row in changes(world, second.edition, EVERYWHERE)}
    assert told["CELL", "closing_rate"] == ((5, 5), (5, 6))
    assert told["TOWN", "reported"] == ((None, 5), (None, 6))
    assert {kpi for _, kpi in told} == {"reported", "closing_rate", "first_response", "repeat_rate"} & {
        kpi for _, kpi in told
    }
    assert second.changes == len(changes(world, second.edition, EVERYWHERE))
    assert changes(world, second.edition, Scope(AWAY)) == changes(world, first.edition, EVERYWHERE) == []

    stated = read_week(world, EVERYWHERE, WEEK, level="CELL", now=at("2026-08-01 00:00"))
    assert stated.edition == second.edition
    assert figure(stated, "closing_rate", CELL) == figure(stated, "closing_rate") == (5, 6, 5 / 6, None)
    old = read_week(world, EVERYWHERE, WEEK, level="CELL", now=at("2026-08-01 00:00"), version=1)
    assert figure(old, "closing_rate", CELL) == (5, 5, 1, None)
    with pytest.raises(NotFoundError, match="version 3"):
        read_week(world, EVERYWHERE, WEEK, level="CELL", now=MONDAY, version=3)

    # Moving the cut-off on purpose lets the closing of 20 May count.
    third = close_week(world, ADMIN, WEEK, now=MONDAY + timedelta(days=9), cut_off=at("2026-05-21 00:00"))
    assert third.edition.version == 3
    series = read_series(world, EVERYWHERE, WEEK.shift(-1), WEEK, now=at("2026-08-01 00:00"), area=NORTH)
    assert [one and one.version for one in series.editions] == [None, 3]
    assert series.figures["closing_rate"].at(1, 0) == (6, 6, 1, None)
    assert world.query(ReportEvent).filter_by(report_id=report.id).count() == 3


def test_camera_figures_survive_a_late_restatement(world, course):
    first = close_week(world, ADMIN, WEEK, now=MONDAY)
    five_reports(course)
    second = close_week(world, ADMIN, WEEK, now=at("2026-09-01 09:00"))
    assert {row.kpi for row in changes(world, second.edition, EVERYWHERE)} <= {
        "reported",
        "closing_rate",
        "first_response",
        "follow_up_rate",
        "repeat_rate",
    }
    stated = read_week(world, EVERYWHERE, WEEK, level="CELL", now=at("2026-09-02 09:00"))
    assert stated.edition.id != first.edition.id
    assert figure(stated, "camera_file", CELL) == (5, 17, 5 / 17, None)


def test_an_edition_covers_the_area_that_was_closed(world, course):
    five_reports(course)
    own = close_week(world, HOME_ADMIN, WEEK, now=MONDAY).edition
    assert find_edition(world, WEEK, Scope(NORTH)) == own
    assert find_edition(world, WEEK, EVERYWHERE) is None
    assert find_edition(world, WEEK, Scope(FOREIGN)) is None
    assert list_editions(world, Scope(NORTH)) == [own]
    assert list_editions(world, Scope(AWAY)) == []
    whole = close_week(world, ADMIN, WEEK, now=MONDAY + timedelta(hours=1)).edition
    assert whole.version == 1
    assert find_edition(world, WEEK, Scope(HOME)) == whole
    # The town as a whole was closed, a county of it was not: its rates are sums, and a median cannot be summed.
    county = read_week(world, EVERYWHERE, WEEK, level="TOWN", now=at("2026-08-01 00:00"), area="999999")
    assert figure(county, "closing_rate") == (5, 5, 1, None)
    assert figure(county, "first_response")[3] == "NOT_KEPT"


def test_only_who_may_closes_a_week_that_is_over(world):
    with pytest.raises(ForbiddenError):
        close_week(world, VIEWER, WEEK, now=MONDAY)
    with pytest.raises(InvalidInputError, match="not over"):
        close_week(world, ADMIN, WEEK, now=WEEK.end - timedelta(seconds=1))
    with pytest.raises(InvalidInputError, match="cut-off"):
        close_week(world, ADMIN, WEEK, now=MONDAY, cut_off=WEEK.end - timedelta(seconds=1))
    assert close_week(world, ADMIN, WEEK, now=WEEK.end).edition.version == 1
    assert str(HOME) in close_week(world, HOME_ADMIN, WEEK, now=WEEK.end).edition.scope_code
