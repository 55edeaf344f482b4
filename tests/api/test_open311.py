"""Open311 GeoReport v2: methods, fields, filters and errors as the specification has them, in JSON and XML."""

from __future__ import annotations

from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
import sqlalchemy as sa

from api.app import create_app
from api.settings import Settings
from layers.engine import begin_writing
from layers.tables import Address, Report, ReportEvent
from layers.workflow.catalogue import load_catalogue, set_item
from layers.workflow.teams import add_team
from tests.api.conftest import TestClient
from tests.two_towns import ADMIN, FOREIGN_WORDS, HOME, NORTH, NOW

BASE = "/open311/v2"
# The parameters of the specification's POST example, with a place and words of our own town.
FORM = {
    "service_code": "CITY_ASSET",
    "lat": "29.805",
    "long": "120.002",
    "address_string": "和平路12号",
    "description": "路灯不亮，报告人王某某",
    "email": "wang@example.com",
    "device_id": "tt222111",
    "account_id": "123456",
    "first_name": "Mou",
    "last_name": "Wang",
    "phone": "13800000000",
}
FIELDS = {
    "service_request_id", "status", "status_notes", "service_name", "service_code", "description", "agency_responsible",
    "service_notice", "requested_datetime", "updated_datetime", "expected_datetime", "address", "address_id", "zipcode",
    "lat", "long", "media_url",
}  # fmt: skip


@pytest.fixture
def key(sign_in):
    """Makes an API key of an account with roles."""

    def make(account="officer", roles=("DUTY_OFFICER",)):
        answer = sign_in(account).post("/api/keys", json={"name": "open311", "roles": list(roles), "scope_code": HOME})
        assert answer.status_code == 201, answer.text
        return answer.json()["token"]

    return make


def send(client, token, form="json", headers=None, **changes):
    values = {name: value for name, value in ({"api_key": token} | FORM | changes).items() if value is not None}
    return client.post(f"{BASE}/requests.{form}", data=values, headers=headers)


def get(client, token, path, **params):
    return client.get(f"{BASE}/{path}", params={"api_key": token} | params)


def check_error(answer, status, words=""):
    """The error shape of the specification."""
    assert answer.status_code == status, answer.text
    (error,) = answer.json()
    assert set(error) == {"code", "description"}
    assert error["code"] == status
    assert words in error["description"]


def test_services_and_their_definition(anyone, key):
    token = key()
    listed = get(anyone, token, "services.json").json()
    assert len(listed) == 12
    fields = {"service_code", "service_name", "description", "metadata", "type", "keywords", "group"}
    assert all(set(service) == fields and service["type"] == "realtime" for service in listed)
    assert listed[0]["service_name"] == "矛盾纠纷"
    root = ET.fromstring(get(anyone, token, "services.xml").content)
    assert (root.tag, root[0].tag, root[0].find("metadata").text) == ("services", "service", "false")
    assert [node.find("service_code").text for node in root] == [service["service_code"] for service in listed]
    assert anyone.get(f"{BASE}/services.json").json() == listed  # open to everybody, as in the specification
    assert get(anyone, token, "services/SAFETY.json").json() == {"service_code": "SAFETY", "attributes": []}
    assert ET.fromstring(get(anyone, token, "services/SAFETY.xml").content).tag == "service_definition"
    check_error(get(anyone, token, "services/FACE.json"), 404, "service_code")
    endpoint = get(anyone, token, "discovery.json").json()["endpoints"][0]
    assert endpoint["url"] == "http://testserver/open311/v2"
    formats = ET.fromstring(get(anyone, token, "discovery.xml").content).iter("format")
    assert [node.text for node in formats] == endpoint["formats"]


