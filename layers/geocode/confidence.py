"""How likely the grid of an answer is right, from what speaks for and against it."""

from __future__ import annotations

import numpy as np

from layers.geocode.rows import Array

FEATURES = (
    "logit_share", "other_grids", "unmatched_names", "unmatched_numbers", "unread", "strange", "foreign", "fuzzy",
    "known_names", "known_numbers",
)  # fmt: skip

# Logistic regression on 50,000 noisy addresses of eight generated towns, other ones than bench/geocode.py scores, with
# a part of the standard addresses left out of the library; then what share was right at each sum (isotonic).
WEIGHTS = np.array([0.183, -5.065, -3.348, -1.385, -0.377, -2.735, -4.722, -0.383, 0.517, 0.557])
BIAS = 2.249
_SUMS = (-8, -6, -3, -2, -1, 0, 1, 2, 3, 3.5, 4, 4.5, 5, 5.5, 6)
_RIGHT = (0.01, 0.03, 0.12, 0.19, 0.304, 0.538, 0.67, 0.825, 0.93, 0.965, 0.977, 0.99, 0.9945, 0.9985, 0.9995)


def probabilities(features: Array) -> Array:
    """(n,) probabilities of the right grid for (n, k) features, 0.01 … 0.9995."""
    out: Array = np.interp(features @ WEIGHTS + BIAS, _SUMS, _RIGHT)
    return out
