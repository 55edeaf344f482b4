"""Reports of a file have grids, deadlines, teams and links like those that come by the API."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from layers.access import EVERYWHERE
from layers.ingest import load_file
from layers.tables import Report, ReportLink
from layers.workflow.catalogue import load_catalogue
from layers.workflow.duplicates import linked_reports
from layers.workflow.teams import add_team
from tests.two_towns import ADMIN, NORTH, NOW

HEAD = "report_key,reported_at,category,description,address_text,lon,lat,state,closed_at\n"


@pytest.fixture
def load(world, tmp_path):
    """Loads lines of a table."""
    load_catalogue(world, ADMIN, now=NOW)
    add_team(world, ADMIN, name="枫源村委会", area_code=NORTH, now=NOW)
    add_team(world, ADMIN, name="第一网格", area_code=f"{NORTH}001", now=NOW)

    def lines(*rows, now=NOW):
        path = tmp_path / "reports.csv"
        path.write_text(HEAD + "\n".join(rows), encoding="utf-8")
        result = load_file(world, "reports", path, crs="EPSG:4326", now=now)
        assert not result.rejected
        return {report.report_key: report for report in world.scalars(sa.select(Report))}

    return lines


def row(key, *, at=NOW, text="井盖缺失", address="", lon="120.002", lat="29.805", state="", closed=""):
    return f"{key},{at.isoformat()},SAFETY,{text},{address},{lon},{lat},{state},{closed}"


def test_rows_are_settled_as_by_the_api(load, world):
    hour = timedelta(hours=1)
    reports = load(
        row("a", at=NOW - 2 * hour),
        row("b", at=NOW - hour),
        row("text", at=NOW - hour, text="噪声扰民", address="枫溪镇和平路12号", lon="", lat=""),
        row("closed", at=NOW - hour, state="CLOSED", closed=NOW.isoformat()),
        row("old", at=NOW - timedelta(days=31)),
        row("far", lon="121.0"),
    )
    first = next(report.team_id for report in reports.values() if report.report_key == "a")
    for key in ("a", "b", "closed", "old"):
        assert (reports[key].grid_code, reports[key].assignment) == (f"{NORTH}001", "INSIDE"), key
    assert (reports["text"].grid_code, reports["text"].assignment) == (f"{NORTH}001", "ADDRESS")
    assert (reports["far"].grid_code, reports["far"].assignment, reports["far"].team_id) == (None, "OUTSIDE", None)
    assert first is not None
    assert [reports[key].team_id for key in ("b", "text", "old", "closed")] == [first, first, first, None]
    # Two working days after a Tuesday morning, at the end of office hours in Shanghai.
    assert {reports[key].due_at for key in ("a", "b", "text", "closed", "far")} == {
        NOW.replace(day=12, hour=9, minute=30)
    }
    assert [link.report_key for link in linked_reports(world, reports["b"].id, EVERYWHERE)] == ["a"]
    assert linked_reports(world, reports["old"].id, EVERYWHERE) == []


def test_loading_again_keeps_what_was_dispatched_and_links_nothing_twice(load, world):
    reports = load(row("a"), row("b"))
    before = reports["a"].due_at
    reports["a"].held_by, reports["a"].team_id = NORTH, None
    world.flush()
    again = load(row("a", text="井盖缺失了"), row("b"), row("c"))
    assert (again["a"].due_at, again["a"].team_id, again["a"].held_by) == (before, None, NORTH)
    assert world.scalar(sa.select(sa.func.count()).select_from(ReportLink)) == 3
    moved = load(row("b", lon="120.006"))
    assert (moved["b"].grid_code, moved["b"].assignment) == (f"{NORTH}002", "INSIDE")


def test_a_closed_report_that_comes_again_keeps_the_grid_of_its_date(load, world):
    closed = {"state": "CLOSED", "closed": NOW.isoformat()}
    load(row("a", **closed))["a"].grid_code = f"{NORTH}099"
    world.flush()
    assert load(row("a", text="别的", **closed))["a"].grid_code == f"{NORTH}099"
