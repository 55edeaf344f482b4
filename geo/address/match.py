"""Whether two addresses mean the same place, and why."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from geo.address.gazetteer import Gazetteer
from geo.address.grammar import parse
from geo.address.record import Address

# Two logistic steps: are these in one place, and if so, do they mean the same point of it? The weights were fitted by
# logistic regression on half of the queries of the CCKS 2021 pairs (bench/address.py scores the other half).
# An equal building number alone speaks against one place: candidates were once searched by it.
_PLACE = {"text": 4.7, "names": 1.5, "length": 1.6, "road": 0.6, "building": -0.57, "area": 0.47, "deeper": 0.53}
_POINT = {"text": 1.22, "last": 1.33, "bare": 0.66, "building": 1.7, "deeper": -0.67}
_BIAS = (-3.67, -2.93)
_CUTS = (0.40, 0.33)
_GENERIC = re.compile(
    r"(?:有限责任公司|有限公司|股份|集团|公司|小区|花园|花苑|公寓|大厦|广场|中心|商场|超市|酒店|宾馆|饭店|医院|学校|幼儿园|大学|学院|小学|中学|"
    r"市场|商城|社区|新村|村|苑|园|城|楼|店|厂|院|馆|局|所|站|银行|工业区|工业园|科技|[一二三\d]期|[一二三四五六七八九十A-Za-z东南西北]区|\(.*?\))"
)


@dataclass(frozen=True, slots=True)
class Match:
    """`label` 0 another place, 1 partly the same (one inside the other, or beside it), 2 the same; `score` in [0, 1].

    `reasons` are the signed weights of each piece of evidence, the strongest first.
    """

    label: Literal[0, 1, 2]
    score: float
    reasons: tuple[tuple[str, float], ...]


def match(a: str | Address, b: str | Address, gazetteer: Gazetteer | None = None) -> Match:
    """Say whether `b` (a candidate) is the place of `a`: 0 no, 1 partly, 2 exactly, with a score and reasons.

    The score is half the probability of one place plus half that of one place and one point. Not symmetric:
    a candidate that is less exact than `a` is a partial match, one that is more exact may be the whole.

    >>> match("文三路12号翠苑小区3幢", "西湖区文三路12号翠苑小区3幢2单元").label
    2
    >>> match("文三路12号翠苑小区3幢", "建设路7号人民医院").label
    0
    """
    first = parse(a, gazetteer) if isinstance(a, str) else a
    second = parse(b, gazetteer) if isinstance(b, str) else b
    facts = evidence(first, second)
    place, point = _probability(_PLACE, facts, _BIAS[0]), _probability(_POINT, facts, _BIAS[1])
    label: Literal[0, 1, 2] = 0 if place < _CUTS[0] else 2 if point >= _CUTS[1] else 1
    if first.text == second.text and first.text:
        label, place, point = 2, 1.0, 1.0
    weights = {name: _PLACE.get(name, 0.0) + _POINT.get(name, 0.0) for name in facts}
    reasons = sorted(((name, weights[name] * value) for name, value in facts.items()), key=lambda one: -abs(one[1]))
    return Match(label, round((place + place * point) / 2, 4), tuple((n, round(w, 3)) for n, w in reasons if w))


def evidence(a: Address, b: Address) -> dict[str, float]:
    """Give what speaks for one place: shares from 0, or 1 equal, -1 different, 0 unknown.

    `text` is the share of the bigrams of `a` that `b` has; `names` the cube of the best similarity of a last name with
    any name of the other, `last` of the two last names; `bare` that of the last name of `b` if neither has a
    building; `length` that of `a` in twenties of characters; `deeper` is positive where `a` says more than `b`.
    """
    left, right = _names(a), _names(b)
    table = [[similarity(x, y) for y in right] for x in left]
    from_last = max(table[-1], default=0.0) if table else 0.0
    to_last = max((row[-1] for row in table), default=0.0) if right else 0.0
    local = _local(a)
    own, other = _bigrams(local), _bigrams(_local(b))
    shared = len(own & other)
    plain = a.building is None and b.building is None
    return {
        "names": max(from_last, to_last) ** 3,
        "last": table[-1][-1] ** 3 if table and right else 0.0,
        "bare": to_last if plain else 0.0,
        "text": shared / max(1, len(own)),
        "length": len(local) / 20,
        "road": _equal(a.road, b.road),
        "building": _equal(a.key("building"), b.key("building")),
        "area": _equal(a.county, b.county) + _equal(a.city, b.city),
        "deeper": _has(a.building) - _has(b.building) + (_has(a.unit) - _has(b.unit)) / 2,
    }


def similarity(one: str, other: str) -> float:
    """Dice share of the longest common subsequence of two names, the mean of with and without generic words.

    >>> similarity("翠苑小区", "翠苑小区"), round(similarity("人民医院", "人民公园"), 2)
    (1.0, 0.65)
    """
    core, core_other = _GENERIC.sub("", one) or one, _GENERIC.sub("", other) or other
    return _dice(one, other) / 2 + _dice(core, core_other) / 2


def _dice(one: str, other: str) -> float:
    if one == other:
        return 1.0
    row = [0] * (len(other) + 1)
    for character in one:
        diagonal = 0
        for place, against in enumerate(other, 1):
            above = row[place]
            row[place] = diagonal + 1 if character == against else max(above, row[place - 1])
            diagonal = above
    return 2 * row[-1] / (len(one) + len(other))


def _has(value: str | None) -> float:
    return float(value is not None)


def _equal(one: str | None, other: str | None) -> float:
    return 0.0 if one is None or other is None else 1.0 if one == other else -1.0


def _names(address: Address) -> list[str]:
    """The names of places, in the order of the text."""
    found = [address.place, address.estate, address.zone, address.village, address.hamlet]
    found += [piece for piece in (address.rest or "").split(" ") if len(piece) >= 3 and not piece[0].isdigit()]
    return sorted((name for name in found if name), key=address.text.find)


def _local(address: Address) -> str:
    """The text below the township."""
    text = address.text
    for area in (address.province, address.city, address.county, address.township):
        if area:
            text = text.replace(area, "")
    return text


def _bigrams(text: str) -> set[tuple[str, str]]:
    return set(pairwise(text))


def _probability(weights: dict[str, float], facts: dict[str, float], bias: float) -> float:
    total = bias + sum(weight * facts[name] for name, weight in weights.items())
    return 1.0 / (1.0 + math.exp(-total))
