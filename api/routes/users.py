"""Accounts, for administrators of their area."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from api.context import Now, Reading, Writing
from api.principal import allow
from api.problems import problems
from layers.access import Permission, Principal, Role
from layers.users import change_user, create_user, get_user, list_users, reset_password

router = APIRouter(prefix="/api/users", tags=["access"])
Administrator = Annotated[Principal, Depends(allow(Permission.ADMINISTER))]


class UserInfo(BaseModel):
    """An account; never its password."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    roles: list[Role]
    scope_code: str
    created_at: datetime
    disabled_at: datetime | None
    locked_until: datetime | None
    password_is_one_time: bool


class Users(BaseModel):
    """All accounts of an area."""

    users: list[UserInfo]


class NewUser(BaseModel):
    """An account to make; the empty scope code is everything."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=40)
    roles: list[Role] = Field(min_length=1)
    scope_code: str = Field(max_length=32)


class UserChange(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    roles: list[Role] | None = Field(None, min_length=1)
    scope_code: str | None = Field(None, max_length=32)
    disabled: bool | None = None


class OneTimePassword(BaseModel):
    """A password shown once; it has to be changed before anything else works."""

    name: str
    one_time_password: str


@router.get("", responses=problems(401, 403))
def read_users(principal: Administrator, session: Reading) -> Users:
    """All accounts whose area lies inside one's own."""
    return Users(users=[UserInfo.model_validate(user) for user in list_users(session, principal.scope)])


@router.post("", status_code=201, responses=problems(401, 403, 409, 422))
def add_user(
    principal: Administrator, session: Writing, now: Now, response: Response, user: NewUser
) -> OneTimePassword:
    """Make an account; its one-time password is in the answer and nowhere else."""
    made, password = create_user(
        session, principal, name=user.name, roles=user.roles, scope_code=user.scope_code, now=now
    )
    response.headers["Location"] = f"/api/users/{quote(made.name, safe='')}"
    return OneTimePassword(name=made.name, one_time_password=password)


@router.get("/{name}", responses=problems(401, 403, 404))
def read_user(principal: Administrator, session: Reading, name: str) -> UserInfo:
    """One account."""
    return UserInfo.model_validate(get_user(session, principal.scope, name))


@router.patch("/{name}", responses=problems(401, 403, 404, 422))
def update_user(principal: Administrator, session: Writing, now: Now, name: str, change: UserChange) -> UserInfo:
    """Change roles, area, or whether the account works; one's own account is left to another administrator."""
    user = change_user(
        session,
        principal,
        name,
        now=now,
        roles=change.roles,
        scope_code=change.scope_code,
        disabled=change.disabled,
    )
    return UserInfo.model_validate(user)


@router.post("/{name}/password", responses=problems(401, 403, 404))
def renew_password(principal: Administrator, session: Writing, now: Now, name: str) -> OneTimePassword:
    """Give the account a new one-time password and end its sessions."""
    return OneTimePassword(name=name, one_time_password=reset_password(session, principal, name, now=now))
