"""A plan that is written into a file and read again is the same plan, on both databases and in every format."""

import json

import pandas as pd
import pytest
import sqlalchemy as sa
from planning import draw, edit, undo

import world
from layers.access import EVERYWHERE, OPERATOR, Principal, Role, Scope
from layers.errors import ForbiddenError, InvalidInputError, UnreadableFileError
from layers.grids import grid_frame
from layers.plans.checks import check_plan
from layers.plans.exchange import export_plan, import_plan, plan_frame
from layers.tables import Block, Grid, Plan, PlanBlock


@pytest.fixture
def plan(session):
    world.add_world(session)
    plan = draw(session, target=250, tolerance=0.3)
    edit(session, plan, "split", grid=0, line=[world.point(250, -9), world.point(250, 609)])
    edit(session, plan, "rename", grid=1, name="河东、小学旁网格")
    edit(session, plan, "carve_out", blocks=list(session.scalars(sa.select(Block.id).limit(1))), name="学校")
    return plan


def facts(session, plan):
    """Grids with their shapes as point sets, blocks with theirs, and what was asked for."""
    grids = grid_frame(session, EVERYWHERE, as_of=world.TODAY, plan_id=plan.id)
    blocks = plan_frame(session, plan)
    return (
        grids[["grid_id", "code", "parent_code", "name", "kind", "households"]].to_numpy().tolist(),
        grids.normalize().to_wkb().tolist(),
        blocks.drop(columns="geometry").to_numpy().tolist(),
        blocks.normalize().to_wkb().tolist(),
        (plan.name, plan.scope_code, plan.options, plan.numbers),
    )


@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "shp", "parquet", "csv"])
def test_out_and_in_again_is_the_same_plan(session, plan, tmp_path, suffix):
    before, area = facts(session, plan), grid_frame(session, EVERYWHERE, as_of=world.TODAY, plan_id=plan.id)["area_m2"]
    path = tmp_path / f"plan.{suffix}"
    assert export_plan(session, plan, path) == 120
    for table in (PlanBlock, Grid):
        session.execute(sa.delete(table).where(table.plan_id == plan.id))
    if suffix != "csv":  # a table without shapes is for blocks that are there
        session.execute(sa.delete(Block))
    again = import_plan(session, OPERATOR, path, now=world.NOW)
    assert again.id != plan.id
    assert facts(session, again) == before
    after = grid_frame(session, EVERYWHERE, as_of=world.TODAY, plan_id=again.id)["area_m2"]
    assert after.to_numpy() == pytest.approx(area.to_numpy(), rel=1e-9)
    assert "error" not in set(check_plan(session, again, as_of=world.TODAY)["severity"])
    assert edit(session, again, "merge", grids=[0, 4], into=0).gone == [4]
    assert undo(session, again).touched == [0, 4]


def test_block_keys_and_codes_are_enough(session, tmp_path):
    world.add_world(session)
    keys = sorted(session.scalars(sa.select(Block.block_key)))
    table = pd.DataFrame({"block_key": keys, "code": [world.WEST + ("001" if k < "b1000" else "002") for k in keys]})
    table.to_csv(tmp_path / "mine.csv", index=False)
    plan = import_plan(session, OPERATOR, tmp_path / "mine.csv", now=world.NOW, scope_code=world.TOWN)
    grids = grid_frame(session, EVERYWHERE, as_of=world.TODAY, plan_id=plan.id)
    assert grids[["code", "households", "kind"]].to_numpy().tolist() == [
        [f"{world.WEST}001", 600, "BASE"],
        [f"{world.WEST}002", 600, "BASE"],
    ]
    assert (plan.name, plan.numbers) == ("mine", None)
    with pytest.raises(InvalidInputError, match="--scope"):
        import_plan(session, OPERATOR, tmp_path / "mine.csv", now=world.NOW)
    planner = Principal("li", frozenset({Role.PLANNER}), Scope(world.EAST))
    with pytest.raises(ForbiddenError):
        import_plan(session, planner, tmp_path / "mine.csv", now=world.NOW, scope_code=world.TOWN)


def test_broken_files_are_refused_with_their_reason(session, plan, tmp_path):
    good = plan_frame(session, plan).drop(columns="geometry")
    cases = [
        (good.drop(columns="code"), UnreadableFileError, "no column code"),
        (good.assign(code="12"), InvalidInputError, "no grid code"),
        (good.assign(code="110101001001001"), InvalidInputError, "outside"),
        (pd.concat([good, good]), InvalidInputError, "twice"),
        (good.assign(block_key=[f"x{i}" for i in range(120)]), InvalidInputError, "not stored"),
        (good.assign(grid_id="no-uuid"), InvalidInputError, "grid_id"),
        (good.assign(kind="PALACE"), InvalidInputError, "PALACE"),
        (good.assign(number=7), InvalidInputError, "same number"),
        (good.assign(name=range(120)), InvalidInputError, "contradict"),
        (good.iloc[:0], InvalidInputError, "no block"),
    ]
    for i, (table, error, words) in enumerate(cases):
        path = tmp_path / f"bad{i}.csv"
        table.to_csv(path, index=False)
        with pytest.raises(error, match=words), session.begin_nested():
            import_plan(session, OPERATOR, path, now=world.NOW, scope_code=world.TOWN)
    assert session.scalars(sa.select(Plan.id)).all() == [plan.id]
    for name, text in (("a.geojson", "{"), ("b.gpkg", "x"), ("c.parquet", "x"), ("d.txt", "x")):
        (tmp_path / name).write_text(text)
        with pytest.raises((UnreadableFileError, InvalidInputError)):
            import_plan(session, OPERATOR, tmp_path / name, now=world.NOW, scope_code=world.TOWN)
    export_plan(session, plan, tmp_path / "e.csv")
    (tmp_path / "e.plan.json").write_text(json.dumps({"scope_code": world.TOWN, "options": {"target": "many"}}))
    with pytest.raises(InvalidInputError, match="options"):
        import_plan(session, OPERATOR, tmp_path / "e.csv", now=world.NOW)
