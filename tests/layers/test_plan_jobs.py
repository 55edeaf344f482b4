"""Grids are drawn again while others work, and what comes of it is one edit; on both databases."""

import numpy as np
import pytest
import sqlalchemy as sa
from planning import draw, undo

import world
from layers.access import OPERATOR
from layers.engine import begin_writing, sessions
from layers.errors import InvalidInputError, InvalidStateError, StaleRevisionError
from layers.plans.editing import edit_plan, grid_counts, list_edits
from layers.plans.jobs import DrawJobs
from layers.plans.workspace import open_workspace
from layers.tables import Block, Plan


@pytest.fixture
def factory(engine):
    factory = sessions(engine)
    with factory.begin() as session:
        world.add_world(begin_writing(session))
        draw(session)
    return factory


@pytest.fixture
def jobs():
    jobs = DrawJobs()
    yield jobs
    jobs.close()


def start(jobs, factory, options=(), **more):
    job = jobs.start(factory, OPERATOR, 1, dict(options), now=lambda: world.NOW, **more)
    job.thread.join(60)
    return job


def change(factory, op, **params):
    with factory.begin() as session:
        return edit_plan(begin_writing(session), OPERATOR, 1, op, params, now=world.NOW)


def households(factory):
    with factory() as session:
        workspace = open_workspace(session, session.get_one(Plan, 1), reading=True)
        return {row["number"]: row["households"] for row in grid_counts(workspace, 0.1)}


def blocks_at(factory, *columns):
    with factory() as session:
        keys = [f"b{x:04d}{y:03d}" for x in columns for y in range(0, 600, 100)]
        return list(session.scalars(sa.select(Block.id).where(Block.block_key.in_(keys))))


def test_the_band_is_restored_as_one_edit_that_can_be_undone(factory, jobs):
    change(factory, "give", blocks=blocks_at(factory, 400), to=1)
    job = start(jobs, factory, {"effort": "fast"})
    assert (job.state, job.progress, job.error) == ("done", 1.0, None)
    after = households(factory)
    assert set(after) == {0, 1, 2, 3}
    assert all(270 <= count <= 330 for count in after.values())
    with factory.begin() as session:
        plan = session.get_one(Plan, 1)
        assert job.revision == plan.revision
        assert [row.op for row in list_edits(session, plan)] == ["give", "redraw"]
        undo(session, plan)
    assert households(factory) == {0: 240, 1: 360, 2: 300, 3: 300}


def test_locked_grids_stay_when_the_rest_is_drawn_afresh(factory, jobs):
    change(factory, "lock", grids=[0])
    job = start(jobs, factory, {"effort": "fast", "target": 150}, keep_labels=False)
    assert job.state == "done", job.error
    after = households(factory)
    assert after[0] == 300
    assert len(after) == 7
    assert {1, 2, 3} < set(after), "old numbers go on where most of their households are"
    assert sum(after.values()) == 1200


def test_numbers_of_abolished_grids_are_not_given_again(factory, jobs):
    change(factory, "split", grid=3, line=[world.point(1750, -9), world.point(1750, 609)])
    change(factory, "merge", grids=[3, 4], into=3)
    job = start(jobs, factory, {"effort": "fast", "target": 150})
    assert job.state == "done", job.error
    assert 4 not in households(factory)
    assert len(households(factory)) == 8


def test_nothing_to_draw_is_said(factory, jobs):
    seen = start(jobs, factory, {"effort": "fast"})
    assert seen.state == "done"
    change(factory, "lock")
    job = start(jobs, factory)
    assert (job.state, "locked" in job.error) == ("failed", True)


def test_a_drawing_never_overwrites_an_edit(factory, jobs, monkeypatch):
    with pytest.raises(StaleRevisionError):
        start(jobs, factory, revision=99)
    with pytest.raises(InvalidInputError):
        start(jobs, factory, {"target": 0})
    drawn = []

    def slow(*args, **kwargs):
        if not drawn:
            drawn.append(change(factory, "lock", grids=[1]))
            with pytest.raises(InvalidStateError):
                jobs.start(factory, OPERATOR, 1, {}, now=lambda: world.NOW)
        return true_draw(*args, **kwargs)

    from layers.plans import jobs as module

    true_draw = module.draw_grids
    monkeypatch.setattr(module, "draw_grids", slow)
    job = start(jobs, factory, {"effort": "fast", "target": 150})
    assert (job.state, "revision" in job.error) == ("failed", True)
    assert households(factory) == dict.fromkeys(range(4), 300)


def test_stopping_keeps_the_best_so_far(factory, jobs):
    job = jobs.start(factory, OPERATOR, 1, {"effort": "thorough", "target": 100}, now=lambda: world.NOW)
    stopped = jobs.cancel(1, wait_s=60)
    assert stopped is job
    assert job.state in {"cancelled", "done"}
    if job.revision is not None:
        with factory() as session:
            stored = open_workspace(session, session.get_one(Plan, 1), reading=True).division.label
        assert np.array_equal(stored, job.grid)
    assert jobs.cancel(2) is None
