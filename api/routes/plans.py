"""Plans: drawn, looked at, and taken from step to step until they are published."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.context import AsOf, Computing, Now, Reading, Writing
from api.etag import NOT_MODIFIED, etag_of, is_fresh, revision_to_match
from api.geojson import GeoJSONResponse, feature_collection
from api.principal import Reader, SignedIn, allow
from api.problems import problems
from api.query import Paging
from api.routes.grids import GridCollection, GridProperties
from layers.access import Permission, Principal
from layers.grids import grid_frame
from layers.plans import DrawOptions, advance_plan, draw_plan, get_plan, list_plans, publish_plan
from layers.tables import Plan, PlanState

router = APIRouter(prefix="/api/plans", tags=["plans"])
Planner = Annotated[Principal, Depends(allow(Permission.PLAN))]
Approver = Annotated[Principal, Depends(allow(Permission.APPROVE))]
PlanId = Annotated[int, Path(ge=1, le=2**31 - 1)]


class PlanInfo(BaseModel):
    """An edition of the grids of one scope; `valid_to` is the first day it is no longer in force."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    scope_code: str
    state: PlanState
    based_on: int | None
    options: dict[str, Any]
    valid_from: date | None
    valid_to: date | None
    created_at: datetime
    created_by: str
    revision: int


class Plans(BaseModel):
    """The plans of an area, the newest first."""

    plans: list[PlanInfo]


class NewPlan(BaseModel):
    """What to draw: the grids of which area, of how many households, how strictly inside the villages."""

    model_config = ConfigDict(extra="forbid")

    scope_code: str = Field(max_length=32)
    name: str = Field(min_length=1, max_length=200)
    target: int = Field(300, ge=1, le=100_000)
    tolerance: float = Field(0.1, ge=0, lt=1)
    nesting: Literal["strict_nesting", "grouped", "strict_balance"] = "grouped"
    effort: Literal["fast", "normal", "thorough"] = "normal"
    seed: int = Field(0, ge=0, le=2**31 - 1)


class Publication(BaseModel):
    """The first day on which the grids of the plan are in force."""

    model_config = ConfigDict(extra="forbid")

    valid_from: date


class StepNote(BaseModel):
    """Why; a plan is returned only with a reason."""

    model_config = ConfigDict(extra="forbid")

    note: str | None = Field(None, max_length=2000)


class PlanStep(StrEnum):
    """A step on the way to publication."""

    SUBMIT = "submit"
    RETURN = "return"
    APPROVE = "approve"


@router.get("", responses=problems(401, 403))
def read_plans(principal: Reader, session: Reading) -> Plans:
    """All plans of one's area, drafts too."""
    return Plans(plans=[PlanInfo.model_validate(plan) for plan in list_plans(session, principal.scope)])


@router.post("", status_code=201, responses=problems(401, 403, 409, 422))
def make_plan(
    principal: Planner, session: Computing, now: Now, as_of: AsOf, response: Response, plan: NewPlan
) -> PlanInfo:
    """Draw grids into a new draft; takes seconds for a town."""
    options = DrawOptions(
        target=plan.target, tolerance=plan.tolerance, nesting=plan.nesting, effort=plan.effort, seed=plan.seed
    )
    made = draw_plan(
        session, principal, scope_code=plan.scope_code, name=plan.name, options=options, as_of=as_of, now=now
    )
    response.headers["Location"] = f"/api/plans/{made.id}"
    return _shown(made, response)


@router.get(
    "/{plan_id}",
    responses=NOT_MODIFIED | problems(401, 403, 404, 422),
    response_model=PlanInfo,
)
def read_plan(
    principal: Reader, session: Reading, request: Request, response: Response, plan_id: PlanId
) -> PlanInfo | Response:
    """One plan; its ETag is what the next step needs as If-Match."""
    plan = get_plan(session, principal.scope, plan_id)
    etag = etag_of(plan.revision)
    if is_fresh(request, etag):
        return Response(status_code=304, headers={"ETag": etag, "Cache-Control": "private, no-cache"})
    return _shown(plan, response)


@router.get(
    "/{plan_id}/grids",
    response_class=GeoJSONResponse,
    response_model=GridCollection,
    responses=problems(401, 403, 404, 422),
)
def read_plan_grids(principal: Reader, session: Reading, now: Now, page: Paging, plan_id: PlanId) -> Response:
    """The grids of a plan in the order of their codes, drafts too."""
    plan = get_plan(session, principal.scope, plan_id)
    frame = grid_frame(
        session, principal.scope, as_of=now.date(), plan_id=plan.id, limit=page.limit + 1, after=page.after(str)
    )
    shown, links = page.cut(frame, "code")
    return feature_collection(shown, GridProperties, "code", links=links, time_stamp=now)


@router.post("/{plan_id}/publish", responses=problems(401, 403, 404, 409, 412, 422, 428))
def publish(
    principal: Approver,
    session: Writing,
    now: Now,
    request: Request,
    response: Response,
    plan_id: PlanId,
    publication: Publication,
) -> PlanInfo:
    """Put an approved plan in force; needs If-Match with its ETag."""
    plan = publish_plan(
        session,
        principal,
        plan_id,
        valid_from=publication.valid_from,
        now=now,
        revision=revision_to_match(request),
    )
    return _shown(plan, response)


@router.post("/{plan_id}/{step}", responses=problems(401, 403, 404, 409, 412, 422, 428))
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
    return _shown(plan, response)


def _shown(plan: Plan, response: Response) -> PlanInfo:
    response.headers["ETag"] = etag_of(plan.revision)
    response.headers["Cache-Control"] = "private, no-cache"
    return PlanInfo.model_validate(plan)
