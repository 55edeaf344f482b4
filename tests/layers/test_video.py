"""What cameras see of the tiny world, stored and read back, on both databases."""

import math

import pytest
import sqlalchemy as sa

import world
from layers.access import EVERYWHERE, Scope
from layers.assignment import assign_all
from layers.errors import MissingDataError
from layers.tables import Camera
from layers.video import compute_sight, coverage_by_grid, gap_frame, isovist_frame


def compute(session, scope=EVERYWHERE):
    assign_all(session, as_of=world.TODAY)
    return compute_sight(session, scope, as_of=world.TODAY, now=world.NOW)


def test_isovists_stop_at_the_wall_and_fill_the_circle_where_nothing_stands(session):
    world.add_world(session)
    count = compute(session)
    assert (count.cameras, count.unknown) == (2, 0)
    area = isovist_frame(session, EVERYWHERE).set_index("camera_id")["area_m2"]
    # Ten metres to a wall 60 m long, seen under 90°: the triangle before it, half of 20 m by 10 m.
    assert area["33069900001321000001"] == pytest.approx(100.0, rel=0.01)
    assert area["33069900001321000002"] == pytest.approx(math.pi * 40**2, rel=0.005)


def test_settled_ground_is_what_lies_near_buildings(session):
    world.add_world(session)
    compute(session)
    rows = coverage_by_grid(session, EVERYWHERE).set_index("grid_code")
    # The school is 60 m by 20 m; 30 m around it is settled, less the school itself.
    expected = 2 * 30 * (60 + 20) + math.pi * 30**2
    assert rows.loc[world.WEST, "settled_m2"] == pytest.approx(expected, rel=0.03)
    assert rows.loc[world.WEST, "seen_share"] == pytest.approx(100 / expected, rel=0.05)
    assert rows.loc[world.EAST, "settled_m2"] == 0
    assert math.isnan(rows.loc[world.EAST, "seen_share"])
    assert rows["cameras"].tolist() == [1, 1]


def test_the_gap_around_the_school_is_ranked_and_counts_its_households(session):
    world.add_world(session)
    compute(session)
    gaps = gap_frame(session, EVERYWHERE)
    assert gaps["rank"].tolist() == [1]
    assert gaps["village_code"].tolist() == [world.WEST]
    assert gaps.geometry.is_valid.all()


def test_removed_cameras_and_unknown_directions_see_nothing(session):
    world.add_world(session)
    session.execute(sa.update(Camera).where(Camera.ptz_type == 1).values(asset_state=3))
    session.execute(sa.update(Camera).where(Camera.ptz_type == 3).values(bearing_deg=None, fov_deg=None))
    count = compute(session)
    assert (count.cameras, count.unknown, count.seen_m2) == (1, 1, 0)
    assert isovist_frame(session, EVERYWHERE).empty


def test_computing_again_replaces_only_the_scope(session):
    world.add_world(session)
    compute(session)
    compute(session, Scope(world.WEST))
    assert len(isovist_frame(session, EVERYWHERE)) == 2
    assert len(coverage_by_grid(session, EVERYWHERE)) == 2
    assert coverage_by_grid(session, Scope(world.EAST))["grid_code"].tolist() == [world.EAST]
    assert isovist_frame(session, Scope("330699002")).empty
    assert gap_frame(session, Scope("330699002")).empty


def test_without_boundaries_the_command_that_helps_is_named(session):
    with pytest.raises(MissingDataError, match="load boundaries"):
        compute_sight(session, as_of=world.TODAY, now=world.NOW)
