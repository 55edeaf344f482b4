"""A publication for a later day is taken back; drafts meet a village converted meanwhile; on both databases."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa
from planning import draw, edit, publish, redo, undo

import world
from layers.access import EVERYWHERE, OPERATOR, Principal, Role
from layers.errors import ForbiddenError, InvalidInputError, InvalidStateError, OutdatedPlanError
from layers.grids import grid_frame
from layers.plans import activate_plans, publish_plan, withdraw_plan
from layers.plans.branching import branch_plan
from layers.plans.converting import convert_villages
from layers.plans.course import list_events
from layers.tables import Grid, GridLineage, PlanBlock

AUTUMN, WINTER = date(2026, 9, 1), date(2026, 12, 1)
COMMUNITY = f"{world.TOWN}009"
LINE = [world.point(200, -9), world.point(200, 609)]


@pytest.fixture
def first(session):
    """The town's plan in force."""
    world.add_world(session)
    return publish(session, draw(session))


def branch(session, plan, name="autumn"):
    return branch_plan(session, OPERATOR, plan.id, name=name, now=world.NOW)


def withdraw(session, plan, note="too early", principal=OPERATOR, **more):
    return withdraw_plan(session, principal, plan.id, note=note, now=world.NOW, **more)


def dates(session):
    """All that tells which grids are in force when."""
    columns = (Grid.level, Grid.code, Grid.plan_id, Grid.valid_from, Grid.valid_to, Grid.ended_by)
    return sorted(tuple(map(str, row)) for row in session.execute(sa.select(*columns)))


def codes_at(session, day, level="CELL"):
    return grid_frame(session, EVERYWHERE, as_of=day, level=level)["code"].tolist()


def test_what_was_in_force_goes_on_and_the_plan_is_published_another_day(session, first):
    second = branch(session, first)
    edit(session, second, "split", grid=0, line=LINE)
    edit(session, second, "convert", codes={world.WEST: COMMUNITY})
    before = dates(session)
    publish(session, second, AUTUMN)
    assert f"{COMMUNITY}003" in codes_at(session, AUTUMN)
    session.refresh(first)
    assert first.valid_to == AUTUMN
    withdraw(session, second)
    assert dates(session) == before
    session.refresh(first)
    assert (first.valid_to, second.state, second.valid_from) == (None, "APPROVED", None)
    assert session.scalar(sa.select(sa.func.count()).where(GridLineage.plan_id == second.id)) == 0
    steps = [(event.step, event.note) for event in list_events(session, second)]
    assert steps[-2:] == [("publish", None), ("withdraw", "too early")]
    assert activate_plans(session, today=AUTUMN, now=world.NOW) == []
    publish_plan(session, OPERATOR, second.id, valid_from=WINTER, now=world.NOW)
    assert world.WEST in codes_at(session, AUTUMN, "VILLAGE")
    assert COMMUNITY in codes_at(session, WINTER, "VILLAGE")
    assert [plan.id for plan in activate_plans(session, today=WINTER, now=world.NOW)] == [second.id]


def test_only_what_waits_is_withdrawn_with_a_reason_by_an_approver(session, first):
    with pytest.raises(InvalidStateError, match="in force"):
        withdraw(session, first)
    second = publish(session, branch(session, first), AUTUMN)
    with pytest.raises(InvalidInputError, match="why"):
        withdraw(session, second, note=" ")
    with pytest.raises(ForbiddenError):
        withdraw(session, second, principal=Principal("li", frozenset({Role.PLANNER}), EVERYWHERE))
    with pytest.raises(InvalidStateError, match="in force"):
        withdraw(session, second, today=AUTUMN)
    withdraw(session, second)
    with pytest.raises(InvalidStateError, match="return"):
        withdraw(session, second)


@pytest.mark.parametrize("day", [AUTUMN, WINTER])
def test_what_was_published_on_top_is_withdrawn_first(session, first, day):
    """Also where both plans were to begin on one day, so that the lower one has never a day of its own."""
    second, third = branch(session, first), branch(session, first, "winter")
    edit(session, third, "split", grid=0, line=LINE)
    publish(session, second, AUTUMN)
    between = dates(session)
    publish(session, third, day)
    with pytest.raises(InvalidInputError, match=f"Plan {third.id} was published on top"):
        withdraw(session, second)
    session.refresh(second)
    withdraw(session, third)
    assert [row for row in dates(session) if row[2] != str(third.id)] == [
        row for row in between if row[2] != str(third.id)
    ]
    withdraw(session, second)
    assert codes_at(session, WINTER) == codes_at(session, world.TODAY)
    assert set(grid_frame(session, EVERYWHERE, as_of=WINTER, level="CELL")["plan_id"]) == {first.id}


def test_drafts_begun_meanwhile_are_published_without_the_plan_they_came_from(session, first):
    second = branch(session, first)
    edit(session, second, "split", grid=0, line=LINE)
    publish(session, second, AUTUMN)
    third = branch(session, second, "winter")
    edit(session, third, "merge", grids=[2, 3], into=2)
    withdraw(session, second)
    publish(session, third, WINTER)
    activate_plans(session, today=WINTER, now=world.NOW)
    assert len(codes_at(session, AUTUMN)) == 4
    assert len(codes_at(session, WINTER)) == 4
    ops = session.scalars(sa.select(GridLineage.op).where(GridLineage.plan_id == third.id)).all()
    assert sorted(ops) == ["MERGE", "MERGE", "SPLIT", "SPLIT"]
    # Both hold the grids that came from the split, so these keep their codes when the first of the two comes last.
    taken = set(codes_at(session, WINTER))
    publish_plan(session, OPERATOR, second.id, valid_from=date(2027, 1, 1), now=world.NOW)
    assert set(codes_at(session, date(2027, 1, 1))) == taken | {f"{world.EAST}002"}


def test_a_conversion_that_waits_is_withdrawn_as_a_whole(session, first):
    before = dates(session)
    noon = datetime(2026, 6, 1, 4, tzinfo=world.NOW.tzinfo)
    plan = convert_villages(session, OPERATOR, {world.WEST: COMMUNITY}, valid_from=AUTUMN, now=noon)
    withdraw(session, plan)
    assert dates(session) == before
    assert plan.state == "WITHDRAWN"
    assert session.scalar(sa.select(sa.func.count()).where(PlanBlock.plan_id == plan.id)) == 0
    again = convert_villages(session, OPERATOR, {world.WEST: COMMUNITY}, valid_from=AUTUMN, now=noon)
    assert again.state == "PUBLISHED", "the code was never in force"


def test_a_draft_whose_village_was_converted_meanwhile_says_so(session, first):
    older, second = branch(session, first, "older"), branch(session, first)
    edit(session, older, "split", grid=0, line=LINE)
    edit(session, second, "convert", codes={world.WEST: COMMUNITY})
    publish(session, second, AUTUMN)
    undo(session, older)
    redo(session, older)
    activate_plans(session, today=AUTUMN, now=world.NOW)
    before = grid_frame(session, EVERYWHERE, as_of=AUTUMN, plan_id=older.id)["code"].tolist()
    for attempt in (undo, lambda *where: edit(*where, "merge", grids=[2, 3])):
        with pytest.raises(OutdatedPlanError, match=f"{world.WEST} has got another code"):
            attempt(session, older)
    assert grid_frame(session, EVERYWHERE, as_of=AUTUMN, plan_id=older.id)["code"].tolist() == before
    with pytest.raises(InvalidInputError, match="not in force on"):
        publish(session, older, WINTER)
