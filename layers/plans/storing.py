"""Bring the tables to the state after a step; only the rows it touches are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo import redraw
from geo.redraw import Division
from geo.redraw import Edit as Change
from layers.geometry import to_sql
from layers.plans.numbering import recode
from layers.plans.steps import Step
from layers.plans.workspace import Identity, Workspace, advanced, keep, target_of
from layers.tables import Grid, GridKind, GridLevel, Plan, PlanBlock, PlanEdit

CHUNK = 5_000


@dataclass(frozen=True, eq=False)
class Edited:
    """What an edit did, or would do.

    edit : its row in the plan's history, None for a preview
    workspace : the state after it
    blocks, grids : (m,) ids of the blocks that change grid and the numbers of their new grids
    touched : rising numbers of the grids that changed in any way and still exist
    gone, broken : numbers of grids that ended, and of those left in more pieces or around more other ground
    """

    edit: PlanEdit | None
    workspace: Workspace
    blocks: list[int]
    grids: list[int]
    touched: list[int]
    gone: list[int]
    broken: list[int]
    moved_households: int


@dataclass(frozen=True)
class Entry:
    """What is written into the history; `source` is the edit that is undone or redone."""

    op: str
    params: dict[str, Any]
    source: PlanEdit | None


def store_step(
    session: Session, plan: Plan, workspace: Workspace, step: Step, entry: Entry, *, by: str, now: datetime
) -> Edited:
    """Store a step: the plan first, so that of two writers at once only one gets further."""
    if plan.numbers is None:
        _store_numbers(session, workspace)
    last = session.scalar(sa.select(sa.func.max(PlanEdit.sequence)).where(PlanEdit.plan_id == plan.id)) or 0
    source = entry.source
    parent = plan.head if source is None else None
    if source is None:
        plan.head = last + 1
    else:
        plan.head = source.sequence if entry.op == "redo" else int(source.parent or 0)
    plan.numbers = step.change.sizes[1]
    for name, (_, after) in step.plan.items():
        setattr(plan, name, after)
    session.flush()
    row = PlanEdit(
        plan_id=plan.id,
        sequence=last + 1,
        op=entry.op,
        params=entry.params,
        record=step.record() if source is None else {},
        parent=parent,
        head=plan.head,
        refers_to=None if source is None else source.sequence,
        moved_households=round(step.change.moved_households),
        revision=plan.revision,
        at=now,
        by=by,
    )
    session.add(row)
    session.flush()
    edited = edited_by(workspace, plan.revision, step, row)
    identities = _write(session, plan, edited.workspace, step)
    edited = replace(edited, workspace=replace(edited.workspace, identities=identities))
    keep(session, plan, edited.workspace)
    return edited


def edited_by(workspace: Workspace, revision: int, step: Step, row: PlanEdit | None) -> Edited:
    """The state after a step, and what it did."""
    change = step.change
    division = redraw.apply(workspace.division, change)
    options = step.plan.get("options")
    if options is not None:
        division = division.aimed_at(target_of(options[1]))
    identities = {n: i for n, i in workspace.identities.items() if n not in step.deaths} | step.births
    for number, _, code in step.codes:
        identities[number] = replace(identities[number], code=code)
    after = advanced(workspace, division, identities, revision)
    known = set(division.numbers)
    named = {number for number, _, new in change.entries if new is not None} | {n for n, _, _ in step.codes}
    if options is not None:  # another band concerns every grid
        named |= known
    return Edited(
        edit=row,
        workspace=after,
        blocks=after.block_ids[change.blocks].tolist(),
        grids=change.new.tolist(),
        touched=sorted((set(change.touched) | named) & known),
        gone=sorted(change.abolished),
        broken=sorted(change.broken),
        moved_households=round(change.moved_households),
    )


def _store_numbers(session: Session, workspace: Workspace) -> None:
    table: Any = Grid.__table__
    session.execute(
        sa.update(table).where(table.c.id == sa.bindparam("row_id")).values(number=sa.bindparam("new_number")),
        [{"row_id": identity.row_id, "new_number": n} for n, identity in workspace.identities.items()],
    )


def _write(session: Session, plan: Plan, after: Workspace, step: Step) -> dict[int, Identity]:
    """Bring the rows of the touched grids and blocks to the state `after`; returns its identities with row ids."""
    change, division = step.change, after.division
    identities = dict(after.identities)
    if step.deaths:
        gone = [identity.code for identity in step.deaths.values()]
        session.execute(sa.delete(Grid).where(Grid.plan_id == plan.id, Grid.code.in_(gone)))
    if step.codes:
        recode(session, plan.id, {old: new for _, old, new in step.codes})
    _write_blocks(session, plan, after, change)
    alive = [number for number in change.touched if number in identities]
    shapes = dict(zip(alive, to_sql(after.shapes(alive)) if alive else [], strict=True))
    for number, identity in step.births.items():
        row = Grid(plan_id=plan.id, level=GridLevel.CELL, code=identity.code, grid_id=identity.grid_id, number=number)
        row.parent_code = identity.code[:-3]
        for name, value in _columns(division, number, shapes).items():
            setattr(row, name, value)
        session.add(row)
        session.flush()
        identities[number] = Identity(row.id, identity.grid_id, identity.code)
    table: Any = Grid.__table__
    for number in sorted(set(alive) - step.births.keys()):
        values = _columns(division, number, shapes) | {"revision": table.c.revision + 1}
        session.execute(sa.update(table).where(table.c.id == identities[number].row_id).values(values))
    marked = {number for number, old, new in change.entries if old is not None and new is not None} - set(alive)
    if marked:
        _write_marks(session, division, {identities[number].row_id: number for number in marked})
    return identities


def _write_marks(session: Session, division: Division, numbers: Mapping[int, int]) -> None:
    """Names and locks of many grids, told by row, in one go."""
    table: Any = Grid.__table__
    session.execute(
        sa.update(table)
        .where(table.c.id == sa.bindparam("row_id"))
        .values(name=sa.bindparam("new_name"), locked=sa.bindparam("new_locked"), revision=table.c.revision + 1),
        [
            {"row_id": row_id, "new_name": division.grid(number).name, "new_locked": division.grid(number).locked}
            for row_id, number in numbers.items()
        ],
    )


def _columns(division: Division, number: int, shapes: Mapping[int, Any]) -> dict[str, Any]:
    grid, count = division.grid(number), division.counts[number]
    assert count is not None
    values = {
        "name": grid.name,
        "kind": GridKind.DEDICATED if grid.dedicated else GridKind.BASE,
        "locked": grid.locked,
        "households": round(count.households),
        "area_m2": count.area_m2,
    }
    return values | ({"geom": shapes[number]} if number in shapes else {})


def _write_blocks(session: Session, plan: Plan, after: Workspace, change: Change) -> None:
    table: Any = PlanBlock.__table__
    ids = after.block_ids[change.blocks]
    for number in np.unique(change.new).tolist():
        chosen = ids[change.new == number].tolist()
        for start in range(0, len(chosen), CHUNK):
            part = chosen[start : start + CHUNK]
            session.execute(
                sa.update(table)
                .where(table.c.plan_id == plan.id, table.c.block_id.in_(part))
                .values(grid_code=after.identities[number].code)
            )
