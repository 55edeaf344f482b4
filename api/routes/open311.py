"""Open311 GeoReport v2: the services, their definitions, requests sent in and read, and tokens, as JSON and XML.

Source: Open311 GeoReport v2 with Service Discovery. What says what can be reported is open to everybody, as there; but
requests are read with a key (`api_key`) too, since reports belong to an area. What a sender tells about himself, and
media, are neither stored nor told. An argument without a value counts as not given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import uuid4
from xml.etree import ElementTree as ET

from fastapi import APIRouter, Depends, Form, Header, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api.context import Config, Now, Reading, now_of, settings_of
from api.errors import InvalidParameterError
from api.geo_report import Open311Route, answer, as_element, as_json, as_xml
from api.principal import Allow
from api.taking import key_holder, take_in
from layers.access import Permission, Principal
from layers.errors import NotFoundError, UnauthenticatedError
from layers.intake.content import MAX_ADDRESS, MAX_KEY, ReportContent
from layers.intake.open311 import (
    SUBTYPE,
    attributes,
    service_requests,
    services,
    span,
    standard_address,
    subtype_of,
)
from layers.intake.submission import Submission
from layers.tables import ReportCategory, ReportSource

MAX_TEXT = 4_000
_W3C = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_SPACE_FOR_PLUS = re.compile(r" (\d\d:\d\d)$")

Format = Literal["json", "xml"]
Several = Annotated[list[str] | None, Query()]


class KeyDoor(Allow):
    """Lets in the key that comes as the parameter `api_key`, in the address or in the form."""

    async def __call__(self, request: Request) -> Principal:  # type: ignore[override]
        """The principal of the key.

        Raises
        ------
        UnauthenticatedError, ForbiddenError : no valid key, or it lacks the permission
        """
        token = request.query_params.get("api_key")
        if token is None and request.method == "POST":
            given = (await request.form()).get("api_key")
            token = given if isinstance(given, str) else None
        principal = await key_holder(request, token) if token else None
        if principal is None:
            raise UnauthenticatedError("Send api_key; its owner makes one with POST /api/keys.")
        request.state.principal = principal
        assert self.permission is not None
        principal.require(self.permission)
        return principal


def require_jurisdiction(request: Request, jurisdiction_id: Annotated[str | None, Query()] = None) -> None:
    """Refuse another jurisdiction than ours; with a single one it need not be named.

    Raises
    ------
    NotFoundError : it is another one
    """
    ours = settings_of(request).jurisdiction_id
    if jurisdiction_id and ours is not None and jurisdiction_id != ours:
        raise NotFoundError("jurisdiction_id", jurisdiction_id)


router = APIRouter(
    prefix="/open311/v2",
    route_class=Open311Route,
    include_in_schema=False,  # it is described by its own specification and its discovery
    dependencies=[Depends(require_jurisdiction)],
)
Reader = Annotated[Principal, Depends(KeyDoor(Permission.READ))]
Sender = Annotated[Principal, Depends(KeyDoor(Permission.REPORT))]


class NewRequest(BaseModel):
    """A request as a form; what the specification has about the sender (name, telephone, device) is not read.

    The attributes of the service come beside it as `attribute[code]`.
    """

    service_code: str
    lat: float | None = Field(None, ge=-90, le=90, allow_inf_nan=False)
    long: float | None = Field(None, ge=-180, le=180, allow_inf_nan=False)
    address_string: str | None = Field(None, max_length=MAX_ADDRESS)
    address_id: str | None = Field(None, max_length=MAX_KEY)
    description: str | None = Field(None, max_length=MAX_TEXT)
    jurisdiction_id: str | None = None


@router.get("/discovery.{form}")
def read_discovery(settings: Config, request: Request, form: Format) -> Response:
    """Where this service is and which formats it speaks."""
    base = settings.public_url or str(request.base_url).rstrip("/")
    endpoint = {
        "specification": "http://wiki.open311.org/GeoReport_v2",
        "url": f"{base}/open311/v2",
        "changeset": "2011-03-07T00:00:00Z",
        "type": "production",
        "formats": ["text/xml", "application/json"],
    }
    about = {
        "changeset": "2011-03-07T00:00:00Z",
        "contact": "Ask the township's command room.",
        "key_service": "An administrator makes keys with POST /api/keys.",
    }
    if form == "json":
        return as_json({**about, "endpoints": [endpoint]})
    root = as_element("discovery", about)
    formats = endpoint.pop("formats")
    inside = ET.SubElement(ET.SubElement(root, "endpoints"), "endpoint")
    inside.extend(as_element("endpoint", endpoint))
    listed = ET.SubElement(inside, "formats")
    for kind in formats:
        ET.SubElement(listed, "format").text = kind
    return as_xml(root, 200)


@router.get("/services.{form}")
def read_services(session: Reading, form: Format) -> Response:
    """The kinds of matters that can be reported."""
    return answer([asdict(service) for service in services(session)], form, ("services", "service"))


@router.get("/services/{service_code}.{form}")
def read_definition(session: Reading, service_code: str, form: Format) -> Response:
    """The further questions of a service."""
    questions = attributes(session, service_code)
    if form == "json":
        return as_json({"service_code": service_code, "attributes": questions})
    root = as_element("service_definition", {"service_code": service_code})
    listed = ET.SubElement(root, "attributes")
    for question in questions:
        values = question.pop("values")
        node = as_element("attribute", question)
        ET.SubElement(node, "values").extend(as_element("value", value) for value in values)
        listed.append(node)
    return as_xml(root, 200)


@router.post("/requests.{form}")
async def send_request(
    principal: Sender,
    request: Request,
    form: Format,
    new: Annotated[NewRequest, Form()],
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=MAX_KEY)] = None,
) -> Response:
    """Take in a request; the answer comes when it is stored, with its id. An Idempotency-Key makes a repeat safe."""
    require_jurisdiction(request, new.jurisdiction_id)
    content = await _content(request, principal, new)
    key = idempotency_key or f"open311-{uuid4().hex}"
    stored = await take_in(request, Submission(key, content, now_of(request), principal.name, principal.scope))
    made = {"service_request_id": stored.report_key, "service_notice": None, "account_id": None}
    return answer([made], form, ("service_requests", "request"), 201)


@router.get("/requests.{form}")
def read_requests(
    principal: Reader,
    session: Reading,
    now: Now,
    form: Format,
    service_request_id: Several = None,
    service_code: Several = None,
    status: Several = None,
    start_date: str | None = None,
    end_date: str | None = None,
) -> Response:
    """Requests of at most 90 days, the newest first, 1,000 at most; ids, codes and states are separated by commas.

    With ids the other arguments do not count.
    """
    ids = _words(service_request_id)
    if ids is not None:
        return _requests(service_requests(session, principal.scope, ids=ids), form, now)
    since, until = span(_instant("start_date", start_date), _instant("end_date", end_date), now)
    codes, statuses = _words(service_code), _words(status)
    found = service_requests(session, principal.scope, codes=codes, statuses=statuses, since=since, until=until)
    return _requests(found, form, now)


@router.get("/requests/{request_id:path}.{form}")
def read_request(principal: Reader, session: Reading, now: Now, request_id: str, form: Format) -> Response:
    """One request."""
    found = service_requests(session, principal.scope, ids=[request_id])
    if not found:
        raise NotFoundError("service_request_id", request_id)
    return _requests(found, form, now)


@router.get("/tokens/{token:path}.{form}")
def read_token(principal: Reader, session: Reading, token: str, form: Format) -> Response:
    """The id of a request that was answered with a token; requests get their id at once here, so it is the same."""
    if not service_requests(session, principal.scope, ids=[token]):
        raise NotFoundError("token", token)
    return answer([{"service_request_id": token, "token": token}], form, ("service_requests", "request"))


def _requests(found: list[dict[str, Any]], form: str, now: datetime) -> Response:
    for row in found:
        for name, value in row.items():
            if isinstance(value, datetime):
                row[name] = value.astimezone(now.tzinfo).isoformat(timespec="seconds")
    return answer(found, form, ("service_requests", "request"))


def _words(given: Sequence[str] | None) -> list[str] | None:
    """Values that are separated by commas, or given several times; None where there is none."""
    return [word.strip() for text in given or () for word in text.split(",") if word.strip()] or None


def _instant(name: str, text: str | None) -> datetime | None:
    """An instant as the W3C's note on dates writes it; a plus that became a blank on its way is taken for a plus."""
    if not text:
        return None
    plain = _SPACE_FOR_PLUS.sub(r"+\1", text)
    if not _W3C.fullmatch(plain):
        raise InvalidParameterError("query", name, "write it like 2010-01-01T00:00:00Z.")
    try:
        return datetime.fromisoformat(plain).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidParameterError("query", name, "there is no such day or time.") from None


