"""Grids of all levels, and the tree of places to pick from."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import pandas as pd
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from api.context import AsOf, Now, Reading
from api.etag import NOT_MODIFIED, etag_of, is_fresh
from api.geojson import (
    Feature,
    FeatureCollection,
    GeoJSONResponse,
    MultiPolygon,
    feature_collection,
    feature_texts,
    plain,
)
from api.principal import Reader
from api.problems import problems
from api.query import Box, Paging
from layers.errors import NotFoundError
from layers.grids import grid_frame
from layers.tables import GridKind, GridLevel

router = APIRouter(prefix="/api", tags=["territory"])


class GridProperties(BaseModel):
    """A town, village, grid or micro-grid; `valid_to` is the first day it is no longer in force."""

    grid_id: str
    code: str
    parent_code: str | None
    name: str
    level: GridLevel
    kind: GridKind
    households: int | None
    area_m2: float
    valid_from: date | None
    valid_to: date | None
    plan_id: int | None
    revision: int


GridFeature = Feature[MultiPolygon, GridProperties]
GridCollection = FeatureCollection[MultiPolygon, GridProperties]


class Place(BaseModel):
    """A town or village, its bounding box in degrees, and what lies inside."""

    code: str
    name: str
    level: GridLevel
    households: int | None
    bounds: tuple[float, float, float, float]
    children: list[Place]


class Places(BaseModel):
    """The towns of the area with their villages."""

    as_of: date
    places: list[Place]


@router.get("/places", responses=problems(401, 403, 422))
def read_places(principal: Reader, session: Reading, as_of: AsOf) -> Places:
    """The tree town > village, for a picker; a village whose town is not known stands at the top."""
    levels = [grid_frame(session, principal.scope, as_of=as_of, level=level) for level in ("TOWN", "VILLAGE")]
    frame = pd.concat([level for level in levels if len(level)]) if any(map(len, levels)) else levels[0]
    bounds = frame.geometry.bounds.round(7).to_numpy().tolist()
    names = ("code", "name", "level", "households")
    rows = zip(*(plain(frame[name]) for name in names), bounds, plain(frame["parent_code"]), strict=True)
    nodes: dict[str, Place] = {}
    roots: list[Place] = []
    for *values, box, parent in rows:
        place = Place(**dict(zip(names, values, strict=True)), bounds=box, children=[])
        nodes[place.code] = place
        (nodes[parent].children if parent in nodes else roots).append(place)
    return Places(as_of=as_of, places=roots)


@router.get("/grids", response_class=GeoJSONResponse, response_model=GridCollection, responses=problems(401, 403, 422))
def read_grids(
    principal: Reader,
    session: Reading,
    now: Now,
    as_of: AsOf,
    box: Box,
    page: Paging,
    level: GridLevel | None = None,
    parent_code: Annotated[str | None, Query(max_length=32)] = None,
) -> Response:
    """Grids in force on a day, in the order of their codes."""
    frame = grid_frame(
        session,
        principal.scope,
        as_of=as_of,
        level=level,
        parent_code=parent_code,
        bounds=box,
        limit=page.limit + 1,
        after=page.after(str),
    )
    shown, links = page.cut(frame, "code")
    return feature_collection(shown, GridProperties, "code", links=links, time_stamp=now)


@router.get(
    "/grids/{code}",
    response_class=GeoJSONResponse,
    response_model=GridFeature,
    responses=NOT_MODIFIED | problems(401, 403, 404, 422),
)
def read_grid(principal: Reader, session: Reading, request: Request, as_of: AsOf, code: str) -> Response:
    """One grid as it was in force on a day; its ETag changes with every revision."""
    frame = grid_frame(session, principal.scope, as_of=as_of, codes=[code])
    if frame.empty:
        raise NotFoundError("grid", code)
    headers = {"ETag": etag_of(frame["id"].iloc[0], frame["revision"].iloc[0]), "Cache-Control": "private, no-cache"}
    if is_fresh(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return GeoJSONResponse(next(feature_texts(frame, GridProperties, "code")), headers=headers)
