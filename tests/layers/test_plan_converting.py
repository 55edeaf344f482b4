"""Fengqiao 2016 to 2019: five villages became communities, their codes were retired; on both databases.

Only the pairs of codes are real; the ground is a row of squares, one for each village, with two grids each.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
import shapely
import sqlalchemy as sa
from planning import draw, edit, publish, redo, undo

import world
from geo.errors import RedrawError
from layers.access import EVERYWHERE, OPERATOR, Principal, Role, Scope
from layers.assignment import assign_all, locate
from layers.errors import ForbiddenError, InvalidInputError, NotFoundError
from layers.geometry import to_sql
from layers.grids import grid_frame
from layers.plans import activate_plans, advance_plan, publish_plan
from layers.plans.branching import branch_plan
from layers.plans.checks import check_plan
from layers.plans.converting import convert_villages
from layers.plans.counts import grid_counts
from layers.plans.impact import compare_plans
from layers.plans.workspace import open_workspace
from layers.tables import AddressAlias, Block, Grid, GridLineage, Household, Team

TOWN = "330681109"
PAIRS = {"286": "004", "285": "005", "287": "006", "289": "007", "288": "008"}
CODES = {TOWN + old: TOWN + new for old, new in PAIRS.items()}
UNCHANGED = TOWN + "290"
DAY = date(2019, 1, 1)
NOW = datetime(2019, 1, 1, 4, tzinfo=UTC)


@pytest.fixture
def town(session):
    """Six villages side by side, 200 m square, each in two grids with one household point in each."""
    villages = sorted([*CODES, UNCHANGED])
    rows, points = [(TOWN, "枫桥镇", "TOWN", None, shapely.box(0, 0, 1200, 200))], []
    for i, code in enumerate(villages):
        rows.append((code, f"{code[-3:]}村", "VILLAGE", TOWN, shapely.box(200 * i, 0, 200 * i + 200, 200)))
        for n in (1, 2):
            west = 200 * i + 100 * (n - 1)
            rows.append((f"{code}00{n}", "第一网格", "CELL", code, shapely.box(west, 0, west + 100, 200)))
            points.append(shapely.Point(west + 50, 100))
    shapes = to_sql(world.multi(world.degrees([row[4] for row in rows])))
    session.execute(
        sa.insert(Grid),
        [
            {
                "code": code, "name": name, "level": level, "parent_code": parent, "area_m2": 1.0,
                "valid_from": date(2016, 1, 1), "geom": geom,
            }
            for (code, name, level, parent, _), geom in zip(rows, shapes, strict=True)
        ],
    )  # fmt: skip
    session.execute(
        sa.insert(Household),
        [
            {"household_key": f"h{i}", "households": 3, "digest": "", "geom": geom}
            for i, geom in enumerate(to_sql(world.degrees(points)))
        ],
    )
    assign_all(session, as_of=date(2018, 1, 1))
    return session


def convert(session, codes=CODES, principal=OPERATOR, valid_from=DAY, **more):
    return convert_villages(session, principal, codes, valid_from=valid_from, now=NOW, **more)


def codes_at(session, day, level):
    return grid_frame(session, EVERYWHERE, as_of=day, level=level)["code"].tolist()


def test_the_five_villages_get_their_codes_and_the_old_ones_are_retired(town):
    before = grid_frame(town, EVERYWHERE, as_of=date(2018, 12, 31)).set_index("code")
    plan = convert(town, names={f"{TOWN}004": "陈家社区"})
    assert plan.state == "PUBLISHED"
    assert codes_at(town, date(2018, 12, 31), "VILLAGE") == sorted([*CODES, UNCHANGED])
    assert codes_at(town, DAY, "VILLAGE") == sorted([*CODES.values(), UNCHANGED])
    after = grid_frame(town, EVERYWHERE, as_of=DAY).set_index("code")
    assert after["name"][f"{TOWN}004"] == "陈家社区"
    assert after["name"][f"{TOWN}005"] == "285村"
    for old, new in CODES.items():
        for tail in ("", "001", "002"):
            assert after.geometry[new + tail].equals_exact(before.geometry[old + tail])
            assert after["grid_id"][new + tail] == before["grid_id"][old + tail]
        assert after["parent_code"][f"{new}001"] == new
    rows = town.execute(sa.select(GridLineage.old_code, GridLineage.new_code, GridLineage.op)).all()
    assert {tuple(row) for row in rows} == {
        (old + tail, new + tail, "CONVERT") for old, new in CODES.items() for tail in ("", "001", "002")
    }


def test_households_and_lookups_follow(town):
    convert(town)
    homes = town.scalars(sa.select(Household.grid_code)).all()
    assert sorted(homes) == sorted(f"{code}00{n}" for code in [*CODES.values(), UNCHANGED] for n in (1, 2))
    lon, lat = world.point(50, 100)  # the first square is village 285
    assert locate(town, lon, lat, as_of=date(2018, 6, 1))["CELL"].code == f"{TOWN}285001"
    assert locate(town, lon, lat, as_of=DAY)["CELL"].code == f"{TOWN}005001"


def test_codes_are_never_given_twice(town):
    convert(town, {f"{TOWN}286": f"{TOWN}004"})
    later = date(2020, 1, 1)
    for codes, error, words in (
        ({f"{TOWN}285": f"{TOWN}286"}, InvalidInputError, "never reused"),
        ({f"{TOWN}286": f"{TOWN}009"}, NotFoundError, "286"),
        ({f"{TOWN}285": f"{TOWN}005", f"{TOWN}287": f"{TOWN}005"}, InvalidInputError, "of its own"),
        ({f"{TOWN}285": "330681110005"}, InvalidInputError, "keeps its town"),
        ({f"{TOWN}285": "12"}, InvalidInputError, "12 digits"),
        ({}, InvalidInputError, "at least one"),
    ):
        with pytest.raises(error, match=words):
            convert(town, codes, valid_from=later)
    with pytest.raises(InvalidInputError, match="later day"):
        convert(town, {f"{TOWN}004": f"{TOWN}010"})
    for who in (
        Principal("li", frozenset({Role.PLANNER}), EVERYWHERE),
        Principal("wu", frozenset({Role.APPROVER}), Scope("330681110")),
    ):
        with pytest.raises(ForbiddenError):
            convert(town, {f"{TOWN}285": f"{TOWN}005"}, principal=who, valid_from=later)


@pytest.fixture
def draft(session):
    """A published plan of the tiny world and a branch of it."""
    world.add_world(session)
    first = publish(session, draw(session))
    return branch_plan(session, OPERATOR, first.id, name="autumn", now=world.NOW)


LATER = date(2026, 9, 1)
NEW = f"{world.TOWN}009"


def test_a_draft_converts_a_village_on_the_day_it_comes_into_force(session, draft):
    done = edit(session, draft, "convert", codes={world.WEST: NEW}, names={NEW: "西社区"})
    assert {row["code"] for row in grid_counts(done.workspace, 0.1)} == {
        f"{NEW}001", f"{NEW}002", f"{world.EAST}001", f"{world.EAST}002"
    }  # fmt: skip
    split = edit(session, draft, "split", grid=0, line=[world.point(200, -9), world.point(200, 609)])
    assert [grid["code"] for grid in grid_counts(split.workspace, 0.1)][-1] == f"{NEW}003", "new grids follow as well"
    publish(session, draft, LATER)
    assert codes_at(session, date(2026, 8, 31), "VILLAGE") == [world.WEST, world.EAST]
    assert codes_at(session, LATER, "VILLAGE") == [NEW, world.EAST]
    blocks = sa.select(Block.village_code, sa.func.count()).group_by(Block.village_code)
    assert dict(session.execute(blocks).all()) == {world.WEST: 60, world.EAST: 60}, "nothing moves before the day"
    activate_plans(session, today=LATER, now=world.NOW)
    assert dict(session.execute(blocks).all()) == {NEW: 60, world.EAST: 60}
    assert set(session.scalars(sa.select(Household.village_code))) == {NEW, world.EAST}
    rows = session.execute(
        sa.select(GridLineage.old_code, GridLineage.new_code, GridLineage.op).where(GridLineage.plan_id == draft.id)
    ).all()
    assert {tuple(row) for row in rows} == {
        (world.WEST, NEW, "CONVERT"),
        (f"{world.WEST}001", f"{NEW}001", "SPLIT"),
        (f"{world.WEST}001", f"{NEW}003", "SPLIT"),
        (f"{world.WEST}002", f"{NEW}002", "CONVERT"),
    }
    names = session.execute(sa.select(AddressAlias.text, AddressAlias.area_code)).all()
    assert [tuple(row) for row in names] == [("西村", NEW)], "addresses with the old name still resolve"
    again = branch_plan(session, OPERATOR, draft.id, name="2027", now=world.NOW)
    assert publish(session, again, date(2027, 1, 1)).converted == {}


def test_a_conversion_is_undone_and_made_again(session, draft):
    before = grid_frame(session, EVERYWHERE, as_of=world.TODAY, plan_id=draft.id)
    edit(session, draft, "convert", codes={world.WEST: NEW})
    undo(session, draft)
    assert draft.converted == {}
    after = grid_frame(session, EVERYWHERE, as_of=world.TODAY, plan_id=draft.id)
    assert after["code"].tolist() == before["code"].tolist()
    redo(session, draft)
    assert draft.converted == {world.WEST: {"code": NEW, "name": None}}
    session.expire_all()
    built = open_workspace(session, draft)
    assert sorted(built.division.villages) == [NEW, world.EAST]
    # a second conversion of the same village still says where it came from
    edit(session, draft, "convert", codes={NEW: f"{world.TOWN}010"})
    assert draft.converted == {world.WEST: {"code": f"{world.TOWN}010", "name": None}}
    assert check_plan(session, draft, as_of=world.TODAY).empty


def test_a_draft_never_gives_a_code_twice(session, draft):
    for codes, words in (
        ({world.WEST: world.EAST}, "given before"),
        ({world.WEST: "330699002009"}, "keeps its town"),
        ({world.WEST: NEW, world.EAST: NEW}, "of its own"),
    ):
        with pytest.raises(InvalidInputError, match=words):
            edit(session, draft, "convert", codes=codes)
    with pytest.raises(RedrawError, match="no village"):
        edit(session, draft, "convert", codes={f"{world.TOWN}299": NEW})
    edit(session, draft, "convert", codes={world.WEST: NEW})
    for step in ("submit", "approve"):
        advance_plan(session, OPERATOR, draft.id, step, now=world.NOW)
    convert(session, {world.EAST: NEW}, valid_from=date(2026, 7, 1))
    with pytest.raises(InvalidInputError, match="given before"):
        publish_plan(session, OPERATOR, draft.id, valid_from=LATER, now=world.NOW)


def test_teams_of_a_converted_village_follow_it(session, draft):
    session.add(Team(name="村委会", area_code=world.WEST, created_at=world.NOW))
    edit(session, draft, "convert", codes={world.WEST: NEW})
    assert compare_plans(session, draft, None, as_of=world.TODAY).totals == {
        "households": 0, "addresses": 0, "cameras": 0, "open_reports": 0, "teams": 1
    }  # fmt: skip
    publish(session, draft, world.TODAY + timedelta(days=1))
    activate_plans(session, today=LATER, now=world.NOW)
    assert session.scalar(sa.select(Team.area_code)) == NEW
