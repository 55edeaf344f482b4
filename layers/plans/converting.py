"""Villages that get another code, as when a village becomes a community (村改居): the old code is retired for ever."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import VILLAGE_DIGITS, Permission, Principal, Scope
from layers.assignment import assign_all
from layers.errors import InvalidInputError, NotFoundError
from layers.grids import in_force
from layers.plans.course import record
from layers.plans.numbering import next_codes
from layers.tables import Block, Grid, GridLevel, GridLineage, LineageOp, Outbox, Plan, PlanBlock, PlanState

TOWN_DIGITS = 9
KEPT = ("grid_id", "level", "kind", "households", "area_m2", "digest", "load_id")


def convert_villages(
    session: Session,
    principal: Principal,
    codes: Mapping[str, str],
    *,
    valid_from: date,
    now: datetime,
    names: Mapping[str, str] | None = None,
) -> Plan:
    """Give villages other codes from a date on, with all their grids; outlines stay as they are.

    The rows in force end and new ones begin with the same `grid_id`; grids keep the last three digits of their code
    where no other grid ever had the new one. Lineage rows say CONVERT, and what lies there is re-homed. All of it
    stands or falls with the caller's transaction.

    Parameters
    ----------
    codes : old to new 12-digit code, all in one town
    names : new names by new code; the others keep theirs

    Returns
    -------
    The published plan that records the step; it holds the converted grids, and the other plans keep the rest

    Raises
    ------
    ForbiddenError : no right to approve, or a village lies outside the scope
    NotFoundError : no village in force has an old code
    InvalidInputError : a code has not 12 digits or leaves its town, is not new, two villages would get one code, or
        the date lies before the village began
    """
    principal.require(Permission.APPROVE)
    _check_codes(codes)
    for code in [*codes, *codes.values()]:
        principal.scope.require(code)
    villages = _villages(session, codes, valid_from)
    _check_new(session, codes)
    town = next(iter(codes))[:TOWN_DIGITS]
    plan = Plan(
        name="村改居 " + ", ".join(f"{old[-3:]}→{new[-3:]}" for old, new in sorted(codes.items()))[:180],
        scope_code=town,
        state=PlanState.PUBLISHED,
        options={},
        valid_from=valid_from,
        created_at=now,
        created_by=principal.name,
    )
    session.add(plan)
    session.flush()
    for old, new in sorted(codes.items()):
        name = (names or {}).get(new, villages[old].name)
        _go_on(session, plan, villages[old], new, {"parent_code": villages[old].parent_code, "name": name})
        _convert_cells(session, plan, old, new)
        session.execute(sa.update(Block).where(Block.village_code == old).values(village_code=new))
    record(session, plan, "convert", principal.name, now, ", ".join(f"{a}→{b}" for a, b in sorted(codes.items())))
    session.flush()
    assign_all(session, Scope(town), as_of=valid_from)
    session.add(Outbox(topic="plan.published", scope_code=town, payload={"plan_id": plan.id}, created_at=now))
    session.flush()
    return plan


def _check_codes(codes: Mapping[str, str]) -> None:
    if not codes:
        raise InvalidInputError("Name at least one village and its new code, as OLD=NEW.")
    for code in [*codes, *codes.values()]:
        if len(code) != VILLAGE_DIGITS or not (code.isascii() and code.isdecimal()):
            raise InvalidInputError(f"{code!r} is no village code; it has 12 digits.")
    towns = {code[:TOWN_DIGITS] for code in [*codes, *codes.values()]}
    if len(towns) > 1:
        raise InvalidInputError(f"A village keeps its town when it is converted; these codes are of {sorted(towns)}.")
    if len(set(codes.values())) < len(codes) or set(codes) & set(codes.values()):
        raise InvalidInputError("Each village needs a new code of its own, which none of them had before.")


def _villages(session: Session, codes: Mapping[str, str], day: date) -> dict[str, Grid]:
    found = {
        grid.code: grid
        for grid in session.scalars(
            sa.select(Grid).where(Grid.level == GridLevel.VILLAGE, Grid.code.in_(list(codes)), in_force(day))
        )
    }
    missing = sorted(set(codes) - set(found))
    if missing:
        raise NotFoundError("village", missing[0])
    for grid in found.values():
        if grid.valid_from == day:
            raise InvalidInputError(f"The village {grid.code} began on {day}; convert it from a later day.")
    return found


def _check_new(session: Session, codes: Mapping[str, str]) -> None:
    used = session.scalar(sa.select(Grid.code).where(Grid.code.in_(list(codes.values()))).limit(1))
    if used is not None:
        raise InvalidInputError(
            f"The code {used} was given before, and codes are never reused; take the next free one."
        )


def _convert_cells(session: Session, plan: Plan, old: str, new: str) -> None:
    assert plan.valid_from is not None
    cells = session.scalars(
        sa.select(Grid)
        .where(Grid.level == GridLevel.CELL, Scope(old).prefix(Grid.code), in_force(plan.valid_from))
        .order_by(Grid.code)
    ).all()
    ever = set(session.scalars(sa.select(Grid.code).where(Scope(new).prefix(Grid.code))))
    for cell in cells:
        code = f"{new}{cell.code[-3:]}"
        if code in ever:
            (code,) = next_codes(session, [new], [int(cell.code[-3:]) > 900], ever)
        ever.add(code)
        row = {"parent_code": new, "name": cell.name}
        source, was = cell.plan_id, cell.code
        _go_on(session, plan, cell, code, row)
        blocks: Any = PlanBlock.__table__
        taken = sa.select(sa.literal(plan.id), blocks.c.block_id, sa.literal(code)).where(
            blocks.c.plan_id == source, blocks.c.grid_code == was
        )
        session.execute(sa.insert(PlanBlock).from_select(["plan_id", "block_id", "grid_code"], taken))


def _go_on(session: Session, plan: Plan, grid: Grid, code: str, values: dict[str, Any]) -> None:
    """End a row and begin one with another code, the same outline and the same `grid_id`."""
    table: Any = Grid.__table__
    fresh = values | {"code": code, "plan_id": plan.id, "valid_from": plan.valid_from, "revision": 1, "locked": False}
    columns = [table.c[name] for name in KEPT]
    shape = sa.type_coerce(table.c.geom, sa.LargeBinary)  # copied inside the database, to the last digit
    given = [sa.literal(value, table.c[name].type) for name, value in fresh.items()]
    session.execute(
        sa.insert(Grid).from_select(
            [*KEPT, "geom", *fresh], sa.select(*columns, shape, *given).where(table.c.id == grid.id), False
        )
    )
    session.execute(
        sa.update(table).where(table.c.id == grid.id).values(valid_to=plan.valid_from, revision=table.c.revision + 1)
    )
    session.add(
        GridLineage(
            plan_id=plan.id,
            old_code=grid.code,
            new_code=code,
            op=LineageOp.CONVERT,
            share_households=1.0,
            share_area=1.0,
        )
    )
    session.expire(grid)
