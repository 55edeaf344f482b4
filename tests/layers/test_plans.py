"""A plan from its drawing to the day another one takes its place, on both databases."""

from dataclasses import replace
from datetime import date

import pytest
import shapely
import sqlalchemy as sa

import world
from layers.access import EVERYWHERE, OPERATOR, Principal, Role, Scope
from layers.assignment import assign_all, locate
from layers.errors import (
    ForbiddenError,
    InvalidInputError,
    InvalidStateError,
    MissingDataError,
    NotFoundError,
    StaleRevisionError,
)
from layers.grids import grid_frame
from layers.plans import DrawOptions, activate_plans, advance_plan, draw_plan, get_plan, list_plans, publish_plan
from layers.tables import (
    Address,
    Camera,
    Grid,
    GridKind,
    GridLevel,
    GridLineage,
    Household,
    Outbox,
    PlanBlock,
    PlanEvent,
    Report,
    Team,
)


def draw(session, options=None, principal=OPERATOR, scope_code=world.TOWN):
    return draw_plan(
        session,
        principal,
        scope_code=scope_code,
        name="spring",
        options=options or DrawOptions(),
        as_of=world.TODAY,
        now=world.NOW,
    )


def publish(session, plan, valid_from=world.TODAY):
    for step in ("submit", "approve"):
        advance_plan(session, OPERATOR, plan.id, step, now=world.NOW)
    return publish_plan(session, OPERATOR, plan.id, valid_from=valid_from, now=world.NOW)


def cells(session, as_of=world.TODAY):
    return grid_frame(session, EVERYWHERE, level=GridLevel.CELL, as_of=as_of)


def test_drawing_makes_a_draft_of_grids_in_band_that_nobody_sees_in_force(session):
    world.add_world(session)
    plan = draw(session)
    grids = grid_frame(session, EVERYWHERE, as_of=world.TODAY, plan_id=plan.id)
    assert plan.state == "DRAFT"
    assert grids["households"].tolist() == [300, 300, 300, 300]
    assert grids["code"].tolist() == [f"{v}{n}" for v in (world.WEST, world.EAST) for n in ("001", "002")]
    assert grids["name"].tolist() == ["第一网格", "第二网格"] * 2
    assert grids.loc[grids["parent_code"] == world.WEST].geometry.union_all().area == pytest.approx(
        grids.loc[grids["parent_code"] == world.EAST].geometry.union_all().area, rel=1e-3
    )
    assert session.scalar(sa.select(sa.func.count()).select_from(PlanBlock)) == 120
    assert cells(session).empty


def test_numbers_run_from_west_to_east(session):
    world.add_world(session)
    plan = draw(session)
    grids = grid_frame(session, EVERYWHERE, as_of=world.TODAY, plan_id=plan.id)
    centre = grids.geometry.representative_point()
    for village in (world.WEST, world.EAST):
        inside = (grids["parent_code"] == village).to_numpy()
        order = list(zip(centre.x[inside].round(4), -centre.y[inside].round(4), strict=True))
        assert order == sorted(order)


def test_publishing_homes_everything_and_tells_others(session):
    world.add_world(session)
    plan = publish(session, draw(session))
    assert plan.state == "PUBLISHED"
    assert plan.valid_from == world.TODAY
    assert len(cells(session)) == 4
    assert cells(session, date(2026, 5, 31)).empty
    homes = session.execute(
        sa.select(Household.grid_code, sa.func.sum(Household.households)).group_by(Household.grid_code)
    ).all()
    assert sorted(count for _, count in homes) == [300, 300, 300, 300]
    assert session.scalars(sa.select(Outbox.topic)).all() == ["plan.published", "plan.in_force"]
    steps = session.scalars(sa.select(PlanEvent.step).order_by(PlanEvent.id)).all()
    assert steps == ["draw", "submit", "approve", "publish"]


def test_a_second_plan_supersedes_the_first_and_lineage_adds_up(session):
    world.add_world(session)
    first = publish(session, draw(session))
    second = publish(session, draw(session, DrawOptions(target=200)), date(2026, 9, 1))
    session.refresh(first)
    assert (first.state, first.valid_to) == ("PUBLISHED", date(2026, 9, 1)), "until the day comes"
    activate_plans(session, today=date(2026, 9, 1), now=world.NOW)
    assert (first.state, second.state) == ("SUPERSEDED", "PUBLISHED")
    before, after = cells(session), cells(session, date(2026, 9, 1))
    assert len(before) == 4
    assert len(after) == 6
    assert same_codes_are_same_grids(before, after), "codes are never reused"
    rows = session.execute(
        sa.select(GridLineage.old_code, sa.func.sum(GridLineage.share_households), sa.func.sum(GridLineage.share_area))
        .where(GridLineage.plan_id == second.id, GridLineage.old_code.is_not(None))
        .group_by(GridLineage.old_code)
    ).all()
    assert {row[0] for row in rows} == set(before["code"])
    assert [row[1] for row in rows] == pytest.approx([1.0] * 4, abs=1e-6)
    assert [row[2] for row in rows] == pytest.approx([1.0] * 4, abs=2e-3)


