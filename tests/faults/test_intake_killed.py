"""The server dies in the middle of a stream of reports, again and again: what it acknowledged is there exactly once."""

from __future__ import annotations

import asyncio
import random
import threading

import pytest
import sqlalchemy as sa

from layers.engine import connect, sessions
from layers.tables import Outbox, Report, ReportEvent
from tests.faults.serving import forked_server
from tests.postgres import free_port
from tests.senders import add_town, reports, send_all

REPORTS, KILLS, CONNECTIONS = 10_000, 5, 64


def send_until_killed(process, port, token, waiting, after):
    """Key -> status of what the server answered before it was killed, when `after` more reports had been answered."""
    answered = {}
    kill = threading.Timer(after, process.kill)
    kill.start()
    try:
        answered, _ = asyncio.run(send_all([port], token, waiting, connections=CONNECTIONS))
    finally:
        kill.cancel()
    return answered


@pytest.mark.timeout(300)
def test_every_acknowledged_report_is_there_exactly_once(database_url):
    chance = random.Random(20260322)
    token, port = add_town(database_url), free_port()
    made = reports(REPORTS)
    acknowledged, kills = {}, 0
    while len(acknowledged) < REPORTS:
        waiting = [one for one in made if one[0] not in acknowledged]
        with forked_server(database_url, port) as process:
            # A restarted server takes about a second to be as fast as it will be.
            after = chance.uniform(0.3, 3.0) if kills < KILLS else 200.0
            answered = send_until_killed(process, port, token, waiting, after)
            process.join(0.5)
            kills += not process.is_alive()
        assert set(answered.values()) <= {201}
        acknowledged |= answered
    assert kills == KILLS

    engine = connect(database_url)
    with sessions(engine)() as session:
        stored = session.execute(
            sa.select(
                Report.report_key, Report.grid_code, Report.due_at, Report.team_id, ReportEvent.sequence
            ).outerjoin(ReportEvent, ReportEvent.report_id == Report.id)
        ).all()
        told = session.scalars(sa.select(Outbox.payload).where(Outbox.topic == "report.created")).all()
    engine.dispose()
    assert sorted(row.report_key for row in stored) == sorted(key for key, _ in made)
    assert all(row.grid_code and row.due_at and row.team_id is not None and row.sequence == 1 for row in stored)
    assert sorted(payload["report_key"] for payload in told) == sorted(key for key, _ in made)
