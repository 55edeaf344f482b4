"""What the library learns from corrections: this text, inside this town, means that point."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from shapely import Point
from sqlalchemy.orm import Session

from geo.address import Address, normalise, parse
from layers.geometry import to_sql
from layers.review.places import Place
from layers.review.texts import level_of_text, names_one_place, text_of
from layers.tables import AddressAlias, AliasKind, Report

MAX_TEXT = 400


def address_of(report: Report) -> Address:
    """The parsed text of a report."""
    return parse(text_of(report))


def learn(session: Session, report: Report, place: Place, *, by: str, now: datetime) -> dict[str, Any] | None:
    """Let the report's address stand for the place from today; gives the id of the alias and of those it replaces.

    The alias holds inside the town of the place. Nothing is learnt from a description, which is no address, nor from
    an address that names no single place: all reports from a road would else come to one point of it.
    """
    text, address = normalise(report.address_text or ""), address_of(report)
    if place.point is None or not text or len(text) > MAX_TEXT or not names_one_place(address):
        return None
    town, today = place.village_code[:9], now.date()
    older = session.scalars(
        sa.select(AddressAlias).where(
            AddressAlias.kind == AliasKind.CORRECTION,
            AddressAlias.text == text,
            AddressAlias.scope_code == town,
            AddressAlias.valid_to.is_(None),
        )
    ).all()
    for one in older:
        one.valid_to = today
    alias = AddressAlias(
        kind=AliasKind.CORRECTION,
        level=level_of_text(address),
        text=text,
        scope_code=town,
        valid_from=today,
        created_at=now,
        created_by=by,
        geom=to_sql([place.point])[0],
    )
    session.add(alias)
    session.flush()
    return {"id": alias.id, "retired": [one.id for one in older]}


def forget(session: Session, learnt: dict[str, Any] | None, *, by: str, now: datetime) -> None:
    """Take back what `learn` did; the alias stays as a row that was in force on no day.

    What it had replaced holds again from today, as a new row.
    """
    if learnt is None:
        return
    alias = session.get_one(AddressAlias, learnt["id"])
    alias.valid_to = alias.valid_from
    number: sa.Double[float] = sa.Double()
    place = (sa.func.ST_X(AddressAlias.geom, type_=number), sa.func.ST_Y(AddressAlias.geom, type_=number))
    for older, lon, lat in session.execute(
        sa.select(AddressAlias, *place).where(AddressAlias.id.in_(learnt["retired"]))
    ).all():
        session.add(
            AddressAlias(
                kind=older.kind,
                level=older.level,
                text=older.text,
                scope_code=older.scope_code,
                valid_from=now.date(),
                created_at=now,
                created_by=by,
                geom=to_sql([Point(lon, lat)])[0],
            )
        )
