"""Rows into a table: new ones inserted, changed ones updated, equal ones left alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.ingest.addresses import keep_former_texts
from layers.ingest.arrays import Array, flags, is_none, objects
from layers.ingest.batch import Batch
from layers.ingest.fields import Layer
from layers.ingest.keys import place_part, values_part
from layers.ingest.rules import Rules
from layers.tables import SRID, Assignment

ROWS_PER_STATEMENT = 5_000
# What the services worked out from a place, and what it falls back to when the place moves.
_FROM_PLACE = ("village_code", "grid_code", "distance_m")
_OUTCOMES = ("inserted", "updated", "unchanged", "foreign")


@dataclass(frozen=True)
class Stored:
    """What became of the rows of a batch; (n,) bool each. `foreign` ones belong to an area outside the scope."""

    inserted: Array
    updated: Array
    unchanged: Array
    foreign: Array


class Store:
    """The way into one layer's table during one load."""

    def __init__(self, session: Session, layer: Layer, load_id: int, rules: Rules) -> None:
        self.session, self.layer, self.load_id, self.rules = session, layer, load_id, rules
        self.updated_ids: list[int] = []
        self.table: sa.Table = layer.model.__table__
        self.key = self.table.c[layer.key]
        self._was_empty = session.execute(sa.select(self.table.c.id).limit(1)).first() is None

    def write(self, batch: Batch, keys: Array, digest: Array) -> Stored:
        """Insert or update rows that are all good, in statements of 5,000."""
        starts = range(0, len(batch), ROWS_PER_STATEMENT)
        parts = [np.arange(start, min(start + ROWS_PER_STATEMENT, len(batch))) for start in starts]
        found = [self._write(batch.take(rows), keys[rows], digest[rows]) for rows in parts]
        none = np.zeros(0, dtype=bool)
        return Stored(*(np.concatenate([none, *(getattr(part, name) for part in found)]) for name in _OUTCOMES))

    def _write(self, batch: Batch, keys: Array, digest: Array) -> Stored:
        known = {} if self._was_empty else self._known(keys)
        before: list[Any] = [known.get(key) for key in keys]
        new = flags(row is None for row in before)
        if self.rules.keep_geometry:
            both = zip(digest, before, strict=True)
            digest = objects(mark if row is None else values_part(mark) + place_part(row.digest) for mark, row in both)
        pairs = list(zip(before, digest, strict=True))
        foreign = flags(row is not None and not self.rules.scope.covers(row.village_code) for row in before)
        same = flags(row is not None and row.digest == mark for row, mark in pairs)
        moved = flags(row is not None and place_part(row.digest) != place_part(mark) for row, mark in pairs)
        changed = ~new & ~same & ~foreign
        if new.any():
            self._insert(batch.take(new), keys[new], digest[new])
        for rows, is_moved in ((changed & ~moved, False), (changed & moved, True)):
            if rows.any():
                ids = [before[row].id for row in np.flatnonzero(rows)]
                if self.layer.name == "addresses":
                    keep_former_texts(self.session, ids, batch.get("full_text")[rows], self.rules)
                self._update(batch.take(rows), ids, digest[rows], is_moved)
                self.updated_ids += ids
        return Stored(new, changed, same & ~foreign, foreign)

    def _known(self, keys: Array) -> dict[str, Any]:
        village = self.table.c.get("village_code", sa.null().label("village_code"))
        statement = sa.select(self.key.label("key"), self.table.c.id, self.table.c.digest, village)
        return {row.key: row for row in self.session.execute(statement.where(self.key.in_(keys.tolist())))}

    def _columns(self, batch: Batch, digest: Array) -> dict[str, Any]:
        columns = {name: values for name, values in batch.fields.items() if name in self.table.c}
        return {**columns, "digest": digest, "load_id": [self.load_id] * len(batch)}

    def _placed(self, batch: Batch) -> dict[str, Any]:
        columns: dict[str, Any] = {"wkb": np.atleast_1d(shapely.to_wkb(batch.geometry))}
        if "assignment" in self.table.c:
            none = is_none(batch.geometry)
            columns["assignment"] = objects(Assignment.NO_PLACE.value if missing else None for missing in none)
        return columns | batch.derived

    def _bound(self, columns: dict[str, Any], prefix: str = "") -> dict[str, Any]:
        """Column -> what a statement sets it to, under names that do not clash with those of the columns."""
        bound: dict[str, Any] = {
            name: sa.bindparam(prefix + name, type_=self.table.c[name].type) for name in columns if name != "wkb"
        }
        if "wkb" in columns:
            bound["geom"] = sa.func.ST_GeomFromWKB(sa.bindparam(f"{prefix}wkb", type_=sa.LargeBinary), SRID)
        return bound

    def _insert(self, batch: Batch, keys: Array, digest: Array) -> None:
        columns = self._columns(batch, digest) | self._placed(batch) | {self.layer.key: keys}
        columns |= {name: [value] * len(batch) for name, value in self.layer.defaults.items() if name not in columns}
        rows = _rows(columns)
        # Neighbours one after the other keep the pages of the spatial index in memory: half as long again is saved.
        ordered = [rows[row] for row in _by_place(batch.geometry)]
        self.session.connection().execute(sa.insert(self.table).values(self._bound(columns)), ordered)

    def _update(self, batch: Batch, ids: list[int], digest: Array, moved: bool) -> None:
        columns = self._columns(batch, digest)
        columns.pop(self.layer.key, None)
        values: dict[str, Any] = {}
        if moved:
            columns |= self._placed(batch)
            stale = {name for name in _FROM_PLACE if name in self.table.c and self.table.c[name].nullable}
            values = {name: sa.null() for name in stale - columns.keys()}
        values |= self._bound(columns, "new_")
        if "revision" in self.table.c:
            values["revision"] = self.table.c.revision + 1
        statement = sa.update(self.table).where(self.table.c.id == sa.bindparam("row_id")).values(values)
        rows = _rows({f"new_{name}": column for name, column in columns.items()} | {"row_id": ids})
        self.session.connection().execute(statement, rows)


def _rows(columns: dict[str, Any]) -> list[dict[str, Any]]:
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _by_place(shapes: Array) -> Array:
    """(n,) positions row by row of a grid of 1/200 degree, from west to east in each."""
    bounds = np.nan_to_num(shapely.bounds(shapes))
    return np.lexsort((bounds[:, 0], np.floor(bounds[:, 1] * 200)))
