"""The whole job of a planner, in a real browser on the real application with one small town."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import world
from layers.access import OPERATOR, Role
from layers.engine import connect, sessions
from layers.passwords import hash_password
from layers.plans import DrawOptions, advance_plan, draw_plan, publish_plan
from layers.tables import User
from tests.maps.browser.conftest import PASSWORD, Site, serving
from tests.maps.browser.frames import put_town
from tests.maps.browser.test_browser import until

WINTER = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def site(spatialite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two villages of 600 households with a plan in force since January, drawn for 200 a grid."""
    path = tmp_path_factory.mktemp("planner") / "town.sqlite"
    shutil.copy(spatialite_template, path)
    url = f"sqlite:///{path}"
    engine = connect(url)
    with sessions(engine).begin() as session:
        world.add_world(session)
        options = DrawOptions(target=200, effort="fast")
        plan = draw_plan(
            session,
            OPERATOR,
            scope_code=world.TOWN,
            name="2026 年初",
            options=options,
            as_of=date(2026, 1, 5),
            now=WINTER,
        )
        for step in ("submit", "approve"):
            advance_plan(session, OPERATOR, plan.id, step, now=WINTER)
        publish_plan(session, OPERATOR, plan.id, valid_from=date(2026, 1, 5), now=WINTER)
        for name, role in (("planner", Role.PLANNER), ("approver", Role.APPROVER), ("viewer", Role.VIEWER)):
            session.add(
                User(name=name, password_hash=hash_password(PASSWORD), roles=[role], scope_code="", created_at=WINTER)
            )
    engine.dispose()
    with serving(url, world.NOW) as home:
        yield Site(home, "")


@pytest.fixture
def open_plan(page, browser, site):
    """Opens the planner's page for an account and waits until it is complete."""

    def open_(name: str, query: str = "") -> object:
        page.watch.allow("401")  # to what is still under way while another one signs in
        browser.clear_cookies()
        answer = browser.request.post(
            f"{site.url}/api/session", data={"name": name, "password": PASSWORD}, headers={"Origin": site.url}
        )
        assert answer.ok, answer.text()
        page.goto(f"{site.url}/plan{query}")
        page.wait_for_selector("html[data-ready]")
        return page

    return open_


@pytest.fixture
def server(browser, site):
    """What the server says about a plan."""
    return lambda path: browser.request.get(f"{site.url}/api/plans{path}").json()


@pytest.fixture
def change(browser, site, server):
    """Edits a plan past the page, as another planner would."""

    def change_(plan, **edit):
        address, revision = f"{site.url}/api/plans/{plan}/edits", server(f"/{plan}/state")["revision"]
        answer = browser.request.post(address, data=edit, headers={"Origin": site.url, "If-Match": f'"{revision}"'})
        assert answer.ok, answer.text()

    return change_


def draw(page, target: int = 300) -> str:
    """Draws a new plan by hand, and gives its number."""
    before = page.get_attribute("html", "data-plan")
    page.click("#plan-button")
    page.click("#new-plan")
    page.fill("#draw-form [name=target]", str(target))
    page.select_option("#draw-form [name=effort]", "fast")
    page.wait_for_selector(".plan-feasibility li")
    page.click("#draw-form .primary")
    until(page, f"![null, '{before}'].includes(document.documentElement.getAttribute('data-plan'))")
    plan = page.get_attribute("html", "data-plan")
    # it is drawn in the background; the page follows until the server has stored it
    until(page, f"fetch('/api/plans/{plan}/draw').then((answer) => answer.json()).then((job) => job.state === 'done')")
    until(page, "!window.fengqiaoPlan.busy()")
    revision = page.evaluate(f"fetch('/api/plans/{plan}/state').then((a) => a.json()).then((state) => state.revision)")
    saved(page, revision)
    return plan


def middles(page) -> dict[int, tuple[float, float]]:
    """Where the label of each grid stands on the screen, once the map rests: choosing a grid moves it into sight."""
    box = page.locator("#map").bounding_box()
    before, found = None, page.evaluate("window.fengqiaoPlan.middles()")
    while found != before:
        page.wait_for_timeout(300)
        before, found = found, page.evaluate("window.fengqiaoPlan.middles()")
    return {int(number): (box["x"] + x, box["y"] + y) for number, (x, y) in found.items()}


def households(page) -> list[str]:
    return sorted(page.locator("#plan-rows tr td:nth-child(2)").all_inner_texts())


def saved(page, revision: int) -> None:
    until(page, f"window.fengqiaoPlan.revision() === {revision}")


