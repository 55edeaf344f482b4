"""Signing in and out, and one's own password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.context import now_of, sessions_of
from api.principal import (
    COOKIE,
    allow,
    is_https,
    lifetime_of,
    require_person,
    require_same_origin,
)
from api.problems import problems
from layers.access import Permission, Principal, Role
from layers.engine import begin_writing
from layers.errors import ForbiddenError, UnauthenticatedError
from layers.passwords import Attempt, begin_attempt, check_password, hash_password, succeed
from layers.sign_in import close_session, open_session
from layers.users import permissions_of, principal_of, set_password

router = APIRouter(prefix="/api/session", tags=["access"])
AnyPrincipal = Annotated[Principal, Depends(allow(one_time=True))]
REFUSED = "Name or password is wrong, or the account is locked for some minutes after failed attempts."


class Credentials(BaseModel):
    """What a person types to sign in."""

    name: str = Field(max_length=200)
    password: str = Field(max_length=1000)


class NewPassword(BaseModel):
    """The present password and the one to come."""

    password: str = Field(max_length=1000)
    new_password: str = Field(max_length=1000)


class SessionInfo(BaseModel):
    """Who is signed in, and what they may do where."""

    name: str
    roles: list[Role]
    permissions: list[Permission]
    scope_code: str
    password_is_one_time: bool


@router.post("", responses=problems(401, 403))
def sign_in(request: Request, response: Response, credentials: Credentials) -> SessionInfo:
    """Start a session; the cookie is all a browser needs. Wrong names and wrong passwords get the same answer."""
    require_same_origin(request, proven=False)
    attempt = _matched(request, credentials.name, credentials.password)
    if attempt is None:
        raise UnauthenticatedError(REFUSED)
    with _writing(request) as session:
        user = succeed(session, attempt)
        if user is None:
            raise UnauthenticatedError(REFUSED)
        token = open_session(session, user, now=now_of(request), lifetime=lifetime_of(request))
        principal = principal_of(user)
    _set_cookie(request, response, token)
    return _info(principal)


@router.get("", responses=problems(401))
def read_session(principal: AnyPrincipal) -> SessionInfo:
    """Who is signed in; works with a one-time password too."""
    return _info(principal)


@router.delete("", status_code=204, responses=problems(401, 403))
def sign_out(request: Request, response: Response, principal: AnyPrincipal) -> None:  # noqa: ARG001
    """End this session."""
    require_person(request)
    with _writing(request) as session:
        close_session(session, request.cookies[COOKIE])
    response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=is_https(request))


@router.put("/password", responses=problems(401, 403, 422))
def change_password(
    request: Request, response: Response, principal: AnyPrincipal, passwords: NewPassword
) -> SessionInfo:
    """Choose a password of one's own; all other sessions of the account end."""
    require_person(request)
    check_password(passwords.new_password, principal.name)
    attempt = _matched(request, principal.name, passwords.password)
    if attempt is None or passwords.password == passwords.new_password:
        raise ForbiddenError("The present password is wrong, or the new one is the same; try again.")
    password_hash = hash_password(passwords.new_password)
    now = now_of(request)
    with _writing(request) as session:
        user = succeed(session, attempt)
        if user is None:
            raise ForbiddenError("The account was changed a moment ago; sign in again.")
        set_password(session, user, password_hash, now)
        token = open_session(session, user, now=now, lifetime=lifetime_of(request))
        changed = principal_of(user)
    _set_cookie(request, response, token)
    return _info(changed)


def _matched(request: Request, name: str, password: str) -> Attempt | None:
    """The attempt if the password matches; the database is free while the slow hash is computed."""
    with _writing(request) as session:
        attempt = begin_attempt(session, name, now_of(request))
    return attempt if attempt.matches(password) else None


@contextmanager
def _writing(request: Request) -> Iterator[Session]:
    with sessions_of(request).begin() as session:
        yield begin_writing(session)


def _set_cookie(request: Request, response: Response, token: str) -> None:
    response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=is_https(request), path="/")


def _info(principal: Principal) -> SessionInfo:
    return SessionInfo(
        name=principal.name,
        roles=sorted(principal.roles),
        permissions=sorted(permissions_of(principal.roles)),
        scope_code=principal.scope.code,
        password_is_one_time=principal.password_is_one_time,
    )