def test_a_request_is_stored_before_it_is_answered_and_says_nothing_about_its_sender(app, anyone, key):
    with app.state.sessions.begin() as session:
        load_catalogue(begin_writing(session), ADMIN, now=NOW)
        add_team(session, ADMIN, name="路灯所", area_code=NORTH[:9], now=NOW)
    token = key()
    made = send(anyone, token)
    assert made.status_code == 201
    (answer,) = made.json()
    assert set(answer) == {"service_request_id", "service_notice", "account_id"}
    with app.state.sessions() as session:
        stored = session.scalars(sa.select(Report).where(Report.report_key == answer["service_request_id"])).one()
        assert (stored.grid_code, stored.category, stored.description) == (
            f"{NORTH}001",
            "CITY_ASSET",
            FORM["description"],
        )
    told = get(anyone, token, f"requests/{answer['service_request_id']}.json")
    (request,) = told.json()
    assert set(request) == FIELDS
    assert (request["status"], request["status_notes"], request["agency_responsible"]) == ("open", "REPORTED", "路灯所")
    assert (request["lat"], request["long"], request["address"]) == (29.805, 120.002, "和平路12号")
    assert request["requested_datetime"] == "2026-03-10T12:00:00+08:00"
    assert request["expected_datetime"] == "2026-03-17T17:30:00+08:00"
    for word in ("wang", "王某某", "13800000000", "tt222111", "Mou"):
        assert word.lower() not in told.text.lower()
    assert get(anyone, token, f"tokens/{answer['service_request_id']}.json").json() == [
        {"service_request_id": answer["service_request_id"], "token": answer["service_request_id"]}
    ]


def test_the_same_in_xml(anyone, key):
    token = key()
    made = send(anyone, token, "xml")
    assert made.headers["content-type"] == "text/xml; charset=utf-8"
    root = ET.fromstring(made.content)
    assert root.tag == "service_requests"
    number = root.find("request/service_request_id").text
    told = ET.fromstring(get(anyone, token, f"requests/{number}.xml").content).find("request")
    assert {node.tag for node in told} == FIELDS
    assert (told.find("status").text, told.find("media_url").text) == ("open", None)


def test_a_repeat_under_one_key_is_stored_once(app, anyone, key):
    token = key()
    ids = {send(anyone, token, headers={"Idempotency-Key": "o-1"}).json()[0]["service_request_id"] for _ in range(2)}
    assert ids == {"o-1"}
    with app.state.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Report.report_key == "o-1")) == 1


def test_filters(app, anyone, key):
    token = key()

    def found(**params):
        return [row["service_request_id"] for row in get(anyone, token, "requests.json", **params).json()]

    assert found() == ["home-p1", "home-p2", "home-p3"]
    assert found(status="closed") == ["home-p3"]
    assert found(status="open,closed", service_code="SAFETY,OTHER") == ["home-p1", "home-p3"]
    assert found(service_request_id="home-p3,home-p1,foreign-p1", status="open") == ["home-p1", "home-p3"]
    day = timedelta(days=1)
    assert found(start_date=(NOW - 4 * day).isoformat(), end_date=(NOW - day).isoformat()) == ["home-p2"]
    assert found(end_date=(NOW - 8 * day).isoformat()) == ["home-p3"]
    (closed,) = get(anyone, token, "requests.json", status="closed").json()
    assert closed["updated_datetime"] == "2026-03-10T11:00:00+08:00"
    check_error(get(anyone, token, "requests.json", status="lost"), 400, "status")
    check_error(get(anyone, token, "requests.json", start_date="yesterday"), 400, "start_date")
    long = {"start_date": (NOW - 91 * day).isoformat(), "end_date": NOW.isoformat()}
    check_error(get(anyone, token, "requests.json", **long), 400, "90 days")


def test_errors_have_the_shape_of_the_specification(anyone, key):
    token, reader = key(), key("viewer", ["VIEWER"])
    check_error(send(anyone, None), 403, "api_key")
    check_error(send(anyone, "wrong"), 403, "api_key")
    check_error(send(anyone, reader), 403)
    check_error(anyone.get(f"{BASE}/requests.json"), 403, "api_key")
    check_error(send(anyone, token, service_code=None), 400, "service_code")
    check_error(send(anyone, token, service_code="FACE"), 404, "service_code")
    check_error(send(anyone, token, lat=None, long=None, address_string=None), 400, "where")
    check_error(send(anyone, token, lat=None, address_string=None), 400)
    check_error(send(anyone, token, lat="north"), 400, "lat")
    check_error(send(anyone, token, long="120.025"), 403)
    check_error(get(anyone, token, "requests/none.json"), 404, "none")
    check_error(get(anyone, token, "tokens/none.json"), 404, "none")
    wrong = get(anyone, token, "requests/none.xml")
    root = ET.fromstring(wrong.content)
    assert (wrong.status_code, root.tag, root.find("error/code").text) == (404, "errors", "404")


