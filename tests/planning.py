"""Draw, edit and publish plans of the tiny world in few words."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

import world
from layers.access import OPERATOR
from layers.plans import DrawOptions, advance_plan, draw_plan, publish_plan
from layers.plans.editing import edit_plan, turn_edit
from layers.plans.storing import Edited
from layers.tables import Plan


def draw(session: Session, **options: Any) -> Plan:
    """A draft of the town's grids."""
    return draw_plan(
        session,
        OPERATOR,
        scope_code=world.TOWN,
        name="spring",
        options=DrawOptions(**options),
        as_of=world.TODAY,
        now=world.NOW,
    )


def publish(session: Session, plan: Plan, valid_from: date = world.TODAY) -> Plan:
    """Submit, approve and publish."""
    for step in ("submit", "approve"):
        advance_plan(session, OPERATOR, plan.id, step, now=world.NOW)
    return publish_plan(session, OPERATOR, plan.id, valid_from=valid_from, now=world.NOW)


def edit(session: Session, plan: Plan, op: str, **params: Any) -> Edited:
    """One edit by the operator."""
    return edit_plan(session, OPERATOR, plan.id, op, params, now=world.NOW)


def undo(session: Session, plan: Plan) -> Edited:
    """Take the newest edit back."""
    return turn_edit(session, OPERATOR, plan.id, "undo", now=world.NOW)


def redo(session: Session, plan: Plan) -> Edited:
    """Repeat what was undone last."""
    return turn_edit(session, OPERATOR, plan.id, "redo", now=world.NOW)
