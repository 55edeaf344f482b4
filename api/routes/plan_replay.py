"""Who would have another grid under a plan, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from api.context import AsOf, Reading, sessions_of
from api.principal import Reader
from api.query import Times
from api.routes.plan_state import READ_PROBLEMS, whole_plan
from api.routes.plans import PlanId
from layers.plans import get_plan
from layers.plans.replay import COLUMNS, replay_plan

router = APIRouter(prefix="/api/plans/{plan_id}", tags=["plan editing"])

TABLE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": f"Columns {', '.join(COLUMNS)}"}
}


@router.get("/replay", response_class=StreamingResponse, responses=TABLE | READ_PROBLEMS)
def read_replay(
    principal: Reader,
    session: Reading,
    request: Request,
    as_of: AsOf,
    times: Times,
    plan_id: PlanId,
    with_: Annotated[
        int | None, Query(alias="with", ge=1, le=2**31 - 1, description="Another plan; by default the grids in force")
    ] = None,
) -> StreamingResponse:
    """Every household, and every report of a time, that a plan would give another grid, as CSV."""
    wanted = [whole_plan(principal, session, key).id for key in (plan_id, with_) if key is not None]

    def lines() -> Iterator[str]:
        # The rows outlive this request's transaction, so they are read in one of their own.
        with sessions_of(request)() as reading:
            plans = [get_plan(reading, principal.scope, key) for key in wanted]
            yield ",".join(COLUMNS) + "\n"
            for part in replay_plan(reading, *plans, as_of=as_of, since=times.since, until=times.until):
                yield part.to_csv(header=False, index=False)

    name = f'attachment; filename="plan-{plan_id}-replay.csv"'
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})
