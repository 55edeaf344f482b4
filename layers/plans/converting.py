"""Villages that get another code, as when a village becomes a community (村改居): the old code is retired for ever."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import VILLAGE_DIGITS, Permission, Principal, Scope
from layers.errors import InvalidInputError, NotFoundError
from layers.grids import in_force
from layers.plans.activation import activate_plans, end_plans
from layers.plans.course import record
from layers.plans.numbering import next_codes
from layers.tables import Grid, GridKind, GridLevel, GridLineage, LineageOp, Outbox, Plan, PlanBlock, PlanState

TOWN_DIGITS = 9
KEPT = ("grid_id", "level", "kind", "households", "area_m2", "digest", "load_id")


def convert_villages(
    session: Session,
    principal: Principal,
    codes: Mapping[str, str],
    *,
    valid_from: date,
    now: datetime,
    today: date | None = None,
    names: Mapping[str, str] | None = None,
) -> Plan:
    """Give villages other codes from a date on, with all their grids in force; outlines stay as they are.

    The rows in force end and new ones begin with the same `grid_id`; grids keep the last three digits of their code
    where no other grid ever had the new one. Lineage rows say CONVERT. What lies there is re-homed when the date has
    come. All of it stands or falls with the caller's transaction. In a draft, the edit `convert` does the same for the
    day on which the draft comes into force.

    Parameters
    ----------
    codes : old to new 12-digit code, all in one town
    today : the day at the place; by default that of `now`
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
    check_codes(codes)
    for code in [*codes, *codes.values()]:
        principal.scope.require(code)
    town = next(iter(codes))[:TOWN_DIGITS]
    plan = Plan(
        name="村改居 " + ", ".join(f"{old[-3:]}→{new[-3:]}" for old, new in sorted(codes.items()))[:180],
        scope_code=town,
        state=PlanState.PUBLISHED,
        options={},
        converted={old: {"code": new, "name": (names or {}).get(new)} for old, new in codes.items()},
        valid_from=valid_from,
        created_at=now,
        created_by=principal.name,
    )
    session.add(plan)
    session.flush()
    begin_villages(session, plan)
    for old, new in sorted(codes.items()):
        _convert_cells(session, plan, old, new)
    record(session, plan, "convert", principal.name, now, ", ".join(f"{a}→{b}" for a, b in sorted(codes.items())))
    session.add(Outbox(topic="plan.published", scope_code=town, payload={"plan_id": plan.id}, created_at=now))
    session.flush()
    end_plans(session)
    activate_plans(session, today=today or now.date(), now=now)
    session.refresh(plan)
    return plan


def begin_villages(session: Session, plan: Plan) -> dict[str, str]:
    """Let the villages that a plan converts begin with their new codes, on the day the plan comes into force.

    A village that another plan has converted to that very code meanwhile goes on as it is.

    Returns
    -------
    Old to new codes of all villages that the plan converts

    Raises
    ------
    NotFoundError : no village in force has an old code
    InvalidInputError : a new code was given to another village, or the day lies not after the old one's first
    """
    assert plan.valid_from is not None
    codes = {old: new["code"] for old, new in plan.converted.items()}
    done = set(
        session.scalars(
            sa.select(Grid.code).where(
                Grid.level == GridLevel.VILLAGE, Grid.code.in_(list(codes.values())), in_force(plan.valid_from)
            )
        )
    )
    pending = {old: new for old, new in codes.items() if new not in done}
    if len(pending) < len(codes):
        gone = session.scalars(sa.select(Grid.code).where(Grid.code.in_(list(codes)), in_force(plan.valid_from)))
        check_new(session, [codes[old] for old in gone if old not in pending])
    villages = _villages(session, pending, plan.valid_from)
    check_new(session, pending.values())
    for old, new in sorted(pending.items()):
        name = plan.converted[old].get("name") or villages[old].name
        _go_on(session, plan, villages[old], new, {"parent_code": villages[old].parent_code, "name": name})
    return codes


def check_codes(codes: Mapping[str, str]) -> None:
    """Refuse codes of villages that no conversion can mean; see `convert_villages`."""
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


def check_new(session: Session, codes: Collection[str]) -> None:
    """Refuse a code that was ever given.

    Raises
    ------
    InvalidInputError : one was
    """
    given = sa.select(Grid.code).where(Grid.code.in_(list(codes)), Grid.valid_from.is_not(None))
    used = session.scalar(given.order_by(Grid.code).limit(1))
    if used is not None:
        raise InvalidInputError(
            f"The code {used} was given before, and codes are never reused; take the next free one."
        )


def cell_codes(session: Session, cells: Sequence[tuple[str, bool]], village: str, taken: Collection[str]) -> list[str]:
    """(n,) codes in `village` of grids that follow it there.

    Each keeps its last three digits, unless they were given before or are among `taken`; then it gets the next free
    number.

    Parameters
    ----------
    cells : (n,) present code, and whether the grid is dedicated
    """
    ever = sa.select(Grid.code).where(Scope(village).prefix(Grid.code), Grid.valid_from.is_not(None))
    used = set(session.scalars(ever)) | set(taken)
    codes = []
    for was, dedicated in cells:
        code = f"{village}{was[-3:]}"
        if code in used:
            (code,) = next_codes(session, [village], [dedicated], used)
        used.add(code)
        codes.append(code)
    return codes


def _convert_cells(session: Session, plan: Plan, old: str, new: str) -> None:
    assert plan.valid_from is not None
    cells = session.scalars(
        sa.select(Grid)
        .where(Grid.level == GridLevel.CELL, Scope(old).prefix(Grid.code), in_force(plan.valid_from))
        .order_by(Grid.code)
    ).all()
    given = cell_codes(session, [(cell.code, cell.kind == GridKind.DEDICATED) for cell in cells], new, [])
    for cell, code in zip(cells, given, strict=True):
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
    ended = {"valid_to": plan.valid_from, "ended_by": plan.id, "revision": table.c.revision + 1}
    session.execute(sa.update(table).where(table.c.id == grid.id).values(ended))
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
