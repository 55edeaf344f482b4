"""What people do on the pages, in a real browser on the real application."""

import time

from tests.maps.browser.conftest import PASSWORD
from tests.two_towns import HOME, NORTH


def until(page, condition: str) -> None:
    """Wait for a condition in the page; Playwright's own way needs an eval, which the page's policy forbids."""
    end = time.monotonic() + 15
    while not page.evaluate(condition):
        assert time.monotonic() < end, condition
        time.sleep(0.05)


def test_sign_in_says_what_is_wrong_in_both_languages(page, site):
    page.watch.allow("401")
    page.goto(f"{site.url}/map")
    page.wait_for_url("**/login*")
    page.click("#sign-in .primary")
    assert page.inner_text("#sign-in-error") == "请输入用户名和密码。"
    page.fill("#name", "admin")
    page.fill("#password", "not this one")
    page.press("#password", "Enter")
    page.wait_for_selector("#sign-in-error >> text=用户名或密码不正确")
    page.click("#language")
    page.wait_for_selector("#sign-in-error >> text=The name or the password is wrong")
    assert page.get_attribute("html", "lang") == "en"
    assert page.input_value("#name") == "admin", "what was typed stays"


def test_a_one_time_password_is_replaced_before_anything_else(page, browser, site):
    page.goto(f"{site.url}/login?next=/map?colour=households")
    page.fill("#name", "admin")
    page.fill("#password", site.one_time)
    page.press("#password", "Enter")
    page.wait_for_selector("#new-password:not([hidden])")
    for first, second, complaint in (("short", "short", "至少需要 12"), (PASSWORD, "other words here", "不一致")):
        page.fill("#first", first)
        page.fill("#second", second)
        page.press("#second", "Enter")
        assert complaint in page.inner_text("#new-password-error")
    page.fill("#second", PASSWORD)
    page.press("#second", "Enter")
    page.wait_for_selector("html[data-ready]")
    assert page.is_checked('input[name="colour"][value="households"]'), "the page that was asked for comes next"
    browser.clear_cookies()


def test_the_map_shows_figures_legends_and_layers(open_map):
    page = open_map()
    figures = dict(
        zip(page.locator("#counters dt").all_inner_texts(), page.locator("#counters dd").all_inner_texts(), strict=True)
    )
    assert figures["村（社区）"] == "3"
    assert figures["网格"] == "4"
    assert figures["户"] == "12"
    assert figures["未办结"] == "5"
    assert "数据截至 2026/03/10" in page.inner_text("#age")
    legend = page.inner_text('[data-layer="grids"]')
    assert "(%)" in legend
    assert "−10 至 +10 (达标)" in legend
    assert "目标：每个网格 300 户" in legend
    assert page.inner_text('[data-layer="cameras"] .count') == "4"
    page.check("#layer-heat")
    page.wait_for_selector('[data-layer="heat"] >> text=件/平方公里')
    assert "四次核，带宽 150 米，7 件事件" in page.inner_text('[data-layer="heat"]')
    page.wait_for_selector(".leaflet-heat-pane img[src^='data:image/png'], img.leaflet-heat")
    for layer in ("isovists", "gaps"):
        page.check(f"#layer-{layer}")
        until(page, f"document.querySelector('[data-layer={layer}] .count').textContent === '2'")


def test_search_flies_to_the_hit_by_keyboard_alone(open_map):
    page = open_map()
    page.keyboard.press("/")
    page.keyboard.type("杜黄")
    page.wait_for_selector("#search-results [role=option] >> text=杜黄村")
    page.keyboard.press("Enter")
    page.wait_for_selector("#detail h2 >> text=杜黄村")
    until(page, f"location.search.includes('selection=grid:{HOME}002')")
    assert page.evaluate("document.activeElement.id") != "search"
    page.keyboard.press("Escape")
    page.wait_for_selector("#detail", state="hidden")


def test_search_that_finds_nothing_says_what_to_try(open_map):
    page = open_map()
    page.fill("#search", "没有这个地方")
    page.wait_for_selector("#search-results >> text=可输入代码的前几位")
    page.fill("#search", "和平路")
    page.wait_for_selector("#search-results >> text=枫溪镇和平路12号")
    page.locator("#search-results [role=option]").first.click()
    page.wait_for_selector(".pin:not([hidden]) >> text=和平路12号")


def test_a_click_opens_the_grid_with_its_figures(open_map):
    page = open_map("?layers=grids&view=29.805,120.0075,16")
    page.mouse.click(640, 330)
    page.wait_for_selector("#detail h2 >> text=第二网格")
    text = page.inner_text("#detail")
    assert "枫溪镇 › 枫源村" in text
    assert f"{NORTH}002" in text
    assert "300" in text
    until(page, "!document.querySelector('#detail').innerText.includes('…')")
    facts = dict(
        zip(page.locator("#detail dt").all_inner_texts(), page.locator("#detail dd").all_inner_texts(), strict=True)
    )
    assert facts["未办结事件"] == "1"
    assert facts["摄像机"] == "0"
    assert facts["可视比例"].startswith("暂无"), "nothing was computed for the two towns"


