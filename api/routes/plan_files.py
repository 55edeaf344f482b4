"""Plans as files, out and in, and the cards of their grids to print."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.context import AsOf, Now, Reading, Writing
from api.etag import etag_of
from api.principal import Reader
from api.problems import problems
from api.routes.plan_state import READ_PROBLEMS, tag, whole_plan
from api.routes.plans import PlanId, PlanInfo, Planner
from layers.plans.bundles import pack_plan, unpack_plan
from layers.plans.card_frames import card_frames
from maps.cards import grid_cards

router = APIRouter(prefix="/api/plans", tags=["plan editing"])

Answers = dict[int | str, dict[str, Any]]
BINARY = {"schema": {"type": "string", "format": "binary"}}
ARCHIVE: Answers = {200: {"content": {"application/zip": BINARY}, "description": "The archive"}}
PAGE: Answers = {200: {"content": {"text/html": {"schema": {"type": "string"}}}, "description": "The cards"}}
BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": BINARY}}}


async def file_of(request: Request) -> bytes:
    """The body as it came."""
    return await request.body()


@router.post("/import", status_code=201, responses=problems(400, 401, 403, 409, 413, 422), openapi_extra=BODY)
def import_(
    principal: Planner,
    session: Writing,
    now: Now,
    response: Response,
    content: Annotated[bytes, Depends(file_of)],
    file_name: Annotated[str, Query(max_length=200, description="Its suffix tells the format: .zip, .gpkg …")],
    name: Annotated[str | None, Query(max_length=200, description="By default that in the file")] = None,
    scope_code: Annotated[str | None, Query(max_length=32, description="By default that in the file")] = None,
) -> PlanInfo:
    """Make a draft of an exported plan, or of a file with the columns block_key and code."""
    made = unpack_plan(session, principal, content, file_name=file_name, now=now, name=name, scope_code=scope_code)
    response.headers["Location"] = f"/api/plans/{made.id}"
    tag(response, etag_of(made.revision))
    return PlanInfo.model_validate(made)


@router.get("/{plan_id}/export", response_class=Response, responses=ARCHIVE | READ_PROBLEMS)
def export(
    principal: Reader,
    session: Reading,
    plan_id: PlanId,
    kind: Annotated[Literal["geojson", "gpkg", "shp", "parquet", "csv"], Query(alias="format")] = "gpkg",
) -> Response:
    """A plan as a ZIP archive: its blocks with the grid of each, and its options; imported, it is the same plan."""
    plan = whole_plan(principal, session, plan_id)
    name = f'attachment; filename="plan-{plan.id}-{kind}.zip"'
    return Response(pack_plan(session, plan, kind), media_type="application/zip", headers={"Content-Disposition": name})


@router.get("/{plan_id}/cards", response_class=HTMLResponse, responses=PAGE | READ_PROBLEMS)
def cards(
    principal: Reader,
    session: Reading,
    as_of: AsOf,
    plan_id: PlanId,
    code: Annotated[str | None, Query(max_length=32, description="Only the grid with this code")] = None,
    note: Annotated[str, Query(max_length=200, description="For the foot of each card, such as a 审图号")] = "",
) -> HTMLResponse:
    """A card for each grid of a plan, A5, ready to print: name, extent, households, telephone of the office."""
    plan = whole_plan(principal, session, plan_id)
    frames = card_frames(session, plan, as_of=as_of, code=code)
    return HTMLResponse(
        grid_cards(
            frames.grids,
            title=plan.name,
            villages=frames.villages,
            roads=frames.roads,
            water=frames.water,
            buildings=frames.buildings,
            offices=frames.offices,
            note=note,
            style="/static/cards.css",
        )
    )
