"""Offices and the catalogue are kept by administrators, and nobody changes what he has not seen."""

from tests.api.checks import check_problem
from tests.two_towns import AWAY, HOME, NORTH

OFFICE = f"/api/teams/{NORTH}001/第一网格服务站"
MATTER = {"name": "消防隐患", "levels": ["CELL", "TOWN"], "deadline_amount": 4, "deadline_unit": "WORKING_HOURS"}


def test_an_office_is_added_changed_and_taken_away(sign_in):
    chief = sign_in("chief")
    made = chief.put(OFFICE, json={"phone": "0575-1"})
    assert (made.status_code, made.headers["etag"]) == (200, made.json()["etag"])
    check_problem(chief.put(OFFICE, json={}), 428, "precondition-required")
    old = {"If-Match": made.headers["etag"]}
    changed = chief.put(OFFICE, json={"phone": "0575-2", "platform": "SERVICE"}, headers=old)
    assert changed.json()["phone"] == "0575-2"
    check_problem(chief.put(OFFICE, json={}, headers=old), 412, "stale-revision")
    (told,) = sign_in("viewer").get("/api/teams").json()["teams"]
    assert told == changed.json()
    assert sign_in("villager").get("/api/teams").json()["teams"] == [told]
    check_problem(chief.delete(OFFICE), 428, "precondition-required")
    assert chief.delete(OFFICE, headers={"If-Match": told["etag"]}).status_code == 204
    check_problem(chief.delete(OFFICE, headers={"If-Match": "*"}), 404, "not-found")
    check_problem(chief.put(f"/api/teams/{AWAY}/所", json={}), 403, "forbidden")
    check_problem(sign_in("planner").put(OFFICE, json={}), 403, "forbidden")
    check_problem(chief.put("/api/teams/12/x", json={}), 422, "invalid-parameter")


def test_reports_go_to_the_next_office(sign_in):
    chief, officer = sign_in("chief"), sign_in("officer")
    for name in (OFFICE, f"/api/teams/{HOME}/镇办"):
        assert chief.put(name, json={}).status_code == 200
    report = {"category": "SAFETY", "source": "PUBLIC", "lon": 120.002, "lat": 29.805}
    made = officer.post("/api/reports", json=report, headers={"Idempotency-Key": "t"}).json()
    assert made["properties"]["team"]["name"] == "第一网格服务站"
    chief.delete(OFFICE, headers={"If-Match": "*"})
    assert officer.get("/api/reports/t").json()["properties"]["team"]["name"] == "镇办"


def test_matters_are_kept_for_everybody_by_who_has_everything(sign_in):
    root = sign_in("root")
    made = root.put("/api/catalogue/SAFETY", params={"subtype": "消防"}, json=MATTER)
    assert made.status_code == 200, made.text
    assert made.json()["levels"] == ["CELL", "TOWN"]
    assert sign_in("viewer").get("/api/catalogue").json()["matters"] == [made.json()]
    check_problem(
        root.put("/api/catalogue/SAFETY", params={"subtype": "消防"}, json=MATTER), 428, "precondition-required"
    )
    check_problem(sign_in("chief").put("/api/catalogue/LAW", json=MATTER), 403, "forbidden")
    check_problem(root.put("/api/catalogue/LAW", json=MATTER | {"deadline_amount": 0}), 422, "invalid-parameter")
    check_problem(root.put("/api/catalogue/LAW", json=MATTER | {"name": " "}), 422, "invalid-input")
    gone = root.delete("/api/catalogue/SAFETY", params={"subtype": "消防"}, headers={"If-Match": made.json()["etag"]})
    assert gone.status_code == 204
    check_problem(root.delete("/api/catalogue/SAFETY", headers={"If-Match": "*"}), 404, "not-found")
