"""Which database the commands work on, its set-up, and the transaction that each command is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from api.cli.console import say
from api.settings import Settings
from layers.engine import connect, require_schema, sessions, upgrade_schema
from layers.errors import InvalidInputError


def choose(
    context: typer.Context,
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            "-d",
            metavar="FILE|URL",
            help="A SpatiaLite file or a postgresql:// URL; by default FENGQIAO_DATABASE_URL.",
        ),
    ] = None,
) -> None:
    """Neighbourhood grids, reports and cameras of a township: 网格划分、事件归格、视频资源.

    Example: `fengqiao demo data/boundaries`
    """
    settings = Settings()
    if database:
        settings = settings.model_copy(update={"database_url": as_url(database)})
    context.obj = settings


def as_url(database: str) -> str:
    """A database URL; a plain file name means SpatiaLite."""
    return database if "://" in database else f"sqlite:///{database}"


def settings_of(context: typer.Context) -> Settings:
    """The settings that `choose` read."""
    settings = context.find_root().obj
    assert isinstance(settings, Settings)
    return settings


def engine_of(context: typer.Context) -> Engine:
    """An engine on the chosen database, whose schema is in place."""
    engine = connect(settings_of(context).database_url)
    require_schema(engine)
    return engine


@contextmanager
def transaction(context: typer.Context) -> Iterator[Session]:
    """One transaction on the chosen database: everything or, after an error or Ctrl-C, nothing."""
    engine = engine_of(context)
    try:
        with sessions(engine).begin() as session:
            yield session
    finally:
        engine.dispose()


def today(context: typer.Context) -> date:
    """The date in the place's own time zone."""
    return datetime.now(ZoneInfo(settings_of(context).timezone)).date()


def now() -> datetime:
    """This instant."""
    return datetime.now(UTC)


def day(text: str | None, default: date) -> date:
    """A date given as YYYY-MM-DD.

    Raises
    ------
    InvalidInputError : it is not one
    """
    if text is None:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(f"{text} is not a date; write it like 2026-03-31.") from None


def init(context: typer.Context) -> None:
    """Make the database, or bring it to this version; the first time, make one administrator and the catalogue.

    The one-time password is shown once and must be changed at the first sign-in.

    Example: `fengqiao init`
    """
    from layers.users import ensure_administrator
    from layers.workflow.catalogue import ensure_catalogue

    engine = connect(settings_of(context).database_url)
    changed = upgrade_schema(engine)
    say("The database is ready." if changed else "The database was ready already.")
    with sessions(engine).begin() as session:
        password = ensure_administrator(session, now=now())
        matters = ensure_catalogue(session, now=now())
    engine.dispose()
    if matters:
        say(f"The catalogue has {matters} matters; `fengqiao catalogue load` changes them.")
    if password:
        say(f"Administrator: admin    one-time password: {password}")
        say("Sign in once and choose your own; it is not shown again.")
