"""Principals: who asks, what they may do, and the area they may see; every query is narrowed by a `Scope`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from layers.errors import ForbiddenError

VILLAGE_DIGITS = 12


class Permission(StrEnum):
    """What a route or command needs."""

    READ = "read"
    LOAD = "load"
    PLAN = "plan"
    APPROVE = "approve"
    HANDLE = "handle"
    REPORT = "report"
    ADMINISTER = "administer"


class Role(StrEnum):
    """管理员, 规划员, 审批人, 值班员, 接报接口, 查阅者."""

    ADMINISTRATOR = "ADMINISTRATOR"
    PLANNER = "PLANNER"
    APPROVER = "APPROVER"
    DUTY_OFFICER = "DUTY_OFFICER"
    INTAKE = "INTAKE"
    VIEWER = "VIEWER"


GRANTS: dict[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: frozenset(Permission),
    Role.PLANNER: frozenset({Permission.READ, Permission.LOAD, Permission.PLAN}),
    Role.APPROVER: frozenset({Permission.READ, Permission.APPROVE}),
    Role.DUTY_OFFICER: frozenset({Permission.READ, Permission.HANDLE, Permission.REPORT}),
    Role.INTAKE: frozenset({Permission.REPORT}),
    Role.VIEWER: frozenset({Permission.READ}),
}


@dataclass(frozen=True)
class Scope:
    """The area below a code; the empty code is everything."""

    code: str = ""

    def covers(self, code: str | None) -> bool:
        """Whether the area of `code` lies inside; a place without a code lies only inside the empty scope."""
        return not self.code or (code is not None and code.startswith(self.code))

    def require(self, code: str | None) -> None:
        """Refuse an area that is not inside.

        Raises
        ------
        ForbiddenError : it is not
        """
        if not self.covers(code):
            raise ForbiddenError(
                f"The area {code or '(none)'} lies outside yours, {self.code}; ask an administrator for access."
            )

    def located(self, table: Any) -> sa.ColumnElement[bool]:
        """Condition for tables with `village_code` (and `grid_code`, where the scope is a single grid)."""
        column = table.village_code if len(self.code) <= VILLAGE_DIGITS else table.grid_code
        return self.prefix(column)

    def prefix(self, column: Any) -> sa.ColumnElement[bool]:
        """Condition: `column` starts with the code, as a range that an index answers."""
        if not self.code:
            return sa.true()
        return sa.and_(column >= self.code, column < self.code + "\U0010ffff")

    def related(self, column: Any) -> sa.ColumnElement[bool]:
        """Condition: inside, or one of the areas around (a village officer sees the outline of the town)."""
        ancestors = [self.code[:end] for end in range(1, len(self.code))]
        return sa.or_(self.prefix(column), column.in_(ancestors)) if self.code else sa.true()


EVERYWHERE = Scope()


@dataclass(frozen=True)
class Principal:
    """Who asks; made from a session, an API key or, on the command line, from the right to open the database."""

    name: str
    roles: frozenset[Role]
    scope: Scope
    password_is_one_time: bool = False

    def can(self, permission: Permission) -> bool:
        """Whether any role grants it."""
        return any(permission in GRANTS[role] for role in self.roles)

    def require(self, permission: Permission) -> None:
        """Refuse what no role grants.

        Raises
        ------
        ForbiddenError : no role grants it
        """
        if not self.can(permission):
            raise ForbiddenError(
                f"Your account has no right to {permission}; ask an administrator for a role that has it."
            )


OPERATOR = Principal("operator", frozenset({Role.ADMINISTRATOR}), EVERYWHERE)
