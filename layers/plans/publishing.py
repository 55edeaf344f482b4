"""Publishing: one transaction that retires the old grids, puts the new ones in force and re-homes what lies in them."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import EVERYWHERE, Principal, Scope
from layers.assignment import assign_all
from layers.errors import InvalidInputError
from layers.grids import grid_frame
from layers.households import household_frame
from layers.plans.course import advance_plan
from layers.plans.lineage import lineage
from layers.plans.numbering import renumber_taken
from layers.tables import Grid, GridLevel, GridLineage, Outbox, Plan, PlanState


def publish_plan(
    session: Session,
    principal: Principal,
    plan_id: int,
    *,
    valid_from: date,
    now: datetime,
    revision: int | None = None,
) -> Plan:
    """Put an approved plan in force from a date.

    The grids in force get `valid_to`, the new ones `valid_from`; lineage rows say who came from whom; households,
    addresses, cameras and open reports are re-homed. All of it stands or falls with the caller's transaction.

    Raises
    ------
    NotFoundError, ForbiddenError, StaleRevisionError, InvalidStateError : as for any step of a plan
    InvalidInputError : the date lies before the grids in force began
    """
    plan = advance_plan(session, principal, plan_id, "publish", now=now, revision=revision)
    scope = Scope(plan.scope_code)
    renumber_taken(session, plan.id)
    old = grid_frame(session, scope, level=GridLevel.CELL, as_of=valid_from)
    new = grid_frame(session, scope, level=GridLevel.CELL, as_of=valid_from, plan_id=plan.id)
    later = session.scalar(
        sa.select(sa.func.max(Grid.valid_from)).where(Grid.level == GridLevel.CELL, scope.prefix(Grid.code))
    )
    if later is not None and later > valid_from:
        raise InvalidInputError(f"The grids in force began on {later}; publish from that day or later.")
    bounds = tuple(new.total_bounds)
    households = household_frame(session, EVERYWHERE, bounds=bounds)
    rows = lineage(old, new, households)
    if rows:
        session.execute(sa.insert(GridLineage), [{"plan_id": plan.id, **row} for row in rows])
    if len(old):
        session.execute(
            sa.update(Grid)
            .where(Grid.id.in_(old["id"].tolist()))
            .values(valid_to=valid_from, revision=Grid.revision + 1)
        )
        session.execute(
            sa.update(Plan)
            .where(Plan.id.in_([int(i) for i in old["plan_id"].dropna().unique()]), Plan.state == PlanState.PUBLISHED)
            .values(state=PlanState.SUPERSEDED, valid_to=valid_from, revision=Plan.revision + 1)
        )
    session.execute(
        sa.update(Grid).where(Grid.plan_id == plan.id).values(valid_from=valid_from, revision=Grid.revision + 1)
    )
    plan.valid_from = valid_from
    session.flush()
    assign_all(session, scope, as_of=valid_from)
    session.add(
        Outbox(topic="plan.published", scope_code=plan.scope_code, payload={"plan_id": plan.id}, created_at=now)
    )
    session.flush()
    return plan
