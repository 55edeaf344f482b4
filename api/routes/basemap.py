"""The base map: buildings, roads and water around the grids of one's area."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel

from api.context import Now, Reading
from api.geojson import (
    FeatureCollection,
    GeoJSONResponse,
    GeometryCollection,
    LineString,
    MultiLineString,
    MultiPolygon,
    Point,
    Polygon,
    feature_collection,
)
from api.principal import Reader
from api.problems import problems
from api.query import Box, Paging
from layers.basemap import building_frame, road_frame, water_frame

router = APIRouter(prefix="/api/basemap", tags=["base map"])


class BuildingProperties(BaseModel):
    """A footprint."""

    name: str | None
    kind: str | None
    levels: int | None
    height_m: float | None


class RoadProperties(BaseModel):
    """A stretch of road; its class is a word of the source."""

    name: str | None
    road_class: str | None
    bridge: bool


class WaterProperties(BaseModel):
    """A river, canal or lake."""

    name: str | None
    kind: str | None


AnyGeometry = Point | LineString | MultiLineString | Polygon | MultiPolygon | GeometryCollection


@router.get(
    "/buildings",
    response_class=GeoJSONResponse,
    response_model=FeatureCollection[MultiPolygon, BuildingProperties],
    responses=problems(401, 403, 422),
)
def read_buildings(principal: Reader, session: Reading, now: Now, box: Box, page: Paging) -> Response:
    """Footprints of buildings."""
    frame = building_frame(session, principal.scope, bounds=box, limit=page.limit + 1, after=page.after(int))
    shown, links = page.cut(frame, "id")
    return feature_collection(shown, BuildingProperties, "building_key", links=links, time_stamp=now)


@router.get(
    "/roads",
    response_class=GeoJSONResponse,
    response_model=FeatureCollection[MultiLineString, RoadProperties],
    responses=problems(401, 403, 422),
)
def read_roads(principal: Reader, session: Reading, now: Now, box: Box, page: Paging) -> Response:
    """Stretches of road."""
    frame = road_frame(session, principal.scope, bounds=box, limit=page.limit + 1, after=page.after(int))
    shown, links = page.cut(frame, "id")
    return feature_collection(shown, RoadProperties, "road_key", links=links, time_stamp=now)


@router.get(
    "/water",
    response_class=GeoJSONResponse,
    response_model=FeatureCollection[AnyGeometry, WaterProperties],
    responses=problems(401, 403, 422),
)
def read_water(principal: Reader, session: Reading, now: Now, box: Box, page: Paging) -> Response:
    """Rivers, canals and lakes."""
    frame = water_frame(session, principal.scope, bounds=box, limit=page.limit + 1, after=page.after(int))
    shown, links = page.cut(frame, "id")
    return feature_collection(shown, WaterProperties, "water_key", links=links, time_stamp=now)
