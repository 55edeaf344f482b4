"""Plans edited by hand on both databases: only what is touched changes, and everything can be taken back.

The plan of `world`: 20 x 6 blocks of 10 households, drawn into four upright grids of 5 columns each, numbered 0 to 3
from west to east.
"""

from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa
from planning import draw, edit, redo, undo

import world
from geo.errors import BrokenGridError, DrawnLineError, GridLockedError, RedrawError
from layers.access import EVERYWHERE, OPERATOR, Principal, Role, Scope
from layers.errors import (
    ForbiddenError,
    InvalidInputError,
    InvalidStateError,
    MissingDataError,
    NotFoundError,
    StaleRevisionError,
)
from layers.grids import grid_frame
from layers.plans import advance_plan
from layers.plans.counts import grid_counts
from layers.plans.editing import edit_plan
from layers.plans.history import list_edits, redoable, undoable
from layers.plans.workspace import open_workspace
from layers.tables import Block, Plan, PlanBlock

W1, W2, E1, E2 = (f"{village}{n}" for village in (world.WEST, world.EAST) for n in ("001", "002"))


@pytest.fixture
def plan(session):
    world.add_world(session)
    return draw(session)


def line(*places):
    return [world.point(x, y) for x, y in places]


def grids(session, plan):
    return grid_frame(session, EVERYWHERE, as_of=world.TODAY, plan_id=plan.id)


def snapshot(session, plan):
    """Every fact about the plan's grids and blocks that an undo has to bring back."""
    frame = grids(session, plan)
    names = ["grid_id", "code", "parent_code", "name", "kind", "households"]
    rows = [(*row, wkb) for row, wkb in zip(frame[names].itertuples(index=False), frame.geometry.to_wkb(), strict=True)]
    pairs = session.execute(
        sa.select(PlanBlock.block_id, PlanBlock.grid_code)
        .where(PlanBlock.plan_id == plan.id)
        .order_by(PlanBlock.block_id)
    )
    return rows, [tuple(pair) for pair in pairs]


def at(session, *columns):
    """Ids of the blocks whose left lower corner has one of these x."""
    keys = [f"b{x:04d}{y:03d}" for x in columns for y in range(0, 600, 100)]
    return sorted(session.scalars(sa.select(Block.id).where(Block.block_key.in_(keys))))


def test_giving_a_column_moves_its_households_and_both_outlines(session, plan):
    before = grids(session, plan).set_index("code")
    done = edit(session, plan, "give", blocks=at(session, 400), to=1)
    after = grids(session, plan).set_index("code")
    assert after["households"].to_dict() == {W1: 240, W2: 360, E1: 300, E2: 300}
    assert done.blocks == at(session, 400)
    assert (done.grids, done.touched, done.moved_households) == ([1] * 6, [0, 1], 60)
    assert after["area_m2"].to_numpy() == pytest.approx([24e4, 36e4, 30e4, 30e4], rel=1e-3)
    for code in (E1, E2):
        assert after.geometry[code].equals_exact(before.geometry[code])
        assert after["revision"][code] == before["revision"][code]
    west, east = after.geometry[W1], after.geometry[W2]
    assert west.union(east).equals(before.geometry[W1].union(before.geometry[W2]))
    assert not west.intersection(east).area


def test_every_edit_can_be_undone_and_redone_to_the_last_bit(session, plan):
    steps = [
        ("split", {"grid": 0, "line": line((250, -50), (250, 650))}),
        ("merge", {"grids": [2, 3]}),
        ("move_boundary", {"one": 0, "other": 1, "line": line((500, -1), (310, 300), (500, 601))}),
        ("carve_out", {"polygon": line((1510, 110), (1790, 110), (1790, 390), (1510, 390)), "name": "学校"}),
        ("abolish", {"grid": 4}),
        ("rename", {"grid": 1, "name": "河东网格"}),
        ("lock", {}),
        ("unlock", {"grids": [1]}),
    ]
    seen = [snapshot(session, plan)]
    for op, params in steps:
        edit(session, plan, op, **params)
        seen.append(snapshot(session, plan))
    assert len({str(rows) for rows, _ in seen}) == 7, "locks show in no column of the snapshot"
    for expected in reversed(seen[:-1]):
        undo(session, plan)
        assert snapshot(session, plan) == expected
    with pytest.raises(InvalidStateError):
        undo(session, plan)
    for expected in seen[1:]:
        redo(session, plan)
        assert snapshot(session, plan) == expected
    with pytest.raises(InvalidStateError):
        redo(session, plan)
    assert [row.op for row in list_edits(session, plan)] == [op for op, _ in steps] + ["undo"] * 8 + ["redo"] * 8


def test_a_new_edit_cuts_off_what_was_undone(session, plan):
    edit(session, plan, "rename", grid=0, name="甲")
    edit(session, plan, "rename", grid=0, name="乙")
    undo(session, plan)
    undo(session, plan)
    assert redo(session, plan).workspace.division.grid(0).name == "甲"
    edit(session, plan, "rename", grid=0, name="丙")
    assert redoable(session, plan) is None
    undo(session, plan)
    assert grids(session, plan)["name"].iloc[0] == "甲"
    assert undoable(session, plan).params["name"] == "甲"
    assert redoable(session, plan).params["name"] == "丙"


def test_the_tables_alone_give_the_same_state(session, plan):
    done = edit(session, plan, "split", grid=0, line=line((250, -50), (250, 650)))
    done = edit(session, plan, "merge", grids=[1, 4])
    done = edit(session, plan, "lock", grids=[2])
    again = open_workspace(session, session.get_one(Plan, plan.id))
    assert again is not done.workspace
    assert np.array_equal(again.division.label, done.workspace.division.label)
    assert again.division.grids == done.workspace.division.grids
    assert again.division.counts == done.workspace.division.counts
    assert again.identities == done.workspace.identities
    assert undo(session, plan).workspace.division.grid(2).locked is False


