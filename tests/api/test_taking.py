"""Keys of programs that send reports: asked for together, remembered for a second, and never longer."""

import asyncio
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from api import taking
from api.taking import REMEMBERED_S, Keys
from layers.access import Role
from layers.engine import sessions
from layers.sign_in import KEY_PREFIX, digest
from layers.tables import ApiKey, User
from tests.two_towns import HOME, NOW

TOKEN = f"{KEY_PREFIX}gate"


@pytest.fixture
def keys(engine, monkeypatch):
    """`Keys` on a database with one key, the tokens that were asked for, and a clock of its own."""
    factory = sessions(engine)
    with factory.begin() as session:
        user = User(name="gate", password_hash="-", roles=[Role.INTAKE], scope_code=HOME, created_at=NOW)
        session.add(user)
        session.flush()
        values = {"name": "stream", "user_id": user.id, "roles": [Role.INTAKE], "scope_code": HOME}
        session.add(ApiKey(token_digest=digest(TOKEN), created_at=NOW, **values))
    made, asked, clock = Keys(factory), [], [1000.0]
    find = made._find

    def counted(batch):
        asked.append([token for token, _ in batch])
        return find(batch)

    made._batcher._work = counted
    monkeypatch.setattr(taking, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    yield made, asked, clock, factory
    monkeypatch.undo()
    made.close()


def test_a_key_is_asked_for_once_a_second_and_not_longer_after_it_was_revoked(keys):
    made, asked, clock, factory = keys

    def holder(token=TOKEN):
        return asyncio.run(made.holder(token, NOW))

    assert holder().scope.code == HOME
    assert holder().name == holder().name == "gate/stream"
    assert asked == [[TOKEN]]
    with factory.begin() as session:
        session.execute(sa.delete(ApiKey))
    clock[0] += REMEMBERED_S - 0.01
    assert holder() is not None
    clock[0] += 0.02
    assert holder() is None
    assert holder() is None, "a key that stands for nobody is asked for each time"
    assert asked == [[TOKEN]] * 3
    assert TOKEN not in str(made._known)


def test_keys_that_come_together_are_found_together_and_nobody_is_taken_for_another(keys):
    made, asked, _, _ = keys

    async def all_at_once():
        return await asyncio.gather(*(made.holder(token, NOW) for token in (TOKEN, "nobody", TOKEN, f"{TOKEN}x")))

    found = asyncio.run(all_at_once())
    assert [principal and principal.name for principal in found] == ["gate/stream", None, "gate/stream", None]
    assert sum(len(batch) for batch in asked) == 4
    assert len(asked) < 4


def test_the_memory_is_bounded(keys, monkeypatch):
    made, _, _, _ = keys
    monkeypatch.setattr(taking, "MOST_REMEMBERED", 1)
    made._known["another"] = (1e9, None)
    assert asyncio.run(made.holder(TOKEN, NOW)).name == "gate/stream"
    assert list(made._known) == [digest(TOKEN)]
