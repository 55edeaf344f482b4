"""The course of a plan: its steps, from submission to publication and back."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.context import Now, Reading, Writing
from api.etag import revision_to_match
from api.principal import Reader, SignedIn, allow
from api.problems import problems
from api.routes.plans import PlanId, PlanInfo, shown_plan
from layers.access import Permission, Principal
from layers.plans import advance_plan, get_plan, publish_plan, withdraw_plan
from layers.plans.course import list_events

router = APIRouter(prefix="/api/plans/{plan_id}", tags=["plans"])
Approver = Annotated[Principal, Depends(allow(Permission.APPROVE))]


class Publication(BaseModel):
    """The first day on which the grids of the plan are in force."""

    model_config = ConfigDict(extra="forbid")

    valid_from: date


class StepNote(BaseModel):
    """Why; a plan is returned only with a reason."""

    model_config = ConfigDict(extra="forbid")

    note: str | None = Field(None, max_length=2000)


class CourseStep(BaseModel):
    """A step of a plan: draw, branch, import, submit, return, approve, publish, withdraw or convert.

    `note` is the reason that was given; of a branch the number of the plan it was begun from, of an import the name of
    the file, and of a conversion the pairs of codes.
    """

    model_config = ConfigDict(from_attributes=True)

    step: str
    by: str
    at: datetime
    note: str | None


class Course(BaseModel):
    """The steps that a plan has taken, the oldest first."""

    steps: list[CourseStep]


class PlanStep(StrEnum):
    """A step on the way to publication."""

    SUBMIT = "submit"
    RETURN = "return"
    APPROVE = "approve"


@router.get("/course", responses=problems(401, 403, 404, 422))
def read_course(principal: Reader, session: Reading, plan_id: PlanId) -> Course:
    """The steps that a plan has taken, the oldest first, with the reasons that were given."""
    plan = get_plan(session, principal.scope, plan_id)
    return Course(steps=[CourseStep.model_validate(event) for event in list_events(session, plan)])


@router.post("/publish", responses=problems(401, 403, 404, 409, 412, 422, 428))
def publish(
    principal: Approver,
    session: Writing,
    now: Now,
    request: Request,
    response: Response,
    plan_id: PlanId,
    publication: Publication,
) -> PlanInfo:
    """Put an approved plan in force from a day, today or later; needs If-Match with its ETag.

    Until that day every lookup answers with the grids before, and what lies in them stays there.
    """
    plan = publish_plan(
        session,
        principal,
        plan_id,
        valid_from=publication.valid_from,
        now=now,
        revision=revision_to_match(request),
    )
    return shown_plan(plan, response)


@router.post("/withdraw", responses=problems(401, 403, 404, 409, 412, 422, 428))
def withdraw(
    principal: Approver,
    session: Writing,
    now: Now,
    request: Request,
    response: Response,
    plan_id: PlanId,
    reason: StepNote,
) -> PlanInfo:
    """Take back a publication whose first day has not come; needs If-Match with its ETag, and a note.

    The grids in force go on, and the plan is approved again.
    """
    plan = withdraw_plan(
        session, principal, plan_id, note=reason.note or "", now=now, revision=revision_to_match(request)
    )
    return shown_plan(plan, response)


@router.post("/{step}", responses=problems(401, 403, 404, 409, 412, 422, 428))
def take_step(
    principal: SignedIn,
    session: Writing,
    now: Now,
    request: Request,
    response: Response,
    plan_id: PlanId,
    step: PlanStep,
    reason: StepNote | None = None,
) -> PlanInfo:
    """Submit, return or approve a plan; needs If-Match with its ETag, and the right to the step.

    A plan with errors (see its checks) cannot be submitted; returning needs a note.
    """
    plan = advance_plan(
        session,
        principal,
        plan_id,
        step.value,
        now=now,
        revision=revision_to_match(request),
        note=None if reason is None else reason.note,
    )
    return shown_plan(plan, response)
