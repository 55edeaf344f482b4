"""Read the base map: buildings, roads and water around the grids of a scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.geometry import Bounds, select_frame, within_bounds
from layers.tables import Building, Grid, Road, Water


def building_frame(
    session: Session, scope: Scope, *, bounds: Bounds | None = None, limit: int | None = None, after: int | None = None
) -> gpd.GeoDataFrame:
    """Footprints as they were loaded: id, building_key, name, kind, levels, height_m, geometry (EPSG:4326)."""
    columns = (Building.id, Building.building_key, Building.name, Building.kind, Building.levels, Building.height_m)
    return _around(session, scope, Building, columns, bounds, limit, after)


def road_frame(
    session: Session, scope: Scope, *, bounds: Bounds | None = None, limit: int | None = None, after: int | None = None
) -> gpd.GeoDataFrame:
    """Stretches of road in the order they were loaded: id, road_key, name, road_class, bridge, geometry (EPSG:4326)."""
    columns = (Road.id, Road.road_key, Road.name, Road.road_class, Road.bridge)
    return _around(session, scope, Road, columns, bounds, limit, after)


def water_frame(
    session: Session, scope: Scope, *, bounds: Bounds | None = None, limit: int | None = None, after: int | None = None
) -> gpd.GeoDataFrame:
    """Rivers and lakes in the order they were loaded: id, water_key, name, kind, geometry (EPSG:4326)."""
    columns = (Water.id, Water.water_key, Water.name, Water.kind)
    return _around(session, scope, Water, columns, bounds, limit, after)


def scope_bounds(session: Session, scope: Scope) -> Bounds | None:
    """Bounding box in degrees of the scope's grids that are in force; None where there are none."""
    boxes = select_frame(
        session,
        (Grid.id,),
        sa.func.ST_Envelope(Grid.geom),
        scope.prefix(Grid.code),
        Grid.valid_from.is_not(None),
        Grid.valid_to.is_(None),
        order_by=Grid.id,
    )
    if boxes.empty:
        return None
    min_lon, min_lat, max_lon, max_lat = boxes.total_bounds.tolist()
    return min_lon, min_lat, max_lon, max_lat


def _around(
    session: Session,
    scope: Scope,
    table: Any,
    columns: Sequence[Any],
    bounds: Bounds | None,
    limit: int | None,
    after: int | None,
) -> gpd.GeoDataFrame:
    conditions: list[Any] = []
    if scope.code:
        area = scope_bounds(session, scope)
        conditions.append(sa.false() if area is None else within_bounds(session, table.__table__.c.geom, area))
    if bounds is not None:
        conditions.append(within_bounds(session, table.__table__.c.geom, bounds))
    if after is not None:
        conditions.append(table.id > after)
    return select_frame(session, columns, table.geom, *conditions, order_by=table.id, limit=limit)
