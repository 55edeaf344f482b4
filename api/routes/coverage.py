"""What the cameras see of each grid, their isovists, and the gaps."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from api.context import Now, Reading
from api.geojson import FeatureCollection, GeoJSONResponse, Link, MultiPolygon, feature_collection, plain
from api.principal import Reader
from api.problems import problems
from api.query import Box, Paging
from layers.video import coverage_by_grid, gap_frame, isovist_frame

router = APIRouter(prefix="/api/coverage", tags=["video"])


class GridCoverage(BaseModel):
    """How much of a grid's settled open ground cameras see; the share is null where nothing is settled."""

    grid_code: str
    village_code: str | None
    settled_m2: float
    seen_m2: float
    seen_share: float | None
    cameras: int
    computed_at: datetime


class Coverage(BaseModel):
    """A page of grids in the order of their codes; empty until the coverage has been computed."""

    grids: list[GridCoverage]
    links: list[Link]
    numberReturned: int  # noqa: N815 the name OGC API Features gives it
    time_stamp: datetime


class IsovistProperties(BaseModel):
    """What a camera sees between the obstacles."""

    camera_id: str
    area_m2: float
    computed_at: datetime


class GapProperties(BaseModel):
    """A connected part of a grid that no camera sees; rank 1 is the first of its village."""

    rank: int
    village_code: str | None
    grid_code: str | None
    area_m2: float
    households: int
    computed_at: datetime


@router.get("", responses=problems(401, 403, 422))
def read_coverage(principal: Reader, session: Reading, now: Now, page: Paging) -> Coverage:
    """Camera coverage grid by grid, as last computed."""
    frame, after = coverage_by_grid(session, principal.scope), page.after(str)
    frame = frame if after is None else frame[frame["grid_code"] > after]
    shown, links = page.cut(frame, "grid_code", media_type="application/json")
    names = list(GridCoverage.model_fields)
    rows = zip(*(plain(shown[name]) for name in names), strict=True)
    grids = [GridCoverage.model_validate(dict(zip(names, row, strict=True))) for row in rows]
    return Coverage(grids=grids, links=links, numberReturned=len(grids), time_stamp=now)


@router.get(
    "/isovists",
    response_class=GeoJSONResponse,
    response_model=FeatureCollection[MultiPolygon, IsovistProperties],
    responses=problems(401, 403, 422),
)
def read_isovists(principal: Reader, session: Reading, now: Now, box: Box, page: Paging) -> Response:
    """What each camera sees, in the order of the camera ids, as last computed."""
    frame, after = isovist_frame(session, principal.scope, bounds=box), page.after(str)
    frame = frame if after is None else frame[frame["camera_id"] > after]
    shown, links = page.cut(frame, "camera_id")
    return feature_collection(shown, IsovistProperties, "camera_id", links=links, time_stamp=now)


@router.get(
    "/gaps",
    response_class=GeoJSONResponse,
    response_model=FeatureCollection[MultiPolygon, GapProperties],
    responses=problems(401, 403, 422),
)
def read_gaps(
    principal: Reader,
    session: Reading,
    now: Now,
    box: Box,
    page: Paging,
    village_code: Annotated[str | None, Query(max_length=32)] = None,
) -> Response:
    """Gaps by rank, as last computed."""
    frame, after = gap_frame(session, principal.scope, village_code=village_code, bounds=box), page.after(int, int)
    if after is not None:
        rank, row = after
        frame = frame[(frame["rank"] > rank) | ((frame["rank"] == rank) & (frame["id"] > row))]
    shown, links = page.cut(frame, "rank", "id")
    return feature_collection(shown, GapProperties, "id", links=links, time_stamp=now)
