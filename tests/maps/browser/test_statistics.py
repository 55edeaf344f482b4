"""The page of weekly figures in a real browser: what it shows is what the API says."""

from __future__ import annotations

import io
from datetime import timedelta

import openpyxl
import pytest

from layers.engine import connect, sessions
from layers.tables import Report, ReportEvent
from tests.maps.browser.conftest import PASSWORD
from tests.maps.browser.test_browser import until
from tests.two_towns import NORTH, NOW


@pytest.fixture(scope="module")
def busy(site, tmp_path_factory):
    """Twelve reports of the last full week in the first grid, ten of them closed."""
    engine = connect(f"sqlite:///{max(tmp_path_factory.getbasetemp().glob('site*/towns.sqlite'))}")
    with sessions(engine).begin() as session:
        for i in range(12):
            at = NOW - timedelta(days=6, minutes=i)
            report = Report(report_key=f"s{i}", reported_at=at, state="CLOSED", category="LAW", source="PUBLIC",
                village_code=NORTH, grid_code=f"{NORTH}001", digest="")  # fmt: skip
            session.add(report)
            session.flush()
            steps = [("report", "REPORTED"), ("accept", "ACCEPTED")] + [("close", "CLOSED")] * (i > 1)
            session.add_all(
                ReportEvent(report_id=report.id, sequence=n, at=at + timedelta(minutes=10 * n), by="x", step=s, state=t)
                for n, (s, t) in enumerate(steps, start=1)
            )
    engine.dispose()


@pytest.fixture
def open_page(page, browser, site, busy):
    """Opens the page, signed in, and waits until it is complete."""

    def open_(query: str = ""):
        if not browser.cookies(site.url):
            account = {"name": "reader", "password": PASSWORD}
            answer = browser.request.post(f"{site.url}/api/session", data=account, headers={"Origin": site.url})
            assert answer.ok, answer.text()
        page.goto(f"{site.url}/statistics{query}")
        page.wait_for_selector("html[data-ready][data-week]")
        return page

    return open_


def test_the_figures_are_those_of_the_api(open_page, browser, site):
    page = open_page("?level=CELL")
    told = browser.request.get(f"{site.url}/api/statistics?level=CELL").json()
    assert page.get_attribute("html", "data-week") == told["week"] == "2026-W10"
    rows = page.locator("#stat-table tbody tr")
    assert [row.get_attribute("data-code") for row in rows.all()] == [area["code"] for area in told["areas"]]
    closing = told["areas"][0]["figures"]["closing_rate"]
    assert (closing["numerator"], closing["denominator"]) == (10, 12)
    assert "83.3%" in rows.nth(0).inner_text()
    assert "10 / 12" in rows.nth(0).inner_text()
    assert "暂无\n本周没有应统计的事项" in rows.nth(1).inner_text()
    card = page.locator('.card[data-kpi="closing_rate"]')
    assert "83.3%" in card.inner_text()
    assert card.locator("svg title").first.text_content() == "办结率"
    assert "2026-W10：83.3% · 10 / 12" in card.locator("svg desc").text_content()
    card.locator("summary").click()
    assert "2026-W10\t83.3%\t10 / 12" in card.locator("details table").inner_text()
    assert "暂定" in page.inner_text("#standing")
    assert page.locator("#close-week").is_hidden(), "a reader closes no week"


def test_week_level_and_language_change_by_keyboard_and_stay_in_the_address(open_page):
    page = open_page()
    page.locator("body").press("ArrowLeft")
    until(page, "document.documentElement.dataset.week === '2026-W09'")
    assert "11.9" not in page.inner_text("#stat-table")
    page.locator("body").press("ArrowRight")
    until(page, "document.documentElement.dataset.week === '2026-W10'")
    page.locator("body").press("3")
    until(page, "document.querySelectorAll('#stat-table tbody tr').length === 4")
    page.locator("body").press("/")
    page.keyboard.type("杜黄")
    until(page, "document.querySelectorAll('#stat-table tbody tr').length === 1")
    page.keyboard.press("Escape")
    page.click("#language")
    page.wait_for_selector("#standing >> text=Provisional")
    until(page, "location.search.includes('level=CELL') && location.search.includes('week=2026-W10')")
    page.fill("#week", "2026-W08")
    until(page, "document.documentElement.dataset.week === '2026-W08'")
    assert "fewer than 8 weeks" in page.inner_text("#stat-table")


def test_a_name_leads_into_its_area_and_the_workbook_follows(open_page, browser, site):
    page = open_page("?level=VILLAGE")
    page.click(f'#stat-table tr[data-code="{NORTH}"] button')
    until(page, f"location.search.includes('place={NORTH}')")
    until(page, "document.querySelectorAll('#stat-table tbody tr').length === 2")
    assert "枫源村" in page.inner_text("#whole-title")
    with page.expect_download() as waiting:
        page.click("#export")
    assert waiting.value.suggested_filename == f"statistics-2026-W10-cell-{NORTH}.xlsx"
    content = browser.request.get(f"{site.url}{page.get_attribute('#export', 'href')}").body()
    cells = [row[2] for row in openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True)]
    assert set(cells[1:]) == {NORTH, f"{NORTH}001", f"{NORTH}002"}
    page.click("#index-box summary")
    page.wait_for_selector("#index-body >> text=非官方指数")


def test_the_map_colours_what_is_given_hatches_the_rest_and_is_walked_by_keyboard(open_page):
    page = open_page("?level=CELL")
    until(page, "document.getElementById('stat-map-legend').textContent.includes('基数不足 5')")
    assert page.input_value("#measure") == "closing_rate"
    legend = page.inner_text("#stat-map-legend")
    assert "办结率" in legend
    assert "83.3%" in legend
    page.focus("#stat-map")
    page.keyboard.press("ArrowRight")
    until(page, "document.getElementById('stat-map-line').textContent.includes('83.3%')")
    assert "10 / 12" in page.inner_text("#stat-map-line")
    page.keyboard.press("ArrowRight")
    until(page, "document.getElementById('stat-map-line').textContent.includes('没有应统计')")
    page.select_option("#measure", "reported")
    until(page, "location.search.includes('measure=reported')")
    assert "上报件数" in page.inner_text("#stat-map-legend")
    page.focus("#stat-map")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    until(page, f"location.search.includes('place={NORTH}001')")


def test_an_administrator_closes_the_week(page, browser, site, busy):
    browser.clear_cookies()
    page.goto(f"{site.url}/login?next=/statistics")
    page.fill("#name", "admin")
    page.fill("#password", site.one_time)
    page.press("#password", "Enter")
    page.wait_for_selector("#new-password:not([hidden])")
    page.fill("#first", PASSWORD)
    page.fill("#second", PASSWORD)
    page.press("#second", "Enter")
    page.wait_for_selector("html[data-ready][data-week]")
    page.click("#close-week")
    page.wait_for_selector("#standing >> text=已结周 · 第 1 版")
    assert page.inner_text("#close-week") == "重新核定"
    page.click("#close-week")
    page.wait_for_selector("#notice >> text=没有变化")
    browser.clear_cookies()
