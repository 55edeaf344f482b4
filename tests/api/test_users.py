"""Accounts are made and changed by administrators, each inside the own area."""

from tests.api.checks import check_problem
from tests.api.conftest import ACCOUNTS
from tests.two_towns import AWAY, HOME


def test_an_account_is_made_used_and_disabled(sign_in):
    chief = sign_in("chief")
    made = chief.post("/api/users", json={"name": "Guest", "roles": ["VIEWER"], "scope_code": HOME})
    assert made.status_code == 201
    assert made.headers["location"] == "/api/users/guest"
    password = made.json()["one_time_password"]
    guest = sign_in("guest", password)
    check_problem(guest.get("/api/grids"), 403, "password-change-required")
    renewed = chief.post("/api/users/guest/password").json()["one_time_password"]
    check_problem(guest.get("/api/session"), 401)
    assert sign_in("guest", renewed).get("/api/session").status_code == 200
    assert chief.patch("/api/users/guest", json={"disabled": True}).json()["disabled_at"]
    shown = chief.get("/api/users/guest")
    assert shown.json()["roles"] == ["VIEWER"]
    assert "password_hash" not in shown.text


def test_an_account_may_have_a_chinese_name(sign_in):
    made = sign_in("chief").post("/api/users", json={"name": "张三", "roles": ["VIEWER"], "scope_code": HOME})
    assert made.headers["location"] == "/api/users/%E5%BC%A0%E4%B8%89"
    assert sign_in("chief").get(made.headers["location"]).json()["name"] == "张三"


def test_an_administrator_of_a_town_sees_its_accounts_only(sign_in):
    chief = sign_in("chief")
    names = {user["name"] for user in chief.get("/api/users").json()["users"]}
    assert names == set(ACCOUNTS) - {"root"}
    for answer in (
        chief.get("/api/users/root"),
        chief.patch("/api/users/root", json={"disabled": True}),
        chief.post("/api/users/root/password"),
    ):
        check_problem(answer, 404, "not-found")
    check_problem(chief.post("/api/users", json={"name": "x", "roles": ["VIEWER"], "scope_code": AWAY}), 403)
    check_problem(chief.patch("/api/users/viewer", json={"scope_code": ""}), 403)
    check_problem(chief.patch("/api/users/chief", json={"disabled": True}), 403)


def test_others_cannot_administer(sign_in):
    for name in ("planner", "approver", "officer", "viewer", "intake"):
        check_problem(sign_in(name).get("/api/users"), 403, "forbidden")


def test_bad_accounts_list_what_is_wrong(sign_in):
    root = sign_in("root")
    body = check_problem(root.post("/api/users", json={"name": "", "roles": ["KING"]}), 422, "invalid-parameter")
    assert {error["name"] for error in body["errors"]} == {"name", "roles.0", "scope_code"}
    assert {error["where"] for error in body["errors"]} == {"body"}
    check_problem(root.post("/api/users", json={"name": "viewer", "roles": ["VIEWER"], "scope_code": ""}), 409)
