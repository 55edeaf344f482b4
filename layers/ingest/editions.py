"""Boundaries into the table of grids: new ones, corrections in place, and new editions with a date."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo.crs import metric_crs
from layers.errors import InvalidInputError
from layers.ingest.arrays import Array
from layers.ingest.batch import Batch
from layers.ingest.store import Stored
from layers.ingest.territory import Territory
from layers.tables import SRID, Grid

_COPIED = ("level", "code", "parent_code", "name", "kind", "households")


def write_boundaries(
    session: Session,
    batch: Batch,
    digest: Array,
    territory: Territory,
    *,
    load_id: int,
    valid_from: date | None,
    today: date,
) -> Stored:
    """Write rows that are all good.

    A row that differs from the one in force gives a new edition with the same `grid_id` from `valid_from` on,
    where that is later than the beginning of the one in force; otherwise it corrects the one in force.
    New rows are in force from `valid_from`, or from today.
    """
    known = territory.frame.reindex(batch.fields["code"])
    new = known["id"].isna().to_numpy()
    same = (known["digest"].to_numpy() == digest) & ~new
    starts = known["valid_from"].to_numpy()
    later = np.array([valid_from is not None and _begins_before(start, valid_from) for start in starts], dtype=bool)
    edition = ~new & ~same & later
    corrected = ~new & ~same & ~later
    begin = valid_from or today
    values = _values(batch, digest, load_id)
    made = new | edition
    ids = [old if isinstance(old, str) else str(uuid4()) for old in known["grid_id"].to_numpy()[made]]
    _end(session, known["id"].to_numpy()[edition], begin)
    _insert(session, _chosen(values, made) | {"grid_id": ids, "valid_from": [begin] * len(ids)})
    _correct(session, _chosen(values, corrected) | {"row_id": [int(row) for row in known["id"].to_numpy()[corrected]]})
    return Stored(new, edition | corrected, same, np.zeros(len(batch), dtype=bool))


def check_day(value: object) -> date | None:
    """The date from which an edition is in force.

    Raises
    ------
    InvalidInputError : it is none
    """
    if value is None or (isinstance(value, date) and not hasattr(value, "hour")):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidInputError(f"valid_from {str(value)[:40]!r} is no date; write it like 2024-03-05.") from error


def _begins_before(start: Any, day: date) -> bool:
    return not pd.isna(start) and pd.Timestamp(start) < pd.Timestamp(day)


def _values(batch: Batch, digest: Array, load_id: int) -> dict[str, Any]:
    shapes = gpd.GeoSeries(batch.geometry, crs=SRID)
    west, south, east, north = (float(v) for v in shapes.total_bounds)
    area = shapes.to_crs(metric_crs((west, south, east, north))).area
    return {
        **{name: batch.get(name) for name in _COPIED},
        "area_m2": area.to_numpy().astype(object),
        "digest": digest,
        "load_id": np.full(len(batch), load_id, dtype=object),
        "wkb": np.atleast_1d(shapely.to_wkb(batch.geometry)),
    }


def _chosen(values: dict[str, Any], rows: Array) -> dict[str, Any]:
    return {name: column[rows] for name, column in values.items()}


def _rows(columns: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _geometry() -> Any:
    return sa.func.ST_GeomFromWKB(sa.bindparam("wkb", type_=sa.LargeBinary), SRID)


def _bound(names: Any, prefix: str = "") -> dict[str, Any]:
    table: Any = Grid.__table__
    return {name: sa.bindparam(prefix + name, type_=table.c[name].type) for name in names if name != "wkb"}


def _insert(session: Session, columns: dict[str, Any]) -> None:
    rows = _rows(columns)
    if rows:
        table: Any = Grid.__table__
        statement = sa.insert(table).values(geom=_geometry(), **_bound(columns))
        session.connection().execute(statement, rows)


def _end(session: Session, ids: Array, day: date) -> None:
    table: Any = Grid.__table__
    for start in range(0, len(ids), 5_000):
        chosen = [int(row) for row in ids[start : start + 5_000]]
        statement = sa.update(table).where(table.c.id.in_(chosen)).values(valid_to=day, revision=table.c.revision + 1)
        session.connection().execute(statement)


def _correct(session: Session, columns: dict[str, Any]) -> None:
    table: Any = Grid.__table__
    ids = columns.pop("row_id")
    named = {name if name == "wkb" else f"new_{name}": values for name, values in columns.items()} | {"row_id": ids}
    rows = _rows(named)
    if rows:
        statement = (
            sa.update(table)
            .where(table.c.id == sa.bindparam("row_id"))
            .values(geom=_geometry(), revision=table.c.revision + 1, **_bound(columns, "new_"))
        )
        session.connection().execute(statement, rows)
