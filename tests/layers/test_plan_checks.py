"""What keeps a plan from being submitted, and what a plan changes for whom; on both databases."""

from datetime import date

import pytest
import sqlalchemy as sa
from planning import draw, edit, publish, undo

import world
from layers.access import OPERATOR
from layers.assignment import assign_all
from layers.errors import FaultyPlanError, InvalidInputError
from layers.grids import grid_frame
from layers.plans import advance_plan
from layers.plans.branching import branch_plan, delete_plan
from layers.plans.checks import check_plan
from layers.plans.impact import compare_plans
from layers.tables import Block, Grid, GridLineage, Plan, PlanBlock, PlanEdit


@pytest.fixture
def plan(session):
    world.add_world(session)
    return draw(session)


def kinds(session, plan):
    found = check_plan(session, plan, as_of=world.TODAY)
    return list(zip(found["severity"], found["kind"], found["codes"], strict=True))


def at(session, *columns, rows=range(0, 600, 100)):
    keys = [f"b{x:04d}{y:03d}" for x in columns for y in rows]
    return session.scalars(sa.select(Block.id).where(Block.block_key.in_(keys))).all()


def submit(session, plan):
    return advance_plan(session, OPERATOR, plan.id, "submit", now=world.NOW)


def test_a_drawn_plan_has_nothing_wrong(session, plan):
    assert kinds(session, plan) == []
    assert submit(session, plan).state == "SUBMITTED"


def test_sizes_out_of_the_band_warn_and_do_not_stop(session, plan):
    edit(session, plan, "give", blocks=at(session, 400), to=1)
    assert kinds(session, plan) == [
        ("warning", "size", f"{world.WEST}001"),
        ("warning", "size", f"{world.WEST}002"),
    ]
    found = check_plan(session, plan, as_of=world.TODAY)
    assert found["households"].tolist() == [240, 360]
    submit(session, plan)


def test_a_grid_in_pieces_is_shown_and_cannot_be_submitted(session, plan):
    edit(session, plan, "give", blocks=at(session, 0, rows=[0]), to=3)
    found = check_plan(session, plan, as_of=world.TODAY)
    (piece,) = found[found["kind"] == "pieces"].itertuples()
    assert (piece.severity, piece.codes) == ("error", f"{world.EAST}002")
    assert piece.geometry.equals(world.degrees([world.shapely.box(0, 0, 100, 100)]).iloc[0]) or (
        piece.geometry.area == pytest.approx(world.degrees([world.shapely.box(0, 0, 100, 100)]).iloc[0].area, rel=1e-6)
    )
    with pytest.raises(FaultyPlanError, match="pieces") as caught:
        submit(session, plan)
    assert len(caught.value.findings) == 1
    undo(session, plan)
    submit(session, plan)


def test_numbers_out_of_order_warn_until_they_are_renewed(session, plan):
    edit(session, plan, "split", grid=0, line=[world.point(350, -9), world.point(350, 609)])
    numbering = ("warning", "numbering", f"{world.WEST}002")
    assert numbering in kinds(session, plan)
    edit(session, plan, "renumber")
    assert not [kind for _, kind, _ in kinds(session, plan) if kind == "numbering"]


def test_a_gap_leaves_households_without_a_home(session, plan):
    publish(session, plan)
    assign_all(session, as_of=world.TODAY)
    second = branch_plan(session, OPERATOR, plan.id, name="gap", now=world.NOW)
    session.execute(sa.delete(Grid).where(Grid.plan_id == second.id, Grid.code == f"{world.WEST}001"))
    session.execute(
        sa.delete(PlanBlock).where(PlanBlock.plan_id == second.id, PlanBlock.grid_code == f"{world.WEST}001")
    )
    found = check_plan(session, second, as_of=world.TODAY)
    errors = set(found.loc[found["severity"] == "error", "kind"])
    assert {"gap", "homeless_household", "homeless_camera", "homeless_address", "homeless_report"} <= errors
    lost = found[found["kind"] == "homeless_household"].iloc[0]
    # 30 points, of which the six in the last column lie 50 m from the next grid, just where its reach ends.
    assert 24 <= len(lost.geometry.geoms) <= 30
    with pytest.raises(FaultyPlanError):
        submit(session, second)


