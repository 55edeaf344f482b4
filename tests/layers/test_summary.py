"""The figures of an area, counted by hand in the world of two towns."""

from datetime import timedelta, timezone

from layers.access import EVERYWHERE, Scope
from layers.reports import report_frame
from layers.summary import summary
from layers.tables import Report, ReportState
from tests.two_towns import HOME, NORTH, NOW

SHANGHAI = timezone(timedelta(hours=8))
NOON = NOW.astimezone(SHANGHAI)


def test_figures_of_one_town(world):
    found = summary(world, Scope(HOME), as_of=NOON.date(), now=NOON)
    assert found.grids == {"TOWN": 1, "VILLAGE": 2, "CELL": 3, "MICRO": 0}
    assert (found.households, found.addresses, found.cameras_in_use) == (6, 1, 1)
    assert (found.reports_open, found.reports_today, found.reports_closed_today) == (2, 1, 1)
    assert found.newest_report_at == NOW - timedelta(hours=2)
    assert found.data_age_s == 0  # the boundaries were loaded at NOW


def test_everything_is_the_sum_of_the_towns(world):
    found = summary(world, EVERYWHERE, as_of=NOON.date(), now=NOON)
    assert found.grids == {"TOWN": 2, "VILLAGE": 3, "CELL": 4, "MICRO": 0}
    assert (found.households, found.cameras_in_use, found.reports_open) == (12, 2, 4)


def test_the_day_begins_at_midnight_of_the_place(world):
    hawaii = NOW.astimezone(timezone(timedelta(hours=-10)))  # 18:00 of the ninth; the newest report came at 16:00
    late = (NOW + timedelta(hours=13)).astimezone(SHANGHAI)  # 01:00 of the eleventh
    assert summary(world, Scope(HOME), as_of=NOON.date(), now=hawaii).reports_today == 1
    assert summary(world, Scope(HOME), as_of=NOON.date(), now=late).reports_today == 0


def test_void_reports_are_not_counted_for_today(world):
    newest = int(report_frame(world, Scope(HOME), limit=1)["id"].iloc[0])
    world.get_one(Report, newest).state = ReportState.VOID
    world.flush()
    found = summary(world, Scope(HOME), as_of=NOON.date(), now=NOON)
    assert (found.reports_open, found.reports_today) == (1, 0)


def test_an_empty_area_has_no_age_of_its_own(session):
    found = summary(session, Scope(NORTH), as_of=NOON.date(), now=NOON)
    assert (found.households, found.addresses, found.reports_open) == (0, 0, 0)
    assert found.newest_report_at is None
    assert found.data_age_s is None
