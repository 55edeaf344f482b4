"""Heatmaps of the tiny world's reports, on both databases."""

from datetime import timedelta

import numpy as np
import pytest
import sqlalchemy as sa

import world
from geo.errors import DensityError
from layers.access import EVERYWHERE, Scope
from layers.assignment import assign_all
from layers.density import heatmap
from layers.errors import InvalidInputError, MissingDataError
from layers.tables import Report


def heat(session, scope=EVERYWHERE, **options):
    window = {"since": world.NOW - timedelta(days=1), "until": world.NOW + timedelta(days=1)}
    return heatmap(session, scope, as_of=world.TODAY, **(window | options))


def test_the_peak_lies_where_the_report_is_and_has_the_kernels_height(session):
    world.add_world(session)
    found = heat(session, bandwidth_m=100, cell_m=10)
    row, col = np.unravel_index(found.values.argmax(), found.values.shape)
    west, south, east, north = found.bounds
    rows, cols = found.values.shape
    lon, lat = world.point(150, 150)
    assert west + (col + 0.5) * (east - west) / cols == pytest.approx(lon, abs=2e-4)
    assert north - (row + 0.5) * (north - south) / rows == pytest.approx(lat, abs=2e-4)
    assert found.values.max() == pytest.approx(3 / np.pi * 100, rel=0.01)  # 3/π per (100 m)²


def test_sum_over_cells_is_the_number_of_reports_inside(session):
    world.add_world(session)
    session.execute(sa.delete(Report).where(Report.report_key != "r0"))
    found = heat(session, bandwidth_m=100, cell_m=10)
    west, south, east, north = found.bounds
    height_km = (north - south) * 110.849  # kilometres a degree at 29.8° on the WGS 84 ellipsoid
    width_km = (east - west) * 96.679
    assert found.values.sum() * height_km * width_km / found.values.size == pytest.approx(1.0, rel=0.005)


def test_a_report_outside_the_frame_counts_where_its_kernel_reaches_in(session):
    world.add_world(session)
    assert heat(session, bandwidth_m=100).reports == 2
    assert heat(session, bandwidth_m=100).unplaced == 1


def test_only_the_scope_the_window_and_the_category_count(session):
    world.add_world(session)
    assign_all(session, as_of=world.TODAY)
    assert heat(session, Scope(world.WEST)).reports == 1
    assert heat(session, category="SAFETY").values.max() == 0
    assert heat(session, category="SAFETY").breaks.size == 0
    assert heat(session, until=world.NOW).reports == 0


def test_unusable_questions_are_refused(session):
    with pytest.raises(MissingDataError):
        heat(session)
    world.add_boundaries(session)
    with pytest.raises(InvalidInputError, match="window"):
        heat(session, since=world.NOW, until=world.NOW)
    with pytest.raises(InvalidInputError, match="bandwidth"):
        heat(session, bandwidth_m=0)
    with pytest.raises(InvalidInputError, match="cells"):
        heat(session, shape=(10_000, 10_000))
    with pytest.raises(DensityError):
        heat(session, kernel="round")
