"""Bursts and look-alikes: what deserves a look."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from scipy.stats import gamma, poisson

from layers.access import EVERYWHERE
from layers.statistics.bursts import find_bursts
from layers.statistics.read import read_week
from layers.statistics.weeks import Week
from tests.layers.statistics.conftest import at
from tests.two_towns import NORTH

WEEK = Week.parse("2026-W20")


def test_the_prediction_is_the_poisson_rate_averaged_over_its_posterior():
    history = np.full((1, 26), 2.0)
    found = find_bursts(np.array([7.0]), history, np.array([26]))
    rates = np.linspace(1e-6, 12, 400_001)  # posterior of the rate: gamma with shape S + 1/2 and rate n
    density = gamma.pdf(rates, 52.5, scale=1 / 26)
    assert found.p[0] == pytest.approx(np.trapezoid(poisson.sf(6, rates) * density, rates), rel=1e-6)
    assert found.expected[0] == 2
    assert found.flagged[0]


def test_a_restless_past_makes_a_week_less_surprising():
    calm, restless = np.full(26, 4.0), np.tile([0.0, 8.0], 13)
    found = find_bursts(np.array([11.0, 11.0]), np.array([calm, restless]), np.array([26, 26]))
    assert found.p[0] < 0.01 < found.p[1]
    assert found.flagged.tolist() == [True, False]


def test_few_reports_and_a_short_past_are_never_flagged():
    history = np.zeros((3, 26))
    found = find_bursts(np.array([4.0, 50.0, 50.0]), history, np.array([26, 7, 26]))
    assert found.flagged.tolist() == [False, False, True]
    assert np.isnan(found.expected[1])


def test_among_many_areas_chance_is_expected():
    """One area alone with p of about 0.03 is flagged; among a hundred quiet ones it is not."""
    alone = find_bursts(np.array([9.0]), np.full((1, 26), 4.0), np.array([26]))
    assert 0.02 < alone.p[0] < 0.05
    assert alone.flagged[0]
    many = find_bursts(np.array([9.0] + [4.0] * 99), np.full((100, 26), 4.0), np.full(100, 26))
    assert not many.flagged.any()


def test_bursts_and_look_alikes_of_stored_reports(world, course):
    cell, other = f"{NORTH}001", f"{NORTH}002"
    for week in range(1, 11):
        for i, code in enumerate((cell, other)):
            day = at("2026-05-11 08:00") - timedelta(weeks=week)
            course(f"{week}-{i}", cell=code, report=f"{day:%Y-%m-%d %H:%M}")
    for i in range(9):
        course(f"same{i}", report="2026-05-12 08:00", more={"description": "路灯不亮，请派人来修。"})
    course("unlike", cell=other, report="2026-05-12 08:00", more={"description": "垃圾没有人收。"})
    found = read_week(world, EVERYWHERE, WEEK, level="CELL", now=at("2026-06-20 12:00"))
    codes = list(found.level.areas.codes)
    one, two = codes.index(cell), codes.index(other)
    assert found.bursts.count[[one, two]].tolist() == [9, 1]
    # The towns' own first reports came on 1 March, in the ninth week of the year: ten full weeks lie between.
    assert found.bursts.weeks[one] == 10
    assert found.bursts.flagged[[one, two]].tolist() == [True, False]
    assert found.alike[[one, two]].tolist() == [8, 0]
