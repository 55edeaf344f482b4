"""The standard addresses of a library as columns of numbers, and the lists that lead from a name to them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
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

    def copy(self) -> Values:
        """The same keys, to be extended."""
        other = Values()
        other.texts, other._numbers = self.texts.copy(), self._numbers.copy()
        return other

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

    def edited(self, to: Array, more: Rows, at: Array) -> Rows:
        """These rows and others; copies everything, some 0.1 s for 1,000,000 rows.

        to : (n,) the new number of each row, -1 for one that goes; at : (k,) the numbers of the others, rising
        """
        kept = np.flatnonzero(to >= 0)

        def joined(name: str) -> Array:
            one, other = getattr(self, name), getattr(more, name)
            out = np.empty((len(kept) + len(at), *one.shape[1:]), dtype=np.promote_types(one.dtype, other.dtype))
            out[to[kept]] = one[kept]
            out[at] = other
            return out

        return Rows(**{each.name: joined(each.name) for each in fields(self)})

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
        key, owner = _numbered(rows)
        order = np.argsort(key, kind="stable")
        key, owner = key[order], owner[order]
        name, members = _named(rows)
        order = np.argsort(name, kind="stable")
        starts = np.searchsorted(name[order], np.arange(len(names) + 1)).astype(np.int64)
        return cls(key, owner, starts, members[order])

    def edited(self, to: Array, more: Rows, at: Array, names: Names) -> Lists:
        """The lists of `Rows.edited(to, more, at)`; linear in all rows."""
        at = at.astype(np.int32)
        keys, rows, members, begin = self.keys, to[self.rows], to[self.members], self.starts
        if (to < 0).any():
            keys, rows = keys[rows >= 0], rows[rows >= 0]
            begin = np.concatenate([[0], np.cumsum(members >= 0)])[begin]
            members = members[members >= 0]
        key, owner = _numbered(more)
        order = np.lexsort((owner, key))
        key, owner = key[order], at[owner[order]]
        places = _places(keys, rows, key, owner)
        name, member = _named(more)
        order = np.lexsort((member, name))
        name, member = name[order], at[member[order]]
        starts = np.concatenate([begin, np.full(len(names) + 1 - len(begin), begin[-1])])
        spots = np.array(
            [starts[one] + np.searchsorted(members[starts[one] : starts[one + 1]], row)
             for one, row in zip(name.tolist(), member.tolist(), strict=True)], dtype=np.int64,
        )  # fmt: skip
        counts = np.bincount(name, minlength=len(names))
        return Lists(
            np.insert(keys, places, key), np.insert(rows, places, owner),
            starts + np.concatenate([[0], np.cumsum(counts)]), np.insert(members, spots, member),
        )  # fmt: skip


def _places(keys: Array, rows: Array, key: Array, owner: Array) -> Array:
    """Where (k,) new entries go, so that equal keys stay in the order of their rows."""
    left, right = np.searchsorted(keys, key), np.searchsorted(keys, key, side="right")
    return np.array(
        [low + np.searchsorted(rows[low:high], row)
         for low, high, row in zip(left.tolist(), right.tolist(), owner.tolist(), strict=True)], dtype=np.int64,
    )  # fmt: skip


def _numbered(rows: Rows) -> tuple[Array, Array]:
    """The entries of rows by name and number: keys, and rows."""
    keys, owners = [], []
    for kind in range(LOCAL, Kind.PLACE + 1):
        name = rows.names[:, kind].astype(np.int64)
        for column in range(_LEADING):
            value = rows.numbers[:, column]
            have = np.flatnonzero((name >= 0) & (value >= 0))
            keys.append((name[have] << 32) | value[have])
            owners.append(have.astype(np.int32))
    return np.concatenate(keys), np.concatenate(owners)


def _named(rows: Rows) -> tuple[Array, Array]:
    """The entries of rows by name alone: names, and rows."""
    own = [np.flatnonzero(rows.names[:, kind] >= 0).astype(np.int32) for kind in range(LOCAL, Kind.PLACE + 1)]
    name = np.concatenate([rows.names[part, kind] for kind, part in zip(range(LOCAL, 9), own, strict=True)])
    return name, np.concatenate(own)
