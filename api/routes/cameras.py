"""Camera records; positions are shown to signed-in readers only."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from api.context import Now, Reading
from api.etag import NOT_MODIFIED, etag_of, is_fresh
from api.geojson import Feature, FeatureCollection, GeoJSONResponse, Point, feature_collection, feature_texts
from api.principal import Reader
from api.problems import problems
from api.query import Box, Paging
from layers.cameras import camera_frame
from layers.errors import NotFoundError

router = APIRouter(prefix="/api/cameras", tags=["video"])


class CameraProperties(BaseModel):
    """An asset record; codes as in the GB/T 28181-2022 catalogue, bearing clockwise from north."""

    camera_id: str
    name: str | None
    bearing_deg: float | None
    fov_deg: float | None
    range_m: float | None
    height_m: float | None
    ptz_type: int | None
    point_class: int | None
    position_type: str | None
    room_type: int | None
    supply_light: int | None
    imaging: int | None
    site_category: str | None
    asset_state: int | None
    management_unit: str | None
    install_time: date | None
    record_days: int | None
    address_text: str | None
    village_code: str | None
    grid_code: str | None
    revision: int


@router.get(
    "",
    response_class=GeoJSONResponse,
    response_model=FeatureCollection[Point, CameraProperties],
    responses=problems(401, 403, 422),
)
def read_cameras(
    principal: Reader,
    session: Reading,
    now: Now,
    box: Box,
    page: Paging,
    grid_code: Annotated[str | None, Query(max_length=32)] = None,
    village_code: Annotated[str | None, Query(max_length=32)] = None,
    asset_state: Annotated[list[int] | None, Query(description="1 in use, 2 under repair, 3 removed")] = None,
) -> Response:
    """Cameras in the order of their ids."""
    frame = camera_frame(
        session,
        principal.scope,
        bounds=box,
        grid_code=grid_code,
        village_code=village_code,
        states=asset_state,
        limit=page.limit + 1,
        after=page.after(str),
    )
    shown, links = page.cut(frame, "camera_id")
    return feature_collection(shown, CameraProperties, "camera_id", links=links, time_stamp=now)


@router.get(
    "/{camera_id:path}",
    response_class=GeoJSONResponse,
    response_model=Feature[Point, CameraProperties],
    responses=NOT_MODIFIED | problems(401, 403, 404),
)
def read_camera(principal: Reader, session: Reading, request: Request, camera_id: str) -> Response:
    """One camera's record; its ETag is its revision."""
    frame = camera_frame(session, principal.scope, camera_ids=[camera_id])
    if frame.empty:
        raise NotFoundError("camera", camera_id)
    headers = {"ETag": etag_of(frame["revision"].iloc[0]), "Cache-Control": "private, no-cache"}
    if is_fresh(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return GeoJSONResponse(next(feature_texts(frame, CameraProperties, "camera_id")), headers=headers)
