"""Files in a watched folder are loaded once, whatever happens between loading and moving."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from layers.engine import sessions
from layers.intake import folder as module
from layers.intake.folder import take_file, waiting_files
from layers.tables import IntakeFile, Report, ReportEvent
from tests.two_towns import NOW

TABLE = "report_key,reported_at,category,source,lon,lat\nf1,2026-03-09 10:00,消防,群众上报,120.002,29.805\n"


@pytest.fixture
def box(tmp_path):
    """The watched folder with one file."""
    (tmp_path / "a.csv").write_text(TABLE, encoding="utf-8")
    return tmp_path


def take(engine, path):
    return take_file(sessions(engine), path, "reports", now=NOW, crs="EPSG:4326")


def count(engine, table):
    with sessions(engine)() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table))


def test_a_file_is_loaded_once_and_moved(engine, box):
    taken = take(engine, box / "a.csv")
    assert (taken.inserted, taken.reason, taken.moved_to) == (1, None, box / "done" / "a.csv")
    assert not (box / "a.csv").exists()
    (box / "a.csv").write_text(TABLE, encoding="utf-8")
    again = take(engine, box / "a.csv")
    assert (again.loaded_before, again.moved_to.name) == (True, "a-2.csv")
    assert (count(engine, Report), count(engine, ReportEvent), count(engine, IntakeFile)) == (1, 1, 1)


def test_death_before_the_move_loads_nothing_twice(engine, box, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(module, "_move", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            take(engine, box / "a.csv")
    assert (box / "a.csv").exists()
    assert count(engine, Report) == 1
    assert take(engine, box / "a.csv").loaded_before
    assert (count(engine, Report), count(engine, ReportEvent)) == (1, 1)


def test_what_cannot_be_loaded_stays_with_its_reason(engine, box):
    (box / "b.csv").write_bytes(b"")
    taken = take(engine, box / "b.csv")
    assert taken.moved_to == box / "failed" / "b.csv"
    assert (box / "failed" / "b.csv.reason.txt").read_text(encoding="utf-8").strip() == taken.reason
    assert (count(engine, Report), count(engine, IntakeFile)) == (0, 0)


def test_only_settled_files_of_known_formats_are_taken(box):
    for name in (".hidden.csv", "half.csv.part", "note.txt"):
        (box / name).write_text("x", encoding="utf-8")
    written = (box / "a.csv").stat().st_mtime
    moment = NOW + timedelta(seconds=written - NOW.timestamp())
    assert waiting_files(box, now=moment + timedelta(seconds=1), settle_s=2) == []
    assert waiting_files(box, now=moment + timedelta(seconds=3), settle_s=2) == [box / "a.csv"]
