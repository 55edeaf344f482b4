"""Edit a draft: each edit changes only the rows it touches and is kept for ever, so that it can be undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import geopandas as gpd
import numpy as np
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo import redraw
from geo.redraw import Division
from geo.redraw import Edit as Change
from layers.access import Permission, Principal
from layers.errors import InvalidInputError, InvalidStateError, NotFoundError, StaleRevisionError
from layers.geometry import to_sql
from layers.plans.numbering import grid_name, next_codes, recode
from layers.plans.workspace import Identity, Workspace, advanced, keep, open_workspace
from layers.tables import SRID, Grid, GridKind, GridLevel, Plan, PlanBlock, PlanEdit, PlanState

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


@dataclass(frozen=True, eq=False)
class _Step:
    """A change of blocks and marks together with the codes that grids get, lose or swap by it."""

    change: Change
    births: dict[int, Identity]
    deaths: dict[int, Identity]
    codes: list[tuple[int, str, str]]

    def record(self) -> dict[str, Any]:
        plain = [{str(n): [i.grid_id, i.code] for n, i in some.items()} for some in (self.births, self.deaths)]
        return {"change": self.change.record(), "births": plain[0], "deaths": plain[1], "codes": self.codes}


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
        renumber: nothing. Grids are told by number, blocks by id; line and polygon are positions in EPSG:4326;
        with strict, what would break a grid is refused
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
    """
    plan = open_draft(session, principal, plan_id, revision=revision)
    workspace = open_workspace(session, plan)
    step = _step(session, workspace, op, params)
    if preview:
        return _edited(workspace, workspace.revision, step, None)
    return _take(session, plan, workspace, step, _Entry(op, dict(params), None), by=principal.name, now=now)


def undo_edit(
    session: Session, principal: Principal, plan_id: int, *, now: datetime, revision: int | None = None
) -> Edited:
    """Take the newest edit back that is not undone yet.

    Raises
    ------
    InvalidStateError : there is none; others as for `edit_plan`
    """
    plan = open_draft(session, principal, plan_id, revision=revision)
    row = undoable(session, plan)
    if row is None:
        raise InvalidStateError("plan", plan.state, "undone further", [])
    workspace = open_workspace(session, plan)
    step = _read(workspace, row.record, backwards=True)
    return _take(session, plan, workspace, step, _Entry("undo", {}, row), by=principal.name, now=now)


