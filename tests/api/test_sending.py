"""Reports are sent in once, plans go from step to step, and two hands do not overwrite each other."""

from __future__ import annotations

import sqlalchemy as sa

from layers.tables import Grid, Outbox, Report
from tests.api.checks import check_problem
from tests.two_towns import HOME, NORTH

REPORT = {
    "category": "SAFETY",
    "source": "PATROL",
    "description": "井盖缺失 <b>",
    "lon": 120.0020000001,
    "lat": 29.805,
    "reported_at": "2026-03-10T11:59:00+08:00",
}


def send(client, key="k-1", **changes):
    return client.post("/api/reports", json=REPORT | changes, headers={"Idempotency-Key": key})


def test_a_report_finds_its_grid_and_can_be_read(sign_in):
    officer = sign_in("officer")
    made = send(officer)
    assert made.status_code == 201
    assert made.headers["location"] == "/api/reports/k-1"
    body = made.json()
    assert body["properties"]["grid_code"] == f"{NORTH}001"
    assert body["properties"]["assignment"] == "INSIDE"
    assert body["properties"]["reported_at"] in {"2026-03-10T03:59:00Z", "2026-03-10T03:59:00+00:00"}
    assert body["geometry"]["coordinates"] == [120.002, 29.805]
    assert [step["by"] for step in body["properties"]["history"]] == ["officer"]
    assert officer.get(made.headers["location"]).json() == body


def test_sending_again_gives_the_same_answer_and_stores_nothing(app, sign_in):
    intake = sign_in("intake")
    first, second = send(intake), send(intake)
    assert (second.status_code, second.json()) == (201, first.json())
    check_problem(send(intake, lat=29.806), 409, "key-reused")
    with app.state.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Report.report_key == "k-1")) == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(Outbox)) == 1


def test_a_report_without_a_place_is_taken_in(sign_in):
    intake = sign_in("intake")
    made = intake.post(
        "/api/reports", json={"category": "OTHER", "source": "PUBLIC"}, headers={"Idempotency-Key": "k-2"}
    )
    assert made.status_code == 201
    assert made.json()["geometry"] is None
    assert made.json()["properties"]["assignment"] == "NO_PLACE"


def test_bad_reports_list_what_is_wrong_and_store_nothing(app, sign_in):
    intake = sign_in("intake")
    wrong = {
        "category": "FACE",
        "source": None,
        "severity": 9,
        "lon": 200,
        "lat": "north",
        "reported_at": "2026-03-10T11:59:00",
        "reporter_phone": "13800000000",
    }
    body = check_problem(send(intake, **wrong), 422, "invalid-parameter")
    assert {error["name"] for error in body["errors"]} == set(wrong)
    assert "13800000000" not in str(body)
    check_problem(send(intake, lon=None), 422, "invalid-input")
    check_problem(send(intake, reported_at="2026-03-11T11:59:00+08:00"), 422, "invalid-input")
    check_problem(send(intake, description="a\x00b"), 422, "invalid-input")
    no_key = check_problem(intake.post("/api/reports", json=REPORT), 422, "invalid-parameter")
    assert [error["where"] for error in no_key["errors"]] == ["header"]
    with app.state.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Outbox)) == 0


def test_a_plan_goes_from_step_to_step(app, sign_in):
    planner, approver = sign_in("planner"), sign_in("approver")
    (plan,) = planner.get("/api/plans").json()["plans"]
    here = f"/api/plans/{plan['id']}"
    etag = planner.get(here).headers["etag"]
    assert planner.get(here, headers={"If-None-Match": etag}).status_code == 304

    check_problem(planner.post(f"{here}/submit"), 428, "precondition-required")
    check_problem(planner.post(f"{here}/submit", headers={"If-Match": "W/x"}), 422, "invalid-parameter")
    check_problem(planner.post(f"{here}/submit", headers={"If-Match": '"77"'}), 412, "stale-revision")
    check_problem(planner.post(f"{here}/delete", headers={"If-Match": "*"}), 422, "invalid-parameter")
    check_problem(planner.post(f"{here}/approve", headers={"If-Match": etag}), 403, "forbidden")
    check_problem(approver.post(f"{here}/approve", headers={"If-Match": etag}), 409, "invalid-state")

    submitted = planner.post(f"{here}/submit", headers={"If-Match": etag})
    assert submitted.json()["state"] == "SUBMITTED"
    assert submitted.headers["etag"] != etag
    approved = approver.post(f"{here}/approve", headers={"If-Match": submitted.headers["etag"]})
    day = {"valid_from": "2026-04-01"}
    check_problem(approver.post(f"{here}/publish", json=day, headers={"If-Match": etag}), 412, "stale-revision")
    published = approver.post(f"{here}/publish", json=day, headers={"If-Match": approved.headers["etag"]})
    assert (published.status_code, published.json()["state"]) == (200, "PUBLISHED"), published.text

    cells = {"level": "CELL", "parent_code": NORTH}
    before = planner.get("/api/grids", params=cells | {"as_of": "2026-03-31"}).json()["features"]
    after = planner.get("/api/grids", params=cells | {"as_of": "2026-04-01"}).json()["features"]
    assert [feature["id"] for feature in before] == [f"{NORTH}001", f"{NORTH}002"]
    assert [feature["id"] for feature in after] == [f"{NORTH}801"]
    with app.state.sessions() as session:
        assert session.scalar(sa.select(Grid.valid_from).where(Grid.code == f"{NORTH}801")).isoformat() == "2026-04-01"


def test_a_drawn_plan_is_a_draft_of_the_own_area(sign_in):
    planner = sign_in("planner")
    wanted = {"scope_code": NORTH, "name": "spring", "target": 3, "tolerance": 0.5, "effort": "fast"}
    made = planner.post("/api/plans", json=wanted)
    assert made.status_code == 201, made.text
    assert (made.json()["state"], made.json()["created_by"]) == ("DRAFT", "planner")
    grids = planner.get(made.headers["location"] + "/grids").json()["features"]
    assert sum(grid["properties"]["households"] for grid in grids) == 6
    assert all(grid["id"].startswith(NORTH) for grid in grids)
    assert planner.get("/api/grids", params={"parent_code": NORTH}).json()["numberReturned"] == 2
    check_problem(planner.post("/api/plans", json=wanted | {"scope_code": ""}), 403, "forbidden")
    check_problem(planner.post("/api/plans", json=wanted | {"scope_code": f"{HOME}002"}), 409, "missing-data")
    body = check_problem(planner.post("/api/plans", json=wanted | {"target": 0, "effort": "endless"}), 422)
    assert {error["name"] for error in body["errors"]} == {"target", "effort"}
