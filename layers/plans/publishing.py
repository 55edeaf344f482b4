"""Publishing: one transaction that dates the old grids and the new ones and says who came from whom.

Which grids are in force on a day follows from those dates. What lies in the grids keeps the homes of the plan in force
today; it is re-homed when the first day of the new plan has come, see `layers.plans.activation`.
"""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import EVERYWHERE, Principal, Scope
from layers.errors import InvalidInputError
from layers.grids import grid_frame, in_force
from layers.households import household_frame
from layers.plans.activation import activate_plans, end_plans
from layers.plans.converting import begin_villages
from layers.plans.course import advance_plan
from layers.plans.lineage import lineage
from layers.plans.numbering import renumber_taken
from layers.tables import Grid, GridLevel, GridLineage, Outbox, Plan


def publish_plan(
    session: Session,
    principal: Principal,
    plan_id: int,
    *,
    valid_from: date,
    now: datetime,
    today: date | None = None,
    revision: int | None = None,
) -> Plan:
    """Put an approved plan in force from a date.

    The grids in force get `valid_to`, the new ones `valid_from`; lineage rows say who came from whom. Where the date is
    today or earlier, households, addresses, cameras, open reports and teams are re-homed at once; else on that day. All
    of it stands or falls with the caller's transaction.

    Parameters
    ----------
    today : the day at the place; by default that of `now`

    Raises
    ------
    NotFoundError, ForbiddenError, StaleRevisionError, InvalidStateError : as for any step of a plan
    InvalidInputError : the date lies before the grids in force began, or a grid's village is not in force on it
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
    plan.valid_from = valid_from
    converted = begin_villages(session, plan)
    _require_villages(session, set(new["parent_code"]) - set(converted.values()), valid_from)
    households = household_frame(session, EVERYWHERE, bounds=tuple(new.total_bounds))
    rows = lineage(old, new, households, converted)
    if rows:
        session.execute(sa.insert(GridLineage), [{"plan_id": plan.id, **row} for row in rows])
    if len(old):
        session.execute(
            sa.update(Grid)
            .where(Grid.id.in_(old["id"].tolist()))
            .values(valid_to=valid_from, ended_by=plan.id, revision=Grid.revision + 1)
        )
    session.execute(
        sa.update(Grid)
        .where(Grid.plan_id == plan.id, Grid.valid_from.is_(None))
        .values(valid_from=valid_from, revision=Grid.revision + 1)
    )
    session.add(
        Outbox(topic="plan.published", scope_code=plan.scope_code, payload={"plan_id": plan.id}, created_at=now)
    )
    session.flush()
    end_plans(session)
    activate_plans(session, today=today or now.date(), now=now)
    session.refresh(plan)
    return plan


def _require_villages(session: Session, codes: set[str], day: date) -> None:
    known = set(session.scalars(sa.select(Grid.code).where(Grid.code.in_(sorted(codes)), in_force(day))))
    if codes - known:
        raise InvalidInputError(
            f"The village {min(codes - known)} is not in force on {day}; begin a draft from the plan in force instead."
        )
