"""Reports are taken in once, find their grid, and leave a first step and an event behind."""

from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
import sqlalchemy as sa

from layers.access import Scope
from layers.engine import begin_writing, sessions
from layers.errors import ForbiddenError, InvalidInputError, KeyReusedError
from layers.reports import ReportContent, create_report, report_frame, report_history
from layers.tables import Outbox, Report, ReportCandidate
from tests.two_towns import AWAY, FOREIGN, HOME, NORTH, NOW, two_towns

INSIDE = ReportContent("SAFETY", "PATROL", lon=120.002, lat=29.805, description="井盖缺失")


def create(session, key="k1", content=INSIDE, **more):
    return create_report(session, key=key, content=content, now=NOW, created_by="tester", **more)


def test_a_report_finds_its_grid_and_leaves_its_traces(world):
    report = create(world)
    assert (report.grid_code, report.village_code, report.assignment) == (f"{NORTH}001", NORTH, "INSIDE")
    assert report.reported_at == NOW
    assert [(step.sequence, step.step, step.by) for step in report_history(world, report.id)] == [
        (1, "report", "tester")
    ]
    (event,) = world.scalars(sa.select(Outbox)).all()
    assert (event.topic, event.scope_code, event.payload["report_key"]) == ("report.created", f"{NORTH}001", "k1")
    (shown,) = report_frame(world, Scope(HOME), keys=["k1"]).itertuples()
    assert (shown.geometry.x, shown.geometry.y) == (120.002, 29.805)


def test_sending_twice_changes_nothing(world):
    first, second = create(world), create(world)
    assert first is second
    assert world.scalar(sa.select(sa.func.count()).select_from(Outbox)) == 1


def test_the_same_instant_in_another_zone_is_the_same_content():
    utc = ReportContent("OTHER", "PUBLIC", reported_at=datetime(2026, 3, 10, 4, tzinfo=UTC))
    local = ReportContent("OTHER", "PUBLIC", reported_at=datetime.fromisoformat("2026-03-10T12:00:00+08:00"))
    assert utc.digest == local.digest
    assert utc.digest != ReportContent("OTHER", "PUBLIC").digest


def test_a_key_with_other_content_is_refused(world):
    create(world)
    with pytest.raises(KeyReusedError, match="k1"):
        create(world, content=ReportContent("SAFETY", "PATROL", lon=120.002, lat=29.806))


def test_a_report_without_a_point_is_stored(world):
    report = create(
        world, content=ReportContent("DISPUTE", "HOTLINE_12345", address_text="和平路12号"), scope=Scope(HOME)
    )
    assert (report.assignment, report.grid_code, report.geom) == ("REVIEW", None, None)
    candidates = world.scalars(sa.select(ReportCandidate).where(ReportCandidate.report_id == report.id)).all()
    assert {candidate.grid_code for candidate in candidates} == {f"{NORTH}001", f"{FOREIGN}001"}
    assert create(world, "k2", ReportContent("DISPUTE", "HOTLINE_12345")).assignment == "NO_PLACE"


def test_a_sure_address_leads_to_its_grid_and_its_point(world):
    content = ReportContent("DISPUTE", "HOTLINE_12345", address_text="枫溪镇和平路12号")
    report = create(world, content=content, scope=Scope(HOME))
    assert (report.assignment, report.grid_code, report.address_key) == ("ADDRESS", f"{NORTH}001", "home-a1")
    (shown,) = report_frame(world, Scope(HOME), keys=["k1"]).itertuples()
    assert (shown.geometry.x, shown.geometry.y) == (120.002, 29.804)


def test_a_report_far_outside_is_stored(world):
    report = create(world, content=ReportContent("DISPUTE", "PUBLIC", lon=121.0, lat=30.0))
    assert (report.assignment, report.village_code) == ("OUTSIDE", None)


def test_another_towns_report_is_refused_and_leaves_nothing(world):
    with pytest.raises(ForbiddenError):
        create(world, scope=Scope(AWAY))
    assert report_frame(world, Scope(), keys=["k1"]).empty
    assert create(world).report_key == "k1"
    with pytest.raises(ForbiddenError):
        create(world, scope=Scope(AWAY))


@pytest.mark.parametrize(
    "wrong",
    [
        {"category": "FACE"},
        {"source": "SPY"},
        {"severity": 5},
        {"lon": 120.0},
        {"lon": 29.8, "lat": 120.0},
        {"lon": float("nan"), "lat": 29.8},
        {"description": "x" * 10_001},
        {"address_text": "a\x00b"},
        {"reported_at": datetime(2026, 3, 10)},
    ],
)
def test_values_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InvalidInputError):
        ReportContent(**{"category": "SAFETY", "source": "PATROL"} | wrong)


def test_the_future_and_bad_keys_are_refused(world):
    with pytest.raises(InvalidInputError, match="future"):
        create(world, content=ReportContent("SAFETY", "PATROL", reported_at=NOW + timedelta(hours=1)))
    for key in ("", "x" * 129, "line\nbreak"):
        with pytest.raises(InvalidInputError):
            create(world, key=key)


def test_many_senders_of_one_report_store_it_once(engine):
    factory = sessions(engine)
    with factory.begin() as session:
        two_towns(session)
    stored = []

    def send():
        with factory.begin() as session:
            stored.append(create(begin_writing(session)).id)

    threads = [Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stored) == 6
    assert len(set(stored)) == 1
    with factory() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Report.report_key == "k1")) == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(Outbox)) == 1