def test_a_planner_does_the_whole_job(open_plan, server, browser, site):
    page = open_plan("planner")
    assert "2026 年初" in page.inner_text("#plan-name")
    assert page.inner_text("#plan-state") == "已发布"
    assert page.is_disabled("[data-tool=brush]"), "what is published is not edited"
    plan = draw(page)
    assert page.inner_text("#plan-state") == "草案"
    assert households(page) == ["300"] * 4
    assert "4 / 4" in page.inner_text("#plan-totals")
    start = server(f"/{plan}/state")["revision"]
    brush(page, plan, start, server)
    undo_and_redo(page, start + 1)
    split_and_merge(page, start + 4)
    drag_the_border(page, start + 6, server, plan)
    jump_back(page, start + 7)
    compare(page)
    submit_approve_publish(page, plan, open_plan)
    look_up_as_of_yesterday(page, site)


def brush(page, plan, start, server):
    """Figures follow the pointer; a stroke is one edit."""
    numbers = sorted(middles(page))
    page.click(f"#plan-rows tr[data-number='{numbers[0]}'] button")
    page.wait_for_selector("#plan-selected:not([hidden])")
    at = middles(page)
    near = page.evaluate(f"window.fengqiaoPlan.neighbours({numbers[0]})")[0]
    page.keyboard.press("2")
    for _ in range(6):
        page.keyboard.press("[")
    page.mouse.move(*at[near])
    page.mouse.down()
    page.mouse.move(at[near][0] + 2, at[near][1] + 2)
    until(page, "document.getElementById('selected-households').textContent !== '300'")
    assert server(f"/{plan}/state")["revision"] == start, "nothing is sent before the button is up"
    page.mouse.up()
    saved(page, start + 1)
    state = {grid["number"]: grid["households"] for grid in server(f"/{plan}/state")["grids"]}
    assert state[numbers[0]] > 300 > state[near]
    assert sum(state.values()) == 1200
    assert page.inner_text("#selected-households") == f"{state[numbers[0]]:.0f}"


def undo_and_redo(page, start):
    """By keyboard, also after a reload."""
    page.keyboard.press("Control+z")
    saved(page, start + 1)
    assert households(page) == ["300"] * 4
    page.reload()
    page.wait_for_selector("html[data-plan]")
    page.keyboard.press("Control+y")
    saved(page, start + 2)
    assert households(page) != ["300"] * 4
    page.click("#undo")
    saved(page, start + 3)


def split_and_merge(page, start):
    """Cut a grid along a drawn line, and make it whole again."""
    number = min(middles(page))
    page.click(f"#plan-rows tr[data-number='{number}'] button")
    page.keyboard.press("Escape")
    page.keyboard.press("3")
    box = page.evaluate(f"window.fengqiaoPlan.box({number})")
    origin = page.locator("#map").bounding_box()
    x = origin["x"] + (box[0] + box[2]) / 2 + 3
    page.mouse.click(x, origin["y"] + box[1] - 12)
    page.mouse.click(x, origin["y"] + box[3] + 12)
    page.keyboard.press("Enter")
    saved(page, start + 1)
    assert page.locator("#plan-rows tr").count() == 5
    assert "拆分" in page.inner_text("#notice")

    page.keyboard.press("1")
    page.click(f"#plan-rows tr[data-number='{number}'] button")
    new = max(middles(page))
    page.click(f"#plan-selected [data-act=merge-{new}]")
    saved(page, start + 2)
    assert households(page) == ["300"] * 4


def drag_the_border(page, start, server, plan):
    """A dot on the border of the selected grid is pulled into its neighbour, which loses the blocks between."""
    page.keyboard.press("Escape")
    number = min(middles(page))
    page.click(f"#plan-rows tr[data-number='{number}'] button")
    near = page.evaluate(f"window.fengqiaoPlan.neighbours({number})")[0]
    page.keyboard.press("5")
    page.wait_for_selector("#map .marker-icon")
    ends = page.evaluate(f"window.fengqiaoPlan.border({number}, {near})")
    origin, inside = page.locator("#map").bounding_box(), middles(page)[near]
    middle = (origin["x"] + (ends[0][0] + ends[1][0]) / 2, origin["y"] + (ends[0][1] + ends[1][1]) / 2)
    dots = page.evaluate("window.fengqiaoPlan.handles()")
    x, y, _ = min(dots, key=lambda dot: (dot[0] - middle[0]) ** 2 + (dot[1] - middle[1]) ** 2)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move((x + inside[0]) / 2, (y + inside[1]) / 2, steps=3)
    page.mouse.move(inside[0], inside[1], steps=3)
    page.mouse.up()
    saved(page, start + 1)
    assert "调整边界" in page.inner_text("#notice")
    state = {grid["number"]: grid["households"] for grid in server(f"/{plan}/state")["grids"]}
    assert state[number] > 300 > state[near]
    page.keyboard.press("1")


