"""Edit a draft: each edit changes only the rows it touches and is kept for ever, so that it can be undone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import numpy as np
from sqlalchemy.orm import Session

from layers.access import Principal
from layers.errors import InvalidStateError, OutdatedPlanError
from layers.plans.history import open_draft, redoable, undoable, way_to
from layers.plans.steps import drawing_step, make_step, read_step
from layers.plans.storing import Edited, Entry, edited_by, store_step
from layers.plans.workspace import Workspace, open_workspace
from layers.tables import Plan

Turn = Literal["undo", "redo"]


def edit_plan(
    session: Session,
    principal: Principal,
    plan_id: int,
    op: str,
    params: Mapping[str, Any],
    *,
    now: datetime,
    revision: int | None = None,
    preview: bool = False,
) -> Edited:
    """Change a draft; what was undone before cannot be redone afterwards.

    Parameters
    ----------
    op, params : one of
        split: grid, line · merge: grids, into · move_boundary: one, other, line · give: blocks, to ·
        carve_out: blocks or polygon, name · abolish: grid · rename: grid, name · lock, unlock: grids ·
        convert: codes (old to new village code), names (by new code) · renumber: nothing.
        Grids are told by number, blocks by id; line and polygon are positions in EPSG:4326; with strict, what would
        break a grid is refused
    revision : the one the caller has seen; None does not ask
    preview : say what would happen, and store nothing

    Raises
    ------
    NotFoundError, ForbiddenError : no such plan, no right to plan, or the plan reaches beyond the scope
    StaleRevisionError : the plan has changed since `revision`; `changes` are the edits made meanwhile
    InvalidStateError : the plan is no draft
    InvalidInputError : an unknown op, or params that do not fit it
    RedrawError : the edit makes no sense on this plan, see `geo.redraw`
    MissingDataError : the plan was not drawn from blocks
    OutdatedPlanError : a village of the draft has got another code by a plan that came into force meanwhile
    """
    plan = open_draft(session, principal, plan_id, revision=revision)
    workspace = _workspace(session, plan)
    step = make_step(session, plan, workspace, op, params)
    if preview:
        return edited_by(workspace, workspace.revision, step, None)
    return store_step(session, plan, workspace, step, Entry(op, dict(params), None), by=principal.name, now=now)


def turn_edit(
    session: Session, principal: Principal, plan_id: int, turn: Turn, *, now: datetime, revision: int | None = None
) -> Edited:
    """Take the newest edit back that is not undone yet, or repeat the one that was undone last.

    Raises
    ------
    InvalidStateError : there is none; others as for `edit_plan`
    """
    return _turned(session, open_draft(session, principal, plan_id, revision=revision), turn, principal.name, now)


def jump_to(
    session: Session, principal: Principal, plan_id: int, head: int, *, now: datetime, revision: int | None = None
) -> Plan:
    """Bring a draft to the state after one of its edits, 0 for the plan as it was drawn, by undoing or redoing.

    Raises
    ------
    InvalidInputError : later edits have cut that one off; others as for `edit_plan`
    """
    plan = open_draft(session, principal, plan_id, revision=revision)
    undos, redos = way_to(session, plan, head)
    for turn in ["undo"] * undos + ["redo"] * redos:
        _turned(session, plan, "undo" if turn == "undo" else "redo", principal.name, now)
    return plan


def _workspace(session: Session, plan: Plan) -> Workspace:
    """The state of a draft whose villages are still what they were when it was drawn.

    Raises
    ------
    OutdatedPlanError : another plan has given one of its villages another code meanwhile
    """
    workspace = open_workspace(session, plan)
    gone = {identity.code[:-3] for identity in workspace.identities.values()} - set(workspace.division.villages)
    if gone:
        raise OutdatedPlanError(plan.id, min(gone))
    return workspace


def _turned(session: Session, plan: Plan, turn: Turn, by: str, now: datetime) -> Edited:
    row = undoable(session, plan) if turn == "undo" else redoable(session, plan)
    if row is None:
        raise InvalidStateError("plan", plan.state, f"{'undone' if turn == 'undo' else 'redone'} further", [])
    workspace = _workspace(session, plan)
    step = read_step(workspace, row.record, backwards=turn == "undo")
    return store_step(session, plan, workspace, step, Entry(turn, {}, row), by=by, now=now)


def store_drawing(
    session: Session,
    principal: Principal,
    plan_id: int,
    labels: np.ndarray,
    params: Mapping[str, Any],
    *,
    now: datetime,
    revision: int | None = None,
) -> Edited:
    """Give every block of a draft the grid of its label, as one edit; labels past the taken numbers make new grids.

    What `params` say of the size of grids and of nesting is the plan's own from then on, until the edit is undone.
    Raises as `edit_plan`.
    """
    plan = open_draft(session, principal, plan_id, revision=revision)
    workspace = _workspace(session, plan)
    options = {name: value for name, value in params.items() if name != "keep_labels"}
    step = drawing_step(session, plan, workspace, labels, options)
    return store_step(session, plan, workspace, step, Entry("redraw", dict(params), None), by=principal.name, now=now)