def same_codes_are_same_grids(before, after):
    ids = after.set_index("code")["grid_id"]
    both = before[before["code"].isin(ids.index)]
    return (both["grid_id"] == ids.loc[both["code"]].to_numpy()).all()


def test_drawing_the_same_grids_anew_changes_no_code_no_name_and_no_team(session):
    world.add_world(session)
    publish(session, draw(session))
    session.execute(sa.update(Grid).where(Grid.code == f"{world.WEST}002").values(name="枫溪苑网格"))
    before = cells(session)
    second = publish(session, draw(session), date(2026, 9, 1))
    after = cells(session, date(2026, 9, 1))
    kept = ["grid_id", "code", "name", "households"]
    assert after[kept].equals(before[kept])
    assert session.scalars(sa.select(GridLineage.op).where(GridLineage.plan_id == second.id)).all() == []


def test_a_drawn_grid_is_the_one_in_force_where_most_households_of_both_are_the_same(session):
    world.add_world(session)
    publish(session, draw(session))
    before = cells(session)
    plan = draw(session, DrawOptions(target=200))
    drawn = grid_frame(session, EVERYWHERE, as_of=world.TODAY, plan_id=plan.id)
    assert same_codes_are_same_grids(before, drawn)
    goes_on = drawn[drawn["code"].isin(before["code"])]
    assert len(goes_on) in (2, 3, 4), "of 300 households more than 150 are left in one of 200"
    old, new = before.set_index("code").loc[goes_on["code"]].geometry.array, goes_on.geometry.array
    assert (shapely.area(shapely.intersection(old, new)) > 0.5 * shapely.area(new)).all()
    fresh = drawn[~drawn["code"].isin(before["code"])]
    assert all(int(code[-3:]) > 2 for code in fresh["code"]), "numbers go on after the highest that was ever given"
    assert not set(fresh["grid_id"]) & set(before["grid_id"])


def test_a_dedicated_grid_does_not_go_on_in_a_drawn_one(session):
    world.add_world(session)
    publish(session, draw(session))
    campus = f"{world.WEST}002"
    session.execute(sa.update(Grid).where(Grid.code == campus).values(kind=GridKind.DEDICATED))
    drawn = grid_frame(session, EVERYWHERE, as_of=world.TODAY, plan_id=draw(session).id)
    assert campus not in set(drawn["code"])
    assert set(cells(session)["code"]) - {campus} < set(drawn["code"])


def test_what_lies_in_the_grids_moves_on_the_day_and_not_before(session):
    world.add_world(session)
    first = publish(session, draw(session))
    later = date(2026, 9, 1)
    session.add(Team(name="网格一组", area_code=f"{world.WEST}001", created_at=world.NOW))
    second = publish(session, draw(session, DrawOptions(target=200)), later)
    assert second.activated_at is None
    # a day before, whatever is assigned anew still goes to the grids of the first plan
    assign_all(session, as_of=date(2026, 8, 31))
    assert plans_of_homes(session) == {first.id}
    assert activate_plans(session, today=date(2026, 8, 31), now=world.NOW) == []
    assert plans_of_homes(session) == {first.id}
    assert [plan.id for plan in activate_plans(session, today=later, now=world.NOW)] == [second.id]
    assert plans_of_homes(session) == {second.id}
    assert activate_plans(session, today=later, now=world.NOW) == [], "once for ever"
    team = session.scalar(sa.select(Team.area_code))
    assert team in set(cells(session, later)["code"])
    assert [row.topic for row in session.scalars(sa.select(Outbox))].count("plan.in_force") == 2


def plans_of_homes(session):
    """The plans among whose grids are all that hold households, addresses, cameras and open reports."""
    columns = (table.grid_code for table in (Household, Address, Camera, Report))
    homes = set(session.scalars(sa.union(*(sa.select(code).where(code.is_not(None)) for code in columns))))
    codes = {}
    for plan, code in session.execute(sa.select(Grid.plan_id, Grid.code).where(Grid.level == "CELL")):
        codes.setdefault(plan, set()).add(code)
    return {plan for plan, given in codes.items() if homes <= given}


def test_a_plan_of_one_village_leaves_the_towns_plan_in_force(session):
    world.add_world(session)
    town = publish(session, draw(session))
    options = {"options": DrawOptions(target=200), "as_of": world.TODAY, "now": world.NOW}
    village = draw_plan(session, OPERATOR, scope_code=world.WEST, name="west", **options)
    publish(session, village, date(2026, 9, 1))
    activate_plans(session, today=date(2026, 9, 1), now=world.NOW)
    assert (town.state, village.state) == ("PUBLISHED", "PUBLISHED")
    assert len(cells(session, date(2026, 9, 1))) == 5


