"""The reading routes: GeoJSON by RFC 7946, pages that join without loss, and the filters of each list."""

from __future__ import annotations

from datetime import timedelta

import pytest
import shapely

from tests.two_towns import AWAY, HOME, NORTH, NOW


def keys(body):
    return [feature["id"] for feature in body["features"]]


def test_a_collection_is_geojson_as_the_rfc_says(sign_in):
    answer = sign_in("viewer").get("/api/grids", params={"level": "VILLAGE"})
    assert answer.headers["content-type"] == "application/geo+json"
    body = answer.json()
    assert body["type"] == "FeatureCollection"
    assert "crs" not in body
    assert body["numberReturned"] == len(body["features"]) == 2
    assert body["time_stamp"] == "2026-03-10T12:00:00+08:00"
    assert body["links"] == [{"rel": "self", "href": "/api/grids?level=VILLAGE", "type": "application/geo+json"}]
    north = body["features"][0]
    assert (north["id"], north["properties"]["name"]) == (NORTH, "枫源村")
    shape = shapely.geometry.shape(north["geometry"])
    assert shape.bounds == (120.0, 29.8, 120.01, 29.81)
    assert all(part.exterior.is_ccw for part in shape.geoms)
    assert north["properties"]["households"] == 300
    assert north["properties"]["valid_to"] is None


@pytest.mark.parametrize("path", ["grids", "households", "cameras", "reports", "basemap/buildings", "basemap/water"])
def test_pages_join_to_the_whole(sign_in, path):
    root = sign_in("root")
    whole = root.get(f"/api/{path}").json()
    found, address = [], f"/api/{path}?limit=1&bbox=119,29,121,30"
    while address:
        body = root.get(address).json()
        assert body["numberReturned"] == 1
        found += keys(body)
        address = next((link["href"] for link in body["links"] if link["rel"] == "next"), None)
    assert found == keys(whole)
    assert len(found) >= 2
    assert [link["rel"] for link in whole["links"]] == ["self"]


def test_lists_of_computed_things_have_pages_too(sign_in):
    root = sign_in("root")
    for path, count in (("coverage/isovists", 2), ("coverage/gaps", 2)):
        found, address = [], f"/api/{path}?limit=1"
        while address:
            body = root.get(address).json()
            found += keys(body)
            address = next((link["href"] for link in body["links"] if link["rel"] == "next"), None)
        assert len(found) == len(set(found)) == count, path


