"""A process that is killed while it publishes leaves the old plan in force; on both databases, with a real kill -9."""

import os
import signal
import subprocess
import sys
from datetime import date

import pytest
import sqlalchemy as sa
from planning import draw, edit, publish

import world
from layers.access import EVERYWHERE, OPERATOR
from layers.engine import begin_writing, sessions
from layers.grids import grid_frame
from layers.plans import advance_plan, publish_plan
from layers.plans.branching import branch_plan
from layers.tables import GridLineage, Household, Plan

LATER = date(2026, 9, 1)
PROGRAM = """
import sys, time
from sqlalchemy import event
import world
from layers.access import OPERATOR
from layers.engine import begin_writing, connect, sessions
from layers.plans import activation, publishing

def hang(*args, **kwargs):
    print("here", flush=True)
    time.sleep(600)

url, plan, place = sys.argv[1], int(sys.argv[2]), sys.argv[3]
with sessions(connect(url)).begin() as session:
    begin_writing(session)
    if place == "half way":
        activation.assign_all = hang
    else:
        event.listen(session, "before_commit", hang)
    publishing.publish_plan(session, OPERATOR, plan, valid_from=world.date(2026, 9, 1), now=world.NOW.replace(month=9))
"""


def cells(session, day):
    frame = grid_frame(session, EVERYWHERE, level="CELL", as_of=day)
    return list(zip(frame["code"], frame["households"], frame["plan_id"], strict=True))


@pytest.mark.parametrize("place", ["half way", "before the commit"])
def test_the_old_plan_stays_in_force(engine, database_url, place):
    factory = sessions(engine)
    with factory.begin() as session:
        world.add_world(begin_writing(session))
        first = publish(session, draw(session))
        second = branch_plan(session, OPERATOR, first.id, name="autumn", now=world.NOW)
        edit(session, second, "split", grid=0, line=[world.point(200, -9), world.point(200, 609)])
        for step in ("submit", "approve"):
            advance_plan(session, OPERATOR, second.id, step, now=world.NOW)
        plan_id = second.id
    with factory() as session:
        before = cells(session, LATER)
    engine.dispose()

    path = os.pathsep.join([os.getcwd(), os.path.join(os.getcwd(), "tests")])
    command = [sys.executable, "-c", PROGRAM, database_url, str(plan_id), place]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": path})
    assert process.stdout.readline() == "here\n"
    process.send_signal(signal.SIGKILL)
    assert process.wait(30) == -signal.SIGKILL
    process.stdout.close()

    with factory() as session:
        assert cells(session, LATER) == before
        assert session.get_one(Plan, plan_id).state == "APPROVED"
        lineage = sa.select(sa.func.count()).select_from(GridLineage).where(GridLineage.plan_id == plan_id)
        assert session.scalar(lineage) == 0
        homes = session.execute(sa.select(Household.grid_code, sa.func.count()).group_by(Household.grid_code)).all()
        assert {count for _, count in homes} == {30}
    with factory.begin() as session:
        begin_writing(session)
        assert publish_plan(session, OPERATOR, plan_id, valid_from=LATER, now=world.NOW).state == "PUBLISHED"
        assert len(cells(session, LATER)) == 5
