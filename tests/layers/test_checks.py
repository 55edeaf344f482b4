"""Findings on the tiny world, with the place of each."""

import pytest
import shapely
import sqlalchemy as sa

import world
from layers.access import EVERYWHERE, Scope
from layers.checks import check_grids
from layers.errors import MissingDataError
from layers.geometry import to_sql
from layers.tables import Grid


def redraw(session, code, shape):
    geom = to_sql(world.multi(world.degrees([shape])))[0]
    session.execute(sa.update(Grid).where(Grid.code == code).values(geom=geom))


def check(session, scope=EVERYWHERE):
    return check_grids(session, scope, as_of=world.TODAY)


def test_a_nested_coverage_has_no_findings(session):
    world.add_boundaries(session)
    assert check(session).empty


def test_a_gap_between_villages_is_found_with_its_place_and_size(session):
    world.add_boundaries(session)
    redraw(session, world.EAST, shapely.box(1010, 0, 2000, 600))
    found = check(session)
    gap = found[found["kind"] == "gap"]
    assert gap["area_m2"].tolist() == pytest.approx([6000.0], rel=1e-3)
    lon, lat = world.point(1005, 300)
    assert gap.geometry.iloc[0].contains(shapely.Point(lon, lat))


def test_an_overlap_names_both(session):
    world.add_boundaries(session)
    redraw(session, world.EAST, shapely.box(990, 0, 2000, 600))
    overlap = check(session).query("kind == 'overlap'")
    assert overlap["codes"].tolist() == [f"{world.WEST}, {world.EAST}"]
    assert overlap["area_m2"].tolist() == pytest.approx([6000.0], rel=1e-3)


def test_a_village_that_leaves_its_town_is_found(session):
    world.add_boundaries(session)
    redraw(session, world.EAST, shapely.box(1000, 0, 2100, 600))
    found = check(session)
    assert found.loc[found["kind"] == "crosses_parent", "codes"].str.startswith(world.EAST).all()
    assert (found["kind"] == "crosses_parent").sum() == 1


def test_only_the_scope_is_looked_at(session):
    world.add_boundaries(session)
    redraw(session, world.EAST, shapely.box(990, 0, 2000, 600))
    assert "overlap" not in check(session, Scope(world.WEST))["kind"].tolist()


def test_an_empty_database_names_the_command(session):
    with pytest.raises(MissingDataError, match="load boundaries"):
        check(session)
