"""House numbers that the library does not have, placed between their neighbours on the road."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from layers.geocode.distance import METRES_PER_DEGREE, distance_m
from layers.geocode.names import Kind
from layers.geocode.query import Number, Query
from layers.geocode.rows import NUMBERS, Array

MOST_M, MOST_NUMBERS, SAME_HOUSE_M = 150.0, 40, 60.0
"""Neighbours further off than this, in metres or in numbers, tell nothing; nor does a number that two places have."""

ASIDE_M = 25.0
"""How far off the line between its neighbours a house may stand."""

_LANE, _HOUSE = NUMBERS.index("lane"), NUMBERS.index("number")
_PARTS = 16


@dataclass(frozen=True)
class Between:
    """Where a house number lies that stands between two others on its road; `rows` are those, the lower one first.

    ends : (lon, lat) of the two in degrees; share : how far it is from the first to the second; signs : their numbers
    same_side : whether both are odd or even as the number is
    """

    rows: tuple[int, int]
    ends: tuple[tuple[float, float], tuple[float, float]]
    share: float
    token: str
    signs: tuple[str, str]
    same_side: bool
    reason: str = "between"
    vague: bool = False

    @property
    def lon(self) -> float:
        """Longitude on the line between the two."""
        return round(self.ends[0][0] + self.share * (self.ends[1][0] - self.ends[0][0]), 7)

    @property
    def lat(self) -> float:
        """Latitude on the line between the two."""
        return round(self.ends[0][1] + self.share * (self.ends[1][1] - self.ends[0][1]), 7)

    @property
    def radius_m(self) -> float:
        """Metres to the neighbour that is further off, 20 at least."""
        return max(20.0, *(distance_m(self.lon, self.lat, *end) for end in self.ends))

    @property
    def record(self) -> str:
        """The neighbours in words."""
        return f"{self.signs[0]}–{self.signs[1]}, {self.radius_m:.0f} m"

    def points(self) -> Array:
        """(k, 2) points in degrees: on the line, all over it and around where the number should be, and beside it."""
        along = np.linspace(0, 1, _PARTS)
        near = np.clip(self.share + (along - 0.5) / 2, 0, 1)
        part = np.concatenate([along, near])[:, None]
        line = np.array(self.ends[0]) * (1 - part) + np.array(self.ends[1]) * part
        moves = np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]]) * ASIDE_M / METRES_PER_DEGREE
        moves[:, 0] /= max(np.cos(np.radians(self.lat)), 0.01)
        points: Array = np.concatenate([line + move for move in moves])
        return points


def between_of(library: Any, query: Query, row: int, number_bits: int) -> Between | None:
    """The neighbours of the house number of a text, None if the library has it or they are not known.

    row, number_bits : the likeliest row of the text, and the numbers that it matches. Numbers of the same side of the
    road (odd or even) count first. A text whose road may be in several towns has no neighbours.
    """
    house = _house(query)
    if house is None or query.whole >= 0 or query.offsets:
        return None
    at, number = house
    roads = _roads(library, query)
    if len(roads) != 1 or (row >= 0 and number_bits >> at & 1 and library.rows.names[row, Kind.ROAD] in roads):
        return None
    rows = _on_road(library, query, roads.pop())
    if rows is None:
        return None
    said = library.integers[library.rows.numbers[rows, _HOUSE]]
    if (said == number.integer).any():
        return None
    alike = (said - number.integer) % 2 == 0
    for same_side, fitting in ((True, alike), (False, np.ones(len(said), dtype=bool))):
        found = _neighbours(library, rows[fitting], said[fitting], number, same_side=same_side)
        if found is not None:
            return found
    return None


def mistaken(library: Any, query: Query, row: int, number_bits: int) -> int:
    """The bits of house numbers that were taken for a lane or a building on the road: 朝阳路3号 for 朝阳路...小区3幢.

    A text that names the estate or the lane may well call its building a number.
    """
    own = library.rows.numbers[row].tolist()
    found = 0
    for at, number in enumerate(query.numbers):
        if number.kind == _HOUSE and number_bits >> at & 1 and own[_HOUSE] != number.value:
            found |= 1 << at
    if not found or any(number.kind == _LANE for number in query.numbers):
        return 0
    names = library.rows.names[row].tolist()
    kinds = {kind for span in query.spans for meaning in span.meanings
             if names[kind := library.names.kinds[meaning.name]] == meaning.name}  # fmt: skip
    return found if Kind.ROAD in kinds and max(kinds) < Kind.ESTATE else 0


def _house(query: Query) -> tuple[int, Number] | None:
    """The only house number of a text, and its place among its numbers; None with a lane, a group or several."""
    houses = [(at, number) for at, number in enumerate(query.numbers) if number.kind == _HOUSE]
    if len(houses) != 1 or houses[0][1].integer < 0 or any(0 <= number.kind < _HOUSE for number in query.numbers):
        return None
    return houses[0]


def _roads(library: Any, query: Query) -> set[int]:
    """The names of roads in a text, as they are written or another name of them."""
    return {
        meaning.name
        for span in query.spans
        for meaning in span.meanings
        if library.names.kinds[meaning.name] == Kind.ROAD and meaning.reason != "fuzzy"
    }


def _on_road(library: Any, query: Query, road: int) -> Array | None:
    """The houses with a number on a road of one town, None if several towns have it or the text names another place."""
    lists, columns = library.lists, library.rows
    of_road = slice(lists.starts[road], lists.starts[road + 1])
    rows: Array = lists.members[of_road]
    towns = library.towns_of[1][of_road]  # side by side in memory, for roads that dozens of towns have
    for span in query.spans:
        named = [meaning.name for meaning in span.meanings if library.names.kinds[meaning.name] == Kind.TOWN]
        if named and library.names.kinds[span.meanings[0].name] == Kind.TOWN:
            here = np.isin(towns, named)
            rows, towns = rows[here], towns[here]
    if not len(rows) or towns.min() != towns.max():
        return None
    houses = (columns.numbers[rows, _HOUSE] >= 0) & (columns.numbers[rows, _LANE] < 0) & ~columns.former[rows]
    rows = rows[houses]
    if not len(rows):
        return None
    for span in query.spans:
        names = [(int(library.names.kinds[meaning.name]), meaning.name) for meaning in span.meanings]
        if not any((columns.names[rows, kind] == name).any() for kind, name in names):
            return None
    return rows


def _neighbours(library: Any, rows: Array, said: Array, number: Number, *, same_side: bool) -> Between | None:
    lower, upper = said[said < number.integer], said[said > number.integer]
    if not len(lower) or not len(upper):
        return None
    ends = int(lower.max()), int(upper.min())
    if ends[0] < 0 or ends[1] - ends[0] > MOST_NUMBERS:
        return None
    houses = [rows[said == end] for end in ends]
    lon, lat = library.rows.lon, library.rows.lat
    middles = [(float(np.mean(lon[house])), float(np.mean(lat[house]))) for house in houses]
    for house, (x, y) in zip(houses, middles, strict=True):
        if np.hypot((lon[house] - x) * np.cos(np.radians(y)), lat[house] - y).max() * METRES_PER_DEGREE > SAME_HOUSE_M:
            return None  # one number in two places
    texts = [library.values.texts[library.rows.numbers[house[0], _HOUSE]] + "号" for house in houses]
    share = (number.integer - ends[0]) / (ends[1] - ends[0])
    found = Between(
        (int(houses[0][0]), int(houses[1][0])),
        (middles[0], middles[1]),
        share,
        number.text,
        (texts[0], texts[1]),
        same_side,
    )
    return found if found.radius_m <= MOST_M else None
