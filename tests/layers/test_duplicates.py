"""Reports of one matter are linked, with a score and a reason; nothing is dropped and nothing else is linked."""

from datetime import timedelta
from itertools import permutations
from math import inf
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from layers.access import EVERYWHERE, Scope
from layers.reports import ReportContent, create_report
from layers.tables import Report
from layers.workflow.duplicates import compare, letters, link_duplicates, linked_reports
from tests.two_towns import AWAY, HOME, NORTH, NOW

# 0.001 degrees of latitude are 111 m.
FIRST = {"category": "SAFETY", "description": "人民路路口井盖缺失，行人危险", "lon": 120.002, "lat": 29.805}
texts = st.text(max_size=20)


def send(session, key, **changes):
    content = ReportContent(source="PUBLIC", **(FIRST | {"reported_at": NOW} | changes))
    return create_report(session, key=key, content=content, now=NOW, created_by="tester")


def links(session, report, scope=EVERYWHERE):
    return [(link.report_key, link.kind.value, link.reason) for link in linked_reports(session, report.id, scope)]


def test_the_same_matter_told_twice_is_linked_from_both_sides(world):
    """Of 13 letters each, 11 agree in their order: 2 * 11 / 26 = 85 %."""
    first = send(world, "d1")
    second = send(world, "d2", description="人民路口井盖丢失,行人有危险", lat=29.8051)
    assert links(world, second) == [("d1", "DUPLICATE", "11 m apart, texts agree by 85%")]
    assert links(world, first) == [("d2", "DUPLICATE", "11 m apart, texts agree by 85%")]
    assert world.scalar(sa.select(sa.func.count()).where(Report.report_key.in_(["d1", "d2"]))) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"description": "楼上漏水", "lat": 29.8051},
        {"category": "DISPUTE"},
        {"reported_at": NOW - timedelta(hours=73)},
        {"lon": 120.025},
        {"description": "人民路井盖松动，行人危险", "lat": 29.809},  # 445 m away and 2 * 9 / 24 alike
        {"lon": None, "lat": None},
    ],
)
def test_other_matters_are_not_linked(world, changes):
    send(world, "d1")
    assert links(world, send(world, "d2", **changes)) == []


def test_the_same_words_in_the_same_grid_are_linked(world):
    send(world, "d1")
    assert links(world, send(world, "d2", lat=29.809)) == [("d1", "DUPLICATE", "same grid, texts agree by 100%")]


def test_the_same_address_links_reports_without_a_point(world):
    nowhere = {"lon": None, "lat": None, "address_text": "和平路12号"}
    send(world, "d1", **nowhere)
    (link,) = links(world, send(world, "d2", **nowhere))
    assert link == ("d1", "DUPLICATE", "same address, texts agree by 100%")


def test_sending_again_links_nothing_new_and_other_areas_stay_hidden(world):
    send(world, "d1")
    for _ in range(2):
        second = send(world, "d2")
    assert len(links(world, second, Scope(HOME))) == 1
    assert links(world, second, Scope(AWAY)) == []


def test_a_flood_in_one_grid_looks_at_a_bounded_number(world):
    reports = [send(world, f"d{i:03d}") for i in range(65)]
    assert len(links(world, reports[-1])) == 60
    assert links(world, send(world, "x", lon=121.0)) == []


def test_reports_without_texts_need_the_same_kind_and_place():
    plain = {"description": None, "address_text": None}
    hole, noise = SimpleNamespace(subtype="井盖", **plain), SimpleNamespace(subtype="噪声", **plain)
    assert compare(hole, hole, 50.0).score == 0.6
    assert compare(hole, hole, 50.1) is None
    assert compare(hole, noise, 0.0) is None


def test_width_case_and_signs_do_not_matter():
    assert letters("１２号，Ａ座 (东)") == letters("12号a座东") == "12号a座东"
    assert letters(None) == ""


@given(texts, texts, st.sampled_from([0.0, 40.0, inf]))
def test_likeness_has_no_direction(one, other, metres):
    reports = [SimpleNamespace(subtype=None, description=text, address_text=None) for text in (one, other)]
    scores = {compare(a, b, metres) for a, b in permutations(reports)}
    assert len(scores) == 1
    assert all(found is None or 0 <= found.score <= 1 for found in scores)


def test_a_report_that_got_its_grid_later_is_linked_once(world):
    send(world, "d1")
    report = send(world, "d2", lon=None, lat=None)
    assert links(world, report) == []
    report.grid_code, report.village_code = f"{NORTH}001", NORTH
    for expected in (1, 0):
        assert len(link_duplicates(world, report, lon=120.002, lat=29.805, now=NOW)) == expected
        world.flush()
    assert links(world, report) == [("d1", "DUPLICATE", "0 m apart, texts agree by 100%")]
