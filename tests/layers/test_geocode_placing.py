"""Reports homed by their texts, and those that wait for an officer."""

from __future__ import annotations

import pytest
import shapely
import sqlalchemy as sa
from geoalchemy2.shape import to_shape

import world
from layers.access import OPERATOR
from layers.assignment import assign_all, locate_report
from layers.geocode import library_for, place_report
from layers.geometry import to_sql
from layers.plans.converting import convert_villages
from layers.tables import Assignment, Grid, Report, ReportCandidate
from tests.geocode_town import E1, W1, W2, add_town


@pytest.fixture
def town(session):
    add_town(session)
    return session


def report(session, text, point=None):
    lon, lat = point or (None, None)
    row = Report(
        report_key=f"{text}{point}", reported_at=world.NOW, category="DISPUTE", source="PUBLIC", state="REPORTED",
        address_text=text, digest="", geom=None if point is None else to_sql([shapely.Point(point)])[0],
    )  # fmt: skip
    locate_report(session, row, as_of=world.TODAY, lon=lon, lat=lat)
    place_report(session, row, library_for(session, world.TODAY))
    session.add(row)
    session.flush()
    return row


def candidates(session, row):
    return session.scalars(
        sa.select(ReportCandidate).where(ReportCandidate.report_id == row.id).order_by(ReportCandidate.rank)
    ).all()


def test_a_sure_text_homes_its_report(town):
    row = report(town, "枫溪镇西村枫溪路7号")
    assert (row.assignment, row.grid_code, row.village_code) == ("ADDRESS", W2, world.WEST)
    assert (row.address_level, row.address_key, row.radius_m) == ("NUMBER", "f7", 20)
    assert row.confidence > 0.98
    place = to_shape(row.geom)
    assert (place.x, place.y) == pytest.approx(world.point(650, 310), abs=1e-6)
    assert candidates(town, row) == []


def test_a_doubtful_text_waits_with_its_candidates(town):
    row = report(town, "枫溪镇枫溪路")
    assert (row.assignment, row.grid_code, row.village_code, row.geom) == ("REVIEW", None, None, None)
    found = candidates(town, row)
    assert [one.rank for one in found] == [1, 2, 3, 4]
    assert {one.grid_code for one in found} == {W1, W2, E1, f"{world.EAST}002"}
    assert found[0].trace[0][:3] == ["枫溪镇", "枫溪镇", "exact"]


def test_a_text_without_meaning_waits_and_no_text_has_no_place(town):
    assert report(town, "老地方").assignment == "REVIEW"
    assert report(town, None).assignment == "NO_PLACE"
    assert report(town, "  ").assignment == "NO_PLACE"


def test_a_point_is_believed_unless_its_text_lies_elsewhere(town):
    near = report(town, "枫溪镇西村枫溪路7号", world.point(680, 350))
    assert (near.assignment, near.grid_code) == ("INSIDE", W2)
    far = report(town, "枫溪镇西村枫溪路7号", world.point(1800, 350))
    assert (far.assignment, far.grid_code) == ("REVIEW", f"{world.EAST}002")
    assert [one.grid_code for one in candidates(town, far)] == [W2, f"{world.EAST}002"]
    assert candidates(town, far)[1].trace == [["point", "", "contradiction", 0.0]]
    assert report(town, "说不清的地方", world.point(680, 350)).assignment == "INSIDE"


def test_what_an_officer_decided_stays(town):
    row = report(town, "枫溪镇枫溪路")
    row.assignment, row.grid_code = Assignment.REVIEWED, E1
    place_report(town, row, library_for(town, world.TODAY))
    assert (row.assignment, row.grid_code) == ("REVIEWED", E1)
    assign_all(town, as_of=world.TODAY)
    assert (row.assignment, row.grid_code) == ("REVIEWED", E1)


def test_assigning_homes_loaded_reports_by_their_texts_and_again_when_grids_change(town):
    texts = {"a": "枫溪镇西村枫溪路7号", "b": "枫溪镇枫溪路", "c": None}
    for key, text in texts.items():
        town.add(
            Report(report_key=key, reported_at=world.NOW, category="DISPUTE", source="PUBLIC", state="REPORTED",
                   address_text=text, digest="", assignment="NO_PLACE")
        )  # fmt: skip
    town.flush()
    count = assign_all(town, as_of=world.TODAY)[-1]
    assert (count.rows, count.by_address, count.in_review, count.no_place) == (3, 1, 1, 1)
    assert (count.in_grid, count.moved) == (1, 2)
    assert assign_all(town, as_of=world.TODAY)[-1].moved == 0
    town.execute(sa.update(Grid).where(Grid.code == W2).values(code=f"{world.WEST}009", revision=Grid.revision + 1))
    assert assign_all(town, as_of=world.TODAY)[-1].moved == 1
    assert town.scalar(sa.select(Report.grid_code).where(Report.report_key == "a")) == f"{world.WEST}009"


def test_a_text_with_the_old_name_of_a_converted_village_finds_its_new_grid(town):
    new, now = f"{world.TOWN}009", world.NOW
    names = {new: "新民社区"}
    convert_villages(town, OPERATOR, {world.WEST: new}, valid_from=world.TODAY, now=now, today=world.TODAY, names=names)
    library = library_for(town, world.TODAY)
    for text in ("西村枫溪路7号", "枫溪镇西村枫溪路7号", "新民社区枫溪路7号"):
        found = library.geocode([text])[0]
        assert (found.address_key, found.village_code, found.grid_code) == ("f7", new, f"{new}002")
        assert found.accepted


def test_points_far_from_their_declared_area_are_queued_and_stay_there(town):
    places = [world.point(100 + 10 * at, 100) for at in range(30)] + [world.point(100, 200), (121.9, 29.8)]
    for at, place in enumerate(places):
        town.add(
            Report(report_key=f"r{at}", reported_at=world.NOW, category="DISPUTE", source="PUBLIC", state="REPORTED",
                   address_text=f"{at} main st", digest="", village_code="beat 7",
                   geom=to_sql([shapely.Point(place)])[0])
        )  # fmt: skip
    town.flush()
    for _ in range(2):
        count = assign_all(town, as_of=world.TODAY)[-1]
        assert count.in_review == 1
        row = town.scalar(sa.select(Report).where(Report.assignment == Assignment.REVIEW))
        assert row.report_key == "r31"
        assert [one.trace for one in candidates(town, row)] == [[["point", "", "elsewhere", 0.0]]]
