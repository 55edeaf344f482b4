"""Fengqiao 2016 to 2019: five villages became communities, their codes were retired; on both databases.

Only the pairs of codes are real; the ground is a row of squares, one for each village, with two grids each.
"""

from datetime import UTC, date, datetime

import pytest
import shapely
import sqlalchemy as sa

import world
from layers.access import EVERYWHERE, OPERATOR, Principal, Role, Scope
from layers.assignment import assign_all, locate
from layers.errors import ForbiddenError, InvalidInputError, NotFoundError
from layers.geometry import to_sql
from layers.grids import grid_frame
from layers.plans.converting import convert_villages
from layers.tables import Grid, GridLineage, Household

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
