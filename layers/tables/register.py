"""The register of places: households as counts, standard addresses, and the base map of buildings, roads and water."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from layers.tables.base import CODE, KEY, Base, Loaded, Located, geometry


class Household(Base, Loaded, Located):
    """How many households live at a point; a count, never names."""

    __tablename__ = "household"
    __table_args__ = (CheckConstraint("households >= 0", name="count"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    household_key: Mapped[str] = mapped_column(KEY, unique=True)
    households: Mapped[int]
    address_key: Mapped[str | None] = mapped_column(KEY, index=True)
    geom = geometry("POINT")


class Address(Base, Loaded, Located):
    """A standard address: one row for each place that can be addressed."""

    __tablename__ = "address"
    __table_args__ = (Index("ix_address_road_number", "road", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    address_key: Mapped[str] = mapped_column(KEY, unique=True)
    province: Mapped[str | None] = mapped_column(String(80))
    city: Mapped[str | None] = mapped_column(String(80))
    county: Mapped[str | None] = mapped_column(String(80))
    town: Mapped[str | None] = mapped_column(String(80))
    village: Mapped[str | None] = mapped_column(String(80))
    hamlet: Mapped[str | None] = mapped_column(String(80))
    group_no: Mapped[str | None] = mapped_column(String(40))
    road: Mapped[str | None] = mapped_column(String(120))
    lane: Mapped[str | None] = mapped_column(String(80))
    number: Mapped[str | None] = mapped_column(String(40))
    estate: Mapped[str | None] = mapped_column(String(120))
    building: Mapped[str | None] = mapped_column(String(40))
    unit: Mapped[str | None] = mapped_column(String(40))
    floor: Mapped[str | None] = mapped_column(String(40))
    room: Mapped[str | None] = mapped_column(String(40))
    full_text: Mapped[str] = mapped_column(String(400), index=True)
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    geom = geometry("POINT")


class Building(Base, Loaded):
    """A footprint: base map, obstacle to cameras, seed of blocks."""

    __tablename__ = "building"

    id: Mapped[int] = mapped_column(primary_key=True)
    building_key: Mapped[str] = mapped_column(KEY, unique=True)
    name: Mapped[str | None] = mapped_column(String(200))
    kind: Mapped[str | None] = mapped_column(String(60))
    levels: Mapped[int | None]
    height_m: Mapped[float | None]
    village_code: Mapped[str | None] = mapped_column(CODE, index=True)
    geom = geometry("MULTIPOLYGON")


class Road(Base, Loaded):
    """A stretch of road; `road_class` is a word of the source (trunk, street, lane …)."""

    __tablename__ = "road"

    id: Mapped[int] = mapped_column(primary_key=True)
    road_key: Mapped[str] = mapped_column(KEY, unique=True)
    name: Mapped[str | None] = mapped_column(String(200))
    road_class: Mapped[str | None] = mapped_column(String(60))
    bridge: Mapped[bool] = mapped_column(default=False)
    geom = geometry("MULTILINESTRING")


class Water(Base, Loaded):
    """A river, canal or lake, as a line or a polygon."""

    __tablename__ = "water"

    id: Mapped[int] = mapped_column(primary_key=True)
    water_key: Mapped[str] = mapped_column(KEY, unique=True)
    name: Mapped[str | None] = mapped_column(String(200))
    kind: Mapped[str | None] = mapped_column(String(60))
    geom = geometry("GEOMETRY")
