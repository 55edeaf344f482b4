"""Reports: read them, read one with its history, and send one in."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.context import Now, Reading, Writing
from api.etag import NOT_MODIFIED, etag_of, is_fresh
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
from layers.errors import NotFoundError
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
from layers.tables import Assignment, ReportCategory, ReportSource, ReportState

router = APIRouter(prefix="/api/reports", tags=["reports"])
Sender = Annotated[Principal, Depends(allow(Permission.REPORT))]


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
    revision: int


class Step(BaseModel):
    """One step in the course of a report."""

    model_config = ConfigDict(from_attributes=True)

    sequence: int
    at: datetime
    by: str
    step: str
    state: ReportState
    note: str | None


class ReportWithHistory(ReportProperties):
    """A report and its steps, the first one first."""

    history: list[Step]


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
    )
    # Who may send a report in may see it, even where the point lies in no grid and so in nobody's area.
    text, headers = _feature(session, EVERYWHERE, stored.report_key)
    headers["Location"] = f"/api/reports/{quote(stored.report_key, safe='')}"
    return GeoJSONResponse(text, 201, headers)


@router.get(
    "/{report_key:path}",
    response_class=GeoJSONResponse,
    response_model=ReportFeature,
    responses=NOT_MODIFIED | problems(401, 403, 404),
)
def read_report(principal: Reader, session: Reading, request: Request, report_key: str) -> Response:
    """One report with its history; its ETag is its revision."""
    text, headers = _feature(session, principal.scope, report_key)
    if is_fresh(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return GeoJSONResponse(text, headers=headers)


def _feature(session: Session, scope: Scope, report_key: str) -> tuple[str, dict[str, str]]:
    frame = report_frame(session, scope, keys=[report_key])
    if frame.empty:
        raise NotFoundError("report", report_key)
    values = {name: plain(frame[name])[0] for name in ReportProperties.model_fields}
    steps = [Step.model_validate(step) for step in report_history(session, int(frame["id"].iloc[0]))]
    properties = ReportWithHistory(**values, history=steps).model_dump_json()
    shape = geometry_texts(frame.geometry)[0]
    text = f'{{"type":"Feature","id":{json.dumps(report_key)},"geometry":{shape},"properties":{properties}}}'
    return text, {"ETag": etag_of(values["revision"]), "Cache-Control": "private, no-cache"}
