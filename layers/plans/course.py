"""The course of a plan: which step leads to which state, who may take it, and the plans one may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Permission, Principal, Scope
from layers.errors import FaultyPlanError, InvalidInputError, InvalidStateError, NotFoundError, StaleRevisionError
from layers.plans.checks import check_plan, fault_texts
from layers.tables import Audit, Plan, PlanEvent, PlanState


@dataclass(frozen=True)
class Transition:
    """A step from one of `sources` to `target`, for those who have `permission`."""

    sources: tuple[PlanState, ...]
    target: PlanState
    permission: Permission


TRANSITIONS: dict[str, Transition] = {
    "submit": Transition((PlanState.DRAFT,), PlanState.SUBMITTED, Permission.PLAN),
    "return": Transition((PlanState.SUBMITTED, PlanState.APPROVED), PlanState.DRAFT, Permission.APPROVE),
    "approve": Transition((PlanState.SUBMITTED,), PlanState.APPROVED, Permission.APPROVE),
    "publish": Transition((PlanState.APPROVED,), PlanState.PUBLISHED, Permission.APPROVE),
    "withdraw": Transition((PlanState.PUBLISHED,), PlanState.APPROVED, Permission.APPROVE),
}

REASONED = {"return": "returned", "withdraw": "withdrawn"}
"""Steps that need a reason."""


def list_events(session: Session, plan: Plan) -> Sequence[PlanEvent]:
    """The steps that a plan has taken, the oldest first; what a note holds is told by `layers.tables.PlanEvent`."""
    return session.scalars(sa.select(PlanEvent).where(PlanEvent.plan_id == plan.id).order_by(PlanEvent.id)).all()


def list_plans(session: Session, scope: Scope) -> Sequence[Plan]:
    """Plans that lie inside the scope or around it, the newest first."""
    return session.scalars(sa.select(Plan).where(scope.related(Plan.scope_code)).order_by(Plan.id.desc())).all()


def get_plan(session: Session, scope: Scope, plan_id: int) -> Plan:
    """The plan of that number.

    Raises
    ------
    NotFoundError : there is none inside the scope or around it
    """
    plan = session.scalar(sa.select(Plan).where(Plan.id == plan_id, scope.related(Plan.scope_code)))
    if plan is None:
        raise NotFoundError("plan", plan_id)
    return plan


def advance_plan(
    session: Session,
    principal: Principal,
    plan_id: int,
    step: str,
    *,
    now: datetime,
    revision: int | None = None,
    note: str | None = None,
) -> Plan:
    """Take `submit`, `return` or `approve`; `publish_plan` and `withdraw_plan` also change the grids.

    Raises
    ------
    NotFoundError, ForbiddenError : no such plan, no right to the step, or the plan reaches beyond the scope
    StaleRevisionError : `revision` is given and the plan has changed since
    InvalidStateError : the step is not possible in the present state; the error names those that are
    InvalidInputError : a plan is returned or withdrawn without a note that says why
    FaultyPlanError : a plan is submitted that `check_plan` finds errors in
    """
    plan = get_plan(session, principal.scope, plan_id)
    transition = TRANSITIONS[step]
    principal.require(transition.permission)
    principal.scope.require(plan.scope_code)
    if revision is not None and revision != plan.revision:
        raise StaleRevisionError("plan", plan_id, plan.revision)
    if plan.state not in transition.sources:
        allowed = [name for name, other in TRANSITIONS.items() if plan.state in other.sources]
        raise InvalidStateError("plan", plan.state, step, allowed)
    if step in REASONED and not (note or "").strip():
        raise InvalidInputError(f"Say in the note why the plan is {REASONED[step]}.")
    if step == "submit" and (faults := fault_texts(check_plan(session, plan, as_of=now.date()))):
        raise FaultyPlanError(plan_id, faults)
    plan.state = transition.target
    record(session, plan, step, principal.name, now, note)
    session.flush()
    return plan


def record(session: Session, plan: Plan, step: str, by: str, now: datetime, note: str | None = None) -> None:
    """Add the step to the plan's history and to the audit trail."""
    session.add(PlanEvent(plan_id=plan.id, at=now, by=by, step=step, note=note))
    session.add(Audit(at=now, by=by, action=f"plan.{step}", subject=f"plan {plan.id}", detail={"note": note}))
