"""What all tables share: column types that mean the same in both databases, and the marks of origin and revision."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from geoalchemy2 import Geometry
from sqlalchemy import DateTime, Dialect, ForeignKey, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.types import TypeDecorator

SRID = 4326


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in Python, always UTC in the database (SQLite keeps no offset)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored instant needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# Codes are compared by prefix ranges, so both databases must sort them by code point.
CODE = String(32).with_variant(String(32, collation="C"), "postgresql")
KEY = String(128).with_variant(String(128, collation="C"), "postgresql")

Code = Annotated[str, mapped_column(CODE)]
Key = Annotated[str, mapped_column(KEY)]


class Base(DeclarativeBase):
    """Root of the models; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime}


def geometry(kind: str, *, nullable: bool = False) -> Any:
    """A column of `kind` geometries in EPSG:4326 with a spatial index."""
    return mapped_column(Geometry(kind, srid=SRID, spatial_index=True, nullable=nullable), nullable=nullable)


class Loaded:
    """Rows that come from files: which load brought them, and a digest that tells whether a new load changes them."""

    digest: Mapped[str] = mapped_column(String(32))

    @declared_attr
    def load_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("load.id"))


class Located:
    """Rows that lie in a village and a grid; both codes are of the plan in force when they were assigned.

    Grid codes are retired and never reused, so a code alone names the grid for ever.
    """

    @declared_attr
    def village_code(cls) -> Mapped[str | None]:
        return mapped_column(CODE, index=True)

    @declared_attr
    def grid_code(cls) -> Mapped[str | None]:
        return mapped_column(CODE, index=True)
