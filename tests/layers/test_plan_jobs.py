"""Grids are drawn again while others work, and what comes of it is one edit; on both databases."""

from datetime import timedelta

import numpy as np
import pytest
import sqlalchemy as sa
from planning import draw, undo

import world
from layers.access import OPERATOR
from layers.engine import begin_writing, sessions
from layers.errors import InvalidInputError, InvalidStateError, StaleRevisionError
from layers.plans import DrawOptions
from layers.plans.counts import grid_counts
from layers.plans.editing import edit_plan
from layers.plans.exchange import plan_frame
from layers.plans.history import list_edits
from layers.plans.job_rows import begin_job, packed, unpacked
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
    jobs.start(factory, OPERATOR, 1, dict(options), now=lambda: world.NOW, **more)
    jobs.join(1)
    return jobs.find(factory, 1, world.NOW)


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
        assert job.stored_revision == plan.revision
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

    from layers.plans import runs as module

    true_draw = module.draw_grids
    monkeypatch.setattr(module, "draw_grids", slow)
    job = start(jobs, factory, {"effort": "fast", "target": 150})
    assert (job.state, "revision" in job.error) == ("failed", True)
    assert households(factory) == dict.fromkeys(range(4), 300)


def test_stopping_keeps_the_best_so_far(factory, jobs):
    jobs.start(factory, OPERATOR, 1, {"effort": "thorough", "target": 100}, now=lambda: world.NOW)
    # whoever asks: here another process, which knows the drawing from the database alone
    stopped = DrawJobs().cancel(factory, OPERATOR, 1, now=lambda: world.NOW, wait_s=60)
    assert stopped.state in {"cancelled", "done"}
    if stopped.stored_revision is not None:
        with factory() as session:
            stored = open_workspace(session, session.get_one(Plan, 1), reading=True).division.label
        assert np.array_equal(stored, unpacked(stopped.picture))
    assert jobs.cancel(factory, OPERATOR, 2, now=lambda: world.NOW) is None


def lose(factory, labels, revision):
    """A drawing whose process has ended a while ago."""
    with factory.begin() as session:
        begin_writing(session)
        params = {"target": 150, "keep_labels": True}
        job = begin_job(session, 1, params, base_revision=revision, by="wu", now=world.NOW - timedelta(minutes=5))
        job.picture, job.progress = packed(np.array(labels)), 0.4


def test_what_a_lost_process_had_drawn_can_be_kept(factory, jobs):
    with factory() as session:
        plan = session.get_one(Plan, 1)
        labels = open_workspace(session, plan, reading=True).division.label.copy()
        revision = plan.revision
    labels[labels == 3] = 2
    lose(factory, labels, revision)
    seen = jobs.find(factory, 1, world.NOW)
    assert (seen.state, "ended" in seen.error) == ("failed", True)
    assert set(households(factory)) == {0, 1, 2, 3}, "nothing is stored before somebody wants it"
    kept = jobs.cancel(factory, OPERATOR, 1, now=lambda: world.NOW)
    assert (kept.state, kept.stored_revision) == ("cancelled", revision + 1)
    assert households(factory) == {0: 300, 1: 300, 2: 600}
    assert start(jobs, factory, {"effort": "fast"}).state == "done", "a lost drawing blocks no other one"


def test_what_a_lost_process_had_drawn_never_overwrites_an_edit(factory, jobs):
    lose(factory, [0] * 120, 1)
    change(factory, "lock", grids=[1])
    kept = jobs.cancel(factory, OPERATOR, 1, now=lambda: world.NOW)
    assert kept.state == "failed"
    assert set(households(factory)) == {0, 1, 2, 3}


def test_a_new_plan_is_drawn_in_the_background(factory, jobs):
    options = DrawOptions(target=200, effort="fast")
    wanted = {"scope_code": world.TOWN, "name": "autumn", "options": options, "as_of": world.TODAY}
    plan, _ = jobs.start_new(factory, OPERATOR, **wanted, now=lambda: world.NOW)
    jobs.join(plan.id)
    job = jobs.find(factory, plan.id, world.NOW)
    assert (job.state, job.error) == ("done", None)
    with factory.begin() as session:
        drawn = draw(session, target=200, effort="fast")
        frames = [plan_frame(session, session.get_one(Plan, n)) for n in (plan.id, drawn.id)]
        assert frames[0]["code"].tolist() == frames[1]["code"].tolist(), "as when somebody waits for it"
        stored = session.get_one(Plan, plan.id)
        assert stored.revision == job.stored_revision
        assert list(list_edits(session, stored)) == []
        assert np.array_equal(open_workspace(session, stored).division.label, unpacked(job.picture))


def test_a_new_plan_that_is_stopped_at_once_has_its_villages_as_grids(factory, jobs, monkeypatch):
    from layers.plans import runs

    def stopped(*_args, progress, **_kwargs):
        while progress(0.1, None):
            pass

    monkeypatch.setattr(runs, "draw_grids", stopped)
    wanted = {"scope_code": world.TOWN, "name": "autumn", "options": DrawOptions(), "as_of": world.TODAY}
    plan, _ = jobs.start_new(factory, OPERATOR, **wanted, now=lambda: world.NOW)
    job = jobs.cancel(factory, OPERATOR, plan.id, now=lambda: world.NOW)
    assert job.state == "cancelled"
    with factory() as session:
        rows = grid_counts(open_workspace(session, session.get_one(Plan, plan.id), reading=True), 0.1)
        assert [row["households"] for row in rows] == [600, 600]


def test_another_target_is_the_plans_own_until_it_is_undone(factory, jobs):
    start(jobs, factory, {"effort": "fast", "target": 150, "tolerance": 0.2})
    with factory.begin() as session:
        plan = session.get_one(Plan, 1)
        assert (plan.options["target"], plan.options["tolerance"]) == (150, 0.2)
        workspace = open_workspace(session, plan)
        assert all(abs(row["deviation"]) <= 0.2 for row in grid_counts(workspace, 0.2))
        undone = undo(session, plan)
        assert (plan.options["target"], plan.options["tolerance"]) == (300, 0.1)
        assert {row["deviation"] for row in grid_counts(undone.workspace, 0.1)} == {0.0}
        assert undone.touched == [0, 1, 2, 3]
