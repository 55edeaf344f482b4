"""What the cameras of an area see: isovists, how much of each grid's settled ground they cover, and the gaps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo.crs import metric_crs
from geo.isovist import blind_spots, isovists
from layers.access import EVERYWHERE, Scope
from layers.basemap import building_frame
from layers.cameras import IN_USE, camera_frame
from layers.errors import MissingDataError
from layers.geometry import Bounds, multi_polygons, select_frame, to_sql, within_bounds
from layers.grids import grid_frame
from layers.households import household_frame
from layers.tables import SRID, Camera, Gap, GridLevel, GridSight, Isovist

Progress = Callable[[int, int], None]

DOME_TYPES = (1, 5, 6)
"""球机, 遥控半球 and 多目全景 turn or look all round; the other types look one way."""


@dataclass(frozen=True)
class SightOptions:
    """What to assume of a camera whose record is silent, and what counts as settled ground and as a gap."""

    fov_deg: float = 70.0
    range_m: float = 50.0
    settled_m: float = 30.0
    """Ground within this distance of a building is settled, and ought to be seen from somewhere."""
    gap_width_m: float = 5.0
    gap_area_m2: float = 300.0


@dataclass(frozen=True)
class SightCount:
    """What a computation looked at and found."""

    cameras: int
    unknown: int
    grids: int
    settled_m2: float
    seen_m2: float
    gaps: int


def compute_sight(
    session: Session,
    scope: Scope = EVERYWHERE,
    *,
    as_of: date,
    now: datetime,
    options: SightOptions | None = None,
    progress: Progress | None = None,
) -> SightCount:
    """Compute and store isovists, coverage by grid and gaps of a scope; earlier results of the scope are replaced.

    Cameras in use count; where a record does not say what the camera covers, `options` does, and a camera that looks
    one way into an unknown direction sees nothing. Where no grids are in force, villages take their place.

    Raises
    ------
    MissingDataError : the scope holds neither grids nor villages
    """
    options = options or SightOptions()
    tell = progress or (lambda _done, _total: None)
    areas = _areas(session, scope, as_of)
    crs = metric_crs(tuple(areas.total_bounds))
    areas = areas.to_crs(crs)
    tell(0, 4)
    around = tuple(gpd.GeoSeries([shapely.box(*areas.total_bounds).buffer(500)], crs=crs).to_crs(SRID).total_bounds)
    buildings = building_frame(session, EVERYWHERE, bounds=around).to_crs(crs).geometry
    # Cameras just outside the scope see into it.
    cameras = _with_defaults(camera_frame(session, EVERYWHERE, bounds=around).to_crs(crs), options)
    seen = isovists(cameras, buildings)
    tell(1, 4)
    settled = _settled(areas, buildings, options)
    blind = blind_spots(settled, seen, obstacles=buildings)
    tell(2, 4)
    ground = blind["area_m2"] / (1 - blind["share_covered"].clip(upper=1 - 1e-12))
    ground = np.where(blind["share_covered"] >= 1, settled.area, ground)
    gaps = _gaps(areas, blind, household_frame(session, EVERYWHERE, bounds=around).to_crs(crs), options)
    tell(3, 4)
    inside = cameras["village_code"].notna() & cameras["village_code"].map(scope.covers).astype(bool)
    _clear(session, scope, cameras["id"].tolist())
    _store_isovists(session, cameras, seen, now)
    _store_sight(session, areas, np.nan_to_num(ground), np.nan_to_num(blind["area_m2"]), cameras, now)
    _store_gaps(session, gaps, now)
    session.flush()
    tell(4, 4)
    return SightCount(
        cameras=int(inside.sum()),
        unknown=int(shapely.is_missing(seen[inside].to_numpy()).sum()),
        grids=len(areas),
        settled_m2=float(np.nansum(ground)),
        seen_m2=float(np.nansum(ground) - blind["area_m2"].sum()),
        gaps=len(gaps),
    )


def _areas(session: Session, scope: Scope, as_of: date) -> gpd.GeoDataFrame:
    for level in (GridLevel.CELL, GridLevel.VILLAGE):
        areas = grid_frame(session, scope, level=level, as_of=as_of)
        if len(areas):
            areas["village_code"] = areas["parent_code"] if level == GridLevel.CELL else areas["code"]
            return areas.set_index("code", drop=False)
    raise MissingDataError("There are no grids or villages yet; run `fengqiao load boundaries FILE` first.")


def _with_defaults(cameras: gpd.GeoDataFrame, options: SightOptions) -> gpd.GeoDataFrame:
    in_use = cameras["asset_state"].isna() | (cameras["asset_state"] == IN_USE)
    cameras = cameras[in_use].copy()
    one_way = ~cameras["ptz_type"].isin(DOME_TYPES)
    default = pd.Series(np.where(one_way & cameras["bearing_deg"].notna(), options.fov_deg, 360.0), index=cameras.index)
    # A fixed camera whose bearing nobody recorded looks somewhere, but not all round.
    default[one_way & cameras["bearing_deg"].isna() & cameras["ptz_type"].notna()] = options.fov_deg
    for name in ("bearing_deg", "fov_deg", "range_m"):
        cameras[name] = cameras[name].astype(float)
    cameras["fov_deg"] = cameras["fov_deg"].fillna(default)
    cameras["range_m"] = cameras["range_m"].fillna(options.range_m)
    return cameras


def _settled(areas: gpd.GeoDataFrame, buildings: gpd.GeoSeries, options: SightOptions) -> gpd.GeoDataFrame:
    """Each area's ground near buildings; the whole area where no building is known."""
    if buildings.empty:
        return areas[["geometry"]]
    near = shapely.union_all(shapely.buffer(shapely.convex_hull(buildings.to_numpy()), options.settled_m, quad_segs=4))
    return gpd.GeoDataFrame(geometry=areas.geometry.intersection(near), crs=areas.crs)


