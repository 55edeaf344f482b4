"""Whether two addresses mean the same place, and why."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from geo.address.gazetteer import Gazetteer
from geo.address.grammar import parse
from geo.address.match_pieces import Parts, Pieces, parts_of
from geo.address.rarity import Rarity, grams
from geo.address.record import Address

# Two questions: is it one place (a road, an estate, a village), and if so, one point of it? Evidence is a share or a
# yes unless said otherwise in `evidence`; the weights are round numbers set by hand.
_PLACE = {
    "contained": 2.0, "core": 2.0, "rare": 2.0, "names": 1.0, "door": 1.0, "way": 1.0, "part": 1.0, "branch": 1.0,
    "length": 0.75, "province": 0.5, "county": 0.5, "township": 0.5, "kind": -0.25,
}  # fmt: skip
_POINT = {
    "rare": 4.0, "building": 1.5, "gate": -2.0, "name": 1.0, "last": 0.5, "kind": 0.5, "beyond": -1.0, "branch": 1.0,
    "province": 0.75,
}  # fmt: skip
_CUTS = (4.8, 4.8)
# What the other candidates of a search say; each is 0 where they are like those of a usual search, or there are none.
_PLACE_AMONG = {"others": 1.0, "common": -1.5}
_POINT_AMONG = {"rivals": -2.0, "first": 0.5}
_USUAL_COMMON = 0.3
_USUAL_RIVALS = 0.1
_UNKNOWN = 0.3  # what a share counts for that the addresses cannot give
_LONG = 3  # rare pieces of a long name, of four characters
_WEIGHTS = {
    name: sum(weights.get(name, 0.0) for weights in (_PLACE, _POINT, _PLACE_AMONG, _POINT_AMONG))
    for name in (*_PLACE, *_POINT, *_PLACE_AMONG, *_POINT_AMONG)
}
_NO_RARITY = Rarity()
Weigh = Callable[[Pieces], float]


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
    return match_many(a, [b], gazetteer, rarity=rarity)[0]


def match_many(
    a: str | Address,
    candidates: Iterable[str | Address],
    gazetteer: Gazetteer | None = None,
    *,
    rarity: Rarity | None = None,
) -> list[Match]:
    """Match each candidate of one search, (n,) in, (n,) out; each is judged by `match` and by the other ones.

    Other candidates that are likely the place speak for a candidate, unless all have the same rare pieces of `a`;
    other candidates that are likely the point speak against it. A single candidate has the answer of `match`.

    >>> found = match_many("文三路12号翠苑小区", ["文三路12号翠苑小区(东门)", "文三路12号翠苑小区", "建设路12号"])
    >>> [one.label for one in found]
    [1, 2, 0]
    """
    first = parse(a, gazetteer) if isinstance(a, str) else a
    others = [parse(b, gazetteer) if isinstance(b, str) else b for b in candidates]
    facts = [evidence(first, other, rarity or _NO_RARITY) for other in others]
    places = [_weighted(found, _PLACE) - _CUTS[0] for found in facts]
    points = [_weighted(found, _POINT) - _CUTS[1] for found in facts]
    matches = []
    for one, found, place, point, among in zip(
        others, facts, places, points, _among(facts, places, points), strict=True
    ):
        if one.text == first.text and one.text:
            matches.append(Match(2, 1.0, (("text", 1.0),)))
        else:
            here, same = place + _weighted(among, _PLACE_AMONG), point + _weighted(among, _POINT_AMONG)
            matches.append(_judged(here, same, found | among))
    return matches


def _among(facts: list[dict[str, float]], places: list[float], points: list[float]) -> Iterator[dict[str, float]]:
    """What the other candidates say of each: how many are the place, how much they share, how many are the point."""
    count = len(facts) - 1
    likely, exact = [_probability(place) for place in places], [_probability(point) for point in points]
    shared = [found["rare"] for found in facts]
    best = max(points, default=0.0)
    for here, point, rare, same in zip(likely, points, shared, exact, strict=True):
        yield {} if not count else {
            "others": (sum(likely) - here) / count,
            "common": (sum(shared) - rare) / count - _USUAL_COMMON,
            "rivals": (sum(exact) - same) / count - _USUAL_RIVALS,
            "first": float(point >= best),
        }  # fmt: skip


def _judged(place: float, point: float, facts: dict[str, float]) -> Match:
    label: Literal[0, 1, 2] = 0 if place < 0 else 2 if point >= 0 else 1
    one, same = _probability(place), _probability(point)
    reasons = [(name, round(_WEIGHTS[name] * fact, 3)) for name, fact in facts.items() if _WEIGHTS[name] * fact]
    reasons.sort(key=lambda reason: -abs(reason[1]))
    return Match(label, round((one + one * same) / 2, 4), tuple(reasons))


def _weighted(facts: dict[str, float], weights: dict[str, float]) -> float:
    return sum(weight * facts.get(name, 0.0) for name, weight in weights.items())


def evidence(a: Address, b: Address, rarity: Rarity) -> dict[str, float]:
    """Give what speaks for one place and for one point of it, by name; shares are weighted by rarity.

    The core of an address is its text below the township and above the building; its name is the end of the core
    (after the last road, number, 交叉口 or 米), its way the rest. Of `b` in `a` are the shares `name` and `way`, and
    `branch`, that of a bracket; `contained` is the share of the core of `a` in `b`. Cosines are `core`, `last` (of
    the names) and `names` (of the two parsed names most alike). `rare` is the weight of the three rarest pieces
    both have, as a share of the most there can be; `beyond` that of the core of `a` behind the last piece that `b`
    has, 1 from three rare pieces on; `length` that of `a` in twenties of characters, 2 at most.

    Yes or no are `door`, an equal number on an equal road; `kind`, names with the same ending (which many places
    have); `part`, `b` is a building or a gate where `a` is another or none; `gate`, only `b` is a gate, a car park
    or a stop.

    `building` is 0.75 equal, 0.25 to -0.25 equal where an address goes on behind it, 0 in neither, -0.5 only in
    `b`, -1 or -2 different or missing in `b` (in a village, the house takes the place of the building). `township`
    is 1 equal, -1 different, 0 not said; `county` and `province` are also 0.8 where only `a` says them, since a
    search looks there, and -0.5 where only `b` does.
    """
    one, other = parts_of(a), parts_of(b)
    weigh = rarity.weight
    shared = one.whole & other.whole
    name = _share(other.name, one.whole, weigh)
    gate = other.gate and not one.gate
    return {
        "contained": _share(one.core, other.whole, weigh),
        "core": _cosine(one.core, other.core, weigh),
        "names": max((_cosine(x, y, weigh) for x in one.names for y in other.names), default=_UNKNOWN),
        "rare": rarity.rarest(shared, 3),
        "door": float(_equal(a.road, b.road) > 0 and _equal(a.key("number"), b.key("number")) > 0),
        "way": _share(other.before, one.whole, weigh),
        "part": float(gate or bool(other.building and not one.building & other.building)),
        "branch": max((_share(x, one.whole, weigh) for x in other.brackets), default=0.0),
        "length": min(len(a.text) / 20, 2.0),
        "county": _area(a.county, b.county),
        "township": _equal(a.township, b.township),
        "province": _area(a.province, b.province),
        "building": _buildings(one, other),
        "gate": float(gate),
        "last": _cosine(one.name, other.name, weigh),
        "name": name,
        "kind": float(one.kind == other.kind != ""),
        "beyond": min(1.0, weigh(grams(_behind(one.core_text, shared))) / (_LONG * rarity.most)),
    }


def _behind(text: str, shared: Pieces) -> str:
    """What stands in the text behind its last pair of characters that is shared."""
    ends = (end for end in range(len(text), 1, -1) if text[end - 2 : end] in shared)
    return text[next(ends, 0) :]


def _buildings(one: Parts, other: Parts) -> float:
    if one.building & other.building:
        return 0.75
    if one.buildings & other.buildings:  # a shop in the building is but a part of it
        return -0.25 if one.building else 0.0 if other.building else 0.25
    if one.building:
        return -0.5 if one.building & other.numbers else -2.0
    if one.buildings:
        return -2.0 if other.building else -1.0
    return -0.5 if other.building else 0.0


def _share(part: Pieces, whole: Pieces, weigh: Weigh) -> float:
    return weigh(part & whole) / (weigh(part) or 1.0) if part else _UNKNOWN


def _cosine(one: Pieces, other: Pieces, weigh: Weigh) -> float:
    common = one & other
    return weigh(common) / math.sqrt(weigh(one) * weigh(other) or 1.0) if common else 0.0


def _equal(one: str | None, other: str | None) -> float:
    return 0.0 if one is None or other is None else 1.0 if one == other else -1.0


def _area(one: str | None, other: str | None) -> float:
    if one is None:
        return 0.0 if other is None else -0.5
    return 0.8 if other is None else 1.0 if one == other else -1.0


def _probability(margin: float) -> float:
    return 1.0 / (1.0 + math.exp(-margin))
