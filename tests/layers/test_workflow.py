"""Reports go only along the table of states, with their reasons, teams and deadlines, and every step is kept."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layers.access import Principal, Role, Scope
from layers.errors import (
    ForbiddenError,
    InvalidInputError,
    InvalidStateError,
    MissingDataError,
    NotFoundError,
    NotInCatalogueError,
    StaleRevisionError,
    UnreadableFileError,
)
from layers.reports import ReportContent, create_report, report_history
from layers.tables import CatalogueItem, Outbox, Platform, Report, ReportLink, ReportState, Supervision
from layers.workflow import MARKS, TRANSITIONS, StepDetails, possible_steps, take_step
from layers.workflow.catalogue import load_catalogue, read_catalogue
from layers.workflow.teams import add_team, list_teams
from tests.two_towns import ADMIN, AWAY, FOREIGN, HOME, HOME_ADMIN, NORTH, NOW

CELL = f"{NORTH}001"
OFFICER = Principal("officer", frozenset({Role.DUTY_OFFICER}), Scope(HOME))
VILLAGER = Principal("villager", frozenset({Role.DUTY_OFFICER}), Scope(NORTH))
COUNTY = Principal("county", frozenset({Role.DUTY_OFFICER}), Scope(HOME[:6]))
VIEWER = Principal("viewer", frozenset({Role.VIEWER}), Scope(HOME))

# Copied by hand from the description of the event chain.
LEAVES_TO = {
    "DRAFT": {"REPORTED", "VOID"},
    "REPORTED": {"ACCEPTED", "RETURNED", "MERGED", "CLOSED"},
    "ACCEPTED": {"DISPATCHED", "ESCALATED"},
    "DISPATCHED": {"IN_PROGRESS", "RETURNED"},
    "IN_PROGRESS": {"HANDLED", "ESCALATED", "RETURNED"},
    "HANDLED": {"CLOSED", "IN_PROGRESS"},
    "CLOSED": {"FOLLOWED_UP", "IN_PROGRESS"},
    "FOLLOWED_UP": set(),
    "RETURNED": {"ACCEPTED"},
    "ESCALATED": {"ACCEPTED"},
    "MERGED": set(),
    "VOID": set(),
}


@pytest.fixture
def desk(world):
    """Two towns with a catalogue, and a team for the home town, its first village and that village's first grid."""
    load_catalogue(world, ADMIN, now=NOW)
    for name, area in (("镇综合信息指挥室", HOME), ("枫源村委会", NORTH), ("第一网格服务站", CELL)):
        add_team(world, HOME_ADMIN, name=name, area_code=area, phone="0575-87000000", now=NOW)
    return world


def report(session, key="w1", category="SAFETY", *, lon=120.002, **more):
    content = ReportContent(category, "PATROL", lon=lon, lat=29.805, **more)
    return create_report(session, key=key, content=content, now=NOW, created_by="tester")


def take(session, step, *, key="w1", by=OFFICER, at=NOW, revision=None, **details):
    return take_step(session, by, key, step, StepDetails(**details), now=at, revision=revision)


def test_the_table_is_that_of_the_description():
    led = {state: {str(t.target) for t in TRANSITIONS.values() if state in t.sources} for state in ReportState}
    assert led == LEAVES_TO


def test_a_report_has_its_team_and_deadline_when_it_comes_in(desk):
    made = report(desk)
    assert (made.team_id, made.due_at) == (list_teams(desk, Scope(CELL))[-1].id, NOW.replace(day=12, hour=9, minute=30))


def test_from_report_to_follow_up(desk):
    made = report(desk)
    steps = [
        ("accept", {}),
        ("dispatch", {"note": "请当天处理"}),
        ("start", {}),
        ("handle", {"attachments": [{"name": "after.jpg", "kind": "after"}]}),
        ("reject", {"note": "还有一处未盖"}),
        ("handle", {}),
        ("close", {}),
        ("reopen", {"note": "又坏了"}),
        ("handle", {}),
        ("close", {}),
        ("follow_up", {"satisfaction": "NOT_REACHED"}),
    ]
    for i, (step, details) in enumerate(steps):
        take(desk, step, at=NOW + timedelta(hours=i + 1), revision=made.revision, **details)
    assert (made.state, made.satisfaction, made.held_by) == ("FOLLOWED_UP", "NOT_REACHED", CELL)
    assert made.closed_at == NOW + timedelta(hours=10)
    history = report_history(desk, made.id)
    assert [event.sequence for event in history] == list(range(1, 13))
    assert [event.step for event in history[1:]] == [step for step, _ in steps]
    assert history[2].note == f"to 第一网格服务站 ({CELL}); 请当天处理"
    assert (history[2].by, history[2].org_code) == ("officer", HOME)
    assert history[4].attachments == [{"name": "after.jpg", "kind": "after"}]
    events = desk.scalars(sa.select(Outbox).where(Outbox.topic == "report.changed").order_by(Outbox.id)).all()
    assert [event.payload["step"] for event in events] == [step for step, _ in steps]
    assert {event.scope_code for event in events} == {CELL}
    assert possible_steps(made, OFFICER) == ()


