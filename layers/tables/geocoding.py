"""Where texts lie: other names of places, candidates in the review queue, and what officers decided."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from layers.tables.base import CODE, KEY, Base, Code, Loaded, geometry


class AddressLevel(StrEnum):
    """How far down a place is known, from the coarsest to the finest."""

    NONE = "NONE"
    PROVINCE = "PROVINCE"
    CITY = "CITY"
    COUNTY = "COUNTY"
    TOWN = "TOWN"
    VILLAGE = "VILLAGE"
    HAMLET = "HAMLET"
    ROAD = "ROAD"
    ESTATE = "ESTATE"
    NUMBER = "NUMBER"
    BUILDING = "BUILDING"
    UNIT = "UNIT"
    ROOM = "ROOM"


class AliasKind(StrEnum):
    """别名, 曾用名, 复核更正: a correction made in the review queue."""

    ALIAS = "ALIAS"
    FORMER_NAME = "FORMER_NAME"
    CORRECTION = "CORRECTION"


class ReviewAction(StrEnum):
    """采纳候选, 改正位置, 退问报告人, 无法定位, 撤回上一决定."""

    ACCEPT = "ACCEPT"
    CORRECT = "CORRECT"
    ASK = "ASK"
    GIVE_UP = "GIVE_UP"
    UNDO = "UNDO"


class AddressAlias(Base):
    """Another name of a standard address, of an area or of a point.

    `text` is what people write and `level` what it names. It stands for exactly one of: `name`, the standard name at
    that level; `address_key`, a standard address; `area_code`, a village or town; `geom`, a point of its own.
    `scope_code` is the area inside which the alias holds, empty for everywhere.
    """

    __tablename__ = "address_alias"
    __table_args__ = (Index("ix_address_alias_text", "text"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    level: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(String(400))
    scope_code: Mapped[str] = mapped_column(CODE, default="")
    name: Mapped[str | None] = mapped_column(String(400))
    address_key: Mapped[str | None] = mapped_column(KEY, index=True)
    area_code: Mapped[str | None] = mapped_column(CODE)
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))
    geom = geometry("POINT", nullable=True)


class ReportCandidate(Base):
    """A place that a report in the review queue may mean; rank 1 is the likeliest.

    `confidence` is the probability that the report belongs to the grid, `radius_m` how far off the point may be, and
    `trace` names each part of the text, the record of the library it was taken for, and how.
    """

    __tablename__ = "report_candidate"
    __table_args__ = (UniqueConstraint("report_id", "rank"), CheckConstraint("rank >= 1", name="rank"))

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id", ondelete="CASCADE"))
    rank: Mapped[int]
    label: Mapped[str] = mapped_column(String(400))
    level: Mapped[str] = mapped_column(String(16))
    address_key: Mapped[str | None] = mapped_column(KEY)
    village_code: Mapped[str | None] = mapped_column(CODE)
    grid_code: Mapped[str | None] = mapped_column(CODE)
    confidence: Mapped[float]
    radius_m: Mapped[float | None]
    trace: Mapped[list[Any]] = mapped_column(JSON)
    geom = geometry("POINT", nullable=True)


class ReviewDecision(Base):
    """What an officer decided about a report in the review queue; rows are only added.

    `suggested` is the grid of the first candidate at that time and `confidence` its confidence: together with
    `grid_code` they tell how good the suggestions are.
    """

    __tablename__ = "review_decision"
    __table_args__ = (Index("ix_review_decision_at", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(16))
    rank: Mapped[int | None]
    suggested: Mapped[str | None] = mapped_column(CODE)
    confidence: Mapped[float | None]
    village_code: Mapped[str | None] = mapped_column(CODE)
    grid_code: Mapped[str | None] = mapped_column(CODE)
    waited_s: Mapped[float]
    alias_id: Mapped[int | None] = mapped_column(ForeignKey("address_alias.id"))


class Place(Base, Loaded):
    """A named point: a hamlet (自然村), an estate (小区) or a landmark; `kind` is a word of the source."""

    __tablename__ = "place"

    id: Mapped[int] = mapped_column(primary_key=True)
    place_key: Mapped[str] = mapped_column(KEY, unique=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str | None] = mapped_column(String(60))
    households: Mapped[int | None]
    village_code: Mapped[str | None] = mapped_column(CODE, index=True)
    geom = geometry("POINT")


class Division(Base):
    """A name of the official list of divisions, from province to village; upper levels of the address library."""

    __tablename__ = "division"

    code: Mapped[Code] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
