"""Weekly statistics: the editions of closed weeks, their figures, and counts that come in from outside."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from layers.tables.base import Base, Code


class StatisticEdition(Base):
    """The figures of one ISO week as they were stated; a later version re-states the week, and none is changed.

    `cut_off` is the instant up to which the course of the reports was looked at. A new version keeps it, unless it is
    moved on purpose, so that versions differ by what came in late and by corrections. `scope_code` is the area that
    was closed.
    """

    __tablename__ = "statistic_edition"
    __table_args__ = (
        UniqueConstraint("week", "scope_code", "version"),
        CheckConstraint("version >= 1", name="version"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    week: Mapped[str] = mapped_column(String(8))
    scope_code: Mapped[Code]
    version: Mapped[int]
    cut_off: Mapped[datetime]
    closed_at: Mapped[datetime]
    closed_by: Mapped[str] = mapped_column(String(80))
    note: Mapped[str | None] = mapped_column(String(2000))
    unplaced: Mapped[int]


class StatisticValue(Base):
    """One figure of an edition; `value` is empty where `reason` says why there is none."""

    __tablename__ = "statistic_value"
    __table_args__ = (
        UniqueConstraint("edition_id", "level", "area_code", "kpi"),
        Index("ix_statistic_value_edition_id_area_code", "edition_id", "area_code"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("statistic_edition.id", ondelete="CASCADE"))
    level: Mapped[str] = mapped_column(String(8))
    area_code: Mapped[Code]
    kpi: Mapped[str] = mapped_column(String(32))
    numerator: Mapped[float | None]
    denominator: Mapped[float | None]
    minimum_base: Mapped[int]
    value: Mapped[float | None]
    reason: Mapped[str | None] = mapped_column(String(32))


class HouseholdVisit(Base):
    """How many households of a grid were visited in an ISO week: a count, not which ones and not by whom."""

    __tablename__ = "household_visit"
    __table_args__ = (CheckConstraint("households >= 0", name="count"),)

    grid_code: Mapped[Code] = mapped_column(primary_key=True)
    week: Mapped[str] = mapped_column(String(8), primary_key=True)
    households: Mapped[int]
    loaded_at: Mapped[datetime]


class IndicatorValue(Base):
    """An outcome figure of an area and week that other offices hand over, for the composite index.

    `value` is numerator ÷ denominator where there is a denominator, and the numerator itself where there is none.
    """

    __tablename__ = "indicator_value"

    area_code: Mapped[Code] = mapped_column(primary_key=True)
    week: Mapped[str] = mapped_column(String(8), primary_key=True)
    indicator: Mapped[str] = mapped_column(String(60), primary_key=True)
    numerator: Mapped[float]
    denominator: Mapped[float | None]
    loaded_at: Mapped[datetime]
