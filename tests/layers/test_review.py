"""Doubtful reports wait in a queue, are decided by officers, and what they decide can be taken back."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from shapely import Point

from layers import review
from layers.access import EVERYWHERE, Principal, Role, Scope
from layers.errors import (
    ForbiddenError,
    InvalidInputError,
    InvalidStateError,
    NotFoundError,
    StaleRevisionError,
)
from layers.reports import report_history
from layers.tables import AddressAlias, Outbox, Report, ReportCandidate, ReportEvent, ReportLink, ReviewDecision
from layers.workflow.catalogue import load_catalogue
from layers.workflow.steps import take_step
from layers.workflow.teams import add_team
from tests.two_towns import ADMIN, AWAY, FOREIGN, HOME, HOME_ADMIN, NORTH, NOW, geom

CELL, OTHER_CELL = f"{NORTH}001", f"{NORTH}002"
OFFICER = Principal("officer", frozenset({Role.DUTY_OFFICER}), Scope(HOME))
COUNTY = Principal("county", frozenset({Role.DUTY_OFFICER}), Scope())
STRANGER = Principal("stranger", frozenset({Role.DUTY_OFFICER}), Scope(AWAY))
VIEWER = Principal("viewer", frozenset({Role.VIEWER}), Scope())
TEXT = "枫溪镇和平路12号3幢"


def candidate(report_id, rank, grid_code, lon=None, confidence=0.6):
    return ReportCandidate(
        report_id=report_id,
        rank=rank,
        label=f"{TEXT} {rank}",
        level="NUMBER",
        village_code=grid_code[:12],
        grid_code=grid_code,
        confidence=confidence,
        radius_m=40.0,
        trace=[["和平路", "和平路", "exact", 1.0], ["12号", "12号", "number", 1.0]],
        geom=geom(Point(lon, 29.805)) if lon else None,
    )


def doubtful(session, key, text=TEXT, *, at=NOW - timedelta(hours=1), grids=(CELL, OTHER_CELL), confidence=0.6):
    """A report in the queue with a candidate in each of the grids."""
    report = Report(
        report_key=key, reported_at=at, category="SAFETY", source="PUBLIC", state="REPORTED", description="井盖缺失",
        address_text=text, assignment="REVIEW", confidence=confidence, digest="",
    )  # fmt: skip
    session.add(report)
    session.flush()
    session.add(ReportEvent(report_id=report.id, sequence=1, at=at, by="hotline", step="report", state="REPORTED"))
    places = {CELL: 120.002, OTHER_CELL: 120.007}
    for rank, code in enumerate(grids, 1):
        session.add(candidate(report.id, rank, code, places.get(code), confidence=confidence / rank))
    session.flush()
    return report


@pytest.fixture
def desk(world):
    """Two towns with a catalogue and a team in one grid; q1 is an hour old, q2 two hours."""
    load_catalogue(world, ADMIN, now=NOW)
    add_team(world, HOME_ADMIN, name="第一网格服务站", area_code=CELL, phone="0575-87000000", now=NOW)
    doubtful(world, "q1")
    doubtful(world, "q2", "枫源村", at=NOW - timedelta(hours=2), grids=(OTHER_CELL,))
    return world


def keys(session, scope=EVERYWHERE, **more):
    return [one.report_key for one in review.queue(session, scope, now=NOW, limit=10, **more)]


def test_the_oldest_comes_first_with_its_parts_and_candidates(desk):
    first, second = review.queue(desk, Scope(), now=NOW, limit=10)
    assert (first.report_key, first.waited_s, first.same_text) == ("q2", 7200, 0)
    assert [(part.field, second.text[part.start : part.end]) for part in second.parts] == [
        ("township", "枫溪镇"), ("road", "和平路"), ("number", "12号"), ("building", "3幢")
    ]  # fmt: skip
    assert [(one.rank, one.grid_code, one.lon) for one in second.candidates] == [
        (1, CELL, 120.002),
        (2, OTHER_CELL, 120.007),
    ]
    assert keys(desk, after=(first.reported_at, first.report_id)) == ["q1"]


def test_who_sees_what(desk):
    doubtful(desk, "q3", "柳桥镇", grids=(FOREIGN + "001", CELL))
    doubtful(desk, "q4", "路边", grids=())
    assert sorted(keys(desk)) == ["q1", "q2", "q3", "q4"]
    assert sorted(keys(desk, Scope(HOME))) == ["q1", "q2", "q3"]
    assert keys(desk, Scope(FOREIGN)) == ["q3"]
    assert sorted(keys(desk, Scope(CELL))) == ["q1", "q3"]
    with pytest.raises(ForbiddenError, match="outside"):
        review.accept(desk, OFFICER, "q3", 1, now=NOW)
    with pytest.raises(ForbiddenError, match="wider account"):
        review.give_up(desk, OFFICER, "q3", now=NOW)
    with pytest.raises(NotFoundError):
        review.accept(desk, STRANGER, "q1", 1, now=NOW)
    with pytest.raises(ForbiddenError):
        review.accept(desk, VIEWER, "q1", 1, now=NOW)
    assert review.accept(desk, OFFICER, "q3", 2, now=NOW).report.grid_code == CELL


def test_accepting_a_candidate_gives_the_place_and_what_follows_from_it(desk):
    told = desk.scalar(sa.func.count(Outbox.id))
    report = review.accept(desk, OFFICER, "q1", 1, now=NOW, revision=1).report
    assert (report.assignment, report.village_code, report.grid_code) == ("REVIEWED", NORTH, CELL)
    assert (report.radius_m, report.address_level, report.confidence) == (40.0, "NUMBER", None)
    assert report.team_id is not None
    assert report.due_at is not None
    assert [step.step for step in report_history(desk, report.id)] == ["report", "review"]
    event = desk.scalars(sa.select(Outbox).order_by(Outbox.id.desc())).first()
    assert (event.scope_code, event.payload["step"], event.payload["revision"]) == (CELL, "review", report.revision)
    assert desk.scalar(sa.func.count(Outbox.id)) == told + 1
    decision = desk.scalars(sa.select(ReviewDecision)).one()
    assert (decision.action, decision.rank, decision.suggested, decision.grid_code) == ("ACCEPT", 1, CELL, CELL)
    assert (decision.confidence, decision.waited_s, decision.by) == (0.6, 3600, "officer")
    assert keys(desk) == ["q2"]
    with pytest.raises(InvalidStateError, match="undo"):
        review.accept(desk, OFFICER, "q1", 2, now=NOW)


def test_a_deadline_runs_from_when_the_report_came_in(desk):
    late = review.accept(desk, OFFICER, "q1", 1, now=NOW + timedelta(days=30)).report
    assert late.due_at < NOW + timedelta(days=10)


def test_a_stale_revision_is_told_what_changed(desk):
    take_step(desk, COUNTY, "q1", "supervise", review_details(), now=NOW)
    with pytest.raises(StaleRevisionError) as caught:
        review.accept(desk, OFFICER, "q1", 1, now=NOW, revision=1)
    assert [(change["step"], change["by"]) for change in caught.value.changes] == [("supervise", "county")]
    assert keys(desk, Scope(HOME)) == ["q2", "q1"]


def review_details():
    from layers.workflow import StepDetails

    return StepDetails(supervision="ORDINARY")


def test_a_correction_is_learnt_for_its_town(desk):
    decided = review.correct(desk, OFFICER, "q1", 120.0081, 29.8031, now=NOW)
    assert (decided.report.grid_code, decided.report.assignment) == (OTHER_CELL, "REVIEWED")
    alias = desk.get_one(AddressAlias, decided.alias_id)
    assert (alias.kind, alias.level, alias.text, alias.scope_code) == ("CORRECTION", "BUILDING", TEXT, HOME)
    assert (alias.valid_from, alias.valid_to, alias.created_by) == (NOW.date(), None, "officer")
    point = desk.execute(sa.select(sa.func.ST_X(AddressAlias.geom), sa.func.ST_Y(AddressAlias.geom))).one()
    assert tuple(point) == pytest.approx((120.0081, 29.8031))


def test_nothing_is_learnt_from_a_text_that_names_no_single_place(desk):
    assert review.correct(desk, OFFICER, "q2", 120.0081, 29.8031, now=NOW).alias_id is None
    doubtful(desk, "q5", None)
    assert review.correct(desk, OFFICER, "q5", 120.0081, 29.8031, now=NOW).alias_id is None
    assert desk.scalar(sa.func.count(AddressAlias.id)) == 0


@pytest.mark.parametrize(("lon", "lat"), [(121.0, 29.805), (29.805, 120.002), (float("nan"), 29.8), (200.0, 29.8)])
def test_a_place_outside_every_grid_is_refused(desk, lon, lat):
    with pytest.raises(InvalidInputError):
        review.correct(desk, COUNTY, "q1", lon, lat, now=NOW)
    assert "q1" in keys(desk)


def test_a_question_sends_the_report_back_and_the_next_step_brings_it_again(desk):
    with pytest.raises(InvalidInputError):
        review.ask(desk, OFFICER, "q1", "  ", now=NOW)
    report = review.ask(desk, OFFICER, "q1", "在哪个村？", now=NOW).report
    assert (report.state, report.assignment) == ("RETURNED", "REVIEW")
    assert report_history(desk, report.id)[-1].note == "在哪个村？"
    assert keys(desk) == ["q2"]
    take_step(desk, COUNTY, "q1", "accept", now=NOW)
    assert keys(desk) == ["q2", "q1"]
    assert review.ask(desk, OFFICER, "q1", "几号？", now=NOW).report.state == "ACCEPTED"
    assert keys(desk) == ["q2"]


def test_giving_up_leaves_the_report_without_a_place(desk):
    before = desk.scalar(sa.select(Report.revision).where(Report.report_key == "q2"))
    report = review.give_up(desk, OFFICER, "q2", note="查无此地", now=NOW).report
    assert (report.assignment, report.grid_code, report.state) == ("NO_PLACE", None, "REPORTED")
    assert report.revision > before


def test_reports_that_say_the_same_are_decided_together(desk):
    doubtful(desk, "q6", " 枫溪镇和平路１２号３幢")
    assert {one.report_key: one.same_text for one in review.queue(desk, Scope(), now=NOW, limit=9)} == {
        "q2": 0,
        "q1": 1,
        "q6": 1,
    }
    decided = review.correct(desk, OFFICER, "q1", 120.0081, 29.8031, now=NOW, same_text=True)
    assert decided.also == ("q6",)
    assert desk.scalar(sa.select(Report.grid_code).where(Report.report_key == "q6")) == OTHER_CELL
    undone = review.undo(desk, OFFICER, "q1", now=NOW)
    assert undone.also == ("q6",)
    assert keys(desk) == ["q2", "q1", "q6"]


def test_taking_a_decision_back_restores_everything(desk):
    older = review.correct(desk, OFFICER, "q1", 120.0081, 29.8031, now=NOW).alias_id
    doubtful(desk, "q7")
    decided = review.correct(desk, OFFICER, "q7", 120.002, 29.8031, now=NOW + timedelta(days=1))
    assert desk.get_one(AddressAlias, older).valid_to == NOW.date() + timedelta(days=1)
    report = review.undo(desk, OFFICER, "q7", now=NOW + timedelta(days=1), revision=decided.report.revision).report
    assert (report.assignment, report.grid_code, report.team_id, report.confidence) == ("REVIEW", None, None, 0.6)
    desk.expire(report)
    assert report.geom is None
    new = desk.get_one(AddressAlias, decided.alias_id)
    assert new.valid_to == new.valid_from
    in_force = desk.scalars(sa.select(AddressAlias).where(AddressAlias.valid_to.is_(None))).one()
    assert (in_force.text, in_force.scope_code, in_force.valid_from) == (TEXT, HOME, NOW.date() + timedelta(days=1))
    assert in_force.id > older
    assert "q7" in keys(desk)
    with pytest.raises(InvalidStateError):
        review.undo(desk, OFFICER, "q7", now=NOW)


def test_what_was_worked_on_since_is_not_taken_back(desk):
    review.accept(desk, OFFICER, "q1", 1, now=NOW)
    take_step(desk, OFFICER, "q1", "accept", now=NOW)
    with pytest.raises(InvalidStateError):
        review.undo(desk, OFFICER, "q1", now=NOW)
    with pytest.raises(NotFoundError):
        review.undo(desk, STRANGER, "q1", now=NOW)


def test_figures_of_the_queue(desk):
    empty = review.queue_figures(desk, Scope(AWAY), now=NOW)
    assert (empty.length, empty.oldest_s, empty.median_s, empty.accuracy.share) == (0, None, None, None)
    for number in range(10):
        doubtful(desk, f"d{number}", f"和平路{number}号", confidence=0.85)
        review.accept(desk, OFFICER, f"d{number}", 1 if number < 8 else 2, now=NOW)
    doubtful(desk, "d10", "x", confidence=0.85)
    review.accept(desk, OFFICER, "d10", 1, now=NOW)
    review.undo(desk, OFFICER, "d10", now=NOW)
    figures = review.queue_figures(desk, Scope(HOME), now=NOW)
    assert (figures.length, figures.oldest_s, figures.median_s) == (3, 7200, 3600)
    assert (figures.accuracy.right, figures.accuracy.decided, figures.accuracy.share) == (8, 10, 0.8)
    assert [(one.low, one.high, one.decided, one.share) for one in figures.bins if one.decided] == [(0.8, 0.9, 10, 0.8)]
    assert (figures.days[-1].day, figures.days[-1].arrived, figures.days[-1].decided) == (NOW.date(), 13, 10)
    assert len(figures.days) == 14


def test_a_report_that_gets_its_place_is_linked_to_those_it_looks_like(desk):
    review.accept(desk, OFFICER, "q2", 1, now=NOW)
    twin = review.accept(desk, OFFICER, "q1", 2, now=NOW).report
    (link,) = desk.scalars(sa.select(ReportLink).where(ReportLink.report_id == twin.id))
    assert (desk.get_one(Report, link.other_id).report_key, link.kind) == ("q2", "DUPLICATE")
