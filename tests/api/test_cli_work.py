"""The work flow on the command line."""

from __future__ import annotations

import pytest

from api.cli import console, main
from layers.engine import connect, sessions
from layers.tables import Report
from tests.two_towns import NORTH

CELL = f"{NORTH}001"


@pytest.fixture
def run(filled, monkeypatch, capsys):
    """Runs a command on the filled database; gives its status, and what it said."""

    def command(*words):
        monkeypatch.setattr("sys.argv", ["fengqiao", "--database", filled, *words])
        with pytest.raises(SystemExit) as stopped:
            main()
        captured = capsys.readouterr()
        return stopped.value.code or 0, captured.out + captured.err

    monkeypatch.setattr(console.out, "width", 200)
    return command


def test_a_report_is_dispatched_from_the_command_line(run, filled):
    assert run("catalogue", "load") == (0, "23 new, 0 changed, 0 unchanged matters.\n")
    assert "PUBLIC_ORDER" in run("catalogue", "list")[1]
    assert run("team", "add", CELL, "第一网格服务站", "--phone", "0575-1")[0] == 0
    assert "0575-1" in run("team", "list", "--scope", NORTH)[1]
    code, text = run("report", "step", "home-p1", "handle")
    assert code == 1
    assert "accept" in text
    assert run("report", "step", "home-p1", "accept") == (0, "home-p1 is ACCEPTED now.\n")
    assert run("report", "step", "home-p1", "dispatch", "--note", "今天")[0] == 0
    text = run("report", "show", "home-p1")[1]
    assert "第一网格服务站" in text
    assert "possible steps: start, return" in text
    listed = run("report", "list", "--state", "DISPATCHED")[1]
    assert "home-p1" in listed
    assert "home-p2" not in listed
    engine = connect(filled)
    with sessions(engine)() as session:
        assert session.query(Report).filter_by(report_key="home-p1").one().held_by == CELL
    engine.dispose()


def test_an_unknown_report_is_said_in_a_sentence(run):
    code, text = run("report", "show", "nothing")
    assert code == 1
    assert text.startswith("There is no report nothing")


def test_a_watched_folder_is_emptied(run, filled, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    table = "report_key,reported_at,category,lon,lat\nw1,2026-03-09 10:00,消防,120.002,29.805\n"
    (folder / "a.csv").write_text(table, encoding="utf-8")
    (folder / "b.csv").write_bytes(b"")
    code, text = run("intake", "watch", str(folder), "--crs", "EPSG:4326", "--settle", "0", "--once")
    assert code == 0
    assert "a.csv: 1 new, 0 refused." in text
    assert sorted(path.name for path in folder.iterdir()) == ["done", "failed"]
    assert "w1" in run("report", "list")[1]
