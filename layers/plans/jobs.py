"""Drawing in the background: progress, the best plan so far, and a stop that keeps it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from threading import Lock, Thread
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.orm import Session, sessionmaker

from geo.errors import GeoError, RedrawError
from layers.access import Principal, Scope
from layers.engine import begin_writing
from layers.errors import LayersError
from layers.plans.blocks import scope_blocks, scope_villages, store_blocks
from layers.plans.drawing import barriers, begin_plan, store_grids
from layers.plans.history import open_draft
from layers.plans.job_rows import LOST, begin_job, end_job, is_lost, keep_best, last_job, packed, renew, store_result
from layers.plans.options import DrawOptions
from layers.plans.runs import Run, drawn_again, drawn_grids, still_blocks
from layers.plans.workspace import block_frame, open_workspace
from layers.tables import DrawJob, DrawState, Plan

log = logging.getLogger(__name__)

Factory = sessionmaker[Session]
Clock = Callable[[], datetime]
TELL_S = 0.4  # between two looks of a drawing's keeper at the database
QUIET_S = 5.0  # so long it says nothing where nothing has changed
BROKEN = "The drawing failed; the server's log says why."


class DrawJobs:
    """The drawings that this process computes; how far they are stands in the database, where all processes see it.

    One drawing of a plan runs at a time. It ends with the process; what it had reached stays, see `cancel`.
    """

    def __init__(self) -> None:
        self._runs: dict[int, Run] = {}
        self._lock = Lock()

    def start(
        self,
        factory: Factory,
        principal: Principal,
        plan_id: int,
        options: Mapping[str, Any],
        *,
        keep_labels: bool = True,
        revision: int | None = None,
        now: Clock,
    ) -> DrawJob:
        """Draw the grids of a draft again, in a thread; locked and dedicated grids stay.

        Parameters
        ----------
        options : fields of `DrawOptions`; those that are not given are the plan's
        keep_labels : few households change grid; else the grids are drawn afresh
        now : gives the instant at which something is stored

        Raises
        ------
        InvalidStateError : a drawing of the plan is running; others as for an edit
        """
        with factory() as session:
            plan = open_draft(session, principal, plan_id, revision=revision)
            workspace = open_workspace(session, plan, reading=True)
            wanted = DrawOptions(**(asdict(DrawOptions()) | plan.options | dict(options)))
            lines = barriers(session, Scope(plan.scope_code), block_frame(workspace))
            seen = plan.revision
        params = dict(options) | {"keep_labels": keep_labels}
        with factory.begin() as session:
            open_draft(begin_writing(session), principal, plan_id, revision=seen)
            job = begin_job(session, plan_id, params, base_revision=seen, by=principal.name, now=now())
        still = still_blocks(workspace)

        def draw(run: Run) -> NDArray[np.int64] | None:
            if still.all():
                raise RedrawError("Nothing would change: all grids are locked or dedicated.")
            return drawn_again(workspace, wanted, lines, still, keep_labels, run)

        return self._run(factory, principal, job, draw, now)

    def start_new(
        self,
        factory: Factory,
        principal: Principal,
        *,
        scope_code: str,
        name: str,
        options: DrawOptions,
        as_of: date,
        now: Clock,
    ) -> tuple[Plan, DrawJob]:
        """Begin a draft and draw its grids in a thread; until they are there, each village is one grid.

        Raises
        ------
        ForbiddenError : no right to plan, or the scope lies outside the principal's
        MissingDataError : no village is loaded in the scope
        """
        scope = Scope(scope_code)
        with factory() as session:
            scope_villages(session, scope, day=as_of)
        with factory.begin() as session:
            plan = begin_plan(
                begin_writing(session), principal, scope_code=scope_code, name=name, options=options, now=now()
            )
            params = asdict(options) | {"new": True}
            job = begin_job(session, plan.id, params, base_revision=0, by=principal.name, now=now())

        def draw(run: Run) -> NDArray[np.int64] | None:
            with factory() as session:
                blocks = scope_blocks(session, scope, scope_villages(session, scope, day=as_of))
                lines = barriers(session, scope, blocks)
            with factory.begin() as session:
                ids = _begin_grids(begin_writing(session), principal, run, blocks)
            order = np.argsort(ids)
            return drawn_grids(blocks, options, lines, lambda labels: labels[order], run)

        return plan, self._run(factory, principal, job, draw, now)

    def find(self, factory: Factory, plan_id: int, now: datetime) -> DrawJob | None:
        """The last drawing of a plan, whoever computes it; one that has lost its process is marked as failed."""
        with factory() as session:
            job = last_job(session, plan_id)
        if job is None or not is_lost(job, now):
            return job
        with factory.begin() as session:
            job = last_job(begin_writing(session), plan_id)
            if job is not None and is_lost(job, now):
                end_job(job, DrawState.FAILED, now, error=LOST)
        return job

    def cancel(
        self, factory: Factory, principal: Principal, plan_id: int, *, now: Clock, wait_s: float = 30.0
    ) -> DrawJob | None:
        """Stop the drawing of a plan and keep the best so far, also where its process has ended or is another one."""
        with factory.begin() as session:
            job = last_job(begin_writing(session), plan_id)
            if job is None:
                return None
            if is_lost(job, now()) or (job.state == DrawState.FAILED and job.error == LOST):
                keep_best(session, principal, job, now())
                return job
            job.stop_wanted = True
        with self._lock:
            run = self._runs.get(job.id)
        if run is not None and run.thread is not None:
            run.stop.set()
            run.thread.join(wait_s)
        end = time.monotonic() + wait_s
        while (found := self.find(factory, plan_id, now())) is not None and found.state == DrawState.RUNNING:
            if time.monotonic() > end:
                break
            time.sleep(0.1)
        return found

    def join(self, plan_id: int, wait_s: float = 60.0) -> None:
        """Wait until this process draws a plan no more."""
        with self._lock:
            threads = [run.thread for run in self._runs.values() if run.plan_id == plan_id]
        for thread in threads:
            if thread is not None:
                thread.join(wait_s)

    def close(self) -> None:
        """Stop all drawings of this process and keep the best of each, as when the application ends."""
        with self._lock:
            runs = list(self._runs.values())
        for run in runs:
            run.stop.set()
        for run in runs:
            if run.thread is not None:
                run.thread.join(30.0)

    def _run(
        self,
        factory: Factory,
        principal: Principal,
        job: DrawJob,
        draw: Callable[[Run], NDArray[np.int64] | None],
        now: Clock,
    ) -> DrawJob:
        run = Run(job.id, job.plan_id)

        def work() -> None:
            keeper = Thread(target=_keep_telling, args=(factory, run, now), daemon=True)
            keeper.start()
            try:
                _finish(factory, principal, run, draw, now)
            finally:
                run.over.set()
                keeper.join()
                with self._lock:
                    self._runs.pop(job.id, None)

        run.thread = Thread(target=work, name=f"draw-{job.plan_id}", daemon=True)
        with self._lock:
            self._runs[job.id] = run
        run.thread.start()
        return job


def _finish(
    factory: Factory,
    principal: Principal,
    run: Run,
    draw: Callable[[Run], NDArray[np.int64] | None],
    now: Clock,
) -> None:
    """Draw, and store the outcome: the plan's new grids and the end of the drawing in one transaction."""
    error = BROKEN
    try:
        labels = draw(run)
        if run.stop.is_set():
            labels = run.labels if labels is None else labels
        with factory.begin() as session:
            job = begin_writing(session).get_one(DrawJob, run.job_id)
            if job.state != DrawState.RUNNING:
                return
            if labels is not None:
                job.picture = packed(store_result(session, principal, job, labels, now()))
            state = DrawState.CANCELLED if run.stop.is_set() else DrawState.DONE
            end_job(job, state, now(), revision=job.stored_revision)
        return
    except (LayersError, GeoError) as known:
        error = str(known)
    except Exception:
        log.exception("drawing %s of plan %s failed", run.job_id, run.plan_id)
    with factory.begin() as session:
        job = begin_writing(session).get_one(DrawJob, run.job_id)
        if run.labels is not None:
            job.picture = packed(run.labels)
        end_job(job, DrawState.FAILED, now(), error=error)


