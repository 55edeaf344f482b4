"""Addresses to grids and back over the API, inside one's area; other names of places."""

from __future__ import annotations

import pytest
from shapely import Point

from layers.engine import begin_writing
from layers.geometry import to_sql
from layers.tables import Address
from tests.api.checks import check_problem
from tests.two_towns import NORTH


@pytest.fixture
def addresses(app):
    """Two houses of one road in the northern village, one in each grid."""
    with app.state.sessions.begin() as session:
        begin_writing(session)
        for number, lon in (("2号", 120.002), ("8号", 120.007)):
            session.add(
                Address(
                    address_key=number, village="枫源村", road="和平路", number=number, digest="",
                    full_text=f"枫源村和平路{number}", geom=to_sql([Point(lon, 29.805)])[0],
                )
            )  # fmt: skip


def test_an_address_finds_its_grid_with_reasons(addresses, sign_in):
    client = sign_in("officer")
    body = client.get("/api/geocode", params={"q": "枫源村和平路8号"}).json()
    assert (body["level"], body["grid_code"], body["address_key"]) == ("NUMBER", f"{NORTH}002", "8号")
    assert body["parts"]["road"] == "和平路"
    assert body["candidates"][0]["trace"][-1]["reason"] == "grid"
    road = client.get("/api/geocode", params={"q": "枫源村和平路", "limit": 1}).json()
    assert (road["grid_code"], len(road["grids"]), len(road["candidates"])) == (None, 2, 1)


def test_many_addresses_at_once_get_the_same_answers(addresses, sign_in):
    client = sign_in("officer")
    texts = ["枫源村和平路2号", None, "和平路"]
    body = client.post("/api/geocode", json={"texts": texts}).json()
    assert [one["grid_code"] for one in body["results"]] == [f"{NORTH}001", None, None]
    assert body["results"][0] == client.get("/api/geocode", params={"q": texts[0]}).json()
    check_problem(client.post("/api/geocode", json={"texts": []}), 422)
    check_problem(client.post("/api/geocode", json={"texts": ["x"] * 1001}), 422)


def test_a_point_finds_the_nearest_address(addresses, sign_in):
    client = sign_in("officer")
    body = client.get("/api/reverse_geocode", params={"lon": 120.0071, "lat": 29.805}).json()
    assert (body["address_key"], body["grid_code"]) == ("8号", f"{NORTH}002")
    check_problem(client.get("/api/reverse_geocode", params={"lon": 500, "lat": 0}), 422)


def test_another_name_resolves_as_soon_as_it_is_kept(addresses, sign_in):
    planner = sign_in("planner")
    made = planner.post("/api/address_aliases", json={"text": "老街", "level": "ROAD", "name": "和平路"})
    assert made.status_code == 201
    listed = planner.get("/api/address_aliases", params={"q": "老街"}).json()
    assert [one["id"] for one in listed["aliases"]] == [made.json()["id"]]
    assert planner.get("/api/geocode", params={"q": "老街8号"}).json()["address_key"] == "8号"
    check_problem(planner.post("/api/address_aliases", json={"text": "x", "level": "ROAD"}), 422)
    check_problem(sign_in("viewer").post("/api/address_aliases", json={"text": "x", "level": "ROAD", "name": "y"}), 403)
