"""Passwords: how they are kept, checked against guessing, and verified."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from layers.errors import InvalidInputError
from layers.tables import Audit, User

MIN_PASSWORD, MAX_PASSWORD = 12, 200
FREE_ATTEMPTS = 5
FIRST_LOCK, LONGEST_LOCK = timedelta(seconds=30), timedelta(minutes=15)
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without i, l, o, 0 and 1, which are misread

# Argon2id with the costs of the OWASP Password Storage Cheat Sheet (19 MiB, 2 passes, 1 lane). A hash carries its costs
# in itself, so they can be raised without touching stored ones.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)

# A flood of logins must take neither all memory nor all processors.
_hashing = threading.BoundedSemaphore(4)


def one_time_password() -> str:
    """A random password of 79 bits in four groups that can be read out."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))


def hash_password(password: str) -> str:
    """The Argon2id hash of a password, with its parameters and salt."""
    with _hashing:
        return _hasher.hash(_normal(password))


def verify_password(password_hash: str, password: str) -> bool:
    """Whether the password belongs to the hash; takes the same time either way."""
    try:
        with _hashing:
            return _hasher.verify(password_hash, _normal(password))
    except (VerificationError, InvalidHashError):
        return False


def check_password(password: str, name: str) -> None:
    """Refuse a password that is easily guessed.

    Raises
    ------
    InvalidInputError : it is too short, too long, of few different characters, or holds the account's name
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InvalidInputError(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.")
    if len(set(password)) < 5 or name.casefold() in password.casefold():
        raise InvalidInputError("Choose a password of more different characters, without your name in it.")


@dataclass(frozen=True)
class Attempt:
    """A try to prove who one is; counted as failed until it has succeeded."""

    user_id: int | None
    name: str
    password_hash: str | None
    is_open: bool

    def matches(self, password: str) -> bool:
        """Whether the account exists, is open, and has this password; takes the same time in every case."""
        matches = verify_password(self.password_hash or _nobody(), password[: MAX_PASSWORD + 1])
        return matches and self.is_open and self.user_id is not None


def begin_attempt(session: Session, name: str, now: datetime) -> Attempt:
    """Count a try against the account before the password is looked at, so that parallel guesses all count.

    From the fifth failure on the account is locked for a while that doubles each time, up to a quarter of an hour.
    Tries while it is locked fail and do not lengthen the lock. Commit before the password is verified: hashing is
    slow, and no lock of the database should wait for it.
    """
    name = account_name(name)
    user = session.scalar(sa.select(User).where(User.name == name).with_for_update())
    if user is None:
        return Attempt(None, name, None, False)
    is_open = user.disabled_at is None and (user.locked_until is None or user.locked_until <= now)
    if is_open:
        user.failed_logins += 1
        beyond = user.failed_logins - FREE_ATTEMPTS
        if beyond >= 0:
            user.locked_until = now + min(FIRST_LOCK * 2 ** min(beyond, 10), LONGEST_LOCK)
            detail = {"failed_logins": user.failed_logins}
            session.add(Audit(at=now, by=name, action="user.lock", subject=name, detail=detail))
        session.flush()
    return Attempt(user.id, name, user.password_hash, is_open)


def succeed(session: Session, attempt: Attempt) -> User | None:
    """Forget the failures of an account whose password matched; None where it was changed or disabled meanwhile."""
    user = session.scalar(sa.select(User).where(User.id == attempt.user_id).with_for_update())
    if user is None or user.disabled_at is not None or user.password_hash != attempt.password_hash:
        return None
    user.failed_logins, user.locked_until = 0, None
    session.flush()
    return user


def account_name(name: str) -> str:
    """The stored form of a name: Unicode NFKC, without blanks around it, lower case."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


@cache
def _nobody() -> str:
    """The hash of a password nobody knows, so that an unknown name takes as long as a known one."""
    return hash_password(secrets.token_urlsafe(32))


def _normal(password: str) -> bytes:
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
