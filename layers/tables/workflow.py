"""The work flow around reports: who acts, what may be given to whom, and which reports belong together."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from layers.tables.base import Base, Code


class Platform(StrEnum):
    """The four platforms of a township (四平台)."""

    PUBLIC_ORDER = "PUBLIC_ORDER"
    MARKET = "MARKET"
    ENFORCEMENT = "ENFORCEMENT"
    SERVICE = "SERVICE"


class HandlingLevel(StrEnum):
    """Which tier may be given a matter: 网格, 村(社区), 镇(乡、街道), 县(市、区)."""

    CELL = "CELL"
    VILLAGE = "VILLAGE"
    TOWN = "TOWN"
    COUNTY = "COUNTY"


class TimeUnit(StrEnum):
    """In what a deadline is counted (工作时, 工作日, 小时, 日)."""

    WORKING_HOURS = "WORKING_HOURS"
    WORKING_DAYS = "WORKING_DAYS"
    HOURS = "HOURS"
    DAYS = "DAYS"


class Supervision(StrEnum):
    """督办: it only rises, in this order, until it is cancelled."""

    NONE = "NONE"
    ORDINARY = "ORDINARY"
    YELLOW = "YELLOW"
    RED = "RED"


class Urgency(StrEnum):
    """普通, 紧急."""

    NORMAL = "NORMAL"
    URGENT = "URGENT"


class ExtensionState(StrEnum):
    """Where a request for more time stands (延期)."""

    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"


class Satisfaction(StrEnum):
    """What the follow-up found (回访)."""

    YES = "YES"
    NO = "NO"
    NOT_REACHED = "NOT_REACHED"


class LinkKind(StrEnum):
    """Why two reports belong together: they look alike, or one was merged into the other (并案)."""

    DUPLICATE = "DUPLICATE"
    MERGED = "MERGED"


class Team(Base):
    """The office that acts in an area, with the telephone of the office; without a platform it takes every matter."""

    __tablename__ = "team"
    __table_args__ = (UniqueConstraint("area_code", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    phone: Mapped[str | None] = mapped_column(String(40))
    area_code: Mapped[Code]
    platform: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime]


class CatalogueItem(Base):
    """A matter of the catalogue (准入制度): which levels may be given it, and how long it may take.

    An empty subtype stands for every matter of the category that has no item of its own.
    """

    __tablename__ = "catalogue_item"
    __table_args__ = (
        UniqueConstraint("category", "subtype"),
        CheckConstraint("deadline_amount > 0", name="deadline"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(String(20))
    subtype: Mapped[str] = mapped_column(String(60), default="")
    name: Mapped[str] = mapped_column(String(120))
    levels: Mapped[list[Any]] = mapped_column(JSON)
    deadline_amount: Mapped[int]
    deadline_unit: Mapped[str] = mapped_column(String(16))
    platform: Mapped[str | None] = mapped_column(String(16))


class ReportLink(Base):
    """Two reports that belong together; `score` from 0 to 1 and the reason say why. Neither is ever dropped."""

    __tablename__ = "report_link"
    __table_args__ = (UniqueConstraint("report_id", "other_id", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id", ondelete="CASCADE"))
    other_id: Mapped[int] = mapped_column(ForeignKey("report.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    score: Mapped[float]
    reason: Mapped[str] = mapped_column(String(400))
    at: Mapped[datetime]


class IntakeFile(Base):
    """A file that was found in a watched folder; its content is loaded once, whatever its name."""

    __tablename__ = "intake_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    file_name: Mapped[str] = mapped_column(String(300))
    layer: Mapped[str] = mapped_column(String(20))
    loaded_at: Mapped[datetime]
    counts: Mapped[dict[str, Any]] = mapped_column(JSON)
