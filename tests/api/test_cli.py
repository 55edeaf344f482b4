"""The command line: help with an example everywhere, plain complaints, and commands that are all or nothing."""

import json
import os
import signal
import subprocess
import sys
import time

import click
import pytest
import typer
from typer.testing import CliRunner

from api.cli import app, main
from layers.engine import connect, sessions
from layers.tables import Household
from tests.test_readme import ROOT

TOWN = ROOT / "data" / "boundaries"


def commands():
    """Every command as a list of words."""

    def walk(command, words):
        if isinstance(command, click.Group) or hasattr(command, "commands"):
            for name, child in command.commands.items():
                yield from walk(child, [*words, name])
        else:
            yield words

    return list(walk(typer.main.get_command(app), []))


def run(*words, database):
    """The command in a process of its own, since the database library is loaded once for a process."""
    program = [sys.executable, "-c", "from api.cli import main; main()", "--database", str(database), *map(str, words)]
    return subprocess.run(program, capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_has_help_with_an_example_of_itself(words):
    result = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert result.exit_code == 0
    assert f"fengqiao {' '.join(words)}" in " ".join(result.output.split())


def test_the_groups_that_scripts_call_exist():
    groups = {words[0] for words in commands()}
    assert groups >= {
        "init",
        "load",
        "sample",
        "draw",
        "plan",
        "assign",
        "coverage",
        "heatmap",
        "map",
        "serve",
        "check",
    }


def test_a_command_before_init_says_what_to_run(tmp_path):
    result = run("assign", database=tmp_path / "none.sqlite")
    assert result.returncode == 1
    assert "fengqiao init" in result.stderr
    assert "Traceback" not in result.stderr


def test_init_shows_the_one_time_password_once(tmp_path):
    first = run("init", database=tmp_path / "new.sqlite")
    assert "one-time password" in first.stdout
    second = run("init", database=tmp_path / "new.sqlite")
    assert second.returncode == 0
    assert "password" not in second.stdout


def test_loading_twice_changes_nothing_and_a_missing_crs_is_refused(tmp_path):
    database = tmp_path / "town.sqlite"
    run("init", database=database)
    for _ in range(2):
        loaded = run("load", "boundaries", TOWN / "town.geojson", TOWN / "villages.geojson", database=database)
        assert loaded.returncode == 0, loaded.stderr
    rows = next(line for line in loaded.stdout.splitlines() if "villages.geojson" in line).split("│")
    assert [cell.strip() for cell in rows[2:6]] == ["10", "0", "0", "10"]
    houses = run("load", "buildings", TOWN / "buildings.geojson", database=database)
    assert "GCJ-02" not in houses.stderr
    refused = run("load", "households", TOWN / "households.csv", database=database)
    assert refused.returncode == 1
    assert "EPSG:4326" in refused.stderr


def test_a_kill_in_the_middle_of_a_load_leaves_the_database_as_it_was(tmp_path):
    database = tmp_path / "town.sqlite"
    run("init", database=database)
    big = tmp_path / "households.csv"
    big.write_text("lon,lat,households\n" + "120.5,29.8,1\n" * 60_000, encoding="utf-8")
    program = [sys.executable, "-c", "from api.cli import main; main()", "--database", str(database)]
    process = subprocess.Popen(
        [*program, "load", "households", str(big), "--crs", "EPSG:4326"], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    journal = tmp_path / "town.sqlite-wal"
    for _ in range(600):
        if process.poll() is not None or (journal.exists() and journal.stat().st_size > 1_000_000):
            break
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the load was over before it could be killed"
    engine = connect(f"sqlite:///{database}")
    with sessions(engine)() as session:
        assert session.query(Household).count() == 0
    engine.dispose()


def test_a_file_that_is_no_demo_is_left_alone(tmp_path):
    database = tmp_path / "precious.sqlite"
    run("init", database=database)
    result = run("demo", TOWN, "--database", database, "--once", database=database)
    assert result.returncode == 1
    assert "not a demo" in result.stderr
    assert database.stat().st_size > 0


def test_findings_give_status_1_and_a_file(tmp_path):
    database = tmp_path / "town.sqlite"
    run("init", database=database)
    villages = json.loads((TOWN / "villages.geojson").read_text(encoding="utf-8"))
    del villages["features"][4]  # leaves a hole in the town
    cut = tmp_path / "villages.geojson"
    cut.write_text(json.dumps(villages), encoding="utf-8")
    assert run("load", "boundaries", TOWN / "town.geojson", cut, database=database).returncode == 0
    output = tmp_path / "findings.geojson"
    result = run("check", "-o", output, database=database)
    assert result.returncode == 1
    kinds = {feature["properties"]["kind"] for feature in json.loads(output.read_text(encoding="utf-8"))["features"]}
    assert "gap" in kinds


def test_main_shows_our_own_errors_without_a_traceback(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["fengqiao", "--database", "mysql://root@localhost/x", "assign"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    assert "not supported" in capsys.readouterr().err
