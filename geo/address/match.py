"""Whether two addresses mean the same place, and why."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from geo.address.gazetteer import Gazetteer
from geo.address.grammar import parse
from geo.address.rarity import Rarity, grams
from geo.address.record import Address

# Two questions: is it one place (a road, an estate, a village), and if so, one point of it? Each piece of evidence
# lies in [0, 1] or [-1, 1]; weights are round numbers set by hand: the names of the site count most, then the house
# number on the same road; a building that differs or is missing settles the second question.
_PLACE = {
    "site": 1.0, "shared": 1.0, "both": 1.0, "name": 0.5, "length": 0.4, "door": 0.5, "county": 0.4, "township": 0.3,
    "road": 0.3, "branch": 0.3,
}  # fmt: skip
_POINT = {"building": 2.0, "gate": -2.0, "last": 1.0, "their_last": 1.0, "whole": 1.0, "place": 0.3}
_CUTS = (2.2, 3.1)
_UNKNOWN = 0.3  # what evidence counts for that neither address can give
_ENOUGH = 25.0  # shared rarity that convinces: three or four rare pieces
_STEEPNESS = 2.0
_INSIDE = ("building", "unit", "floor", "room")
_UPPER = ("province", "city", "county", "township")
_BRACKET = re.compile(r"\(([^()]*)\)?")
_BUILDINGS = re.compile(r"([A-Z]?\d+[A-Z]?|[A-Z])(?=(?:-\d+)?(?:栋|幢|号楼|座))")
_GATE = re.compile(r"(?:门|停车场|站)\)?$")
_NO_RARITY = Rarity()


@dataclass(frozen=True, slots=True)
class Match:
    """`label` 0 another place, 1 partly the same (one inside the other, or beside it), 2 the same; `score` in [0, 1].

    `reasons` are the signed weights of each piece of evidence, the strongest first.
    """

    label: Literal[0, 1, 2]
    score: float
    reasons: tuple[tuple[str, float], ...]


def match(
    a: str | Address, b: str | Address, gazetteer: Gazetteer | None = None, *, rarity: Rarity | None = None
) -> Match:
    """Say whether `b` (a candidate) is the place of `a`: 0 no, 1 partly, 2 exactly, with a score and reasons.

    `rarity` weighs what the two share by how few addresses have it: build it from the addresses that are searched.
    The score is half the probability of one place plus half that of one place and one point, neither of them
    calibrated. Not symmetric: a candidate that is less exact than `a` is a partial match, one that is more
    exact may be the whole.

    >>> match("文三路12号翠苑小区3幢", "西湖区文三路12号翠苑小区3幢2单元").label
    2
    >>> match("文三路12号翠苑小区3幢", "翠苑小区").label
    1
    >>> match("文三路12号翠苑小区3幢", "建设路7号人民医院").label
    0
    """
    first = parse(a, gazetteer) if isinstance(a, str) else a
    second = parse(b, gazetteer) if isinstance(b, str) else b
    if first.text == second.text and first.text:
        return Match(2, 1.0, (("text", 1.0),))
    facts = evidence(first, second, rarity or _NO_RARITY)
    reasons = [(name, weight * facts[name]) for name, weight in _PLACE.items()]
    place = sum(weight for _, weight in reasons)
    reasons += [(name, weight * facts[name]) for name, weight in _POINT.items() if name != "place"]
    point = _POINT["place"] * place + sum(weight for _, weight in reasons[len(_PLACE) :])
    label: Literal[0, 1, 2] = 0 if place < _CUTS[0] else 2 if point >= _CUTS[1] else 1
    one, same = _probability(place - _CUTS[0]), _probability(point - _CUTS[1])
    reasons.sort(key=lambda reason: -abs(reason[1]))
    return Match(label, round((one + one * same) / 2, 4), tuple((n, round(w, 3)) for n, w in reasons if w))


def evidence(a: Address, b: Address, rarity: Rarity) -> dict[str, float]:
    """Give what speaks for one place and for one point of it, by name; shares are weighted by rarity.

    For the place: `site` is the share of the site of `a` (what stands below the township and above the building)
    that `b` has, `shared` how much that is, `both` the cosine of the two sites, `name` that of the two names most
    alike, `length` that of `a` in twenties of characters, `door` 1 for an equal number on an equal road, `road`
    the share of the road of `a`, `branch` that of a bracket of `b` in `a`; `county` and `township` are 1 equal,
    -1 different, 0 unknown.

    For the point: `building` 0.75 equal (0.25 if `b` goes on to another name), 0 in neither, -0.15 only in `b`,
    -1 different or missing in `b` (in a village, the house takes the place of the building); `gate` 1 if only `b`
    is a gate, a car park or a stop; `last` the cosine of the last names, `their_last` the share of the last name
    of `b` in `a`, `whole` the cosine of all.
    """
    one, other = _pieces(a), _pieces(b)
    weigh = rarity.weight
    common = weigh(one.site & other.all)
    name = max((_cosine(x, y, weigh) for x in one.names for y in other.names), default=_UNKNOWN)
    road = _equal(a.road, b.road)
    their_last = _share(other.last, one.all, weigh)
    return {
        "site": common / (weigh(one.site) or 1.0),
        "shared": 1.0 - math.exp(-common / _ENOUGH),
        "both": _cosine(one.site, other.site, weigh),
        "name": name,
        "length": len(a.text) / 20,
        "door": float(road > 0 and _equal(a.key("number"), b.key("number")) > 0),
        "county": _equal(a.county, b.county),
        "township": _equal(a.township, b.township),
        "road": _share(one.road, other.all, weigh),
        "branch": max((_share(x, one.all, weigh) for x in other.brackets), default=0.0),
        "building": _buildings(one, other, their_last),
        "gate": float(other.gate and not one.gate),
        "last": _cosine(one.last, other.last, weigh) if one.last and other.last else _UNKNOWN,
        "their_last": their_last,
        "whole": _cosine(one.all, other.all, weigh),
    }


Pieces = frozenset[str]
Weigh = Callable[[Pieces], float]


@dataclass(frozen=True, slots=True)
class _Pieces:
    all: Pieces
    site: Pieces
    road: Pieces
    names: tuple[Pieces, ...]
    last: Pieces
    brackets: tuple[Pieces, ...]
    buildings: Pieces
    gate: bool


@lru_cache(maxsize=4096)
def _pieces(address: Address) -> _Pieces:
    local = address.text
    for field in _UPPER:
        area = getattr(address, field)
        if area:
            local = local.replace(area, " ")
    inside = [local.find(value) for field in _INSIDE if (value := getattr(address, field))]
    end = min((place for place in inside if place > 2), default=len(local))
    names = _names(address, local)
    outer = [plain for name in names if (plain := _BRACKET.sub("", name))]
    key = address.key("building")
    if key is None and not address.road and address.village and not (address.place or address.estate):
        key = address.key("number") or address.key("group")  # in a village a house has the part of a building
    return _Pieces(
        all=grams(local),
        site=grams(local[:end]),
        road=grams(address.road or ""),
        names=tuple(grams(name) for name in names),
        last=grams(outer[-1]) if outer else frozenset(),
        brackets=tuple(grams(bracket) for name in names for bracket in _BRACKET.findall(name)),
        buildings=frozenset([*_BUILDINGS.findall(address.text.upper()), *([key] if key else [])]),
        gate=_GATE.search(address.text) is not None,
    )


def _names(address: Address, local: str) -> list[str]:
    """The names of places, in the order of the text."""
    found = [address.place, address.estate, address.zone, address.village, address.hamlet]
    found += [piece for piece in (address.rest or "").split(" ") if len(piece) >= 3 and not piece[0].isdigit()]
    return sorted({name for name in found if name}, key=lambda name: (local.find(name), name))


def _buildings(one: _Pieces, other: _Pieces, their_last: float) -> float:
    if one.buildings & other.buildings:
        return 0.75 if not other.last or their_last > _UNKNOWN else 0.25  # a shop in the building is but a part of it
    return -1.0 if one.buildings else -0.15 if other.buildings else 0.0


def _share(part: Pieces, whole: Pieces, weigh: Weigh) -> float:
    return weigh(part & whole) / (weigh(part) or 1.0) if part else _UNKNOWN


def _cosine(one: Pieces, other: Pieces, weigh: Weigh) -> float:
    common = one & other
    return weigh(common) / math.sqrt(weigh(one) * weigh(other) or 1.0) if common else 0.0


def _equal(one: str | None, other: str | None) -> float:
    return 0.0 if one is None or other is None else 1.0 if one == other else -1.0


def _probability(margin: float) -> float:
    return 1.0 / (1.0 + math.exp(-_STEEPNESS * margin))
