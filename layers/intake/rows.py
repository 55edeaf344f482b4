"""Many rows of a table in one statement, whose text is the same however many there are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection

from layers.tables import SRID, Report

WKB = "wkb"
"""Stands for the column `geom`: a point as WKB, or None."""


def insert_reports(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Key -> number of the rows that were stored; a key that is taken already is passed over."""
    table: Any = Report.__table__
    if connection.dialect.name == "postgresql":
        end = " ON CONFLICT (report_key) DO NOTHING RETURNING report_key, id"
        done = connection.execute(_by_arrays(table, tuple(rows[0]), end), _arrays(table, rows))
    else:
        done = connection.execute(_one_by_one(tuple(rows[0])), list(rows))
    return {row.report_key: row.id for row in done}


def insert_rows(connection: Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store rows, all of which name the same columns."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(_by_arrays(table, tuple(rows[0]), ""), _arrays(table, rows))
    else:
        connection.execute(sa.insert(table), list(rows))


def _arrays(table: Any, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Column -> its values, under the names of the statement's parameters."""
    columns: dict[str, list[Any]] = {f"p_{name}": [row[name] for row in rows] for name in rows[0]}
    for name in rows[0]:
        if name != WKB and isinstance(table.c[name].type, sa.JSON):
            columns[f"p_{name}"] = [json.dumps(value) for value in columns[f"p_{name}"]]
    return columns


@lru_cache(maxsize=4)
def _one_by_one(names: tuple[str, ...]) -> Any:
    """For SQLite; to put the statement together anew would take longer than to store a report."""
    table: Any = Report.__table__
    bound = {name: sa.bindparam(name, type_=table.c[name].type) for name in names if name != WKB}
    shape = sa.func.ST_GeomFromWKB(sa.bindparam(WKB, type_=sa.LargeBinary), SRID)
    statement = sqlite.insert(table).values(**bound, geom=shape).on_conflict_do_nothing(index_elements=["report_key"])
    return statement.returning(table.c.report_key, table.c.id)


@lru_cache(maxsize=32)
def _by_arrays(table: Any, names: tuple[str, ...], end: str) -> sa.TextClause:
    """For PostgreSQL: an array for each column, so that the server prepares one statement for any number of rows."""
    arrays = ", ".join(f"CAST(:p_{name} AS {_kind(table, name)}[])" for name in names)
    into = ", ".join("geom" if name == WKB else f'"{name}"' for name in names)
    values = ", ".join(f"ST_GeomFromWKB(v.{WKB}, {SRID})" if name == WKB else f'v."{name}"' for name in names)
    inside = ", ".join(f'"{name}"' for name in names)
    return sa.text(
        f"INSERT INTO {table.name} ({into}) "  # noqa: S608 our own names
        f"SELECT {values} FROM unnest({arrays}) AS v({inside}){end}"
    )


def _kind(table: Any, name: str) -> str:
    """The name that PostgreSQL has for the type of a column's values."""
    if name == WKB:
        return "bytea"
    kind = table.c[name].type
    known = {
        sa.JSON: "json",
        sa.Boolean: "boolean",
        sa.Integer: "integer",
        sa.Float: "double precision",
        sa.DateTime: "timestamptz",
        sa.String: "text",
    }
    kind = kind.impl if isinstance(kind, sa.types.TypeDecorator) else kind
    return next(word for parent, word in known.items() if isinstance(kind, parent))