@pytest.fixture
def matter(app):
    """A matter of the catalogue: broken lamps among the assets of the city."""
    with app.state.sessions.begin() as session:
        values = {"category": "CITY_ASSET", "name": "路灯不亮", "levels": ["CELL"], "deadline_unit": "DAYS"}
        set_item(begin_writing(session), ADMIN, subtype="路灯", deadline_amount=1, now=NOW, **values)


def test_a_definition_has_the_fields_of_the_specification(anyone, matter):
    """Its example: one attribute that is a list with keys and names, in either format."""
    listed = {row["service_code"]: row["metadata"] for row in anyone.get(f"{BASE}/services.json").json()}
    assert (listed["CITY_ASSET"], listed["SAFETY"]) == (True, False)
    (question,) = anyone.get(f"{BASE}/services/CITY_ASSET.json").json()["attributes"]
    names = ["variable", "code", "datatype", "required", "datatype_description", "order", "description", "values"]
    assert list(question) == names
    assert (question["variable"], question["datatype"], question["order"]) == (True, "singlevaluelist", 1)
    assert question["values"] == [{"key": "路灯", "name": "路灯不亮"}]
    root = ET.fromstring(anyone.get(f"{BASE}/services/CITY_ASSET.xml").content)
    assert root.find("service_code").text == "CITY_ASSET"
    node = root.find("attributes/attribute")
    assert {child.tag for child in node} == set(names)
    assert (node.find("variable").text, node.find("required").text) == ("true", "false")
    assert [child.text for child in node.find("values/value")] == ["路灯", "路灯不亮"]


def test_attributes_of_a_request(app, anyone, key, matter):
    token = key()
    (made,) = send(anyone, token, **{"attribute[subtype]": "路灯", "attribute[WHISPAWN]": "123456"}).json()
    with app.state.sessions() as session:
        stored = session.scalars(sa.select(Report).where(Report.report_key == made["service_request_id"])).one()
        assert (stored.subtype, (stored.due_at - stored.reported_at).days) == ("路灯", 1)
    assert send(anyone, token, **{"attribute[subtype]": ""}).status_code == 201
    check_error(send(anyone, token, **{"attribute[subtype]": "井盖"}), 400, "路灯")
    twice = {"attribute[subtype][]": ["路灯", "井盖"]}
    check_error(send(anyone, token, **twice), 400, "路灯")


def test_a_place_can_be_an_address_of_the_library(app, anyone, key):
    with app.state.sessions() as session:
        address = session.scalars(sa.select(Address).where(Address.village_code.startswith(HOME))).first()
        known, text = address.address_key, address.full_text
    token, place = key(), {"lat": None, "long": None, "address_string": None}
    (made,) = send(anyone, token, **place, address_id=known).json()
    (told,) = get(anyone, token, f"requests/{made['service_request_id']}.json").json()
    assert told["address"] == text
    assert told["lat"] is not None
    check_error(send(anyone, token, **place, address_id="none"), 404, "address_id")


def test_an_argument_without_a_value_is_not_given(anyone, key):
    """Section Optional Arguments."""
    token = key()
    empty = dict.fromkeys(("service_request_id", "service_code", "start_date", "end_date", "status"), "")
    every = get(anyone, token, "requests.json").json()
    assert get(anyone, token, "requests.json", **empty, jurisdiction_id="").json() == every != []
    assert send(anyone, token, lat="", long="", email="").status_code == 201
    check_error(send(anyone, token, service_code=""), 400, "service_code")


