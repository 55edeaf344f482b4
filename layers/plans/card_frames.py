"""What the printed cards of a plan's grids show: the grids, the map around them, and the office that serves each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import EVERYWHERE, Scope
from layers.basemap import building_frame, road_frame, water_frame
from layers.errors import MissingDataError
from layers.grids import grid_frame
from layers.tables import GridLevel, Plan, Team


@dataclass(frozen=True, eq=False)
class CardFrames:
    """Frames in EPSG:4326; names of villages by code, and of offices with their telephone by grid code."""

    grids: gpd.GeoDataFrame
    villages: dict[str, str]
    roads: gpd.GeoSeries
    water: gpd.GeoSeries
    buildings: gpd.GeoSeries
    offices: dict[str, str]


def card_frames(session: Session, plan: Plan, *, as_of: date, code: str | None = None) -> CardFrames:
    """What is needed for the cards of a plan's grids, or of the one with a code.

    The office of a grid is the team of the grid, else that of its village, else that of the town; one that takes every
    matter comes before those of one platform.

    Raises
    ------
    MissingDataError : the plan has no such grid
    """
    codes = None if code is None else [code]
    grids = grid_frame(session, EVERYWHERE, as_of=as_of, plan_id=plan.id, level=GridLevel.CELL, codes=codes)
    if grids.empty:
        raise MissingDataError(f"Plan {plan.id} has no grid {code or ''}".rstrip() + "; draw the grids first.")
    villages = grid_frame(session, Scope(plan.scope_code), as_of=as_of, level=GridLevel.VILLAGE)
    names = dict(zip(villages["code"], villages["name"], strict=True))
    for old, new in plan.converted.items():
        names[new["code"]] = new.get("name") or names.get(old, new["code"])
    west, south, east, north = grids.total_bounds
    margin = 0.2 * max(east - west, north - south)  # the picture shows more than the grid
    bounds = (west - margin, south - margin, east + margin, north + margin)
    return CardFrames(
        grids=grids,
        villages=names,
        roads=road_frame(session, EVERYWHERE, bounds=bounds).geometry,
        water=water_frame(session, EVERYWHERE, bounds=bounds).geometry,
        buildings=building_frame(session, EVERYWHERE, bounds=bounds).geometry,
        offices=_offices(session, grids["code"].tolist()),
    )


def _offices(session: Session, codes: list[str]) -> dict[str, str]:
    areas = {code[:end] for code in codes for end in range(1, len(code) + 1)}
    rows = session.scalars(sa.select(Team).where(Team.area_code.in_(sorted(areas))).order_by(Team.id)).all()
    best: dict[str, Team] = {}
    for team in sorted(rows, key=lambda row: row.platform is not None):
        best.setdefault(team.area_code, team)
    found = {}
    for code in codes:
        office = next((best[code[:end]] for end in range(len(code), 0, -1) if code[:end] in best), None)
        if office is not None:
            found[code] = " ".join(part for part in (office.name, office.phone) if part)
    return found
