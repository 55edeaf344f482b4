"""Repeats by array are the ones that a plain look at all pairs finds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from layers.statistics.repeats import repeats_at_text, repeats_near

DAY = 86_400_000_000
REPORTS = st.integers(1, 40).flatmap(
    lambda n: st.tuples(
        arrays(np.int64, n, elements=st.integers(-60, 60)),
        arrays(np.int64, n, elements=st.integers(-60, 60)),
        arrays(np.int64, n, elements=st.integers(0, 1)),
        arrays(np.int64, n, elements=st.integers(0, 70)),
    )
)


@given(REPORTS)
def test_every_pair_is_found(drawn):
    """Steps of 7 m, so that none lies on the edge of the 50 m."""
    column, row, kind, day = drawn
    lon, lat = 120.0 + column * 7 / 96_000, 29.8 + row * 7 / 111_195
    order = np.arange(len(lon))
    expected = [
        any(
            kind[i] == kind[j]
            and (day[j], j) < (day[i], i)
            and day[i] - day[j] <= 30
            and np.hypot((lon[i] - lon[j]) * np.cos(np.radians(lat[i])), lat[i] - lat[j]) * 111_195 <= 50
            for j in order
        )
        for i in order
    ]
    assert repeats_near(lon, lat, kind, day * DAY, order).tolist() == expected
    turn = np.random.default_rng(0).permutation(len(lon))
    turned = repeats_near(lon[turn], lat[turn], kind[turn], day[turn] * DAY, order[turn])
    assert turned.tolist() == np.array(expected)[turn].tolist()


def test_texts_repeat_within_thirty_days_and_points_may_be_missing():
    text = np.array(["a", "a", "a", None, None, "", ""], dtype=object)
    kind, day = np.array([0, 0, 1, 0, 0, 0, 0]), np.array([0, 30, 1, 0, 0, 0, 0]) * DAY
    assert repeats_at_text(text, kind, day, np.arange(7)).tolist() == [False, True] + [False] * 5
    nowhere = np.array([np.nan, np.inf])
    assert not repeats_near(nowhere, nowhere, np.zeros(2, int), np.zeros(2, int), np.arange(2)).any()
    assert repeats_near(np.empty(0), np.empty(0), np.empty(0, int), np.empty(0, int), np.empty(0, int)).shape == (0,)
