"""A planner edits a draft through the doors; a second one never overwrites the first silently."""

from __future__ import annotations

import pytest

from tests.api.checks import check_problem
from tests.two_towns import NORTH

LINE = [[120.005, 29.79], [120.005, 29.82]]


@pytest.fixture
def here(sign_in):
    """Address of the draft of the home town: two blocks of 3 households, one grid."""
    (plan,) = sign_in("planner").get("/api/plans").json()["plans"]
    return f"/api/plans/{plan['id']}"


def change(client, here, what, body=None, etag=None):
    etag = etag or client.get(here).headers["etag"]
    return client.post(f"{here}/{what}", json=body, headers={"If-Match": etag})


def test_a_plan_is_split_undone_and_redone(sign_in, here):
    planner = sign_in("planner")
    status = planner.get(f"{here}/state").json()
    assert [(grid["number"], grid["code"], grid["households"]) for grid in status["grids"]] == [(0, f"{NORTH}801", 6)]
    assert (status["can_undo"], status["can_redo"]) == (None, None)

    split = change(planner, here, "edits", {"op": "split", "grid": 0, "line": LINE})
    assert split.status_code == 200, split.text
    body = split.json()
    assert [(grid["code"][-3:], grid["households"]) for grid in body["grids"]] == [("801", 3), ("802", 3)]
    assert (body["moved_households"], body["can_undo"], body["edit"]["by"]) == (3, "split", "planner")
    assert split.headers["etag"] == planner.get(here).headers["etag"] == f'"{body["revision"]}"'
    assert sorted(planner.get(f"{here}/assignment").json()["grid"]) == [0, 1]
    assert planner.get(f"{here}/grids").json()["numberReturned"] == 2

    undone = change(planner, here, "undo").json()
    assert (undone["gone"], undone["can_undo"], undone["can_redo"]) == ([1], None, "split")
    check_problem(change(planner, here, "undo"), 409, "invalid-state")
    assert change(planner, here, "redo").json()["can_redo"] is None
    history = planner.get(f"{here}/edits").json()["edits"]
    assert [(edit["op"], edit["refers_to"]) for edit in history] == [("split", None), ("undo", 1), ("redo", 1)]