def test_locked_grids_do_not_change(session, plan):
    edit(session, plan, "lock", grids=[0])
    before = snapshot(session, plan)
    for op, params in (
        ("split", {"grid": 0, "line": line((250, -50), (250, 650))}),
        ("merge", {"grids": [0, 1]}),
        ("give", {"blocks": at(session, 400), "to": 1}),
        ("give", {"blocks": at(session, 500), "to": 0}),
        ("rename", {"grid": 0, "name": "x"}),
        ("abolish", {"grid": 0}),
    ):
        with pytest.raises(GridLockedError):
            edit(session, plan, op, **params)
    assert snapshot(session, plan) == before


def test_a_preview_counts_and_stores_nothing(session, plan):
    before, revision = snapshot(session, plan), plan.revision
    done = edit_plan(session, OPERATOR, plan.id, "merge", {"grids": [0, 1]}, now=world.NOW, preview=True)
    (row,) = grid_counts(done.workspace, 0.1, done.touched)
    assert (row["households"], row["in_band"], row["deviation"]) == (600, False, 1.0)
    assert (done.edit, done.gone) == (None, [1])
    assert (snapshot(session, plan), plan.revision) == (before, revision)


def test_codes_and_names_of_new_grids_follow_the_rules(session, plan):
    done = edit(session, plan, "split", grid=0, line=line((250, -50), (250, 650)))
    done = edit(session, plan, "carve_out", blocks=at(session, 1900), name="")
    rows = {row["number"]: row for row in grid_counts(done.workspace, 0.1)}
    assert (rows[4]["code"], rows[4]["name"]) == (f"{world.WEST}003", "第三网格")
    assert (rows[5]["code"], rows[5]["dedicated"]) == (f"{world.EAST}901", True)


def test_renumbering_goes_from_west_to_east_and_back(session, plan):
    edit(session, plan, "split", grid=0, line=line((350, -50), (350, 650)))
    before = snapshot(session, plan)
    done = edit(session, plan, "renumber")
    rows = {row["number"]: (row["code"][-3:], row["name"]) for row in grid_counts(done.workspace, 0.1)}
    assert {n: rows[n] for n in (0, 4, 1)} == {0: ("001", "第一网格"), 4: ("002", "第二网格"), 1: ("003", "第三网格")}
    assert set(session.scalars(sa.select(PlanBlock.grid_code))) == set(grids(session, plan)["code"])
    with pytest.raises(InvalidInputError, match="already"):
        edit(session, plan, "renumber")
    undo(session, plan)
    assert snapshot(session, plan) == before


def test_the_second_planner_is_shown_what_changed(session, plan):
    seen = plan.revision
    edit(session, plan, "rename", grid=0, name="甲")
    edit(session, plan, "lock")
    with pytest.raises(StaleRevisionError) as caught:
        edit_plan(session, OPERATOR, plan.id, "unlock", {}, now=world.NOW, revision=seen)
    assert [(change["op"], change["by"]) for change in caught.value.changes] == [
        ("rename", "operator"),
        ("lock", "operator"),
    ]
    assert plan.revision == seen + 2


def test_edits_that_make_no_sense_say_why(session, plan):
    with pytest.raises(InvalidInputError, match="no edit paint"):
        edit(session, plan, "paint")
    with pytest.raises(InvalidInputError, match="needs line"):
        edit(session, plan, "split", grid=0)
    with pytest.raises(InvalidInputError, match="exactly one"):
        edit(session, plan, "carve_out", name="x")
    with pytest.raises(InvalidInputError, match="swapped"):
        edit(session, plan, "split", grid=0, line=[(29.8, 120.4), (29.9, 120.4)])
    with pytest.raises(InvalidInputError, match="at least 2"):
        edit(session, plan, "split", grid=0, line=[(120.4, float("nan")), (120.4, 29.9)])
    with pytest.raises(DrawnLineError):
        edit(session, plan, "split", grid=0, line=line((1250, -50), (1250, 650)))
    with pytest.raises(RedrawError, match="no grid 9"):
        edit(session, plan, "merge", grids=[0, 9])
    with pytest.raises(RedrawError, match="no block"):
        edit(session, plan, "give", blocks=[10**9], to=0)
    with pytest.raises(BrokenGridError):
        edit(session, plan, "merge", grids=[0, 3], strict=True)
    assert list_edits(session, plan) == []


def test_only_drafts_of_the_own_area_are_edited(session, plan):
    stranger = Principal("li", frozenset({Role.PLANNER}), Scope("330699002"))
    villager = replace(stranger, scope=Scope(world.WEST))
    viewer = replace(stranger, roles=frozenset({Role.VIEWER}), scope=EVERYWHERE)
    for who, error in ((stranger, NotFoundError), (villager, ForbiddenError), (viewer, ForbiddenError)):
        with pytest.raises(error):
            edit_plan(session, who, plan.id, "lock", {}, now=world.NOW)
    advance_plan(session, OPERATOR, plan.id, "submit", now=world.NOW)
    with pytest.raises(InvalidStateError):
        edit(session, plan, "lock")
    bare = Plan(name="bare", scope_code=world.TOWN, options={}, created_at=world.NOW, created_by="x")
    session.add(bare)
    session.flush()
    with pytest.raises(MissingDataError, match="blocks"):
        edit(session, bare, "lock")
