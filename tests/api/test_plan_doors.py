"""Plans through the doors: drawn in the background, jumped through, sent as files, printed, in force on their day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.days import bring_into_force
from layers.tables import Plan, Team
from tests.api.checks import check_problem
from tests.api.test_plan_editing import LINE, change
from tests.two_towns import HOME, NORTH, NOW


@pytest.fixture
def number(sign_in):
    """Number of the draft of the home town: two blocks of 3 households, one grid."""
    (plan,) = sign_in("planner").get("/api/plans").json()["plans"]
    return plan["id"]


@pytest.fixture
def here(number):
    return f"/api/plans/{number}"


def test_the_history_is_jumped_through(sign_in, here):
    planner = sign_in("planner")
    change(planner, here, "edits", {"op": "split", "grid": 0, "line": LINE})
    change(planner, here, "edits", {"op": "lock", "grids": [1]})
    state = change(planner, here, "jump?to=0").json()
    assert (state["head"], len(state["grids"]), state["can_redo"]) == (0, 1, "split")
    assert [grid["locked"] for grid in change(planner, here, "jump?to=2").json()["grids"]] == [False, True]
    change(planner, here, "jump?to=1")
    change(planner, here, "edits", {"op": "rename", "grid": 0, "name": "河东"})
    check_problem(change(planner, here, "jump?to=2"), 422, "invalid-input")


def test_a_plan_sent_as_a_file_comes_back_as_the_same_plan(sign_in, here):
    planner = sign_in("planner")
    change(planner, here, "edits", {"op": "split", "grid": 0, "line": LINE})
    change(planner, here, "edits", {"op": "lock", "grids": [1]})
    before = planner.get(f"{here}/state").json()
    for kind in ("geojson", "gpkg", "shp", "parquet", "csv"):
        sent = planner.get(f"{here}/export", params={"format": kind})
        assert sent.headers["content-type"] == "application/zip"
        made = planner.post("/api/plans/import", params={"file_name": "x.zip", "name": kind}, content=sent.content)
        assert made.status_code == 201, made.text
        after = planner.get(f"{made.headers['location']}/state").json()
        assert after["grids"] == before["grids"]
    check_problem(
        planner.post("/api/plans/import", params={"file_name": "x.zip"}, content=b"no"), 422, "unreadable-file"
    )
    check_problem(planner.post("/api/plans/import", params={"file_name": "x.exe"}, content=b"no"), 422, "invalid-input")
    check_problem(sign_in("viewer").post("/api/plans/import", params={"file_name": "x.zip"}), 403, "forbidden")


def test_the_cards_name_the_office(sign_in, here, app):
    root = sign_in("root")
    with app.state.sessions.begin() as session:
        session.add(Team(name="镇综治办", phone="0575-87000000", area_code=HOME, created_at=NOW))
    page = root.get(f"{here}/cards")
    assert page.status_code == 200
    assert "镇综治办 0575-87000000" in page.text
    assert "<style" not in page.text
    assert 'href="/static/cards.css"' in page.text
    assert root.get("/static/cards.css").status_code == 200
    check_problem(root.get(f"{here}/cards", params={"code": "1"}), 409, "missing-data")


def test_what_villages_allow_is_said_before_anything_is_drawn(sign_in):
    answer = sign_in("planner").get("/api/plans/feasibility", params={"scope_code": HOME, "target": 3})
    rows = {row["code"]: row for row in answer.json()["villages"]}
    assert (rows[NORTH]["households"], rows[NORTH]["best"], rows[NORTH]["verdict"]) == (6, 2, "fits")
    parts = answer.json()["parts"]
    assert NORTH in parts[0]["villages"]
    assert sum(part["households"] for part in parts) == sum(row["households"] for row in rows.values())
    check_problem(sign_in("planner").get("/api/plans/feasibility", params={"scope_code": "99"}), 403, "forbidden")


def test_a_new_plan_is_drawn_behind_the_doors(app, sign_in):
    planner = sign_in("planner")
    body = {"scope_code": HOME, "name": "新", "target": 3, "effort": "fast", "background": True}
    begun = planner.post("/api/plans", json=body)
    assert begun.status_code == 202, begun.text
    app.state.drawings.join(begun.json()["id"])
    job = planner.get(f"{begun.headers['location']}/draw").json()
    assert (job["state"], job["new"], job["ready"]) == ("done", True, True)
    grids = planner.get(f"{begun.headers['location']}/state").json()["grids"]
    assert {grid["number"] for grid in grids} == set(job["grid"])
    assert sum(grid["households"] for grid in grids) == 6
    check_problem(sign_in("viewer").post("/api/plans", json=body), 403, "forbidden")


def test_a_plan_waits_for_its_day(app, clock, sign_in, here, number):
    planner, approver = sign_in("planner"), sign_in("approver")
    change(planner, here, "edits", {"op": "split", "grid": 0, "line": LINE})
    change(planner, here, "submit")
    change(approver, here, "approve")
    tomorrow = (clock.now + timedelta(days=1)).date().isoformat()
    change(approver, here, "publish", {"valid_from": tomorrow})
    tag = planner.get(here).headers["etag"]
    refused = planner.post(f"{here}/withdraw", json={"note": "x"}, headers={"If-Match": tag})
    check_problem(refused, 403, "forbidden")
    assert change(approver, here, "withdraw", {"note": "桥未通车"}).json()["state"] == "APPROVED"
    steps = planner.get(f"{here}/course").json()["steps"]
    assert [row["step"] for row in steps][-4:] == ["submit", "approve", "publish", "withdraw"]
    assert (steps[-1]["note"], steps[-1]["by"]) == ("桥未通车", "approver")
    published = change(approver, here, "publish", {"valid_from": tomorrow})
    assert published.status_code == 200, published.text
    assert published.json()["activated_at"] is None

    def plans_in_force(day):
        grids = planner.get("/api/grids", params={"level": "CELL", "as_of": day}).json()["features"]
        return {grid["properties"]["plan_id"] for grid in grids if grid["properties"]["parent_code"] == NORTH}

    assert number in plans_in_force(tomorrow)
    assert number not in plans_in_force(clock.now.date().isoformat())
    assert bring_into_force(app) == 0
    clock.move(timedelta(days=1))
    assert bring_into_force(app) == 1
    with app.state.sessions() as session:
        assert session.get_one(Plan, number).activated_at is not None
    assert bring_into_force(app) == 0


def test_a_replay_names_households_that_change_hands(sign_in, here):
    planner = sign_in("planner")
    answer = planner.get(f"{here}/replay", params={"since": NOW.isoformat()})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.splitlines()[0] == "kind,key,reported_at,households,old_code,new_code"
    check_problem(planner.get("/api/plans/999999/replay"), 404, "not-found")
