"""Many reports at once are stored as one after the other would be, whatever is wrong with some of them."""

from datetime import timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from layers.access import EVERYWHERE, Scope
from layers.errors import ForbiddenError, InvalidInputError, KeyReusedError
from layers.intake.content import ReportContent
from layers.intake.create import create_report, create_reports
from layers.intake.ground import Ground, locate_once
from layers.intake.submission import Submission, TakenReport
from layers.reports import report_frame, report_history
from layers.tables import Grid, GridLevel, Outbox, Plan, Report, ReportLink
from layers.workflow.catalogue import load_catalogue
from layers.workflow.teams import add_team
from tests.two_towns import ADMIN, AWAY, HOME, NORTH, NOW, START, box, grid

TEXTS = ("井盖缺失", "井盖丢失", "路灯不亮", None)


def submission(key, *, scope=EVERYWHERE, now=NOW, **changes):
    values = {"category": "SAFETY", "source": "PATROL", "lon": 120.002, "lat": 29.805, "description": "井盖缺失"}
    return Submission(key, ReportContent(**(values | changes)), now, "tester", scope)


def told(session, outcome):
    """What became of each, without numbers."""
    if isinstance(outcome, TakenReport):
        return (
            outcome.report_key,
            outcome.grid_code,
            outcome.assignment,
            [link.report_key for link in outcome.links or ()],
        )
    return type(outcome), str(outcome)


def stream(number=40):
    """A mixed stream: near and far points, addresses only, repeats, and other contents under old keys."""
    rng = np.random.default_rng(4)
    for place in range(number):
        lon, lat = 119.998 + 0.034 * rng.random(), 29.798 + 0.014 * rng.random()
        if place % 5 == 0:
            lon, lat = float(rng.choice([120.0, 120.005, 120.01, 120.02])), 29.805  # on an edge
        here = {"lon": None, "lat": None, "address_text": "和平路12号"} if place % 7 == 0 else {"lon": lon, "lat": lat}
        key = f"s{place - 3 if place % 11 == 10 else place}"
        yield submission(key, description=TEXTS[place % 4], subtype="井盖", **here)
        if place % 6 == 0:
            yield submission(key, description=TEXTS[place % 4], subtype="井盖", **here)


def test_a_batch_ends_as_one_after_the_other_does(world):
    submissions = list(stream())
    nested = world.begin_nested()
    single = []
    for one in submissions:
        try:
            single.append(told(world, create_reports(world, [one])[0]))
        except KeyReusedError as error:
            single.append((KeyReusedError, str(error)))
    links = world.scalar(sa.select(sa.func.count()).select_from(ReportLink))
    events = world.scalar(sa.select(sa.func.count()).select_from(Outbox))
    nested.rollback()
    ground = Ground()
    batch = [told(world, one) for one in create_reports(world, submissions, ground=ground)]
    for first, second in zip(single, batch, strict=True):
        assert first[:3] == second[:3]
    assert sum(isinstance(one[0], type) for one in batch) == 3
    assert world.scalar(sa.select(sa.func.count()).select_from(ReportLink)) == links > 10
    assert world.scalar(sa.select(sa.func.count()).select_from(Outbox)) == events
    numbers = world.scalars(sa.select(Report.id).where(Report.report_key.like("s%"))).all()
    assert len(numbers) == 40 - 3
    assert all(len(report_history(world, number)) == 1 for number in numbers)


def test_one_bad_report_leaves_its_neighbours_alone(world):
    outcome = create_reports(
        world,
        [
            submission("a"),
            submission("b", reported_at=NOW + timedelta(hours=1)),
            submission("c", scope=Scope(AWAY)),
            submission("c", scope=Scope(HOME)),
            submission("line\nbreak"),
            submission("a"),
            submission("a", description="别的"),
            submission("d", scope=Scope(HOME)),
        ],
        ground=Ground(),
    )
    kinds = [TakenReport, InvalidInputError, ForbiddenError, TakenReport, InvalidInputError, TakenReport]
    assert [type(one) for one in outcome] == [*kinds, KeyReusedError, TakenReport]
    assert sorted(report_frame(world, EVERYWHERE, keys=["a", "b", "c", "d"])["report_key"]) == ["a", "c", "d"]
    assert [link.report_key for link in outcome[-1].links] == ["a", "c"]
    assert outcome[3].grid_code == f"{NORTH}001"


def test_deadlines_and_teams_come_with_the_batch(world):
    load_catalogue(world, ADMIN, now=NOW)
    add_team(world, ADMIN, name="枫源村委会", area_code=NORTH, phone="0575-1", now=NOW)
    add_team(world, ADMIN, name="第一网格", area_code=f"{NORTH}001", now=NOW)
    first, second = create_reports(world, [submission("a"), submission("b", category="EMERGENCY")])
    assert (first.duty.team.name, second.duty.team) == ("第一网格", None)
    stored = create_report(world, key="c", content=submission("c").content, now=NOW, created_by="t")
    assert (stored.due_at, stored.team_id) == (first.duty.due_at, first.duty.team.id)
    assert stored.due_at == NOW.replace(day=12, hour=9, minute=30)


@pytest.mark.parametrize("lat", [29.805, 29.8, 29.7997, 29.79])
def test_memory_and_database_agree_on_every_place(world, lat):
    """Inside, on shared edges and corners, 33 m outside and 1 km outside."""
    ground = Ground()
    ground.refresh(world, NOW.date())
    lon = np.array([119.9996, 120.0, 120.002, 120.005, 120.01, 120.02, 120.03, 120.0304, 121.0, np.nan])
    found = ground.locate(world, lon, np.full(len(lon), lat))
    for place, home in zip(lon.tolist(), found, strict=True):
        point = (None, None) if np.isnan(place) else (place, lat)
        assert home == locate_once(world, *point, as_of=NOW.date()), place


def test_the_ground_follows_what_is_published(world):
    ground = Ground()
    lon, lat = np.array([120.002]), np.array([29.805])

    def home(days=0):
        day = NOW.date() + timedelta(days=days)
        ground.refresh(world, day)
        return ground.locate(world, lon, lat)[0].grid_code

    assert home() == f"{NORTH}001"
    before = dict(ground._index)
    assert home() == f"{NORTH}001"
    assert ground._index[GridLevel.CELL] is before[GridLevel.CELL]
    plan = Plan(name="p", scope_code=NORTH, state="PUBLISHED", options={}, created_at=NOW, created_by="t")
    world.add(plan)
    old = world.scalars(sa.select(Grid).where(Grid.code == f"{NORTH}001")).one()
    old.valid_to = NOW.date() + timedelta(days=1)
    new = grid(f"{NORTH}003", "新", GridLevel.CELL, box(120.0, 120.005), valid_from=NOW.date() + timedelta(days=1))
    world.add(new)
    world.flush()
    assert home() == f"{NORTH}001"
    assert home(1) == f"{NORTH}003"
    assert home((START - NOW.date()).days) == f"{NORTH}001"


def test_without_any_grid_nothing_is_found(session):
    ground = Ground()
    ground.refresh(session, NOW.date())
    assert ground.is_empty
    (home,) = ground.locate(session, np.array([120.0]), np.array([29.8]))
    assert (home.assignment, home.distance_m) == ("OUTSIDE", None)