def test_a_refused_step_names_the_possible_ones_and_changes_nothing(desk):
    made = report(desk)
    with pytest.raises(InvalidStateError) as caught:
        take(desk, "handle")
    assert {"accept", "close_on_the_spot", "merge", "return"} <= set(caught.value.allowed)
    with pytest.raises(InvalidInputError, match="note"):
        take(desk, "return")
    with pytest.raises(InvalidStateError):
        take(desk, "fly")
    assert (made.state, made.revision, len(report_history(desk, made.id))) == ("REPORTED", 1, 1)


def test_only_who_handles_reports_there_and_has_seen_the_last_state(desk):
    report(desk)
    report(desk, "far", lon=120.025)
    for by, key, error in ((VIEWER, "w1", ForbiddenError), (OFFICER, "far", NotFoundError)):
        with pytest.raises(error):
            take(desk, "accept", key=key, by=by)
    with pytest.raises(StaleRevisionError):
        take(desk, "accept", revision=7)


def test_a_matter_not_for_grids_goes_to_who_may_have_it(desk):
    report(desk, category="LAW")
    take(desk, "accept")
    with pytest.raises(NotInCatalogueError, match="VILLAGE or TOWN"):
        take(desk, "dispatch")
    with pytest.raises(InvalidInputError, match=CELL):
        take(desk, "dispatch", area_code=FOREIGN)
    assert take(desk, "dispatch", area_code=NORTH).held_by == NORTH


def test_an_area_without_a_team_says_how_to_add_one(desk):
    report(desk, lon=120.007)
    take(desk, "accept")
    with pytest.raises(MissingDataError, match="fengqiao team add"):
        take(desk, "dispatch")


def test_a_team_of_the_platform_comes_before_the_general_one(desk):
    add_team(desk, ADMIN, name="派出所", area_code=CELL, platform=Platform.PUBLIC_ORDER, now=NOW)
    add_team(desk, ADMIN, name="城管中队", area_code=CELL, platform=Platform.ENFORCEMENT, now=NOW)
    report(desk)
    take(desk, "accept")
    take(desk, "dispatch")
    assert report_history(desk, take(desk, "start").id)[2].note.startswith("to 派出所")


def test_an_escalated_report_is_accepted_by_the_higher_tier_only(desk):
    report(desk)
    take(desk, "accept", by=VILLAGER)
    made = take(desk, "escalate", by=VILLAGER, note="超出村里职责")
    assert made.held_by == HOME
    assert "accept" not in possible_steps(made, VILLAGER)
    with pytest.raises(InvalidStateError):
        take(desk, "accept", by=VILLAGER)
    take(desk, "accept")
    with pytest.raises(ForbiddenError):
        take(desk, "dispatch", by=VILLAGER, area_code=HOME)
    assert take(desk, "escalate", note="请县里协调").held_by == HOME[:6]
    assert take(desk, "accept", by=COUNTY).state == "ACCEPTED"


def test_merging_links_and_ends(desk):
    first, second = report(desk), report(desk, "w2")
    done = report(desk, "w3")
    take(desk, "close_on_the_spot", key="w3")
    for into in ("w1", done.report_key):
        with pytest.raises(InvalidInputError):
            take(desk, "merge", into=into)
    take(desk, "merge", into="w2")
    assert (first.state, first.merged_into, first.closed_at) == ("MERGED", second.id, NOW)
    assert desk.scalar(sa.select(ReportLink.other_id).where(ReportLink.kind == "MERGED")) == second.id
    assert possible_steps(first, OFFICER) == ()


def test_supervision_only_rises_until_it_is_cancelled(desk):
    made = report(desk)
    take(desk, "supervise", supervision="YELLOW")
    for lower in ("YELLOW", "ORDINARY", "NONE"):
        with pytest.raises(InvalidStateError) as caught:
            take(desk, "supervise", supervision=lower)
        assert caught.value.allowed == ("RED",)
    take(desk, "supervise", supervision="RED")
    assert "supervise" not in possible_steps(made, OFFICER)
    take(desk, "cancel_supervision", note="已整改")
    assert take(desk, "supervise", supervision="ORDINARY").supervision == "ORDINARY"


def test_more_time_is_asked_for_granted_and_refused(desk):
    made = report(desk)  # due on Thursday, 12 March 2026
    take(desk, "request_extension", days=2, note="缺配件")
    with pytest.raises(InvalidStateError):
        take(desk, "request_extension", days=3, note="又")
    take(desk, "approve_extension")
    assert made.extended_until == datetime.fromisoformat("2026-03-16T17:30+08:00")
    assert made.due_at == datetime.fromisoformat("2026-03-12T17:30+08:00")
    take(desk, "request_extension", days=1, note="再延")
    assert take(desk, "refuse_extension", note="不同意").extension == "REFUSED"
    assert made.extended_until == datetime.fromisoformat("2026-03-16T17:30+08:00")


