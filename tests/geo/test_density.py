from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import density
from geo.density import KERNELS, add, intensity
from geo.errors import DensityError

WORLD = {"bounds": (0.0, 0.0, 400.0, 300.0), "shape": (30, 40)}
COMPACT = {  # straight from the definitions: value at distance u, volume one on the plane
    "quartic": lambda u: 3 / np.pi * np.where(u <= 1, 1 - u**2, 0) ** 2,
    "epanechnikov": lambda u: 2 / np.pi * np.where(u <= 1, 1 - u**2, 0),
    "triangular": lambda u: 3 / np.pi * np.where(u <= 1, 1 - u, 0),
    "uniform": lambda u: (u <= 1) / np.pi,
    "gaussian": lambda u: np.exp(-(u**2) / 2) / (2 * np.pi),
}


def brute(x, y, w, bounds, shape, bandwidth_m, kernel):
    west, south, east, north = bounds
    cx = west + (np.arange(shape[1]) + 0.5) * (east - west) / shape[1]
    cy = north - (np.arange(shape[0]) + 0.5) * (north - south) / shape[0]
    u = np.hypot(cx[None, :, None] - x, cy[:, None, None] - y) / bandwidth_m
    return 1e6 / bandwidth_m**2 * (COMPACT[kernel](u) * w).sum(axis=-1)


@pytest.fixture(params=["direct", "sweep"])
def way(request, monkeypatch):
    monkeypatch.setattr(density, "_SWEEP_FROM", np.inf if request.param == "direct" else 0.0)
    return request.param


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("bandwidth_m", [4.0, 37.0, 110.0, 1000.0])
def test_equals_the_sum_over_all_pairs(way, kernel, bandwidth_m):
    rng = np.random.default_rng(1)
    x, y, w = rng.uniform(-100, 500, 300), rng.uniform(-100, 400, 300), rng.uniform(0, 3, 300)
    expected = brute(x, y, w, **WORLD, bandwidth_m=bandwidth_m, kernel=kernel)
    found = intensity(x, y, w, **WORLD, bandwidth_m=bandwidth_m, kernel=kernel)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * expected.max())


