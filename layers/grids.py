"""Read grids of all levels: those in force on a day, or those of one plan."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import geopandas as gpd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.geometry import Bounds, select_frame, within_bounds
from layers.tables import Grid

COLUMNS = (
    Grid.id,
    Grid.grid_id,
    Grid.code,
    Grid.parent_code,
    Grid.name,
    Grid.level,
    Grid.kind,
    Grid.households,
    Grid.area_m2,
    Grid.valid_from,
    Grid.valid_to,
    Grid.plan_id,
    Grid.revision,
)


def in_force(as_of: date) -> sa.ColumnElement[bool]:
    """Condition: the grid row was published and not yet replaced on that day."""
    return sa.and_(Grid.valid_from <= as_of, sa.or_(Grid.valid_to.is_(None), Grid.valid_to > as_of))


def grid_frame(
    session: Session,
    scope: Scope,
    *,
    as_of: date,
    level: str | None = None,
    parent_code: str | None = None,
    codes: Collection[str] | None = None,
    bounds: Bounds | None = None,
    plan_id: int | None = None,
    limit: int | None = None,
    after: str | None = None,
) -> gpd.GeoDataFrame:
    """Grids in force on `as_of`, or those of the plan `plan_id` (drafts too), in the order of their codes.

    A scope of a village or a grid also gets the areas around it, since an outline without its town says little.

    Parameters
    ----------
    codes : only these; an empty collection gives an empty frame
    bounds : degrees; only grids whose bounding box touches it
    after : only codes greater than this one, to go on after a page of `limit` rows

    Returns
    -------
    GeoDataFrame in EPSG:4326 with id, grid_id, code, parent_code, name, level, kind, households, area_m2, valid_from,
    valid_to, plan_id, revision, geometry
    """
    conditions = [scope.related(Grid.code), Grid.plan_id == plan_id if plan_id is not None else in_force(as_of)]
    if level is not None:
        conditions.append(Grid.level == level)
    if parent_code is not None:
        conditions.append(Grid.parent_code == parent_code)
    if codes is not None:
        conditions.append(Grid.code.in_(codes))
    if bounds is not None:
        conditions.append(within_bounds(session, Grid.__table__.c.geom, bounds))
    if after is not None:
        conditions.append(Grid.code > after)
    return select_frame(session, COLUMNS, Grid.geom, *conditions, order_by=Grid.code, limit=limit)
