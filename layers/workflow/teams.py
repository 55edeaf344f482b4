"""The offices that act: added, listed, and found for a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Permission, Principal, Scope
from layers.errors import InvalidInputError
from layers.grids import in_force
from layers.tables import CLOSED_STATES, Audit, Grid, GridLevel, HandlingLevel, Platform, Report, Team

DIGITS = {HandlingLevel.COUNTY: 6, HandlingLevel.TOWN: 9, HandlingLevel.VILLAGE: 12, HandlingLevel.CELL: 15}
OFFICES = {GridLevel.TOWN: "综合信息指挥室", GridLevel.VILLAGE: "网格办公室", GridLevel.CELL: "服务站"}
"""What the office of a town, village or grid is called after its name."""
TIERS = (2, 4, 6, 9, 12, 15)
"""How many digits the code of a province, prefecture, county, town, village and grid has."""


def add_team(
    session: Session,
    principal: Principal,
    *,
    name: str,
    area_code: str,
    now: datetime,
    phone: str | None = None,
    platform: Platform | None = None,
) -> Team:
    """Add the office of an area, or change its telephone and platform where one of that name is there already.

    Raises
    ------
    ForbiddenError : no right to administer, or the area lies outside the scope
    InvalidInputError : the name is empty or too long, or the code is none of a county, town, village or grid
    """
    principal.require(Permission.ADMINISTER)
    principal.scope.require(area_code)
    if (
        not name.strip()
        or len(name) > 120
        or not (name + (phone or "")).isprintable()
        or (phone is not None and len(phone) > 40)
    ):
        raise InvalidInputError("A team has a name of 1 to 120 characters and a telephone of at most 40.")
    if not area_code.isdecimal() or len(area_code) not in DIGITS.values():
        raise InvalidInputError(
            f"{area_code} is no area; give the 6, 9, 12 or 15 digits of a county, town, village or grid."
        )
    team = session.scalar(sa.select(Team).where(Team.area_code == area_code, Team.name == name.strip()))
    if team is None:
        team = Team(name=name.strip(), area_code=area_code, created_at=now)
        session.add(team)
    team.phone, team.platform = phone, platform
    detail = {"area_code": area_code, "phone": phone, "platform": platform}
    session.add(Audit(at=now, by=principal.name, action="team.set", subject=f"team {team.name}", detail=detail))
    session.flush()
    return team


def exact_team(session: Session, area_code: str, name: str) -> Team | None:
    """The office of that area and name."""
    return session.scalar(sa.select(Team).where(Team.area_code == area_code, Team.name == name.strip()))


def remove_team(session: Session, principal: Principal, team: Team, *, now: datetime) -> None:
    """Take an office away; its open reports go to the next one that may act, its closed ones are without a team.

    Raises
    ------
    ForbiddenError : no right to administer, or the area lies outside the scope
    """
    from layers.workflow.duty import give_duties  # it asks this module for areas

    principal.require(Permission.ADMINISTER)
    principal.scope.require(team.area_code)
    detail = {"area_code": team.area_code, "phone": team.phone, "platform": team.platform}
    ids = list(session.scalars(sa.select(Report.id).where(Report.team_id == team.id)))
    session.execute(sa.update(Report).where(Report.team_id == team.id).values(team_id=None))
    session.delete(team)
    session.add(Audit(at=now, by=principal.name, action="team.remove", subject=f"team {team.name}", detail=detail))
    session.flush()
    for start in range(0, len(ids), 5_000):
        give_duties(session, Report.id.in_(ids[start : start + 5_000]))
    session.expire_all()


def add_missing_teams(session: Session, principal: Principal, *, as_of: date, now: datetime) -> int:
    """Add an office for each town, village and grid in force that has none, named after it; returns how many.

    The reports that had no team get one. Telephones are for the administrator to fill in.
    """
    from layers.workflow.duty import give_duties  # it asks this module for areas

    principal.require(Permission.ADMINISTER)
    table: Any = Grid.__table__
    served = sa.select(Team.area_code).where(Team.area_code == table.c.code).exists()
    rows = session.execute(
        sa.select(table.c.code, table.c.name, table.c.level)
        .where(table.c.level.in_(list(OFFICES)), in_force(as_of), principal.scope.prefix(table.c.code), ~served)
        .order_by(table.c.code)
    ).all()
    offices = [
        {"name": f"{row.name}{OFFICES[GridLevel(row.level)]}"[:120], "area_code": row.code, "created_at": now}
        for row in rows
        if row.code.isdecimal() and len(row.code) in DIGITS.values()
    ]
    if offices:
        session.execute(sa.insert(Team), offices)
        detail = {"offices": len(offices)}
        session.add(Audit(at=now, by=principal.name, action="team.fill", subject="teams", detail=detail))
        give_duties(session, Report.team_id.is_(None), Report.state.not_in(CLOSED_STATES))
        session.expire_all()
    return len(offices)


def list_teams(session: Session, scope: Scope) -> Sequence[Team]:
    """The teams inside the scope and around it, in the order of their areas and names."""
    return session.scalars(
        sa.select(Team).where(scope.related(Team.area_code)).order_by(Team.area_code, Team.name)
    ).all()


def area_chain(grid_code: str | None, village_code: str | None) -> tuple[str, ...]:
    """The areas a place lies in, from its grid to its county; empty for a place nobody knows."""
    if village_code is None:
        return ()
    areas = (grid_code, village_code, village_code[:9], village_code[:6])
    return tuple(dict.fromkeys(area for area in areas if area))


def level_of(area_code: str) -> HandlingLevel:
    """The level of an area, told by the length of its code; what is shorter than a county counts as one."""
    return next((level for level in reversed(DIGITS) if len(area_code) >= DIGITS[level]), HandlingLevel.COUNTY)


def parent_of(area_code: str) -> str | None:
    """The area one tier up; None above a province."""
    shorter = [digits for digits in TIERS if digits < len(area_code)]
    return area_code[: shorter[-1]] if shorter else None


def find_team(session: Session, areas: Iterable[str], platform: str | None) -> Team | None:
    """The team of the first of the areas that has one: of that platform, else one that takes every matter."""
    order = {area: place for place, area in enumerate(areas)}
    if not order:
        return None
    fits = Team.platform.is_(None) if platform is None else sa.or_(Team.platform == platform, Team.platform.is_(None))
    teams = session.scalars(sa.select(Team).where(Team.area_code.in_(order), fits)).all()
    return min(teams, key=lambda team: (order[team.area_code], team.platform is None, team.name), default=None)
