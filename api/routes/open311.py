"""Open311 GeoReport v2: the services, their definitions, requests sent in and read, and tokens, as JSON and XML.

Source: Open311 GeoReport v2. Every method asks for a key (`api_key`), since reports belong to an area. What a sender
tells about himself is neither stored nor told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import uuid4
from xml.etree import ElementTree as ET

from fastapi import APIRouter, Depends, Form, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import AwareDatetime, BaseModel, Field

from api.context import Config, Now, Reading, now_of, settings_of
from api.errors import ApiError, InvalidParameterError
from api.principal import Allow
from api.problems import STATUS
from api.taking import key_holder, take_in
from layers.access import Permission, Principal
from layers.errors import LayersError, NotFoundError, UnauthenticatedError
from layers.intake.content import MAX_ADDRESS, MAX_KEY, ReportContent
from layers.intake.create import Submission
from layers.intake.open311 import service_requests, services, span
from layers.tables import ReportCategory, ReportSource

MAX_TEXT = 4_000
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Format = Literal["json", "xml"]


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


class Open311Route(APIRoute):
    """Answers errors as the specification does: a list of codes and descriptions."""

    def get_route_handler(self) -> Handler:
        """The handler, with errors told in the format that was asked for."""
        handle = super().get_route_handler()

        async def handle_and_explain(request: Request) -> Response:
            form = request.path_params.get("form", "json")
            try:
                return await handle(request)
            except RequestValidationError as error:
                said = "; ".join(f"{item['loc'][-1]}: {item['msg']}" for item in error.errors())
                return answer([{"code": 400, "description": said}], form, ("errors", "error"), 400)
            except (LayersError, ApiError) as error:
                status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
                # The specification knows 400 for what is wrong, 403 for keys, 404 for what is not there.
                status = {401: 403, 422: 400}.get(status, status)
                return answer([{"code": status, "description": str(error)}], form, ("errors", "error"), status)

        return handle_and_explain


def require_jurisdiction(request: Request, jurisdiction_id: Annotated[str | None, Query()] = None) -> None:
    """Refuse another jurisdiction than ours; with a single one it need not be named.

    Raises
    ------
    NotFoundError : it is another one
    """
    ours = settings_of(request).jurisdiction_id
    if jurisdiction_id is not None and ours is not None and jurisdiction_id != ours:
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
    """A request as a form; what the specification has about the sender (name, telephone, device) is not read."""

    service_code: str
    lat: float | None = Field(None, ge=-90, le=90, allow_inf_nan=False)
    long: float | None = Field(None, ge=-180, le=180, allow_inf_nan=False)
    address_string: str | None = Field(None, max_length=MAX_ADDRESS)
    description: str | None = Field(None, max_length=MAX_TEXT)
    jurisdiction_id: str | None = None


@router.get("/discovery.{form}")
def read_discovery(principal: Reader, settings: Config, request: Request, form: Format) -> Response:  # noqa: ARG001
    """Where this service is and which formats it speaks."""
    base = settings.public_url or str(request.base_url).rstrip("/")
    endpoint = {
        "specification": "http://wiki.open311.org/GeoReport_v2",
        "url": f"{base}/open311/v2",
        "changeset": "2011-03-07T00:00:00Z",
        "type": "production",
        "formats": ["application/json", "text/xml"],
    }
    about = {
        "changeset": "2011-03-07T00:00:00Z",
        "contact": "Ask the township's command room.",
        "key_service": "An administrator makes keys with POST /api/keys.",
    }
    if form == "json":
        return JSONResponse({**about, "endpoints": [endpoint]})
    root = _element("discovery", about)
    formats = endpoint.pop("formats")
    inside = ET.SubElement(ET.SubElement(root, "endpoints"), "endpoint")
    inside.extend(_element("endpoint", endpoint))
    listed = ET.SubElement(inside, "formats")
    for kind in formats:
        ET.SubElement(listed, "format").text = kind
    return _xml(root, 200)


@router.get("/services.{form}")
def read_services(principal: Reader, form: Format) -> Response:  # noqa: ARG001
    """The kinds of matters that can be reported."""
    return answer([asdict(service) for service in services()], form, ("services", "service"))


@router.get("/services/{service_code}.{form}")
def read_definition(principal: Reader, service_code: str, form: Format) -> Response:  # noqa: ARG001
    """The further questions of a service; ours have none."""
    _require_service(service_code)
    if form == "json":
        return JSONResponse({"service_code": service_code, "attributes": []})
    root = _element("service_definition", {"service_code": service_code})
    ET.SubElement(root, "attributes")
    return _xml(root, 200)


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
    _require_service(new.service_code)
    if new.lat is None and not new.address_string:
        raise InvalidParameterError("body", "lat, long or address_string", "say where it is.")
    content = ReportContent(
        category=new.service_code,
        source=ReportSource.PUBLIC,
        description=new.description or None,
        address_text=new.address_string or None,
        lon=new.long,
        lat=new.lat,
    )
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
    service_request_id: str | None = None,
    service_code: str | None = None,
    status: str | None = None,
    start_date: AwareDatetime | None = None,
    end_date: AwareDatetime | None = None,
) -> Response:
    """Requests of at most 90 days, the newest first, 1,000 at most; ids and codes are separated by commas."""
    since, until = span(start_date, end_date, now)
    found = service_requests(
        session,
        principal.scope,
        ids=_words(service_request_id),
        codes=_words(service_code),
        statuses=_words(status),
        since=since,
        until=until,
    )
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


def answer(rows: Sequence[dict[str, Any]], form: str, names: tuple[str, str], status: int = 200) -> Response:
    """Rows as a JSON list, or as XML elements inside another; `names` are those of the outer and the inner element."""
    if form != "xml":
        return JSONResponse(list(rows), status)
    root = ET.Element(names[0])
    root.extend(_element(names[1], row) for row in rows)
    return _xml(root, status)


def _requests(found: list[dict[str, Any]], form: str, now: datetime) -> Response:
    for row in found:
        for name, value in row.items():
            if isinstance(value, datetime):
                row[name] = value.astimezone(now.tzinfo).isoformat(timespec="seconds")
    return answer(found, form, ("service_requests", "request"))


def _element(name: str, values: dict[str, Any]) -> ET.Element:
    element = ET.Element(name)
    for key, value in values.items():
        text = str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
        ET.SubElement(element, key).text = _NOT_XML.sub("", text)
    return element


def _xml(root: ET.Element, status: int) -> Response:
    body = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(body, status, media_type="text/xml; charset=utf-8")


def _words(text: str | None) -> list[str] | None:
    return None if text is None else [word.strip() for word in text.split(",") if word.strip()]


def _require_service(code: str) -> None:
    if code not in list(ReportCategory):
        raise NotFoundError("service_code", code)
