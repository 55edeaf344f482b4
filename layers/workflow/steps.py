"""Take a step with a report: checked, kept in its history, and told to others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Permission, Principal, Scope
from layers.calendar import CHINA, MAX_AMOUNT, WorkCalendar
from layers.errors import InvalidInputError, InvalidStateError, MissingDataError, NotFoundError, StaleRevisionError
from layers.tables import (
    CLOSED_STATES,
    ExtensionState,
    LinkKind,
    Outbox,
    Report,
    ReportEvent,
    ReportLink,
    ReportState,
    Satisfaction,
    Supervision,
    Team,
    TimeUnit,
    Urgency,
)
from layers.workflow.catalogue import due_at, find_item, require_level
from layers.workflow.course import MARKS, TRANSITIONS, higher_supervision, possible_steps
from layers.workflow.teams import area_chain, find_team, level_of, parent_of

MAX_NOTE, MAX_ATTACHMENTS = 2_000, 20


@dataclass(frozen=True)
class StepDetails:
    """What comes with a step.

    `area_code` is where a report is dispatched, its grid if empty; `into` the key of the report it is merged into;
    `days` an extension; `attachments` describe photos and files kept elsewhere.

    Raises
    ------
    InvalidInputError : a value is unknown, too long or out of its range
    """

    note: str | None = None
    area_code: str | None = None
    into: str | None = None
    days: int | None = None
    supervision: str | None = None
    urgency: str | None = None
    scale: int | None = None
    satisfaction: str | None = None
    attachments: Sequence[Mapping[str, Any]] | None = None

    def __post_init__(self) -> None:
        if self.note is not None and (len(self.note) > MAX_NOTE or "\x00" in self.note):
            raise InvalidInputError(f"A note may have {MAX_NOTE:,} characters and no null byte; shorten it.")
        if len(self.attachments or ()) > MAX_ATTACHMENTS:
            raise InvalidInputError(
                f"A step may have {MAX_ATTACHMENTS} attachments; take several steps or fewer files."
            )
        for name, kind in (("supervision", Supervision), ("urgency", Urgency), ("satisfaction", Satisfaction)):
            value = getattr(self, name)
            if value is not None and value not in list(kind):
                raise InvalidInputError(f"{value!r} is no {name}; take one of {', '.join(kind)}.")
        if self.days is not None and not 1 <= self.days <= MAX_AMOUNT:
            raise InvalidInputError(f"days goes from 1 to {MAX_AMOUNT:,}.")
        if self.scale is not None and not 1 <= self.scale <= 3:
            raise InvalidInputError("scale goes from 1 (个体性) to 3 (重大群体性).")


@dataclass(frozen=True)
class _Taken:
    """A step that is being taken."""

    session: Session
    principal: Principal
    report: Report
    details: StepDetails
    now: datetime
    calendar: WorkCalendar


def get_report(session: Session, scope: Scope, report_key: str) -> Report:
    """The report of that key.

    Raises
    ------
    NotFoundError : there is none inside the scope
    """
    report = session.scalar(sa.select(Report).where(Report.report_key == report_key, scope.located(Report)))
    if report is None:
        raise NotFoundError("report", report_key)
    return report


def take_step(
    session: Session,
    principal: Principal,
    report_key: str,
    step: str,
    details: StepDetails | None = None,
    *,
    now: datetime,
    revision: int | None = None,
    calendar: WorkCalendar = CHINA,
) -> Report:
    """Take one of `TRANSITIONS` or `MARKS`; the report has a new revision, a new entry in its history and an event.

    Raises
    ------
    ForbiddenError, NotFoundError : no right to handle reports, or no such report inside the scope
    StaleRevisionError : `revision` is given and the report has changed since
    InvalidStateError : the step is not possible as the report stands; the error names those that are
    InvalidInputError : a detail is missing, or the area or report it names will not do
    NotInCatalogueError : the matter may not be given to that level
    MissingDataError : the area has no team yet
    """
    principal.require(Permission.HANDLE)
    report = get_report(session, principal.scope, report_key)
    details = details or StepDetails()
    if revision is not None and revision != report.revision:
        raise StaleRevisionError("report", report_key, report.revision)
    allowed = possible_steps(report, principal)
    if step not in allowed:
        raise InvalidStateError("report", report.state, step, allowed)
    needs = TRANSITIONS[step].needs if step in TRANSITIONS else MARKS[step]
    missing = [name for name in needs if getattr(details, name) in {None, ""}]
    if missing:
        raise InvalidInputError(f"The step {step} needs {' and '.join(missing)}.")
    effect = _EFFECTS.get(step)
    said = effect(_Taken(session, principal, report, details, now, calendar)) if effect else None
    if step in TRANSITIONS:
        report.state = TRANSITIONS[step].target
        report.closed_at = now if report.state in CLOSED_STATES and step != "follow_up" else report.closed_at
    notes = [text for text in (said, details.note) if text]
    record_step(session, report, step, principal, now, "; ".join(notes)[:MAX_NOTE] or None, details.attachments)
    return report


def record_step(
    session: Session,
    report: Report,
    step: str,
    principal: Principal,
    now: datetime,
    note: str | None,
    attachments: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    """Store what was changed in a report, with an entry in its history and an event for the outbox."""
    session.flush()
    last = session.scalar(sa.select(sa.func.max(ReportEvent.sequence)).where(ReportEvent.report_id == report.id))
    session.add(
        ReportEvent(
            report_id=report.id,
            sequence=(last or 0) + 1,
            at=now,
            by=principal.name,
            org_code=principal.scope.code,
            step=step,
            state=report.state,
            note=note,
            attachments=[dict(item) for item in attachments] if attachments else None,
        )
    )
    payload = {
        "report_key": report.report_key,
        "step": step,
        "category": report.category,
        "state": report.state,
        "revision": report.revision,
        "grid_code": report.grid_code,
        "held_by": report.held_by,
        "supervision": report.supervision,
    }
    scope_code = report.grid_code or report.village_code or ""
    session.add(Outbox(topic="report.changed", scope_code=scope_code, payload=payload, created_at=now))
    session.flush()


def _accept(taken: _Taken) -> None:
    report, own = taken.report, taken.principal.scope.code
    if report.state == ReportState.ESCALATED:
        return  # it stays with the tier it was brought to
    town = report.village_code[:9] if report.village_code else None
    report.held_by = own if len(own) >= 9 else town


def _dispatch(taken: _Taken) -> str:
    report = taken.report
    chain = area_chain(report.grid_code, report.village_code)
    target = taken.details.area_code or report.grid_code
    if target is None:
        raise InvalidInputError("The report lies in no known grid; say with area_code who gets it.")
    if chain and target not in chain:
        raise InvalidInputError(f"The report does not lie in {target}; dispatch it to one of {', '.join(chain)}.")
    taken.principal.scope.require(target)
    item = find_item(taken.session, report.category, report.subtype)
    require_level(item, level_of(target))
    team = find_team(taken.session, [target], item.platform if item else None)
    if team is None:
        raise MissingDataError(f"The area {target} has no team for this; add it with `fengqiao team add`.")
    report.held_by, report.team_id = target, team.id
    return f"to {team.name} ({target})"


def _return(taken: _Taken) -> None:
    taken.report.held_by = taken.report.team_id = None


def _escalate(taken: _Taken) -> str:
    report = taken.report
    upper = parent_of(report.held_by or taken.principal.scope.code)
    if upper is None:
        raise InvalidInputError("There is no higher tier known to give this report to; dispatch it instead.")
    report.held_by, report.team_id = upper, None
    return f"to {upper}"


def _merge(taken: _Taken) -> str:
    report, key = taken.report, str(taken.details.into)
    other = get_report(taken.session, taken.principal.scope, key)
    if other.id == report.id or not ReportState(other.state).is_open or other.state == ReportState.DRAFT:
        raise InvalidInputError(f"{key} is this report itself, a draft or closed; merge into another one that is open.")
    report.merged_into = other.id
    link = ReportLink(
        report_id=report.id, other_id=other.id, kind=LinkKind.MERGED, score=1.0, reason="merged by hand", at=taken.now
    )
    taken.session.add(link)
    return f"into {key}"


def _reopen(taken: _Taken) -> None:
    taken.report.closed_at = taken.report.satisfaction = None


def _follow_up(taken: _Taken) -> str:
    taken.report.satisfaction = taken.details.satisfaction
    return f"satisfied: {taken.details.satisfaction}"


def _supervise(taken: _Taken) -> str:
    report, degree = taken.report, str(taken.details.supervision)
    higher = higher_supervision(report.supervision)
    if degree not in higher:
        raise InvalidStateError("supervision", report.supervision, degree, higher)
    report.supervision = degree
    return degree


def _cancel_supervision(taken: _Taken) -> None:
    taken.report.supervision = Supervision.NONE


def _set_urgency(taken: _Taken) -> str:
    report, urgency = taken.report, str(taken.details.urgency)
    if report.urgency == urgency:
        others = [other.value for other in Urgency if other != report.urgency]
        raise InvalidStateError("report's urgency", report.urgency, urgency, others)
    report.urgency = urgency
    return urgency


def _set_scale(taken: _Taken) -> str:
    report, scale = taken.report, taken.details.scale
    if report.scale == scale:
        raise InvalidStateError("report's scale", str(scale), str(scale), [str(n) for n in (1, 2, 3) if n != scale])
    report.scale = scale
    return f"scale {scale}"


def _mark_legacy(taken: _Taken) -> None:
    taken.report.legacy = True


def _request_extension(taken: _Taken) -> str:
    taken.report.extension, taken.report.extension_days = ExtensionState.REQUESTED, taken.details.days
    return f"{taken.details.days} days"


def _approve_extension(taken: _Taken) -> str:
    report = taken.report
    assert report.extension_days is not None
    present = report.extended_until or report.due_at
    assert present is not None
    item = find_item(taken.session, report.category, report.subtype)
    of_the_clock = item is not None and item.deadline_unit in {TimeUnit.DAYS, TimeUnit.HOURS}
    unit = TimeUnit.DAYS if of_the_clock else TimeUnit.WORKING_DAYS
    report.extended_until = taken.calendar.deadline(present, report.extension_days, unit)
    report.extension = ExtensionState.APPROVED
    return f"until {report.extended_until.isoformat(timespec='minutes')}"


def _refuse_extension(taken: _Taken) -> None:
    taken.report.extension = ExtensionState.REFUSED


_EFFECTS: dict[str, Callable[[_Taken], str | None]] = {
    "accept": _accept,
    "dispatch": _dispatch,
    "return": _return,
    "escalate": _escalate,
    "merge": _merge,
    "reopen": _reopen,
    "follow_up": _follow_up,
    "supervise": _supervise,
    "cancel_supervision": _cancel_supervision,
    "set_urgency": _set_urgency,
    "set_scale": _set_scale,
    "mark_legacy": _mark_legacy,
    "request_extension": _request_extension,
    "approve_extension": _approve_extension,
    "refuse_extension": _refuse_extension,
}


def give_deadline_and_team(session: Session, report: Report, *, now: datetime, calendar: WorkCalendar = CHINA) -> None:
    """Set when a report that came in at `now` is due and which team is nearest to it among the levels that may act."""
    item = find_item(session, report.category, report.subtype)
    report.due_at = due_at(item, now, calendar)
    areas = area_chain(report.grid_code, report.village_code)
    able = [area for area in areas if item is None or level_of(area) in item.levels]
    team = find_team(session, able, item.platform if item else None)
    report.team_id = team.id if team else None


def team_of(session: Session, report: Report) -> Team | None:
    """The team that a report is with, or would go to."""
    return session.get(Team, report.team_id) if report.team_id is not None else None


def is_in_working_time(session: Session, report: Report) -> bool:
    """Whether the deadline of a report runs in office hours only."""
    item = find_item(session, report.category, report.subtype)
    return item is not None and item.deadline_unit in {TimeUnit.WORKING_HOURS, TimeUnit.WORKING_DAYS}
