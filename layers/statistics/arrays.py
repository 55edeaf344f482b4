"""Result sets as arrays, a column each, without an object for every instant."""

from __future__ import annotations

from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.statistics.weeks import NEVER

_ROWS_AT_ONCE = 100_000


def fetch_arrays(session: Session, columns: dict[str, Any], build: Any) -> dict[str, np.ndarray]:
    """One array for each of `columns`, name -> expression; `build` makes the statement of the selected expressions.

    Instants come as int64 microseconds since the epoch with `NEVER` for none, numbers as float64 with NaN for none,
    integers as int64 (-1 for none), and everything else as objects.
    """
    kinds = {name: _kind(column) for name, column in columns.items()}
    selected = [_plain(session, column, kinds[name]).label(name) for name, column in columns.items()]
    result = session.execute(build(*selected).execution_options(yield_per=_ROWS_AT_ONCE))
    parts: dict[str, list[np.ndarray]] = {name: [] for name in columns}
    for rows in result.partitions(_ROWS_AT_ONCE):
        for (name, kind), values in zip(kinds.items(), zip(*rows, strict=True), strict=True):
            parts[name].append(_array(values, kind))
    return {name: np.concatenate(part) if part else _array((), kinds[name]) for name, part in parts.items()}


def _kind(column: Any) -> str:
    if isinstance(column.type, sa.types.TypeDecorator):
        return "instant"
    if isinstance(column.type, sa.Integer):
        return "integer"
    return "number" if isinstance(column.type, sa.Float) else "object"


def _plain(session: Session, column: Any, kind: str) -> Any:
    if kind == "integer":
        return sa.func.coalesce(column, -1, type_=sa.BigInteger())
    if kind != "instant":
        return column
    if session.get_bind().dialect.name == "postgresql":
        return sa.func.coalesce(sa.cast(sa.extract("epoch", column) * 1_000_000, sa.BigInteger), NEVER)
    return sa.func.coalesce(sa.type_coerce(column, sa.String()), "NaT")  # ISO text, which numpy reads by itself


def _array(values: tuple[Any, ...], kind: str) -> np.ndarray:
    if kind == "instant":
        if values and isinstance(values[0], str):
            read = np.array(values, dtype="datetime64[us]").astype(np.int64)
            read[read == np.iinfo(np.int64).min] = NEVER
            return read
        return np.array(values, dtype=np.int64)
    if kind == "integer":
        return np.array(values, dtype=np.int64)
    if kind == "number":
        return np.array(values, dtype=np.float64)
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out
