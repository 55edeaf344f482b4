"""The review queue in a real browser: two strokes accept, dragging corrects, the next one comes by itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from shapely import Point

from layers import review
from layers.access import Principal, Role, Scope
from layers.engine import connect, sessions
from layers.passwords import hash_password
from layers.tables import AddressAlias, Report, ReportCandidate, ReportEvent, ReviewDecision, User
from tests.maps.browser.conftest import PASSWORD, Site, serving
from tests.two_towns import NORTH, NOW, geom, two_towns

CELL, OTHER_CELL = f"{NORTH}001", f"{NORTH}002"
TEXTS = (
    "枫溪镇枫源村和平路12号3幢附近，路灯不亮",
    "枫源村和平路一带",
    "枫溪镇枫源村和平路20号",
    "枫溪镇枫源村和平路20号",
    "老年活动中心旁",
)
OTHER = Principal("colleague", frozenset({Role.DUTY_OFFICER}), Scope())
TRACE = [
    ["枫溪镇", "枫溪镇", "exact", 1.0],
    ["和平路", "和平路", "exact", 1.0],
    ["12号", "12号", "number", 1.0],
    ["", "第一网格", "grid", 0.62],
]


def queue_reports(session) -> None:
    """Five reports, the first one waiting longest, each with three candidates, of which the last is a grid alone."""
    for number, text in enumerate(TEXTS, 1):
        at = NOW - timedelta(hours=12 - number)
        report = Report(
            report_key=f"q{number}", reported_at=at, category="CITY_ASSET", source="HOTLINE_12345", address_text=text,
            description="市民反映，晚上没有照明", state="REPORTED", assignment="REVIEW", digest="",
        )  # fmt: skip
        session.add(report)
        session.flush()
        session.add(ReportEvent(report_id=report.id, sequence=1, at=at, by="hotline", step="report", state="REPORTED"))
        for rank, code, lon, share in ((1, CELL, 120.003, 0.62), (2, OTHER_CELL, 120.007, 0.27), (3, CELL, None, 0.08)):
            session.add(
                ReportCandidate(
                    report_id=report.id, rank=rank, level="NUMBER" if lon else "ROAD",
                    label=f"枫溪镇和平路{12 + rank}号",
                    village_code=NORTH, grid_code=code, confidence=share, radius_m=60.0 * rank, trace=TRACE,
                    geom=geom(Point(lon, 29.805)) if lon else None,
                )
            )  # fmt: skip


@pytest.fixture(scope="module")
def site(spatialite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two towns with five reports in the queue, an officer, and a reader."""
    path = tmp_path_factory.mktemp("review") / "towns.sqlite"
    shutil.copy(spatialite_template, path)
    url = f"sqlite:///{path}"
    engine = connect(url)
    with sessions(engine).begin() as session:
        two_towns(session)
        queue_reports(session)
        for name, role in (("officer", Role.DUTY_OFFICER), ("reader", Role.VIEWER)):
            session.add(
                User(name=name, password_hash=hash_password(PASSWORD), roles=[role], scope_code="", created_at=NOW)
            )
    engine.dispose()
    with serving(url, NOW) as home:
        yield Site(home, url)


@pytest.fixture
def open_page(page, browser, site):
    """Opens a page for an account and waits until it is complete."""

    def open_(path: str, name: str = "officer") -> object:
        browser.clear_cookies()
        answer = browser.request.post(
            f"{site.url}/api/session", data={"name": name, "password": PASSWORD}, headers={"Origin": site.url}
        )
        assert answer.ok, answer.text()
        page.goto(f"{site.url}{path}")
        page.wait_for_selector("html[data-ready]")
        return page

    return open_


@pytest.fixture
def stored(site):
    """Runs a function with a session of the site's database."""
    engine = connect(site.one_time)

    def run(work):
        with sessions(engine).begin() as session:
            return work(session)

    yield run
    engine.dispose()


def until(page, holds) -> None:
    """Waits until a condition holds."""
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError("waited for ten seconds in vain")


def shown(page) -> str:
    """The key of the report on the screen."""
    return page.inner_text("#case .origin a")


def test_the_queue_is_worked_through_by_keyboard_and_by_dragging(open_page, stored):
    page = open_page("/review")
    assert shown(page) == "q1"
    until(page, lambda: page.locator("#review-figures dd").all_inner_texts()[:1] == ["5"])
    parts = page.eval_on_selector_all(
        "#case .part", "all => all.map((one) => [one.dataset.field, one.querySelector('b').textContent])"
    )
    assert ["road", "和平路"] in parts
    assert page.locator("#map .candidate-mark").count() == 2

    page.keyboard.press("Enter")
    assert shown(page) == "q1"
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    until(page, lambda: shown(page) == "q2")
    place = stored(
        lambda session: session.execute(
            sa.select(Report.assignment, Report.grid_code).where(Report.report_key == "q1")
        ).one()
    )
    assert tuple(place) == ("REVIEWED", CELL)

    page.keyboard.press("u")
    until(page, lambda: shown(page) == "q1")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    until(page, lambda: shown(page) == "q2")

    page.keyboard.press("s")
    assert "和平路一带" in page.input_value("#ask-question")
    page.keyboard.press("Control+Enter")
    until(page, lambda: shown(page) == "q3")
    assert (
        stored(lambda session: session.scalar(sa.select(Report.state).where(Report.report_key == "q2"))) == "RETURNED"
    )

    box = page.locator("#map").bounding_box()
    at = page.evaluate("window.fengqiaoReview.pin()")
    x, y = box["x"] + at["x"], box["y"] + at["y"] - 20
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 30, steps=6)
    page.mouse.up()
    page.wait_for_selector("#pin-bar:not([hidden])")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("a")
    assert page.is_checked("#alike")
    page.keyboard.press("Enter")
    until(page, lambda: shown(page) == "q5")
    assert stored(lambda session: session.scalars(sa.select(AddressAlias.text)).all()) == [TEXTS[2]]
    actions = stored(
        lambda session: session.scalars(sa.select(ReviewDecision.action).order_by(ReviewDecision.id)).all()
    )
    assert actions == ["ACCEPT", "UNDO", "ACCEPT", "ASK", "CORRECT", "CORRECT"]


def test_somebody_else_was_quicker_and_new_ones_come_in(open_page, stored):
    page = open_page("/review")
    page.watch.allow("412")
    key = shown(page)
    page.keyboard.press("1")
    stored(lambda session: review.accept(session, OTHER, key, 1, now=NOW))
    page.keyboard.press("Enter")
    page.wait_for_selector("#notice.warn")
    assert "colleague" in page.inner_text("#notice")
    until(page, lambda: page.locator("#case .empty").count() == 1)

    def again(session):
        report = session.scalars(sa.select(Report).where(Report.report_key == key)).one()
        review.undo(session, OTHER, key, now=NOW, revision=report.revision)

    stored(again)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_selector("#case .origin")
    assert shown(page) == key


def test_a_reader_is_told_that_the_queue_is_for_officers(open_page):
    page = open_page("/review?lang=en", "reader")
    assert "Officers work here" in page.inner_text("#case")
    page.click("#language")
    until(page, lambda: "这里由值班员处理" in page.inner_text("#case"))
    page.wait_for_timeout(500)  # what the map finds later draws again
    assert "这里由值班员处理" in page.inner_text("#case")
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url("**/reports*")
