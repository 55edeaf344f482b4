"""What two addresses are compared by: the pieces of each, by the part of the address they stand in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from geo.address.rarity import grams
from geo.address.record import Address

Pieces = frozenset[str]
_UPPER = ("province", "city", "county", "township")
_BRACKET = re.compile(r"\(([^()]*)\)?")
_LAST_BRACKET = re.compile(r"\([^()]*\)?$")
_COUNT = "[0-9A-Za-z一二三四五六七八九十]"
_INSIDE = re.compile(rf"(?:{_COUNT}+(?:-[0-9A-Za-z]+)?(?:单元|层|楼|室|户|门|梯)|[-0-9A-Za-z]{{2,}})+$")
_BUILDING = re.compile(
    r"([A-Za-z]?\d+[A-Za-z]?|[A-Za-z]|[一二三四五六七八九十]+)(?:-\d+)?(?:栋|幢|号楼|座|号院|号|院)楼?$"
)
_BUILDINGS = re.compile(r"([A-Z]?\d+[A-Z]?|[A-Z])(?=(?:-\d+)?(?:栋|幢|号楼|座))")
# what stands before the name of a place: 号 of a road, 西50米, 交叉口, 附近, a bracket, a road, a floor, a building
_BREAK = re.compile(
    r"(?:\d+(?:-\d+)*(?:号|弄)(?!楼|院)|米(?:路?[东南西北]侧?)?|[路道]?交?叉?口|交[汇叉]处|交口|附近|旁边?|对面|"
    rf"[)、, ]|大道|[路街巷弄道](?!道|办)|[0-9一二三四五六七八九]+[层楼]|{_COUNT}+(?:栋|幢|号楼|座))+"
)
_GATE = re.compile(r"(?:门|停车场|站|入口|出口)\d*\)?$")


@dataclass(frozen=True, slots=True)
class Parts:
    """The pieces of one address. All but `whole` leave out brackets, buildings and what is inside a building.

    `core` is the text below the township; `before` and `name` are its two halves, the way to the place and the
    last name; `names` are those of the parsed fields; `brackets` what stands in brackets, one by one.
    """

    whole: Pieces
    core_text: str
    core: Pieces
    before: Pieces
    name: Pieces
    kind: str  # the last two characters of the name: 小区, 公司
    names: tuple[Pieces, ...]
    brackets: tuple[Pieces, ...]
    buildings: Pieces
    building: Pieces  # the one at the end
    numbers: Pieces
    gate: bool


@lru_cache(maxsize=4096)
def parts_of(address: Address) -> Parts:
    """Cut one address into the parts that are compared."""
    local = address.text
    for field in _UPPER:
        area = getattr(address, field)
        if area:
            local = local.replace(area, " ")
    local = local.strip()
    outer = local
    while (found := _LAST_BRACKET.search(outer)) and found.start() > 1:
        outer = outer[: found.start()]
    core, building = _core(outer)
    cut = max((found.end() for found in _BREAK.finditer(core) if len(core) - found.end() >= 2), default=0)
    whole, names = grams(local), _names(address, local)
    house = address.key("building")
    if house is None and not address.road and address.village and not (address.place or address.estate):
        house = address.key("number") or address.key("group")  # in a village a house has the part of a building
    return Parts(
        whole=whole,
        core_text=core,
        core=grams(core),
        before=grams(core[:cut]),
        name=grams(core[cut:]),
        kind=core[-2:] if cut < len(core) else "",
        names=tuple(grams(name) for name in names),
        brackets=tuple(grams(bracket) for name in names for bracket in _BRACKET.findall(name)),
        buildings=frozenset([*_BUILDINGS.findall(address.text.upper()), *([house] if house else [])]),
        building=building,
        numbers=frozenset(piece for piece in whole if piece[0].isascii()),
        gate=_GATE.search(address.text) is not None,
    )


def _core(outer: str) -> tuple[str, Pieces]:
    """The text without the building at its end and what is inside it, and the number of that building."""
    if (found := _INSIDE.search(outer)) and found.start() > 1:
        outer = outer[: found.start()]
    if (found := _BUILDING.search(outer)) and found.start() > 1:
        number = grams(found.group(1) + "号")  # 三号 and 3号 are equal
        outer = outer[: found.start()]
        if (inner := _INSIDE.search(outer)) and inner.start() > 1:
            outer = outer[: inner.start()]
        return outer, number
    return outer, frozenset()


def _names(address: Address, local: str) -> list[str]:
    """The names of places, in the order of the text."""
    found = [address.place, address.estate, address.zone, address.village, address.hamlet]
    found += [piece for piece in (address.rest or "").split(" ") if len(piece) >= 3 and not piece[0].isdigit()]
    return sorted({name for name in found if name}, key=lambda name: (local.find(name), name))
