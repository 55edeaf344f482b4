"""Which households and reports a draft would give another grid."""

from datetime import timedelta

import pandas as pd
import pytest
import sqlalchemy as sa
from planning import draw, edit, publish

import world
from layers.access import OPERATOR
from layers.assignment import assign_all
from layers.plans.branching import branch_plan
from layers.plans.impact import compare_plans
from layers.plans.replay import COLUMNS, replay_plan
from layers.tables import Block


@pytest.fixture
def plans(session):
    """The plan in force, and a branch in which two columns of blocks go from the first grid to the second."""
    world.add_world(session)
    first = publish(session, draw(session))
    assign_all(session, as_of=world.TODAY)
    second = branch_plan(session, OPERATOR, first.id, name="autumn", now=world.NOW)
    keys = [f"b{x:04d}{y:03d}" for x in (100, 200) for y in range(0, 600, 100)]
    blocks = session.scalars(sa.select(Block.id).where(Block.block_key.in_(keys))).all()
    edit(session, second, "give", blocks=blocks, to=1)
    return first, second


def replayed(session, *plans, **options):
    parts = list(replay_plan(session, *plans, as_of=world.TODAY, **options))
    return pd.concat(parts) if parts else pd.DataFrame(columns=COLUMNS)


def test_every_household_and_report_that_changes_hands_is_named(session, plans):
    first, second = plans
    moved = replayed(session, second)
    households = moved[moved["kind"] == "household"]
    assert sorted(households["key"]) == [f"h{x:04d}{y:03d}" for x in (100, 200) for y in range(0, 600, 100)]
    assert (
        households["households"].sum() == compare_plans(session, second, None, as_of=world.TODAY).totals["households"]
    )
    assert moved.loc[moved["kind"] == "report", "key"].tolist() == ["r0"]
    assert set(moved["old_code"]) == {f"{world.WEST}001"}
    assert set(moved["new_code"]) == {f"{world.WEST}002"}
    back = replayed(session, first, second)
    assert sorted(back["key"]) == sorted(moved["key"])


def test_a_time_leaves_other_reports_out(session, plans):
    later = replayed(session, plans[1], since=world.NOW + timedelta(seconds=1))
    assert set(later["kind"]) == {"household"}
    assert len(replayed(session, plans[1], until=world.NOW + timedelta(seconds=1))) == 13


def test_a_plan_against_itself_moves_nothing_and_progress_ends_at_its_number(session, plans):
    seen = []
    assert replayed(session, plans[0], progress=lambda done, of: seen.append((done, of))).empty
    assert seen[-1] == (123, 123)
