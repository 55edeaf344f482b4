"""Geometries on their way into and out of SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from geoalchemy2 import WKBElement
from sqlalchemy.orm import Session

from layers.tables import SRID

Bounds = tuple[float, float, float, float]


def to_sql(geometries: Any) -> list[WKBElement | None]:
    """(n,) values that an insert takes for (n,) geometries in EPSG:4326."""
    wkb = shapely.to_wkb(np.asarray(geometries, dtype=object))
    return [None if value is None else WKBElement(value, srid=SRID) for value in np.atleast_1d(wkb)]


def multi_polygons(geometries: Any) -> list[shapely.MultiPolygon]:
    """(n,) polygonal shapes as the tables want them; lines and points that an overlay left in them are dropped."""
    parts = [[part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"] for shape in geometries]
    return [shapely.MultiPolygon(part) for part in parts]


def within_bounds(session: Session, column: Any, bounds: Bounds) -> sa.ColumnElement[bool]:
    """Condition: the bounding box of `column` touches `bounds` (degrees); answered by the spatial index."""
    min_lon, min_lat, max_lon, max_lat = bounds
    if session.get_bind().dialect.name == "postgresql":
        condition: sa.ColumnElement[bool] = column.op("&&")(
            sa.func.ST_MakeEnvelope(min_lon, min_lat, max_lon, max_lat, SRID)
        )
        return condition
    table = column.table
    index = sa.table(
        f"idx_{table.name}_{column.name}",
        *(sa.column(name) for name in ("pkid", "xmin", "xmax", "ymin", "ymax")),
    )
    # The R-tree keeps 32-bit floats, rounded outward, so nothing that touches is missed.
    hits = sa.select(index.c.pkid).where(
        index.c.xmin <= max_lon, index.c.xmax >= min_lon, index.c.ymin <= max_lat, index.c.ymax >= min_lat
    )
    return sa.literal_column(f"{table.name}.rowid").in_(hits)


def select_frame(
    session: Session, columns: Sequence[Any], geom: Any, *conditions: Any, order_by: Any, limit: int | None = None
) -> gpd.GeoDataFrame:
    """Rows as a frame in EPSG:4326: one column for each of `columns`, named as in the model, and `geometry`.

    `order_by` is one expression or a tuple of them; the rows past `limit` are not read.
    """
    names = [column.key for column in columns]
    statement = (
        sa.select(*columns, sa.func.ST_AsBinary(geom, type_=sa.LargeBinary))
        .where(*conditions)
        .order_by(*(order_by if isinstance(order_by, tuple) else (order_by,)))
        .limit(limit)
    )
    rows = session.execute(statement).all()
    table = pd.DataFrame.from_records([tuple(row)[:-1] for row in rows], columns=names)
    binary = np.array([None if row[-1] is None else bytes(row[-1]) for row in rows], dtype=object)
    return gpd.GeoDataFrame(table, geometry=shapely.from_wkb(binary), crs=SRID)


def select_points(session: Session, geom: Any, *conditions: Any) -> tuple[np.ndarray, np.ndarray]:
    """(n,) longitudes and (n,) latitudes of the rows that meet the conditions; rows without a point are left out."""
    number: sa.Double[float] = sa.Double()
    statement = sa.select(sa.func.ST_X(geom, type_=number), sa.func.ST_Y(geom, type_=number))
    rows = session.execute(statement.where(*conditions, geom.is_not(None))).all()
    pairs = np.array([tuple(row) for row in rows], dtype=np.float64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]
