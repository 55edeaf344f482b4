"""The library's tables read into memory."""

from __future__ import annotations

from datetime import date

import numpy as np
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo.address import normalise
from layers.access import EVERYWHERE
from layers.geocode.build import Builder
from layers.geocode.library import Library
from layers.geocode.names import Kind
from layers.geocode.naming import gazetteer_of, read_divisions
from layers.geocode.roads import Crossings
from layers.geocode.rows import Array
from layers.geocode.territory import Territory
from layers.grids import grid_frame
from layers.tables import Address, Building, GridLevel, Load, Place, Road

_CHUNK = 20_000
_COLUMNS = ("province", "city", "county", "town", "village", "hamlet", "group_no", "road", "lane", "number", "estate",
            "building", "unit", "floor", "room", "village_code")  # fmt: skip


def read_base(session: Session, as_of: date) -> Library:
    """The library that holds on a day without other names."""
    built, loads = Builder(), address_loads(session)
    ids = add_addresses(session, built, as_of)
    _add_buildings(session, built)
    _add_places(session, built)
    lines = _roads(session)
    for name, parts in lines.items():
        built.add_roads([name] * len(parts), np.array(parts, dtype=object))
    towns, villages, cells = (
        Territory.of(grid_frame(session, EVERYWHERE, level=level, as_of=as_of))
        for level in (GridLevel.TOWN, GridLevel.VILLAGE, GridLevel.CELL)
    )
    divisions = read_divisions(session, towns)
    for code, name in divisions:
        built.add_division(code, name)
    gazetteer = gazetteer_of(divisions, towns, villages)
    library = Library(built, towns, villages, cells, crossings=Crossings(lines), gazetteer=gazetteer)
    library.ids, library.loads = ids, loads
    return library


def address_loads(session: Session) -> frozenset[int]:
    """The loads of addresses so far."""
    return frozenset(session.scalars(sa.select(Load.id).where(Load.layer == "addresses")))


def begun(as_of: date) -> sa.ColumnElement[bool]:
    """Condition: an address is known on a day, in use or not."""
    return sa.or_(Address.valid_from.is_(None), Address.valid_from <= as_of)


def add_addresses(session: Session, built: Builder, as_of: date, *conditions: sa.ColumnElement[bool]) -> Array:
    """Take the addresses known on a day that meet the conditions, by the number of their row; (n,) those numbers."""
    number: sa.Double[float] = sa.Double()
    columns = [Address.id, Address.address_key, Address.full_text, Address.valid_to,
               *(getattr(Address, name) for name in _COLUMNS)]  # fmt: skip
    place = [sa.func.ST_X(Address.geom, type_=number), sa.func.ST_Y(Address.geom, type_=number)]
    chosen = sa.select(*columns, *place).where(begun(as_of), *conditions).order_by(Address.id)
    rows: list[int] = []
    for part in session.execute(chosen.execution_options(yield_per=_CHUNK)).partitions(_CHUNK):
        ids, keys, texts, until, *rest = zip(*part, strict=True)
        *values, lon, lat = rest
        former = np.array([day is not None and day <= as_of for day in until])
        built.add_addresses(dict(zip(_COLUMNS, values, strict=True)), texts, keys, np.column_stack([lon, lat]), former)
        rows += ids
    return np.array(rows, dtype=np.int64)


def _add_places(session: Session, built: Builder) -> None:
    number: sa.Double[float] = sa.Double()
    place = (sa.func.ST_X(Place.geom, type_=number), sa.func.ST_Y(Place.geom, type_=number))
    rows = session.execute(sa.select(Place.name, Place.kind, *place).order_by(Place.id)).all()
    if rows:
        names, kinds, lon, lat = zip(*rows, strict=True)
        found = [place_kind(name, kind) for name, kind in zip(names, kinds, strict=True)]
        built.add_places(found, names, np.column_stack([lon, lat]))


def place_kind(name: str, kind: str | None) -> Kind:
    """What a named point is, by the word of its source or, where that says nothing, by the end of its name."""
    word = (kind or "").strip().upper()
    if word in {"HAMLET", "自然村"} or name.endswith("自然村"):
        return Kind.HAMLET
    return Kind.ESTATE if word in {"ESTATE", "小区", "住宅小区"} or name.endswith("小区") else Kind.PLACE


def _add_buildings(session: Session, built: Builder) -> None:
    rows = session.execute(
        sa.select(Building.name, sa.func.ST_AsBinary(Building.geom, type_=sa.LargeBinary))
        .where(Building.name.is_not(None), Building.name != "")
        .order_by(Building.id)
    ).all()
    named = [row for row in rows if row[0] and not any(character.isdigit() for character in row[0])]
    if named:
        shapes = shapely.from_wkb([bytes(row[1]) for row in named])
        points = shapely.get_coordinates(shapely.point_on_surface(shapes))
        built.add_places([Kind.PLACE] * len(named), [str(row[0]) for row in named], points)


def _roads(session: Session) -> dict[str, list[shapely.Geometry]]:
    rows = session.execute(
        sa.select(Road.name, sa.func.ST_AsBinary(Road.geom, type_=sa.LargeBinary))
        .where(Road.name.is_not(None), Road.name != "")
        .order_by(Road.id)
    ).all()
    lines: dict[str, list[shapely.Geometry]] = {}
    for name, binary in rows:
        lines.setdefault(normalise(name or "").replace(" ", ""), []).append(shapely.from_wkb(bytes(binary)))
    return lines
