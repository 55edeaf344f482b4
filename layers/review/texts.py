"""What a report says about its place: its text, the parts that are recognised in it, and whether two say the same."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

from geo.address import Address, normalise, parse
from layers.tables import AddressLevel
from layers.workflow.duplicates import letters

LEVELS = {
    "room": AddressLevel.ROOM,
    "floor": AddressLevel.UNIT,
    "unit": AddressLevel.UNIT,
    "building": AddressLevel.BUILDING,
    "number": AddressLevel.NUMBER,
    "estate": AddressLevel.ESTATE,
    "place": AddressLevel.ESTATE,
    "lane": AddressLevel.ROAD,
    "road": AddressLevel.ROAD,
    "group": AddressLevel.HAMLET,
    "hamlet": AddressLevel.HAMLET,
    "village": AddressLevel.VILLAGE,
    "township": AddressLevel.TOWN,
    "county": AddressLevel.COUNTY,
    "city": AddressLevel.CITY,
    "province": AddressLevel.PROVINCE,
}
"""The level each part of an address leads to, the finest first."""
IDENTIFYING = ("room", "unit", "building", "number", "estate", "place", "lane", "group", "hamlet")
"""Parts that name one place. A road or a village alone has many, so a point must never stand for it."""


@dataclass(frozen=True)
class Part:
    """A stretch of a text, `start` to before `end` in characters, that was recognised as a field of an address."""

    field: str
    start: int
    end: int


def text_of(report: Any) -> str:
    """What the report says about its place: its address, else its description, else nothing."""
    return report.address_text or report.description or ""


def text_key(report: Any) -> str:
    """What is equal for two reports that say the same place, however it is written; empty without any text."""
    return letters(normalise(text_of(report)))


def level_of_text(address: Address) -> AddressLevel:
    """How far down an address names its place.

    >>> level_of_text(parse("枫源村和平路12号"))
    <AddressLevel.NUMBER: 'NUMBER'>
    """
    return next((level for field, level in LEVELS.items() if getattr(address, field)), AddressLevel.NONE)


def names_one_place(address: Address) -> bool:
    """Whether an address has a part that names a single place.

    >>> names_one_place(parse("枫源村和平路12号")), names_one_place(parse("枫源村和平路"))
    (True, False)
    """
    return any(getattr(address, field) for field in IDENTIFYING)


@lru_cache(maxsize=4096)
def parts_of(text: str) -> tuple[Part, ...]:
    """The recognised parts of a text in their order, as places in the text as it was written; none overlaps another.

    >>> [(part.field, "和平路１２号"[part.start : part.end]) for part in parts_of("和平路１２号")]
    [('road', '和平路'), ('number', '１２号')]
    """
    if not text:
        return ()
    address, plain = parse(text), normalise(text)
    places = _places(text, plain)
    written = [(field, value) for field, value in address.parts().items() if field not in {"rest", "zone"}]
    written += [("offset", offset.text) for offset in address.offsets]
    parts: list[Part] = []
    # The longest first: a short one such as 1 would else be found inside another.
    for field, value in sorted(written, key=lambda pair: -len(pair[1])):
        start = _free(plain, value, places, parts)
        if start is not None:
            parts.append(Part(field, places[start], places[start + len(value) - 1] + 1))
    return tuple(sorted(parts, key=lambda part: part.start))


def _free(plain: str, value: str, places: list[int], taken: list[Part]) -> int | None:
    """Where the value stands in the plain text outside of what is taken; None for a completed name."""
    at = plain.find(value)
    while at >= 0:
        start, end = places[at], places[at + len(value) - 1] + 1
        if all(end <= part.start or start >= part.end for part in taken):
            return at
        at = plain.find(value, at + 1)
    return None


def _places(text: str, plain: str) -> list[int]:
    """For each character of the plain text, its place in the text as written."""
    places = [0] * len(plain)
    for kind, start, end, low, high in SequenceMatcher(None, text, plain, autojunk=False).get_opcodes():
        for at in range(low, high):
            # Inside a stretch that was rewritten characters go in step, the last one standing for what is left over.
            places[at] = min(start + at - low, max(end - 1, start)) if kind != "insert" else min(start, len(text) - 1)
    return places
