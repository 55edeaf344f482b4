"""Weekly figures over HTTP and on the command line."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import openpyxl
import pytest

from api.cli import console, main
from layers.engine import connect, sessions
from layers.tables import Report, ReportEvent
from tests.api.checks import check_problem
from tests.two_towns import AWAY, HOME, NORTH, NOW

WEEK = "2026-W10"  # 2 to 8 March; the clock stands at Tuesday, 10 March
CELL = f"{NORTH}001"


@pytest.fixture
def busy(filled):
    """Six more reports of the week in the first grid, all accepted and five of them closed."""
    engine = connect(filled)
    with sessions(engine).begin() as session:
        for i in range(6):
            at = NOW - timedelta(days=6, minutes=i)
            report = Report(report_key=f"w{i}", reported_at=at, state="ACCEPTED", category="LAW", source="PUBLIC",
                village_code=NORTH, grid_code=CELL, digest="")  # fmt: skip
            session.add(report)
            session.flush()
            steps = [("report", "REPORTED"), ("accept", "ACCEPTED")] + [("close", "CLOSED")] * (i > 0)
            session.add_all(
                ReportEvent(report_id=report.id, sequence=n, at=at + timedelta(minutes=10 * n), by="x", step=s, state=t)
                for n, (s, t) in enumerate(steps, start=1)
            )
    engine.dispose()
    return filled


def test_figures_come_with_what_they_were_counted_from(busy, sign_in):
    found = sign_in("viewer").get("/api/statistics", params={"level": "CELL"}).json()
    assert (found["week"], found["first_day"], found["basis"], found["area"]) == (WEEK, "2026-03-02", "as_it_was", HOME)
    assert found["cut_off"].startswith("2026-03-10T12:00:00")
    assert found["provisional"]
    assert [area["code"] for area in found["areas"]] == [CELL, f"{NORTH}002", f"{HOME}002001"]
    closing = {"numerator": 5, "denominator": 6, "value": 5 / 6, "reason": None}
    assert found["areas"][0]["figures"]["closing_rate"] == found["whole"]["closing_rate"] == closing
    assert found["areas"][1]["figures"]["closing_rate"] == {
        "numerator": 0,
        "denominator": 0,
        "value": None,
        "reason": "NOTHING_DUE",
    }
    assert found["whole"]["first_response"]["value"] == 20
    assert {kpi["key"] for kpi in found["kpis"]} == set(found["whole"])
    page = sign_in("viewer").get("/api/statistics", params={"level": "CELL", "limit": 1}).json()
    assert [area["code"] for area in page["areas"]] == [CELL]
    following = sign_in("viewer").get(page["links"][1]["href"]).json()
    assert [area["code"] for area in following["areas"]] == [f"{NORTH}002"]


def test_a_week_is_closed_stated_again_and_compared(busy, sign_in):
    chief, viewer = sign_in("chief"), sign_in("viewer")
    check_problem(viewer.post("/api/statistics/editions", json={"week": WEEK}), 403, "forbidden")
    first = chief.post("/api/statistics/editions", json={"week": WEEK}).json()
    assert (first["edition"]["version"], first["edition"]["scope_code"], first["is_new"]) == (1, HOME, True)
    assert not chief.post("/api/statistics/editions", json={"week": WEEK}).json()["is_new"]
    key = {"Idempotency-Key": "late", "X": "1"}
    late = {
        "category": "LAW",
        "source": "PUBLIC",
        "reported_at": "2026-03-08T23:59:59+08:00",
        "lon": 120.002,
        "lat": 29.805,
    }
    assert sign_in("officer").post("/api/reports", json=late, headers=key).status_code == 201
    second = chief.post("/api/statistics/editions", json={"week": WEEK, "note": "12345"}).json()
    assert (second["edition"]["version"], second["edition"]["note"]) == (2, "12345")
    told = viewer.get("/api/statistics/changes", params={"week": WEEK}).json()
    assert told["count"] == second["changes"] == len(told["changes"])
    reported = next(row for row in told["changes"] if (row["level"], row["kpi"]) == ("CELL", "reported"))
    assert (reported["before"]["value"], reported["after"]["value"]) == (7, 8)
    assert [row["version"] for row in viewer.get("/api/statistics/editions").json()["editions"]] == [2, 1]
    old = viewer.get("/api/statistics", params={"week": WEEK, "level": "CELL", "version": 1}).json()
    assert (old["edition"]["version"], old["areas"][0]["figures"]["reported"]["value"]) == (1, 7)
    series = viewer.get("/api/statistics/series", params={"first": "2026-W09", "last": WEEK, "area": NORTH}).json()
    assert [(week["week"], week["version"]) for week in series["weeks"]] == [("2026-W09", None), (WEEK, 2)]
    assert series["weeks"][1]["figures"]["reported"]["value"] == 8
    check_problem(viewer.get("/api/statistics/changes", params={"week": "2026-W09"}), 404, "not-found")


def test_the_workbook_holds_the_same_figures(busy, sign_in):
    answer = sign_in("viewer").get("/api/statistics.xlsx", params={"week": WEEK, "level": "CELL"})
    assert answer.headers["content-disposition"] == 'attachment; filename="statistics-2026-W10-cell.xlsx"'
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0].iter_rows(values_only=True))
    assert [row[4:7] for row in rows if row[2] == CELL and row[3].startswith("办结率")] == [(5, 6, 0.8333)]
    assert not [row for row in rows if str(row[2]).startswith(AWAY)]


def test_the_index_says_that_it_is_not_official(busy, sign_in):
    found = sign_in("viewer").get("/api/statistics/index", params={"week": WEEK, "level": "VILLAGE"}).json()
    assert found["official"] is False
    assert "非官方" in found["label_zh"]
    assert found["areas"][0]["score"] is None, "most of the weight of the template is known to nobody"
    closing = next(item for item in found["areas"][0]["inputs"] if item["key"] == "stability.closing")
    assert closing["own"] == pytest.approx(5 / 6)


WRONG = [
    ("/api/statistics?week=2026-W54", 422),
    ("/api/statistics?week=2026-W12", 422),
    ("/api/statistics?level=MICRO", 422),
    (f"/api/statistics?area={AWAY}", 403),
    (f"/api/statistics/series?area={AWAY}", 403),
    (f"/api/statistics.xlsx?area={AWAY}", 403),
    (f"/api/statistics/index?area={AWAY}", 403),
    ("/api/statistics?version=1", 404),
    ("/api/statistics?version=1&basis=todays_grids", 422),
    ("/api/statistics/series?first=2026-W10&last=2026-W09", 422),
    ("/api/statistics/series?first=2020-W01", 422),
]


def test_what_cannot_be_answered_is_said(sign_in):
    viewer = sign_in("viewer")
    for address, status in WRONG:
        check_problem(viewer.get(address), status)


def test_the_command_line_shows_closes_and_writes_a_week(busy, monkeypatch, capsys, tmp_path):
    def run(*words):
        monkeypatch.setattr("sys.argv", ["fengqiao", "--database", busy, *words])
        with pytest.raises(SystemExit) as stopped:
            main()
        captured = capsys.readouterr()
        return stopped.value.code or 0, captured.out + captured.err

    monkeypatch.setattr(console.out, "width", 260)
    code, text = run("statistics", "week", WEEK, "--level", "CELL")
    assert code == 0, text
    assert "83.3% 5/6" in text
    assert "n/a 0/0" in text
    assert run("statistics", "close", WEEK) == (0, "2026-W10 version 1 is kept.\n")
    assert "no figure has changed" in run("statistics", "close", WEEK)[1]
    file = tmp_path / "out" / "week.xlsx"
    assert run("statistics", "export", str(file), WEEK)[0] == 0
    assert openpyxl.load_workbook(file).sheetnames == ["指标 figures", "说明 notes"]
    assert run("statistics", "export", str(tmp_path / "week.csv"))[0] == 1
    assert "Not official" in run("statistics", "index", WEEK)[1]
    (tmp_path / "visits.csv").write_text(f"grid_code,week,households\n{CELL},{WEEK},30\n")
    assert run("statistics", "visits", str(tmp_path / "visits.csv")) == (0, "1 counts of visits.\n")
    declared = tmp_path / "index.json"
    declared.write_text(json.dumps({"zh": "指数"}))
    assert "minimum_coverage" in run("statistics", "index", WEEK, "--declaration", str(declared))[1]
    rows = f"area_code,week,indicator,numerator,denominator\n{HOME},{WEEK},food.pass,97,100\n"
    (tmp_path / "figures.csv").write_text(rows)
    assert run("statistics", "indicators", str(tmp_path / "figures.csv")) == (0, "1 figures.\n")
