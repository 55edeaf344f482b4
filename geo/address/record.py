"""What an address is made of once it is parsed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from geo.address.numbers import chinese_number, number_key

OffsetKind = Literal[
    "side", "opposite", "near", "junction", "entrance", "inside", "behind", "front", "below", "distance"
]
ADMINISTRATIVE = ("province", "city", "county", "township", "village")
NUMBERS = ("group", "lane", "number", "building", "unit", "floor", "room")


@dataclass(frozen=True, slots=True)
class Offset:
    """A place beside the named one: `text` as written, `bearing` such as 东北, metres, and the crossing `road`."""

    kind: OffsetKind
    text: str
    bearing: str | None = None
    distance_m: float | None = None
    road: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of one address, each as written in `text` or None; administrative names are completed.

    `completed` names the fields that were not written, or not in full: 余杭 gives the county 余杭区, and 杭州市
    the province 浙江省. `code` is the code of the lowest area that the gazetteer is sure of. `zone` is a
    development zone, which is no administrative level. A number in an estate or in a lane (小区 12号) names a
    building. What fits nowhere is in `rest`, in its order.
    """

    text: str
    province: str | None = None
    city: str | None = None
    county: str | None = None
    township: str | None = None
    zone: str | None = None
    village: str | None = None
    hamlet: str | None = None
    group: str | None = None
    road: str | None = None
    lane: str | None = None
    number: str | None = None
    estate: str | None = None
    building: str | None = None
    unit: str | None = None
    floor: str | None = None
    room: str | None = None
    place: str | None = None
    rest: str | None = None
    offsets: tuple[Offset, ...] = ()
    code: str | None = None
    completed: frozenset[str] = frozenset()

    def full(self) -> str:
        """Write the address out in order, from province to rest, with the completed names.

        >>> from geo.address import parse
        >>> parse("杭州余杭文一西路969号").full()
        '浙江省杭州市余杭区文一西路969号'
        """
        parts = [value for name, value in self.parts().items() if name not in ("city", "rest")]
        if self.city is not None and self.city != self.province:
            parts.insert(1 if self.province else 0, self.city)
        text = ""
        for part in [*parts, *(offset.text for offset in self.offsets), self.rest]:
            if part:
                joined = text[-1:].isascii() and text[-1:].isalnum() and part[0].isascii() and part[0].isalnum()
                text += ("-" if joined else "") + part
        return text

    def parts(self) -> dict[str, str]:
        """Give the fields that are there, by name, from province to rest."""
        return {name: value for name in FIELDS if (value := getattr(self, name)) is not None}

    def key(self, field: str) -> str | None:
        """Give the value of a field without its writing, so that 十二号 and 12号 are equal; None if it is missing.

        >>> from geo.address import parse
        >>> parse("文三路十二号").key("number"), parse("文三路12号").key("number")
        ('12', '12')
        """
        value: str | None = getattr(self, field)
        if value is None:
            return None
        if field in NUMBERS:
            return number_key(value)
        return _numerals(value)

    def normalised(self) -> dict[str, str]:
        """Give the key of every field that is there."""
        return {name: key for name in FIELDS if (key := self.key(name)) is not None}


FIELDS = tuple(field.name for field in fields(Address) if field.name not in ("text", "offsets", "code", "completed"))


def _numerals(name: str) -> str:
    """Capital letters, and the number before 组, 区, 期 or 街 in Arabic digits: names such as 文三路 keep theirs."""
    name = name.upper()
    for suffix in ("区", "期"):
        head, mark, tail = name.rpartition(suffix)
        if mark and head and (value := chinese_number(head[-1])) is not None and value < 10:
            name = f"{head[:-1]}{value}{mark}{tail}"
    return name
