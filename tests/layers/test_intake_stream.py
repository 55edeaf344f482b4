"""Reports that come in together are stored together, and each hears of its own fate."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from layers.calendar import CHINA
from layers.engine import begin_writing, sessions
from layers.errors import IntakeFullError, InvalidInputError
from layers.intake import stream as module
from layers.intake.batcher import Batcher
from layers.intake.content import ReportContent
from layers.intake.stream import ReportStream
from layers.intake.submission import Submission
from layers.tables import Report, ReportEvent
from tests.two_towns import NORTH, NOW, two_towns


def submission(key, **changes):
    content = ReportContent(**({"category": "OTHER", "source": "PUBLIC", "lon": 120.002, "lat": 29.805} | changes))
    return Submission(key, content, NOW, "tester")


@pytest.fixture
def factory(engine):
    factory = sessions(engine)
    with factory.begin() as session:
        two_towns(begin_writing(session))
    return factory


def count(factory, column):
    with factory() as session:
        return session.scalar(sa.select(sa.func.count(column)))


def test_what_many_send_at_once_is_stored_once_each(factory):
    stream = ReportStream(factory, CHINA)
    before = count(factory, Report.id), count(factory, ReportEvent.id)
    with ThreadPoolExecutor(8) as senders:
        taken = [f.result(30) for f in senders.map(lambda n: stream.submit(submission(f"k{n % 60}")), range(120))]
    stream.close()
    assert [report.report_key for report in taken] == [f"k{n % 60}" for n in range(120)]
    assert {report.grid_code for report in taken} == {f"{NORTH}001"}
    assert (count(factory, Report.id), count(factory, ReportEvent.id)) == (before[0] + 60, before[1] + 60)


def test_a_report_that_the_database_refuses_leaves_its_neighbours_alone(factory, monkeypatch):
    """None of ours passes the checks, so one is broken on its way to the database."""
    add = module.create_reports

    def break_some(session, submissions, **options):
        if any(one.key == "bad" for one in submissions):
            session.execute(sa.text("INSERT INTO report (id) VALUES (1)"))
        return add(session, submissions, **options)

    monkeypatch.setattr(module, "create_reports", break_some)
    stream = ReportStream(factory, CHINA)
    futures = {key: stream.submit(submission(key)) for key in ("a", "bad", "b", "line\nbreak")}
    assert [futures[key].result(30).report_key for key in ("a", "b")] == ["a", "b"]
    with pytest.raises(sa.exc.IntegrityError):
        futures["bad"].result(30)
    with pytest.raises(InvalidInputError):
        futures["line\nbreak"].result(30)
    stream.close()


def test_a_full_queue_refuses_and_a_closed_one_has_done_everything():
    go_on, begun, seen = threading.Event(), threading.Event(), []

    def work(items):
        begun.set()
        assert go_on.wait(30)
        seen.append(list(items))
        return [item * 2 for item in items]

    batcher = Batcher(work, most=3, bound=4, gather_s=0.0)
    first = batcher.submit(0)
    assert begun.wait(30)
    rest = [batcher.submit(number) for number in range(1, 5)]
    with pytest.raises(IntakeFullError, match="4 reports"):
        batcher.submit(5)
    go_on.set()
    batcher.close()
    assert [future.result(0) for future in [first, *rest]] == [0, 2, 4, 6, 8]
    assert seen == [[0], [1, 2, 3], [4]]


def test_what_breaks_all_is_told_to_all():
    def work(items):
        raise RuntimeError("no database")

    batcher = Batcher(work, gather_s=0.05)
    futures = [batcher.submit(number) for number in range(3)]
    for future in futures:
        with pytest.raises(RuntimeError):
            future.result(30)
    batcher.close()


def test_who_hangs_up_does_not_stop_the_others():
    go_on, begun, done = threading.Event(), threading.Event(), []

    def work(items):
        begun.set()
        assert go_on.wait(30)
        done.extend(items)
        return items

    batcher = Batcher(work, gather_s=0.0)
    first = batcher.submit(1)
    assert begun.wait(30)
    assert first.cancel()
    second, third = batcher.submit(2), batcher.submit(3)
    assert second.cancel()
    go_on.set()
    assert third.result(30) == 3
    batcher.close()
    assert done == [1, 2, 3]


def test_nothing_ends_the_thread_that_answers():
    def work(items):
        if items == ["end"]:
            raise SystemExit(3)
        return items[:-1] if items == ["lost"] else items

    batcher = Batcher(work, gather_s=0.0)
    for item, message in (("end", "broken off"), ("lost", "0 results")):
        with pytest.raises(RuntimeError, match=message):
            batcher.submit(item).result(30)
        assert batcher.submit("fine").result(30) == "fine"
    batcher.close()


def test_who_asks_after_the_end_is_answered_too():
    """A server that stops, or an application that starts a second time, leaves nobody waiting for ever."""
    batcher = Batcher(list, gather_s=0.0)
    for _ in range(3):
        assert batcher.submit(1).result(30) == 1
        batcher.close()
        batcher.close()


def test_without_a_thread_nothing_is_taken(monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    batcher = Batcher(list, gather_s=0.0)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="new thread"):
            batcher.submit(1)
    assert batcher.submit(2).result(30) == 2
    batcher.close()
