"""Reports (events of the event chain) and their append-only history."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from layers.tables.base import CODE, KEY, Base, Loaded, Located, geometry
from layers.tables.workflow import Supervision, Urgency


class ReportState(StrEnum):
    """Where a report stands in the event chain."""

    DRAFT = "DRAFT"
    REPORTED = "REPORTED"
    ACCEPTED = "ACCEPTED"
    DISPATCHED = "DISPATCHED"
    IN_PROGRESS = "IN_PROGRESS"
    HANDLED = "HANDLED"
    CLOSED = "CLOSED"
    FOLLOWED_UP = "FOLLOWED_UP"
    RETURNED = "RETURNED"
    ESCALATED = "ESCALATED"
    MERGED = "MERGED"
    VOID = "VOID"

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to act."""
        return self not in CLOSED_STATES


CLOSED_STATES = (ReportState.CLOSED, ReportState.FOLLOWED_UP, ReportState.MERGED, ReportState.VOID)


class ReportCategory(StrEnum):
    """The category tree's first level."""

    DISPUTE = "DISPUTE"
    SAFETY = "SAFETY"
    SERVICE = "SERVICE"
    OPINION = "OPINION"
    LAW = "LAW"
    EMERGENCY = "EMERGENCY"
    CITY_EVENT = "CITY_EVENT"
    CITY_ASSET = "CITY_ASSET"
    ROUTE_SAFETY = "ROUTE_SAFETY"
    VIDEO_FAULT = "VIDEO_FAULT"
    IOT_ALARM = "IOT_ALARM"
    OTHER = "OTHER"


class ReportSource(StrEnum):
    """Who brought the report."""

    PATROL = "PATROL"
    PUBLIC = "PUBLIC"
    IOT = "IOT"
    SUPERIOR = "SUPERIOR"
    HOTLINE_12345 = "HOTLINE_12345"
    VIDEO_DUTY = "VIDEO_DUTY"
    POLICE_NON_EMERGENCY = "POLICE_NON_EMERGENCY"


class Assignment(StrEnum):
    """How a report came to its grid, or why it has none.

    By its point: inside, nearest, outside; by its address text; waiting in the review queue; decided there; no place.
    """

    INSIDE = "INSIDE"
    NEAREST = "NEAREST"
    OUTSIDE = "OUTSIDE"
    ADDRESS = "ADDRESS"
    REVIEW = "REVIEW"
    REVIEWED = "REVIEWED"
    NO_PLACE = "NO_PLACE"


class Report(Base, Loaded, Located):
    """A matter somebody reported, with a point, a text address or neither; nothing about who reported it.

    `held_by` is the area whose office has to act now, `due_at` the first deadline and `extended_until` the one that
    was granted later. `confidence` is the probability that the grid is right where an address text led to it,
    `address_level` how far down the text is known, `radius_m` how far off the place may be. `scale` is 1 个体性, 2
    一般群体性 or 3 重大群体性; `legacy` marks 历史遗留.
    """

    __tablename__ = "report"
    __table_args__ = (
        Index("ix_report_reported_at_category", "reported_at", "category"),
        Index("ix_report_grid_code_category_reported_at", "grid_code", "category", "reported_at"),
        Index("ix_report_assignment_reported_at", "assignment", "reported_at"),
        Index("ix_report_address_text_category_reported_at", "address_text", "category", "reported_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    report_key: Mapped[str] = mapped_column(KEY, unique=True)
    reported_at: Mapped[datetime]
    category: Mapped[str] = mapped_column(String(20), index=True)
    subtype: Mapped[str | None] = mapped_column(String(60))
    source: Mapped[str] = mapped_column(String(24))
    severity: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(16), default=ReportState.REPORTED, index=True)
    description: Mapped[str | None] = mapped_column(Text)
    address_text: Mapped[str | None] = mapped_column(String(400))
    closed_at: Mapped[datetime | None]
    assignment: Mapped[str | None] = mapped_column(String(16))
    distance_m: Mapped[float | None]
    confidence: Mapped[float | None]
    radius_m: Mapped[float | None]
    address_level: Mapped[str | None] = mapped_column(String(16))
    address_key: Mapped[str | None] = mapped_column(KEY)
    held_by: Mapped[str | None] = mapped_column(CODE)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    extended_until: Mapped[datetime | None] = mapped_column(index=True)
    extension: Mapped[str | None] = mapped_column(String(16))
    extension_days: Mapped[int | None]
    supervision: Mapped[str] = mapped_column(String(16), default=Supervision.NONE)
    urgency: Mapped[str] = mapped_column(String(16), default=Urgency.NORMAL)
    legacy: Mapped[bool] = mapped_column(default=False)
    scale: Mapped[int | None]
    satisfaction: Mapped[str | None] = mapped_column(String(16))
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("report.id"))
    revision: Mapped[int] = mapped_column(default=1)
    geom = geometry("POINT", nullable=True)

    __mapper_args__ = {"version_id_col": revision}


class ReportEvent(Base):
    """One step in a report's course; rows are only added.

    `org_code` is the area of whoever took it; `attachments` describe files (name, type, digest), not hold them.
    """

    __tablename__ = "report_event"
    __table_args__ = (
        UniqueConstraint("report_id", "sequence"),
        Index("ix_report_event_at_report_id", "at", "report_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id", ondelete="CASCADE"))
    sequence: Mapped[int]
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))
    step: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    note: Mapped[str | None] = mapped_column(String(2000))
    org_code: Mapped[str | None] = mapped_column(CODE)
    attachments: Mapped[list[Any] | None] = mapped_column(JSON)
