"""The review queue: read it, see how it stands, and decide where its reports lie."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, cast

import pandas as pd
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator

from api.context import Config, Now, Reading, Writing
from api.etag import etag_of, revision_to_match
from api.geojson import Link
from api.principal import Reader, allow
from api.problems import problems
from api.query import Paging
from layers import review
from layers.access import Permission, Principal
from layers.tables import AddressLevel, Assignment, ReportCategory, ReportSource, ReportState, Urgency
from layers.workflow.steps import MAX_NOTE, get_report

router = APIRouter(prefix="/api/review", tags=["review"])
Officer = Annotated[Principal, Depends(allow(Permission.HANDLE))]
DECIDING = problems(401, 403, 404, 409, 412, 422, 428)


class TextPart(BaseModel):
    """A stretch of the text, from `start` to before `end` in characters, recognised as a field of an address."""

    model_config = ConfigDict(from_attributes=True)

    field: str
    start: int
    end: int


class TraceStep(BaseModel):
    """A part of the text, the record of the library it was taken for, why, and how well it fits, from 0 to 1."""

    token: str
    record: str
    reason: str
    score: float | None


class CandidateInfo(BaseModel):
    """A place the report may mean; `confidence` is the probability that its grid is the right one."""

    model_config = ConfigDict(from_attributes=True)

    rank: int
    label: str
    level: AddressLevel
    village_code: str | None
    grid_code: str | None
    confidence: float
    radius_m: float | None
    lon: float | None
    lat: float | None
    trace: list[TraceStep]

    @field_validator("trace", mode="before")
    @classmethod
    def name_the_fields(cls, value: Any) -> Any:
        """Steps are stored as lists to be short."""
        names = list(TraceStep.model_fields)
        return [dict(zip(names, step, strict=False)) if isinstance(step, list | tuple) else step for step in value]


class QueuedReport(BaseModel):
    """A report in the queue; `revision` is what If-Match needs, `same_text` counts others that say the same."""

    model_config = ConfigDict(from_attributes=True)

    report_key: str
    revision: int
    reported_at: datetime
    waited_s: float
    category: ReportCategory
    subtype: str | None
    source: ReportSource
    state: ReportState
    urgency: Urgency
    description: str | None
    address_text: str | None
    due_at: datetime | None
    lon: float | None
    lat: float | None
    text: str
    parts: list[TextPart]
    same_text: int
    candidates: list[CandidateInfo]


class Candidates(BaseModel):
    """The candidates of one report by rank; none where its place was never in doubt."""

    candidates: list[CandidateInfo]


class ReviewQueue(BaseModel):
    """A page of the queue, the longest waiting first."""

    reports: list[QueuedReport]
    links: list[Link]
    time_stamp: datetime


class DayFigures(BaseModel):
    """One day: reports that came into the queue, and decisions."""

    model_config = ConfigDict(from_attributes=True)

    day: date
    arrived: int
    decided: int


class AccuracyFigures(BaseModel):
    """Of `decided` reports in a bin of confidence, `right` got the first candidate's grid; few give no share."""

    model_config = ConfigDict(from_attributes=True)

    low: float
    high: float
    decided: int
    right: int
    share: float | None


class ReviewFigures(BaseModel):
    """How the queue stands; ages in seconds. Shares need `minimum` decisions of the last `accuracy_days`."""

    model_config = ConfigDict(from_attributes=True)

    length: int
    oldest_s: float | None
    median_s: float | None
    days: list[DayFigures]
    accuracy: AccuracyFigures
    bins: list[AccuracyFigures]
    minimum: int
    accuracy_days: int
    time_stamp: datetime


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Acceptance(_Body):
    """Which candidate is right, and whether others that say the same are given its place too."""

    rank: int = Field(ge=1, le=100)
    same_text: bool = False


class Correction(_Body):
    """Where the report lies, in degrees, and whether others that say the same are given the place too."""

    lon: float = Field(ge=-180, le=180, allow_inf_nan=False)
    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    same_text: bool = False


class Question(_Body):
    """What the caller is asked."""

    question: str = Field(min_length=1, max_length=MAX_NOTE)


class GivingUp(_Body):
    """Why nobody can tell the place."""

    note: str | None = Field(None, max_length=MAX_NOTE)


class DecidedReport(BaseModel):
    """A report after a decision; `also` are others that were decided with it, `learnt` tells of a new alias."""

    report_key: str
    state: ReportState
    assignment: Assignment | None
    village_code: str | None
    grid_code: str | None
    revision: int
    also: list[str]
    learnt: bool


