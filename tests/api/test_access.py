"""Every route asks who is there, and nobody sees anything of another area."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import timedelta

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Mount

from api.principal import Allow
from tests.api.checks import check_problem
from tests.two_towns import AWAY, FOREIGN, FOREIGN_WORDS, HOME, NORTH, NOW

OPEN = {("GET", "/health"), ("POST", "/api/session"), ("GET", "/login")} | {
    # GeoReport v2 asks for no key to learn what can be reported.
    ("GET", f"/open311/v2/{path}.{{form}}")
    for path in ("discovery", "services", "services/{service_code}")
}
OPEN_FOLDERS = re.compile(r"/static|/vendor/leaflet(-geoman)?@[\d.]+")


def all_routes(routes):
    """Every route, those of included routers too."""
    for route in routes:
        nested = getattr(route, "original_router", None)
        if nested is not None:
            yield from all_routes(nested.routes)
        else:
            yield route


def doors(dependant):
    """All `Allow` dependencies below a route."""
    found = [dependant.call] if isinstance(dependant.call, Allow) else []
    return found + [door for child in dependant.dependencies for door in doors(child)]


def test_every_route_takes_a_principal(app):
    checked = 0
    for route in all_routes(app.routes):
        if isinstance(route, Mount):
            assert OPEN_FOLDERS.fullmatch(route.path), route.path
            continue
        assert isinstance(route, APIRoute), route
        for method in route.methods:
            guarded = bool(doors(route.dependant))
            assert guarded != ((method, route.path) in OPEN), f"{method} {route.path}"
            checked += 1
    assert checked >= 35


def test_only_the_account_itself_needs_no_permission(app):
    free = {
        route.path
        for route in all_routes(app.routes)
        if isinstance(route, APIRoute) and any(door.permission is None for door in doors(route.dependant))
    }
    # advance_plan asks for the permission that each step needs.
    steps = {"/api/plans/{plan_id}/{step}"}
    assert free == steps | {"/api/session", "/api/session/password", "/api/keys", "/api/keys/{key_id}", "/openapi.json"}


def addresses(client):
    """An address for each GET route, with every code, key and id there is in both towns, and a week that is closed."""
    client.post("/api/statistics/editions", json={"week": "2026-W08"})
    root_ids = {"plan_id": range(1, 3), "key_id": [1], "step": []}
    words = {
        "code": [HOME, NORTH, f"{NORTH}001", AWAY, FOREIGN, f"{FOREIGN}001"],
        "camera_id": ["home-c1", "foreign-c1"],
        "report_key": ["home-p1", "foreign-p1"],
        "name": ["viewer", "root"],
    } | root_ids
    queries = {
        "/api/search": ["q=柳", f"q={AWAY}", "q=foreign", "q=和平路"],
        "/api/geocode": ["q=和平路1号", "q=和平路"],
        "/api/reverse_geocode": ["lon=120.025&lat=29.805", "lon=120.002&lat=29.805"],
        "/api/locate": ["lon=120.025&lat=29.805", "lon=120.002&lat=29.805"],
        "/api/grids": ["", f"parent_code={AWAY}", "bbox=120.02,29.8,120.03,29.81"],
        "/api/households": ["", f"village_code={FOREIGN}", "bbox=120.0201,29.8,120.03,29.81"],
        "/api/cameras": ["", f"grid_code={FOREIGN}001"],
        "/api/reports": ["", f"village_code={FOREIGN}"],
        "/api/report-clusters": ["zoom=9", f"zoom=9&village_code={FOREIGN}"],
        "/api/coverage/gaps": ["", f"village_code={FOREIGN}"],
        "/api/statistics/changes": ["week=2026-W08"],
        "/api/plans/feasibility": [f"scope_code={HOME}", f"scope_code={AWAY}"],
        "/api/plans/{plan_id}/export": ["format=geojson"],
        "/api/heatmap": [f"until={(NOW + timedelta(1)).isoformat().replace('+', '%2B')}"],
    }
    for path in client.get("/openapi.json").json()["paths"].items():
        template, operations = path
        if "get" not in operations:
            continue
        names = re.findall(r"{(\w+)}", template)
        filled = [template]
        for name in names:
            filled = [one.replace(f"{{{name}}}", str(value)) for one in filled for value in words[name]]
        for one in filled:
            for query in queries.get(template, [""]):
                yield f"{one}?{query}" if query else one


def text_of(answer):
    """What an answer says, also inside an archive or a workbook."""
    if not zipfile.is_zipfile(io.BytesIO(answer.content)):
        return answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist())


@pytest.mark.parametrize("name", ["chief", "viewer", "villager"])
def test_nothing_of_the_other_town_leaks(sign_in, name):
    client = sign_in(name)
    answered = 0
    for address in addresses(sign_in("root")):
        answer = client.get(address)
        assert answer.status_code in {200, 403, 404}, (address, answer.text)
        # A problem says again what was asked for, and that is all it may say.
        asked = [word for word in FOREIGN_WORDS if word in address]
        text = text_of(answer)
        leaked = [word for word in FOREIGN_WORDS if word in text and not (answer.status_code != 200 and word in asked)]
        has_links = answer.status_code == 200 and "json" in answer.headers["content-type"]
        said = json.dumps(answer.json().get("links", [])) if has_links else ""
        assert not [word for word in leaked if text.count(word) > said.count(word)], (address, leaked)
        answered += answer.status_code == 200
    assert answered >= 20


def test_the_same_addresses_do_show_the_other_town_to_who_may_see_it(sign_in):
    root = sign_in("root")
    text = "".join(root.get(address).text for address in addresses(root))
    assert all(text.count(word) >= 3 for word in FOREIGN_WORDS)


def test_counts_and_pictures_are_those_of_the_own_area(sign_in):
    chief, root = sign_in("chief"), sign_in("root")
    assert chief.get("/api/summary").json()["households"] == 6
    assert root.get("/api/summary").json()["households"] == 12
    box = {"bbox": "120.0,29.79,120.03,29.82"}
    assert chief.get("/api/heatmap", params=box).json()["count"] == 3
    assert root.get("/api/heatmap", params=box).json()["count"] == 6


def test_a_report_from_the_other_town_is_not_taken_in(sign_in):
    intake = sign_in("intake")
    report = {"category": "SAFETY", "source": "PUBLIC", "lon": 120.025, "lat": 29.805}
    check_problem(intake.post("/api/reports", json=report, headers={"Idempotency-Key": "1"}), 403, "forbidden")


def test_permissions_divide_the_work(sign_in):
    """What each role may not do answers 403 before anything is read or changed."""
    plan = {"scope_code": HOME, "name": "x"}
    report = {"category": "SAFETY", "source": "PUBLIC"}
    key = {"Idempotency-Key": "1", "If-Match": '"1"'}
    for name in ("viewer", "planner", "approver"):
        check_problem(sign_in(name).post("/api/reports", json=report, headers=key), 403, "forbidden")
    for name in ("viewer", "officer", "approver", "intake"):
        check_problem(sign_in(name).post("/api/plans", json=plan), 403, "forbidden")
    for name in ("viewer", "officer", "planner", "intake"):
        publish = sign_in(name).post("/api/plans/1/publish", json={"valid_from": "2026-04-01"}, headers=key)
        check_problem(publish, 403, "forbidden")
    for address in ("/api/grids", "/api/cameras", "/api/reports", "/map"):
        check_problem(sign_in("intake").get(address), 403, "forbidden")
    for step in ("submit", "approve"):
        check_problem(sign_in("viewer").post(f"/api/plans/1/{step}", headers=key), 403, "forbidden")


def test_without_a_session_nothing_is_read(anyone, sign_in):
    for address in addresses(sign_in("root")):
        if address != "/health":
            check_problem(anyone.get(address), 401, "unauthenticated")
