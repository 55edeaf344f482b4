"""Towns, villages and grids from files: levels, parents, nesting, editions.

Town 990181101 is a square of 0.04 degrees with two villages side by side, 201 in the west and 202 in the east.
"""

import json
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from shapely import box
from shapely.geometry import mapping

from layers.access import Scope
from layers.errors import InvalidInputError
from layers.ingest import load_file
from layers.tables import Grid, Plan, PlanState

NOW = datetime(2024, 3, 5, 8, tzinfo=UTC)
TOWN, WEST, EAST = "990181101", "990181101201", "990181101202"
TOWN_AREA = (box(120, 29, 120.04, 29.04), {"code": TOWN, "name": "枫溪镇"})
WEST_AREA = (box(120, 29, 120.02, 29.04), {"code": WEST, "name": "西村"})
EAST_AREA = (box(120.02, 29, 120.04, 29.04), {"code": EAST, "name": "东村"})
ALL = (TOWN_AREA, WEST_AREA, EAST_AREA)


@pytest.fixture
def load(session, tmp_path):
    def run(*rows, **options):
        path = tmp_path / "areas.geojson"
        features = [{"type": "Feature", "properties": p, "geometry": g and mapping(g)} for g, p in rows]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
        return load_file(session, "boundaries", path, **{"now": NOW, **options})

    return run


def in_force(session):
    found = session.execute(sa.select(Grid).where(Grid.valid_to.is_(None)).order_by(Grid.code)).scalars().all()
    return {grid.code: grid for grid in found}


def reasons(result):
    return {reject.key: reject.reason for reject in result.rejected}


def test_levels_parents_and_areas(load, session):
    result = load(*ALL)
    assert (result.inserted, result.rejected, result.warnings) == (3, [], [])
    grids = in_force(session)
    assert {code: (grid.level, grid.parent_code) for code, grid in grids.items()} == {
        TOWN: ("TOWN", None),
        WEST: ("VILLAGE", TOWN),
        EAST: ("VILLAGE", TOWN),
    }
    assert grids[TOWN].area_m2 == pytest.approx(grids[WEST].area_m2 + grids[EAST].area_m2, rel=1e-6)
    # 0.04 degrees of latitude are 4.434 km here, of longitude cos(29.02 degrees) times 4.453 km.
    assert grids[TOWN].area_m2 == pytest.approx(17.27e6, rel=2e-3)
    assert {grid.valid_from for grid in grids.values()} == {date(2024, 3, 5)}
    assert {grid.plan_id for grid in grids.values()} == {None}


def test_the_same_file_again_changes_nothing(load, session):
    load(*ALL)
    before = {code: (grid.id, grid.revision, grid.grid_id) for code, grid in in_force(session).items()}
    result = load(*reversed(ALL))
    assert (result.inserted, result.updated, result.unchanged) == (0, 0, 3)
    assert {code: (grid.id, grid.revision, grid.grid_id) for code, grid in in_force(session).items()} == before


def test_without_a_date_a_change_corrects_the_row_in_place(load, session):
    load(*ALL)
    old = in_force(session)[WEST]
    known = (old.id, old.grid_id, old.revision)
    result = load((WEST_AREA[0], {"code": WEST, "name": "西溪村"}))
    grid = in_force(session)[WEST]
    assert (result.updated, grid.name) == (1, "西溪村")
    assert (grid.id, grid.grid_id, grid.revision) == (known[0], known[1], known[2] + 1)


def test_with_a_later_date_a_change_is_a_new_edition(load, session):
    load(*ALL, valid_from=date(2020, 1, 1))
    old = in_force(session)[WEST]
    result = load(TOWN_AREA, (WEST_AREA[0], {"code": WEST, "name": "西溪村"}), valid_from="2024-01-01")
    assert (result.inserted, result.updated, result.unchanged) == (0, 1, 1)
    editions = session.execute(sa.select(Grid).where(Grid.code == WEST).order_by(Grid.valid_from)).scalars().all()
    assert [(grid.name, grid.valid_from, grid.valid_to) for grid in editions] == [
        ("西村", date(2020, 1, 1), date(2024, 1, 1)),
        ("西溪村", date(2024, 1, 1), None),
    ]
    assert {grid.grid_id for grid in editions} == {old.grid_id}
    again = load(TOWN_AREA, (WEST_AREA[0], {"code": WEST, "name": "西溪村"}), valid_from="2024-01-01")
    assert again.unchanged == 2


def test_with_the_same_date_a_change_corrects_the_row_in_place(load, session):
    load(*ALL, valid_from=date(2020, 1, 1))
    load((WEST_AREA[0], {"code": WEST, "name": "西溪村"}), valid_from=date(2020, 1, 1))
    assert session.execute(sa.select(Grid.name).where(Grid.code == WEST)).scalars().all() == ["西溪村"]


def test_a_village_outside_its_town_is_refused_with_the_share(load):
    result = load(TOWN_AREA, WEST_AREA, (box(120.02, 29, 120.06, 29.04), EAST_AREA[1]))
    assert result.inserted == 2
    assert "crosses the border of its town 990181101: 50.0%" in reasons(result)[EAST]
    far = load((box(121, 29, 121.01, 29.01), EAST_AREA[1]))
    assert "lies outside its town" in reasons(far)[EAST]


def test_a_grid_that_crosses_a_village_is_refused(load, session):
    load(*ALL)
    result = load(
        (box(120, 29, 120.02, 29.02), {"code": WEST + "001", "name": "第一网格"}),
        (box(120.01, 29.02, 120.03, 29.04), {"code": WEST + "002", "name": "第二网格"}),
    )
    assert list(reasons(result)) == [WEST + "002"]
    assert "crosses the border of its village" in reasons(result)[WEST + "002"]
    cell = in_force(session)[WEST + "001"]
    assert (cell.level, cell.parent_code, cell.plan_id) == ("CELL", WEST, None)


