"""The review queue over the API: read, decided with the revision seen, and taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from shapely import Point

from api.cli import console, main
from layers.engine import begin_writing
from layers.tables import Report, ReportCandidate, ReportEvent
from tests.api.checks import check_problem
from tests.two_towns import NORTH, NOW, geom

CELL, OTHER_CELL = f"{NORTH}001", f"{NORTH}002"


@pytest.fixture
def queue(app):
    """Two queued reports, the second one an hour younger, each with a candidate in both grids of the village."""
    with app.state.sessions.begin() as session:
        begin_writing(session)
        for hours, key in ((2, "q/1"), (1, "q2")):
            at = NOW - timedelta(hours=hours)
            report = Report(
                report_key=key, reported_at=at, category="SAFETY", source="PUBLIC", address_text="枫源村和平路12号",
                state="REPORTED", assignment="REVIEW", digest="",
            )  # fmt: skip
            session.add(report)
            session.flush()
            session.add(
                ReportEvent(report_id=report.id, sequence=1, at=at, by="hotline", step="report", state="REPORTED")
            )
            for rank, code, lon in ((1, CELL, 120.002), (2, OTHER_CELL, 120.007)):
                session.add(
                    ReportCandidate(
                        report_id=report.id, rank=rank, label=f"和平路12号 {rank}", level="NUMBER", village_code=NORTH,
                        grid_code=code, confidence=0.6 / rank, radius_m=30.0,
                        trace=[
                            ["和平路", "和平路", "exact", 1.0],
                            {"token": "12号", "record": "12", "reason": "number", "score": None},
                        ],
                        geom=geom(Point(lon, 29.805)),
                    )
                )  # fmt: skip


def decide(client, key, action, etag='"1"', **body):
    headers = {"If-Match": etag} if etag else {}
    return client.post(f"/api/review/{key}/{action}", json=body, headers=headers)


def test_the_queue_comes_page_by_page(queue, sign_in):
    officer = sign_in("officer")
    body = officer.get("/api/review", params={"limit": 1}).json()
    (first,) = body["reports"]
    assert (first["report_key"], first["revision"], first["waited_s"], first["same_text"]) == ("q/1", 1, 7200, 1)
    assert first["parts"][0] == {"field": "village", "start": 0, "end": 3}
    assert [one["grid_code"] for one in first["candidates"]] == [CELL, OTHER_CELL]
    assert [step["reason"] for step in first["candidates"][0]["trace"]] == ["exact", "number"]
    following = next(link["href"] for link in body["links"] if link["rel"] == "next")
    assert [one["report_key"] for one in officer.get(following).json()["reports"]] == ["q2"]
    figures = officer.get("/api/review/figures").json()
    assert (figures["length"], figures["oldest_s"], figures["accuracy"]["share"]) == (2, 7200, None)


def test_deciding_and_taking_back(queue, sign_in):
    officer = sign_in("officer")
    answer = decide(officer, "q/1", "accept", rank=1)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["grid_code"], body["assignment"], body["also"], body["learnt"]) == (CELL, "REVIEWED", [], False)
    assert answer.headers["etag"] == f'"{body["revision"]}"'
    assert decide(officer, "q/1", "undo", answer.headers["etag"]).json()["assignment"] == "REVIEW"

    corrected = decide(officer, "q2", "correct", lon=120.0081, lat=29.803, same_text=True).json()
    assert (corrected["grid_code"], corrected["also"], corrected["learnt"]) == (OTHER_CELL, ["q/1"], True)
    assert officer.get("/api/review").json()["reports"] == []
    back = decide(officer, "q2", "undo", f'"{corrected["revision"]}"')
    assert back.json()["also"] == ["q/1"]
    asked = decide(officer, "q2", "ask", back.headers["etag"], question="在哪个小区？").json()
    assert asked["state"] == "RETURNED"
    etag = f'"{officer.get("/api/review").json()["reports"][0]["revision"]}"'
    assert decide(officer, "q/1", "give_up", etag).json()["assignment"] == "NO_PLACE"


def test_refusals(queue, sign_in):
    officer, viewer = sign_in("officer"), sign_in("viewer")
    check_problem(viewer.get("/api/review"), 403, "forbidden")
    check_problem(decide(viewer, "q2", "accept", rank=1), 403, "forbidden")
    check_problem(decide(officer, "q2", "accept", None, rank=1), 428, "precondition-required")
    check_problem(decide(officer, "nothing", "accept", rank=1), 404, "not-found")
    check_problem(decide(officer, "q2", "accept", rank=7), 422, "invalid-input")
    check_problem(decide(officer, "q2", "accept", rank=0), 422, "invalid-parameter")
    check_problem(decide(officer, "q2", "correct", lon=120.025, lat=29.805), 403, "forbidden")
    check_problem(decide(officer, "q2", "correct", lon=10, lat=29.805), 422, "invalid-input")
    check_problem(decide(officer, "q2", "ask", question=" "), 422, "invalid-input")
    check_problem(decide(officer, "q2", "undo"), 409, "invalid-state")
    seen = decide(officer, "q2", "accept", rank=2)
    body = check_problem(decide(officer, "q2", "accept", rank=1), 412, "stale-revision")
    assert [change["step"] for change in body["changes"]] == ["review"]
    check_problem(decide(officer, "q2", "accept", seen.headers["etag"], rank=1), 409, "invalid-state")


def test_the_queue_on_the_command_line(queue, anyone, filled, monkeypatch, capsys):
    monkeypatch.setattr(console.out, "width", 200)

    def run(*words):
        monkeypatch.setattr("sys.argv", ["fengqiao", "--database", filled, "review", *words])
        with pytest.raises(SystemExit) as stopped:
            main()
        return stopped.value.code or 0, capsys.readouterr().out

    code, text = run("list", "--scope", NORTH)
    assert code == 0
    assert "2 wait" in text
    assert "n/a (fewer than 10), 0 of 0" in text
    assert text.index("q/1") < text.index("q2")
    assert run("accept", "q2", "2") == (0, f"q2 lies in {OTHER_CELL} now; with it 0 others.\n")
    code, text = run("correct", "q/1", "120.0081", "29.803")
    assert (code, "learnt" in text) == (0, True)
    assert run("accept", "q2", "1")[0] == 1
