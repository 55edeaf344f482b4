"""The connection to the database that a URL names, and the set-up of its schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.orm import Session, sessionmaker

from layers.errors import DatabaseUnavailableError

SPATIALITE = "mod_spatialite"
BUSY_TIMEOUT_MS = 15_000


def connect(url: str) -> Engine:
    """Engine for `sqlite:///FILE` (SpatiaLite) or `postgresql://…` (PostGIS); nothing is opened before its first use.

    Raises
    ------
    DatabaseUnavailableError : the URL cannot be read, or names another kind of database
    """
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError as error:
        raise DatabaseUnavailableError(
            "FENGQIAO_DATABASE_URL is not a database URL; write sqlite:///FILE or postgresql://USER@HOST/NAME."
        ) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _spatialite(parsed)
    if backend == "postgresql":
        return sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    raise DatabaseUnavailableError(
        f"{backend} is not supported; use a SpatiaLite file (sqlite:///FILE) or PostGIS (postgresql://…)."
    )


def sessions(engine: Engine) -> sessionmaker[Session]:
    """Factory of sessions; `with factory.begin() as session` is one transaction."""
    return sessionmaker(engine, expire_on_commit=False)


def begin_writing(session: Session) -> Session:
    """Take the right to write before the first read of a transaction; gives the session back.

    SQLite lets one transaction write at a time. One that reads first and writes later fails at once if another has
    written in between; one that asks at its start waits for its turn. PostgreSQL needs nothing of this.
    """
    session.connection(execution_options={"writes": True})
    return session


def upgrade_schema(engine: Engine) -> bool:
    """Bring the schema to the newest version in one transaction; returns whether anything changed.

    Raises
    ------
    DatabaseUnavailableError : no connection, or the spatial extension is missing
    """
    with _explained(engine), engine.begin() as connection:
        _enable_spatial(connection)
        before = MigrationContext.configure(connection).get_current_revision()
        config = _migrations()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return before != MigrationContext.configure(connection).get_current_revision()


def require_schema(engine: Engine) -> None:
    """Make sure that the database is set up and of this version.

    Raises
    ------
    DatabaseUnavailableError : it is not; the text says which command helps
    """
    head = ScriptDirectory.from_config(_migrations()).get_current_head()
    with _explained(engine), engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        raise DatabaseUnavailableError("The database is empty; run `fengqiao init` first.")
    if current != head:
        raise DatabaseUnavailableError(f"The database is of version {current}, not {head}; run `fengqiao init`.")


def _migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


@contextmanager
def _explained(engine: Engine) -> Iterator[None]:
    """Turn the driver's complaints about reaching the database into ours; the driver's text may hold a password."""
    where = engine.url.render_as_string(hide_password=True)
    try:
        yield
    except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
        raise DatabaseUnavailableError(
            f"The database {where} cannot be opened; check that it runs, and its address, user and rights."
        ) from error


def _enable_spatial(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        if not connection.exec_driver_sql("SELECT 1 FROM pg_extension WHERE extname = 'postgis'").first():
            try:
                connection.exec_driver_sql("CREATE EXTENSION postgis")
            except sa.exc.DBAPIError as error:
                raise DatabaseUnavailableError(
                    "PostGIS is not enabled; let a superuser run CREATE EXTENSION postgis in this database."
                ) from error
    elif not connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'spatial_ref_sys'").first():
        # The caller's transaction covers it (first argument 0); the WGS 84 subset is enough, since metric work is not
        # done in SQL, and the full list of systems takes seconds to write.
        connection.exec_driver_sql("SELECT InitSpatialMetaData(0, 'WGS84')")


def _sqlite_module() -> Any:
    """A sqlite3 module that can load extensions; Python builds without that ability have pysqlite3 beside them."""
    if hasattr(sqlite3.Connection, "enable_load_extension"):
        return sqlite3
    try:
        import pysqlite3
    except ImportError as error:
        raise DatabaseUnavailableError(
            "This Python cannot load SQLite extensions; install the package pysqlite3 (`make demo` does)."
        ) from error
    return pysqlite3


def _load_own_libraries() -> None:
    """Load the packages that bring a GEOS, PROJ or GDAL of their own, before the extension loads Debian's.

    SQLite opens an extension for the whole process, so a package that came later would have some of its own calls
    answered by the other version, which corrupts memory: seen as crashes at exit and as wrong errors of GEOS.
    """
    for name in ("shapely", "pyproj", "pyogrio"):
        import_module(name)


def _spatialite(url: sa.URL) -> Engine:
    _load_own_libraries()
    module = _sqlite_module()
    engine = sa.create_engine(url, module=module, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # The driver's own transaction handling leaves DDL outside; SQLAlchemy's BEGIN below covers everything.
        connection.isolation_level = None
        connection.enable_load_extension(True)
        try:
            connection.load_extension(SPATIALITE)
        except module.OperationalError as error:
            raise DatabaseUnavailableError(
                "SpatiaLite is not installed; install the Debian package libsqlite3-mod-spatialite."
            ) from error
        finally:
            connection.enable_load_extension(False)
        # SpatiaLite sets a shorter wait of its own while it loads.
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")

    return engine
