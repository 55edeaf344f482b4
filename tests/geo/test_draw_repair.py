"""Grids out of the band are brought back into it, and what lies far from them stays."""

import numpy as np
import pytest

from geo.draw.ground import new_plan
from geo.draw.search import Field, _misfits, _repair
from tests.geo.test_draw import pieces, squares
from tests.geo.test_draw_anew import laid_out

STRIP = squares(48, 4)  # 192 blocks of 10 households, for 12 grids of 160
COLUMN = (STRIP.centroid.x // 100).astype(int).to_numpy()


@pytest.fixture(scope="module")
def field():
    ground, weights = laid_out(STRIP)
    centre = np.column_stack([STRIP.centroid.x, STRIP.centroid.y])
    return Field(ground, weights, np.zeros(12, bool), centre)


def test_a_grid_too_large_gives_to_its_neighbours(field):
    before = (COLUMN // 4).astype(np.int32)
    before[COLUMN == 4] = 0  # 200 and 120 households
    plan = new_plan(before, 12, field.ground, field.weights)
    assert np.flatnonzero(_misfits(field, plan)).tolist() == [0, 1]
    _repair(field, plan, 0, (0.08, 0.001), 5)
    assert not _misfits(field, plan).any()
    assert (pieces(STRIP, plan.label) == 1).all()
    assert (plan.label[COLUMN >= 40] == before[COLUMN >= 40]).all()  # a neighbourhood has six grids at most


def test_a_plan_in_band_stays_as_it_is(field):
    plan = new_plan((COLUMN // 4).astype(np.int32), 12, field.ground, field.weights)
    before = plan.label.copy()
    _repair(field, plan, 0, (0.08, 0.001), 5)
    assert (plan.label == before).all()