def test_ids_override_all_other_arguments(anyone, key):
    others = {"status": "lost", "start_date": "2010-01-01T00:00:00Z", "end_date": "2011-01-01T00:00:00Z"}
    answer = get(anyone, key(), "requests.json", service_request_id="home-p3", **others, service_code="OPINION")
    assert [row["service_request_id"] for row in answer.json()] == ["home-p3"]


def test_dates_are_those_of_the_w3c(anyone, key):
    """Both examples of the section on dates, which mean one instant; a range holds its last instant too."""
    token = key()
    (one,) = get(anyone, token, "requests.json", status="closed").json()
    asked = {"start_date": one["requested_datetime"], "end_date": one["requested_datetime"]}
    for since in (asked["start_date"], asked["start_date"].replace("+", " ")):
        found = get(anyone, token, "requests.json", **asked | {"start_date": since}).json()
        assert [row["service_request_id"] for row in found] == [one["service_request_id"]]
    same = ("1994-11-05T08:15:30-05:00", "1994-11-05T13:15:30Z")
    assert get(anyone, token, "requests.json", start_date=same[0], end_date=same[1]).json() == []
    for wrong in (
        "1994-11-05T08:15:30",
        "1994-11-05",
        "784041330",
        "1994-13-05T08:15:30Z",
        "0001-01-01T00:00:00+08:00",
    ):
        check_error(get(anyone, token, "requests.json", start_date=wrong), 400, "start_date")


def test_codes_may_be_declared_several_times(anyone, key):
    answer = get(anyone, key(), "requests.json", service_code=["SAFETY", "OTHER"])
    assert [row["service_request_id"] for row in answer.json()] == ["home-p1", "home-p3"]


@pytest.mark.parametrize("form", ["json", "xml"])
def test_types_of_the_answers(anyone, key, form):
    """Section Format Support; an XML document begins with its declaration, also where it tells an error."""
    kind = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}[form]
    token = key()
    for path in (
        "discovery",
        "services",
        "services/SAFETY",
        "services/FACE",
        "requests",
        "requests/none",
        "tokens/none",
    ):
        answer = get(anyone, token, f"{path}.{form}")
        assert answer.headers["content-type"] == kind
        assert answer.content.lower().startswith(
            b"<?xml version='1.0' encoding='utf-8'?>" if form == "xml" else (b"{", b"[")
        )
    assert send(anyone, "wrong", form).headers["content-type"] == kind


def test_nothing_of_the_other_town_and_no_draft_is_told(app, anyone, key):
    with app.state.sessions.begin() as session:
        begin_writing(session).execute(sa.update(Report).where(Report.report_key == "home-p1").values(state="DRAFT"))
    token = key()
    for path in ("requests.json", "requests/foreign-p1.json", "requests.xml", "requests/home-p1.json"):
        text = get(anyone, token, path).text.replace("foreign-p1", "")
        assert not [word for word in FOREIGN_WORDS if word in text]
    check_error(get(anyone, token, "requests/home-p1.json"), 404)


def test_characters_that_xml_cannot_hold_are_left_out(app, anyone, key):
    with app.state.sessions.begin() as session:
        begin_writing(session)
        event = session.scalars(sa.select(ReportEvent).join(Report).where(Report.report_key == "home-p1")).one()
        event.note = "a\x0bb<c>\uffff"
    root = ET.fromstring(get(anyone, key(), "requests/home-p1.xml").content)
    assert root.find("request/status_notes").text == "REPORTED: ab<c>"


def test_another_jurisdiction_is_not_here(filled, clock, anyone, key):
    token = key()
    app = create_app(Settings(database_url=filled, jurisdiction_id="fengqiao.example"), clock=clock)
    with TestClient(app) as client:
        check_error(get(client, token, "services.json", jurisdiction_id="other.example"), 404, "jurisdiction_id")
        assert get(client, token, "services.json", jurisdiction_id="fengqiao.example").status_code == 200
        check_error(send(client, token, jurisdiction_id="other.example"), 404, "jurisdiction_id")