def test_one_grid_has_an_etag(sign_in):
    viewer = sign_in("viewer")
    first = viewer.get(f"/api/grids/{NORTH}")
    assert first.json()["id"] == NORTH
    again = viewer.get(f"/api/grids/{NORTH}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert viewer.get(f"/api/grids/{NORTH}", headers={"If-None-Match": '"0.0"'}).status_code == 200
    assert viewer.get(f"/api/grids/{NORTH}", params={"as_of": "2025-12-31"}).status_code == 404


def test_places_are_a_tree_of_towns_and_villages(sign_in):
    (town,) = sign_in("viewer").get("/api/places").json()["places"]
    assert (town["code"], town["level"], town["bounds"]) == (HOME, "TOWN", [120.0, 29.8, 120.02, 29.81])
    assert [village["name"] for village in town["children"]] == ["枫源村", "杜黄村"]
    assert [place["code"] for place in sign_in("root").get("/api/places").json()["places"]] == [HOME, AWAY]
    assert sign_in("root").get("/api/places", params={"as_of": "2025-12-31"}).json()["places"] == []


def test_households_are_counts_without_keys_or_names(sign_in):
    body = sign_in("viewer").get("/api/households", params={"grid_code": f"{NORTH}001"}).json()
    assert [feature["properties"]["households"] for feature in body["features"]] == [1, 2, 3]
    assert {frozenset(feature["properties"]) for feature in body["features"]} == {
        frozenset({"households", "village_code", "grid_code"})
    }


def test_cameras_by_state_and_one_by_id(sign_in):
    viewer = sign_in("viewer")
    assert keys(viewer.get("/api/cameras", params={"asset_state": 1}).json()) == ["home-c1"]
    assert keys(viewer.get("/api/cameras", params={"asset_state": [1, 3]}).json()) == ["home-c1", "home-c2"]
    camera = viewer.get("/api/cameras/home-c1")
    assert camera.headers["etag"] == '"1"'
    assert camera.json()["properties"]["bearing_deg"] == 90


def test_reports_by_state_category_and_time(sign_in):
    viewer = sign_in("viewer")

    def found(**params):
        return keys(viewer.get("/api/reports", params=params).json())

    assert found() == ["home-p1", "home-p2", "home-p3"]
    assert found(state=["REPORTED", "CLOSED"]) == ["home-p1", "home-p3"]
    assert found(category="DISPUTE") == ["home-p2"]
    assert found(since=(NOW - timedelta(days=4)).isoformat(), until=NOW.isoformat()) == ["home-p1", "home-p2"]
    assert found(bbox="119,29,119.5,30") == []


def test_one_report_comes_with_its_history(sign_in):
    report = sign_in("viewer").get("/api/reports/home-p1").json()
    assert report["geometry"] == {"type": "Point", "coordinates": [120.002, 29.804]}
    (step,) = report["properties"]["history"]
    assert (step["sequence"], step["step"], step["by"]) == (1, "report", "home")


def test_a_point_is_in_a_grid_of_every_level(sign_in):
    viewer = sign_in("viewer")
    at = {"lon": 120.005, "lat": 29.805}  # on the edge of two grids: the smaller code
    assert [grid["code"] for grid in viewer.get("/api/locate", params=at).json()["grids"]] == [
        HOME,
        NORTH,
        f"{NORTH}001",
    ]
    assert viewer.get("/api/locate", params=at | {"lat": 31}).json()["grids"] == []


def test_search_finds_grids_addresses_and_cameras(sign_in):
    viewer = sign_in("viewer")
    hits = viewer.get("/api/search", params={"q": "枫"}).json()["hits"]
    assert [(hit["kind"], hit["key"]) for hit in hits] == [("grid", HOME), ("grid", NORTH), ("address", "home-a1")]
    assert viewer.get("/api/search", params={"q": "枫", "limit": 1}).json()["hits"] == hits[:1]


def test_the_summary_counts_the_day_of_the_place(sign_in):
    body = sign_in("viewer").get("/api/summary").json()
    assert body["grids"] == {"TOWN": 1, "VILLAGE": 2, "CELL": 3, "MICRO": 0}
    assert (body["reports_open"], body["reports_today"], body["reports_closed_today"]) == (2, 1, 1)
    assert (body["households"], body["addresses"], body["cameras_in_use"]) == (6, 1, 1)
    assert body["as_of"] == "2026-03-10"


def test_a_heatmap_is_an_image_with_a_legend(sign_in):
    viewer = sign_in("viewer")
    body = viewer.get("/api/heatmap", params={"bbox": "120,29.8,120.01,29.81", "category": "SAFETY"}).json()
    assert body["unit"] == "reports per km²"
    assert (body["count"], body["unplaced"], body["kernel"], body["bandwidth_m"]) == (2, 0, "quartic", 150)
    assert len(body["colours"]) == len(body["opacity"]) == len(body["breaks"]) - 1
    # Two reports at one place: the peak of the quartic kernel is 3 / (pi h²) for each, h in km.
    assert body["breaks"][-1] == pytest.approx(2 * 3 / (3.141592653589793 * 0.15**2), rel=0.02)
    assert body["image"].startswith("data:image/png;base64,iVBOR")
    nothing = viewer.get("/api/heatmap", params={"category": "LAW"}).json()
    assert (nothing["count"], nothing["breaks"], nothing["image"]) == (0, [], None)


def test_nothing_is_empty_and_not_an_error(app, sign_in):
    root = sign_in("root")
    far = {"bbox": "0,0,1,1"}
    for path in ("grids", "households", "cameras", "reports", "coverage/isovists", "coverage/gaps", "basemap/roads"):
        body = root.get(f"/api/{path}", params=far).json()
        assert (body["features"], body["numberReturned"]) == ([], 0), path
    assert root.get("/api/coverage").json()["grids"] == []


def test_health_is_open_and_tells_nothing(anyone):
    answer = anyone.get("/health")
    assert answer.json() == {"status": "ok"}
