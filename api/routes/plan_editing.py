"""Editing a plan: its state, its blocks, edits that can be undone, and branches.

A grid inside a plan is told by its `number`, which stays the same over undo and redo; `code` and `name` may change.
Every change needs If-Match with the plan's revision; a late one is answered by 412 with the edits made since in
`changes`.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Annotated, Any, Literal

import numpy as np
import shapely
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.context import AsOf, Computing, Now, Reading, Writing
from api.etag import NOT_MODIFIED, etag_of, is_fresh, revision_to_match
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
from api.problems import problems
from api.routes.plans import PlanId, PlanInfo, Planner
from layers.plans import get_plan
from layers.plans.branching import branch_plan, delete_plan
from layers.plans.checks import check_plan
from layers.plans.editing import (
    Edited,
    edit_plan,
    grid_counts,
    list_edits,
    redo_edit,
    redoable,
    shown_edit,
    undo_edit,
    undoable,
)
from layers.plans.impact import compare_plans
from layers.plans.workspace import Workspace, open_workspace
from layers.tables import Plan, PlanEdit

router = APIRouter(prefix="/api/plans/{plan_id}", tags=["plan editing"])

SCALE = 10_000_000  # of a degree: about a centimetre
Number = Annotated[int, Field(ge=0, le=999_999)]
Position = tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]]
Line = Annotated[list[Position], Field(min_length=2, max_length=10_000)]
BlockIds = Annotated[list[int], Field(min_length=1, max_length=100_000)]
GridName = Annotated[str, Field(min_length=1, max_length=200)]
EDIT_PROBLEMS = problems(401, 403, 404, 409, 412, 422, 428)
READ_PROBLEMS = problems(401, 403, 404, 409, 422)


class _Edit(BaseModel):
    model_config = ConfigDict(extra="forbid")

    strict: bool = Field(False, description="Refuse what leaves a grid in pieces or around another one")


class Split(_Edit):
    """Cut a grid along a line; the part with more households keeps number and name."""

    op: Literal["split"]
    grid: Number
    line: Line


class Merge(_Edit):
    """Make one grid of several; without `into`, the one with most households stays."""

    op: Literal["merge"]
    grids: list[Number] = Field(min_length=2, max_length=1000)
    into: Number | None = None


class MoveBoundary(_Edit):
    """Let a line replace a stretch of the border of two grids."""

    op: Literal["move_boundary"]
    one: Number
    other: Number
    line: Line


class Give(_Edit):
    """Give blocks to a grid."""

    op: Literal["give"]
    blocks: BlockIds
    to: Number


class CarveOut(_Edit):
    """Make a dedicated grid of blocks, or of those whose inner point lies in a polygon."""

    op: Literal["carve_out"]
    blocks: BlockIds | None = None
    polygon: Annotated[list[Position], Field(min_length=3, max_length=10_000)] | None = None
    name: str = Field("", max_length=200)

    @model_validator(mode="after")
    def _one_site(self) -> CarveOut:
        if (self.blocks is None) == (self.polygon is None):
            raise ValueError("give either blocks or polygon")
        return self


class Abolish(_Edit):
    """Share a grid out among its neighbours."""

    op: Literal["abolish"]
    grid: Number


class Rename(_Edit):
    """Give a grid another name."""

    op: Literal["rename"]
    grid: Number
    name: GridName


class Lock(_Edit):
    """Keep grids from changing, or let them change again; without `grids`, all."""

    op: Literal["lock", "unlock"]
    grids: list[Number] | None = Field(None, max_length=100_000)


AnyEdit = Annotated[Split | Merge | MoveBoundary | Give | CarveOut | Abolish | Rename | Lock, Field(discriminator="op")]


class EditInfo(BaseModel):
    """One edit of the plan's history; `refers_to` is the edit that an undo or redo takes back or repeats."""

    sequence: int
    op: str
    params: dict[str, Any]
    by: str
    at: datetime
    revision: int
    moved_households: int
    refers_to: int | None


class Edits(BaseModel):
    """The plan's history, the oldest edit first."""

    edits: list[EditInfo]