def _keep_telling(factory: Factory, run: Run, now: Clock) -> None:
    """Write down every now and then how far a drawing is, and see whether somebody wants it to stop."""
    said: tuple[float, Any] = (0.0, None)
    at = time.monotonic()
    while not run.over.wait(TELL_S):
        state = (run.progress, run.labels)
        if state[0] == said[0] and state[1] is said[1] and time.monotonic() - at < QUIET_S:
            with factory() as session:
                wanted = session.scalar(sa.select(DrawJob.stop_wanted).where(DrawJob.id == run.job_id))
            if wanted is not False:
                run.stop.set()
            continue
        values: dict[str, Any] = {"progress": state[0], "seen_at": now()}
        if state[1] is not None and state[1] is not said[1]:
            values["picture"] = packed(state[1])
        try:
            with factory.begin() as session:
                statement = sa.update(DrawJob).where(DrawJob.id == run.job_id, DrawJob.state == DrawState.RUNNING)
                stop = begin_writing(session).scalar(statement.values(values).returning(DrawJob.stop_wanted))
        except sa.exc.OperationalError as error:  # the database is busy; the next look will do
            log.warning("drawing %s could not tell how far it is: %s", run.job_id, error.orig)
            continue
        said, at = state, time.monotonic()
        if stop is not False:  # somebody asked for it, or ended the drawing
            run.stop.set()


def _begin_grids(session: Session, principal: Principal, run: Run, blocks: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Store the blocks of a new plan with one grid for each village; returns their ids."""
    job = session.get_one(DrawJob, run.job_id)
    plan = open_draft(session, principal, run.plan_id, revision=None)
    ids = store_blocks(session, blocks)
    store_grids(session, plan, blocks, ids, pd.factorize(blocks["village_code"], sort=True)[0])
    renew(session, plan)
    job.base_revision = plan.revision
    return ids
