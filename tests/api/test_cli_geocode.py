"""Addresses and other names on the command line."""

from __future__ import annotations

import csv

import pytest
from shapely import Point

from api.cli import console, main
from layers.engine import connect, sessions
from layers.geometry import to_sql
from layers.tables import Address
from tests.two_towns import NORTH


@pytest.fixture
def run(filled, monkeypatch, capsys):
    """Runs a command on the filled database with one more address; gives its status, and what it said."""
    engine = connect(filled)
    with sessions(engine).begin() as session:
        session.add(
            Address(
                address_key="h8", village="枫源村", road="和平路", number="8号", full_text="枫源村和平路8号", digest="",
                geom=to_sql([Point(120.007, 29.805)])[0],
            )
        )  # fmt: skip
    engine.dispose()

    def command(*words):
        monkeypatch.setattr("sys.argv", ["fengqiao", "--database", filled, *words])
        with pytest.raises(SystemExit) as stopped:
            main()
        captured = capsys.readouterr()
        return stopped.value.code or 0, captured.out + captured.err

    monkeypatch.setattr(console.out, "width", 200)
    return command


def test_an_address_a_file_and_another_name(run, tmp_path):
    code, text = run("geocode", "枫源村和平路8号")
    assert code == 0
    assert f"grid {NORTH}002" in text
    assert run("alias", "add", "老街", "--level", "road", "--name", "和平路")[0] == 0
    assert "老街" in run("alias", "list")[1]
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("id,address\n1,老街8号\n2,\n", encoding="utf-8")
    assert run("geocode", "--file", str(source), "--out", str(out))[0] == 0
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert [(row["id"], row["address_key"], row["level"]) for row in rows] == [("1", "h8", "NUMBER"), ("2", "", "NONE")]
    names = tmp_path / "names.csv"
    names.write_text("text,level,address_key\n供销社,NUMBER,h8\n坏,NUMBER,\n", encoding="utf-8")
    assert "1 names kept, 1 refused." in run("alias", "load", str(names))[1]
    divisions = tmp_path / "list.csv"
    divisions.write_text("code,name\n330699007,远山乡\n", encoding="utf-8")
    assert run("division", "load", str(divisions))[0] == 0


def test_what_cannot_be_read_is_said_in_a_sentence(run, tmp_path):
    assert run("geocode")[0] == 1
    source = tmp_path / "in.csv"
    source.write_text("a,b\n1,2\n", encoding="utf-8")
    code, text = run("geocode", "--file", str(source))
    assert (code, "--column" in text) == (1, True)
