"""Figures against counts by hand, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from layers.access import EVERYWHERE, Scope
from layers.errors import ForbiddenError, InvalidInputError
from layers.statistics.arrays import fetch_arrays
from layers.statistics.kpis import KPIS, Basis
from layers.statistics.read import read_series, read_week
from layers.statistics.weeks import NEVER, Week, to_us
from layers.tables import Address, Grid, GridLevel, GridLineage, GridSight, HouseholdVisit, Report
from tests.layers.statistics.conftest import at, place
from tests.two_towns import AWAY, FOREIGN, HOME, NORTH, box, grid

WEEK = Week.parse("2026-W20")  # 11 to 17 May
LATER = at("2026-06-20 12:00")
CELL, OTHER = f"{NORTH}001", f"{NORTH}002"


def figure(found, kpi, code=None):
    """Numerator, denominator, value and reason; NaN as None."""
    part = found.whole if code is None else found.level
    area = 0 if code is None else list(part.areas.codes).index(code)
    return tuple(None if value != value else value for value in part.figures[kpi].at(0, area))  # noqa: PLR0124


def cells(session, **more):
    return read_week(session, EVERYWHERE, WEEK, level="CELL", now=LATER, **more)


def test_closing_counts_the_week_of_acceptance(world, course):
    for i in range(4):
        course(f"done{i}", report="2026-05-10 20:00", accept="2026-05-11 00:00", close=f"2026-05-2{i} 10:00")
    course("late", report="2026-05-17 10:00", accept="2026-05-17 23:59", close="2026-05-25 00:01")  # after the cut-off
    course("before", report="2026-05-10 20:00", accept="2026-05-10 23:59", close="2026-05-12 10:00")
    course("spot", report="2026-05-12 08:00", close_on_the_spot="2026-05-12 08:30")
    course("waits", report="2026-05-12 08:00")
    found = cells(world)
    assert figure(found, "closing_rate", CELL) == (5, 6, 5 / 6, None)
    assert figure(found, "reported", CELL) == (None, 3, 3, None)
    assert found.cut_off == WEEK.end + timedelta(days=7)
    assert not found.provisional
    # 240 minutes four times, 839 for the late one, 30 on the spot: of six, the mean of the middle two.
    assert figure(found, "first_response", CELL) == (None, 6, 240, None)


def test_below_the_minimum_base_there_is_no_figure(world, course):
    for i in range(4):
        course(f"r{i}", report="2026-05-11 08:00", accept="2026-05-11 09:00")
    found = cells(world)
    assert figure(found, "closing_rate", CELL) == (0, 4, None, "BELOW_BASE")
    assert figure(found, "closing_rate", OTHER) == (0, 0, None, "NOTHING_DUE")
    assert figure(found, "reported", OTHER) == (None, 0, 0, None)
    course("r4", report="2026-05-11 08:00", accept="2026-05-11 09:00")
    assert figure(cells(world), "closing_rate", CELL) == (0, 5, 0, None)


def test_an_extension_moves_the_deadline_to_its_week(world, course):
    due = {"due_at": at("2026-05-13 12:00")}
    for i in range(4):
        course(f"r{i}", more=due, report="2026-05-11 08:00", accept="2026-05-11 09:00", close="2026-05-13 12:00")
    course("slow", more=due, report="2026-05-11 08:00", accept="2026-05-11 09:00", close="2026-05-13 12:01")
    longer = due | {"extended_until": at("2026-05-20 12:00")}
    steps = {"report": "2026-05-11 08:00", "accept": "2026-05-11 09:00", "approve_extension": "2026-05-13 11:00"}
    course("longer", more=longer, **steps, close="2026-05-20 11:00")
    assert figure(cells(world), "on_time_rate", CELL) == (4, 5, 0.8, None)
    after = read_week(world, EVERYWHERE, WEEK.shift(1), level="CELL", now=LATER)
    assert figure(after, "on_time_rate", CELL) == (1, 1, None, "BELOW_BASE")
    # While the extension was not granted yet, the report was due by its first deadline.
    early = read_week(world, EVERYWHERE, WEEK, level="CELL", now=at("2026-05-13 12:30"))
    assert figure(early, "on_time_rate", CELL) == (4, 5, 0.8, None)
    assert early.provisional


def test_reopening_takes_a_closing_back(world, course):
    for i in range(4):
        course(f"r{i}", report="2026-05-11 08:00", accept="2026-05-11 09:00", close="2026-05-12 10:00",
            follow_up="2026-05-13 10:00", more={"satisfaction": "YES" if i else "NO", "category": f"C{i}"})  # fmt: skip
    steps = {"report": "2026-05-11 08:00", "accept": "2026-05-11 09:00", "close": "2026-05-12 10:00"}
    course("open", more={"category": "A"}, **steps, reopen="2026-05-13 09:00")
    course("again", more={"category": "B"}, **steps, reopen="2026-05-13 09:00", handle="2026-05-14 09:00",
        close_="2026-05-15 09:00")  # fmt: skip
    found = cells(world)
    assert figure(found, "closing_rate", CELL) == (5, 6, 5 / 6, None)
    assert figure(found, "repeat_rate", CELL) == (2, 6, 2 / 6, None)
    assert figure(found, "follow_up_rate", CELL) == (4, 5, 0.8, None)
    assert figure(found, "satisfaction_rate", CELL) == (3, 4, None, "BELOW_BASE")


def test_returns_count_after_a_dispatch(world, course):
    for i in range(3):
        course(f"r{i}", report="2026-05-11 08:00", accept="2026-05-11 09:00", dispatch="2026-05-11 10:00")
    course("back", report="2026-05-11 08:00", accept="2026-05-11 09:00", dispatch="2026-05-11 10:00",
        return_="2026-05-12 10:00")  # fmt: skip
    course("first", report="2026-05-11 08:00", return_="2026-05-11 08:30", accept="2026-05-11 09:00",
        dispatch="2026-05-11 10:00")  # fmt: skip
    assert figure(cells(world), "return_rate", CELL) == (1, 5, 0.2, None)


@pytest.mark.parametrize(("metres", "repeats"), [(49, 1), (51, 0)])
def test_the_same_place_is_within_fifty_metres(world, course, metres, repeats):
    course("old", more={"geom": place(120.002)}, report="2026-04-20 08:00")
    for i in range(4):
        course(f"r{i}", more={"geom": place(120.001, 29.8 + i / 1000)}, report="2026-05-11 08:00")
    north = place(120.002, 29.805 + metres / 111_195)
    course("new", more={"geom": north}, report="2026-05-11 09:00")
    assert figure(cells(world), "repeat_rate", CELL)[:2] == (repeats, 5)


def test_the_same_address_repeats_for_thirty_days(world, course):
    text = {"address_text": "和平路12号"}
    course("old", more=text, report="2026-04-17 09:00")
    course("other", more=text | {"category": "DISPUTE"}, report="2026-05-16 08:00")
    course("within", more=text, report="2026-05-17 09:00")  # thirty days to the minute
    course("month", more={"address_text": "和平路13号"}, report="2026-04-11 08:59")
    course("beyond", more={"address_text": "和平路13号"}, report="2026-05-11 09:00")
    for i in range(2):
        course(f"r{i}", report="2026-05-11 08:00")
    assert figure(cells(world), "repeat_rate", CELL) == (1, 5, 0.2, None)


def test_a_file_that_brings_finished_reports_gives_no_response_time(world, course):
    for i in range(5):
        course(f"r{i}", report="2026-05-11 08:00", load="2026-05-12 10:00")
    found = cells(world)
    assert figure(found, "closing_rate", CELL) == (5, 5, 1, None)
    assert figure(found, "first_response", CELL) == (None, 0, None, "NOTHING_DUE")


def test_levels_and_the_whole_add_up(world, course):
    for i, cell in enumerate([CELL, CELL, OTHER, f"{HOME}002001", f"{FOREIGN}001"]):
        course(f"r{i}", cell=cell, report="2026-05-11 08:00")
    course("nowhere", report="2026-05-11 08:00", more={"village_code": None, "grid_code": None})
    counts = {}
    for level in ("CELL", "VILLAGE", "TOWN"):
        found = read_week(world, EVERYWHERE, WEEK, level=level, now=LATER)
        counts[level] = dict(
            zip(found.level.areas.codes, found.level.figures["reported"].denominator[0].tolist(), strict=True)
        )
        assert found.unplaced == 1
        assert figure(found, "reported") == (None, 6, 6, None)
    assert counts["CELL"] == {CELL: 2, OTHER: 1, f"{HOME}002001": 1, f"{FOREIGN}001": 1}
    assert counts["VILLAGE"] == {NORTH: 3, f"{HOME}002": 1, FOREIGN: 1}
    assert counts["TOWN"] == {HOME: 4, AWAY: 1}
    own = read_week(world, Scope(HOME), WEEK, level="VILLAGE", now=LATER)
    assert list(own.level.areas.codes) == [NORTH, f"{HOME}002"]
    assert figure(own, "reported") == (None, 4, 4, None)
    with pytest.raises(ForbiddenError):
        read_week(world, Scope(HOME), WEEK, level="VILLAGE", now=LATER, area=FOREIGN)
    with pytest.raises(InvalidInputError, match="not begun"):
        read_week(world, EVERYWHERE, Week.of(LATER).shift(1), level="CELL", now=LATER)


def redraw(session):
    """From June the two grids of the village are one."""
    old = session.query(Grid).filter(Grid.code.in_([CELL, OTHER])).order_by(Grid.code).all()
    june = at("2026-06-01 00:00").date()
    for row in old:
        row.valid_to = june
    session.add(grid(f"{NORTH}003", "合并网格", GridLevel.CELL, box(120.00, 120.01), valid_from=june, households=600))
    plan = session.query(Grid).filter(Grid.plan_id.is_not(None)).first().plan_id
    for row in old:
        session.add(
            GridLineage(plan_id=plan, old_code=row.code, new_code=f"{NORTH}003", op="MERGE", share_households=1.0)
        )
    session.flush()


def test_redrawn_grids_count_as_they_were_or_as_they_are(world, course):
    for i, cell in enumerate([CELL, CELL, OTHER]):
        course(
            f"r{i}", cell=cell, more={"geom": place(120.002 if cell == CELL else 120.007)}, report="2026-05-11 08:00"
        )
    course("text", cell=OTHER, report="2026-05-11 08:00")
    redraw(world)
    course("moved", cell=f"{NORTH}003", more={"geom": place(120.007)}, report="2026-05-12 08:00")  # re-homed while open
    course("blind", cell=f"{NORTH}003", report="2026-05-12 08:00")
    was = cells(world)
    assert list(was.level.areas.codes)[:2] == [CELL, OTHER]
    assert [figure(was, "reported", code)[2] for code in (CELL, OTHER)] == [3, 3]  # the blind one to the smaller code
    now = cells(world, basis=Basis.TODAYS_GRIDS)
    assert f"{NORTH}003" in now.level.areas.codes
    assert CELL not in now.level.areas.codes
    assert figure(now, "reported", f"{NORTH}003")[2] == 6
    assert figure(now, "visit_coverage", f"{NORTH}003")[3] == "OTHER_GRIDS"


def test_visits_are_a_share_of_the_households_of_the_time(world):
    world.add(HouseholdVisit(grid_code=CELL, week=str(WEEK), households=60, loaded_at=LATER))
    found = cells(world)
    assert figure(found, "visit_coverage", CELL) == (60, 300, 0.2, None)
    assert figure(found, "visit_coverage", OTHER) == (None, None, None, "NO_VISIT_COUNTS")
    assert figure(found, "visit_coverage") == (60, 300, 0.2, None)
    world.query(Grid).filter(Grid.code == CELL).one().households = None
    world.flush()
    assert figure(cells(world), "visit_coverage", CELL)[3] == "NO_HOUSEHOLDS"


def test_camera_files_are_as_complete_as_their_fields(world):
    world.add(GridSight(grid_code=CELL, village_code=NORTH, settled_m2=1000, seen_m2=250, cameras=1, computed_at=LATER))
    world.flush()
    now = at("2026-05-18 09:00")
    found = read_week(world, EVERYWHERE, WEEK, level="CELL", now=now)
    # Of 17 fields the one camera that is not removed has name, bearing, angle, range and asset state.
    assert figure(found, "camera_file", CELL) == (5, 17, 5 / 17, None)
    assert figure(found, "camera_file", OTHER)[3] == "NO_CAMERAS"
    assert figure(found, "camera_sight", CELL) == (250, 1000, 0.25, None)
    assert figure(found, "camera_sight", OTHER)[3] == "NOT_COMPUTED"
    assert figure(found, "camera_online", CELL)[3] == "NO_OBSERVATIONS"
    assert figure(cells(world), "camera_file", CELL)[3] == "NO_HISTORY"


def test_a_series_says_the_same_as_its_weeks(world, course):
    for i in range(12):
        day = 11 + i
        course(f"r{i}", report=f"2026-05-{day} 08:00", accept=f"2026-05-{day} 09:{i:02d}", close="2026-05-26 10:00",
            more={"due_at": at(f"2026-05-{day + 1} 08:00")})  # fmt: skip
    series = read_series(world, Scope(HOME), WEEK.shift(-1), WEEK.shift(2), now=LATER, area=NORTH)
    for w, week in enumerate(series.weeks):
        single = read_week(world, Scope(HOME), week, level="CELL", now=LATER, area=NORTH)
        for kpi in KPIS:
            together = tuple(None if v != v else v for v in series.figures[kpi.key].at(w, 0))  # noqa: PLR0124
            assert together == figure(single, kpi.key), (week, kpi.key)
    assert series.figures["closing_rate"].at(1, 0)[:2] == (0, 7)  # the closing comes after that week's cut-off
    with pytest.raises(InvalidInputError, match="weeks"):
        read_series(world, EVERYWHERE, WEEK, WEEK.shift(-1), now=LATER)


def test_an_empty_database_has_figures_for_nobody(session):
    found = cells(session)
    assert len(found.level.areas) == 0
    assert figure(found, "closing_rate") == (0, 0, None, "NOTHING_DUE")
    assert found.bursts.count.tolist() == []
    assert session.query(Report).count() == session.query(Address).count() == 0


def test_texts_that_hold_the_mark_between_values_are_read_all_the_same(world, course):
    """The database packs a column into one text; nobody's words may shift the rows after them."""
    for key, words in (("a", "one\x1ftwo"), ("b", None), ("c", "x")):
        course(key, report="2026-05-11 08:00", more={"description": words})
    table = Report.__table__.c
    columns = {"key": table.report_key, "words": table.description, "at": table.reported_at, "due": table.due_at}
    wanted = table.report_key.in_(["a", "b", "c"])
    read = fetch_arrays(world, columns, lambda *selected: sa.select(*selected).where(wanted).order_by(table.id))
    assert read["key"].tolist() == ["a", "b", "c"]
    assert read["words"].tolist() == ["one two", None, "x"]
    assert set(read["at"].tolist()) == {to_us(at("2026-05-11 08:00"))}
    assert set(read["due"].tolist()) == {NEVER}
    nothing = fetch_arrays(world, columns, lambda *selected: sa.select(*selected).where(sa.false()))
    assert [len(values) for values in nothing.values()] == [0, 0, 0, 0]