def test_other_marks(desk):
    made = report(desk)
    take(desk, "set_urgency", urgency="URGENT")
    take(desk, "set_scale", scale=2)
    take(desk, "mark_legacy")
    assert (made.urgency, made.scale, made.legacy, made.revision) == ("URGENT", 2, True, 4)
    for step, details in (
        ("set_urgency", {"urgency": "URGENT"}),
        ("set_scale", {"scale": 2}),
        ("mark_legacy", {}),
    ):
        with pytest.raises(InvalidStateError):
            take(desk, step, **details)
    for wrong in ({"days": 0}, {"scale": 4}, {"supervision": "BLUE"}, {"note": "x" * 2_001}, {"note": "\x00"}):
        with pytest.raises(InvalidInputError):
            StepDetails(**wrong)


DETAILS = StepDetails(note="n", into="target", days=1, satisfaction="YES", scale=1, urgency="URGENT")


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.sampled_from([*TRANSITIONS, *MARKS]), min_size=5, max_size=25),
    degrees=st.lists(st.sampled_from(list(Supervision)), min_size=25, max_size=25),
)
def test_no_path_leaves_the_table(desk, steps, degrees):
    with desk.begin_nested() as nested:
        made = report(desk)
        report(desk, "target")
        for step, degree in zip(steps, degrees, strict=False):
            before, revision, rank = made.state, made.revision, list(Supervision).index(made.supervision)
            details = StepDetails(**(vars(DETAILS) | {"supervision": degree}))
            try:
                take_step(desk, OFFICER, "w1", step, details, now=NOW)
            except (InvalidStateError, InvalidInputError):
                assert (made.state, made.revision) == (before, revision)
                continue
            assert made.state == before if step in MARKS else made.state in LEAVES_TO[before]
            assert made.revision == revision + 1
            assert step == "cancel_supervision" or list(Supervision).index(made.supervision) >= rank
        history = report_history(desk, made.id)
        assert history[-1].state == made.state
        assert all(b.state in LEAVES_TO[a.state] for a, b in pairwise(history) if b.step in TRANSITIONS)
        nested.rollback()


def test_the_catalogue_is_loaded_once_and_changed_by_its_key(desk, tmp_path):
    assert load_catalogue(desk, ADMIN, now=NOW).unchanged == len(read_catalogue())
    table = tmp_path / "items.csv"
    head = "category,subtype,name,levels,deadline,unit,platform\n"
    table.write_text(f"{head}LAW,,法律咨询,TOWN,3,WORKING_DAYS,\nLAW,公证,公证,TOWN,1,DAYS,SERVICE\n", encoding="utf-8")
    counts = load_catalogue(desk, ADMIN, table, now=NOW)
    assert (counts.inserted, counts.updated, counts.unchanged) == (1, 1, 0)
    item = desk.scalars(sa.select(CatalogueItem).where(CatalogueItem.name == "法律咨询")).one()
    assert (item.levels, item.platform) == (["TOWN"], None)
    with pytest.raises(ForbiddenError):
        load_catalogue(desk, HOME_ADMIN, now=NOW)
    for row in ("LAW,,x,MOON,3,DAYS,", "LAW,,x,TOWN,0,DAYS,", "LAW,,,TOWN,1,DAYS,", "LAW,,x,TOWN,1,DAYS,\n" * 2, ""):
        table.write_text(f"{head}{row}", encoding="utf-8")
        with pytest.raises(InvalidInputError):
            load_catalogue(desk, ADMIN, table, now=NOW)
    for content in (b"category,name\n", b"\xff\xfe\x00"):
        table.write_bytes(content)
        with pytest.raises(UnreadableFileError):
            load_catalogue(desk, ADMIN, table, now=NOW)


def test_teams_are_offices_of_ones_own_area(desk):
    assert {team.area_code for team in list_teams(desk, Scope(f"{NORTH}002"))} == {HOME, NORTH}
    again = add_team(desk, HOME_ADMIN, name="枫源村委会", area_code=NORTH, phone="0575-1", now=NOW)
    assert (again.phone, len(list_teams(desk, Scope()))) == ("0575-1", 3)
    with pytest.raises(ForbiddenError):
        add_team(desk, HOME_ADMIN, name="x", area_code=AWAY, now=NOW)
    for name, area in (("", HOME), ("x", "12345"), ("x", f"{HOME}x01")):
        with pytest.raises(InvalidInputError):
            add_team(desk, ADMIN, name=name, area_code=area, now=NOW)


def test_two_officers_at_once_do_not_overwrite_each_other(desk):
    made = report(desk)
    desk.execute(
        sa.update(Report).where(Report.id == made.id).values(revision=9),
        execution_options={"synchronize_session": False},
    )
    with pytest.raises(sa.orm.exc.StaleDataError):
        take(desk, "accept")
