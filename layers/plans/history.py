"""The history of a plan: its edits, and which of them can be taken back or made again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Permission, Principal
from layers.errors import InvalidInputError, InvalidStateError, NotFoundError, StaleRevisionError
from layers.tables import Plan, PlanEdit, PlanState


def list_edits(session: Session, plan: Plan, *, after: int = 0) -> Sequence[PlanEdit]:
    """Edits made after a revision of the plan, the oldest first; undoing and redoing are edits as well."""
    statement = sa.select(PlanEdit).where(PlanEdit.plan_id == plan.id, PlanEdit.revision > after)
    return session.scalars(statement.order_by(PlanEdit.sequence)).all()


def undoable(session: Session, plan: Plan) -> PlanEdit | None:
    """The edit that an undo would take back."""
    return session.scalar(sa.select(PlanEdit).where(PlanEdit.plan_id == plan.id, PlanEdit.sequence == plan.head))


def redoable(session: Session, plan: Plan) -> PlanEdit | None:
    """The edit that a redo would repeat.

    It is the newest one made on the present head: an older one was cut off when the newest was made.
    """
    statement = sa.select(PlanEdit).where(PlanEdit.plan_id == plan.id, PlanEdit.parent == plan.head)
    return session.scalar(statement.order_by(PlanEdit.sequence.desc()).limit(1))


def shown_edit(row: PlanEdit) -> dict[str, Any]:
    """What others see of an edit; without the record that makes it undone."""
    names = ("sequence", "op", "params", "by", "revision", "moved_households", "parent", "refers_to")
    return {name: getattr(row, name) for name in names} | {"at": row.at.isoformat()}


def open_draft(session: Session, principal: Principal, plan_id: int, *, revision: int | None) -> Plan:
    """The draft, held for this transaction so that nobody else changes it meanwhile; errors as for `edit_plan`."""
    principal.require(Permission.PLAN)
    plan = session.scalar(
        sa.select(Plan)
        .where(Plan.id == plan_id, principal.scope.related(Plan.scope_code))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if plan is None:
        raise NotFoundError("plan", plan_id)
    principal.scope.require(plan.scope_code)
    if revision is not None and revision != plan.revision:
        changes = [shown_edit(row) for row in list_edits(session, plan, after=revision)]
        raise StaleRevisionError("plan", plan_id, plan.revision, changes)
    if plan.state != PlanState.DRAFT:
        raise InvalidStateError("plan", plan.state, "edited", [])
    return plan


def way_to(session: Session, plan: Plan, head: int) -> tuple[int, int]:
    """How many undos and then redos lead to the state after the edit `head`, 0 for the plan as it was drawn.

    Raises
    ------
    InvalidInputError : no number of either does: there is no such edit, or later ones have cut it off
    """
    rows = session.execute(
        sa.select(PlanEdit.sequence, PlanEdit.parent).where(PlanEdit.plan_id == plan.id, PlanEdit.parent.is_not(None))
    ).all()
    parent = {row.sequence: row.parent for row in rows}
    newest = {row.parent: row.sequence for row in sorted(rows, key=lambda row: row.sequence)}
    for step, following, backwards in ((parent, plan.head, True), (newest, plan.head, False)):
        at, count = following, 0
        while at != head and at in step:
            at, count = step[at], count + 1
        if at == head:
            return (count, 0) if backwards else (0, count)
    raise InvalidInputError(f"No undo or redo leads to the edit {head}; later edits have cut it off.")
