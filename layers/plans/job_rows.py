"""Drawings in the database: any process can see how far one is, ask it to stop, and keep what a lost one left."""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from layers.access import Principal
from layers.errors import InvalidStateError, StaleRevisionError
from layers.plans.drawing import store_grids
from layers.plans.editing import store_drawing
from layers.plans.history import open_draft
from layers.plans.workspace import block_frame, open_workspace
from layers.tables import SRID, DrawJob, DrawState, Plan

LOST_AFTER = timedelta(seconds=60)
"""A drawing tells of itself every few seconds; one that has not for so long has lost its process."""

LOST = "The process that drew has ended; what it had drawn until then is kept, and stopping the drawing stores it."


def last_job(session: Session, plan_id: int) -> DrawJob | None:
    """The newest drawing of a plan."""
    statement = sa.select(DrawJob).where(DrawJob.plan_id == plan_id).order_by(DrawJob.id.desc()).limit(1)
    return session.scalar(statement.execution_options(populate_existing=True))


def is_lost(job: DrawJob, now: datetime) -> bool:
    """Whether a drawing says that it runs, and nobody draws it any more."""
    return job.state == DrawState.RUNNING and now - job.seen_at > LOST_AFTER


def begin_job(
    session: Session, plan_id: int, params: dict[str, Any], *, base_revision: int, by: str, now: datetime
) -> DrawJob:
    """A new running drawing of a draft that the session holds.

    Raises
    ------
    InvalidStateError : another one is running
    """
    other = last_job(session, plan_id)
    if other is not None and is_lost(other, now):
        end_job(other, DrawState.FAILED, now, error=LOST)
    elif other is not None and other.state == DrawState.RUNNING:
        raise InvalidStateError("plan", "DRAFT", "drawn twice at a time", ["stop"])
    job = DrawJob(plan_id=plan_id, params=params, base_revision=base_revision, by=by, started_at=now, seen_at=now)
    session.add(job)
    session.flush()
    return job


def end_job(
    job: DrawJob, state: DrawState, now: datetime, *, revision: int | None = None, error: str | None = None
) -> None:
    """Note how a drawing ended."""
    job.state, job.ended_at, job.seen_at = state, now, now
    job.stored_revision, job.error = revision, None if error is None else error[:1000]
    if state == DrawState.DONE:
        job.progress = 1.0


def store_result(
    session: Session, principal: Principal, job: DrawJob, labels: NDArray[np.int64], now: datetime
) -> NDArray[np.int64]:
    """Put (n,) labels of a drawing into its plan and note the new revision; returns the numbers that the grids got.

    A new plan begins with these grids; a draft that was drawn again has them as one edit.

    Raises
    ------
    StaleRevisionError : the plan was edited since; others as for an edit
    """
    plan = open_draft(session, principal, job.plan_id, revision=job.base_revision)
    if job.params.get("new"):
        workspace = open_workspace(session, plan)
        blocks = block_frame(workspace)
        blocks["degrees"] = gpd.GeoSeries(workspace.degrees, index=blocks.index, crs=SRID)
        store_grids(session, plan, blocks, workspace.block_ids, labels)
        renew(session, plan)
        job.stored_revision = plan.revision
        return np.asarray(open_workspace(session, plan).division.label, dtype=np.int64)
    if np.array_equal(labels, open_workspace(session, plan).division.label) and not _other_options(plan.options, job):
        job.stored_revision = plan.revision
        return labels
    params = {name: value for name, value in job.params.items() if name != "new"}
    done = store_drawing(session, principal, plan.id, labels, params, now=now, revision=job.base_revision)
    job.stored_revision = done.workspace.revision
    return np.asarray(done.workspace.division.label, dtype=np.int64)


def renew(session: Session, plan: Plan) -> None:
    """Count a change of a plan's grids that is no edit of their history."""
    table: Any = Plan.__table__
    session.execute(sa.update(table).where(table.c.id == plan.id).values(revision=table.c.revision + 1))
    session.refresh(plan)


def keep_best(session: Session, principal: Principal, job: DrawJob, now: datetime) -> None:
    """Store what a lost drawing had reached, if the plan has not changed since; the drawing ends either way."""
    labels = unpacked(job.picture)
    if labels is None:
        end_job(job, DrawState.FAILED, now, error=LOST)
        return
    try:
        job.picture = packed(store_result(session, principal, job, labels, now))
    except StaleRevisionError as error:
        end_job(job, DrawState.FAILED, now, error=str(error))
    else:
        end_job(job, DrawState.CANCELLED, now, revision=job.stored_revision)


def packed(labels: NDArray[np.int64]) -> bytes:
    """(n,) labels as the table keeps them."""
    return zlib.compress(np.asarray(labels, dtype="<i4").tobytes(), 1)


def unpacked(picture: bytes | None) -> NDArray[np.int64] | None:
    """The (n,) labels of a picture, None for none."""
    return None if picture is None else np.frombuffer(zlib.decompress(picture), dtype="<i4").astype(np.int64)


def _other_options(options: dict[str, Any], job: DrawJob) -> bool:
    return any(options.get(name) != value for name, value in job.params.items() if name not in {"new", "keep_labels"})
