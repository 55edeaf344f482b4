"""The library of standard addresses in memory, and what it says about texts and points."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from scipy.spatial import cKDTree
from sqlalchemy.orm import Session

from geo.address.gazetteer import Gazetteer
from layers.errors import InvalidInputError
from layers.geocode.answer import answer
from layers.geocode.build import Builder
from layers.geocode.distance import METRES_PER_DEGREE
from layers.geocode.kernel import resolve
from layers.geocode.model import Geocoded, Reverse
from layers.geocode.names import Kind, Names
from layers.geocode.naming import OtherName, Told, add_aliases
from layers.geocode.query import Query, read
from layers.geocode.roads import Crossings
from layers.geocode.rows import Array, Lists, Rows, Values
from layers.geocode.territory import Territory
from layers.geocode.wholes import Wholes

REVERSE_REACH_M = 500.0
_AT_ONCE = 20_000


class Library:
    """Standard addresses, other names and areas in force on a day, in memory; it never changes.

    `revision` tells which state of the tables it was made of. About 250 bytes a standard address.
    """

    def __init__(
        self,
        built: Builder,
        towns: Territory | None,
        villages: Territory | None,
        cells: Territory | None,
        *,
        crossings: Crossings | None = None,
        gazetteer: Gazetteer | None = None,
        revision: Any = None,
    ) -> None:
        self.towns, self.villages, self.cells = towns, villages, cells
        self.revision = revision
        self.gazetteer = gazetteer
        self.crossings = crossings or Crossings({})
        self.rows: Rows = built.finish(towns, villages, cells)
        self.names: Names = built.names
        self.values: Values = built.values
        self.whole, self.areas = built.whole, built.areas
        self.bare, self.present = built.bare, built.present
        self.ids = np.zeros(0, dtype=np.int64)  # of the standard addresses, which are the first rows
        self.loads: frozenset[int] = frozenset()  # that brought them
        self.wholes = Wholes()
        self.told: dict[int, Told] = {}
        self.lists = Lists.of(self.rows, self.names)
        self._count()
        self._areas_of: dict[tuple[int, int], frozenset[int]] = {}

    def with_aliases(self, aliases: Sequence[OtherName]) -> Library:
        """This library, which has none, with other names; it shares what it can with this one.

        Linear in both: 0.2 s for 1,000,000 addresses and few aliases.
        """
        other = copy(self)
        other.names, other.values, other._areas_of = self.names.copy(), self.values.copy(), {}
        built = Builder(names=other.names, values=other.values, count=len(self))
        first = len(self.names)
        other.wholes, other.told = add_aliases(built, self, aliases)
        more = built.placed(self.villages, self.cells)
        if self.villages is not None:
            built.name_bare(more, self.villages)
        other.names.extend(first, built.forms)
        other.edit(np.arange(len(self)), more, np.arange(len(self), len(self) + len(more)))
        return other

    def edit(self, to: Array, more: Rows, at: Array) -> None:
        """Put these rows in the place of the present ones, see `Rows.edited`; for a copy that nobody has seen yet."""
        self.rows, self.lists = self.rows.edited(to, more, at), self.lists.edited(to, more, at, self.names)
        self._areas_of = {}
        self._count()

    def _count(self) -> None:
        town = np.ascontiguousarray(self.rows.names[:, Kind.TOWN])
        self.towns_of = town[self.lists.rows], town[self.lists.members]
        self.integers = self.values.integers() if self.values.texts else np.zeros(1, dtype=np.int64)
        self.kinds = np.array(self.names.kinds or [Kind.PROVINCE], dtype=np.int32)

    def area_names(self, low: int, high: int) -> frozenset[int]:
        """The names of areas, from the province to the hamlet, that rows in the villages [low, high) have."""
        found = self._areas_of.get((low, high))
        if found is None:
            inside = (self.rows.village >= low) & (self.rows.village < high)
            names = np.unique(self.rows.names[inside, : Kind.HAMLET + 1])
            found = self._areas_of[low, high] = frozenset(names.tolist()) - {-1}
        return found

    @classmethod
    def of(cls, session: Session, *, as_of: date) -> Library:
        """Read the library that holds on a day from the tables."""
        from layers.geocode.load import read_library

        return read_library(session, as_of=as_of)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def nbytes(self) -> int:
        """Memory of the arrays; names and their forms come on top."""
        return self.rows.nbytes + self.lists.nbytes

    # -- texts ------------------------------------------------------------------------------------------

    def geocode(self, texts: Sequence[str | None], near: str | None = None) -> list[Geocoded]:
        """Say where each text lies, (n,) in, (n,) out; the answer to a text does not depend on the others.

        near : code of an area; of equal places the one inside it is taken to be meant
        """
        low, high = self._near(near)
        out: list[Geocoded] = []
        for start in range(0, len(texts), _AT_ONCE):
            part = [text or "" for text in texts[start : start + _AT_ONCE]]
            different = list(dict.fromkeys(part))
            queries = [read(text, self.names, self.values, self._whole) for text in different]
            found = self.resolve(queries, low, high)
            self.wholes.settle(self, queries, found, (low, high))
            answers = dict(zip(different, answer(self, queries, found), strict=True))
            out += [answers[text] for text in part]
        return out

    def _whole(self, plain: str) -> int:
        return self.whole.get(plain, -1)

    def _near(self, code: str | None) -> tuple[int, int]:
        if not code:
            return 0, 0
        if not isinstance(code, str) or not code.isascii():
            raise InvalidInputError(f"{str(code)[:40]!r} is no code of an area.")
        return self.villages.below(code[:12]) if self.villages else (0, 0)

    def resolve(self, queries: Sequence[Query], low: int = 0, high: int = 0) -> tuple[Array, ...]:
        """What `kernel.resolve` finds for some queries."""
        rows, lists = self.rows, self.lists
        spans = [span for query in queries for span in query.spans]
        meanings = np.array(
            [(m.name, m.weight, m.low, m.high) for span in spans for m in span.meanings], dtype=np.float64
        ).reshape(-1, 4)
        numbers = [number for query in queries for number in query.numbers]
        found: tuple[Array, ...] = resolve(
            _starts([len(query.spans) for query in queries]), _starts([len(span.meanings) for span in spans]), meanings,
            _starts([len(query.numbers) for query in queries]),
            np.array([number.kind for number in numbers], dtype=np.int64),
            np.array([number.value for number in numbers], dtype=np.int64),
            np.array([number.integer for number in numbers], dtype=np.int64),
            np.tile(np.array([low, high], dtype=np.int64), (len(queries), 1)),
            rows.names, rows.numbers, rows.lon, rows.lat, rows.weight, rows.village, rows.grid, rows.former,
            self.integers, self.kinds, lists.keys, lists.rows, lists.starts, lists.members, *self.towns_of,
            len(self.cells.codes) if self.cells else 0,
        )  # fmt: skip
        return found

    # -- points -----------------------------------------------------------------------------------------

    def reverse_geocode(self, lon: float, lat: float) -> Reverse:
        """The standard address nearest to a point in degrees, within 500 m, and the areas that hold the point."""
        return self.reverse_geocode_many(np.array([lon], dtype=float), np.array([lat], dtype=float))[0]

    def reverse_geocode_many(self, lon: Array, lat: Array) -> list[Reverse]:
        """`reverse_geocode` for (n,) longitudes and latitudes; equally near addresses: the one loaded first."""
        lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
        metres, rows = np.full(len(lon), np.inf), np.full(len(lon), -1)
        tree, standard, scale = self._tree
        sound = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) <= 90)
        if len(standard) and sound.any():
            points = np.column_stack([lon[sound] * scale, lat[sound]]) * METRES_PER_DEGREE
            metres[sound], found = tree.query(points, distance_upper_bound=REVERSE_REACH_M)
            rows[sound] = np.where(found < len(standard), standard[np.minimum(found, len(standard) - 1)], -1)
        place = np.where(sound, lon, np.nan), np.where(sound, lat, np.nan)
        codes = [
            territory.locate(*place)[0] if territory else np.full(len(lon), None, dtype=object)
            for territory in (self.villages, self.cells)
        ]
        return [
            Reverse(
                float(lon[at]), float(lat[at]),
                self.label(row) if row >= 0 else None, (str(self.rows.keys[row]) or None) if row >= 0 else None,
                round(float(metres[at]), 1) if row >= 0 else None, codes[0][at], codes[1][at],
            )
            for at, row in enumerate(rows.tolist())
        ]  # fmt: skip

    @cached_property
    def _tree(self) -> tuple[cKDTree, Array, float]:
        rows = self.rows
        standard = np.flatnonzero((rows.keys != "") & ~rows.former & np.isfinite(rows.lon))
        middle = float(np.mean(rows.lat[standard])) if len(standard) else 0.0
        scale = float(np.cos(np.radians(middle)))
        points = np.column_stack([rows.lon[standard] * scale, rows.lat[standard]]) * METRES_PER_DEGREE
        return cKDTree(points.reshape(-1, 2)), standard, scale

    # -- words ------------------------------------------------------------------------------------------

    def label(self, row: int, upto: int = 99) -> str:
        """The address of a row from its town down, without what lies below the first `upto` parts."""
        names, numbers = self.rows.names[row], self.rows.numbers[row]
        parts: list[Any] = [self._name(names[kind]) for kind in (Kind.TOWN, Kind.VILLAGE, Kind.HAMLET)]
        parts += [self._value(numbers[0], "组"), self._name(names[Kind.ROAD]), self._value(numbers[1], "弄")]
        parts += [self._value(numbers[2], "号"), self._name(names[Kind.ESTATE]), self._name(names[Kind.PLACE])]
        parts += [self._value(numbers[3], "幢"), self._value(numbers[4], "单元"), self._value(numbers[5], "室")]
        return "".join(part for part in parts[:upto] if part)

    def area_code(self, name: int) -> str | None:
        """The code of the area with a name, if only one has it."""
        found = self.areas.get(name, set())
        return next(iter(found)) if len(found) == 1 else None

    def _name(self, number: int) -> str:
        return self.names.texts[number] if number >= 0 else ""

    def _value(self, number: int, sign: str) -> str:
        return self.values.texts[number] + sign if number >= 0 else ""


def _starts(sizes: list[int]) -> Array:
    return np.concatenate([[0], np.cumsum(np.array(sizes, dtype=np.int64))]).astype(np.int64)
