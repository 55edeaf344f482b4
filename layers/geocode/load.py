"""The library's tables read into memory, and one library kept for each database."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo.address import normalise
from layers.access import EVERYWHERE
from layers.geocode.build import Builder
from layers.geocode.library import Library
from layers.geocode.names import Kind
from layers.geocode.naming import gazetteer_of, read_aliases, read_divisions
from layers.geocode.roads import Crossings
from layers.geocode.territory import Territory
from layers.grids import grid_frame, in_force
from layers.tables import Address, AddressAlias, Building, Division, Grid, GridLevel, Load, Place, Road

_CHUNK = 20_000
_COLUMNS = ("province", "city", "county", "town", "village", "hamlet", "group_no", "road", "lane", "number", "estate",
            "building", "unit", "floor", "room", "village_code")  # fmt: skip


_LAYERS = ("boundaries", "addresses", "places", "buildings", "roads", "divisions")


class Revision(NamedTuple):
    """A state of the library's tables: `base` of all but the aliases, `aliases` of those."""

    day: date
    base: tuple[Any, ...]
    aliases: tuple[Any, ...]


def revision_of(session: Session, as_of: date) -> Revision:
    """A mark that differs when any table of the library has changed; one statement.

    It counts the grids in force and the aliases; of the large tables it looks at the last rows and the last loads,
    since they change by loads alone.
    """

    def one(value: Any) -> Any:
        return sa.select(value).scalar_subquery()

    inside = in_force(as_of)
    grids = [sa.select(value).where(inside).scalar_subquery()
             for value in (sa.func.max(Grid.id), sa.func.count(Grid.id), sa.func.sum(Grid.revision))]  # fmt: skip
    loads = sa.select(sa.func.max(Load.id)).where(Load.layer.in_(_LAYERS)).scalar_subquery()
    last = [one(sa.func.max(table.id)) for table in (Address, Place, Building, Road)]
    divisions = one(sa.func.count(Division.code))
    aliases = [
        one(value(column))
        for value, column in (
            (sa.func.max, AddressAlias.id),
            (sa.func.max, AddressAlias.created_at),
            (sa.func.count, AddressAlias.id),
            (sa.func.count, AddressAlias.valid_to),
        )
    ]
    row = tuple(session.execute(sa.select(*grids, loads, divisions, *last, *aliases)).one())
    return Revision(as_of, row[:-4], row[-4:])


def read_library(session: Session, *, as_of: date) -> Library:
    """The library that holds on a day: addresses, buildings and roads with names, areas in force, other names."""
    revision = revision_of(session, as_of)
    library = read_base(session, as_of).with_aliases(read_aliases(session, as_of))
    library.revision = revision
    return library


def read_base(session: Session, as_of: date) -> Library:
    """The library that holds on a day without other names."""
    built = Builder()
    _add_addresses(session, built, as_of)
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
    return Library(built, towns, villages, cells, crossings=Crossings(lines), gazetteer=gazetteer)


def _add_addresses(session: Session, built: Builder, as_of: date) -> None:
    number: sa.Double[float] = sa.Double()
    columns = [Address.address_key, Address.full_text, Address.valid_to, *(getattr(Address, name) for name in _COLUMNS)]
    place = [sa.func.ST_X(Address.geom, type_=number), sa.func.ST_Y(Address.geom, type_=number)]
    begun = sa.or_(Address.valid_from.is_(None), Address.valid_from <= as_of)
    result = session.execute(
        sa.select(*columns, *place).where(begun).order_by(Address.id).execution_options(yield_per=_CHUNK)
    )
    for part in result.partitions(_CHUNK):
        keys, texts, until, *rest = zip(*part, strict=True)
        *values, lon, lat = rest
        former = np.array([day is not None and day <= as_of for day in until])
        built.add_addresses(dict(zip(_COLUMNS, values, strict=True)), texts, keys, np.column_stack([lon, lat]), former)


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


_KEEP = 4


@dataclass
class _Kept:
    """The library of a database on a day: without other names, and with those that hold."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    base: Library | None = None
    library: Library | None = None


_kept: OrderedDict[tuple[str, date], _Kept] = OrderedDict()
_lock = threading.Lock()


def library_for(session: Session, as_of: date) -> Library:
    """The library of the session's database on a day, read once and again when its tables have changed.

    Other names, such as corrections from the review queue, are put on the library that is there, which is quick;
    other tables have it read as a whole. Threads wait only for the database and day they ask for.
    """
    key = (str(session.get_bind().engine.url), as_of)
    revision = revision_of(session, as_of)
    with _lock:
        kept = _kept.setdefault(key, _Kept())
        _kept.move_to_end(key)
        while len(_kept) > _KEEP:
            _kept.popitem(last=False)
    with kept.lock:
        if kept.library is not None and kept.library.revision == revision:
            return kept.library
        if kept.base is None or kept.base.revision.base != revision.base:
            kept.base = read_base(session, as_of)
            kept.base.revision = revision
        kept.library = kept.base.with_aliases(read_aliases(session, as_of))
        kept.library.revision = revision
        return kept.library
