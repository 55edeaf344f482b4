"""Accounts: their roles and area, and the first administrator."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import GRANTS, Permission, Principal, Role, Scope
from layers.errors import ForbiddenError, InvalidInputError, KeyReusedError, NotFoundError
from layers.passwords import account_name, hash_password, one_time_password
from layers.tables import Audit, User, UserSession

FIRST_NAME = "admin"
MAX_NAME, MAX_CODE = 40, 32


def ensure_administrator(session: Session, now: datetime) -> str | None:
    """Make the first account where there is none; gives its one-time password, or None where accounts exist.

    The password is random, is stored only as a hash, and has to be changed before anything else works.
    """
    if session.scalar(sa.select(User.id).limit(1)) is not None:
        return None
    password = one_time_password()
    try:
        with session.begin_nested():
            session.add(_account(FIRST_NAME, password, [Role.ADMINISTRATOR], "", now))
            session.flush()
    except sa.exc.IntegrityError:  # another process was faster
        return None
    _audit(session, "system", "user.create", FIRST_NAME, now)
    return password


def list_users(session: Session, scope: Scope) -> Sequence[User]:
    """Accounts whose whole area lies inside the scope, by name."""
    return session.scalars(sa.select(User).where(scope.prefix(User.scope_code)).order_by(User.name)).all()


def get_user(session: Session, scope: Scope, name: str) -> User:
    """The account of that name.

    Raises
    ------
    NotFoundError : there is none inside the scope
    """
    user = session.scalar(sa.select(User).where(User.name == name, scope.prefix(User.scope_code)))
    if user is None:
        raise NotFoundError("user", name)
    return user


def create_user(
    session: Session, principal: Principal, *, name: str, roles: Collection[Role], scope_code: str, now: datetime
) -> tuple[User, str]:
    """Make an account with a one-time password, which is given back and kept nowhere.

    Raises
    ------
    ForbiddenError : the principal does not administer, or the area lies outside its own
    InvalidInputError : the name or the roles make no sense
    KeyReusedError : the name is taken
    """
    principal.require(Permission.ADMINISTER)
    principal.scope.require(scope_code)
    name = account_name(name)
    if not name or len(name) > MAX_NAME or "/" in name or not name.isprintable():
        raise InvalidInputError(f"A name has 1 to {MAX_NAME} printable characters and no slash.")
    _check_area(scope_code)
    if not roles:
        raise InvalidInputError(f"An account needs a role; take some of {', '.join(Role)}.")
    password = one_time_password()
    user = _account(name, password, roles, scope_code, now)
    try:
        with session.begin_nested():
            session.add(user)
            session.flush()
    except sa.exc.IntegrityError as error:
        raise KeyReusedError("user", name) from error
    _audit(session, principal.name, "user.create", name, now, roles=sorted(roles), scope_code=scope_code)
    return user, password


def change_user(
    session: Session,
    principal: Principal,
    name: str,
    *,
    now: datetime,
    roles: Collection[Role] | None = None,
    scope_code: str | None = None,
    disabled: bool | None = None,
) -> User:
    """Change roles, area or whether the account works; what is None stays.

    A disabled account loses its sessions; its keys do not work while it is disabled.

    Raises
    ------
    NotFoundError, ForbiddenError : no such account in the principal's area, the new area lies outside it, or the
        account is the principal's own, so that nobody locks themselves out
    InvalidInputError : no role is left
    """
    user = _administered(session, principal, name)
    if roles is not None:
        if not roles:
            raise InvalidInputError("An account needs a role; disable it instead.")
        user.roles = sorted(roles)
    if scope_code is not None:
        _check_area(scope_code)
        principal.scope.require(scope_code)
        user.scope_code = scope_code
    if disabled is not None:
        user.disabled_at = now if disabled else None
    if disabled:
        end_sessions(session, user.id)
    session.flush()
    _audit(
        session,
        principal.name,
        "user.change",
        name,
        now,
        roles=user.roles,
        scope_code=user.scope_code,
        disabled=user.disabled_at is not None,
    )
    return user


def reset_password(session: Session, principal: Principal, name: str, *, now: datetime) -> str:
    """Give an account a new one-time password, open its lock and end its sessions; gives the password back.

    Raises
    ------
    NotFoundError, ForbiddenError : no such account in the principal's area, or it is the principal's own
    """
    user = _administered(session, principal, name)
    password = one_time_password()
    user.password_hash, user.password_is_one_time = hash_password(password), True
    user.failed_logins, user.locked_until = 0, None
    end_sessions(session, user.id)
    session.flush()
    _audit(session, principal.name, "user.reset_password", name, now)
    return password


def set_password(session: Session, user: User, password_hash: str, now: datetime) -> None:
    """Store the hash of a password the user has chosen, and end all sessions of the account."""
    user.password_hash, user.password_is_one_time = password_hash, False
    end_sessions(session, user.id)
    session.flush()
    _audit(session, user.name, "user.change_password", user.name, now)


def end_sessions(session: Session, user_id: int) -> None:
    """Sign the account out everywhere."""
    session.execute(sa.delete(UserSession).where(UserSession.user_id == user_id))


def principal_of(user: User) -> Principal:
    """What the account may do, and where."""
    roles = frozenset(Role(role) for role in user.roles)
    return Principal(user.name, roles, Scope(user.scope_code), user.password_is_one_time)


def permissions_of(roles: Collection[Role]) -> frozenset[Permission]:
    """All that the roles grant together."""
    return frozenset().union(*(GRANTS[role] for role in roles))


def _account(name: str, password: str, roles: Collection[Role], scope_code: str, now: datetime) -> User:
    return User(
        name=name,
        password_hash=hash_password(password),
        password_is_one_time=True,
        roles=sorted(roles),
        scope_code=scope_code,
        created_at=now,
    )


def _administered(session: Session, principal: Principal, name: str) -> User:
    principal.require(Permission.ADMINISTER)
    user = get_user(session, principal.scope, account_name(name))
    if user.name == principal.name.split("/")[0]:
        raise ForbiddenError("You cannot change your own account here; let another administrator do it.")
    return user


def _check_area(scope_code: str) -> None:
    if len(scope_code) > MAX_CODE or not scope_code.isprintable():
        raise InvalidInputError(f"An area is the start of a grid code, at most {MAX_CODE} characters.")


def _audit(session: Session, by: str, action: str, subject: str, now: datetime, **detail: object) -> None:
    session.add(Audit(at=now, by=by, action=action, subject=subject, detail=detail))
    session.flush()
