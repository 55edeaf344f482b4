"""How many households live where; counts only."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from api.context import Now, Reading
from api.geojson import FeatureCollection, GeoJSONResponse, Point, feature_collection
from api.principal import Reader
from api.problems import problems
from api.query import Box, Paging
from layers.households import household_frame

router = APIRouter(prefix="/api", tags=["register"])


class HouseholdProperties(BaseModel):
    """A count at a point, and the village and grid it lies in."""

    households: int
    village_code: str | None
    grid_code: str | None


@router.get(
    "/households",
    response_class=GeoJSONResponse,
    response_model=FeatureCollection[Point, HouseholdProperties],
    responses=problems(401, 403, 422),
)
def read_households(
    principal: Reader,
    session: Reading,
    now: Now,
    box: Box,
    page: Paging,
    grid_code: Annotated[str | None, Query(max_length=32)] = None,
    village_code: Annotated[str | None, Query(max_length=32)] = None,
) -> Response:
    """Household counts as points."""
    frame = household_frame(
        session,
        principal.scope,
        bounds=box,
        grid_code=grid_code,
        village_code=village_code,
        limit=page.limit + 1,
        after=page.after(int),
    )
    shown, links = page.cut(frame, "id")
    return feature_collection(shown, HouseholdProperties, "id", links=links, time_stamp=now)
