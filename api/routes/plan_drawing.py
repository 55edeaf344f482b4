"""Drawing a plan in the background: start, watch, stop; any process of the server answers for any drawing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from api.context import Now, Reading, sessions_of
from api.etag import revision_to_match
from api.principal import Reader
from api.problems import problems
from api.routes.plans import PlanId, Planner
from layers.errors import NotFoundError
from layers.plans import get_plan
from layers.plans.job_rows import unpacked
from layers.plans.jobs import DrawJobs
from layers.tables import DrawJob, DrawState

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

    `grid` is the best so far: a number for each block, one that is not taken yet for new grids. Once it is stored,
    `revision` is the plan's: a new plan begins with these grids, a draft has them as one edit that can be undone.
    A new plan has blocks once it is `ready`. What a drawing had reached that failed since its process ended is stored
    by stopping it.
    """

    state: Literal["none", "running", "done", "cancelled", "failed"]
    new: bool
    ready: bool
    progress: float
    revision: int | None
    error: str | None
    grid: list[int] | None
    by: str | None
    started_at: datetime | None


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
    return shown_job(job)


@router.get("", responses=problems(401, 403, 404, 422))
def read_drawing(
    principal: Reader, session: Reading, request: Request, now: Now, drawings: Drawings, plan_id: PlanId
) -> DrawStatus:
    """How far the drawing is, and the best plan so far."""
    principal.scope.require(get_plan(session, principal.scope, plan_id).scope_code)
    return shown_job(drawings.find(sessions_of(request), plan_id, now))


@router.delete("", responses=problems(401, 403, 404, 422))
def stop_drawing(
    principal: Planner, session: Reading, request: Request, drawings: Drawings, plan_id: PlanId
) -> DrawStatus:
    """Stop the drawing; the best so far is stored."""
    principal.scope.require(get_plan(session, principal.scope, plan_id).scope_code)
    session.rollback()  # nothing is held while the drawing comes to its end
    job = drawings.cancel(sessions_of(request), principal, plan_id, now=request.app.state.clock)
    if job is None:
        raise NotFoundError("drawing of plan", plan_id)
    return shown_job(job)


def shown_job(job: DrawJob | None) -> DrawStatus:
    """A drawing as clients see it."""
    if job is None:
        return DrawStatus(
            state="none", new=False, ready=True, progress=0.0, revision=None, error=None, grid=None, by=None,
            started_at=None,
        )  # fmt: skip
    labels = unpacked(job.picture)
    return DrawStatus(
        state=DrawState(job.state).value,
        new=bool(job.params.get("new")),
        ready=job.base_revision > 0,
        progress=job.progress,
        revision=job.stored_revision,
        error=job.error,
        grid=None if labels is None else labels.tolist(),
        by=job.by,
        started_at=job.started_at,
    )
