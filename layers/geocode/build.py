"""From standard addresses, named places, roads and areas to the columns of a library."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely

from geo.address import normalise, parse
from geo.address.numbers import number_key
from layers.geocode.distance import METRES_PER_DEGREE
from layers.geocode.names import Kind, Meaning, Names
from layers.geocode.rows import NUMBERS, Array, Rows, Values
from layers.geocode.territory import Territory

AREAS = ("province", "city", "county", "town", "village", "hamlet", "road", "estate")
"""Columns of the table of addresses that hold names, in the order of `Kind`."""

_COUNTS = ("group_no", "lane", "number", "building", "unit", "room")
_WRITTEN = (
    *("province", "city", "county", "town", "village", "hamlet", "group_no"),
    *("road", "lane", "number", "estate", "building", "unit", "floor", "room"),
)
_TAIL = re.compile(r"(?P<place>.*?)(?P<building>[0-9A-Z]+(?:号楼|幢|栋|座))?$")
_ENDS_IN_NUMBER = re.compile(r"[0-9A-Za-z一二三四五六七八九十]+(?:号楼|幢|栋|座|号|单元|层)?$")
ROAD_STEP_M = 60.0

Column = Sequence[str | None]


@dataclass
class Builder:
    """Gathers rows; `finish` places them in the areas in force.

    whole : texts of addresses that stand for their row as they are, without their spaces
    forms : further writings and what they mean
    areas : name -> codes of the areas that have it
    count : rows so far, with those of a library that they are going to follow
    bare : how many of the last rows stand for villages that have no other row
    present : (village, name) where the name in force means the one that most of its rows have
    """

    names: Names = field(default_factory=Names)
    values: Values = field(default_factory=Values)
    whole: dict[str, int] = field(default_factory=dict)
    forms: list[tuple[str, Meaning]] = field(default_factory=list)
    areas: dict[int, set[str]] = field(default_factory=dict)
    count: int = 0
    bare: int = 0
    present: frozenset[tuple[int, int]] = frozenset()

    def __post_init__(self) -> None:
        self._names: list[Array] = []
        self._numbers: list[Array] = []
        self._points: list[Array] = []
        self._weight: list[Array] = []
        self._keys: list[Array] = []
        self._former: list[Array] = []
        self._key_of: dict[str | None, int] = {None: -1, "": -1}
        self._roads_with: set[int] | None = None

    def add_addresses(
        self, columns: Mapping[str, Column], full_text: Column, keys: Sequence[str], points: Array, former: Array
    ) -> None:
        """Take standard addresses: their columns as in the table, points (n, 2) in degrees.

        What the full text has behind its columns names the place itself: 枫溪农贸市场. A row without any column is
        parsed from its text.
        """
        given = {name: list(columns.get(name) or (None,) * len(keys)) for name in _WRITTEN}
        places: list[str | None] = [None] * len(keys)
        for row, text in enumerate(full_text):
            joined = "".join(part for name in _WRITTEN if (part := given[name][row]))
            if not text or text == joined:
                continue
            if not joined:
                self._parse_into(given, places, row, text)
                self.whole.setdefault(normalise(text).replace(" ", ""), self.count + row)
            elif text.startswith(joined):
                self._take_tail(given, places, row, text[len(joined) :])
            else:
                self.whole.setdefault(normalise(text).replace(" ", ""), self.count + row)
        names = np.full((len(keys), len(Kind)), -1, dtype=np.int32)
        for kind, name in enumerate(AREAS):
            names[:, kind] = self._named(Kind(kind), given[name])
        names[:, Kind.PLACE] = self._named(Kind.PLACE, places)
        numbers = np.stack([self._valued(given[name]) for name in _COUNTS], axis=1)
        self._append(names, numbers, points, np.ones(len(keys), np.float32), np.array(keys, dtype=str), former)

    def add_places(self, kinds: Sequence[Kind], texts: Sequence[str], points: Array, weight: float = 1.0) -> None:
        """Take named points: hamlets, estates, landmarks, buildings, points along a road."""
        names = np.full((len(texts), len(Kind)), -1, dtype=np.int32)
        for row, (kind, text) in enumerate(zip(kinds, texts, strict=True)):
            names[row, kind] = self.names.number(kind, normalise(text).replace(" ", ""))
        numbers = np.full((len(texts), len(NUMBERS)), -1, dtype=np.int32)
        nobody = np.zeros(len(texts), dtype=bool)
        weights = np.full(len(texts), weight, np.float32)
        self._append(names, numbers, points, weights, np.full(len(texts), "", dtype="<U1"), nobody)

    def add_point(self, lon: float, lat: float, places: Mapping[Kind, str]) -> None:
        """Take one point with names."""
        names = np.full((1, len(Kind)), -1, dtype=np.int32)
        for kind, text in places.items():
            names[0, kind] = self.names.number(kind, text)
        numbers = np.full((1, len(NUMBERS)), -1, dtype=np.int32)
        keys, nobody = np.full(1, "", dtype="<U1"), np.zeros(1, dtype=bool)
        self._append(names, numbers, np.array([[lon, lat]]), np.ones(1, np.float32), keys, nobody)

    def add_division(self, code: str, name: str, *, own: bool = False) -> None:
        """Take the official name of an area; it tells which area a text means where no address does.

        own : whether it is one of the library's own areas, whose name may be shortened or misspelt
        """
        kind = {2: Kind.PROVINCE, 4: Kind.CITY, 6: Kind.COUNTY, 9: Kind.TOWN, 12: Kind.VILLAGE}.get(len(code))
        text = normalise(name)
        if kind is None or not text:
            return
        fresh = self.names.known(kind, text) is None
        number = self.names.number(kind, text)
        self.areas.setdefault(number, set()).add(code)
        if own:
            self.names.distant.discard(number)
        elif fresh and kind >= Kind.TOWN:
            self.names.distant.add(number)

    def add_roads(self, texts: Sequence[str | None], lines: Array) -> None:
        """Take the named roads that no address names, as points every 60 m along them; lines in degrees."""
        for text, line in zip(texts, lines, strict=True):
            if not text or line is None or self.names.known(Kind.ROAD, normalise(text)) in self._with_addresses():
                continue
            length = shapely.length(line) * METRES_PER_DEGREE
            parts = shapely.get_parts(line)
            steps = max(1, int(length / ROAD_STEP_M / max(1, len(parts))))
            at = (np.arange(steps) + 0.5) / steps
            spots = np.concatenate(
                [shapely.get_coordinates(shapely.line_interpolate_point(part, at, normalized=True)) for part in parts]
            )
            self.add_places([Kind.ROAD] * len(spots), [text] * len(spots), spots, 0.5)

    def _with_addresses(self) -> set[int]:
        if self._roads_with is None:
            found = [part[:, Kind.ROAD] for part in self._names]
            self._roads_with = set(np.unique(np.concatenate(found)).tolist()) - {-1} if found else set()
        return self._roads_with

    def _take_tail(self, given: dict[str, list[str | None]], places: list[str | None], row: int, tail: str) -> None:
        found = _TAIL.match(tail)
        place = found["place"] if found else tail
        if found and found["building"] and not given["building"][row]:
            given["building"][row] = found["building"]
        if len(place) >= 2:
            places[row] = place

    def _parse_into(self, given: dict[str, list[str | None]], places: list[str | None], row: int, text: str) -> None:
        parts = parse(text)
        for name in _WRITTEN:
            field_name = {"group_no": "group", "town": "township"}.get(name, name)
            given[name][row] = getattr(parts, field_name)
        places[row] = parts.place

    def _named(self, kind: Kind, texts: Column) -> Array:
        cache: dict[str | None, int] = {None: -1, "": -1}
        out = np.empty(len(texts), dtype=np.int32)
        for row, text in enumerate(texts):
            number = cache.get(text)
            if number is None:
                plain = normalise(text or "").replace(" ", "")
                number = cache[text] = self.names.number(kind, plain) if plain else -1
            out[row] = number
        return out

    def _valued(self, texts: Column) -> Array:
        cache, out = self._key_of, np.empty(len(texts), dtype=np.int32)
        for row, text in enumerate(texts):
            number = cache.get(text)
            if number is None:
                number = cache[text] = self.values.number(number_key(text or ""))
            out[row] = number
        return out

    def _append(self, names: Array, numbers: Array, points: Array, weight: Array, keys: Array, former: Array) -> None:
        self._names.append(names)
        self._numbers.append(numbers)
        self._points.append(np.asarray(points, dtype=np.float64).reshape(-1, 2))
        self._weight.append(weight)
        self._keys.append(keys)
        self._former.append(np.asarray(former, dtype=bool))
        self.count += len(names)

    def finish(self, towns: Territory | None, villages: Territory | None, cells: Territory | None) -> Rows:
        """Join what was gathered, and place it; areas without a single row get one for each of their grids."""
        for areas, width in ((towns, 9), (villages, 12)):
            for code, name in zip(areas.codes, areas.names, strict=True) if areas else ():
                self.add_division(str(code).ljust(width, "0")[:width], name, own=True)
        if villages is not None:
            self._add_bare_villages(villages, cells)
        rows = self.placed(villages, cells)
        if villages is not None:
            self._name_villages(rows, villages)
        self.names.index(self.forms)
        return rows

    def placed(self, villages: Territory | None, cells: Territory | None) -> Rows:
        """Join what was gathered, and look up the village and the grid of each row."""
        if not self._names:
            self.add_places([], [], np.zeros((0, 2)))
        points = np.concatenate(self._points)
        rows = Rows(
            names=np.concatenate(self._names), numbers=np.concatenate(self._numbers),
            lon=points[:, 0].copy(), lat=points[:, 1].copy(), weight=np.concatenate(self._weight),
            keys=np.concatenate(self._keys), former=np.concatenate(self._former),
        )  # fmt: skip
        outside = np.full(len(rows), -1, dtype=np.int32)
        rows.grid = cells.positions(rows.lon, rows.lat)[0].astype(np.int32) if cells else outside
        rows.village = villages.positions(rows.lon, rows.lat)[0].astype(np.int32) if villages else outside
        return rows

    def name_bare(self, rows: Rows, villages: Territory) -> tuple[Array, Array]:
        """Give rows without one the name of their village; which rows lie inside, and (m,) names of the villages."""
        own = np.array([self.names.number(Kind.VILLAGE, normalise(name)) for name in villages.names], dtype=np.int32)
        inside = rows.village >= 0
        bare = inside & (rows.names[:, Kind.VILLAGE] < 0)
        rows.names[bare, Kind.VILLAGE] = own[rows.village[bare]]
        return inside, own

    def _name_villages(self, rows: Rows, villages: Territory) -> None:
        """Give rows without one the name of their village, and let a village's name in force mean its written one."""
        _, own = self.name_bare(rows, villages)
        self.present = present_names(rows, own)
        for village, name in sorted(self.present):
            text = self.names.texts[own[village]]
            self.forms.append((text, Meaning(name, 1.0, "present name", village, village + 1)))

    def _add_bare_villages(self, villages: Territory, cells: Territory | None) -> None:
        have: set[int] = set()
        for points in self._points:
            have |= set(np.unique(villages.index.locate(points[:, 0].copy(), points[:, 1].copy())).tolist())
        self.add_bare(villages, cells, [place for place in range(len(villages.codes)) if place not in have])

    def add_bare(self, villages: Territory, cells: Territory | None, missing: Sequence[int]) -> None:
        """Take villages without a row, each with one for each of its grids."""
        if not missing:
            return
        codes = [villages.codes[place] for place in missing]
        spots, texts = [], []
        for place, code in zip(missing, codes, strict=True):
            low, high = cells.below(code) if cells else (0, 0)
            inner = cells.spots[low:high] if cells and high > low else villages.spots[place : place + 1]
            spots += list(inner)
            texts += [villages.names[place]] * len(inner)
        self.bare += len(spots)
        self.add_places([Kind.VILLAGE] * len(spots), texts, np.array(spots))


def present_names(rows: Rows, own: Array) -> frozenset[tuple[int, int]]:
    """(village, name) where most rows of a village have a name other than `own`, (m,) the names in force."""
    inside = rows.village >= 0
    other = inside & (rows.names[:, Kind.VILLAGE] != own[rows.village])
    pairs, counts = np.unique(
        np.stack([rows.village[other], rows.names[other, Kind.VILLAGE]], axis=1), axis=0, return_counts=True
    )
    size = np.bincount(rows.village[inside], minlength=len(own))
    return frozenset((village, name) for (village, name), count in zip(pairs.tolist(), counts.tolist(), strict=True)
                     if count > size[village] / 2)  # fmt: skip
