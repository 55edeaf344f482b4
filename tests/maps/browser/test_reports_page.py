"""The list of reports in a real browser: filtered, opened, dispatched, and kept where somebody else was quicker."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from shapely import Point

from layers.access import Principal, Role, Scope
from layers.engine import connect, sessions
from layers.passwords import hash_password
from layers.tables import Report, ReportEvent, User
from layers.workflow import StepDetails, take_step
from layers.workflow.catalogue import load_catalogue
from layers.workflow.teams import add_team
from tests.maps.browser.conftest import PASSWORD, Site, serving
from tests.maps.browser.test_review import open_page, stored, until  # noqa: F401 fixtures
from tests.two_towns import ADMIN, HOME_ADMIN, NORTH, NOW, geom, two_towns

CELL = f"{NORTH}001"
OTHER = Principal("colleague", frozenset({Role.DUTY_OFFICER}), Scope())
HARMFUL = "<img src=/x onerror=\"document.title='broken'\">井盖缺失"
MANY = 2_600
PAGE = 2_000  # reports that the list loads at once


@pytest.fixture(scope="module")
def site(spatialite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two towns with a catalogue and a team, two reports with deadlines, and very many plain ones."""
    path = tmp_path_factory.mktemp("reports") / "towns.sqlite"
    shutil.copy(spatialite_template, path)
    url = f"sqlite:///{path}"
    engine = connect(url)
    place = {"village_code": NORTH, "grid_code": CELL, "assignment": "INSIDE", "digest": "", "source": "PUBLIC"}
    with sessions(engine).begin() as session:
        two_towns(session)
        load_catalogue(session, ADMIN, now=NOW)
        add_team(session, HOME_ADMIN, name="第一网格服务站", area_code=CELL, phone="0575-87000000", now=NOW)
        rows = [
            ("d1", "ACCEPTED", NOW + timedelta(hours=5), HARMFUL),
            ("d2", "REPORTED", NOW - timedelta(days=1), "消防通道堵塞"),
        ]
        for key, state, due, text in rows:
            report = Report(
                report_key=key, reported_at=NOW - timedelta(days=2), category="SAFETY", state=state, due_at=due,
                description=text, geom=geom(Point(120.003, 29.806)), **place,
            )  # fmt: skip
            session.add(report)
            session.flush()
            session.add(
                ReportEvent(
                    report_id=report.id,
                    sequence=1,
                    at=report.reported_at,
                    by="hotline",
                    step="report",
                    state="REPORTED",
                )
            )
        session.execute(
            sa.insert(Report),
            [
                {
                    "report_key": f"m{n}",
                    "reported_at": NOW - timedelta(minutes=n),
                    "category": "SERVICE",
                    "state": "CLOSED",
                    "revision": 1,
                }
                | place
                for n in range(MANY)
            ],
        )
        for name, role in (("officer", Role.DUTY_OFFICER), ("reader", Role.VIEWER)):
            session.add(
                User(name=name, password_hash=hash_password(PASSWORD), roles=[role], scope_code="", created_at=NOW)
            )
    engine.dispose()
    with serving(url, NOW) as home:
        yield Site(home, url)


def keys(page) -> list[str]:
    """The keys of the rows on the screen."""
    return page.eval_on_selector_all("#rows .case", "rows => rows.map((row) => row.dataset.key)")


def test_filters_search_and_address(open_page):  # noqa: F811
    page = open_page("/reports")
    assert keys(page)[:2] == ["d2", "d1"]
    assert page.locator("#rows .due.over").count() == 1
    page.keyboard.press("o")
    until(page, lambda: keys(page) == ["d2"])
    until(page, lambda: "due=overdue" in page.url)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert keys(page) == ["d2"]
    page.keyboard.press("o")
    page.keyboard.press("/")
    page.keyboard.type("井盖")
    until(page, lambda: keys(page) == ["d1"])
    assert HARMFUL in page.inner_text("#rows")
    page.fill("#search", "")
    page.click("#group-closed")
    until(page, lambda: page.evaluate("window.fengqiaoReports.shown()") == PAGE)
    until(page, lambda: "2,000" in page.inner_text("#standing") and "2,6" in page.inner_text("#standing"))
    assert len(keys(page)) < 60
    page.focus("#list")
    page.keyboard.press("End")
    until(page, lambda: page.evaluate("window.fengqiaoReports.shown()") > MANY)
    page.keyboard.press("End")
    until(page, lambda: page.locator('#rows .case[aria-selected="true"]').count() == 1)
    assert int(page.locator('#rows .case[aria-selected="true"]').get_attribute("aria-posinset")) > MANY


def test_the_server_filters_a_list_that_is_longer_than_a_page(open_page):  # noqa: F811
    page = open_page("/reports?groups=waiting,in_hand,to_check,closed")
    assert keys(page)[:2] == ["d2", "d1"]
    page.keyboard.press("o")
    until(page, lambda: keys(page) == ["d2"])
    page.keyboard.press("o")
    page.keyboard.press("/")
    page.keyboard.type("m2599")
    until(page, lambda: keys(page) == ["m2599"])
    page.fill("#search", "")
    page.check("#filter-near")
    until(page, lambda: 1 < page.evaluate("window.fengqiaoReports.shown()") < 50)
    assert keys(page)[:2] == ["d2", "d1"]


def test_a_report_is_dispatched_and_a_conflict_keeps_what_was_written(open_page, stored):  # noqa: F811
    page = open_page("/reports?selection=report:d1")
    page.watch.allow("412")
    page.wait_for_selector("#detail .timeline")
    assert "第一网格服务站" not in page.inner_text("#detail .facts")
    page.click('#detail button[data-step="dispatch"]')
    page.fill("#ask-note", "请今日到场")
    stored(lambda session: take_step(session, OTHER, "d1", "set_urgency", StepDetails(urgency="URGENT"), now=NOW))
    page.click("#ask .primary")
    page.wait_for_selector("#ask .conflict")
    assert "colleague" in page.inner_text("#ask")
    assert page.input_value("#ask-note") == "请今日到场"
    page.click("#ask .primary")
    until(page, lambda: "第一网格服务站" in page.inner_text("#detail .facts"))
    assert "0575-87000000" in page.inner_text("#detail .facts")
    assert "请今日到场" in page.inner_text("#detail .timeline")
    report = stored(
        lambda session: session.execute(sa.select(Report.state, Report.held_by).where(Report.report_key == "d1")).one()
    )
    assert tuple(report) == ("DISPATCHED", CELL)
    page.keyboard.press("Escape")
    assert page.is_hidden("#detail")


def test_a_reader_looks_and_does_not_act(open_page):  # noqa: F811
    page = open_page("/reports?lang=en", "reader")
    page.focus("#list")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("#detail .timeline")
    assert page.locator("#detail button[data-step]").count() == 0
    assert "may not act" in page.inner_text("#detail")
