"""Other names and the names of divisions, as a library takes them."""

from __future__ import annotations

from datetime import date

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo.address import Gazetteer, china, normalise
from layers.geocode.build import Builder
from layers.geocode.names import EVERYWHERE, Kind, Meaning
from layers.geocode.territory import Territory
from layers.tables import AddressAlias, AddressLevel, AliasKind, Division

_KIND = {
    AddressLevel.PROVINCE: Kind.PROVINCE, AddressLevel.CITY: Kind.CITY, AddressLevel.COUNTY: Kind.COUNTY,
    AddressLevel.TOWN: Kind.TOWN, AddressLevel.VILLAGE: Kind.VILLAGE, AddressLevel.HAMLET: Kind.HAMLET,
    AddressLevel.ROAD: Kind.ROAD, AddressLevel.ESTATE: Kind.ESTATE,
}  # fmt: skip
_REASON = {AliasKind.ALIAS: "alias", AliasKind.FORMER_NAME: "former name", AliasKind.CORRECTION: "correction"}
_CITY_DIGITS = 4


def add_aliases(
    session: Session, built: Builder, towns: Territory | None, villages: Territory | None, as_of: date
) -> None:
    """Take the aliases that hold on a day: names as further writings, addresses and points as whole texts.

    A former name holds for ever; its dates say when it was the name. Of two aliases for one text the later one wins.
    """
    number: sa.Double[float] = sa.Double()
    former = AddressAlias.kind == AliasKind.FORMER_NAME
    begun = sa.or_(former, AddressAlias.valid_from.is_(None), AddressAlias.valid_from <= as_of)
    lasting = sa.or_(former, AddressAlias.valid_to.is_(None), AddressAlias.valid_to > as_of)
    place = (sa.func.ST_X(AddressAlias.geom, type_=number), sa.func.ST_Y(AddressAlias.geom, type_=number))
    rows = session.execute(sa.select(AddressAlias, *place).where(begun, lasting).order_by(AddressAlias.id)).all()
    keyed = built.rows_of_keys({alias.address_key for alias, _, _ in rows if alias.address_key})
    for alias, lon, lat in rows:
        text, level = normalise(alias.text).replace(" ", ""), AddressLevel(alias.level)
        reason = _REASON[AliasKind(alias.kind)]
        if alias.address_key is not None:
            if alias.address_key in keyed:
                _add_address(built, keyed[alias.address_key], alias.text, level, reason)
        elif lon is not None:
            built.whole[text] = built.count
            built.told[built.count] = (level, reason)
            built.add_point(None if any(c.isdigit() for c in text) else text, lon, lat)
        else:
            kind = _KIND.get(level, Kind.PLACE)
            low, high = villages.below(alias.scope_code[:12]) if villages and alias.scope_code else EVERYWHERE
            for name, of in _targets(alias, kind, towns, villages):
                built.forms.append((text, Meaning(built.names.number(of, name), 1.0, reason, low, high)))


def _add_address(built: Builder, row: int, text: str, level: AddressLevel, reason: str) -> None:
    """Take another text of a standard address as a row of its own at the same place, so that parts of it resolve."""
    key, point = built.key_and_point(row)
    built.told[built.count] = (level, reason)
    built.whole[normalise(text).replace(" ", "")] = built.count
    built.add_addresses({}, [text], [key], point, np.ones(1, dtype=bool))


def _targets(
    alias: AddressAlias, kind: Kind, towns: Territory | None, villages: Territory | None
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
