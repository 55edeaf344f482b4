"""The application on both databases with two towns in it, and clients that are signed in as different people."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from fastapi import FastAPI

from api.app import create_app
from api.principal import COOKIE
from api.settings import Settings
from layers.access import Role
from layers.engine import begin_writing, connect, sessions
from layers.sign_in import open_session
from layers.tables import User
from tests.two_towns import HOME, NORTH, NOW, two_towns

with warnings.catch_warnings():
    # It prefers another package than httpx, which works as well.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

PASSWORD = "correct horse battery"
ORIGIN = {"Origin": "http://testserver"}
ACCOUNTS = {
    "root": ([Role.ADMINISTRATOR], ""),
    "chief": ([Role.ADMINISTRATOR], HOME),
    "planner": ([Role.PLANNER], HOME),
    "approver": ([Role.APPROVER], HOME),
    "officer": ([Role.DUTY_OFFICER], HOME),
    "intake": ([Role.INTAKE], HOME),
    "viewer": ([Role.VIEWER], HOME),
    "villager": ([Role.VIEWER], NORTH),
}


class Clock:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by


@pytest.fixture
def clock() -> Clock:
    """The application's clock."""
    return Clock()


@pytest.fixture(scope="session")
def password_hash() -> str:
    """A hash for all accounts with the smallest costs, which it carries in itself, since a real one takes a while."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@pytest.fixture
def filled(database_url: str, password_hash: str) -> str:
    """URL of a database with two towns and an account for each role."""
    engine = connect(database_url)
    with sessions(engine).begin() as session:
        two_towns(begin_writing(session))
        session.add_all(
            User(name=name, password_hash=password_hash, roles=roles, scope_code=code, created_at=NOW)
            for name, (roles, code) in ACCOUNTS.items()
        )
    engine.dispose()
    return database_url


@pytest.fixture
def app(filled: str, clock: Clock) -> FastAPI:
    """The application."""
    return create_app(Settings(database_url=filled, session_hours=1), clock=clock)


@pytest.fixture
def anyone(app: FastAPI) -> Iterator[TestClient]:
    """A client that is not signed in; its changes come from our own pages."""
    with TestClient(app, headers=ORIGIN, follow_redirects=False) as client:
        yield client


@pytest.fixture
def sign_in(app: FastAPI, anyone: TestClient, clock: Clock) -> Iterator[Callable[[str], TestClient]]:
    """Gives a client that is signed in as the account of that name; with a password through the front door."""
    clients = []

    def signed_in(name: str, password: str | None = None) -> TestClient:
        client = TestClient(app, headers=ORIGIN, follow_redirects=False)
        clients.append(client)
        if password is None:
            with app.state.sessions.begin() as session:
                user = session.scalars(sa.select(User).where(User.name == name)).one()
                token = open_session(session, user, now=clock(), lifetime=timedelta(hours=1))
            client.cookies.set(COOKIE, token)
        else:
            answer = client.post("/api/session", json={"name": name, "password": password})
            assert answer.status_code == 200, answer.text
        return client

    yield signed_in
    for client in clients:
        client.close()
