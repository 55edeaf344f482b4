"""What every route can ask for: a session of the database, the settings, and the time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, Query, Request
from sqlalchemy.orm import Session, sessionmaker

from api.settings import Settings
from layers.engine import begin_writing

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """This instant, aware."""
    return datetime.now(UTC)


def settings_of(request: Request) -> Settings:
    """The settings the application was made with."""
    settings: Settings = request.app.state.settings
    return settings


def sessions_of(request: Request) -> sessionmaker[Session]:
    """The factory of sessions, for routes that need several short transactions."""
    factory: sessionmaker[Session] = request.app.state.sessions
    return factory


def now_of(request: Request) -> datetime:
    """This instant in the time zone of the place."""
    clock: Clock = request.app.state.clock
    return clock().astimezone(settings_of(request).zone)


def reading(request: Request) -> Iterator[Session]:
    """A session whose transaction ends without a change."""
    with sessions_of(request)() as session:
        yield session


def writing(request: Request) -> Iterator[Session]:
    """A session that holds the right to write and commits before the answer is sent."""
    with sessions_of(request).begin() as session:
        yield begin_writing(session)


def computing(request: Request) -> Iterator[Session]:
    """A session for long work that ends in a write; others may write meanwhile, and then the late one has to repeat."""
    with sessions_of(request).begin() as session:
        yield session


def as_of_day(
    now: Annotated[datetime, Depends(now_of)],
    as_of: Annotated[date | None, Query(description="The day whose grids are meant; by default today")] = None,
) -> date:
    """The day that was asked for, or today."""
    return as_of or now.date()


Reading = Annotated[Session, Depends(reading, scope="function")]
Writing = Annotated[Session, Depends(writing, scope="function")]
Computing = Annotated[Session, Depends(computing, scope="function")]
Config = Annotated[Settings, Depends(settings_of)]
Now = Annotated[datetime, Depends(now_of)]
AsOf = Annotated[date, Depends(as_of_day)]
