"""The standard addresses of a library as columns of numbers, and the lists that lead from a name to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from layers.geocode.names import LOCAL, Kind, Names

Array = np.ndarray[Any, Any]

NUMBERS = ("group", "lane", "number", "building", "unit", "room")
"""The numbers of an address, from large to small; the positions of their columns."""

_LEADING = 4  # a unit or a room alone leads nowhere: too many share it


class Values:
    """The keys of numbers (12, 12-1, B) by number."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """The number of a key, given on first sight."""
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return found

    def known(self, text: str) -> int:
        """The number of a key, -1 if the library does not have it."""
        return self._numbers.get(text, -1)

    def integers(self) -> Array:
        """(n,) the integer that each key begins with, -1 where it begins with none."""
        heads = (text.partition("-")[0] for text in self.texts)
        return np.array([int(head) if head.isdecimal() and len(head) < 9 else -1 for head in heads], dtype=np.int64)


@dataclass
class Rows:
    """Places, one a row; n rows.

    names : (n, 9) numbers of names by `Kind`, -1 where the row has none
    numbers : (n, 6) numbers of values by `NUMBERS`, -1 where the row has none
    lon, lat : (n,) degrees
    village, grid : (n,) positions in the sorted codes of the areas in force, -1 outside
    weight : (n,) how much a row counts among its like
    keys : (n,) address keys, empty for rows that are no standard address
    former : (n,) whether the address is out of use
    """

    names: Array
    numbers: Array
    lon: Array
    lat: Array
    weight: Array
    keys: Array
    former: Array
    village: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    grid: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int32))

    def __len__(self) -> int:
        return len(self.lon)

    @property
    def nbytes(self) -> int:
        """Memory of the columns."""
        parts = (self.names, self.numbers, self.lon, self.lat, self.weight, self.keys, self.former)
        return sum(part.nbytes for part in (*parts, self.village, self.grid))


@dataclass(frozen=True)
class Lists:
    """Where to find rows: by a local name and a number in one sorted list of keys, and by a name alone.

    keys : (k,) sorted, name times 2**32 plus value; rows : (k,) int32
    starts : (names + 1,) where the rows of a name begin in `members`, (m,) int32
    """

    keys: Array
    rows: Array
    starts: Array
    members: Array

    @property
    def nbytes(self) -> int:
        """Memory of the lists."""
        return self.keys.nbytes + self.rows.nbytes + self.starts.nbytes + self.members.nbytes

    @classmethod
    def of(cls, rows: Rows, names: Names) -> Lists:
        """Sort the rows by their names and numbers; O(n log n)."""
        keys, owners = [], []
        for kind in range(LOCAL, Kind.PLACE + 1):
            name = rows.names[:, kind].astype(np.int64)
            for column in range(_LEADING):
                value = rows.numbers[:, column]
                have = np.flatnonzero((name >= 0) & (value >= 0))
                keys.append((name[have] << 32) | value[have])
                owners.append(have.astype(np.int32))
        key, owner = np.concatenate(keys), np.concatenate(owners)
        del keys, owners
        order = np.argsort(key, kind="stable")
        key, owner = key[order], owner[order]
        del order
        own = [np.flatnonzero(rows.names[:, kind] >= 0).astype(np.int32) for kind in range(LOCAL, Kind.PLACE + 1)]
        name = np.concatenate([rows.names[part, kind] for kind, part in zip(range(LOCAL, 9), own, strict=True)])
        members = np.concatenate(own)
        order = np.argsort(name, kind="stable")
        starts = np.searchsorted(name[order], np.arange(len(names) + 1)).astype(np.int64)
        return cls(key, owner, starts, members[order])
