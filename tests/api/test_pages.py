"""The pages ask who is there, load nothing from outside, and come in two languages."""

import re

import pytest

from api.app import create_app
from api.settings import Settings
from maps.assets import leaflet_path
from tests.api.checks import check_problem
from tests.api.conftest import TestClient


def policy(answer):
    return dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))


def test_without_a_session_the_map_leads_to_the_sign_in_page(anyone):
    leads = {
        "/": "/login",
        "/map": "/login?next=%2Fmap",
        "/map?place=1&days=7": "/login?next=%2Fmap%3Fplace%3D1%26days%3D7",
    }
    for address, page in leads.items():
        answer = anyone.get(address)
        assert (answer.status_code, answer.headers["location"]) == (303, page)
    page = anyone.get("/login")
    assert page.headers["content-type"].startswith("text/html")
    assert "<form" in page.text


def test_the_map_page_and_all_it_loads_are_served_by_us(sign_in):
    viewer = sign_in("viewer")
    text = viewer.get("/map").text
    loaded = set(re.findall(r'(?:src|href)="([^#"][^"]*)"', text))
    assert leaflet_path() in "".join(loaded)
    for address in loaded:
        assert address.startswith("/"), address
        assert viewer.get(address).status_code in {200, 303}, address


def test_pages_come_in_the_language_that_was_asked_for(anyone):
    chinese = anyone.get("/login", headers={"Accept-Language": "fr, zh-CN"}).text
    english = anyone.get("/login", headers={"Accept-Language": "en-GB,en;q=0.9,zh;q=0.1"}).text
    assert 'lang="zh-CN"' in chinese
    assert 'lang="en"' in english
    assert anyone.get("/login", headers={"Accept-Language": "fr"}).text == chinese
    assert anyone.get("/login?lang=en", headers={"Accept-Language": "zh"}).text == english


def test_every_answer_has_the_headers_that_keep_browsers_safe(anyone):
    for address in ("/login", "/api/grids", "/nothing", "/static/tokens.css", "/health"):
        answer = anyone.get(address)
        assert policy(answer)["default-src"] == "'self'", address
        assert policy(answer)["script-src"] == policy(answer)["style-src"] == "'self'"
        assert policy(answer)["img-src"] == "'self' data:"
        assert policy(answer)["frame-ancestors"] == "'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-request-id"]
    assert anyone.get("/api/grids").headers["cache-control"] == "private, no-store"
    assert anyone.get("/static/tokens.css").headers["cache-control"] == "no-cache"


def test_files_outside_the_folders_are_not_served(anyone):
    for address in ("/static/../pages.py", "/static/%2e%2e/pages.py", "/static//etc/passwd"):
        check_problem(anyone.get(address), 404)


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("https://tiles.example:8443/{z}/{x}/{y}.png?tk={key}", "https://tiles.example:8443"),
        ("https://t{s}.tianditu.example/{z}/{x}/{y}?tk={key}", "https://*.tianditu.example"),
    ],
)
def test_tiles_are_allowed_only_from_where_they_are_set(tmp_path, url, source):
    settings = Settings(database_url=f"sqlite:///{tmp_path}/none.sqlite", tile_url=url, tile_key="k1")
    assert settings.tile_address.endswith("tk=k1")
    with TestClient(create_app(settings)) as client:
        assert policy(client.get("/login"))["img-src"] == f"'self' data: {source}"


def test_no_other_documentation_page_is_served(anyone, sign_in):
    for address in ("/docs", "/redoc"):
        check_problem(anyone.get(address), 404)
    assert sign_in("intake").get("/openapi.json").json()["openapi"].startswith("3.1")