def test_closed_reports_keep_the_grid_of_their_date(session):
    world.add_world(session)
    publish(session, draw(session))
    report = session.scalars(sa.select(Report).where(Report.report_key == "r0")).one()
    session.refresh(report)
    first_code = report.grid_code
    report.state = "CLOSED"
    session.flush()
    publish(session, draw(session, DrawOptions(target=200)), date(2026, 9, 1))
    activate_plans(session, today=date(2026, 9, 1), now=world.NOW)
    session.refresh(report)
    assert report.grid_code == first_code


def test_steps_out_of_order_are_refused_with_the_possible_ones(session):
    world.add_world(session)
    plan = draw(session)
    with pytest.raises(InvalidStateError) as caught:
        advance_plan(session, OPERATOR, plan.id, "approve", now=world.NOW)
    assert caught.value.allowed == ("submit",)
    with pytest.raises(InvalidStateError):
        publish_plan(session, OPERATOR, plan.id, valid_from=world.TODAY, now=world.NOW)


def test_publishing_before_the_grids_in_force_began_is_refused(session):
    world.add_world(session)
    publish(session, draw(session))
    second = draw(session)
    for step in ("submit", "approve"):
        advance_plan(session, OPERATOR, second.id, step, now=world.NOW)
    with pytest.raises(InvalidInputError, match="2026-06-01"):
        publish_plan(session, OPERATOR, second.id, valid_from=date(2026, 5, 1), now=world.NOW)


def test_a_stale_revision_is_refused(session):
    world.add_world(session)
    plan = draw(session)
    seen = plan.revision
    advance_plan(session, OPERATOR, plan.id, "submit", now=world.NOW, revision=seen)
    with pytest.raises(StaleRevisionError):
        advance_plan(session, OPERATOR, plan.id, "approve", now=world.NOW, revision=seen)


def test_a_planner_of_another_town_sees_and_does_nothing(session):
    world.add_world(session)
    plan = draw(session)
    stranger = Principal("li", frozenset({Role.PLANNER}), Scope("330699002"))
    with pytest.raises(ForbiddenError):
        draw(session, principal=stranger)
    with pytest.raises(NotFoundError):
        get_plan(session, stranger.scope, plan.id)
    assert list(list_plans(session, stranger.scope)) == []
    viewer = replace(stranger, roles=frozenset({Role.VIEWER}), scope=EVERYWHERE)
    with pytest.raises(ForbiddenError):
        draw(session, principal=viewer)


def test_drawing_without_villages_or_households_names_the_command(session):
    with pytest.raises(MissingDataError, match="load boundaries"):
        draw(session)
    world.add_boundaries(session)
    with pytest.raises(MissingDataError, match="load households"):
        draw(session)


def test_codes_of_drafts_are_free_until_one_is_published(session):
    world.add_world(session)
    first, second = draw(session), draw(session)
    codes = [grid_frame(session, EVERYWHERE, as_of=world.TODAY, plan_id=p.id)["code"].tolist() for p in (first, second)]
    assert codes[0] == codes[1]
    publish(session, first)
    for step in ("submit", "approve"):
        advance_plan(session, OPERATOR, second.id, step, now=world.NOW)
    publish_plan(session, OPERATOR, second.id, valid_from=date(2026, 7, 1), now=world.NOW)
    given = session.scalars(sa.select(Grid.code).where(Grid.level == "CELL", Grid.valid_from.is_not(None))).all()
    assert len(given) == len(set(given)) == 8


def test_assignment_says_how_each_report_found_its_grid(session):
    world.add_world(session)
    publish(session, draw(session))
    assign_all(session, as_of=world.TODAY)
    rows = session.execute(
        sa.select(Report.report_key, Report.assignment, Report.distance_m, Report.village_code).order_by(
            Report.report_key
        )
    ).all()
    assert [(row[0], row[1], row[3]) for row in rows] == [
        ("r0", "INSIDE", world.WEST),
        ("r1", "NEAREST", world.EAST),
        ("r2", "OUTSIDE", None),
        ("r3", "NO_PLACE", None),
    ]
    assert rows[1][2] == pytest.approx(30.0, abs=0.05)


def test_assigning_twice_moves_nothing(session):
    world.add_world(session)
    publish(session, draw(session))
    assert all(count.moved == 0 for count in assign_all(session, as_of=world.TODAY))


def test_a_point_on_a_shared_edge_goes_to_the_smaller_code(session):
    world.add_boundaries(session)
    lon, lat = world.point(1000, 0)
    found = locate(session, lon, lat, as_of=world.TODAY)
    assert found[GridLevel.VILLAGE].code == world.WEST
    assert found[GridLevel.TOWN].code == world.TOWN