class GridCounts(BaseModel):
    """A grid of the plan and what it measures; `in_band` says whether its households keep the plan's tolerance."""

    number: int
    code: str
    name: str
    parent_code: str
    dedicated: bool
    locked: bool
    blocks: int
    households: float
    deviation: float
    area_m2: float
    perimeter_m: float
    polsby_popper: float | None
    villages: int
    pieces: int
    holes: int
    contiguous: bool
    in_band: bool


class PlanStatus(BaseModel):
    """The plan as it stands: its grids, the band, and the names of the edits that undo and redo would take."""

    revision: int
    state: str
    name: str
    scope_code: str
    target: float
    tolerance: float
    low: float
    high: float
    can_undo: str | None
    can_redo: str | None
    grids: list[GridCounts]


class EditResult(BaseModel):
    """What an edit did, or with `preview` would do; `edit` is empty then."""

    revision: int
    edit: EditInfo | None
    blocks: list[int]
    grid: list[int]
    grids: list[GridCounts]
    gone: list[int]
    broken: list[int]
    moved_households: int
    can_undo: str | None
    can_redo: str | None


class Blocks(BaseModel):
    """The blocks of a plan; they stay while grids change.

    A ring is a list of integers in 1/scale degree: longitude and latitude of its first position, then the differences
    from each position to the next; the last position is the first again. Neighbours share every vertex.
    """

    revision: int
    scale: int
    id: list[int]
    households: list[float]
    village: list[int]
    villages: list[str]
    polygons: list[list[list[list[int]]]]


class BlockGrids(BaseModel):
    """The number of the grid of each block, in the order of the blocks."""

    revision: int
    grid: list[int]


class FindingProperties(BaseModel):
    """A fault of the plan; one with an error cannot be submitted. `codes` names the faulty grid first."""

    severity: Literal["error", "warning"]
    kind: str
    codes: str
    note: str | None
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
    """How many households, addresses, cameras and open reports get another grid, and where.

    `other` is the plan it is compared with, empty for the grids in force.
    """

    other: int | None
    households: int
    addresses: int
    cameras: int
    open_reports: int
    rows: list[ImpactRow]
    places: FeatureCollection[Polygon | MultiPolygon, PlaceProperties]


class Branch(BaseModel):
    """The name of the new draft."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)


@router.get("/state", responses=NOT_MODIFIED | READ_PROBLEMS, response_model=PlanStatus)
def read_state(
    principal: Reader, session: Reading, request: Request, response: Response, plan_id: PlanId
) -> PlanStatus | Response:
    """All grids of a plan with their counts."""
    plan = _whole(principal, session, plan_id)
    etag = etag_of(plan.revision)
    if is_fresh(request, etag):
        return _unchanged(etag)
    _tag(response, etag)
    return _status(session, plan, open_workspace(session, plan, reading=True))


@router.get("/blocks", responses=NOT_MODIFIED | READ_PROBLEMS, response_model=Blocks)
def read_blocks(principal: Reader, session: Reading, request: Request, plan_id: PlanId) -> Response:
    """The shapes and households of the plan's blocks; large, and worth keeping under its ETag."""
    plan = _whole(principal, session, plan_id)
    workspace = open_workspace(session, plan, reading=True)
    ground = workspace.ground
    digest = hashlib.blake2b(digest_size=10)
    for part in (workspace.block_ids, ground.households, ground.x, ground.y, ground.village):
        digest.update(np.ascontiguousarray(part).tobytes())
    etag = etag_of(digest.hexdigest())
    if is_fresh(request, etag):
        return _unchanged(etag)
    blocks = Blocks.model_construct(
        revision=plan.revision,
        scale=SCALE,
        id=workspace.block_ids.tolist(),
        households=ground.households.tolist(),
        village=ground.village.tolist(),
        villages=list(ground.villages),
        polygons=_packed(workspace.degrees),
    )
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    return Response(blocks.model_dump_json(), media_type="application/json", headers=headers)


