"""Reports: read them, read one with its history, and send one in."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.context import Config, Now, Reading, Writing
from api.etag import etag_of, revision_to_match
from api.geojson import (
    Feature,
    FeatureCollection,
    GeoJSONResponse,
    Point,
    feature_collection,
    geometry_texts,
    plain,
)
from api.principal import Reader, allow
from api.problems import problems
from api.query import Box, Paging, Times
from layers.access import EVERYWHERE, Permission, Principal, Scope
from layers.calendar import WorkCalendar, is_overdue
from layers.reports import (
    MAX_ADDRESS,
    MAX_DESCRIPTION,
    MAX_KEY,
    MAX_SUBTYPE,
    ReportContent,
    create_report,
    report_frame,
    report_history,
)
from layers.tables import (
    Assignment,
    ExtensionState,
    LinkKind,
    Report,
    ReportCategory,
    ReportSource,
    ReportState,
    Satisfaction,
    Supervision,
    Urgency,
)
from layers.workflow import StepDetails, possible_steps, take_step
from layers.workflow.duplicates import linked_reports
from layers.workflow.steps import MAX_ATTACHMENTS, MAX_NOTE, get_report, is_in_working_time, team_of

router = APIRouter(prefix="/api/reports", tags=["reports"])
Sender = Annotated[Principal, Depends(allow(Permission.REPORT))]
Handler = Annotated[Principal, Depends(allow(Permission.HANDLE))]


class ReportProperties(BaseModel):
    """A report; `assignment` says how it came to its grid, `distance_m` how far outside that grid its point lies."""

    report_key: str
    reported_at: datetime
    category: ReportCategory
    subtype: str | None
    source: ReportSource
    severity: int | None
    state: ReportState
    description: str | None
    address_text: str | None
    closed_at: datetime | None
    village_code: str | None
    grid_code: str | None
    assignment: Assignment | None
    distance_m: float | None
    held_by: str | None
    due_at: datetime | None
    extended_until: datetime | None
    supervision: Supervision
    urgency: Urgency
    legacy: bool
    revision: int


class TakenStep(BaseModel):
    """One step in the course of a report, and the area of whoever took it."""

    model_config = ConfigDict(from_attributes=True)

    sequence: int
    at: datetime
    by: str
    step: str
    state: ReportState
    note: str | None
    org_code: str | None
    attachments: list[dict[str, Any]] | None


class TeamInfo(BaseModel):
    """The office that has a report, or would get it, with the telephone of the office."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    phone: str | None
    area_code: str


class Link(BaseModel):
    """A report that belongs to this one: it looks alike, or one was merged into the other."""

    model_config = ConfigDict(from_attributes=True)

    report_key: str
    kind: LinkKind
    score: float
    reason: str


class ReportWithHistory(ReportProperties):
    """A report, where it stands and its steps, the first one first.

    `overdue` and `remaining`, the share of its time that is left from 1 to 0, are those of this moment; `steps` are
    those that the reader may take now.
    """

    scale: int | None
    satisfaction: Satisfaction | None
    extension: ExtensionState | None
    extension_days: int | None
    team: TeamInfo | None
    overdue: bool
    remaining: float | None
    links: list[Link]
    steps: list[str]
    history: list[TakenStep]


ReportCollection = FeatureCollection[Point | None, ReportProperties]
ReportFeature = Feature[Point | None, ReportWithHistory]


class NewReport(BaseModel):
    """A report to send in; a point, a text address or neither. Nothing about who reports."""

    model_config = ConfigDict(extra="forbid")

    category: ReportCategory
    source: ReportSource
    reported_at: AwareDatetime | None = Field(None, description="By default the time of receipt")
    subtype: str | None = Field(None, max_length=MAX_SUBTYPE)
    severity: int | None = Field(None, ge=1, le=4, description="1 特别重大, 2 重大, 3 较大, 4 一般")
    description: str | None = Field(None, max_length=MAX_DESCRIPTION)
    address_text: str | None = Field(None, max_length=MAX_ADDRESS)
    lon: float | None = Field(None, ge=-180, le=180, allow_inf_nan=False)
    lat: float | None = Field(None, ge=-90, le=90, allow_inf_nan=False)