async def _content(request: Request, principal: Principal, new: NewRequest) -> ReportContent:
    """What is reported; the place is the point, else that of the address of the library, else what the text says."""
    _require_service(new.service_code)
    if new.lat is None and not new.address_string and not new.address_id:
        raise InvalidParameterError("body", "lat, long, address_string or address_id", "say where it is.")
    text, lon, lat = new.address_string or None, new.long, new.lat
    names = (f"attribute[{SUBTYPE}]", f"attribute[{SUBTYPE}][]")
    form = await request.form()
    answers = [value for name in names for value in form.getlist(name) if isinstance(value, str)]

    def look_up() -> tuple[str | None, tuple[str, float | None, float | None] | None]:
        with request.app.state.sessions() as session:
            found = standard_address(session, principal.scope, new.address_id) if new.address_id else None
            return subtype_of(session, new.service_code, answers), found

    subtype = None
    if new.address_id or answers:
        subtype, address = await run_in_threadpool(look_up)
        if address is not None:
            text = text or address[0]
            lon, lat = (lon, lat) if lat is not None or lon is not None else address[1:]
    return ReportContent(
        category=new.service_code,
        source=ReportSource.PUBLIC,
        subtype=subtype,
        description=new.description or None,
        address_text=text,
        lon=lon,
        lat=lat,
    )


def _require_service(code: str) -> None:
    if code not in list(ReportCategory):
        raise NotFoundError("service_code", code)
