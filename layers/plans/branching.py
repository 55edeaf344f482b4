"""Begin a plan from another one, and throw a draft away."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Permission, Principal
from layers.plans.course import get_plan, record
from layers.plans.history import open_draft
from layers.tables import Audit, Grid, GridLevel, Plan, PlanBlock, PlanState


def branch_plan(session: Session, principal: Principal, plan_id: int, *, name: str, now: datetime) -> Plan:
    """A new draft with the grids and blocks of a plan in any state.

    The grids keep `grid_id` and code: what is not changed goes on when the draft is published. Locks are
    taken over as well.

    Raises
    ------
    NotFoundError, ForbiddenError : no such plan, no right to plan, or the plan reaches beyond the scope
    """
    principal.require(Permission.PLAN)
    source = get_plan(session, principal.scope, plan_id)
    principal.scope.require(source.scope_code)
    plan = Plan(
        name=name,
        scope_code=source.scope_code,
        state=PlanState.DRAFT,
        based_on=source.id,
        options=dict(source.options),
        converted={} if source.activated_at else dict(source.converted),
        created_at=now,
        created_by=principal.name,
        numbers=source.numbers,
    )
    session.add(plan)
    session.flush()
    grid, block = Grid.__table__, PlanBlock.__table__
    kept = [
        "grid_id",
        "level",
        "code",
        "parent_code",
        "name",
        "kind",
        "households",
        "area_m2",
        "digest",
        "number",
        "locked",
    ]
    columns = [grid.c[column] for column in kept] + [grid.c.geom]
    fixed = {"plan_id": sa.literal(plan.id), "revision": sa.literal(1)}
    # Copied inside the database, to the last digit; the geometry must not pass through its text form.
    cells = (grid.c.plan_id == source.id, grid.c.level == GridLevel.CELL)
    values = sa.select(*(sa.type_coerce(c, sa.LargeBinary) if c.key == "geom" else c for c in columns), *fixed.values())
    session.execute(sa.insert(Grid).from_select([*kept, "geom", *fixed], values.where(*cells), False))
    blocks = sa.select(sa.literal(plan.id), block.c.block_id, block.c.grid_code).where(block.c.plan_id == source.id)
    session.execute(sa.insert(PlanBlock).from_select(["plan_id", "block_id", "grid_code"], blocks))
    record(session, plan, "branch", principal.name, now, f"{source.id}")
    session.flush()
    return plan


def delete_plan(
    session: Session, principal: Principal, plan_id: int, *, now: datetime, revision: int | None = None
) -> None:
    """Throw a draft away with its grids, history and edits; plans begun from it stay.

    Raises
    ------
    NotFoundError, ForbiddenError, StaleRevisionError, InvalidStateError : as for an edit
    """
    plan = open_draft(session, principal, plan_id, revision=revision)
    session.execute(sa.update(Plan).where(Plan.based_on == plan.id).values(based_on=plan.based_on))
    session.add(
        Audit(at=now, by=principal.name, action="plan.delete", subject=f"plan {plan.id}", detail={"name": plan.name})
    )
    session.execute(sa.delete(Grid).where(Grid.plan_id == plan.id))
    session.delete(plan)
    session.flush()