def redo_edit(
    session: Session, principal: Principal, plan_id: int, *, now: datetime, revision: int | None = None
) -> Edited:
    """Repeat the edit that was undone last.

    Raises
    ------
    InvalidStateError : there is none; others as for `edit_plan`
    """
    plan = open_draft(session, principal, plan_id, revision=revision)
    row = redoable(session, plan)
    if row is None:
        raise InvalidStateError("plan", plan.state, "redone further", [])
    workspace = open_workspace(session, plan)
    step = _read(workspace, row.record, backwards=False)
    return _take(session, plan, workspace, step, _Entry("redo", {}, row), by=principal.name, now=now)


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

    Raises as `edit_plan`.
    """
    plan = open_draft(session, principal, plan_id, revision=revision)
    workspace = open_workspace(session, plan)
    division = workspace.division
    size = len(division.grids)
    fresh = np.unique(labels[labels >= size])
    target = np.where(labels >= size, size + np.searchsorted(fresh, labels), labels)
    blocks = np.flatnonzero(target != division.label)
    change = redraw.edit.relabel(
        "redraw", division, blocks, target[blocks], created=[redraw.Grid() for _ in range(len(fresh))]
    )
    step = _born(session, workspace, change)
    return _take(session, plan, workspace, step, _Entry("redraw", dict(params), None), by=principal.name, now=now)


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
    names = ("sequence", "op", "params", "by", "revision", "moved_households", "refers_to")
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


def grid_counts(workspace: Workspace, tolerance: float, numbers: Sequence[int] | None = None) -> list[dict[str, Any]]:
    """What a planner sees of each grid: number, code, name, marks, counts, and whether it is in the band."""
    division, ground = workspace.division, workspace.ground
    rows = []
    for number in division.numbers if numbers is None else numbers:
        grid, count, identity = division.grids[number], division.counts[number], workspace.identities[number]
        assert grid is not None
        assert count is not None
        rows.append(
            {
                "number": number,
                "code": identity.code,
                "name": grid.name,
                "parent_code": identity.code[:-3],
                "dedicated": grid.dedicated,
                "locked": grid.locked,
                "blocks": count.blocks,
                "households": count.households,
                "deviation": count.deviation,
                "area_m2": count.area_m2,
                "perimeter_m": count.perimeter_m,
                "polsby_popper": count.polsby_popper if np.isfinite(count.polsby_popper) else None,
                "villages": count.villages,
                "pieces": count.pieces,
                "holes": count.holes,
                "contiguous": count.contiguous,
                "in_band": bool(abs(count.households - ground.target) <= tolerance * ground.target + 1e-9),
            }
        )
    return rows


@dataclass(frozen=True)
class _Entry:
    """What is written into the history; `source` is the edit that is undone or redone."""

    op: str
    params: dict[str, Any]
    source: PlanEdit | None


def _split(workspace: Workspace, params: Mapping[str, Any]) -> Change:
    line = _line(workspace, params["line"])
    return redraw.split(workspace.division, params["grid"], line, strict=params.get("strict", False))


def _merge(workspace: Workspace, params: Mapping[str, Any]) -> Change:
    strict = params.get("strict", False)
    return redraw.merge(workspace.division, params["grids"], into=params.get("into"), strict=strict)


def _move_boundary(workspace: Workspace, params: Mapping[str, Any]) -> Change:
    line = _line(workspace, params["line"])
    strict = params.get("strict", False)
    return redraw.move_boundary(workspace.division, params["one"], params["other"], line, strict=strict)


def _give(workspace: Workspace, params: Mapping[str, Any]) -> Change:
    blocks = workspace.ground.positions(params["blocks"])
    return redraw.give(workspace.division, blocks, params["to"], strict=params.get("strict", False))


def _carve_out(workspace: Workspace, params: Mapping[str, Any]) -> Change:
    blocks, polygon = params.get("blocks"), params.get("polygon")
    if (blocks is None) == (polygon is None):
        raise InvalidInputError("Carve out either blocks or a polygon: give exactly one of the two.")
    site = workspace.ground.positions(blocks or []) if polygon is None else _polygon(workspace, polygon)
    name, strict = params.get("name") or "", params.get("strict", False)
    return redraw.carve_out(workspace.division, site, name=name, strict=strict)


def _abolish(workspace: Workspace, params: Mapping[str, Any]) -> Change:
    return redraw.abolish(workspace.division, params["grid"], strict=params.get("strict", False))


def _rename(workspace: Workspace, params: Mapping[str, Any]) -> Change:
    return redraw.rename(workspace.division, params["grid"], params["name"])


def _lock(workspace: Workspace, params: Mapping[str, Any]) -> Change:
    return redraw.lock(workspace.division, params.get("grids"))


def _unlock(workspace: Workspace, params: Mapping[str, Any]) -> Change:
    return redraw.unlock(workspace.division, params.get("grids"))


OPS: dict[str, Callable[[Workspace, Mapping[str, Any]], Change]] = {
    "split": _split,
    "merge": _merge,
    "move_boundary": _move_boundary,
    "give": _give,
    "carve_out": _carve_out,
    "abolish": _abolish,
    "rename": _rename,
    "lock": _lock,
    "unlock": _unlock,
}


def _step(session: Session, workspace: Workspace, op: str, params: Mapping[str, Any]) -> _Step:
    if op == "renumber":
        return _renumber(session, workspace)
    if op not in OPS:
        raise InvalidInputError(f"There is no edit {op}; use one of {', '.join(OPS)}, renumber.")
    try:
        change = OPS[op](workspace, params)
    except KeyError as error:
        raise InvalidInputError(f"The edit {op} needs {error.args[0]}.") from error
    return _born(session, workspace, change)


def _born(session: Session, workspace: Workspace, change: Change) -> _Step:
    """The change with codes for the grids that come into being and plain names for those without a name."""
    deaths = {number: workspace.identities[number] for number in change.abolished}
    if not change.created:
        return _Step(change, {}, deaths, [])
    ground = workspace.ground
    created = sorted(change.created, key=lambda n: _place(workspace, change.blocks[change.new == n]))
    parents = [_parent(workspace, change.blocks[change.new == number]) for number in created]
    born = {number: new for number, old, new in change.entries if old is None and new is not None}
    taken = {identity.code for identity in workspace.identities.values()}
    codes = next_codes(session, parents, [born[number].dedicated for number in created], taken)
    births = {number: Identity(0, str(uuid4()), code) for number, code in zip(created, codes, strict=True)}
    entries = tuple(
        (n, old, replace(new, name=new.name or grid_name(births[n].code)) if old is None and new else new)
        for n, old, new in change.entries
    )
    assert len(ground.villages)
    return _Step(replace(change, entries=entries), births, deaths, [])


def _place(workspace: Workspace, blocks: np.ndarray) -> tuple[float, float]:
    """Sorts from west to east, then from north to south."""
    ground = workspace.ground
    weight = ground.area_m2[blocks]
    return float(np.average(ground.x[blocks], weights=weight)), -float(np.average(ground.y[blocks], weights=weight))


def _parent(workspace: Workspace, blocks: np.ndarray) -> str:
    """Code of the village that brings most households, then most ground, then the smallest code."""
    ground = workspace.ground
    size = len(ground.villages)
    households = np.bincount(ground.village[blocks], ground.households[blocks], size)
    area = np.bincount(ground.village[blocks], ground.area_m2[blocks], size)
    return str(ground.villages[int(np.lexsort((-np.arange(size), area, households))[-1])])


def _renumber(session: Session, workspace: Workspace) -> _Step:
    """New codes for the grids that were never in force, in the order of the rule; others keep theirs."""
    division = workspace.division
    ids = [workspace.identities[number].grid_id for number in division.numbers]
    published = set(session.scalars(sa.select(Grid.grid_id).where(Grid.valid_from.is_not(None), Grid.grid_id.in_(ids))))
    free = [n for n in division.numbers if workspace.identities[n].grid_id not in published]
    members = {number: division.members(number) for number in free}
    free.sort(key=lambda number: _place(workspace, members[number]))
    parents = [_parent(workspace, members[number]) for number in free]
    special = [division.grid(number).dedicated for number in free]
    stay = {workspace.identities[n].code for n in division.numbers} - {workspace.identities[n].code for n in free}
    new = dict(zip(free, next_codes(session, parents, special, stay), strict=True))
    codes = [(n, workspace.identities[n].code, new[n]) for n in free if workspace.identities[n].code != new[n]]
    if not codes:
        raise InvalidInputError("The grids are numbered from west to east, then from north to south already.")
    entries = [
        (n, division.grid(n), replace(division.grid(n), name=grid_name(code)))
        for n, old, code in codes
        if division.grid(n).name == grid_name(old)
    ]
    return _Step(redraw.edit.restate("renumber", division, entries=entries), {}, {}, codes)


def _read(workspace: Workspace, record: Mapping[str, Any], *, backwards: bool) -> _Step:
    """A step as it was stored, or its inverse."""
    turn = redraw.undo if backwards else redraw.redo
    births, deaths = (
        {int(n): Identity(0, grid_id, code) for n, (grid_id, code) in record[name].items()}
        for name in ("births", "deaths")
    )
    codes = [(int(n), str(old), str(new)) for n, old, new in record["codes"]]
    if backwards:
        births, deaths, codes = deaths, births, [(n, new, old) for n, old, new in codes]
    return _Step(turn(workspace.division, record["change"]), births, deaths, codes)


def _take(
    session: Session, plan: Plan, workspace: Workspace, step: _Step, entry: _Entry, *, by: str, now: datetime
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
    edited = _edited(workspace, plan.revision, step, row)
    identities = _write(session, plan, edited.workspace, step)
    edited = replace(edited, workspace=replace(edited.workspace, identities=identities))
    keep(session, plan, edited.workspace)
    return edited


def _edited(workspace: Workspace, revision: int, step: _Step, row: PlanEdit | None) -> Edited:
    change = step.change
    division = redraw.apply(workspace.division, change)
    identities = {n: i for n, i in workspace.identities.items() if n not in step.deaths} | step.births
    for number, _, code in step.codes:
        identities[number] = replace(identities[number], code=code)
    after = advanced(workspace, division, identities, revision)
    known = set(division.numbers)
    named = {number for number, _, new in change.entries if new is not None} | {n for n, _, _ in step.codes}
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


def _write(session: Session, plan: Plan, after: Workspace, step: _Step) -> dict[int, Identity]:
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


def _line(workspace: Workspace, positions: Sequence[Sequence[float]]) -> shapely.LineString:
    return _drawn(workspace, shapely.LineString, positions, 2)


def _polygon(workspace: Workspace, positions: Sequence[Sequence[float]]) -> shapely.Polygon:
    return _drawn(workspace, shapely.Polygon, positions, 3)


def _drawn(workspace: Workspace, kind: Any, positions: Sequence[Sequence[float]], least: int) -> Any:
    """A drawn shape in the CRS of the ground."""
    points = np.asarray(positions, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < least or not np.isfinite(points).all():
        raise InvalidInputError(f"Draw at least {least} positions, each a longitude and a latitude.")
    if (abs(points) > (180, 90)).any():
        raise InvalidInputError("Longitudes lie within ±180 and latitudes within ±90; are the two swapped?")
    return gpd.GeoSeries([kind(points)], crs=SRID).to_crs(workspace.ground.crs).iloc[0]