def test_blocks_come_once_and_unpack_to_their_corners(sign_in, here):
    viewer = sign_in("viewer")
    answer = viewer.get(f"{here}/blocks")
    body = answer.json()
    (ring,) = body["polygons"][0][0:1][0]
    x, y = ring[0], ring[1]
    corners = {(x, y)}
    for dx, dy in zip(ring[2::2], ring[3::2], strict=True):
        x, y = x + dx, y + dy
        corners.add((x, y))
    assert (x, y) == (ring[0], ring[1])
    assert corners == {(int(a * 1e7), int(b * 1e7)) for a in (120.0, 120.005) for b in (29.80, 29.81)}
    assert (body["households"], body["villages"], body["village"]) == ([3, 3], [NORTH], [0, 0])
    again = viewer.get(f"{here}/blocks", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    state = viewer.get(f"{here}/state")
    assert viewer.get(f"{here}/state", headers={"If-None-Match": state.headers["etag"]}).status_code == 304


def test_the_second_planner_is_told_what_changed(sign_in, here):
    first, second = sign_in("planner"), sign_in("chief")
    etag = second.get(here).headers["etag"]
    assert change(first, here, "edits", {"op": "rename", "grid": 0, "name": "河东"}).status_code == 200
    body = check_problem(change(second, here, "edits", {"op": "lock"}, etag), 412, "stale-revision")
    assert [(edit["op"], edit["by"], edit["params"]["name"]) for edit in body["changes"]] == [
        ("rename", "planner", "河东")
    ]
    check_problem(second.post(f"{here}/edits", json={"op": "lock"}), 428, "precondition-required")
    assert second.get(f"{here}/state").json()["grids"][0]["locked"] is False


def test_a_preview_stores_nothing(sign_in, here):
    planner = sign_in("planner")
    etag = planner.get(here).headers["etag"]
    seen = change(planner, here, "edits?preview=true", {"op": "carve_out", "polygon": [*LINE, [119.99, 29.80]]})
    assert seen.status_code == 200, seen.text
    assert seen.json()["edit"] is None
    assert [grid["dedicated"] for grid in seen.json()["grids"]] == [False, True]
    assert planner.get(here).headers["etag"] == etag


def test_bad_edits_are_refused_with_their_reason(sign_in, here):
    planner = sign_in("planner")
    for body in (
        {"op": "paint"},
        {"op": "split", "grid": 0},
        {"op": "split", "grid": 0, "line": [[120.0, 29.8]]},
        {"op": "split", "grid": 0, "line": [[29.8, 120.0], [29.9, 120.0]]},
        {"op": "carve_out", "name": "x"},
        {"op": "give", "blocks": [], "to": 0},
        {"op": "merge", "grids": [0, 1], "secret": True},
    ):
        check_problem(change(planner, here, "edits", body), 422, "invalid-parameter")
    check_problem(change(planner, here, "edits", {"op": "merge", "grids": [0, 7]}), 422, "redraw")
    assert change(planner, here, "edits", {"op": "lock"}).status_code == 200
    split = {"op": "split", "grid": 0, "line": LINE}
    check_problem(change(planner, here, "edits", split), 422, "grid-locked")


def test_only_planners_of_the_whole_area_edit(sign_in, here):
    for name in ("viewer", "approver", "officer", "intake", "villager"):
        body = {"op": "lock"}
        client = sign_in(name)
        for what in ("edits", "undo", "redo", "renumber"):
            check_problem(client.post(f"{here}/{what}", json=body, headers={"If-Match": "*"}), 403, "forbidden")
        check_problem(client.post(f"{here}/branch", json={"name": "x"}), 403, "forbidden")
        check_problem(client.delete(here, headers={"If-Match": "*"}), 403, "forbidden")
    planner = sign_in("planner")
    assert change(planner, here, "submit").status_code == 200
    check_problem(change(planner, here, "edits", {"op": "lock"}), 409, "invalid-state")


def test_a_branch_is_a_draft_of_its_own(sign_in, here):
    planner = sign_in("planner")
    made = planner.post(f"{here}/branch", json={"name": "autumn"})
    assert (made.status_code, made.json()["state"]) == (201, "DRAFT"), made.text
    there = made.headers["location"]
    assert made.json()["based_on"] == int(here.rsplit("/", 1)[1])
    assert change(planner, there, "edits", {"op": "rename", "grid": 0, "name": "新"}).status_code == 200
    assert planner.get(f"{here}/state").json()["grids"][0]["name"] == "home new"
    check_problem(planner.delete(there, headers={"If-Match": '"1"'}), 412, "stale-revision")
    gone = planner.delete(there, headers={"If-Match": planner.get(there).headers["etag"]})
    assert gone.status_code == 204
    check_problem(planner.get(there), 404, "not-found")
    assert planner.get(f"{here}/state").json()["grids"][0]["households"] == 6


def test_numbering_begins_at_one_in_the_west(sign_in, here):
    planner = sign_in("planner")
    change(planner, here, "edits", {"op": "split", "grid": 0, "line": LINE})
    done = change(planner, here, "renumber")
    # 001 and 002 are in force, so the numbers of the draft follow.
    assert sorted(grid["code"][-3:] for grid in done.json()["grids"]) == ["003", "004"]
    check_problem(change(planner, here, "renumber"), 422, "invalid-input")


def test_checks_and_comparison_show_what_a_plan_does(sign_in, here):
    planner = sign_in("planner")
    assert planner.get(f"{here}/checks").json()["features"] == []
    sheet = planner.get(f"{here}/compare").json()
    # Two grids in force become one: the one with the households and all else goes on, the other brings nothing.
    assert (sheet["other"], sheet["households"], sheet["addresses"], sheet["open_reports"]) == (None, 0, 0, 0)
    assert [(row["old_code"], row["new_code"], row["stays"]) for row in sheet["rows"]] == [
        (f"{NORTH}001", f"{NORTH}801", True),
        (f"{NORTH}002", f"{NORTH}801", False),
    ]
    (place,) = sheet["places"]["features"]
    assert (place["properties"]["old_code"], place["geometry"]["type"]) == (f"{NORTH}002", "Polygon")
    there = planner.post(f"{here}/branch", json={"name": "b"}).headers["location"]
    other = int(here.rsplit("/", 1)[1])
    assert planner.get(f"{there}/compare", params={"with": other}).json()["places"]["features"] == []
    check_problem(planner.get(f"{here}/compare", params={"with": 99}), 404, "not-found")


def test_a_plan_is_returned_with_its_reason_and_edited_again(sign_in, here):
    planner, approver = sign_in("planner"), sign_in("approver")
    assert change(planner, here, "submit").status_code == 200
    check_problem(change(approver, here, "return"), 422, "invalid-input")
    back = change(approver, here, "return", {"note": "太大"})
    assert (back.status_code, back.json()["state"]) == (200, "DRAFT")
    assert change(planner, here, "edits", {"op": "lock"}).status_code == 200


def test_a_drawing_runs_behind_the_doors(app, sign_in, here):
    planner = sign_in("planner")
    assert planner.get(f"{here}/draw").json()["state"] == "none"
    check_problem(planner.delete(f"{here}/draw"), 404, "not-found")
    check_problem(planner.post(f"{here}/draw", json={}), 428, "precondition-required")
    check_problem(change(planner, here, "draw", {"target": 0}), 422, "invalid-parameter")
    check_problem(change(sign_in("viewer"), here, "draw", {}), 403, "forbidden")
    begun = change(planner, here, "draw", {"target": 3, "effort": "fast"})
    assert begun.status_code == 202, begun.text
    app.state.drawings.join(int(here.rsplit("/", 1)[1]))
    done = planner.get(f"{here}/draw").json()
    assert (done["state"], done["error"], sorted(done["grid"])) == ("done", None, [0, 1])
    assert planner.get(here).headers["etag"] == f'"{done["revision"]}"'
    assert planner.get(f"{here}/state").json()["can_undo"] == "redraw"
