"""Keys and digests: which row of a file is which row of a table, and whether it has changed."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import numpy as np
import shapely

from layers.ingest.arrays import Array, is_none, objects
from layers.ingest.batch import Batch

DECIMALS = 9
_HALF = 16


def digests(batch: Batch, fields: Iterable[str]) -> Array:
    """(n,) digests of 32 hexadecimal digits: 16 of the fields, then 16 of the place to 1e-9 degrees.

    Rows with the same values have the same digest, whatever the format or the order of the columns.
    """
    names = sorted(name for name in fields if name in batch.fields)
    columns = [batch.fields[name] for name in names]
    places = shapely.to_wkb(_rounded(batch.geometry))
    rows = zip(*columns, strict=True) if columns else ((),) * len(batch)
    pairs = zip(rows, places, strict=True)
    found = [_hash(_canonical(names, row)) + _hash(place or b"") for row, place in pairs]
    return objects(found)


def place_part(digest: str) -> str:
    """The part of a digest that tells whether a place has changed."""
    return digest[_HALF:]


def values_part(digest: str) -> str:
    """The part of a digest that tells whether a field has changed."""
    return digest[:_HALF]


def _rounded(shapes: Array) -> Any:
    return shapely.transform(shapes, lambda places: np.round(places, DECIMALS) + 0.0, include_z=False)


def _canonical(names: list[str], row: tuple[Any, ...]) -> bytes:
    """Missing values count as if the column were not there, so that an added empty column changes nothing."""
    return "\x1f".join(f"{name}={value}" for name, value in zip(names, row, strict=True) if value is not None).encode()


def _hash(data: bytes) -> str:
    return blake2b(data, digest_size=_HALF // 2).hexdigest()


class Keys:
    """The keys of one file: made where the file has none, and each used once."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}
        self._made: dict[str, int] = {}

    def complete(self, keys: Array, digest: Array, rows: Array) -> Array:
        """(n,) keys, where missing made of the content and a count, so that the same file always gets the same ones."""
        out = keys.copy()
        for row in np.flatnonzero(rows & is_none(keys)):
            content = digest[row]
            self._made[content] = self._made.get(content, 0) + 1
            out[row] = f"auto-{content}-{self._made[content]}"
        return out

    def repeated(self, keys: Array, lines: Array, rows: Array) -> Array:
        """(n,) line on which a key was first used, for rows that use it again; 0 elsewhere."""
        out = np.zeros(len(keys), dtype=np.int64)
        for row in np.flatnonzero(rows):
            first = self._first.setdefault(keys[row], int(lines[row]))
            if first != lines[row]:
                out[row] = first
        return out