@router.get("/assignment", responses=NOT_MODIFIED | READ_PROBLEMS, response_model=BlockGrids)
def read_assignment(
    principal: Reader, session: Reading, request: Request, response: Response, plan_id: PlanId
) -> BlockGrids | Response:
    """Which grid each block is in."""
    plan = _whole(principal, session, plan_id)
    etag = etag_of(plan.revision)
    if is_fresh(request, etag):
        return _unchanged(etag)
    _tag(response, etag)
    workspace = open_workspace(session, plan, reading=True)
    return BlockGrids(revision=plan.revision, grid=workspace.division.label.tolist())


@router.get("/edits", responses=READ_PROBLEMS)
def read_edits(
    principal: Reader,
    session: Reading,
    plan_id: PlanId,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="Only edits after this revision")] = 0,
) -> Edits:
    """The history of a plan's edits."""
    plan = _whole(principal, session, plan_id)
    return Edits(edits=[_info(row) for row in list_edits(session, plan, after=after)])


@router.post("/edits", responses=EDIT_PROBLEMS)
def make_edit(
    principal: Planner,
    session: Writing,
    now: Now,
    request: Request,
    response: Response,
    plan_id: PlanId,
    edit: AnyEdit,
    preview: Annotated[bool, Query(description="Say what would happen, and store nothing")] = False,
) -> EditResult:
    """Change the grids of a draft; needs If-Match with its ETag."""
    params = edit.model_dump(exclude={"op"}, exclude_defaults=True)
    done = edit_plan(
        session,
        principal,
        plan_id,
        edit.op,
        params,
        now=now,
        revision=revision_to_match(request),
        preview=preview,
    )
    return _result(session, principal, plan_id, done, response)


@router.post("/undo", responses=EDIT_PROBLEMS)
def undo(
    principal: Planner, session: Writing, now: Now, request: Request, response: Response, plan_id: PlanId
) -> EditResult:
    """Take the newest edit back; needs If-Match."""
    done = undo_edit(session, principal, plan_id, now=now, revision=revision_to_match(request))
    return _result(session, principal, plan_id, done, response)


@router.post("/redo", responses=EDIT_PROBLEMS)
def redo(
    principal: Planner, session: Writing, now: Now, request: Request, response: Response, plan_id: PlanId
) -> EditResult:
    """Repeat the edit that was undone last; needs If-Match."""
    done = redo_edit(session, principal, plan_id, now=now, revision=revision_to_match(request))
    return _result(session, principal, plan_id, done, response)


@router.post("/renumber", responses=EDIT_PROBLEMS)
def renumber(
    principal: Planner, session: Writing, now: Now, request: Request, response: Response, plan_id: PlanId
) -> PlanStatus:
    """Number the new grids of each village from west to east, then from north to south; needs If-Match."""
    done = edit_plan(session, principal, plan_id, "renumber", {}, now=now, revision=revision_to_match(request))
    plan = get_plan(session, principal.scope, plan_id)
    _tag(response, etag_of(plan.revision))
    return _status(session, plan, done.workspace)


@router.get("/checks", response_class=GeoJSONResponse, response_model=FindingCollection, responses=READ_PROBLEMS)
def read_checks(principal: Reader, session: Reading, now: Now, as_of: AsOf, plan_id: PlanId) -> Response:
    """What is wrong with a plan, with the faulty places."""
    plan = _whole(principal, session, plan_id)
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
    plan = _whole(principal, session, plan_id)
    other = None if with_ is None else _whole(principal, session, with_)
    impact = compare_plans(session, plan, other, as_of=as_of)
    rows = zip(*(plain(impact.rows[name]) for name in ImpactRow.model_fields), strict=True)
    head: dict[str, Any] = {"other": with_} | impact.totals
    head["rows"] = [dict(zip(ImpactRow.model_fields, row, strict=True)) for row in rows]
    places = impact.places.assign(id=range(1, len(impact.places) + 1))
    text = feature_collection(places, PlaceProperties, "id", links=[], time_stamp=now).body
    body = json.dumps(head, ensure_ascii=False, allow_nan=False)[:-1].encode() + b',"places":' + bytes(text) + b"}"
    return Response(body, media_type="application/json")


