"""Rows on their way from a file to a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from layers.ingest.arrays import Array, is_none, nothing


@dataclass
class Batch:
    """Some rows of a file, their values by the names of our fields, and why a row is refused.

    lines : (n,) where each row stands, see `Reject.line`
    original : (n, columns) as in the file, without columns about persons
    fields : field -> (n,) values, None where missing
    geometry : (n,) shapely geometries, None where missing; as in the file first, in EPSG:4326 once placed
    reasons : (n,) text, None for rows that are still good
    derived : column -> (n,) values that are worked out from the place, for rows that are new or have moved
    """

    lines: Array
    original: pd.DataFrame
    fields: dict[str, Array]
    geometry: Array
    reasons: Array
    derived: dict[str, Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def good(self) -> Array:
        """(n,) bool, rows that nothing speaks against so far."""
        return is_none(self.reasons)

    def reject(self, rows: Array, reason: Any) -> None:
        """Refuse `rows` (n,) bool for `reason`, a text or (n,) texts; the first reason of a row stays."""
        fresh = rows & self.good
        if fresh.any():
            self.reasons[fresh] = reason[fresh] if isinstance(reason, np.ndarray) else reason

    def get(self, field: str) -> Array:
        """(n,) values of a field, all None where the file does not have it."""
        found = self.fields.get(field)
        return nothing(len(self)) if found is None else found

    def take(self, rows: Array) -> Batch:
        """The rows that `rows`, (n,) bool or positions, chooses."""
        original = self.original[rows] if rows.dtype == bool else self.original.iloc[rows]
        return Batch(
            self.lines[rows],
            original.reset_index(drop=True),
            {name: values[rows] for name, values in self.fields.items()},
            self.geometry[rows],
            self.reasons[rows],
            {name: values[rows] for name, values in self.derived.items()},
        )


def join(batches: list[Batch]) -> Batch:
    """One batch of several with the same fields."""
    return Batch(
        np.concatenate([batch.lines for batch in batches]),
        pd.concat([batch.original for batch in batches], ignore_index=True),
        {name: np.concatenate([batch.fields[name] for batch in batches]) for name in batches[0].fields},
        np.concatenate([batch.geometry for batch in batches]),
        np.concatenate([batch.reasons for batch in batches]),
    )