class Attachment(BaseModel):
    """What is known about a photo or file that is kept elsewhere."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    kind: str | None = Field(None, max_length=20, description="For example before or after")
    media_type: str | None = Field(None, max_length=100)
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")


class NewStep(BaseModel):
    """What comes with a step; each step says which of these it needs."""

    model_config = ConfigDict(extra="forbid")

    note: str | None = Field(None, max_length=MAX_NOTE)
    area_code: str | None = Field(None, max_length=32, description="dispatch: to whom; by default the report's grid")
    into: str | None = Field(None, max_length=MAX_KEY, description="merge: the key of the report that stays")
    days: int | None = Field(None, ge=1, le=365, description="request_extension: working days")
    supervision: Supervision | None = None
    urgency: Urgency | None = None
    scale: int | None = Field(None, ge=1, le=3, description="1 个体性, 2 一般群体性, 3 重大群体性")
    satisfaction: Satisfaction | None = None
    attachments: list[Attachment] | None = Field(None, max_length=MAX_ATTACHMENTS)


@router.get("", response_class=GeoJSONResponse, response_model=ReportCollection, responses=problems(401, 403, 422))
def read_reports(
    principal: Reader,
    session: Reading,
    now: Now,
    box: Box,
    page: Paging,
    times: Times,
    grid_code: Annotated[str | None, Query(max_length=32)] = None,
    village_code: Annotated[str | None, Query(max_length=32)] = None,
    state: Annotated[list[ReportState] | None, Query()] = None,
    category: Annotated[list[ReportCategory] | None, Query()] = None,
) -> Response:
    """Reports, the newest first; those without a point have no geometry and are left out where bbox is given."""
    frame = report_frame(
        session,
        principal.scope,
        bounds=box,
        grid_code=grid_code,
        village_code=village_code,
        since=times.since,
        until=times.until,
        states=state,
        categories=category,
        limit=page.limit + 1,
        after=page.after(datetime, int),
    )
    shown, links = page.cut(frame, "reported_at", "id")
    return feature_collection(shown, ReportProperties, "report_key", links=links, time_stamp=now)


@router.post(
    "",
    status_code=201,
    response_class=GeoJSONResponse,
    response_model=ReportFeature,
    responses=problems(401, 403, 409, 413, 422),
)
def send_report(
    principal: Sender,
    session: Writing,
    now: Now,
    settings: Config,
    report: NewReport,
    idempotency_key: Annotated[
        str,
        Header(min_length=1, max_length=MAX_KEY, description="A key of the sender's own; it becomes the report's key"),
    ],
) -> Response:
    """Take in a report and find its grid; sending the same again under the same key changes nothing."""
    stored = create_report(
        session,
        key=idempotency_key,
        content=ReportContent(**report.model_dump()),
        now=now,
        created_by=principal.name,
        scope=principal.scope,
        calendar=settings.calendar,
    )
    # Who may send a report in may see it, even where the point lies in no grid and so in nobody's area.
    text, headers = _feature(session, EVERYWHERE, stored, principal, now, settings.calendar)
    headers["Location"] = f"/api/reports/{quote(stored.report_key, safe='')}"
    return GeoJSONResponse(text, 201, headers)


@router.post(
    "/{report_key:path}/steps/{step}",
    response_class=GeoJSONResponse,
    response_model=ReportFeature,
    responses=problems(401, 403, 404, 409, 412, 422, 428),
)
def take_report_step(
    principal: Handler,
    session: Writing,
    now: Now,
    settings: Config,
    request: Request,
    report_key: str,
    step: Annotated[str, Path(max_length=32, description="One of the report's `steps`")],
    details: NewStep,
) -> Response:
    """Take a step with a report; needs If-Match with its ETag. A refusal names the steps that are possible."""
    report = take_step(
        session,
        principal,
        report_key,
        step,
        StepDetails(**details.model_dump(exclude_none=True)),
        now=now,
        revision=revision_to_match(request),
        calendar=settings.calendar,
    )
    text, headers = _feature(session, principal.scope, report, principal, now, settings.calendar)
    return GeoJSONResponse(text, headers=headers)


@router.get(
    "/{report_key:path}",
    response_class=GeoJSONResponse,
    response_model=ReportFeature,
    responses=problems(401, 403, 404),
)
def read_report(principal: Reader, session: Reading, now: Now, settings: Config, report_key: str) -> Response:
    """One report with its history; its ETag is what the next step needs as If-Match."""
    report = get_report(session, principal.scope, report_key)
    text, headers = _feature(session, principal.scope, report, principal, now, settings.calendar)
    return GeoJSONResponse(text, headers=headers)


def _feature(
    session: Session, scope: Scope, report: Report, principal: Principal, now: datetime, calendar: WorkCalendar
) -> tuple[str, dict[str, str]]:
    frame = report_frame(session, scope, keys=[report.report_key])
    values = {name: plain(frame[name])[0] for name in ReportProperties.model_fields}
    properties = ReportWithHistory(
        **values,
        scale=report.scale,
        satisfaction=report.satisfaction,
        extension=report.extension,
        extension_days=report.extension_days,
        team=team_of(session, report),
        **_deadline(session, report, now, calendar),
        links=linked_reports(session, report.id, principal.scope),
        steps=list(possible_steps(report, principal)),
        history=[TakenStep.model_validate(step) for step in report_history(session, report.id)],
    ).model_dump_json()
    shape = geometry_texts(frame.geometry)[0]
    identity = json.dumps(report.report_key)
    text = f'{{"type":"Feature","id":{identity},"geometry":{shape},"properties":{properties}}}'
    # No 304 is ever answered: time, links and rights change what is shown without a new revision.
    return text, {"ETag": etag_of(report.revision), "Cache-Control": "private, no-cache"}


def _deadline(session: Session, report: Report, now: datetime, calendar: WorkCalendar) -> dict[str, Any]:
    due, until = report.extended_until or report.due_at, report.closed_at or now
    if due is None:
        return {"overdue": False, "remaining": None}
    working = is_in_working_time(session, report)
    begun = min(report.reported_at, due)
    return {"overdue": is_overdue(due, until), "remaining": calendar.remaining(begun, due, until, working=working)}
