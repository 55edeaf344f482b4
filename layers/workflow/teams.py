"""The offices that act: added, listed, and found for a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Permission, Principal, Scope
from layers.errors import InvalidInputError
from layers.tables import Audit, HandlingLevel, Platform, Team

DIGITS = {HandlingLevel.COUNTY: 6, HandlingLevel.TOWN: 9, HandlingLevel.VILLAGE: 12, HandlingLevel.CELL: 15}
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
    if not name.strip() or len(name) > 120 or (phone is not None and len(phone) > 40):
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
