"""What was found for each text, and how far down the text and the likeliest row agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from layers.geocode.kernel import TOP
from layers.geocode.names import Kind
from layers.geocode.query import Query
from layers.geocode.rows import Array
from layers.tables import AddressLevel

KEPT = 5
"""So many candidates are shown."""

_LEVEL_OF_NUMBER = (AddressLevel.HAMLET, AddressLevel.ROAD, AddressLevel.NUMBER, AddressLevel.BUILDING,
                    AddressLevel.UNIT, AddressLevel.ROOM)  # fmt: skip
LEVEL_OF_NAME = {
    Kind.PROVINCE: AddressLevel.PROVINCE, Kind.CITY: AddressLevel.CITY, Kind.COUNTY: AddressLevel.COUNTY,
    Kind.TOWN: AddressLevel.TOWN, Kind.VILLAGE: AddressLevel.VILLAGE, Kind.HAMLET: AddressLevel.HAMLET,
    Kind.ROAD: AddressLevel.ROAD, Kind.ESTATE: AddressLevel.ESTATE, Kind.PLACE: AddressLevel.ESTATE,
}  # fmt: skip


class Found(NamedTuple):
    """What was found for one query: its likeliest grids, their shares and best rows, facts and bits of the first row.

    lon, lat, villages : of the best rows; names, numbers, key : of the first row
    """

    grids: list[int]
    shares: list[float]
    rows: list[int]
    facts: list[float]
    bits: list[int]
    lon: list[float]
    lat: list[float]
    villages: list[int]
    names: list[int]
    numbers: list[int]
    key: str


def each(library: Any, found: tuple[Array, ...]) -> Iterator[Found]:
    """What was found, query by query; what has no row carries that of any other."""
    grids, shares, rows, _, facts, bits = found
    own, kept = library.rows, rows[:, :KEPT]
    if not len(own):
        kept = np.zeros((len(rows), 0), dtype=np.int32)
    first = rows[:, 0] if len(own) else np.zeros(0, dtype=np.int32)
    used = (grids > -2).sum(axis=1).tolist()
    columns = (grids, shares, rows, facts, bits, own.lon[kept], own.lat[kept], own.village[kept])
    lists = [column.tolist() for column in columns]
    alone = [own.names[first].tolist(), own.numbers[first].tolist(), own.keys[first].tolist()]
    nothing: Any = ([], [], "")
    for at, size in enumerate(used):
        head = tuple(part[at] for part in alone) if len(own) else nothing
        first_three = (part[at][:size] if size < TOP else part[at] for part in lists[:3])
        yield Found(*first_three, *(part[at] for part in lists[3:]), *head)


def level_of(library: Any, query: Query, found: Found) -> AddressLevel:
    """How far down the text and the likeliest row agree."""
    if query.whole >= 0 and query.whole == found.rows[0]:
        told = library.told.get(query.whole)
        return told[0] if told else _own_level(library, query.whole)
    if query.numbers:
        said, missed = set(), 9
        for at, number in enumerate(query.numbers):
            if found.bits[1] >> at & 1:
                said.add(number.value)
            elif 0 <= number.kind < missed:
                missed = number.kind
        most = max(2, missed)
        for column in range(min(5, most), 1, -1):
            if found.numbers[column] >= 0 and found.numbers[column] in said:
                return _LEVEL_OF_NUMBER[column]
    best, kinds = -1, library.names.kinds
    for at, span in enumerate(query.spans):
        if found.bits[0] >> at & 1:
            for meaning in span.meanings:
                kind = kinds[meaning.name]
                if kind > best and found.names[kind] == meaning.name:
                    best = kind
    return LEVEL_OF_NAME[Kind(best)] if best >= 0 else AddressLevel.NONE


def _own_level(library: Any, row: int) -> AddressLevel:
    """How far down a row itself goes."""
    numbers = [column for column, value in enumerate(library.rows.numbers[row].tolist()) if value >= 0]
    names = [kind for kind, name in enumerate(library.rows.names[row].tolist()) if name >= 0]
    if numbers:
        return _LEVEL_OF_NUMBER[max(numbers)]
    return LEVEL_OF_NAME[Kind(max(names))] if names else AddressLevel.NUMBER