def jump_back(page, start):
    """The history says who did what; a click goes back to before the border was moved."""
    page.click("#history")
    rows = page.locator(".plan-history:not(.plan-course) li")
    page.wait_for_selector(".plan-history >> text=调整边界")
    assert "planner" in rows.first.inner_text()
    assert rows.first.get_attribute("aria-current") == "step"
    assert "初次绘制" in rows.last.inner_text()
    rows.nth(1).locator("button").click()
    saved(page, start + 1)
    assert households(page) == ["300"] * 4
    page.keyboard.press("Escape")


def look_up_as_of_yesterday(page, site):
    """On the map page the old grids answer for yesterday, the new ones from today."""
    counts = {}
    for day in ("2026-05-31", "2026-06-01"):
        with page.expect_response(lambda answer: "/api/grids" in answer.url and "level=CELL" in answer.url) as caught:
            page.goto(f"{site.url}/map?date={day}&level=CELL")
            page.wait_for_selector("html[data-ready]")
        counts[day] = len(caught.value.json()["features"])
    assert counts == {"2026-05-31": 6, "2026-06-01": 4}


def compare(page):
    """With the grids in force: a table and a slider."""
    page.keyboard.press("c")
    page.wait_for_selector("#compare-slider:not([hidden])")
    page.wait_for_selector("#sheet >> text=影响清单")
    assert "1,200 户中有" in page.inner_text("#sheet")
    against = "2026 年初 · 已发布"  # the same grids as those in force, but asked for as a plan
    page.select_option("#compare-with", label=against)
    until(page, "document.querySelector('#compare-line span').textContent === '2026 年初'")
    page.wait_for_selector("#sheet >> text=团队")
    page.locator("#compare-slider").fill("250")
    until(page, "document.getElementById('compare-line').style.left === '25%'")
    page.keyboard.press("c")


def submit_approve_publish(page, plan, open_plan):
    """From draft to force, by two people."""
    page.click("#step-submit")
    page.wait_for_selector("#sheet >> text=方案检查")
    page.click("#submit-plan")
    page.wait_for_selector("#plan-state >> text=已提交")
    assert page.is_disabled("[data-tool=brush]")
    page = open_plan("approver", f"?plan={plan}")
    page.click("#step-approve")
    page.wait_for_selector("#plan-state >> text=已批准")
    page.click("#step-publish")
    assert page.input_value("#ask [name=valid_from]") == "2026-06-01"
    page.click("#ask .primary")
    page.wait_for_selector("#plan-state >> text=已发布")


def test_a_second_planner_is_shown_what_the_first_one_did(open_plan, server, change):
    page = open_plan("planner")
    page.watch.allow("412")
    plan = draw(page)
    numbers = sorted(middles(page))
    start = server(f"/{plan}/state")["revision"]
    change(plan, op="rename", grid=numbers[1], name="别人的名字")
    page.click(f"#plan-rows tr[data-number='{numbers[0]}'] button")
    page.keyboard.press("l")
    page.wait_for_selector("#ask[open] >> text=其他规划员已修改此方案")
    assert "改名" in page.inner_text("#ask")
    assert "planner" in page.inner_text("#ask")
    page.click("#ask .primary")
    saved(page, start + 2)
    page.wait_for_selector("#plan-rows >> text=别人的名字")
    until(page, "document.querySelectorAll('#plan-rows .lock').length === 1")
    grids = {grid["number"]: grid for grid in server(f"/{plan}/state")["grids"]}
    assert (grids[numbers[0]]["locked"], grids[numbers[1]]["name"]) == (True, "别人的名字"), "both changes are there"


