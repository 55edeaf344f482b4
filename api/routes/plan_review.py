"""What is wrong with a plan, and what it changes."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from api.context import AsOf, Now, Reading
from api.geojson import (
    FeatureCollection,
    GeoJSONResponse,
    GeometryCollection,
    LineString,
    MultiLineString,
    MultiPoint,
    MultiPolygon,
    Point,
    Polygon,
    feature_collection,
    plain,
)
from api.principal import Reader
from api.routes.plan_state import READ_PROBLEMS, whole_plan
from api.routes.plans import PlanId
from layers.plans.checks import check_plan
from layers.plans.impact import compare_plans

router = APIRouter(prefix="/api/plans/{plan_id}", tags=["plan editing"])


class FindingProperties(BaseModel):
    """A fault of the plan; one with an error cannot be submitted. `codes` names the faulty grid first.

    `facts` holds the numbers of the note, for those who say it in another language.
    """

    severity: Literal["error", "warning"]
    kind: str
    codes: str
    note: str | None
    facts: dict[str, Any]
    households: float | None


Surface = Point | MultiPoint | LineString | MultiLineString | Polygon | MultiPolygon | GeometryCollection
FindingCollection = FeatureCollection[Surface, FindingProperties]


class ImpactRow(BaseModel):
    """What lies in an old and a new grid at once; a missing code stands for no grid.

    `stays` says that the new grid is what becomes of the old one; the shares are of the old grid's.
    """

    old_code: str | None
    new_code: str | None
    households: int
    addresses: int
    cameras: int
    open_reports: int
    teams: int
    area_m2: float
    share_households: float | None
    share_area: float | None
    stays: bool


class PlaceProperties(BaseModel):
    """Ground that changes hands."""

    old_code: str
    new_code: str
    households: int


class Comparison(BaseModel):
    """How many households, addresses, cameras, open reports and teams get another grid, and where.

    `other` is the plan it is compared with, empty for the grids in force.
    """

    other: int | None
    households: int
    addresses: int
    cameras: int
    open_reports: int
    teams: int
    rows: list[ImpactRow]
    places: FeatureCollection[Polygon | MultiPolygon, PlaceProperties]


@router.get("/checks", response_class=GeoJSONResponse, response_model=FindingCollection, responses=READ_PROBLEMS)
def read_checks(principal: Reader, session: Reading, now: Now, as_of: AsOf, plan_id: PlanId) -> Response:
    """What is wrong with a plan, with the faulty places."""
    plan = whole_plan(principal, session, plan_id)
    found = check_plan(session, plan, as_of=as_of, reading=True)
    return feature_collection(
        found.assign(id=range(1, len(found) + 1)), FindingProperties, "id", links=[], time_stamp=now
    )


@router.get("/compare", responses=READ_PROBLEMS, response_model=Comparison)
def read_comparison(
    principal: Reader,
    session: Reading,
    now: Now,
    as_of: AsOf,
    plan_id: PlanId,
    with_: Annotated[
        int | None, Query(alias="with", ge=1, le=2**31 - 1, description="Another plan; by default the grids in force")
    ] = None,
) -> Response:
    """What a plan changes against another one or the grids in force: the impact sheet."""
    plan = whole_plan(principal, session, plan_id)
    other = None if with_ is None else whole_plan(principal, session, with_)
    impact = compare_plans(session, plan, other, as_of=as_of)
    rows = zip(*(plain(impact.rows[name]) for name in ImpactRow.model_fields), strict=True)
    head: dict[str, Any] = {"other": with_} | impact.totals
    head["rows"] = [dict(zip(ImpactRow.model_fields, row, strict=True)) for row in rows]
    places = impact.places.assign(id=range(1, len(impact.places) + 1))
    text = feature_collection(places, PlaceProperties, "id", links=[], time_stamp=now).body
    body = json.dumps(head, ensure_ascii=False, allow_nan=False)[:-1].encode() + b',"places":' + bytes(text) + b"}"
    return Response(body, media_type="application/json")
