"""A report as a feature with its history: read from the database, or as it was just taken in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from api.etag import etag_of
from api.geojson import DECIMALS, geometry_texts, plain
from layers.access import Principal, Scope
from layers.calendar import WorkCalendar, is_overdue
from layers.intake.submission import Submission, TakenReport
from layers.reports import report_frame, report_history
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
from layers.workflow import possible_steps
from layers.workflow.duplicates import linked_reports
from layers.workflow.steps import is_in_working_time, team_of

Told = tuple[str, dict[str, str]]
"""The text of a feature, and the headers that go with it."""


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


def stored_feature(
    session: Session, scope: Scope, report: Report, principal: Principal, now: datetime, calendar: WorkCalendar
) -> Told:
    """A report as it stands in the database."""
    frame = report_frame(session, scope, keys=[report.report_key])
    values = {name: plain(frame[name])[0] for name in ReportProperties.model_fields}
    due, working = report.extended_until or report.due_at, is_in_working_time(session, report)
    properties = ReportWithHistory(
        **values,
        scale=report.scale,
        satisfaction=report.satisfaction,
        extension=report.extension,
        extension_days=report.extension_days,
        team=team_of(session, report),
        **_deadline(report.reported_at, due, report.closed_at or now, calendar, working),
        links=linked_reports(session, report.id, principal.scope),
        steps=list(possible_steps(report, principal)),
        history=[TakenStep.model_validate(step) for step in report_history(session, report.id)],
    )
    return _told(report.report_key, geometry_texts(frame.geometry)[0], properties, report.revision)


def fresh_feature(taken: TakenReport, sent: Submission, principal: Principal, calendar: WorkCalendar) -> Told:
    """A report as it was stored a moment ago, without asking the database again."""
    content, duty = sent.content, taken.duty
    assert duty is not None
    due = None if duty.due_at is None else duty.due_at.astimezone(UTC)
    report = Report(state=taken.state, due_at=due, legacy=False, supervision=Supervision.NONE, urgency=Urgency.NORMAL)
    now = sent.now.astimezone(UTC)
    properties = ReportWithHistory(
        report_key=taken.report_key,
        reported_at=taken.reported_at.astimezone(UTC),
        category=ReportCategory(content.category),
        subtype=content.subtype,
        source=ReportSource(content.source),
        severity=content.severity,
        state=ReportState(taken.state),
        description=content.description,
        address_text=content.address_text,
        closed_at=None,
        village_code=taken.village_code,
        grid_code=taken.grid_code,
        assignment=None if taken.assignment is None else Assignment(taken.assignment),
        distance_m=taken.distance_m,
        held_by=None,
        due_at=due,
        extended_until=None,
        supervision=Supervision.NONE,
        urgency=Urgency.NORMAL,
        legacy=False,
        revision=1,
        scale=None,
        satisfaction=None,
        extension=None,
        extension_days=None,
        team=None if duty.team is None else TeamInfo.model_validate(duty.team),
        **_deadline(taken.reported_at, due, sent.now, calendar, duty.working),
        links=[Link.model_validate(link) for link in taken.links or ()],
        steps=list(possible_steps(report, principal)),
        history=[
            TakenStep(
                sequence=1,
                at=now,
                by=sent.created_by,
                step="report",
                state=ReportState(taken.state),
                note=None,
                org_code=None,
                attachments=None,
            )
        ],
    )
    place = None if taken.lon is None or taken.lat is None else [taken.lon, taken.lat]
    shape = json.dumps(
        place and {"type": "Point", "coordinates": [round(value, DECIMALS) for value in place]}, separators=(",", ":")
    )
    return _told(taken.report_key, shape, properties, 1)


def _told(key: str, shape: str, properties: ReportWithHistory, revision: int) -> Told:
    text = f'{{"type":"Feature","id":{json.dumps(key)},"geometry":{shape},"properties":{properties.model_dump_json()}}}'
    # No 304 is ever answered: time, links and rights change what is shown without a new revision.
    return text, {"ETag": etag_of(revision), "Cache-Control": "private, no-cache"}


def _deadline(
    reported_at: datetime, due: datetime | None, until: datetime, calendar: WorkCalendar, working: bool
) -> dict[str, Any]:
    if due is None:
        return {"overdue": False, "remaining": None}
    begun = min(reported_at, due)
    if until <= begun < due:
        return {"overdue": False, "remaining": 1.0}
    return {"overdue": is_overdue(due, until), "remaining": calendar.remaining(begun, due, until, working=working)}
