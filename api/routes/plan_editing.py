"""Editing a plan: edits that can be undone, the history of them, and branches.

Every change needs If-Match with the plan's revision; a late one is answered by 412 with the edits made since in
`changes`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.context import Computing, Now, Reading, Writing
from api.etag import etag_of, revision_to_match
from api.principal import Reader
from api.problems import problems
from api.routes.plan_state import READ_PROBLEMS, GridCounts, PlanStatus, op_of, status_of, tag, whole_plan
from api.routes.plans import PlanId, PlanInfo, Planner
from layers.plans import get_plan
from layers.plans.branching import branch_plan, delete_plan
from layers.plans.counts import grid_counts
from layers.plans.editing import edit_plan, jump_to, turn_edit
from layers.plans.history import list_edits, redoable, shown_edit, undoable
from layers.plans.storing import Edited
from layers.plans.workspace import open_workspace
from layers.tables import PlanEdit

router = APIRouter(prefix="/api/plans/{plan_id}", tags=["plan editing"])

Number = Annotated[int, Field(ge=0, le=999_999)]
Position = tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]]
Line = Annotated[list[Position], Field(min_length=2, max_length=10_000)]
BlockIds = Annotated[list[int], Field(min_length=1, max_length=100_000)]
VillageCode = Annotated[str, Field(pattern="^[0-9]{12}$")]
GridName = Annotated[str, Field(min_length=1, max_length=200)]
EDIT_PROBLEMS = problems(401, 403, 404, 409, 412, 422, 428)


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


class Convert(_Edit):
    """Give villages other codes with the plan, as when they become communities (村改居); their grids follow."""

    op: Literal["convert"]
    codes: dict[VillageCode, VillageCode] = Field(min_length=1, max_length=1000, description="Old to new code")
    names: dict[VillageCode, Annotated[str, Field(min_length=1, max_length=200)]] | None = Field(
        None, description="New names by new code; the others keep theirs"
    )


AnyEdit = Annotated[
    Split | Merge | MoveBoundary | Give | CarveOut | Abolish | Rename | Lock | Convert, Field(discriminator="op")
]


class EditInfo(BaseModel):
    """One edit of the plan's history.

    `refers_to` is the edit that an undo or redo takes back or repeats; of any other, `parent` is the one before it that
    was not undone, 0 for none.
    """

    sequence: int
    op: str
    params: dict[str, Any]
    by: str
    at: datetime
    revision: int
    moved_households: int
    parent: int | None
    refers_to: int | None


class Edits(BaseModel):
    """The plan's history, the oldest edit first."""

    edits: list[EditInfo]


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
    head: int
    can_undo: str | None
    can_redo: str | None


class Branch(BaseModel):
    """The name of the new draft."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)


@router.get("/edits", responses=READ_PROBLEMS)
def read_edits(
    principal: Reader,
    session: Reading,
    plan_id: PlanId,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="Only edits after this revision")] = 0,
) -> Edits:
    """The history of a plan's edits."""
    plan = whole_plan(principal, session, plan_id)
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
    done = turn_edit(session, principal, plan_id, "undo", now=now, revision=revision_to_match(request))
    return _result(session, principal, plan_id, done, response)


@router.post("/redo", responses=EDIT_PROBLEMS)
def redo(
    principal: Planner, session: Writing, now: Now, request: Request, response: Response, plan_id: PlanId
) -> EditResult:
    """Repeat the edit that was undone last; needs If-Match."""
    done = turn_edit(session, principal, plan_id, "redo", now=now, revision=revision_to_match(request))
    return _result(session, principal, plan_id, done, response)


@router.post("/jump", responses=EDIT_PROBLEMS)
def jump(
    principal: Planner,
    session: Writing,
    now: Now,
    request: Request,
    response: Response,
    plan_id: PlanId,
    to: Annotated[int, Query(ge=0, le=2**31 - 1, description="Sequence of an edit; 0 for the plan as it was drawn")],
) -> PlanStatus:
    """Go to the state after an edit of the history, by as many undos or redos as it takes; needs If-Match."""
    plan = jump_to(session, principal, plan_id, to, now=now, revision=revision_to_match(request))
    tag(response, etag_of(plan.revision))
    return status_of(session, plan, open_workspace(session, plan))


@router.post("/renumber", responses=EDIT_PROBLEMS)
def renumber(
    principal: Planner, session: Writing, now: Now, request: Request, response: Response, plan_id: PlanId
) -> PlanStatus:
    """Number the new grids of each village from west to east, then from north to south; needs If-Match."""
    done = edit_plan(session, principal, plan_id, "renumber", {}, now=now, revision=revision_to_match(request))
    plan = get_plan(session, principal.scope, plan_id)
    tag(response, etag_of(plan.revision))
    return status_of(session, plan, done.workspace)


@router.post("/branch", status_code=201, responses=problems(401, 403, 404, 409, 422))
def branch(
    principal: Planner, session: Computing, now: Now, response: Response, plan_id: PlanId, wanted: Branch
) -> PlanInfo:
    """Make a new draft of a plan in any state; its grids keep their codes."""
    made = branch_plan(session, principal, plan_id, name=wanted.name, now=now)
    response.headers["Location"] = f"/api/plans/{made.id}"
    tag(response, etag_of(made.revision))
    return PlanInfo.model_validate(made)


@router.delete("", status_code=204, responses=EDIT_PROBLEMS)
def delete(principal: Planner, session: Writing, now: Now, request: Request, plan_id: PlanId) -> None:
    """Throw a draft away; needs If-Match."""
    delete_plan(session, principal, plan_id, now=now, revision=revision_to_match(request))


def _info(row: PlanEdit) -> EditInfo:
    return EditInfo.model_validate(shown_edit(row))


def _result(session: Writing, principal: Planner, plan_id: int, done: Edited, response: Response) -> EditResult:
    plan = get_plan(session, principal.scope, plan_id)
    tag(response, etag_of(plan.revision))
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
        head=plan.head,
        can_undo=op_of(undoable(session, plan)),
        can_redo=op_of(redoable(session, plan)),
    )
