"""Whatever is asked of a route, sense or nonsense, is answered as the description says."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    status_code_conformance,
)
from sqlalchemy.engine import Engine

from api.app import create_app
from api.settings import Settings
from layers.access import Principal as Person
from layers.access import Role, Scope
from layers.engine import begin_writing, connect, sessions
from layers.sign_in import create_key
from layers.tables import User
from tests.two_towns import NOW, two_towns

EXAMPLES = 4
"""For each operation, with sense and again with nonsense."""

SECONDS = 120
"""How long an answer may take: the first one that needs a grid compiles what finds it."""

# Whether answers fit their schemas is asked by test_openapi; the check for it here cannot read tuples (prefixItems).
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
)


def _app(path: Path) -> tuple[FastAPI, str]:
    """The application on two towns, and the token of an administrator's key."""
    engine: Engine = connect(f"sqlite:///{path}")
    with sessions(engine).begin() as session:
        two_towns(begin_writing(session))
        roles = [Role.ADMINISTRATOR]
        session.add(User(name="root", password_hash="-", roles=roles, scope_code="", created_at=NOW))
        session.flush()
        root = Person("root", frozenset(roles), Scope())
        _, token = create_key(session, root, name="tests", roles=roles, scope_code="", now=NOW)
    engine.dispose()
    return create_app(Settings(database_url=f"sqlite:///{path}"), clock=lambda: NOW), token


@pytest.fixture(scope="module")
def described(spatialite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[object, str]]:
    """The description, bound to the application, and a token."""
    path = tmp_path_factory.mktemp("described") / "fengqiao.sqlite"
    shutil.copy(spatialite_template, path)
    app, token = _app(path)
    yield schemathesis.openapi.from_dict(app.openapi()), app, token
    app.state.intake.close()
    app.state.keys.close()
    app.state.drawings.close()


def faults_of(operation, mode, token: str) -> dict[str, str]:
    """What is wrong with the answers of one operation: kind of fault -> what was sent and said."""
    faults: dict[str, str] = {}

    @settings(
        max_examples=EXAMPLES,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def try_one(case):
        answer = case.call(headers={"Authorization": f"Bearer {token}"}, timeout=SECONDS)
        try:
            case.validate_response(answer, checks=CHECKS)
        except BaseExceptionGroup as group:
            for error in group.exceptions:
                faults.setdefault(type(error).__name__, f"{error}\n{case.as_curl_command()}"[:1500])
        except AssertionError as error:
            faults.setdefault(type(error).__name__, f"{error}\n{case.as_curl_command()}"[:1500])

    with warnings.catch_warnings():
        # Its client warns of another package than httpx, and its generator of slow strategies.
        warnings.simplefilter("ignore")
        try_one()
    return {f"{operation.method.upper()} {operation.path} {name}": text for name, text in faults.items()}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_one_of_the_description(described, mode):
    schema, app, token = described
    schema.app = app
    faults: dict[str, str] = {}
    tried = [found.ok() for found in schema.get_all_operations()]
    assert {one.method.upper() for one in tried} >= {"GET", "POST", "PUT", "DELETE"}
    for operation in tried:
        try:
            faults |= faults_of(operation, mode, token)
        except Unsatisfiable:
            continue  # nothing can be wrong with a request that has no parameters
    assert not faults, "\n\n".join(f"{name}\n{text}" for name, text in faults.items())