def test_noise_along_a_border_is_no_reason(load):
    result = load(TOWN_AREA, (box(119.999995, 29, 120.02, 29.04), WEST_AREA[1]), EAST_AREA)
    assert (result.inserted, result.rejected) == (3, [])


def test_duplicate_codes_are_refused_even_when_identical(load):
    result = load(TOWN_AREA, WEST_AREA, WEST_AREA, (box(120.02, 29, 120.03, 29.04), WEST_AREA[1]))
    assert [(reject.line, "line 2" in reject.reason) for reject in result.rejected] == [(3, True), (4, True)]


def test_villages_need_their_town(load):
    stray = (box(120, 29.1, 120.01, 29.11), {"code": "990181102201", "name": "外村"})
    result = load(*ALL, stray)
    assert "990181102 is not loaded; load the boundary of that town first" in reasons(result)["990181102201"]


def test_without_any_town_villages_are_accepted_with_a_warning(load, session):
    result = load(WEST_AREA, EAST_AREA)
    assert result.inserted == 2
    assert any("No town is loaded" in warning for warning in result.warnings)
    assert in_force(session)[WEST].parent_code == TOWN


def test_a_village_of_a_refused_town_is_refused_with_it(load):
    result = load((None, TOWN_AREA[1]), WEST_AREA)
    assert reasons(result) == {TOWN: "the row has no geometry", WEST: f"its town {TOWN} was refused"}


def test_parents_come_from_the_option_or_the_place(load, session):
    load((TOWN_AREA[0], {"code": "A", "name": "Town"}), level="TOWN")
    load((WEST_AREA[0], {"code": "X1", "name": "West"}), level="村", parent_code="A")
    result = load((EAST_AREA[0], {"code": "X2", "name": "East"}), level="VILLAGE")
    assert {code: grid.parent_code for code, grid in in_force(session).items()} == {"A": None, "X1": "A", "X2": "A"}
    assert any("found by their place" in warning for warning in result.warnings)


def test_an_unknown_level_is_refused(load):
    with pytest.raises(InvalidInputError, match="TOWN, VILLAGE or CELL"):
        load((WEST_AREA[0], {"code": "X1", "name": "West"}))
    with pytest.raises(InvalidInputError, match="no level"):
        load(WEST_AREA, level="planet")
    result = load(TOWN_AREA, (WEST_AREA[0], {"code": "X1", "name": "West"}))
    assert "level is unknown" in reasons(result)["X1"]


def test_odd_codes_are_warned_about_and_loaded(load):
    odd = {"code": "990181101777", "name": "怪村"}
    result = load(TOWN_AREA, (box(120, 29, 120.01, 29.01), odd))
    assert result.inserted == 2
    assert any("990181101777" in warning for warning in result.warnings)


def test_overlapping_villages_are_warned_about(load):
    result = load(TOWN_AREA, WEST_AREA, (box(120.01, 29, 120.04, 29.04), EAST_AREA[1]))
    assert result.inserted == 3
    assert any(f"{WEST} and {EAST}" in warning for warning in result.warnings)


def test_a_redrawn_town_that_leaves_its_villages_out_is_warned_about(load):
    load(*ALL)
    result = load((box(120, 29, 120.02, 29.04), TOWN_AREA[1]))
    assert result.updated == 1
    assert any(EAST in warning for warning in result.warnings)


def test_a_retired_code_is_never_used_again(load, session):
    load(*ALL)
    session.execute(sa.update(Grid).where(Grid.code == EAST).values(valid_to=date(2024, 4, 1)))
    assert "retired on 2024-04-01" in reasons(load(*ALL))[EAST]


def test_grids_of_a_published_plan_are_left_to_plans(load, session):
    load(*ALL)
    cell = (box(120, 29, 120.02, 29.02), {"code": WEST + "001", "name": "第一网格"})
    load(cell)
    plan = Plan(name="p", scope_code=TOWN, state=PlanState.PUBLISHED, created_at=NOW, created_by="planner")
    session.add(plan)
    session.flush()
    session.execute(sa.update(Grid).where(Grid.code == WEST + "001").values(plan_id=plan.id))
    assert "published plan" in reasons(load((cell[0], {**cell[1], "name": "一"})))[WEST + "001"]


def test_a_missing_name_shows_the_code(load, session):
    result = load((TOWN_AREA[0], {"code": TOWN}))
    assert in_force(session)[TOWN].name == TOWN
    assert any("no name" in warning for warning in result.warnings)


def test_rows_without_code_or_outline_are_refused(load):
    result = load(
        *ALL, (None, {"code": "990181103", "name": "无图镇"}), (box(120, 29, 120.01, 29.01), {"name": "无码"})
    )
    assert [(reject.line, reject.reason) for reject in result.rejected] == [
        (4, "the row has no geometry"),
        (5, "code is missing"),
    ]


def test_kinds_in_chinese(load, session):
    load(*ALL)
    load((box(120, 29, 120.01, 29.01), {"code": WEST + "901", "name": "学校", "网格类型": "专属网格"}))
    assert in_force(session)[WEST + "901"].kind == "DEDICATED"


def test_a_scope_refuses_codes_of_others(load):
    load(*ALL)
    result = load(
        (WEST_AREA[0], {"code": WEST, "name": "甲"}), (EAST_AREA[0], {"code": EAST, "name": "乙"}), scope=Scope(WEST)
    )
    assert (result.updated, list(reasons(result))) == (1, [EAST])
