"""Open reports follow the offices of where they lie; what was dispatched, closed or dated stays."""

import sqlalchemy as sa

from layers.access import EVERYWHERE
from layers.intake.content import ReportContent
from layers.intake.create import create_report
from layers.tables import Report
from layers.workflow.catalogue import ensure_catalogue
from layers.workflow.duty import give_duties
from layers.workflow.teams import add_missing_teams, add_team, list_teams
from tests.two_towns import ADMIN, NORTH, NOW


def test_reports_that_were_rehomed_get_the_office_of_their_new_grid(world):
    """One by its point and one by its address; a dispatched and a closed one stay, and so does every deadline."""
    assert ensure_catalogue(world, now=NOW) > 20
    assert ensure_catalogue(world, now=NOW) == 0
    old = add_team(world, ADMIN, name="旧", area_code=f"{NORTH}001", now=NOW)
    new = add_team(world, ADMIN, name="新", area_code=f"{NORTH}002", now=NOW)
    places = {key: {"lon": 120.002, "lat": 29.805} for key in ("point", "held", "closed")}
    places["text"] = {"address_text": "枫溪镇和平路12号"}
    reports = {
        key: create_report(world, key=key, content=ReportContent("SAFETY", "PUBLIC", **place), now=NOW, created_by="t")
        for key, place in places.items()
    }
    assert {report.team_id for report in reports.values()} == {old.id}
    assert reports["text"].assignment == "ADDRESS"
    due = {key: report.due_at for key, report in reports.items()}
    reports["held"].held_by, reports["closed"].state = f"{NORTH}001", "CLOSED"
    world.flush()
    world.execute(sa.update(Report).where(Report.report_key.in_(reports)).values(grid_code=f"{NORTH}002"))
    assert give_duties(world, Report.report_key.in_(reports)) == 2
    world.expire_all()
    teams = {key: report.team_id for key, report in reports.items()}
    assert teams == {"point": new.id, "text": new.id, "held": old.id, "closed": old.id}
    assert {key: report.due_at for key, report in reports.items()} == due


def test_every_area_without_an_office_gets_one(world):
    add_team(world, ADMIN, name="旧", area_code=f"{NORTH}001", now=NOW)
    # Two towns, three villages and four grids, one of which has an office.
    assert add_missing_teams(world, ADMIN, as_of=NOW.date(), now=NOW) == 8
    assert add_missing_teams(world, ADMIN, as_of=NOW.date(), now=NOW) == 0
    assert "枫源村网格办公室" in [team.name for team in list_teams(world, EVERYWHERE)]
