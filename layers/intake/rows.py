"""Many rows of a table in one statement, whose text is the same however many there are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection

from layers.tables import SRID, Outbox, Report, ReportEvent

LON, LAT = "lon", "lat"
"""Stand for the column `geom`: degrees of a point, or None."""

Rows = Sequence[Mapping[str, Any]]


def insert_reports(connection: Connection, rows: Rows, steps: Rows, events: Rows) -> dict[str, int]:
    """Key -> number of the rows that were stored, each with its step and its event for the outbox.

    A key that is taken already is passed over. `rows`, `steps` (without `report_id`) and `events` go together.
    """
    if connection.dialect.name == "postgresql":
        statement = _together(*(tuple(part[0]) for part in (rows, steps, events)))
        values = {"p0": _document(rows), "p1": _document(steps), "p2": _document(events)}
        return {row.report_key: row.id for row in connection.execute(statement, values)}
    done = connection.execute(_one_by_one(tuple(rows[0])), list(rows))
    ids = {row.report_key: row.id for row in done}
    kept = [place for place, row in enumerate(rows) if row["report_key"] in ids]
    first = [{**steps[place], "report_id": ids[rows[place]["report_key"]]} for place in kept]
    insert_rows(connection, ReportEvent.__table__, first)
    insert_rows(connection, Outbox.__table__, [events[place] for place in kept])
    return ids


def insert_rows(connection: Connection, table: Any, rows: Rows) -> None:
    """Store rows, all of which name the same columns."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(_alone(table, tuple(rows[0])), {"p0": _document(rows)})
    else:
        connection.execute(sa.insert(table), list(rows))


def _document(rows: Rows) -> str:
    """Rows as one JSON text with their places: to make it and to read it takes less than an array for each column."""
    return json.dumps([{**row, "place": place} for place, row in enumerate(rows)], ensure_ascii=False, default=_text)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in JSON")


@lru_cache(maxsize=4)
def _one_by_one(names: tuple[str, ...]) -> Any:
    """For SQLite; to put the statement together anew would take longer than to store a report."""
    table: Any = Report.__table__
    bound = {name: sa.bindparam(name, type_=table.c[name].type) for name in names if name not in {LON, LAT}}
    point = sa.func.MakePoint(*(sa.bindparam(name, type_=sa.Float()) for name in (LON, LAT)), SRID)
    statement = sqlite.insert(table).values(**bound, geom=point).on_conflict_do_nothing(index_elements=["report_key"])
    return statement.returning(table.c.report_key, table.c.id)


@lru_cache(maxsize=32)
def _alone(table: Any, names: tuple[str, ...]) -> sa.TextClause:
    """For PostgreSQL: rows of one table."""
    return sa.text(_insert(table, names, _values(names), f"{_source(table, names, 'p0')} ORDER BY v.place"))


@lru_cache(maxsize=4)
def _together(reports: tuple[str, ...], steps: tuple[str, ...], events: tuple[str, ...]) -> sa.TextClause:
    """For PostgreSQL: reports, their steps and their events in one statement, since each one costs a journey.

    A report and what follows it stand at the same place; what follows goes in if the report did.
    """
    joined = "JOIN sent USING (place) JOIN new USING (report_key) ORDER BY v.place"
    table, event, outbox = Report.__table__, ReportEvent.__table__, Outbox.__table__
    new = _insert(table, reports, _values(reports), "sent AS v ORDER BY v.place")
    step = _insert(event, ("report_id", *steps), f"new.id, {_values(steps)}", f"{_source(event, steps, 'p1')} {joined}")
    told = _insert(outbox, events, _values(events), f"{_source(outbox, events, 'p2')} {joined}")
    return sa.text(
        f"WITH sent AS (SELECT * FROM {_source(table, reports, 'p0')}), "  # noqa: S608 our own names
        f"new AS ({new} ON CONFLICT (report_key) DO NOTHING RETURNING report_key, id), "
        f"step AS ({step}), told AS ({told}) SELECT report_key, id FROM new"
    )


def _insert(table: Any, names: tuple[str, ...], values: str, source: str) -> str:
    into = ", ".join("geom" if name == LON else f'"{name}"' for name in names if name != LAT)
    return f"INSERT INTO {table.name} ({into}) SELECT {values} FROM {source}"  # noqa: S608 our own names


def _values(names: tuple[str, ...]) -> str:
    point = f"ST_SetSRID(ST_MakePoint(v.{LON}, v.{LAT}), {SRID})"
    return ", ".join(point if name == LON else f'v."{name}"' for name in names if name != LAT)


def _source(table: Any, names: tuple[str, ...], parameter: str) -> str:
    """The rows `v` of a JSON text that comes as a parameter."""
    columns = ", ".join(f'"{name}" {_kind(table, name)}' for name in names)
    return f"json_to_recordset(CAST(:{parameter} AS json)) AS v({columns}, place integer)"


def _kind(table: Any, name: str) -> str:
    """The name that PostgreSQL has for the type of a column's values."""
    if name in {LON, LAT}:
        return "double precision"
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