def test_threads_change_nothing(monkeypatch):
    rng = np.random.default_rng(2)
    x, y = rng.uniform(0, 400, 2000), rng.uniform(0, 300, 2000)
    alone = intensity(x, y, **WORLD, bandwidth_m=60)
    monkeypatch.setattr(density, "_SMALL", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    assert np.array_equal(intensity(x, y, **WORLD, bandwidth_m=60), alone)


def test_first_row_is_the_north_and_first_column_the_west(way):
    found = intensity([5.0], [295.0], **WORLD, bandwidth_m=30)
    assert np.unravel_index(found.argmax(), found.shape) == (0, 0)


def test_uniform_kernel_includes_its_rim(way):
    # Cell centres lie 10 m apart, the event on one of them: 3 cells across at distance 10, 1 each above and below.
    found = intensity([205.0], [155.0], **WORLD, bandwidth_m=10, kernel="uniform")
    assert np.count_nonzero(found) == 5
    assert found.max() == pytest.approx(1e6 / (np.pi * 100))


@pytest.mark.parametrize("kernel", KERNELS)
def test_volume_is_the_total_weight(way, kernel):
    found = intensity(
        [180.0, 210.0],
        [140.0, 150.0],
        [2.0, 5.0],
        bounds=(0, 0, 400, 300),
        shape=(600, 800),
        bandwidth_m=20,
        kernel=kernel,
    )
    # The uniform kernel has a jump at its rim, so its cell sum converges slower than the others.
    assert found.sum() * 0.25 / 1e6 == pytest.approx(7, rel=2e-3 if kernel == "uniform" else 1e-4)


@pytest.mark.parametrize("kernel", KERNELS)
def test_nothing_beyond_the_reach(way, kernel):
    found = intensity([5.0] * 50, [150.0] * 50, **WORLD, bandwidth_m=40, kernel=kernel)
    assert (found >= 0).all()
    if kernel != "gaussian":
        assert not found[:, 5:].any()


def test_events_nowhere_add_nothing():
    x, y = [np.nan, np.inf, 50.0, 50.0], [50.0, 50.0, np.nan, 50.0]
    assert np.array_equal(intensity(x, y, **WORLD, bandwidth_m=50), intensity([50.0], [50.0], **WORLD, bandwidth_m=50))


def test_no_events():
    assert not intensity([], [], **WORLD, bandwidth_m=50).any()
    assert not intensity([9e9], [9e9], **WORLD, bandwidth_m=50).any()


@pytest.mark.parametrize("kernel", KERNELS)
def test_added_and_taken_out_again(way, kernel):
    raster = intensity([100.0, 200.0], [100.0, 200.0], **WORLD, bandwidth_m=70, kernel=kernel)
    before = raster.copy()
    assert add(raster, [150.0], [90.0], [3.0], bounds=WORLD["bounds"], bandwidth_m=70, kernel=kernel) is raster
    assert (raster > before).any()
    add(raster, [150.0], [90.0], [-3.0], bounds=WORLD["bounds"], bandwidth_m=70, kernel=kernel)
    np.testing.assert_allclose(raster, before, rtol=0, atol=1e-12 * before.max())


points = st.lists(st.tuples(st.integers(-50, 450), st.integers(-50, 350)), min_size=1, max_size=30)


@given(points, st.randoms(use_true_random=False), st.sampled_from(KERNELS), st.integers(3, 400))
def test_row_order_does_not_matter(events, random, kernel, bandwidth_m):
    shuffled = random.sample(events, len(events))
    first, second = (
        intensity(*np.transpose(rows).astype(float), **WORLD, bandwidth_m=bandwidth_m, kernel=kernel)
        for rows in (events, shuffled)
    )
    assert np.array_equal(first, second)


@given(points, st.sampled_from(KERNELS), st.integers(3, 400))
def test_tied_events_count_as_weight(events, kernel, bandwidth_m):
    x, y = np.transpose(events).astype(float)
    twice = intensity(np.tile(x, 2), np.tile(y, 2), **WORLD, bandwidth_m=bandwidth_m, kernel=kernel)
    once = intensity(x, y, np.full(len(x), 2.0), **WORLD, bandwidth_m=bandwidth_m, kernel=kernel)
    assert np.array_equal(twice, once)


@given(points, points, st.sampled_from(KERNELS), st.integers(3, 400))
def test_parts_sum_to_the_whole(left, right, kernel, bandwidth_m):
    whole, one, two = (
        intensity(*np.transpose(rows).astype(float), **WORLD, bandwidth_m=bandwidth_m, kernel=kernel)
        for rows in (left + right, left, right)
    )
    np.testing.assert_allclose(one + two, whole, rtol=0, atol=1e-12 * max(whole.max(), 1e-300))


@given(points, st.integers(-(2**20), 2**20), st.integers(-(2**20), 2**20), st.sampled_from(KERNELS))
def test_translation_moves_nothing_on_the_raster(events, east, north, kernel):
    x, y = np.transpose(events).astype(float)
    moved = {"bounds": (east, north, east + 400.0, north + 300.0), "shape": WORLD["shape"]}
    here = intensity(x, y, **WORLD, bandwidth_m=64, kernel=kernel)
    there = intensity(x + east, y + north, **moved, bandwidth_m=64, kernel=kernel)
    assert np.array_equal(here, there)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"bandwidth_m": 0}, "positive"),
        ({"bandwidth_m": np.nan}, "positive"),
        ({"bounds": (0, 0, 0, 1)}, "min x"),
        ({"bounds": (0, 0, np.inf, 1)}, "min x"),
        ({"shape": (0, 5)}, "at least one row"),
        ({"kernel": "cosine"}, "quartic, epanechnikov"),
        ({"weights": [np.nan]}, "finite weight"),
        ({"weights": [1.0, 2.0]}, "one length"),
    ],
)
def test_bad_arguments_are_named(change, says):
    arguments = {"weights": None, **WORLD, "bandwidth_m": 10.0, "kernel": "quartic", **change}
    with pytest.raises(DensityError, match=says):
        intensity([1.0], [1.0], **arguments)


@pytest.mark.parametrize("raster", [np.zeros(5), np.zeros((5, 5), dtype=np.float32), np.zeros((8, 8))[:, ::2]])
def test_only_a_raster_of_intensity_can_be_added_to(raster):
    with pytest.raises(DensityError, match="contiguous float64"):
        add(raster, [1.0], [1.0], bounds=(0, 0, 1, 1), bandwidth_m=1)