def test_a_plan_is_returned_with_a_reason(session, plan):
    submit(session, plan)
    for note in (None, "  "):
        with pytest.raises(InvalidInputError, match="why"):
            advance_plan(session, OPERATOR, plan.id, "return", now=world.NOW, note=note)
    assert advance_plan(session, OPERATOR, plan.id, "return", now=world.NOW, note="枫南被切开").state == "DRAFT"


def test_a_branch_changes_only_what_was_edited(session, plan):
    publish(session, plan)
    assign_all(session, as_of=world.TODAY)
    second = branch_plan(session, OPERATOR, plan.id, name="autumn", now=world.NOW)
    assert compare_plans(session, second, None, as_of=world.TODAY).totals == dict.fromkeys(
        ("households", "addresses", "cameras", "open_reports", "teams"), 0
    )
    edit(session, second, "give", blocks=at(session, 100, 200, rows=[0, 100, 200, 300, 400, 500]), to=1)
    impact = compare_plans(session, second, None, as_of=world.TODAY)
    # Two columns of six blocks; the address and one camera stand at x = 230, the open report r0 at x = 150.
    assert impact.totals == {"households": 120, "addresses": 1, "cameras": 1, "open_reports": 1, "teams": 0}
    moved = impact.rows[~impact.rows["stays"]]
    assert moved[["old_code", "new_code", "households"]].to_numpy().tolist() == [
        [f"{world.WEST}001", f"{world.WEST}002", 120]
    ]
    assert moved["area_m2"].iloc[0] == pytest.approx(12e4, rel=1e-3)
    assert moved["share_households"].iloc[0] == pytest.approx(0.4)
    (place,) = impact.places.itertuples()
    assert place.geometry.area == pytest.approx(
        world.degrees([world.shapely.box(100, 0, 300, 600)]).iloc[0].area, rel=1e-6
    )
    assert compare_plans(session, plan, second, as_of=world.TODAY).totals["households"] == 120


def test_what_is_not_changed_goes_on_with_its_code(session, plan):
    publish(session, plan)
    second = branch_plan(session, OPERATOR, plan.id, name="autumn", now=world.NOW)
    edit(session, second, "split", grid=0, line=[world.point(200, -9), world.point(200, 609)])
    publish(session, second, date(2026, 9, 1))
    after = grid_frame(session, OPERATOR.scope, as_of=date(2026, 9, 1), level="CELL").set_index("code")
    before = grid_frame(session, OPERATOR.scope, as_of=world.TODAY, level="CELL").set_index("code")
    assert sorted(after.index) == sorted([*before.index, f"{world.WEST}003"])
    assert after["grid_id"][before.index].tolist() == before["grid_id"].tolist()
    assert after["households"].to_dict()[f"{world.WEST}003"] == 120


def test_lineage_says_what_became_of_each_grid(session, plan):
    publish(session, plan)
    second = branch_plan(session, OPERATOR, plan.id, name="autumn", now=world.NOW)
    edit(session, second, "split", grid=0, line=[world.point(200, -9), world.point(200, 609)])
    edit(session, second, "rename", grid=2, name="河东网格")
    publish(session, second, date(2026, 9, 1))
    rows = session.execute(
        sa.select(GridLineage.old_code, GridLineage.new_code, GridLineage.op, GridLineage.share_households)
        .where(GridLineage.plan_id == second.id)
        .order_by(GridLineage.old_code, GridLineage.new_code)
    ).all()
    first, third, east = f"{world.WEST}001", f"{world.WEST}003", f"{world.EAST}001"
    # The other two grids go on as they were.
    assert [tuple(row)[:3] for row in rows] == [
        (first, first, "SPLIT"),
        (first, third, "SPLIT"),
        (east, east, "RENAME"),
    ]
    assert [row.share_households for row in rows] == pytest.approx([0.6, 0.4, 1.0])


def test_a_deleted_draft_leaves_nothing_behind(session, plan):
    edit(session, plan, "lock")
    other = branch_plan(session, OPERATOR, plan.id, name="b", now=world.NOW)
    delete_plan(session, OPERATOR, plan.id, now=world.NOW)
    for table in (Grid, PlanBlock, PlanEdit):
        assert not session.scalar(sa.select(sa.func.count()).where(table.plan_id == plan.id)), table
    assert session.get_one(Plan, other.id, populate_existing=True).based_on is None
    assert session.scalar(sa.select(sa.func.count()).select_from(Block)) == 120
    assert kinds(session, other) == []
