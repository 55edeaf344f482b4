"""Drawing a draft again in the background: start, watch, stop."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from api.context import Reading, sessions_of
from api.etag import revision_to_match
from api.principal import Reader
from api.problems import problems
from api.routes.plans import PlanId, Planner
from layers.errors import NotFoundError
from layers.plans import get_plan
from layers.plans.jobs import DrawJob, DrawJobs

router = APIRouter(prefix="/api/plans/{plan_id}/draw", tags=["plan editing"])


def drawings_of(request: Request) -> DrawJobs:
    """The drawings of this application."""
    drawings: DrawJobs = request.app.state.drawings
    return drawings


Drawings = Annotated[DrawJobs, Depends(drawings_of)]


class Redraw(BaseModel):
    """How to draw the grids that are not locked; what is left out is as the plan was drawn.

    With `keep_labels` as few households as possible change grid, else the grids are drawn afresh.
    """

    model_config = ConfigDict(extra="forbid")

    target: int | None = Field(None, ge=1, le=100_000)
    tolerance: float | None = Field(None, ge=0, lt=1)
    nesting: Literal["strict_nesting", "grouped", "strict_balance"] | None = None
    effort: Literal["fast", "normal", "thorough"] | None = None
    seed: int | None = Field(None, ge=0, le=2**31 - 1)
    keep_labels: bool = True


class DrawStatus(BaseModel):
    """The last drawing of a plan.

    `grid` is the best so far: a number for each block, one that is not taken yet for new grids. Once it is stored, as
    one edit that can be undone, `revision` is the plan's.
    """

    state: Literal["none", "running", "done", "cancelled", "failed"]
    progress: float
    revision: int | None
    error: str | None
    grid: list[int] | None


@router.post("", status_code=202, responses=problems(401, 403, 404, 409, 412, 422, 428))
def start_drawing(
    principal: Planner, request: Request, drawings: Drawings, plan_id: PlanId, wanted: Redraw
) -> DrawStatus:
    """Draw the grids of a draft again in the background; needs If-Match with its ETag."""
    options: dict[str, Any] = wanted.model_dump(exclude={"keep_labels"}, exclude_none=True)
    job = drawings.start(
        sessions_of(request),
        principal,
        plan_id,
        options,
        keep_labels=wanted.keep_labels,
        revision=revision_to_match(request),
        now=request.app.state.clock,
    )
    return _shown(job)


@router.get("", responses=problems(401, 403, 404, 422))
def read_drawing(principal: Reader, session: Reading, drawings: Drawings, plan_id: PlanId) -> DrawStatus:
    """How far the drawing is, and the best plan so far."""
    principal.scope.require(get_plan(session, principal.scope, plan_id).scope_code)
    return _shown(drawings.find(plan_id))


@router.delete("", responses=problems(401, 403, 404, 422))
def stop_drawing(principal: Planner, session: Reading, drawings: Drawings, plan_id: PlanId) -> DrawStatus:
    """Stop the drawing; the best so far is stored."""
    principal.scope.require(get_plan(session, principal.scope, plan_id).scope_code)
    job = drawings.cancel(plan_id)
    if job is None:
        raise NotFoundError("drawing of plan", plan_id)
    return _shown(job)


def _shown(job: DrawJob | None) -> DrawStatus:
    if job is None:
        return DrawStatus(state="none", progress=0.0, revision=None, error=None, grid=None)
    return DrawStatus(state=job.state, progress=job.progress, revision=job.revision, error=job.error, grid=job.grid)
