"""The door for programs that send many reports: keys are looked up together, and reports stored together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials
from sqlalchemy.orm import Session, sessionmaker
from starlette.concurrency import run_in_threadpool

from api.context import now_of
from api.principal import Allow, bearer_scheme, cookie_scheme
from layers.access import Permission, Principal
from layers.intake.batcher import Batcher
from layers.intake.stream import ReportStream
from layers.intake.submission import Submission, TakenReport
from layers.sign_in import digest, key_principals

REMEMBERED_S = 1.0
MOST_REMEMBERED = 1_000


class Keys:
    """Finds the principals of keys: those that come at the same time in one query, and each at most once a second.

    A key that was revoked, has run out or lost its account or rights is still let in for `REMEMBERED_S` seconds by a
    process that has just seen it; a key that stands for nobody is never remembered. Only digests are kept.
    """

    def __init__(self, factory: sessionmaker[Session]) -> None:
        self._factory = factory
        self._known: dict[str, tuple[float, Principal]] = {}
        self._batcher: Batcher[tuple[str, datetime], Principal | None] = Batcher(self._find, gather_s=0.001)

    async def holder(self, token: str, now: datetime) -> Principal | None:
        """Who a key stands for; None where it stands for nobody."""
        name = digest(token)
        until, principal = self._known.get(name, (0.0, None))
        if time.monotonic() < until:
            return principal
        asked = time.monotonic()
        principal = await asyncio.wrap_future(self._batcher.submit((token, now)))
        if principal is None:
            self._known.pop(name, None)
            return None
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[name] = (asked + REMEMBERED_S, principal)
        return principal

    def close(self) -> None:
        """Answer those who have asked, then stop, and forget all."""
        self._batcher.close()
        self._known.clear()

    def _find(self, asked: Sequence[tuple[str, datetime]]) -> list[Principal | None]:
        with self._factory() as session:
            return key_principals(session, [token for token, _ in asked], now=max(now for _, now in asked))


async def key_holder(request: Request, token: str) -> Principal | None:
    """Who a key stands for; None where it stands for nobody."""
    keys: Keys = request.app.state.keys
    return await keys.holder(token, now_of(request))


async def take_in(request: Request, submission: Submission) -> TakenReport:
    """The report, once it is stored.

    Raises
    ------
    IntakeFullError, KeyReusedError, InvalidInputError, ForbiddenError : as `layers.intake.stream` tells
    """
    stream: ReportStream = request.app.state.intake
    return await asyncio.wrap_future(stream.submit(submission))


class SendDoor(Allow):
    """`Allow` that does not keep a thread busy for each request with a key."""

    async def __call__(  # type: ignore[override]
        self,
        request: Request,
        cookie: Annotated[str | None, Security(cookie_scheme)],
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(bearer_scheme)],
    ) -> Principal:
        """The principal of this request; errors as `Allow`."""
        if bearer is None:
            return await run_in_threadpool(super().__call__, request, cookie, bearer)
        principal = await key_holder(request, bearer.credentials)
        return self.admit(request, principal)


Sender = Annotated[Principal, Depends(SendDoor(Permission.REPORT))]
