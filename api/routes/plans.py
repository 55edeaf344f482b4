"""Plans: which there are, and drawing new ones."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.context import AsOf, Now, Reading, sessions_of
from api.etag import NOT_MODIFIED, etag_of, is_fresh
from api.geojson import GeoJSONResponse, feature_collection
from api.plan_feasibility import Feasibility, shown_feasibility
from api.principal import Reader, allow
from api.problems import problems
from api.query import Paging
from api.routes.grids import GridCollection, GridProperties
from layers.access import Permission, Principal, Scope
from layers.engine import begin_writing
from layers.grids import grid_frame
from layers.plans import (
    DrawOptions,
    compute_drawing,
    get_plan,
    list_plans,
    store_plan,
)
from layers.plans.feasibility import area_feasibility
from layers.plans.jobs import DrawJobs
from layers.tables import Plan, PlanState

router = APIRouter(prefix="/api/plans", tags=["plans"])
Planner = Annotated[Principal, Depends(allow(Permission.PLAN))]
PlanId = Annotated[int, Path(ge=1, le=2**31 - 1)]


class PlanInfo(BaseModel):
    """An edition of the grids of one scope; `valid_to` is the first day it is no longer in force.

    `activated_at` is when its first day had come and what lies in its grids was re-homed; empty until then.
    """

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    scope_code: str
    state: PlanState
    based_on: int | None
    options: dict[str, Any]
    valid_from: date | None
    valid_to: date | None
    activated_at: datetime | None
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
    background: bool = Field(False, description="Answer at once and draw on; /draw of the plan tells how far it is")

    def options(self) -> DrawOptions:
        """How the grids are drawn."""
        return DrawOptions(
            target=self.target, tolerance=self.tolerance, nesting=self.nesting, effort=self.effort, seed=self.seed
        )


@router.get("", responses=problems(401, 403))
def read_plans(principal: Reader, session: Reading) -> Plans:
    """All plans of one's area, drafts too."""
    return Plans(plans=[PlanInfo.model_validate(plan) for plan in list_plans(session, principal.scope)])


@router.get("/feasibility", responses=problems(401, 403, 409, 422))
def read_feasibility(
    principal: Reader,
    session: Reading,
    as_of: AsOf,
    scope_code: Annotated[str, Query(max_length=32)],
    target: Annotated[int, Query(ge=1, le=100_000)] = 300,
    tolerance: Annotated[float, Query(ge=0, lt=1)] = 0.1,
) -> Feasibility:
    """What each village and each separate piece of ground allows, before anything is drawn."""
    principal.scope.require(scope_code)
    options = DrawOptions(target=target, tolerance=tolerance)
    return shown_feasibility(area_feasibility(session, Scope(scope_code), options=options, as_of=as_of))


@router.post("", status_code=201, responses=problems(401, 403, 409, 422) | {202: {"model": PlanInfo}})
def make_plan(
    principal: Planner, now: Now, as_of: AsOf, request: Request, response: Response, wanted: NewPlan
) -> PlanInfo:
    """Draw grids into a new draft: takes seconds for a town, or answers 202 at once with `background`."""
    factory = sessions_of(request)
    if wanted.background:
        drawings: DrawJobs = request.app.state.drawings
        made, _ = drawings.start_new(
            factory, principal, scope_code=wanted.scope_code, name=wanted.name, options=wanted.options(), as_of=as_of,
            now=request.app.state.clock,
        )  # fmt: skip
        response.status_code = 202
    else:
        with factory() as session:  # nobody has to wait while it computes
            drawing = compute_drawing(
                session, principal, scope_code=wanted.scope_code, options=wanted.options(), as_of=as_of
            )
        with factory.begin() as session:
            made = store_plan(begin_writing(session), principal, drawing, name=wanted.name, now=now)
    response.headers["Location"] = f"/api/plans/{made.id}"
    return shown_plan(made, response)


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
    return shown_plan(plan, response)


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


def shown_plan(plan: Plan, response: Response) -> PlanInfo:
    """The plan as it is answered, with its ETag."""
    response.headers["ETag"] = etag_of(plan.revision)
    response.headers["Cache-Control"] = "private, no-cache"
    return PlanInfo.model_validate(plan)
