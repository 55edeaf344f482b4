"""Read camera records: assets and where they look, nothing of what they record."""

from __future__ import annotations

from collections.abc import Collection

import geopandas as gpd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.geometry import Bounds, select_frame, within_bounds
from layers.tables import Camera

IN_USE = 1

COLUMNS = (
    Camera.id,
    Camera.camera_id,
    Camera.name,
    Camera.bearing_deg,
    Camera.fov_deg,
    Camera.range_m,
    Camera.height_m,
    Camera.ptz_type,
    Camera.point_class,
    Camera.position_type,
    Camera.room_type,
    Camera.supply_light,
    Camera.imaging,
    Camera.site_category,
    Camera.asset_state,
    Camera.management_unit,
    Camera.install_time,
    Camera.record_days,
    Camera.address_text,
    Camera.village_code,
    Camera.grid_code,
    Camera.revision,
)


def in_use() -> sa.ColumnElement[bool]:
    """Condition: the asset state is 1; a camera whose state nobody has recorded counts as in use."""
    return sa.or_(Camera.asset_state.is_(None), Camera.asset_state == IN_USE)


def camera_frame(
    session: Session,
    scope: Scope,
    *,
    bounds: Bounds | None = None,
    grid_code: str | None = None,
    village_code: str | None = None,
    camera_ids: Collection[str] | None = None,
    states: Collection[int] | None = None,
    categories: Collection[str] | None = None,
    limit: int | None = None,
    after: str | None = None,
) -> gpd.GeoDataFrame:
    """Cameras in the order of their camera_id.

    Parameters
    ----------
    bounds : degrees; only cameras inside or on its edge
    grid_code, village_code : only cameras that were assigned to it
    states : only these values of asset_state (1 in use, 2 under repair, 3 removed)
    categories : only these values of site_category
    after : only a greater camera_id, to go on after a page of `limit` rows

    Returns
    -------
    GeoDataFrame in EPSG:4326: the columns of the camera table without its load marks, and geometry
    """
    conditions = [scope.located(Camera)]
    if bounds is not None:
        conditions.append(within_bounds(session, Camera.__table__.c.geom, bounds))
    if grid_code is not None:
        conditions.append(Camera.grid_code == grid_code)
    if village_code is not None:
        conditions.append(Camera.village_code == village_code)
    if camera_ids is not None:
        conditions.append(Camera.camera_id.in_(camera_ids))
    if states is not None:
        conditions.append(Camera.asset_state.in_(states))
    if categories is not None:
        conditions.append(Camera.site_category.in_(categories))
    if after is not None:
        conditions.append(Camera.camera_id > after)
    return select_frame(session, COLUMNS, Camera.geom, *conditions, order_by=Camera.camera_id, limit=limit)
