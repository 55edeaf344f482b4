"""What cannot be put in band, by hand; the band is 270 to 330."""

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.draw import feasibility, separate_parts


def row(*blocks, **size):
    return feasibility(list(blocks), ["a"] * len(blocks), **size).iloc[0]


def test_an_oversize_block_is_a_grid_out_of_band_and_the_rest_is_counted_without_it():
    found = row(700, 150, 150, 300)
    assert (found.verdict, found.oversize, found.out_of_band, found.best) == ("oversize", 1, 1, 3)
    assert found.min_deviation == 400 / 300


def test_what_is_too_small_beside_an_oversize_block_goes_to_it():
    found = row(400, 100)
    assert (found.best, found.out_of_band, found.min_deviation) == (1, 1, 200 / 300)


def test_an_oversize_block_does_not_hide_that_the_rest_does_not_fit():
    found = row(400, 200, 250)
    assert (found.verdict, found.best, found.out_of_band) == ("oversize", 3, 2)


def test_blocks_that_add_up_to_no_grid_are_coarse():
    found = row(*[125] * 12)  # 1,500 households are five grids of 300, but 250 and 375 are what blocks add up to
    assert (found.verdict, found.fewest, found.out_of_band) == ("coarse", 0, 5)
    assert found.min_deviation == 50 / 300
    assert row(*[125] * 12, tolerance=0.2).verdict == "fits"
    assert row(*[62.5] * 24).verdict == "fits"  # 312.5 each


def test_pieces_of_ground_are_told_apart():
    shapes = [shapely.box(0, 0, 1, 1), shapely.box(1, 1, 2, 2), shapely.box(1, 0, 2, 1), shapely.box(9, 9, 10, 10)]
    assert separate_parts(shapes).tolist() == [0, 0, 0, 1]
    assert feasibility([300, 0, 300, 20], separate_parts(shapes)).verdict.tolist() == ["fits", "too_small"]


@given(st.lists(st.integers(0, 700), min_size=1, max_size=12), st.randoms())
def test_the_order_of_blocks_does_not_matter(blocks, random):
    mixed = blocks.copy()
    random.shuffle(mixed)
    one, other = row(*blocks), row(*mixed)
    assert one.equals(other) or np.isclose(one.min_deviation, other.min_deviation)
    assert one.verdict == other.verdict


@given(st.lists(st.integers(1, 330), min_size=1, max_size=8))
def test_coarse_means_that_no_choice_of_blocks_is_a_grid(blocks):
    sums = {sum(b for i, b in enumerate(blocks) if choice >> i & 1) for choice in range(1, 2 ** len(blocks))}
    if row(*blocks).verdict == "coarse":
        assert not any(270 <= total <= 330 for total in sums)
    if row(*blocks).verdict == "fits":
        assert any(270 <= total <= 330 for total in sums)
