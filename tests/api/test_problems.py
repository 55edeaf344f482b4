"""Every fault is a problem that says what to do, and shows nothing of the inside."""

import logging

import sqlalchemy as sa

from api import errors as api_errors
from api.problems import STATUS, title_of, type_of
from geo import errors as geo_errors
from layers import errors as layers_errors
from maps import errors as maps_errors
from tests.api.checks import check_problem


def test_every_error_class_has_a_status_by_itself_or_by_its_nearest_ancestor():
    for module in (geo_errors, layers_errors, maps_errors, api_errors):
        for error in vars(module).values():
            if isinstance(error, type) and issubclass(error, Exception):
                assert any(ancestor in STATUS for ancestor in error.__mro__), error


def test_types_and_titles_are_made_of_the_class_name():
    assert type_of(layers_errors.NotFoundError) == "urn:fengqiao:problem:not-found"
    assert title_of(layers_errors.StaleRevisionError) == "Stale revision"


def test_the_nearest_ancestor_gives_the_status(app, sign_in):
    class SpecialNotFoundError(layers_errors.NotFoundError):
        """A kind of not found that no table knows."""

    @app.get("/special")
    def special():
        raise SpecialNotFoundError("thing", "x")

    check_problem(sign_in("viewer").get("/special"), 404, "special-not-found")


def test_an_unexpected_error_is_bare_outside_and_whole_in_the_log(app, anyone, caplog):
    @app.get("/broken")
    def broken():
        raise RuntimeError("secret inside")

    answer = anyone.get("/broken", headers={"X-Request-ID": "my-request-1"})
    body = check_problem(answer, 500)
    assert body["request_id"] == "my-request-1"
    assert body["type"] == "about:blank"
    assert "secret" not in answer.text
    assert answer.headers["content-security-policy"]
    assert "secret inside" in caplog.text
    assert "my-request-1" in caplog.text


def test_a_database_that_does_not_answer_is_503(app, anyone, monkeypatch):
    def fail(*_args, **_more):
        raise sa.exc.OperationalError("SELECT secret", {}, Exception("host 10.0.0.1"))

    monkeypatch.setattr(app.state, "sessions", fail)
    answer = anyone.get("/health")
    check_problem(answer, 503, "database-unavailable")
    assert "secret" not in answer.text
    assert "10.0.0.1" not in answer.text
    assert answer.headers["retry-after"] == "5"


BAD = [
    ("/api/grids?bbox=1,2,3", "bbox"),
    ("/api/grids?bbox=a,b,c,d", "bbox"),
    ("/api/grids?bbox=nan,29,121,30", "bbox"),
    ("/api/grids?bbox=inf,29,121,30", "bbox"),
    ("/api/grids?bbox=121,29,120,30", "bbox"),
    ("/api/grids?bbox=120,30,121,29", "bbox"),
    ("/api/grids?bbox=29,120,30,121", "bbox"),
    ("/api/grids?bbox=", "bbox"),
    ("/api/grids?as_of=yesterday", "as_of"),
    ("/api/grids?as_of=2026-02-30", "as_of"),
    ("/api/grids?level=COUNTRY", "level"),
    ("/api/grids?limit=0", "limit"),
    ("/api/grids?limit=10001", "limit"),
    ("/api/grids?cursor=!", "cursor"),
    ("/api/grids?cursor=WzFd", "cursor"),  # [1], where a code belongs
    ("/api/households?cursor=WyJ4Il0", "cursor"),  # ["x"], where an id belongs
    ("/api/households?cursor=W3RydWVd", "cursor"),  # [true]
    ("/api/households?cursor=WzFlOTldCg", "cursor"),  # [1e99]
    ("/api/households?cursor=ezF9", "cursor"),  # {1}
    ("/api/reports?cursor=WyIyMDI2LTAxLTAxIiwgMV0", "cursor"),  # an instant without an offset
    ("/api/reports?since=2026-01-01T00:00:00", "since"),
    ("/api/reports?since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z", "since"),
    ("/api/reports?state=LOST", "state.0"),
    ("/api/reports?category=FACE", "category.0"),
    ("/api/heatmap?bandwidth_m=0", "bandwidth_m"),
    ("/api/heatmap?bandwidth_m=nan", "bandwidth_m"),
    ("/api/heatmap?kernel=cosine", "kernel"),
    ("/api/heatmap?bbox=120,29,120,30", "bbox"),
    ("/api/heatmap?bbox=120,-90,121,90", "bbox"),
    ("/api/heatmap?since=2027-01-01T00:00:00Z", "since"),
    ("/api/locate?lon=120", "lat"),
    ("/api/locate?lon=nan&lat=0", "lon"),
    ("/api/plans/0", "plan_id"),
    ("/api/plans/99999999999999999999", "plan_id"),
    ("/api/search", "q"),
]


def test_bad_parameters_are_listed_by_name(sign_in):
    viewer = sign_in("viewer")
    for address, name in BAD:
        body = check_problem(viewer.get(address), 422, "invalid-parameter")
        assert name in [error["name"] for error in body["errors"]], address
        assert body["instance"] == address.split("?")[0]


def test_null_characters_are_no_fault_of_ours(sign_in):
    viewer = sign_in("viewer")
    for address in ("/api/grids/x%00y", "/api/search?q=%00", "/api/reports/%00", "/api/cameras/a%00"):
        assert viewer.get(address).status_code in {200, 404, 422}, address


def test_unknown_addresses_and_methods(anyone):
    check_problem(anyone.get("/api/nothing"), 404)
    answer = anyone.post("/health")
    check_problem(answer, 405)
    assert answer.headers["allow"] == "GET"


def test_unknown_keys_are_not_found(sign_in):
    viewer = sign_in("viewer")
    for path in ("grids/1", "cameras/1", "reports/1", "plans/99", "plans/99/grids"):
        check_problem(viewer.get(f"/api/{path}"), 404, "not-found")


def test_broken_and_large_bodies(sign_in):
    intake = sign_in("intake")
    headers = {"Idempotency-Key": "1", "Content-Type": "application/json"}
    body = check_problem(intake.post("/api/reports", content=b"{broken", headers=headers), 422, "invalid-parameter")
    assert body["errors"][0]["name"] == "body"
    large = b'{"description": "' + b"x" * 1_000_001 + b'"}'
    check_problem(intake.post("/api/reports", content=large, headers=headers), 413)
    parts = (large[start : start + 9_999] for start in range(0, len(large), 9_999))
    check_problem(intake.post("/api/reports", content=parts, headers=headers), 413)


def test_a_request_id_from_outside_must_be_plain(anyone):
    for given in ("short", "x" * 65, "line\\nbreak", "a b c d e f"):
        assert anyone.get("/health", headers={"X-Request-ID": given}).headers["x-request-id"] != given


def test_the_access_log_holds_no_secret(anyone, caplog):
    with caplog.at_level(logging.INFO, "fengqiao.access"):
        anyone.post("/api/session", json={"name": "officer", "password": "my secret word"})
        anyone.get("/api/search?q=my+address", headers={"Authorization": "Bearer my-token"})
    lines = [record.getMessage() for record in caplog.records if record.name == "fengqiao.access"]
    assert [line.split(" ")[:3] for line in lines] == [["POST", "/api/session", "401"], ["GET", "/api/search", "401"]]
    assert "my" not in "".join(lines)
