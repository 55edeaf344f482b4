"""The door for programs that send many reports: keys are looked up together, and reports stored together."""

from __future__ import annotations

import asyncio
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
from layers.intake.create import Submission, TakenReport
from layers.intake.stream import ReportStream
from layers.sign_in import key_principals

Keys = Batcher[tuple[str, datetime], Principal | None]


def shared_lookup(factory: sessionmaker[Session]) -> Keys:
    """Finds the principals of keys that come at the same time in one query; a revoked key is refused at once."""

    def find(asked: Sequence[tuple[str, datetime]]) -> list[Principal | None]:
        with factory() as session:
            return key_principals(session, [token for token, _ in asked], now=max(now for _, now in asked))

    return Batcher(find, gather_s=0.001)


async def key_holder(request: Request, token: str) -> Principal | None:
    """Who a key stands for; None where it stands for nobody."""
    keys: Keys = request.app.state.keys
    return await asyncio.wrap_future(keys.submit((token, now_of(request))))


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
