"""From a report to the next plan, by the doors that people use: who is responsible follows the new grids."""

from datetime import date, timedelta

import geopandas as gpd
import shapely
import sqlalchemy as sa
from planning import draw, publish

import world
from layers.access import EVERYWHERE, OPERATOR
from layers.assignment import assign_all
from layers.grids import grid_frame
from layers.plans import activate_plans
from layers.reports import ReportContent, create_report
from layers.tables import Address, GridLevel, Report, Team
from layers.workflow import StepDetails, take_step
from layers.workflow.catalogue import ensure_catalogue
from layers.workflow.teams import add_missing_teams

LATER = date(2026, 9, 1)
TEXT = "枫溪镇西村枫溪路12号"
PLACES = {"point": (130, 310), "gap": (870, 310), "done": (130, 300), "sent": (140, 300)}


def test_the_next_plan_brings_open_reports_and_addresses_to_their_new_grids_and_offices(session):
    """A report by its point and one by its address, neither begun; one that was dispatched; one that was closed."""
    world.add_world(session)
    ensure_catalogue(session, now=world.NOW)
    publish(session, draw(session))
    add_missing_teams(session, OPERATOR, as_of=world.TODAY, now=world.NOW)
    for key, place in PLACES.items():
        lon, lat = world.point(*place)
        report(session, key, lon=lon, lat=lat)
    report(session, "text", address_text=TEXT)
    step(session, "done", "close_on_the_spot", note="已当场解决")
    step(session, "sent", "accept")
    step(session, "sent", "dispatch")
    before = stored(session)
    assert {key: row.assignment for key, row in before.items()} == dict.fromkeys(PLACES, "INSIDE") | {"text": "ADDRESS"}
    assert all(row.team == row.grid_code and row.due_at for row in before.values())
    first = {row.grid_code for row in before.values()}

    publish(session, draw(session, target=200), LATER)
    assign_all(session, as_of=LATER - timedelta(days=1))
    assert stored(session) == before, "nothing moves before the day"
    activate_plans(session, today=LATER, now=world.NOW)
    after, cells = stored(session), grid_frame(session, EVERYWHERE, level=GridLevel.CELL, as_of=LATER)
    assert first - set(cells["code"]), "some of their grids are no more"
    address = session.scalars(sa.select(Address.grid_code)).one()
    assert address == around(cells, 230, 290)
    assert after["text"].grid_code == address
    assert after["done"].grid_code == before["done"].grid_code
    for key in ("point", "gap", "sent"):
        assert after[key].grid_code == around(cells, *PLACES[key])
    # A grid that follows no other has no office yet: then the village's is the nearest.
    offices = set(session.scalars(sa.select(Team.area_code)))
    for key in ("point", "gap", "text"):
        code = after[key].grid_code
        assert after[key].team == (code if code in offices else code[:12])
    for key in ("done", "sent"):
        assert after[key].number == before[key].number, "who has dealt with it does not change"
    assert {key: row.due_at for key, row in after.items()} == {key: row.due_at for key, row in before.items()}

    lon, lat = world.point(*PLACES["point"])
    new = report(session, "new", lon=lon, lat=lat)
    assert (new.grid_code, new.team_id) == (after["point"].grid_code, after["point"].number), "as a new one would"


def report(session, key, **place):
    content = ReportContent("SAFETY", "PUBLIC", **place)
    # The plan comes into force later than the clock of this test, so the day is the plan's for the last report.
    now = world.NOW if key != "new" else world.NOW.replace(month=LATER.month, day=LATER.day)
    return create_report(session, key=key, content=content, now=now, created_by="t")


def step(session, key, name, **details):
    take_step(session, OPERATOR, key, name, StepDetails(**details), now=world.NOW)


def stored(session):
    session.expire_all()
    columns = (Report.report_key, Report.grid_code, Report.assignment, Report.due_at, Report.team_id.label("number"))
    rows = session.execute(
        sa.select(*columns, Team.area_code.label("team"))
        .outerjoin(Team, Team.id == Report.team_id)
        .where(Report.report_key.in_([*PLACES, "text"]))
    )
    return {row.report_key: row for row in rows}


def around(cells: gpd.GeoDataFrame, x: float, y: float) -> str:
    """The code of the grid that a place of the plane lies in."""
    (code,) = cells["code"][cells.contains(shapely.Point(*world.point(x, y)))]
    return code
