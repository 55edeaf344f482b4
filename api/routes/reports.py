"""Reports: read them, read one with its history, and send one in."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.context import Config, Now, Reading, Writing, now_of, sessions_of
from api.errors import InvalidParameterError
from api.etag import revision_to_match
from api.geojson import Feature, FeatureCollection, GeoJSONResponse, Point, feature_collection
from api.principal import Reader, allow
from api.problems import problems
from api.query import Box, Paging, Times
from api.report_feature import ReportProperties, ReportWithHistory, Told, fresh_feature, stored_feature
from api.taking import Sender, take_in
from layers.access import EVERYWHERE, Permission, Principal
from layers.calendar import WorkCalendar
from layers.intake.content import MAX_ADDRESS, MAX_DESCRIPTION, MAX_KEY, MAX_SUBTYPE, ReportContent
from layers.intake.submission import Submission, TakenReport
from layers.report_search import (
    DueKind,
    Order,
    ReportFilter,
    cluster_reports,
    count_reports,
    search_reports,
)
from layers.tables import Report, ReportCategory, ReportSource, ReportState, Satisfaction, Supervision, Urgency
from layers.workflow import StepDetails, take_step
from layers.workflow.steps import MAX_ATTACHMENTS, MAX_NOTE, get_report

router = APIRouter(tags=["reports"])
Handler = Annotated[Principal, Depends(allow(Permission.HANDLE))]


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


class ClusterInfo(BaseModel):
    """Reports near each other: the mean of their points, how many they are, and how many are overdue."""

    model_config = ConfigDict(from_attributes=True)

    lon: float
    lat: float
    count: int
    overdue: int


class Clusters(BaseModel):
    """`total` reports are wanted wherever they lie, `inside` of them have a point in the box that was asked for."""

    total: int
    inside: int
    clusters: list[ClusterInfo]


def wanted_reports(
    box: Box,
    times: Times,
    grid_code: Annotated[str | None, Query(max_length=32)] = None,
    village_code: Annotated[str | None, Query(max_length=32)] = None,
    state: Annotated[list[ReportState] | None, Query()] = None,
    category: Annotated[list[ReportCategory] | None, Query()] = None,
    text: Annotated[
        str | None, Query(max_length=200, description="In key, description, address, grid, subtype")
    ] = None,
    due: Annotated[DueKind | None, Query(description="Open and overdue, or due within a day")] = None,
) -> ReportFilter:
    """Which reports are asked for."""
    if text is not None and "\x00" in text:
        raise InvalidParameterError("query", "text", "leave out the null byte.")
    return ReportFilter(box, grid_code, village_code, times.since, times.until, state, category, text, due)


Wanted = Annotated[ReportFilter, Depends(wanted_reports)]


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


@router.get(
    "/api/reports", response_class=GeoJSONResponse, response_model=ReportCollection, responses=problems(401, 403, 422)
)
def read_reports(
    principal: Reader,
    session: Reading,
    now: Now,
    wanted: Wanted,
    page: Paging,
    order: Annotated[Order, Query(description="The newest, the oldest or what is due first")] = Order.NEW,
) -> Response:
    """Reports, by default the newest first; those without a point have no geometry, and are left out with bbox."""
    frame = search_reports(
        session,
        principal.scope,
        wanted,
        now=now,
        order=order,
        limit=page.limit + 1,
        after=page.after(datetime, int),
    )
    shown, links = page.cut(frame, "place", "id")
    return feature_collection(shown, ReportProperties, "report_key", links=links, time_stamp=now)


@router.get("/api/report-clusters", responses=problems(401, 403, 422))
def read_clusters(
    principal: Reader,
    session: Reading,
    now: Now,
    wanted: Wanted,
    zoom: Annotated[int, Query(ge=0, le=22, description="Of a web map with tiles of 256 pixels")],
) -> Clusters:
    """How many reports are wanted, inside bbox or not, and how those inside cluster on a map of that zoom."""
    found = cluster_reports(session, principal.scope, wanted, zoom=zoom, now=now)
    total = count_reports(session, principal.scope, replace(wanted, bounds=None), now=now)
    return Clusters(
        total=total, inside=sum(one.count for one in found), clusters=[ClusterInfo.model_validate(one) for one in found]
    )


@router.post(
    "/api/reports",
    status_code=201,
    response_class=GeoJSONResponse,
    response_model=ReportFeature,
    responses=problems(401, 403, 409, 413, 422, 503),
)
async def send_report(
    principal: Sender,
    request: Request,
    report: NewReport,
    idempotency_key: Annotated[
        str,
        Header(min_length=1, max_length=MAX_KEY, description="A key of the sender's own; it becomes the report's key"),
    ],
) -> Response:
    """Take in a report and find its grid; sending the same again under the same key changes nothing.

    The answer comes when the report is stored. Where too many reports wait, 503 says after how many seconds to send it
    again.
    """
    calendar = request.app.state.intake.calendar
    content = ReportContent(**report.model_dump())
    sent = Submission(idempotency_key, content, now_of(request), principal.name, principal.scope)
    taken = await take_in(request, sent)
    if taken.duty is not None:
        text, headers = fresh_feature(taken, sent, principal, calendar)
    else:
        text, headers = await run_in_threadpool(_known, request, taken, principal, calendar)
    headers["Location"] = f"/api/reports/{quote(taken.report_key, safe='')}"
    return GeoJSONResponse(text, 201, headers)


def _known(request: Request, taken: TakenReport, principal: Principal, calendar: WorkCalendar) -> Told:
    """A report that an earlier sending had stored; who may send it may see it, even where it lies in nobody's area."""
    with sessions_of(request)() as session:
        report = session.get_one(Report, taken.id)
        return stored_feature(session, EVERYWHERE, report, principal, now_of(request), calendar)


@router.post(
    "/api/reports/{report_key:path}/steps/{step}",
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
    text, headers = stored_feature(session, principal.scope, report, principal, now, settings.calendar)
    return GeoJSONResponse(text, headers=headers)


@router.get(
    "/api/reports/{report_key:path}",
    response_class=GeoJSONResponse,
    response_model=ReportFeature,
    responses=problems(401, 403, 404),
)
def read_report(principal: Reader, session: Reading, now: Now, settings: Config, report_key: str) -> Response:
    """One report with its history; its ETag is what the next step needs as If-Match."""
    report = get_report(session, principal.scope, report_key)
    text, headers = stored_feature(session, principal.scope, report, principal, now, settings.calendar)
    return GeoJSONResponse(text, headers=headers)
