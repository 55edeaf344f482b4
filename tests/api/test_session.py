"""Signing in and out: one-time passwords, guesses, cookies, keys, and pages of other sites."""

from datetime import timedelta

from api.app import create_app
from api.settings import Settings
from layers.engine import connect, sessions
from layers.users import ensure_administrator
from tests.api.checks import check_problem
from tests.api.conftest import ORIGIN, PASSWORD, TestClient
from tests.two_towns import HOME, NOW

NEW = "a better sentence 7"


def test_a_session_tells_who_one_is(sign_in):
    officer = sign_in("officer")
    assert officer.get("/api/session").json() == {
        "name": "officer",
        "roles": ["DUTY_OFFICER"],
        "permissions": ["handle", "read", "report"],
        "scope_code": HOME,
        "password_is_one_time": False,
    }


def test_the_cookie_is_for_the_server_alone(anyone):
    answer = anyone.post("/api/session", json={"name": "officer", "password": PASSWORD})
    (cookie,) = answer.headers.get_list("set-cookie")
    parts = [part.strip().lower() for part in cookie.split(";")]
    assert {"httponly", "samesite=strict", "path=/"} <= set(parts)
    assert "secure" not in parts  # plain http in this test
    token = anyone.cookies["fengqiao_session"]
    assert token not in answer.text


def test_the_cookie_is_secure_behind_https(filled, clock):
    app = create_app(Settings(database_url=filled, public_url="https://grid.example/"), clock=clock)
    with TestClient(app, headers={"Origin": "https://grid.example"}) as client:
        answer = client.post("/api/session", json={"name": "officer", "password": PASSWORD})
        assert "; secure" in answer.headers["set-cookie"].lower()
        assert "max-age=" in answer.headers["strict-transport-security"]


def test_wrong_names_and_wrong_passwords_get_the_same_answer(anyone):
    answers = [anyone.post("/api/session", json={"name": name, "password": "wrong"}) for name in ("officer", "nobody")]
    bodies = [check_problem(answer, 401, "unauthenticated") for answer in answers]
    assert bodies[0]["detail"] == bodies[1]["detail"]
    assert answers[0].headers["www-authenticate"] == "Bearer"


def test_too_many_guesses_close_the_account_for_a_while(anyone, clock):
    for _ in range(5):
        check_problem(anyone.post("/api/session", json={"name": "officer", "password": "wrong"}), 401)
    right = {"name": "officer", "password": PASSWORD}
    check_problem(anyone.post("/api/session", json=right), 401)
    clock.move(timedelta(seconds=30))
    assert anyone.post("/api/session", json=right).status_code == 200


def test_a_session_ends_when_it_is_not_used(sign_in, clock):
    viewer = sign_in("viewer")
    clock.move(timedelta(minutes=40))
    assert viewer.get("/api/session").status_code == 200
    clock.move(timedelta(minutes=40))
    assert viewer.get("/api/session").status_code == 200
    clock.move(timedelta(minutes=61))
    check_problem(viewer.get("/api/session"), 401)


def test_signing_out_ends_the_session_on_the_server(sign_in, anyone):
    viewer = sign_in("viewer")
    token = viewer.cookies["fengqiao_session"]
    assert viewer.delete("/api/session").status_code == 204
    anyone.cookies.set("fengqiao_session", token)
    check_problem(anyone.get("/api/session"), 401)


def test_a_one_time_password_opens_nothing_but_its_own_change(database_url, clock):
    engine = connect(database_url)
    with sessions(engine).begin() as session:
        password = ensure_administrator(session, NOW)
    engine.dispose()
    app = create_app(Settings(database_url=database_url), clock=clock)
    with TestClient(app, headers=ORIGIN, follow_redirects=False) as client:
        assert client.post("/api/session", json={"name": "admin", "password": password}).json()["password_is_one_time"]
        assert client.get("/api/session").status_code == 200
        for address in ("/api/grids", "/api/users", "/api/keys", "/openapi.json"):
            check_problem(client.get(address), 403, "password-change-required")
        assert client.get("/").headers["location"] == "/login"

        def change(old, new):
            return client.put("/api/session/password", json={"password": old, "new_password": new})

        check_problem(change("wrong", NEW), 403)
        check_problem(change(password, password), 403)
        check_problem(change(password, "short"), 422)
        assert change(password, NEW).json()["password_is_one_time"] is False
        assert client.get("/api/grids").status_code == 200


def test_a_new_password_ends_all_other_sessions(sign_in):
    here, there = sign_in("officer"), sign_in("officer")
    changed = here.put("/api/session/password", json={"password": PASSWORD, "new_password": NEW})
    assert changed.status_code == 200
    assert here.get("/api/session").status_code == 200
    check_problem(there.get("/api/session"), 401)
    assert sign_in("officer", NEW).get("/api/session").status_code == 200


ELSEWHERE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://testserver:81"},
    {},
]


def test_changes_from_other_sites_are_refused(sign_in):
    officer = sign_in("officer")
    del officer.headers["Origin"]
    for headers in ELSEWHERE:
        check_problem(officer.delete("/api/session", headers=headers), 403, "cross-site")
        assert officer.get("/api/session", headers=headers).status_code == 200


def test_signing_in_from_another_site_is_refused(anyone):
    credentials = {"name": "officer", "password": PASSWORD}
    check_problem(anyone.post("/api/session", json=credentials, headers={"Origin": "https://evil.example"}), 403)


def test_a_key_works_without_a_cookie_and_not_for_the_account(sign_in, anyone):
    officer = sign_in("officer")
    wanted = {"name": "hotline", "roles": ["INTAKE"], "scope_code": HOME}
    made = officer.post("/api/keys", json=wanted)
    assert made.status_code == 201
    token = made.json()["token"]
    assert token not in officer.get("/api/keys").text
    del anyone.headers["Origin"]
    anyone.headers["Authorization"] = f"Bearer {token}"
    assert anyone.get("/api/session").json()["name"] == "officer/hotline"
    report = {"category": "SAFETY", "source": "HOTLINE_12345"}
    assert anyone.post("/api/reports", json=report, headers={"Idempotency-Key": "1"}).status_code == 201
    check_problem(anyone.get("/api/reports"), 403, "forbidden")
    check_problem(anyone.post("/api/keys", json=wanted), 403)
    check_problem(anyone.delete("/api/session"), 403)
    new = {"password": PASSWORD, "new_password": NEW}
    check_problem(anyone.put("/api/session/password", json=new), 403)
    assert officer.delete(f"/api/keys/{made.json()['id']}").status_code == 204
    check_problem(anyone.get("/api/session"), 401)


def test_a_bad_key_is_refused_even_beside_a_good_cookie(sign_in):
    root = sign_in("root")
    for value in ("Bearer wrong", "Basic cm9vdDpyb290", "Bearer", "\u00fc"):
        check_problem(root.get("/api/grids", headers={"Authorization": value.encode("latin-1")}), 401)


def test_a_key_cannot_have_more_than_its_account(sign_in):
    officer = sign_in("officer")
    for wrong in ({"roles": ["ADMINISTRATOR"]}, {"scope_code": ""}):
        wanted = {"name": "k", "roles": ["INTAKE"], "scope_code": HOME} | wrong
        check_problem(officer.post("/api/keys", json=wanted), 403, "forbidden")
