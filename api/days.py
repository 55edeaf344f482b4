"""What the days bring: plans that were published for a later day come into force when it begins."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import sqlalchemy as sa
from fastapi import FastAPI

from layers.plans.activation import activate_due

LOOK_S = 30.0
log = logging.getLogger("fengqiao")


@asynccontextmanager
async def each_day(app: FastAPI) -> AsyncIterator[None]:
    """While the application runs, bring plans into force on their day; several processes do it once."""
    over = asyncio.Event()
    task = asyncio.create_task(_watch(app, over))
    yield
    over.set()
    await task


async def _watch(app: FastAPI, over: asyncio.Event) -> None:
    while not over.is_set():
        await asyncio.to_thread(bring_into_force, app)
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), LOOK_S)


def bring_into_force(app: FastAPI) -> int:
    """Number of plans brought into force now; a database that does not answer is asked again later."""
    now = app.state.clock().astimezone(app.state.settings.zone)
    try:
        count = activate_due(app.state.sessions, today=now.date(), now=now)
    except (sa.exc.OperationalError, sa.exc.ProgrammingError, sa.exc.InterfaceError) as error:
        log.warning("whether a plan comes into force today is not known: %s", error.orig)
        return 0
    if count:
        log.info("%d plans are in force from today", count)
    return count
