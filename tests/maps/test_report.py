import json
import re
from html.parser import HTMLParser

import folium
import pytest
import shapely

from layers.access import EVERYWHERE, Scope
from layers.errors import MissingDataError
from layers.geometry import to_sql
from layers.tables import GridLevel, Report
from maps.report import report_html
from maps.report.offline import leaflet_style
from tests.two_towns import HOME, NOW, grid, two_towns

TODAY = NOW.date()
FOREIGN = re.compile(r"""(?:https?:)?//[\w-]+\.[\w.-]+""")
# Names of namespaces and a sentence in Leaflet's own comment are no addresses to load from.
NAMES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink")
HARMFUL = '</script><img src="https://evil.example/x.png" onerror="alert(1)">{% endraw %}{{ 7 * 7 }}'


class Loads(HTMLParser):
    """What a document would load: addresses in attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.code: list[str] = []
        self.words: list[str] = []
        self.open = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.open = tag if tag in {"script", "style"} else ""
        self.addresses += [
            value for key, value in attrs if key in {"src", "href", "srcset", "data", "action"} and value
        ]
        self.code += [value for key, value in attrs if key == "style" or key.startswith("on")]

    def handle_endtag(self, tag):
        self.open = ""

    def handle_data(self, data):
        (self.code if self.open else self.words).append(data)


def assert_loads_nothing(html: str) -> None:
    loads = Loads(html)
    assert [address for address in loads.addresses if not address.startswith("data:")] == []
    for code in loads.code:
        for address in re.findall(r"""url\(\s*["']?([^"')]+)""", code):
            assert address.startswith(("data:", "#")), address
        assert "@import" not in code
        assert not re.search(r"\bimport\s*[(\"']|\bfetch\(|XMLHttpRequest|\$\.ajax|sourceMappingURL", code)
        for name in NAMES:
            code = code.replace(name, "")  # noqa: PLW2901
        # Comments of Leaflet's licence name a page; nothing reads it.
        assert not FOREIGN.findall(re.sub(r"/\*.*?\*/", "", code, flags=re.DOTALL)), FOREIGN.findall(code)[:3]


@pytest.fixture
def world(session):
    two_towns(session)
    return session


def features(html: str) -> list[dict]:
    """The features of all layers of a report."""
    found = re.findall(r"_add\((\{\"features\".*\}|\{\"type\".*\})\);", html)
    return [feature for text in found for feature in json.loads(text)["features"]]


def test_a_report_shows_the_area_and_loads_nothing(world):
    html = report_html(world, Scope(HOME), as_of=TODAY, now=NOW)
    assert_loads_nothing(html)
    assert html.startswith("<!DOCTYPE html>")
    assert '<html lang="zh-CN">' in html
    assert "<title>枫溪镇网格地图</title>" in html
    properties = [feature["properties"] for feature in features(html)]
    words = [one["text"] for one in properties if "text" in one]
    assert sorted(words) == ["001", "001", "002", "杜黄村", "枫源村"]
    assert sum("shape" in one for one in properties) == 2, "two of the three reports are open"
    assert sum("bearing" in one for one in properties) == 2
    assert "柳桥" not in html


def test_the_table_counts_by_grid(world):
    html = report_html(world, Scope(HOME), as_of=TODAY, now=NOW, language="en")
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", html)
    rows = [cells[i : i + 6] for i in range(0, len(cells), 6)]
    assert rows[0] == [f"{HOME}001001", "第一网格", "300", "+0.0 %", "2", "2"]
    assert rows[-1] == ["Total", "3", "900", "", "2", "2"]
    assert "3 of 3 grids in band (target 300 households, ±10 %)" in html


def test_heat_says_unit_kernel_and_window(world):
    html = report_html(world, Scope(HOME), as_of=TODAY, now=NOW, heat_window_days=5, bandwidth_m=200, language="en")
    assert "reports per km²" in html
    assert "Quartic kernel, bandwidth 200 m, 2 reports" in html
    assert "2026-03-05 04:00 to 2026-03-10 04:00" in html
    assert html.count("data:image/png;base64,") == 4, "three of Leaflet's style, and the heat"


def test_names_stay_text(world):
    place = {"village_code": f"{HOME}001", "grid_code": f"{HOME}001001", "digest": ""}
    point = to_sql([shapely.Point(120.003, 29.804)])[0]
    world.add(
        Report(report_key="x", reported_at=NOW, state="REPORTED", category="SAFETY", source="PUBLIC",
            address_text=HARMFUL, geom=point, **place)
    )  # fmt: skip
    world.add(grid(f"{HOME}002009", HARMFUL, GridLevel.CELL, shapely.box(120.01, 29.805, 120.015, 29.81)))
    world.flush()
    html = report_html(world, Scope(HOME), as_of=TODAY, now=NOW, title=HARMFUL)
    loads = Loads(html)
    assert not [address for address in loads.addresses if "evil" in address]
    assert not [code for code in loads.code if code == "alert(1)"]
    assert [text for text in loads.words if HARMFUL in text], "the reader sees what was written"
    lines = [line for feature in features(html) for line in feature["properties"].get("lines", [])]
    assert HARMFUL in lines


def test_without_grids_villages_are_shown(session):
    session.add(grid(HOME, "枫溪镇", GridLevel.TOWN, shapely.box(120, 29.8, 120.02, 29.81)))
    session.add(grid(f"{HOME}001", "枫源村", GridLevel.VILLAGE, shapely.box(120, 29.8, 120.02, 29.81), households=None))
    session.flush()
    html = report_html(session, EVERYWHERE, as_of=TODAY, now=NOW)
    assert_loads_nothing(html)
    assert "还没有网格，请先运行 fengqiao draw。" in html
    assert "事件密度" not in html


def test_an_empty_database_says_what_to_load(session):
    with pytest.raises(MissingDataError, match="load boundaries"):
        report_html(session, EVERYWHERE, as_of=TODAY, now=NOW)


def test_other_folium_maps_keep_their_scripts(world):
    before = list(folium.Map().default_js)
    report_html(world, Scope(HOME), as_of=TODAY, now=NOW)
    assert folium.Map().default_js == before
    assert before


def test_leaflet_images_are_in_the_style():
    style = leaflet_style()
    assert style.count("data:image/png;base64,") == 3
    assert not re.findall(r"url\((?!data:|#)", style)
