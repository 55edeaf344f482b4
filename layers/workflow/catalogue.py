"""The catalogue of matters (准入制度): loaded from a table, asked who may be given a matter and when it is due."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import EVERYWHERE, OPERATOR, Permission, Principal
from layers.calendar import MAX_AMOUNT, WorkCalendar
from layers.errors import InvalidInputError, NotInCatalogueError, UnreadableFileError
from layers.tables import Audit, CatalogueItem, HandlingLevel, Platform, ReportCategory, TimeUnit

FIELDS = ("category", "subtype", "name", "levels", "deadline", "unit", "platform")


@dataclass(frozen=True)
class CatalogueLoad:
    """What became of the rows of a table."""

    inserted: int
    updated: int
    unchanged: int


def ensure_catalogue(session: Session, *, now: datetime) -> int:
    """Load the table that comes with the software where the catalogue is empty; returns how many matters."""
    if session.scalar(sa.select(CatalogueItem.id).limit(1)) is not None:
        return 0
    return load_catalogue(session, OPERATOR, now=now).inserted


def load_catalogue(session: Session, principal: Principal, path: Path | None = None, *, now: datetime) -> CatalogueLoad:
    """Add and change items by a CSV table in UTF-8, all or none; without a path the table that comes with the software.

    Its columns are category, subtype (empty: the whole category), name, levels (words of CELL VILLAGE TOWN COUNTY),
    deadline, unit and platform (may be empty). Items that the table leaves out stay.

    Raises
    ------
    ForbiddenError : no right to administer, or the account is confined to an area, since the catalogue is everybody's
    UnreadableFileError : the file cannot be read, or columns are missing
    InvalidInputError : a row makes no sense; the text names its line
    """
    _require_everywhere(principal)
    stored = {(item.category, item.subtype): item for item in session.scalars(sa.select(CatalogueItem))}
    counts = {"inserted": 0, "updated": 0, "unchanged": 0}
    for values in read_catalogue(path):
        item = stored.get((values["category"], values["subtype"]))
        if item is None:
            session.add(CatalogueItem(**values))
            counts["inserted"] += 1
        elif any(getattr(item, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(item, name, value)
            counts["updated"] += 1
        else:
            counts["unchanged"] += 1
    session.add(Audit(at=now, by=principal.name, action="catalogue.load", subject="catalogue", detail=dict(counts)))
    session.flush()
    return CatalogueLoad(**counts)


def set_item(
    session: Session,
    principal: Principal,
    *,
    category: str,
    subtype: str,
    name: str,
    levels: Sequence[str],
    deadline_amount: int,
    deadline_unit: str,
    platform: str | None = None,
    now: datetime,
) -> CatalogueItem:
    """Add a matter, or change the one of that category and subtype.

    Raises
    ------
    ForbiddenError : as `load_catalogue`
    InvalidInputError : a value makes no sense
    """
    _require_everywhere(principal)
    row = {"category": category, "subtype": subtype, "name": name, "levels": " ".join(levels), "unit": deadline_unit}
    try:
        values = _values(row | {"deadline": str(deadline_amount), "platform": platform})
    except ValueError as error:
        raise InvalidInputError(f"{error}.") from None
    item = exact_item(session, category, values["subtype"])
    if item is None:
        item = CatalogueItem(**values)
        session.add(item)
    for column, value in values.items():
        setattr(item, column, value)
    session.add(Audit(at=now, by=principal.name, action="catalogue.set", subject=f"matter {name}", detail=values))
    session.flush()
    return item


def remove_item(session: Session, principal: Principal, item: CatalogueItem, *, now: datetime) -> None:
    """Take a matter out of the catalogue; reports keep the deadlines they have.

    Raises
    ------
    ForbiddenError : as `load_catalogue`
    """
    _require_everywhere(principal)
    detail = {"category": item.category, "subtype": item.subtype}
    session.delete(item)
    session.add(
        Audit(at=now, by=principal.name, action="catalogue.remove", subject=f"matter {item.name}", detail=detail)
    )
    session.flush()


def _require_everywhere(principal: Principal) -> None:
    principal.require(Permission.ADMINISTER)
    if principal.scope != EVERYWHERE:
        principal.scope.require(None)


def exact_item(session: Session, category: str, subtype: str) -> CatalogueItem | None:
    """The item of just that category and subtype."""
    return session.scalar(
        sa.select(CatalogueItem).where(CatalogueItem.category == category, CatalogueItem.subtype == subtype.strip())
    )


def list_catalogue(session: Session) -> Sequence[CatalogueItem]:
    """All items, in the order of their categories and subtypes."""
    return session.scalars(sa.select(CatalogueItem).order_by(CatalogueItem.category, CatalogueItem.subtype)).all()


def read_catalogue(path: Path | None = None) -> list[dict[str, Any]]:
    """The rows of a table as values of `CatalogueItem`; see `load_catalogue`."""
    source = files("layers.workflow") / "default_catalogue.csv" if path is None else path
    try:
        lines = source.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(f"{source.name} cannot be read as a CSV table in UTF-8; check the file.") from error
    reader = csv.DictReader(lines)
    missing = [name for name in FIELDS if name not in (reader.fieldnames or ())]
    if missing:
        raise UnreadableFileError(
            f"{source.name} lacks the columns {', '.join(missing)}; it needs {', '.join(FIELDS)}."
        )
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for row in reader:
        try:
            values = _values(row)
            if (values["category"], values["subtype"]) in rows:
                raise ValueError("the same matter stands in the table twice")
        except ValueError as error:
            raise InvalidInputError(f"{source.name}, line {reader.line_num}: {error}.") from None
        rows[values["category"], values["subtype"]] = values
    if not rows:
        raise InvalidInputError(f"{source.name} has no rows; nothing was loaded.")
    return list(rows.values())


def _values(row: Mapping[str, str | None]) -> dict[str, Any]:
    text = {name: (row[name] or "").strip() for name in FIELDS}
    levels = [HandlingLevel(word).value for word in text["levels"].split()]
    amount = int(text["deadline"])
    if not 1 <= amount <= MAX_AMOUNT:
        raise ValueError(f"a deadline has an amount of 1 to {MAX_AMOUNT:,}")
    if not levels or not text["name"]:
        raise ValueError("a matter has a name and at least one level")
    if len(text["name"]) > 120 or len(text["subtype"]) > 60 or not (text["name"] + text["subtype"]).isprintable():
        raise ValueError("a name has at most 120 printable characters and a subtype 60")
    return {
        "category": ReportCategory(text["category"]).value,
        "subtype": text["subtype"],
        "name": text["name"],
        "levels": [level.value for level in HandlingLevel if level in levels],
        "deadline_amount": amount,
        "deadline_unit": TimeUnit(text["unit"]).value,
        "platform": Platform(text["platform"]).value if text["platform"] else None,
    }


def find_item(session: Session, category: str, subtype: str | None) -> CatalogueItem | None:
    """The item of a matter: that of its subtype, else that of its whole category, else None."""
    items = session.scalars(
        sa.select(CatalogueItem)
        .where(CatalogueItem.category == category, CatalogueItem.subtype.in_({"", subtype or ""}))
        .order_by(CatalogueItem.subtype.desc())
    )
    return items.first()


def due_at(item: CatalogueItem | None, start: datetime, calendar: WorkCalendar) -> datetime | None:
    """When a matter that came in at `start` is due; None for one that the catalogue does not know."""
    if item is None:
        return None
    return calendar.deadline(start, item.deadline_amount, TimeUnit(item.deadline_unit))


def require_level(item: CatalogueItem | None, level: HandlingLevel) -> None:
    """Refuse to give a matter to a level that may not have it; what the catalogue does not know may go anywhere.

    Raises
    ------
    NotInCatalogueError : the text names the levels that may
    """
    if item is not None and level not in item.levels:
        raise NotInCatalogueError(item.name, level, item.levels)
