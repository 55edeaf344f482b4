"""Reports as a reader asks for them: counted, in order page after page, and clustered on a map."""

from datetime import timedelta

import pytest
from shapely import Point

from layers.access import EVERYWHERE, Scope
from layers.report_search import DueKind, Order, ReportFilter, cluster_reports, count_reports, search_reports
from layers.tables import Report
from tests.two_towns import AWAY, NORTH, NOW, geom

CELL = f"{NORTH}001"


@pytest.fixture
def many(world):
    """Two open reports with deadlines, two without, two closed; a quarter of a degree from west to east."""
    rows = [
        ("late", "REPORTED", 5, -2, 120.0),
        ("soon", "ACCEPTED", 4, 3, 120.0001),
        ("free1", "REPORTED", 3, None, 120.25),
        ("free2", "REPORTED", 2, None, None),
        ("done1", "CLOSED", 6, -3, 120.0002),
        ("done2", "CLOSED", 1, None, None),
    ]
    for key, state, age, due, lon in rows:
        world.add(
            Report(report_key=key, reported_at=NOW - timedelta(hours=age), category="SERVICE", source="PUBLIC",
                digest="", state=state, due_at=due and NOW + timedelta(hours=due), description=f"井盖 50% {key}",
                village_code=NORTH, grid_code=CELL, assignment="INSIDE", geom=lon and geom(Point(lon, 29.8)))
        )  # fmt: skip
    world.flush()
    return world


OURS = ReportFilter(text="50%")


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.NEW, ["done2", "free2", "free1", "soon", "late", "done1"]),
        (Order.OLD, ["done1", "late", "soon", "free1", "free2", "done2"]),
        (Order.DUE, ["late", "soon", "free2", "free1", "done2", "done1"]),
    ],
)
def test_pages_in_each_order_hold_every_report_once(many, order, expected):
    found, after = [], None
    for _ in range(4):
        page = search_reports(many, EVERYWHERE, OURS, now=NOW, order=order, limit=2, after=after)
        found += page["report_key"].tolist()
        if len(page):
            after = page["place"].iloc[-1].to_pydatetime(), int(page["id"].iloc[-1])
    assert found == expected


def test_what_is_wanted_is_counted_alike(many):
    cases = [
        (OURS, 6),
        (ReportFilter(text="50%", states=["CLOSED"]), 2),
        (ReportFilter(text="FREE"), 2),
        (ReportFilter(text="%"), 6),
        (ReportFilter(text="5_%"), 0),
        (ReportFilter(text="50%", due=DueKind.OVERDUE), 1),
        (ReportFilter(text="50%", due=DueKind.SOON), 1),
        (ReportFilter(text="50%", bounds=(119.9, 29.7, 120.1, 29.9)), 3),
        (ReportFilter(text="50%", since=NOW - timedelta(hours=2, minutes=30)), 2),
    ]
    for wanted, expected in cases:
        assert count_reports(many, EVERYWHERE, wanted, now=NOW) == expected, wanted
        assert len(search_reports(many, EVERYWHERE, wanted, now=NOW)) == expected, wanted
    assert count_reports(many, Scope(AWAY), OURS, now=NOW) == 0


def test_clusters_part_when_the_map_comes_nearer(many):
    near, far = (cluster_reports(many, EVERYWHERE, OURS, zoom=zoom, now=NOW) for zoom in (10, 3))
    assert [(one.count, one.overdue) for one in far] == [(4, 1)]
    assert sorted((one.count, one.overdue, round(one.lon, 4)) for one in near) == [(1, 0, 120.25), (3, 1, 120.0001)]
