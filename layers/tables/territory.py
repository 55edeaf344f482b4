"""Territory: grids of all levels, the plans that draw them, who came from whom, and the blocks they are built of."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from layers.tables.base import CODE, KEY, Base, Code, Loaded, geometry


class GridLevel(StrEnum):
    """The nested levels, from large to small (镇, 村, 网格, 微网格)."""

    TOWN = "TOWN"
    VILLAGE = "VILLAGE"
    CELL = "CELL"
    MICRO = "MICRO"


class GridKind(StrEnum):
    """综合网格 or 专属网格; of a village: 村 or 社区."""

    BASE = "BASE"
    DEDICATED = "DEDICATED"


class PlanState(StrEnum):
    """Where a plan stands."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    PUBLISHED = "PUBLISHED"
    SUPERSEDED = "SUPERSEDED"
    WITHDRAWN = "WITHDRAWN"


class DrawState(StrEnum):
    """Where a drawing stands."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


class LineageOp(StrEnum):
    """How a new grid came from an old one."""

    CREATE = "CREATE"
    SPLIT = "SPLIT"
    MERGE = "MERGE"
    ABOLISH = "ABOLISH"
    REDRAW = "REDRAW"
    RENAME = "RENAME"
    REPARENT = "REPARENT"
    CONVERT = "CONVERT"


class Plan(Base):
    """A dated edition of the grids of one scope.

    `head` is the sequence of the newest edit that has not been undone, `numbers` how many grid numbers are taken;
    empty until the first edit. `converted` names the villages that get another code with the plan: old code ->
    {"code", "name"}. A published plan has `activated_at` from the moment its first day had come and what lies in its
    grids was re-homed.
    """

    __tablename__ = "plan"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    scope_code: Mapped[Code] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(String(16), default=PlanState.DRAFT)
    based_on: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    converted: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    activated_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))
    head: Mapped[int] = mapped_column(default=0)
    numbers: Mapped[int | None]
    revision: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": revision}


class PlanEdit(Base):
    """One edit of a draft; rows are only added, so that each can be taken back and made again for ever.

    `head` is the sequence of the edit whose result the plan shows after this row, 0 for the plan as it was drawn. An
    undo or redo is a row of its own and `refers_to` the edit it takes back or repeats; of any other row `parent` is
    the head it was made on, and what was undone before it cannot be repeated any more.
    """

    __tablename__ = "plan_edit"
    __table_args__ = (
        UniqueConstraint("plan_id", "sequence"),
        Index("ix_plan_edit_plan_id_parent", "plan_id", "parent"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"))
    sequence: Mapped[int]
    op: Mapped[str] = mapped_column(String(16))
    params: Mapped[dict[str, Any]] = mapped_column(JSON)
    record: Mapped[dict[str, Any]] = mapped_column(JSON)
    parent: Mapped[int | None]
    head: Mapped[int]
    refers_to: Mapped[int | None]
    moved_households: Mapped[int]
    revision: Mapped[int]
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))


class DrawJob(Base):
    """A drawing in the background: any process can watch and stop it, only the one that began it goes on with it.

    `picture` holds the best so far as zlib of little-endian 32-bit numbers, one for each block in the order of ids;
    `stored_revision` is the plan's once the result is stored. A running job whose `seen_at` is old has lost its
    process.
    """

    __tablename__ = "draw_job"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(16), default=DrawState.RUNNING)
    params: Mapped[dict[str, Any]] = mapped_column(JSON)
    progress: Mapped[float] = mapped_column(default=0.0)
    picture: Mapped[bytes | None]
    base_revision: Mapped[int]
    stored_revision: Mapped[int | None]
    stop_wanted: Mapped[bool] = mapped_column(default=False)
    error: Mapped[str | None] = mapped_column(String(1000))
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    by: Mapped[str] = mapped_column(String(80))


class PlanEvent(Base):
    """One step in the life of a plan; rows are only added.

    `note` is the reason that somebody gave. Of a branch it is the number of the plan it was begun from, of an import
    the name of the file, and of a conversion the pairs of codes.
    """

    __tablename__ = "plan_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))
    step: Mapped[str] = mapped_column(String(32))
    note: Mapped[str | None] = mapped_column(String(2000))


class Grid(Base, Loaded):
    """A town, village, grid or micro-grid in one edition.

    `valid_from` is empty while the row belongs to a plan that was never published; `valid_to` is exclusive and empty
    while the row is in force; `ended_by` is the number of the plan that ended it. `grid_id` stays the same from edition
    to edition, `code` is never given twice. `number` tells the grids of a plan apart while it is edited; a locked grid
    does not change.
    """

    __tablename__ = "grid"
    __table_args__ = (
        UniqueConstraint("plan_id", "code"),
        CheckConstraint("valid_to IS NULL OR valid_from IS NOT NULL", name="dates"),
        Index("ix_grid_code_valid_from", "code", "valid_from"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    grid_id: Mapped[str] = mapped_column(String(36), default=lambda: str(uuid4()), index=True)
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"), index=True)
    level: Mapped[str] = mapped_column(String(8), index=True)
    code: Mapped[Code]
    parent_code: Mapped[str | None] = mapped_column(CODE, index=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16), default=GridKind.BASE)
    households: Mapped[int | None]
    area_m2: Mapped[float]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    digest: Mapped[str] = mapped_column(String(32), default="")
    ended_by: Mapped[int | None]
    number: Mapped[int | None]
    locked: Mapped[bool] = mapped_column(default=False)
    revision: Mapped[int] = mapped_column(default=1)
    geom = geometry("MULTIPOLYGON")

    __mapper_args__ = {"version_id_col": revision}


class GridLineage(Base):
    """Who came from whom when a plan was published; shares are of the old grid's households and area."""

    __tablename__ = "grid_lineage"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"), index=True)
    old_code: Mapped[str | None] = mapped_column(CODE, index=True)
    new_code: Mapped[str | None] = mapped_column(CODE, index=True)
    op: Mapped[str] = mapped_column(String(16))
    share_households: Mapped[float | None]
    share_area: Mapped[float | None]


class Block(Base, Loaded):
    """A building block: a few households that always go to a grid together."""

    __tablename__ = "block"

    id: Mapped[int] = mapped_column(primary_key=True)
    block_key: Mapped[str] = mapped_column(KEY, unique=True)
    village_code: Mapped[Code] = mapped_column(index=True)
    households: Mapped[int]
    geom = geometry("MULTIPOLYGON")


class PlanBlock(Base):
    """Which grid a plan gives a block to."""

    __tablename__ = "plan_block"

    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True)
    block_id: Mapped[int] = mapped_column(ForeignKey("block.id", ondelete="CASCADE"), primary_key=True)
    grid_code: Mapped[Code] = mapped_column(index=True)
