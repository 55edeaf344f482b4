"""Sessions of browsers and keys of programs; of both only a digest is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Permission, Principal, Role, Scope
from layers.errors import ForbiddenError, InvalidInputError, NotFoundError
from layers.tables import ApiKey, Audit, User, UserSession
from layers.users import permissions_of, principal_of

LONGEST_SESSION = timedelta(days=7)
KEY_PREFIX = "fqg_"
MAX_KEY_NAME = 39  # account, slash and key name together fit the columns that name who did something


def open_session(session: Session, user: User, *, now: datetime, lifetime: timedelta) -> str:
    """Start a session; gives the token for the cookie. Sessions that have run out are removed on the way."""
    token = secrets.token_urlsafe(32)
    session.execute(sa.delete(UserSession).where(UserSession.expires_at <= now))
    session.add(UserSession(token_digest=digest(token), user_id=user.id, created_at=now, expires_at=now + lifetime))
    session.flush()
    return token


def close_session(session: Session, token: str) -> None:
    """End the session of that token, if there is one."""
    session.execute(sa.delete(UserSession).where(UserSession.token_digest == digest(token)))


def session_principal(session: Session, token: str, *, now: datetime) -> tuple[Principal, UserSession] | None:
    """Who the token of a session stands for; None where it has run out or the account is disabled."""
    row = session.execute(
        sa.select(UserSession, User)
        .join(User, User.id == UserSession.user_id)
        .where(UserSession.token_digest == digest(token), UserSession.expires_at > now, User.disabled_at.is_(None))
    ).first()
    return None if row is None else (principal_of(row[1]), row[0])


def prolonged(stored: UserSession, *, now: datetime, lifetime: timedelta) -> datetime | None:
    """When a session that is used now should end; None while more than nine tenths of its time are left.

    A session in use goes on, but not longer than a week; and not every request has to write.
    """
    until = min(now + lifetime, stored.created_at + LONGEST_SESSION)
    return until if until - stored.expires_at > lifetime / 10 else None


def prolong(session: Session, token: str, until: datetime) -> None:
    """Let the session of that token end later."""
    session.execute(
        sa.update(UserSession)
        .where(UserSession.token_digest == digest(token), UserSession.expires_at < until)
        .values(expires_at=until)
    )


def create_key(
    session: Session,
    principal: Principal,
    *,
    name: str,
    roles: Collection[Role],
    scope_code: str,
    now: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key for a program of the principal's account; gives the token, which is shown once and kept nowhere.

    Raises
    ------
    ForbiddenError : a role grants what the account may not do, or the area lies outside the account's
    InvalidInputError : the name, the roles or the end make no sense
    """
    if not 1 <= len(name) <= MAX_KEY_NAME or not name.isprintable():
        raise InvalidInputError(f"A key's name has 1 to {MAX_KEY_NAME} printable characters.")
    if not roles:
        raise InvalidInputError(f"A key needs a role; take some of {', '.join(Role)}.")
    if expires_at is not None and expires_at <= now:
        raise InvalidInputError("The key would have run out already; choose a later end.")
    beyond = permissions_of(roles) - permissions_of(principal.roles)
    if beyond:
        raise ForbiddenError(
            f"A key can do no more than its account, which has no right to {', '.join(sorted(beyond))}."
        )
    principal.scope.require(scope_code)
    user = session.scalars(sa.select(User).where(User.name == principal.name)).one()
    token = KEY_PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(
        token_digest=digest(token),
        name=name,
        user_id=user.id,
        roles=sorted(roles),
        scope_code=scope_code,
        created_at=now,
        expires_at=expires_at,
    )
    session.add(key)
    session.flush()
    _audit(session, principal, "key.create", key, now)
    return key, token


def list_keys(session: Session, principal: Principal) -> Sequence[tuple[ApiKey, str]]:
    """Keys with the name of their account: one's own, and for an administrator those of the accounts in the area."""
    rows = session.execute(
        sa.select(ApiKey, User.name)
        .join(User, User.id == ApiKey.user_id)
        .where(_manages(principal))
        .order_by(ApiKey.id)
    )
    return [(row[0], row[1]) for row in rows]


def revoke_key(session: Session, principal: Principal, key_id: int, *, now: datetime) -> None:
    """Make a key useless for ever; a second time changes nothing.

    Raises
    ------
    NotFoundError : there is no such key among those one may manage
    """
    key = session.scalar(
        sa.select(ApiKey).join(User, User.id == ApiKey.user_id).where(ApiKey.id == key_id, _manages(principal))
    )
    if key is None:
        raise NotFoundError("key", key_id)
    if key.revoked_at is None:
        key.revoked_at = now
        session.flush()
        _audit(session, principal, "key.revoke", key, now)


def key_principal(session: Session, token: str, *, now: datetime) -> Principal | None:
    """Who a key stands for; None where it is revoked, has run out, or the account is disabled or left its area.

    The key does what both its own roles and its account allow, whatever the account was allowed when it was made.
    """
    return key_principals(session, [token], now=now)[0]


def key_principals(session: Session, tokens: Sequence[str], *, now: datetime) -> list[Principal | None]:
    """(n,) who each of some keys stands for, as `key_principal`."""
    digests = [digest(token) for token in tokens]
    rows = session.execute(
        sa.select(ApiKey, User)
        .join(User, User.id == ApiKey.user_id)
        .where(
            ApiKey.token_digest.in_(set(digests)),
            ApiKey.revoked_at.is_(None),
            sa.or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
            User.disabled_at.is_(None),
        )
    )
    known = {row[0].token_digest: _principal_of_key(*row) for row in rows}
    return [known.get(one) for one in digests]


def _principal_of_key(key: ApiKey, user: User) -> Principal | None:
    owner = principal_of(user)
    if not owner.scope.covers(key.scope_code):
        return None
    granted = permissions_of(owner.roles)
    roles = frozenset(role for role in map(Role, key.roles) if permissions_of([role]) <= granted)
    return Principal(f"{owner.name}/{key.name}", roles, Scope(key.scope_code), owner.password_is_one_time)


def digest(token: str) -> str:
    """SHA-256 of a token; a fast one will do, since tokens are random and long."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _manages(principal: Principal) -> sa.ColumnElement[bool]:
    own = User.name == principal.name.split("/")[0]
    return sa.or_(own, principal.scope.prefix(User.scope_code)) if principal.can(Permission.ADMINISTER) else own


def _audit(session: Session, principal: Principal, action: str, key: ApiKey, now: datetime) -> None:
    detail = {"name": key.name, "roles": key.roles, "scope_code": key.scope_code}
    session.add(Audit(at=now, by=principal.name, action=action, subject=str(key.id), detail=detail))
    session.flush()