def _gaps(
    areas: gpd.GeoDataFrame, blind: gpd.GeoDataFrame, households: gpd.GeoDataFrame, options: SightOptions
) -> gpd.GeoDataFrame:
    """Blind parts wide and large enough to matter; in each village those with most households beside them first."""
    half = options.gap_width_m / 2
    open_ground = blind.geometry.buffer(-half, quad_segs=2).buffer(half, quad_segs=2).explode()
    open_ground = open_ground[open_ground.area >= options.gap_area_m2]
    gaps = gpd.GeoDataFrame(
        {
            "grid_code": open_ground.index,
            "village_code": areas.loc[open_ground.index, "village_code"].to_numpy(),
            "area_m2": open_ground.area.to_numpy(),
        },
        geometry=open_ground.to_numpy(),
        crs=areas.crs,
    )
    gaps["households"] = 0
    if len(gaps) and len(households):
        beside = gpd.sjoin_nearest(
            households[["households", "geometry"]], gaps[["geometry"]], max_distance=options.settled_m
        )
        beside = beside[~beside.index.duplicated()]
        counts = beside.groupby("index_right")["households"].sum()
        gaps.loc[counts.index, "households"] = counts
    gaps = gaps.sort_values(
        ["village_code", "households", "area_m2"], ascending=[True, False, False], ignore_index=True
    )
    gaps["rank"] = gaps.groupby("village_code", dropna=False).cumcount() + 1
    return gaps


def _clear(session: Session, scope: Scope, camera_pks: list[int]) -> None:
    stale = sa.select(Camera.id).where(sa.or_(scope.located(Camera), Camera.village_code.is_(None)))
    session.execute(sa.delete(Isovist).where(Isovist.camera_pk.in_(stale)))
    for start in range(0, len(camera_pks), 5_000):
        session.execute(sa.delete(Isovist).where(Isovist.camera_pk.in_(camera_pks[start : start + 5_000])))
    for table in (GridSight, Gap):
        session.execute(sa.delete(table).where(scope.located(table)))


def _store_isovists(session: Session, cameras: gpd.GeoDataFrame, seen: gpd.GeoSeries, now: datetime) -> None:
    raw = seen.to_numpy()
    known = ~(shapely.is_missing(raw) | shapely.is_empty(raw))
    shapes = seen[known]
    rows = [
        {"camera_pk": int(pk), "area_m2": float(area), "computed_at": now, "geom": geom}
        for pk, area, geom in zip(
            cameras.loc[known, "id"], shapes.area, to_sql(multi_polygons(shapes.to_crs(SRID))), strict=True
        )
    ]
    if rows:
        session.execute(sa.insert(Isovist), rows)


