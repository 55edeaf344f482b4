"""Real engines for the tests: a SpatiaLite file, and a private PostGIS cluster that the session starts itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from layers.engine import connect, sessions, upgrade_schema
from tests.postgres import cluster, programs

# The same examples in every run, and no deadline: a busy machine is no fault of the code.
settings.register_profile("fengqiao", deadline=None, derandomize=True)
settings.load_profile("fengqiao")

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}


def missing(what: str) -> None:
    """Skip where an engine is not installed; in CI fail, since a skipped storage test proves nothing."""
    if IN_CI:
        pytest.fail(f"{what} was not found, and in CI every engine must be there", pytrace=False)
    pytest.skip(f"{what} is not installed; `make test` installs it")


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[str]:
    """URL of a superuser in a fresh cluster on a free port of this machine; gone after the session."""
    if programs() is None:
        missing("PostgreSQL")
    with cluster("-c fsync=off") as url:
        yield url


@pytest.fixture(scope="session")
def postgis_template(postgres_cluster: str) -> str:
    """Name of a database with the schema in place; tests copy it, which takes a fraction of a second."""
    _administer(postgres_cluster, "CREATE DATABASE fengqiao_template")
    engine = connect(postgres_cluster.replace("/postgres", "/fengqiao_template"))
    upgrade_schema(engine)
    engine.dispose()
    return "fengqiao_template"


@pytest.fixture(scope="session")
def spatialite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SpatiaLite file with the schema in place; tests copy it."""
    path = tmp_path_factory.mktemp("spatialite") / "template.sqlite"
    engine = connect(f"sqlite:///{path}")
    upgrade_schema(engine)
    engine.dispose()
    return path


def _administer(url: str, statement: str) -> None:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture(params=["spatialite", "postgis"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database with the schema in place, once in SpatiaLite and once in PostGIS."""
    if request.param == "spatialite":
        path = tmp_path / "fengqiao.sqlite"
        shutil.copy(request.getfixturevalue("spatialite_template"), path)
        yield f"sqlite:///{path}"
        return
    cluster = request.getfixturevalue("postgres_cluster")
    template = request.getfixturevalue("postgis_template")
    name = f"test_{os.urandom(6).hex()}"
    _administer(cluster, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield cluster.replace("/postgres", f"/{name}")
    _administer(cluster, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on an empty database with the schema in place; the test runs on both databases."""
    engine = connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session whose transaction is rolled back after the test."""
    with sessions(engine)() as session:
        yield session
        session.rollback()
