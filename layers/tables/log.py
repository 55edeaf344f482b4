"""What happened: loads of files, the audit trail, and events waiting to be told to others."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from layers.tables.base import Base, Code


class Load(Base):
    """One file that was loaded, and what became of its rows."""

    __tablename__ = "load"

    id: Mapped[int] = mapped_column(primary_key=True)
    layer: Mapped[str] = mapped_column(String(20))
    file_name: Mapped[str] = mapped_column(String(300))
    sha256: Mapped[str] = mapped_column(String(64))
    crs: Mapped[str] = mapped_column(String(80))
    loaded_at: Mapped[datetime]
    counts: Mapped[dict[str, Any]] = mapped_column(JSON)


class Audit(Base):
    """Who did what to what; rows are only added."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(60), index=True)
    subject: Mapped[str] = mapped_column(String(200))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


class Outbox(Base):
    """An event written in the transaction that caused it; whoever passes it on reads by `id`."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(String(60))
    scope_code: Mapped[Code]
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