def _store_sight(
    session: Session,
    areas: gpd.GeoDataFrame,
    ground_m2: np.ndarray,
    blind_m2: np.ndarray,
    cameras: gpd.GeoDataFrame,
    now: datetime,
) -> None:
    held = cameras.groupby(cameras["grid_code"].fillna(cameras["village_code"])).size()
    rows = [
        {
            "grid_code": code,
            "village_code": village,
            "settled_m2": float(ground),
            "seen_m2": float(max(ground - blind, 0.0)),
            "cameras": int(held.get(code, 0)),
            "computed_at": now,
        }
        for code, village, ground, blind in zip(areas["code"], areas["village_code"], ground_m2, blind_m2, strict=True)
    ]
    session.execute(sa.insert(GridSight), rows)


def _store_gaps(session: Session, gaps: gpd.GeoDataFrame, now: datetime) -> None:
    rows = [
        {
            "village_code": gap.village_code,
            "grid_code": gap.grid_code,
            "rank": int(gap.rank),
            "area_m2": float(gap.area_m2),
            "households": int(gap.households),
            "computed_at": now,
            "geom": geom,
        }
        for gap, geom in zip(
            gaps[["village_code", "grid_code", "rank", "area_m2", "households"]].itertuples(index=False, name="Row"),
            to_sql(multi_polygons(gaps.geometry.to_crs(SRID))),
            strict=True,
        )
    ]
    if rows:
        session.execute(sa.insert(Gap), rows)


def isovist_frame(session: Session, scope: Scope, *, bounds: Bounds | None = None) -> gpd.GeoDataFrame:
    """What each camera of the scope sees: camera_id, area_m2, computed_at, geometry (EPSG:4326)."""
    conditions = [Isovist.camera_pk == Camera.id, scope.located(Camera)]
    if bounds is not None:
        conditions.append(within_bounds(session, Isovist.__table__.c.geom, bounds))
    columns = (Camera.camera_id, Isovist.area_m2, Isovist.computed_at)
    return select_frame(session, columns, Isovist.geom, *conditions, order_by=Camera.camera_id)


def gap_frame(
    session: Session,
    scope: Scope,
    *,
    village_code: str | None = None,
    bounds: Bounds | None = None,
    limit: int | None = None,
) -> gpd.GeoDataFrame:
    """Gaps by rank: id, village_code, grid_code, rank, area_m2, households, computed_at, geometry (EPSG:4326)."""
    conditions = [scope.located(Gap)]
    if village_code is not None:
        conditions.append(Gap.village_code == village_code)
    if bounds is not None:
        conditions.append(within_bounds(session, Gap.__table__.c.geom, bounds))
    columns = (Gap.id, Gap.village_code, Gap.grid_code, Gap.rank, Gap.area_m2, Gap.households, Gap.computed_at)
    return select_frame(session, columns, Gap.geom, *conditions, order_by=(Gap.rank, Gap.id), limit=limit)


def coverage_by_grid(session: Session, scope: Scope) -> pd.DataFrame:
    """How much of each grid the cameras see, in the order of the codes.

    Columns: grid_code, village_code, settled_m2, seen_m2, seen_share (NaN where nothing is settled), cameras,
    computed_at. Empty until `compute_sight` has run.
    """
    columns = (
        GridSight.grid_code,
        GridSight.village_code,
        GridSight.settled_m2,
        GridSight.seen_m2,
        GridSight.cameras,
        GridSight.computed_at,
    )
    rows = session.execute(sa.select(*columns).where(scope.located(GridSight)).order_by(GridSight.grid_code)).all()
    frame = pd.DataFrame.from_records([tuple(row) for row in rows], columns=[column.key for column in columns])
    frame["seen_share"] = frame["seen_m2"] / frame["settled_m2"].where(frame["settled_m2"] > 0)
    return frame
