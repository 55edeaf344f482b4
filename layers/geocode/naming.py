"""Other names and the names of divisions, as a library takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo.address import Gazetteer, china, normalise
from layers.geocode.build import Builder
from layers.geocode.names import EVERYWHERE, Kind, Meaning
from layers.geocode.territory import Territory
from layers.geocode.wholes import Whole, Wholes
from layers.tables import Address, AddressAlias, AddressLevel, AliasKind, Division

Told = tuple[AddressLevel, str]

_KIND = {
    AddressLevel.PROVINCE: Kind.PROVINCE, AddressLevel.CITY: Kind.CITY, AddressLevel.COUNTY: Kind.COUNTY,
    AddressLevel.TOWN: Kind.TOWN, AddressLevel.VILLAGE: Kind.VILLAGE, AddressLevel.HAMLET: Kind.HAMLET,
    AddressLevel.ROAD: Kind.ROAD, AddressLevel.ESTATE: Kind.ESTATE,
}  # fmt: skip
_REASON = {AliasKind.ALIAS: "alias", AliasKind.FORMER_NAME: "former name", AliasKind.CORRECTION: "correction"}
_CITY_DIGITS = 4


@dataclass(frozen=True)
class OtherName:
    """An alias that holds: the row of its table, with the point of its own or of its address; degrees."""

    level: AddressLevel
    text: str
    reason: str
    scope_code: str
    name: str | None
    address_key: str | None
    area_code: str | None
    lon: float | None
    lat: float | None


def read_aliases(session: Session, as_of: date) -> list[OtherName]:
    """The aliases that hold on a day, in the order they were added.

    A former name holds for ever; its dates say when it was the name.
    """
    number: sa.Double[float] = sa.Double()
    former = AddressAlias.kind == AliasKind.FORMER_NAME
    begun = sa.or_(former, AddressAlias.valid_from.is_(None), AddressAlias.valid_from <= as_of)
    lasting = sa.or_(former, AddressAlias.valid_to.is_(None), AddressAlias.valid_to > as_of)
    known = sa.and_(
        Address.address_key == AddressAlias.address_key,
        sa.or_(Address.valid_from.is_(None), Address.valid_from <= as_of),
    )
    geom = sa.case((AddressAlias.address_key.is_not(None), Address.geom), else_=AddressAlias.geom)
    place = (sa.func.ST_X(geom, type_=number), sa.func.ST_Y(geom, type_=number))
    columns = (AddressAlias.level, AddressAlias.text, AddressAlias.kind, AddressAlias.scope_code, AddressAlias.name,
               AddressAlias.address_key, AddressAlias.area_code)  # fmt: skip
    rows = session.execute(
        sa.select(*columns, *place).select_from(AddressAlias).outerjoin(Address, known).where(begun, lasting)
        .order_by(AddressAlias.id)
    )  # fmt: skip
    return [
        OtherName(AddressLevel(level), text, _REASON[AliasKind(kind)], scope, name, key, area, lon, lat)
        for level, text, kind, scope, name, key, area, lon, lat in rows
    ]


def add_aliases(built: Builder, library: Any, aliases: Sequence[OtherName]) -> tuple[Wholes, dict[int, Told]]:
    """Take aliases: names as further writings, addresses and points as texts that stand for a row of their own.

    Gives those texts, and the level and reason of each row.
    """
    villages, wholes, told = library.villages, Wholes(), {}
    for alias in aliases:
        text = normalise(alias.text).replace(" ", "")
        low, high = villages.below(alias.scope_code[:12]) if villages and alias.scope_code else EVERYWHERE
        if alias.address_key is not None or alias.lon is not None:
            if alias.lon is None or alias.lat is None:
                continue
            told[built.count] = (alias.level, alias.reason)
            wholes.add(text, Whole(built.count, low, high))
            if alias.address_key is not None:
                point = np.array([[alias.lon, alias.lat]])
                built.add_addresses({}, [alias.text], [alias.address_key], point, np.ones(1, dtype=bool))
            else:
                built.add_point(alias.lon, alias.lat, _names_of(alias, text, library))
        else:
            kind = _KIND.get(alias.level, Kind.PLACE)
            for name, of in _targets(alias, kind, library.towns, villages):
                built.forms.append((text, Meaning(built.names.number(of, name), 1.0, alias.reason, low, high)))
    return wholes, told


def _names_of(alias: OtherName, text: str, library: Any) -> dict[Kind, str]:
    """The names of a point: its town where it holds only there, and a text of which the library knows no part."""
    names = {}
    if not any(c.isdigit() for c in text) and not (alias.scope_code and library.names.scan(text)):
        names[Kind.PLACE] = text
    if alias.scope_code and library.towns is not None:
        low, high = library.towns.below(alias.scope_code[:9])
        if high - low == 1:
            names[Kind.TOWN] = normalise(library.towns.names[low])
    return names


def _targets(
    alias: OtherName, kind: Kind, towns: Territory | None, villages: Territory | None
) -> list[tuple[str, Kind]]:
    if alias.name is not None:
        return [(normalise(alias.name).replace(" ", ""), kind)]
    for areas, of in ((villages, Kind.VILLAGE), (towns, Kind.TOWN)):
        if areas is not None:
            low, high = areas.below(alias.area_code or "?")
            if high > low and areas.codes[low] == alias.area_code:
                return [(normalise(areas.names[low]), of)]
    return []


def read_divisions(session: Session, towns: Territory | None) -> list[tuple[str, str]]:
    """(code, name) of the official divisions in the cities of the towns in force."""
    if towns is None:
        return []
    cities = sorted({code[:_CITY_DIGITS] for code in towns.codes})
    near = sa.or_(*(sa.and_(Division.code >= city, Division.code < city + "~") for city in cities))
    upper = sa.func.length(Division.code) < _CITY_DIGITS
    rows = session.execute(sa.select(Division.code, Division.name).where(sa.or_(near, upper)).order_by(Division.code))
    return [(code, name) for code, name in rows]


def gazetteer_of(
    divisions: list[tuple[str, str]], towns: Territory | None, villages: Territory | None
) -> Gazetteer | None:
    """The names of areas that the parser should know beside provinces, cities and counties."""
    pairs = dict(divisions)
    for areas in (towns, villages):
        if areas is not None:
            pairs |= {str(code): str(name) for code, name in zip(areas.codes, areas.names, strict=True)}
    sound = {code: name for code, name in pairs.items() if code.isdigit() and len(code) in (9, 12) and name.strip()}
    return china() | Gazetteer.of(sound.values(), sound.keys()) if sound else None
