"""Taking back a publication whose first day has not come: the grids in force go on as if it had never been."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Permission, Principal
from layers.errors import InvalidInputError, InvalidStateError
from layers.plans.activation import reopen_plans
from layers.plans.course import advance_plan, get_plan
from layers.tables import Grid, GridLevel, GridLineage, Outbox, Plan, PlanBlock, PlanEvent, PlanState


def withdraw_plan(
    session: Session,
    principal: Principal,
    plan_id: int,
    *,
    note: str,
    now: datetime,
    today: date | None = None,
    revision: int | None = None,
) -> Plan:
    """The plan, approved again, after its publication for a later day was taken back.

    The grids and villages that would have ended go on, and its lineage rows are gone; its codes were never in force,
    so they are free again. It can be published for another day, or returned and edited. Drafts begun from it stay as
    they are: when they are published, they follow the grids that are in force then, and are numbered anew where their
    codes are taken. A conversion of villages that was published without a draft has no grids of its own to keep; it
    ends WITHDRAWN.

    Parameters
    ----------
    note : why; kept in the plan's history
    today : the day at the place; by default that of `now`

    Raises
    ------
    NotFoundError, ForbiddenError, StaleRevisionError : as for any step of a plan
    InvalidStateError : the plan is not published, or its first day has come
    InvalidInputError : no note, or a later plan was published on top of it and has to be withdrawn first
    """
    known = get_plan(session, principal.scope, plan_id)
    session.refresh(known, with_for_update=True)  # so that it does not come into force meanwhile
    if known.state == PlanState.PUBLISHED:
        principal.require(Permission.APPROVE)
        if known.activated_at or known.valid_from is None or known.valid_from <= (today or now.date()):
            raise InvalidStateError("plan", "in force", "withdrawn", [])
        _require_newest(session, known)
    plan = advance_plan(session, principal, plan_id, "withdraw", now=now, revision=revision, note=note)
    grid: Any = Grid.__table__
    session.execute(sa.delete(GridLineage).where(GridLineage.plan_id == plan.id))
    if session.scalar(sa.select(sa.exists().where(PlanEvent.plan_id == plan.id, PlanEvent.step == "convert"))):
        plan.state = PlanState.WITHDRAWN
        session.execute(sa.delete(PlanBlock).where(PlanBlock.plan_id == plan.id))
        session.execute(sa.delete(grid).where(grid.c.plan_id == plan.id))
    else:
        session.execute(sa.delete(grid).where(grid.c.plan_id == plan.id, grid.c.level == GridLevel.VILLAGE))
        own = {"valid_from": None, "revision": grid.c.revision + 1}
        session.execute(sa.update(grid).where(grid.c.plan_id == plan.id).values(own))
    again = {"valid_to": None, "ended_by": None, "revision": grid.c.revision + 1}
    session.execute(sa.update(grid).where(grid.c.ended_by == plan.id).values(again))
    plan.valid_from = None
    session.add(
        Outbox(topic="plan.withdrawn", scope_code=plan.scope_code, payload={"plan_id": plan.id}, created_at=now)
    )
    session.flush()
    reopen_plans(session)
    session.expire_all()
    return plan


def _require_newest(session: Session, plan: Plan) -> None:
    """Refuse where grids of the plan end already on a known day, since another plan follows it."""
    follower = session.scalar(
        sa.select(sa.func.max(Grid.ended_by)).where(Grid.plan_id == plan.id, Grid.valid_to.is_not(None))
    )
    if follower is not None:
        raise InvalidInputError(f"Plan {follower} was published on top of plan {plan.id}; withdraw that one first.")
