"""Find places by text or by point, and count what an area holds."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from api.context import AsOf, Now, Reading
from api.principal import Reader
from api.problems import problems
from layers.assignment import locate
from layers.search import search
from layers.summary import summary
from layers.tables import GridLevel

router = APIRouter(prefix="/api", tags=["territory"])


class HitInfo(BaseModel):
    """A place that was found: a point on it and its bounding box in degrees."""

    model_config = ConfigDict(from_attributes=True)

    kind: Literal["grid", "address", "camera"]
    key: str
    label: str
    detail: str
    lon: float
    lat: float
    bounds: tuple[float, float, float, float]


class Hits(BaseModel):
    """What was found, the best first within each kind."""

    hits: list[HitInfo]


class LocatedGrid(BaseModel):
    """A grid that holds the point."""

    level: GridLevel
    code: str
    name: str
    parent_code: str | None


class Located(BaseModel):
    """A point and the grids that hold it, from large to small; empty outside one's area."""

    lon: float
    lat: float
    as_of: date
    grids: list[LocatedGrid]


class SummaryInfo(BaseModel):
    """Counts of an area; `as_of` dates the grids, `now` everything else; `data_age_s` is null without data."""

    model_config = ConfigDict(from_attributes=True)

    as_of: date
    now: datetime
    grids: dict[GridLevel, int]
    households: int
    addresses: int
    cameras_in_use: int
    reports_open: int
    reports_today: int
    reports_closed_today: int
    newest_report_at: datetime | None
    newest_load_at: datetime | None
    data_age_s: float | None


@router.get("/search", responses=problems(401, 403, 422))
def read_search(
    principal: Reader,
    session: Reading,
    as_of: AsOf,
    q: Annotated[str, Query(max_length=200, description="A code, a part of a name, or words of an address")],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Hits:
    """Grids, addresses and cameras by code, name or address."""
    found = search(session, principal.scope, q, as_of=as_of, limit=limit)
    return Hits(hits=[HitInfo.model_validate(hit) for hit in found])


@router.get("/locate", responses=problems(401, 403, 422))
def read_locate(
    principal: Reader,
    session: Reading,
    as_of: AsOf,
    lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)],
    lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)],
) -> Located:
    """The town, village and grid that hold a point; on a shared edge the smallest code."""
    found = locate(session, lon, lat, as_of=as_of)
    codes = [grid.code for grid in found.values()]
    # The outlines around one's area are known, but only to somebody who asks for a point inside the area.
    inside = any(principal.scope.covers(code) for code in codes)
    grids = [found[level] for level in GridLevel if inside and level in found]
    return Located(
        lon=lon,
        lat=lat,
        as_of=as_of,
        grids=[
            LocatedGrid(level=GridLevel(grid.level), code=grid.code, name=grid.name, parent_code=grid.parent_code)
            for grid in grids
        ],
    )


@router.get("/summary", responses=problems(401, 403, 422))
def read_summary(principal: Reader, session: Reading, as_of: AsOf, now: Now) -> SummaryInfo:
    """The figures of one's area."""
    return SummaryInfo.model_validate(summary(session, principal.scope, as_of=as_of, now=now))