def test_a_dedicated_grid_and_a_new_border_are_drawn(open_plan, server):
    page = open_plan("planner")
    plan = draw(page)
    start = server(f"/{plan}/state")["revision"]
    first = min(middles(page))
    left, top, right, bottom = page.evaluate(f"window.fengqiaoPlan.box({first})")
    origin = page.locator("#map").bounding_box()
    x, y, wide, high = origin["x"] + left, origin["y"] + top, right - left, bottom - top
    page.keyboard.press("6")
    for across, down in ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6)):
        page.mouse.click(x + across * wide, y + down * high)
    page.keyboard.press("Enter")
    page.fill("#ask [name=name]", "枫溪小学")
    page.press("#ask [name=name]", "Enter")
    saved(page, start + 1)
    page.wait_for_selector("#plan-rows >> text=枫溪小学")
    assert [grid["name"] for grid in server(f"/{plan}/state")["grids"] if grid["dedicated"]] == ["枫溪小学"]
    assert "不连通" in page.inner_text("#plan-totals")
    page.keyboard.press("Control+z")
    saved(page, start + 2)
    # a border is moved: a line that bulges into the neighbour, from one end of the common border to the other
    page.keyboard.press("Escape")
    page.click(f"#plan-rows tr[data-number='{first}'] button")
    near = page.evaluate(f"window.fengqiaoPlan.neighbours({first})")[0]
    ends, inside = page.evaluate(f"window.fengqiaoPlan.border({first}, {near})"), middles(page)[near]
    page.keyboard.press("5")
    page.mouse.click(origin["x"] + ends[0][0], origin["y"] + ends[0][1])
    page.mouse.click(inside[0], inside[1] + 3)
    page.mouse.click(origin["x"] + ends[1][0], origin["y"] + ends[1][1])
    page.keyboard.press("Enter")
    saved(page, start + 3)
    assert households(page) != ["300"] * 4
    assert "调整边界" in page.inner_text("#notice")


def test_a_draft_is_drawn_again_and_its_locked_grid_stays(open_plan, server):
    page = open_plan("planner")
    plan = draw(page)
    first = min(middles(page))
    page.click(f"#plan-rows tr[data-number='{first}'] button")
    page.keyboard.press("l")
    page.wait_for_selector("#plan-rows .lock")
    before = server(f"/{plan}/assignment")["grid"]
    page.click("#draw")
    assert "1 个网格" in page.inner_text("#redraw-form")
    page.fill("#redraw-form [name=target]", "150")
    page.wait_for_selector(".plan-feasibility >> text=可行，4 个网格")
    page.select_option("#redraw-form [name=effort]", "fast")
    page.click("#redraw-start")
    page.wait_for_selector("#redraw-form", state="hidden", timeout=60_000)
    until(page, "!document.getElementById('undo').disabled")
    after = server(f"/{plan}/assignment")["grid"]
    assert page.locator("#plan-rows tr").count() == len(set(after)) > 4
    assert [at for at, grid in enumerate(before) if grid == first] == [
        at for at, grid in enumerate(after) if grid == first
    ]
    page.keyboard.press("Control+z")
    until(page, "document.querySelectorAll('#plan-rows tr').length === 4")


def test_flaws_are_flown_to_and_a_plan_comes_back_with_a_reason(open_plan, change):
    page = open_plan("planner")
    plan = draw(page)
    numbers = sorted(middles(page))
    change(plan, op="merge", grids=numbers[:2])
    page.reload()
    page.wait_for_selector("html[data-plan]")
    assert page.locator("#plan-rows tr.out").count() == 1
    assert page.locator("#plan-rows tr").first.get_attribute("class") == "out", "what is out of band stands first"
    page.keyboard.press("f")
    page.wait_for_selector("#plan-selected >> text=户数高于范围")
    page.click("#step-submit")
    page.wait_for_selector(".plan-findings >> text=户数超出范围")
    page.locator(".plan-findings button").first.click()
    page.click("#submit-plan")
    page.wait_for_selector("#plan-state >> text=已提交")
    page = open_plan("approver", f"?plan={plan}")
    page.click("#step-return")
    page.fill("#ask [name=note]", "第一网格太大")
    page.click("#ask .primary")
    page.wait_for_selector("#plan-state >> text=草案")
    assert page.is_disabled("[data-tool=brush]"), "approvers do not edit"


def test_the_planner_speaks_both_languages_and_is_reached_by_tab(open_plan):
    page = open_plan("planner")
    draw(page)
    page.focus("#plan-button")
    reached = set()
    for _ in range(32):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("(({id, dataset}) => id || dataset.tool || dataset.column || '')(document.activeElement)")
        )
    assert {"lock", "draw", "compare", "checks", "step-submit", "branch", "search", "brush", "split", "map"} <= reached
    page.click("#language")
    until(page, "document.documentElement.lang === 'en'")
    assert page.title() == "Planner · Fengqiao Grid"
    text = page.inner_text("body")
    assert not [word for word in ("falsefalse", "null", "undefined", "NaN", "plan.") if word in text]
    assert "households change grid" in text
    page.keyboard.press("?")
    page.wait_for_selector("#help[open] >> text=Fly to the next flaw")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_url("**/map*")
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.wait_for_url("**/plan*")
    page.wait_for_selector("html[data-plan]")


