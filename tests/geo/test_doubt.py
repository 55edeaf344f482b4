"""Points that lie elsewhere than their kind."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.doubt import doubtful_points


@pytest.fixture
def beats():
    """Two beats of 200 points each, 10 km apart, 1 km wide; the last point of either lies in the other."""
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.uniform(0, 1000, 200), rng.uniform(10_000, 11_000, 200)])
    y = rng.uniform(0, 1000, 400)
    x[199], x[399] = 10_500, 500
    return x, y, np.repeat(["north", "south"], 200)


def test_points_in_another_beat_are_found_and_no_others(beats):
    x, y, beat = beats
    assert np.flatnonzero(doubtful_points(x, y, beat)).tolist() == [199, 399]


def test_the_order_of_rows_and_the_place_on_earth_do_not_matter(beats):
    x, y, beat = beats
    order = np.random.default_rng(2).permutation(400)
    moved = doubtful_points(x[order] + 5e5, y[order] - 3e6, beat[order])
    assert (moved == doubtful_points(x, y, beat)[order]).all()


def test_small_or_unknown_groups_say_nothing():
    x, y = np.array([0.0, 1, 2, 9e5]), np.zeros(4)
    assert not doubtful_points(x, y, ["a"] * 4).any()
    assert not doubtful_points(np.arange(10) * 1e5, np.zeros(10), [None, "", float("nan")] * 3 + [None]).any()
    assert doubtful_points(np.zeros(0), np.zeros(0), []).tolist() == []


def test_many_addresses_at_one_point_are_a_pile():
    x, y = np.r_[np.zeros(6), np.arange(1, 7) * 50.0], np.zeros(12)
    areas = ["a", "b", "c", "d", "e", "f"] * 2
    texts = [f"street {at}" for at in range(12)]
    assert np.flatnonzero(doubtful_points(x, y, areas, texts=texts)).tolist() == [0, 1, 2, 3, 4, 5]
    assert not doubtful_points(x, y, areas, texts=["one house"] * 12).any()


@given(st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=40))
def test_points_at_one_place_are_believed_and_broken_ones_are_not(values):
    x = np.array([*values, np.nan])
    assert doubtful_points(np.r_[np.zeros(20), np.inf], np.zeros(21), ["a"] * 21).tolist() == [False] * 20 + [True]
    assert doubtful_points(x, x, ["a"] * len(x))[-1]
