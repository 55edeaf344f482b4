"""Drawing in the background: progress, the best plan so far, and a stop that keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from threading import Event, Lock, Thread
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.orm import Session, sessionmaker

from geo import redraw
from geo.draw import draw_grids
from geo.errors import GeoError, RedrawError
from layers.access import Principal, Scope
from layers.basemap import road_frame, water_frame
from layers.engine import begin_writing
from layers.errors import InvalidStateError, LayersError
from layers.plans.drawing import DrawOptions
from layers.plans.editing import open_draft, store_drawing
from layers.plans.workspace import Workspace, block_frame, open_workspace
from layers.tables import SRID

RUNNING, DONE, CANCELLED, FAILED = "running", "done", "cancelled", "failed"


@dataclass(eq=False)
class DrawJob:
    """One drawing of a draft; `grid` is the best so far, as a number for each block.

    revision : of the plan once the drawing is stored
    """

    plan_id: int
    state: str = RUNNING
    progress: float = 0.0
    grid: list[int] | None = None
    revision: int | None = None
    error: str | None = None
    stop: Event = field(default_factory=Event)
    thread: Thread | None = None


class DrawJobs:
    """The drawings of one application; what is finished stays as an edit of the plan, what runs ends with the process.

    One drawing of a plan runs at a time in a process. Two processes may draw one plan: the later one fails, since the
    plan has another revision by then.
    """

    def __init__(self) -> None:
        self._jobs: dict[int, DrawJob] = {}
        self._lock = Lock()

    def find(self, plan_id: int) -> DrawJob | None:
        """The last drawing of a plan in this process."""
        with self._lock:
            return self._jobs.get(plan_id)

    def start(
        self,
        factory: sessionmaker[Session],
        principal: Principal,
        plan_id: int,
        options: Mapping[str, Any],
        *,
        keep_labels: bool = True,
        revision: int | None = None,
        now: Any,
    ) -> DrawJob:
        """Draw the grids of a draft again, in a thread; locked and dedicated grids stay.

        Parameters
        ----------
        options : fields of `DrawOptions`; those that are not given are the plan's
        keep_labels : few households change grid; else the grids are drawn afresh
        now : gives the instant at which the drawing is stored

        Raises
        ------
        InvalidStateError : a drawing of the plan is running; others as for an edit
        """
        with factory() as session:
            plan = open_draft(session, principal, plan_id, revision=revision)
            workspace = open_workspace(session, plan, reading=True)
            wanted = DrawOptions(**(asdict(DrawOptions()) | plan.options | dict(options)))
            lines = _lines(session, Scope(plan.scope_code), workspace)
            seen = plan.revision
        job = DrawJob(plan_id)
        with self._lock:
            other = self._jobs.get(plan_id)
            if other is not None and other.state == RUNNING:
                raise InvalidStateError("plan", "DRAFT", "drawn twice at a time", ["cancel"])
            self._jobs[plan_id] = job

        def run() -> None:
            try:
                labels = _draw(workspace, wanted, lines, keep_labels, job)
                if labels is None:
                    job.state = CANCELLED
                    return
                if np.array_equal(labels, workspace.division.label):
                    job.grid, job.progress, job.revision, job.state = labels.tolist(), 1.0, seen, DONE
                    return
                params = dict(options) | {"keep_labels": keep_labels}
                with factory.begin() as session:
                    begin_writing(session)
                    done = store_drawing(session, principal, plan_id, labels, params, now=now(), revision=seen)
                job.grid, job.progress = done.workspace.division.label.tolist(), 1.0
                job.revision = done.workspace.revision
                job.state = CANCELLED if job.stop.is_set() else DONE
            except (LayersError, GeoError) as error:
                job.error, job.state = str(error), FAILED
            except Exception:
                job.error, job.state = "The drawing failed; the server's log says why.", FAILED
                raise

        job.thread = Thread(target=run, name=f"draw-{plan_id}", daemon=True)
        job.thread.start()
        return job

    def cancel(self, plan_id: int, *, wait_s: float = 30.0) -> DrawJob | None:
        """Stop the drawing of a plan and keep the best so far."""
        job = self.find(plan_id)
        if job is not None and job.thread is not None:
            job.stop.set()
            job.thread.join(wait_s)
        return job

    def close(self) -> None:
        """Stop all drawings, as when the application ends."""
        with self._lock:
            running = [job for job in self._jobs.values() if job.state == RUNNING]
        for job in running:
            self.cancel(job.plan_id)


def _lines(session: Session, scope: Scope, workspace: Workspace) -> tuple[Any, Any]:
    blocks = block_frame(workspace)
    bounds = tuple(blocks.geometry.to_crs(SRID).total_bounds)
    rivers = water_frame(session, scope, bounds=bounds).to_crs(blocks.crs).geometry
    roads = road_frame(session, scope, bounds=bounds).to_crs(blocks.crs).geometry
    return (rivers if len(rivers) else None), (roads if len(roads) else None)


def _draw(
    workspace: Workspace, options: DrawOptions, lines: tuple[Any, Any], keep_labels: bool, job: DrawJob
) -> NDArray[np.int64] | None:
    """(n,) labels, those past the taken numbers for new grids; None if it was stopped before there was a plan."""
    division = workspace.division
    still = np.array([grid is not None and (grid.locked or grid.dedicated) for grid in division.grids], dtype=bool)[
        division.label
    ]
    free = ~still
    if not free.any():
        raise RedrawError("Nothing would change: all grids are locked or dedicated.")
    blocks = block_frame(workspace)
    if not keep_labels:
        blocks = blocks[free]

    def labelled(drawn: pd.Series) -> NDArray[np.int64]:
        if keep_labels:
            label = drawn.to_numpy(dtype=np.int64)
            # Numbers of abolished grids are not given again.
            return np.where(np.isin(label, division.numbers), label, len(division.grids) + label)
        return _matched(workspace, drawn.to_numpy(dtype=np.int64), free)

    def tell(done: float, drawn: pd.Series | None) -> bool:
        job.progress = min(float(done), 0.999)
        if drawn is not None:
            job.grid = labelled(drawn).tolist()
        return not job.stop.is_set()

    drawn = draw_grids(
        blocks,
        target=options.target,
        tolerance=options.tolerance,
        parent=blocks["village_code"].to_numpy(),
        rivers=lines[0],
        roads=lines[1],
        nesting=options.nesting,
        effort=options.effort,
        seed=options.seed,
        previous=division.label if keep_labels else None,
        fixed=still if keep_labels else None,
        progress=tell,
    )
    return None if job.stop.is_set() and job.grid is None else labelled(drawn)


def _matched(workspace: Workspace, drawn: NDArray[np.int64], free: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Labels of all blocks: a new grid gets the number of the old one that it shares most households with."""
    division = workspace.division
    size = len(division.grids)
    both = np.asarray(division.label, dtype=np.int64).copy()
    both[free] = size + drawn
    fresh = redraw.divide(division.ground, both)
    match = redraw.compare(division, fresh).match.dropna().astype(int)
    old_of = {new: old for old, new in match[["old", "new"]].to_numpy().tolist() if new >= size}
    return np.array([old_of.get(label, label) for label in both.tolist()], dtype=np.int64)