def test_an_address_shows_a_colleague_the_same(open_map, browser):
    shown = "layers=grids,reports&colour=households&show=all&days=90&theme=dark&lang=en"
    page = open_map(f"?{shown}&selection=grid:{NORTH}001&view=29.805,120.005,15.5")
    page.wait_for_selector("#detail h2 >> text=第一网格")
    assert page.get_attribute("html", "data-theme") == "dark"
    assert page.get_attribute("html", "lang") == "en"
    assert page.inner_text('[data-layer="reports"] .count') == "7"
    assert "Households by Grid" in page.inner_text('[data-layer="grids"]')
    page.click("#theme")
    page.click("#language")
    until(page, "document.documentElement.lang === 'zh-CN'")
    assert "theme=light" in page.url
    assert f"selection=grid:{NORTH}001" in page.evaluate("decodeURIComponent(location.search)")


def test_the_place_picker_walks_the_tree_with_arrow_keys(open_map):
    page = open_map()
    page.keyboard.press("p")
    page.wait_for_selector("#place-panel:not([hidden])")
    page.wait_for_selector("#place-tree >> text=枫溪镇")
    for key in ("ArrowDown", "ArrowRight", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    page.wait_for_selector(f"#place-{NORTH}001")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("#detail h2 >> text=第一网格")
    assert page.inner_text("#place-path") == "枫溪镇 › 枫源村 › 第一网格"
    page.focus("#map")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#detail h2 >> text=第二网格")


def test_what_people_wrote_stays_text(open_map):
    page = open_map("?layers=grids,reports&view=29.805,120.0075,17&selection=report:late&lang=zh")
    page.wait_for_selector("#detail >> text=路灯不亮")
    assert "<img src=/x onerror" in page.inner_text("#detail")
    assert page.locator("#detail img").count() == 0
    assert "未办结超过 7 天" in page.inner_text("#detail")
    assert page.title() == "地图 · 枫桥网格"


def test_households_appear_only_when_near(open_map):
    page = open_map("?layers=grids,households&view=29.805,120.005,15")
    assert "放大地图后显示住户" in page.inner_text('[data-layer="households"]')
    page = open_map("?layers=grids,households&view=29.805,120.002,17")
    until(page, "document.querySelector('[data-layer=households] .count').textContent === '3'")


def test_without_a_line_the_last_picture_stays_and_comes_back(open_map, browser):
    page = open_map("?layers=grids,reports")
    page.watch.allow("ERR_INTERNET_DISCONNECTED")
    browser.set_offline(True)
    try:
        page.select_option('[data-layer="reports"] select >> nth=0', "90")
        page.wait_for_selector("#map.stale")
        assert "连接中断" in page.inner_text("#age")
        assert "原有画面保持不变" in page.inner_text('[data-layer="reports"]')
        assert page.inner_text('[data-layer="reports"] .count') == "5"
    finally:
        browser.set_offline(False)
    page.wait_for_selector("#map:not(.stale)", timeout=15_000)
    until(page, "!document.querySelector('#age').classList.contains('offline')")


def test_everything_is_reached_by_tab_and_has_a_name(open_map):
    page = open_map()
    names = []
    for _ in range(20):
        page.keyboard.press("Tab")
        names.append(
            page.evaluate(
                "((e) => [e.id, e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent])"
                "(document.activeElement)"
            )
        )
    reached = {name for name, _ in names}
    assert {"place-button", "as-of", "search", "language", "theme", "help-button", "sign-out", "map"} <= reached
    assert all(label.strip() for _, label in names)


def test_help_lists_the_keys(open_map):
    page = open_map()
    page.keyboard.press("?")
    page.wait_for_selector("#help[open]")
    assert "搜索" in page.inner_text("#help")
    page.keyboard.press("Escape")
    page.wait_for_selector("#help", state="hidden")


def test_the_day_before_the_grids_has_none_and_says_so(open_map):
    page = open_map("?date=2025-06-01&layers=grids,reports")
    assert "还没有边界" in page.inner_text('[data-layer="grids"]')
    assert "显示 2025-06-01 的网格" in page.inner_text("#age")
    assert "此时段没有事件" in page.inner_text('[data-layer="reports"]')


def test_signing_out_ends_at_the_sign_in_page(open_map, page, browser, site):
    open_map()
    page.click("#sign-out")
    page.wait_for_url("**/login")
    page.watch.allow("401")
    page.goto(f"{site.url}/map?days=90")
    page.wait_for_url("**/login*")
