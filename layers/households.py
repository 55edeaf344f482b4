"""Read how many households live where; counts at points, never names."""

from __future__ import annotations

import geopandas as gpd
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.geometry import Bounds, select_frame, within_bounds
from layers.tables import Household

COLUMNS = (
    Household.id,
    Household.household_key,
    Household.households,
    Household.village_code,
    Household.grid_code,
)


def household_frame(
    session: Session,
    scope: Scope,
    *,
    bounds: Bounds | None = None,
    grid_code: str | None = None,
    village_code: str | None = None,
    limit: int | None = None,
    after: int | None = None,
) -> gpd.GeoDataFrame:
    """Household points in the order they were loaded.

    Parameters
    ----------
    bounds : degrees; only points inside or on its edge
    grid_code, village_code : only points that were assigned to it
    after : only rows with a greater id, to go on after a page of `limit` rows

    Returns
    -------
    GeoDataFrame in EPSG:4326 with id, household_key, households, village_code, grid_code, geometry
    """
    conditions = [scope.located(Household)]
    if bounds is not None:
        conditions.append(within_bounds(session, Household.__table__.c.geom, bounds))
    if grid_code is not None:
        conditions.append(Household.grid_code == grid_code)
    if village_code is not None:
        conditions.append(Household.village_code == village_code)
    if after is not None:
        conditions.append(Household.id > after)
    return select_frame(session, COLUMNS, Household.geom, *conditions, order_by=Household.id, limit=limit)
