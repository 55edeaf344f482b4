"""Which part of an address a number is: house, lane, building, unit, floor or room."""

from __future__ import annotations

import re
from collections.abc import Collection

from geo.address.tokens import HALL

Fields = list[tuple[str, str]]
INSIDE = ("building", "unit", "floor", "room")
_FIELD = {
    "幢": "building", "栋": "building", "号楼": "building", "座": "building", "排": "building", "号院": "building",
    "单元": "unit", "号门": "unit", "门": "unit", "梯": "unit",
    "楼": "floor", "层": "floor", "楼层": "floor",
    "室": "room", "房": "room", "店": "room", "店面": "room", "铺": "room", "商铺": "room",
    "档": "room", "档口": "room", "弄": "lane", "巷": "lane",
}  # fmt: skip
_FLOOR = re.compile(r"(\d{1,3}[Ff]|[Bb]\d[Ff])(?:-|$)")


def number_fields(value: str, unit: str, sub: str, found: dict[str, str], last: str, *, more: bool) -> Fields:
    """Give (field, text) for the parts of one written number.

    `last` is the field before it, `found` the fields so far, `more` whether another number follows at once. With a
    unit the unit decides (3幢, 2单元); 号 depends on what stands before; bare numbers joined by dashes go down from
    building to room.
    """
    whole = value + unit + sub
    if unit == "号" or (unit == "号院" and "number" not in found):
        return _house(value.split("-"), whole, found, last, more=more)
    if unit:
        field, (*before, end) = _FIELD[unit], value.split("-")
        if not before or field in ("building", "lane"):
            return [(field, whole)]
        return [*_spread(before, found, more=True, until=field), (field, end + unit)]
    storey = _FLOOR.match(value)
    if storey:
        room = value[storey.end() :]
        return [("floor", storey[1]), *([("room", room)] if room else [])]
    return _bare(value.split("-"), value + sub, found, last, more=more)


def _bare(parts: list[str], whole: str, found: dict[str, str], last: str, *, more: bool) -> Fields:
    if "number" not in found:
        if last in ("road", "lane"):
            return (
                [("number", whole)]
                if len(parts) <= 2
                else [("number", parts[0]), *_spread(parts[1:], found, more=more)]
            )
        if last in ("township", "village", "hamlet", "group", "zone") and len(parts) == 1:
            return [("number", whole)]
    if len(parts) == 2 and last in ("place", "estate") and HALL.search(found.get(last, "")) and not more:
        return [("room", whole)]
    return _spread(parts, found, more=more)


def _house(parts: list[str], whole: str, found: dict[str, str], last: str, *, more: bool) -> Fields:
    """A number with 号: a house in a road or village, a building in an estate, a stall in a market hall."""
    if last in INSIDE:
        return _below(parts, whole, found, last, more=more)
    hall = last in ("place", "estate") and HALL.search(found.get(last, "")) is not None
    if (last == "number" and whole.startswith("附")) or (hall and not more):
        return [("room", whole)]
    if last == "number" or (last == "estate" and "lane" not in found):
        return [("building", whole)] if len(parts) == 1 else _spread([*parts[:-1], parts[-1] + "号"], found, more=more)
    if "number" not in found:
        return [("number", whole)]
    return [("building" if len(parts[0]) <= 2 or more else "room", whole)]


def _below(parts: list[str], whole: str, found: dict[str, str], last: str, *, more: bool) -> Fields:
    if last != "building" or len(parts) > 2:
        return [("room", whole)]
    if len(parts) == 2:
        return [("unit", parts[0]), ("room", parts[1] + "号")]
    hall = HALL.search(found.get("place") or found.get("estate") or "") is not None
    return [("unit" if more or (len(parts[0]) <= 2 and not hall) else "room", whole)]


def _spread(parts: list[str], found: Collection[str], *, more: bool, until: str = "") -> Fields:
    """Spread bare numbers over building, unit and room, below what is already there and above `until`."""
    first = next((place + 1 for place in (3, 2, 1, 0) if INSIDE[place] in found), 0)
    last = INSIDE.index(until) if until else 4
    room = "-".join(parts)
    if first >= 2 or until == "building":
        return [("room", room)] if first in (2, 3) and not until else [("rest", room)]
    free = [field for field in ("building", "unit", "room") if first <= INSIDE.index(field) < last]
    if len(parts) == 4 and first == 0 and not until:
        free = list(INSIDE)
    if not free:
        return [("rest", room)]
    if len(parts) == 1:
        return [(_one(parts[0], free, more=more), room)]
    if len(parts) == 2 and len(free) == 3:
        free = ["building", "unit" if more and len(parts[1]) <= 2 else "room"]
    if len(parts) > len(free):
        parts = [*parts[: len(free) - 1], "-".join(parts[len(free) - 1 :])]
    return list(zip(free, parts, strict=False))


def _one(part: str, free: list[str], *, more: bool) -> str:
    if more and free[0] != "room":
        return free[0]
    if sum(character.isdigit() for character in part) >= 3 or free[0] != "building":
        return free[-1]
    return "building"
