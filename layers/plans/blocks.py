"""The building blocks of an area: those that were loaded, or made of households, buildings, roads and water."""

from __future__ import annotations

import hashlib
from datetime import date

import geopandas as gpd
import numpy as np
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo.assign import GridIndex
from geo.blocks import building_blocks
from geo.crs import metric_crs
from layers.access import EVERYWHERE, Scope
from layers.basemap import building_frame, road_frame, water_frame
from layers.errors import MissingDataError
from layers.geometry import Bounds, multi_polygons, select_frame, to_sql
from layers.grids import grid_frame
from layers.households import household_frame
from layers.tables import SRID, Block, GridLevel

CHUNK = 5_000


def scope_villages(session: Session, scope: Scope, *, day: date) -> gpd.GeoDataFrame:
    """The villages of a scope in force on a day, in EPSG:4326.

    Raises
    ------
    MissingDataError : there is none
    """
    villages = grid_frame(session, scope, level=GridLevel.VILLAGE, as_of=day)
    if villages.empty:
        raise MissingDataError(
            f"No village is loaded in {scope.code or 'the database'}; run `fengqiao load boundaries FILE` first."
        )
    return villages


def scope_blocks(session: Session, scope: Scope, villages: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Blocks of the scope in a metric CRS with the columns block_key, village_code, households, and id where stored.

    The column degrees holds them as they are stored: grids are dissolved from these, now and after every edit, so that
    they share their vertices to the last digit. Nothing is written.

    Raises
    ------
    MissingDataError : no household is loaded in the scope
    """
    crs = metric_crs(tuple(villages.total_bounds))
    blocks = _loaded(session, scope)
    if len(blocks):
        blocks = blocks.to_crs(crs).assign(degrees=blocks.geometry)
    else:
        blocks = _made(session, scope, villages.to_crs(crs))
    if not blocks["households"].sum():
        raise MissingDataError(
            f"No household is loaded in {scope.code or 'the database'}; run `fengqiao load households FILE` first."
        )
    return blocks


def store_blocks(session: Session, blocks: gpd.GeoDataFrame) -> np.ndarray:
    """(n,) row ids; blocks that are not stored yet are added, counts of those that are get renewed."""
    stored = stored_ids(session, blocks["block_key"].tolist())
    new = ~blocks["block_key"].isin(list(stored)).to_numpy()
    added, kept = blocks[new], blocks[~new]
    if len(added):
        polygons = to_sql(multi_polygons(added["degrees"]))
        columns = (added["block_key"], added["village_code"], added["households"], polygons)
        session.execute(
            sa.insert(Block),
            [
                {"block_key": key, "village_code": village, "households": int(count), "digest": "", "geom": geom}
                for key, village, count, geom in zip(*columns, strict=True)
            ],
        )
    if len(kept) and "id" not in blocks:
        counts = zip(kept["block_key"], kept["households"], strict=True)
        session.execute(sa.update(Block), [{"id": stored[key], "households": int(count)} for key, count in counts])
    ids = stored | stored_ids(session, added["block_key"].tolist())
    return np.array([ids[key] for key in blocks["block_key"]], dtype=np.int64)


def stored_ids(session: Session, keys: list[str]) -> dict[str, int]:
    """Row ids by block key, of the blocks that are stored."""
    found: dict[str, int] = {}
    for start in range(0, len(keys), CHUNK):
        part = keys[start : start + CHUNK]
        rows = session.execute(sa.select(Block.block_key, Block.id).where(Block.block_key.in_(part)))
        found |= {row.block_key: row.id for row in rows}
    return found


def _loaded(session: Session, scope: Scope) -> gpd.GeoDataFrame:
    return select_frame(
        session,
        (Block.id, Block.block_key, Block.village_code, Block.households),
        Block.geom,
        scope.prefix(Block.village_code),
        Block.load_id.is_not(None),
        order_by=Block.block_key,
    )


def _made(session: Session, scope: Scope, villages: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    crs, bounds = villages.crs, tuple(villages.geometry.to_crs(SRID).total_bounds)
    made = building_blocks(
        villages.set_index("code").geometry,
        _households_inside(session, villages, bounds).to_crs(crs),
        buildings=building_frame(session, scope, bounds=bounds).to_crs(crs).geometry,
        roads=road_frame(session, scope, bounds=bounds).to_crs(crs).geometry,
        water=water_frame(session, scope, bounds=bounds).to_crs(crs).geometry,
    )
    made["block_key"] = [
        f"{village}-{hashlib.blake2b(wkb, digest_size=8).hexdigest()}"
        for village, wkb in zip(made["village_code"], shapely.to_wkb(made.geometry.to_numpy()), strict=True)
    ]
    return made.assign(degrees=made.geometry.to_crs(SRID))


def _households_inside(session: Session, villages: gpd.GeoDataFrame, bounds: Bounds) -> gpd.GeoDataFrame:
    """Household points inside the villages; asked by place, since they may not have been assigned yet."""
    households = household_frame(session, EVERYWHERE, bounds=bounds)
    inside = GridIndex(villages.geometry.to_crs(SRID), villages["code"].to_numpy(dtype=str)).locate(
        households.geometry.x.to_numpy(), households.geometry.y.to_numpy()
    )
    return households[inside >= 0]