@router.get("", response_model=ReviewQueue, responses=problems(401, 403, 422))
def read_queue(principal: Officer, session: Reading, now: Now, page: Paging) -> ReviewQueue:
    """Reports whose place is in doubt, the longest waiting first, with their candidates."""
    entries = review.queue(session, principal.scope, now=now, limit=page.limit + 1, after=page.after(datetime, int))
    ends = [(one.reported_at, one.report_id) for one in entries]
    _, links = page.cut(pd.DataFrame(ends, columns=["at", "id"]), "at", "id", media_type="application/json")
    reports = [QueuedReport.model_validate(one) for one in entries[: page.limit]]
    return ReviewQueue(reports=reports, links=links, time_stamp=now)


@router.get("/figures", response_model=ReviewFigures, responses=problems(401, 403))
def read_figures(principal: Officer, session: Reading, now: Now) -> ReviewFigures:
    """Length and age of the queue, what comes and goes, and how good the first candidates were."""
    figures = review.queue_figures(session, principal.scope, now=now)
    names = [name for name in ReviewFigures.model_fields if name != "time_stamp"]
    return ReviewFigures.model_validate({name: getattr(figures, name) for name in names} | {"time_stamp": now})


@router.get("/{report_key:path}/candidates", response_model=Candidates, responses=problems(401, 403, 404))
def read_candidates(principal: Reader, session: Reading, report_key: str) -> Candidates:
    """The places a report of the own area was thought to mean, and why; also after it was decided."""
    report = get_report(session, principal.scope, report_key)
    found = [CandidateInfo.model_validate(one) for one in review.candidates_of(session, report.id)]
    return Candidates(candidates=found)


@router.post("/{report_key:path}/accept", response_model=DecidedReport, responses=DECIDING)
def accept_candidate(
    principal: Officer,
    session: Writing,
    now: Now,
    settings: Config,
    request: Request,
    response: Response,
    report_key: str,
    body: Acceptance,
) -> DecidedReport:
    """Give the report the place of a candidate; needs If-Match with its revision as ETag."""
    decided = review.accept(
        session,
        principal,
        report_key,
        body.rank,
        now=now,
        revision=revision_to_match(request),
        same_text=body.same_text,
        calendar=settings.calendar,
    )
    return _answer(decided, response)


@router.post("/{report_key:path}/correct", response_model=DecidedReport, responses=DECIDING)
def correct_place(
    principal: Officer,
    session: Writing,
    now: Now,
    settings: Config,
    request: Request,
    response: Response,
    report_key: str,
    body: Correction,
) -> DecidedReport:
    """Give the report the place that is pointed at; the library learns it. Needs If-Match."""
    decided = review.correct(
        session,
        principal,
        report_key,
        body.lon,
        body.lat,
        now=now,
        revision=revision_to_match(request),
        same_text=body.same_text,
        calendar=settings.calendar,
    )
    return _answer(decided, response)


@router.post("/{report_key:path}/ask", response_model=DecidedReport, responses=DECIDING)
def ask_caller(
    principal: Officer,
    session: Writing,
    now: Now,
    request: Request,
    response: Response,
    report_key: str,
    body: Question,
) -> DecidedReport:
    """Send the report back with a question; it comes again with the next step. Needs If-Match."""
    revision = revision_to_match(request)
    return _answer(review.ask(session, principal, report_key, body.question, now=now, revision=revision), response)


@router.post("/{report_key:path}/give_up", response_model=DecidedReport, responses=DECIDING)
def give_up_place(
    principal: Officer,
    session: Writing,
    now: Now,
    request: Request,
    response: Response,
    report_key: str,
    body: GivingUp,
) -> DecidedReport:
    """Say that nobody can tell where the report lies; it goes on without a place. Needs If-Match."""
    revision = revision_to_match(request)
    return _answer(review.give_up(session, principal, report_key, now=now, note=body.note, revision=revision), response)


@router.post("/{report_key:path}/undo", response_model=DecidedReport, responses=DECIDING)
def undo_decision(
    principal: Officer, session: Writing, now: Now, request: Request, response: Response, report_key: str
) -> DecidedReport:
    """Take the last decision back, with what was decided and learnt along with it. Needs If-Match."""
    revision = revision_to_match(request)
    return _answer(review.undo(session, principal, report_key, now=now, revision=revision), response)


def _answer(decided: review.Decided, response: Response) -> DecidedReport:
    report = decided.report
    response.headers["ETag"] = etag_of(report.revision)
    return DecidedReport(
        report_key=report.report_key,
        state=ReportState(report.state),
        assignment=cast("Assignment | None", report.assignment),
        village_code=report.village_code,
        grid_code=report.grid_code,
        revision=report.revision,
        also=list(decided.also),
        learnt=decided.alias_id is not None,
    )
