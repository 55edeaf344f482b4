"""Many rows of a table in one statement, whose text is the same however many there are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection

from layers.tables import SRID, Outbox, Report, ReportEvent

WKB = "wkb"
"""Stands for the column `geom`: a point as WKB, or None."""


def insert_reports(
    connection: Connection,
    rows: Sequence[Mapping[str, Any]],
    steps: Sequence[Mapping[str, Any]],
    events: Sequence[Mapping[str, Any]],
) -> dict[str, int]:
    """Key -> number of the rows that were stored, each with its step and its event for the outbox.

    A key that is taken already is passed over. `rows`, `steps` (without `report_id`) and `events` go together.
    """
    table: Any = Report.__table__
    if connection.dialect.name == "postgresql":
        followers = ((ReportEvent.__table__, steps), (Outbox.__table__, events))
        values = _arrays(table, rows)
        for place, (other, added) in enumerate(followers):
            values |= _arrays(other, added, f"q{place}_")
        statement = _together(table, tuple(rows[0]), tuple((other, tuple(added[0])) for other, added in followers))
        return {row.report_key: row.id for row in connection.execute(statement, values)}
    done = connection.execute(_one_by_one(tuple(rows[0])), list(rows))
    ids = {row.report_key: row.id for row in done}
    kept = [place for place, row in enumerate(rows) if row["report_key"] in ids]
    first = [{**steps[place], "report_id": ids[rows[place]["report_key"]]} for place in kept]
    insert_rows(connection, ReportEvent.__table__, first)
    insert_rows(connection, Outbox.__table__, [events[place] for place in kept])
    return ids


def insert_rows(connection: Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store rows, all of which name the same columns."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(_by_arrays(table, tuple(rows[0])), _arrays(table, rows))
    else:
        connection.execute(sa.insert(table), list(rows))


def _arrays(table: Any, rows: Sequence[Mapping[str, Any]], prefix: str = "p_") -> dict[str, list[Any]]:
    """Column -> its values, under the names of the statement's parameters."""
    columns: dict[str, list[Any]] = {f"{prefix}{name}": [row[name] for row in rows] for name in rows[0]}
    for name in rows[0]:
        if name != WKB and isinstance(table.c[name].type, sa.JSON):
            columns[f"{prefix}{name}"] = [json.dumps(value) for value in columns[f"{prefix}{name}"]]
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
def _by_arrays(table: Any, names: tuple[str, ...]) -> sa.TextClause:
    """For PostgreSQL: an array for each column, so that the server prepares one statement for any number of rows."""
    into = ", ".join(_quoted(name) for name in names)
    return sa.text(
        f"INSERT INTO {table.name} ({into}) SELECT {_values(names)} FROM {_unnest(table, names, 'p_')}"  # noqa: S608 our own names
    )


@lru_cache(maxsize=4)
def _together(table: Any, names: tuple[str, ...], followers: tuple[tuple[Any, tuple[str, ...]], ...]) -> sa.TextClause:
    """For PostgreSQL: reports, their steps and their events in one statement, since each one costs a journey.

    A report and what follows it stand at the same place of their arrays; a follower goes in if its report did.
    """
    parts = []
    for place, (other, columns) in enumerate(followers):
        own = "report_id" in other.c
        into = ", ".join((["report_id"] if own else []) + [_quoted(name) for name in columns])
        values = ("new.id, " if own else "") + _values(columns)
        source = _unnest(other, columns, f"q{place}_", ordered=True)
        parts.append(
            f", f{place} AS (INSERT INTO {other.name} ({into}) SELECT {values} FROM {source} "  # noqa: S608 our own names
            "JOIN sent ON sent.place = v.place JOIN new ON new.report_key = sent.report_key ORDER BY v.place)"
        )
    into = ", ".join(_quoted(name) for name in names)
    return sa.text(
        "WITH sent AS (SELECT * FROM unnest(CAST(:p_report_key AS text[])) "  # noqa: S608 our own names
        "WITH ORDINALITY AS k(report_key, place)), "
        f"new AS (INSERT INTO {table.name} ({into}) SELECT {_values(names)} FROM {_unnest(table, names, 'p_')} "
        f"ON CONFLICT (report_key) DO NOTHING RETURNING report_key, id){''.join(parts)} SELECT report_key, id FROM new"
    )


def _quoted(name: str) -> str:
    return "geom" if name == WKB else f'"{name}"'


def _values(names: tuple[str, ...]) -> str:
    return ", ".join(f"ST_GeomFromWKB(v.{WKB}, {SRID})" if name == WKB else f'v."{name}"' for name in names)


def _unnest(table: Any, names: tuple[str, ...], prefix: str, *, ordered: bool = False) -> str:
    """Rows `v` of the arrays that are the statement's parameters; with their `place` if ordered."""
    arrays = ", ".join(f"CAST(:{prefix}{name} AS {_kind(table, name)}[])" for name in names)
    inside = ", ".join([f'"{name}"' for name in names] + (["place"] if ordered else []))
    return f"unnest({arrays}){' WITH ORDINALITY' if ordered else ''} AS v({inside})"


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
