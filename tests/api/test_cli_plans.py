"""The commands of the group plan, on a small town: what they say, what they write, and when they fail."""

import json
import shutil

import pytest
from typer.testing import CliRunner

import world
from api.cli import app
from layers.engine import begin_writing, connect, sessions
from layers.tables import Team


@pytest.fixture
def plan(tmp_path, spatialite_template, monkeypatch):
    """Runs `fengqiao plan …` on the tiny world, where plan 1 is published and plan 2 its branch; gives the output."""
    path = tmp_path / "town.sqlite"
    shutil.copy(spatialite_template, path)
    engine = connect(f"sqlite:///{path}")
    with sessions(engine).begin() as session:
        world.add_world(begin_writing(session))
        session.add(Team(name="综治办", phone="0575-1", area_code=world.TOWN, created_at=world.NOW))
    engine.dispose()
    monkeypatch.chdir(tmp_path)

    def run(*words, status=0, group="plan"):
        result = CliRunner().invoke(
            app, ["--database", str(path), *([group] if group else []), *map(str, words)], env={"COLUMNS": "160"}
        )
        assert result.exit_code == status, (result.output, result.exception)
        return result.output

    run("draw", world.TOWN, "--effort", "fast", "--publish-from", "2026-06-01", group="")
    run("branch", 1, "--name", "autumn")
    return run


def test_a_draft_is_changed_and_changed_back(plan, tmp_path):
    assert "DRAFT" in plan("list")
    plan("convert", f"{world.WEST}={world.TOWN}009", "--plan", 2)
    assert f"{world.TOWN}009001" in plan("show", 2)
    assert "convert" in plan("history", 2)
    assert "in their old grid" in plan("undo", 2)
    assert f"{world.WEST}001" in plan("show", 2)
    plan("redo", 2)
    assert "as it was drawn" in plan("jump", 2, 0)
    assert "0 households, 0 addresses" in plan("impact", 2)
    assert "0 households" in plan("compare", 2, 1, "-o", "changes.geojson")
    assert json.loads((tmp_path / "changes.geojson").read_text("utf-8"))["features"] == []
    assert "Nothing is wrong" in plan("check", 2)


def test_files_and_cards(plan, tmp_path):
    for name in ("plan.gpkg", "plan.csv", "plan.zip"):
        plan("export", 2, name, "--blocks")
        assert "The draft is plan" in plan("import", name, "--name", name)
    assert plan("list").count("DRAFT") == 4
    plan("cards", 2, "--code", f"{world.WEST}001", "-o", "cards.html")
    text = (tmp_path / "cards.html").read_text("utf-8")
    assert text.count("<article>") == 1
    assert "综治办 0575-1" in text


def test_a_plan_waits_for_its_day(plan):
    plan("renumber", 2, status=1)
    for words in (("submit", 2), ("approve", 2)):
        plan(*words)
    assert "until then" in plan("publish", 2, "--from", "2999-01-01")
    assert "go on" in plan("withdraw", 2, "--note", "the bridge opens later")
    assert "until then" in plan("publish", 2, "--from", "2999-01-01")
    assert "No plan waits" in plan("activate")
    assert "PUBLISHED" in plan("list")


def test_a_replay_names_who_changes_hands(plan, tmp_path):
    plan("convert", f"{world.WEST}={world.TOWN}009", "--plan", 2)
    assert "0 households' doors and 0 reports" in plan("replay", 2, "-o", "same.csv")
    assert (tmp_path / "same.csv").read_text("utf-8-sig").split() == [
        "kind,key,reported_at,households,old_code,new_code"
    ]


def test_what_fits_no_grid_is_said_before_anything_is_drawn(plan):
    assert "2 of 2 villages can be cut by themselves" in plan("feasibility", world.TOWN, group="")
    said = plan("feasibility", world.TOWN, "--target", 100_000, group="")
    assert "0 of 2 villages" in said
    assert "Grids out of band around" in said
    assert "too few for a grid" in said