@router.post("/branch", status_code=201, responses=problems(401, 403, 404, 409, 422))
def branch(
    principal: Planner, session: Computing, now: Now, response: Response, plan_id: PlanId, wanted: Branch
) -> PlanInfo:
    """Make a new draft of a plan in any state; its grids keep their codes."""
    made = branch_plan(session, principal, plan_id, name=wanted.name, now=now)
    response.headers["Location"] = f"/api/plans/{made.id}"
    _tag(response, etag_of(made.revision))
    return PlanInfo.model_validate(made)


@router.delete("", status_code=204, responses=EDIT_PROBLEMS)
def delete(principal: Planner, session: Writing, now: Now, request: Request, plan_id: PlanId) -> None:
    """Throw a draft away; needs If-Match."""
    delete_plan(session, principal, plan_id, now=now, revision=revision_to_match(request))


def _whole(principal: Reader, session: Reading, plan_id: int) -> Plan:
    """The plan, for somebody who may see all of it: the blocks of one village say little."""
    plan = get_plan(session, principal.scope, plan_id)
    principal.scope.require(plan.scope_code)
    return plan


def _tag(response: Response, etag: str) -> None:
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, no-cache"


def _unchanged(etag: str) -> Response:
    return Response(status_code=304, headers={"ETag": etag, "Cache-Control": "private, no-cache"})


def _info(row: PlanEdit) -> EditInfo:
    return EditInfo.model_validate(shown_edit(row))


def _named(row: PlanEdit | None) -> str | None:
    return None if row is None else row.op


def _status(session: Reading, plan: Plan, workspace: Workspace) -> PlanStatus:
    target, tolerance = workspace.ground.target, float(plan.options.get("tolerance", 0.1))
    return PlanStatus(
        revision=plan.revision,
        state=plan.state,
        name=plan.name,
        scope_code=plan.scope_code,
        target=target,
        tolerance=tolerance,
        low=target * (1 - tolerance),
        high=target * (1 + tolerance),
        can_undo=_named(undoable(session, plan)),
        can_redo=_named(redoable(session, plan)),
        grids=[GridCounts(**row) for row in grid_counts(workspace, tolerance)],
    )


def _result(session: Writing, principal: Planner, plan_id: int, done: Edited, response: Response) -> EditResult:
    plan = get_plan(session, principal.scope, plan_id)
    _tag(response, etag_of(plan.revision))
    return EditResult(
        revision=plan.revision,
        edit=None if done.edit is None else _info(done.edit),
        blocks=done.blocks,
        grid=done.grids,
        grids=[
            GridCounts(**row)
            for row in grid_counts(done.workspace, float(plan.options.get("tolerance", 0.1)), done.touched)
        ],
        gone=done.gone,
        broken=done.broken,
        moved_households=done.moved_households,
        can_undo=_named(undoable(session, plan)),
        can_redo=_named(redoable(session, plan)),
    )


def _packed(shapes: np.ndarray) -> list[list[list[list[int]]]]:
    """Block > polygon > ring > integers; see `Blocks`."""
    parts, block = shapely.get_parts(shapes, return_index=True)
    rings, polygon = shapely.get_rings(parts, return_index=True)
    positions, ring = shapely.get_coordinates(rings, return_index=True)
    steps = np.round(positions * SCALE).astype(np.int64)
    steps[1:] -= np.where((ring[1:] == ring[:-1])[:, None], steps[:-1], 0)
    flat, ends = steps.ravel().tolist(), (2 * np.searchsorted(ring, np.arange(len(rings) + 1))).tolist()
    packed: list[list[list[list[int]]]] = [[] for _ in shapes]
    held: list[list[list[int]]] = []
    for of in block.tolist():
        held.append([])
        packed[of].append(held[-1])
    for i, of in enumerate(polygon.tolist()):
        held[of].append(flat[ends[i] : ends[i + 1]])
    return packed