def test_a_file_comes_back_as_a_draft_whose_publication_is_taken_back(open_plan, server, tmp_path):
    page = open_plan("planner")
    source = page.get_attribute("html", "data-plan")
    page.watch.allow("422")
    page.click("#files")
    with page.expect_download() as caught:
        page.click(".plan-files a >> text=GeoJSON")
    caught.value.save_as(tmp_path / "plan.zip")
    (tmp_path / "torn.zip").write_bytes((tmp_path / "plan.zip").read_bytes()[:200])
    page.set_input_files("#import-file", tmp_path / "torn.zip")
    page.wait_for_selector("#sheet .plan-flaw:not([hidden])")
    assert page.get_attribute("html", "data-plan") == source, "a file that cannot be read changes nothing"
    page.set_input_files("#import-file", tmp_path / "plan.zip")
    page.wait_for_selector("#plan-state >> text=草案")
    until(page, f"![null, '{source}'].includes(document.documentElement.getAttribute('data-plan'))")
    plan = page.get_attribute("html", "data-plan")
    assert server(f"/{plan}/assignment")["grid"] == server(f"/{source}/assignment")["grid"]
    page.click("#step-submit")
    page.click("#submit-plan")
    page.wait_for_selector("#plan-state >> text=已提交")
    page = open_plan("approver", f"?plan={plan}")
    page.click("#step-approve")
    page.click("#step-publish")
    page.fill("#ask [name=valid_from]", "2027-01-01")
    page.click("#ask .primary")
    page.wait_for_selector("#plan-state >> text=待生效")
    page.click("#step-withdraw")
    page.fill("#ask [name=note]", "桥未通车")
    page.click("#ask .primary")
    page.wait_for_selector("#plan-state >> text=已批准")
    page.click("#history")
    page.wait_for_selector(".plan-course li >> text=撤回发布")
    assert "桥未通车" in page.locator(".plan-course li").first.inner_text()
    page.click("#step-return")
    page.fill("#ask [name=note]", "请重画")
    page.click("#ask .primary")
    page.wait_for_selector("#plan-state >> text=草案")
    page = open_plan("planner", f"?plan={plan}")
    page.wait_for_selector("#notice >> text=approver 退回了此方案：请重画")


def test_cards_are_printed_one_on_a_page(open_plan, browser):
    page = open_plan("planner")
    page.click("#files")
    with browser.expect_page() as opened:
        page.click("#cards")
    cards = opened.value
    cards.wait_for_load_state()
    cards.wait_for_selector("article svg")
    count = cards.locator("article").count()
    assert count == page.locator("#plan-rows tr").count() > 1
    assert len(re.findall(rb"/Type\s*/Page\b", cards.pdf(prefer_css_page_size=True))) == count
    cards.close()


def test_200_grids_stand_in_the_table_and_arrows_walk_them_in_its_order(open_plan, page):
    put_town(page)
    open_plan("planner", "?plan=1")
    shown = "[...document.querySelectorAll('#plan-rows tr')].map((row) => Number(row.dataset.number))"
    until(page, f"{shown}.length === 200")
    assert page.evaluate(shown) == list(range(200))  # none is out of the band: by their codes
    page.click("#plan-table [data-column=code] button")
    until(page, f"{shown}[0] === 0")
    page.click("#plan-table [data-column=code] button")
    until(page, f"{shown}[0] === 199")
    assert page.evaluate(shown) == list(range(199, -1, -1))
    page.click("#plan-rows tr[data-number='199'] button")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.closest('tr').dataset.number") == "197"
    assert page.get_attribute("#plan-rows tr[aria-selected=true]", "data-number") == "197"


def test_half_a_screen_shows_the_whole_bar_and_the_sheet(open_plan):
    page = open_plan("planner")
    size = dict(page.viewport_size)
    page.set_viewport_size({"width": 820, "height": 900})
    try:
        page.click("#plan-button")
        page.click("#new-plan")
        page.wait_for_selector(".plan-feasibility li")
        for part in ("#sheet", "#theme", "#sign-out", "#plan-histogram"):
            box = page.locator(part).bounding_box()
            assert box["x"] >= 0, part
            assert box["x"] + box["width"] <= 820, part
    finally:
        page.set_viewport_size(size)
