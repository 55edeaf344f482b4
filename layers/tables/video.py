"""Cameras as assets, and what they see. No recording, no recognition, no device password."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from layers.tables.base import CODE, KEY, Base, Code, Loaded, Located, geometry


class Camera(Base, Loaded, Located):
    """One camera's asset record; the attribute codes are those of the GB/T 28181-2022 catalogue."""

    __tablename__ = "camera"
    __table_args__ = (
        CheckConstraint("bearing_deg IS NULL OR (bearing_deg >= 0 AND bearing_deg < 360)", name="bearing"),
        CheckConstraint("fov_deg IS NULL OR (fov_deg > 0 AND fov_deg <= 360)", name="fov"),
        CheckConstraint("range_m IS NULL OR range_m > 0", name="range"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    camera_id: Mapped[str] = mapped_column(KEY, unique=True)
    name: Mapped[str | None] = mapped_column(String(200))
    bearing_deg: Mapped[float | None]
    fov_deg: Mapped[float | None]
    range_m: Mapped[float | None]
    height_m: Mapped[float | None]
    ptz_type: Mapped[int | None]
    point_class: Mapped[int | None]
    position_type: Mapped[str | None] = mapped_column(String(40))
    room_type: Mapped[int | None]
    supply_light: Mapped[int | None]
    imaging: Mapped[int | None]
    site_category: Mapped[str | None] = mapped_column(String(20))
    asset_state: Mapped[int | None]
    management_unit: Mapped[str | None] = mapped_column(String(200))
    install_time: Mapped[date | None]
    record_days: Mapped[int | None]
    address_text: Mapped[str | None] = mapped_column(String(400))
    revision: Mapped[int] = mapped_column(default=1)
    geom = geometry("POINT")

    __mapper_args__ = {"version_id_col": revision}


class Isovist(Base):
    """What a camera sees between the obstacles, as computed from the records of `computed_at`."""

    __tablename__ = "isovist"

    camera_pk: Mapped[int] = mapped_column(ForeignKey("camera.id", ondelete="CASCADE"), primary_key=True)
    area_m2: Mapped[float]
    computed_at: Mapped[datetime]
    geom = geometry("MULTIPOLYGON")


class GridSight(Base):
    """How much of a grid's settled open space cameras see; computed together with the gaps."""

    __tablename__ = "grid_sight"

    grid_code: Mapped[Code] = mapped_column(primary_key=True)
    village_code: Mapped[str | None] = mapped_column(CODE, index=True)
    settled_m2: Mapped[float]
    seen_m2: Mapped[float]
    cameras: Mapped[int]
    computed_at: Mapped[datetime]


class Gap(Base):
    """A connected part of a grid's settled open space that no camera sees; rank 1 has most households around it."""

    __tablename__ = "gap"

    id: Mapped[int] = mapped_column(primary_key=True)
    village_code: Mapped[str | None] = mapped_column(CODE, index=True)
    grid_code: Mapped[str | None] = mapped_column(CODE, index=True)
    rank: Mapped[int]
    area_m2: Mapped[float]
    households: Mapped[int]
    computed_at: Mapped[datetime]
    geom = geometry("MULTIPOLYGON")
