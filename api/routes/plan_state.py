"""What a plan holds: its grids with their counts, its blocks, and which grid each block is in.

A grid inside a plan is told by its `number`, which stays the same over undo and redo; `code` and `name` may change.
"""

from __future__ import annotations

import hashlib

import numpy as np
import shapely
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from api.context import Reading
from api.etag import NOT_MODIFIED, etag_of, is_fresh
from api.principal import Reader
from api.problems import problems
from api.routes.plans import PlanId
from layers.plans import get_plan
from layers.plans.counts import grid_counts
from layers.plans.history import redoable, undoable
from layers.plans.workspace import Workspace, open_workspace
from layers.tables import Plan, PlanEdit

router = APIRouter(prefix="/api/plans/{plan_id}", tags=["plan editing"])

SCALE = 10_000_000  # of a degree: about a centimetre
READ_PROBLEMS = problems(401, 403, 404, 409, 422)


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
    """The plan as it stands: its grids, the band, and the names of the edits that undo and redo would take.

    `converted` holds the villages that get another code with the plan, old to new; `head` is the sequence of the edit
    that the plan shows the result of, 0 for the plan as it was drawn.
    """

    revision: int
    state: str
    name: str
    scope_code: str
    target: float
    tolerance: float
    low: float
    high: float
    converted: dict[str, str]
    head: int
    can_undo: str | None
    can_redo: str | None
    grids: list[GridCounts]


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


@router.get("/state", responses=NOT_MODIFIED | READ_PROBLEMS, response_model=PlanStatus)
def read_state(
    principal: Reader, session: Reading, request: Request, response: Response, plan_id: PlanId
) -> PlanStatus | Response:
    """All grids of a plan with their counts."""
    plan = whole_plan(principal, session, plan_id)
    etag = etag_of(plan.revision)
    if is_fresh(request, etag):
        return _unchanged(etag)
    tag(response, etag)
    return status_of(session, plan, open_workspace(session, plan, reading=True))


@router.get("/blocks", responses=NOT_MODIFIED | READ_PROBLEMS, response_model=Blocks)
def read_blocks(principal: Reader, session: Reading, request: Request, plan_id: PlanId) -> Response:
    """The shapes and households of the plan's blocks; large, and worth keeping under its ETag."""
    plan = whole_plan(principal, session, plan_id)
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
    plan = whole_plan(principal, session, plan_id)
    etag = etag_of(plan.revision)
    if is_fresh(request, etag):
        return _unchanged(etag)
    tag(response, etag)
    workspace = open_workspace(session, plan, reading=True)
    return BlockGrids(revision=plan.revision, grid=workspace.division.label.tolist())


def whole_plan(principal: Reader, session: Reading, plan_id: int) -> Plan:
    """The plan, for somebody who may see all of it: the blocks of one village say little."""
    plan = get_plan(session, principal.scope, plan_id)
    principal.scope.require(plan.scope_code)
    return plan


def tag(response: Response, etag: str) -> None:
    """Mark an answer with its state; it is asked for again before it is used again."""
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, no-cache"


def op_of(row: PlanEdit | None) -> str | None:
    """What an edit does, if there is one."""
    return None if row is None else row.op


def status_of(session: Reading, plan: Plan, workspace: Workspace) -> PlanStatus:
    """The state of a plan as its page shows it."""
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
        converted={old: new["code"] for old, new in plan.converted.items()},
        head=plan.head,
        can_undo=op_of(undoable(session, plan)),
        can_redo=op_of(redoable(session, plan)),
        grids=[GridCounts(**row) for row in grid_counts(workspace, tolerance)],
    )


def _unchanged(etag: str) -> Response:
    return Response(status_code=304, headers={"ETag": etag, "Cache-Control": "private, no-cache"})


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
