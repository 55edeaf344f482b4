"""Reports go from step to step over the API: with rights, with the last state seen, with the possible steps named."""

from __future__ import annotations

import pytest

from layers.engine import begin_writing
from layers.workflow.catalogue import load_catalogue
from layers.workflow.teams import add_team
from tests.api.checks import check_problem
from tests.two_towns import ADMIN, HOME, NORTH, NOW

CELL = f"{NORTH}001"


@pytest.fixture
def desk(app):
    """The catalogue that comes with the software, and a team in one grid."""
    with app.state.sessions.begin() as session:
        load_catalogue(begin_writing(session), ADMIN, now=NOW)
        add_team(session, ADMIN, name="第一网格服务站", area_code=CELL, phone="0575-87000000", now=NOW)


def step(client, name, etag, key="k-1", **details):
    return client.post(f"/api/reports/{key}/steps/{name}", json=details, headers={"If-Match": etag})


def send(client, key="k-1"):
    body = {"category": "SAFETY", "source": "PATROL", "description": "井盖缺失", "lon": 120.002, "lat": 29.805}
    return client.post("/api/reports", json=body, headers={"Idempotency-Key": key})


def test_a_report_on_its_way(desk, sign_in, clock):
    officer = sign_in("officer")
    made = send(officer)
    properties = made.json()["properties"]
    assert properties["team"] == {"name": "第一网格服务站", "phone": "0575-87000000", "area_code": CELL}
    assert properties["due_at"] == "2026-03-12T09:30:00Z"
    assert (properties["overdue"], properties["remaining"]) == (False, 1)
    assert {"accept", "return", "supervise"} <= set(properties["steps"])

    etag = made.headers["etag"]
    for name, details in (("accept", {}), ("dispatch", {}), ("start", {"note": "到场"})):
        answer = step(officer, name, etag, **details)
        assert answer.status_code == 200, answer.text
        assert answer.headers["etag"] != etag
        etag = answer.headers["etag"]
    clock.now = NOW.replace(day=14)
    with_me = sign_in("officer").get("/api/reports/k-1").json()["properties"]
    assert (with_me["state"], with_me["held_by"], with_me["overdue"]) == ("IN_PROGRESS", CELL, True)
    assert with_me["remaining"] == 0
    assert [taken["step"] for taken in with_me["history"]] == ["report", "accept", "dispatch", "start"]
    assert with_me["history"][2]["org_code"] == HOME


def test_refusals(desk, sign_in):
    officer, viewer = sign_in("officer"), sign_in("viewer")
    etag = send(officer).headers["etag"]
    assert viewer.get("/api/reports/k-1").json()["properties"]["steps"] == []
    check_problem(step(viewer, "accept", etag), 403, "forbidden")
    check_problem(officer.post("/api/reports/k-1/steps/accept", json={}), 428, "precondition-required")
    check_problem(step(officer, "accept", '"9"'), 412, "stale-revision")
    check_problem(step(officer, "accept", etag, key="foreign-p1"), 404, "not-found")
    body = check_problem(step(officer, "handle", etag), 409, "invalid-state")
    assert "accept" in body["detail"]
    check_problem(step(officer, "return", etag), 422, "invalid-input")
    check_problem(step(officer, "return", etag, reporter_phone="1"), 422, "invalid-parameter")
    assert officer.get("/api/reports/k-1").headers["etag"] == etag


def test_a_key_with_slashes_has_steps_too(desk, sign_in):
    officer = sign_in("officer")
    made = send(officer, "a/b")
    assert step(officer, "accept", made.headers["etag"], key="a/b").json()["properties"]["state"] == "ACCEPTED"


def test_reports_that_look_alike_name_each_other(sign_in):
    officer = sign_in("officer")
    send(officer)
    assert send(officer, "k-2").json()["properties"]["links"] == [
        {"report_key": "k-1", "kind": "DUPLICATE", "score": 1.0, "reason": "0 m apart, texts agree by 100%"}
    ]
    assert [link["report_key"] for link in officer.get("/api/reports/k-1").json()["properties"]["links"]] == ["k-2"]
