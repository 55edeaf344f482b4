from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.classify import class_breaks, classify
from geo.errors import GeoError


def test_equal_classes_have_one_width():
    assert class_breaks([0, 1, 10], 2, method="equal").tolist() == [0, 5, 10]


def test_geometric_looks_at_positive_values_only():
    assert class_breaks([-5, 0, 1, 100], 2, method="geometric") == pytest.approx([1, 10, 100])


def test_fixed_edges_stretch_to_the_values():
    assert class_breaks([3, 700], method="fixed", fixed=[10, 50, 100]).tolist() == [3, 50, 700]


def test_ties_merge_classes():
    assert class_breaks([1, 1, 1, 1, 9], 4).tolist() == [1, 9]


@pytest.mark.parametrize("method", ["quantile", "geometric", "equal"])
def test_nothing_to_classify(method):
    assert not len(class_breaks([np.nan, np.inf], method=method))
    assert classify([1.0, np.nan], class_breaks([], method=method)).tolist() == [-1, -1]


def test_a_single_value_is_one_class():
    edges = class_breaks([4, 4], 3)
    assert edges.tolist() == [4, 4]
    assert classify([4, 5], edges).tolist() == [0, -1]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.integers(1, 9))
def test_every_value_has_a_class(values, k):
    for method in ("quantile", "equal"):
        edges = class_breaks(values, k, method=method)
        found = classify(values, edges)
        assert ((found >= 0) & (found < k)).all()


@pytest.mark.parametrize(
    "bad", [{"k": 0}, {"method": "magic"}, {"method": "fixed"}, {"method": "fixed", "fixed": [2, 1]}]
)
def test_bad_arguments(bad):
    with pytest.raises(GeoError):
        class_breaks([1.0, 2.0], **bad)
