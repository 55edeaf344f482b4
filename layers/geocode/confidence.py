"""How likely the grid of an answer is right, from what speaks for and against it."""

from __future__ import annotations

import numpy as np

from layers.geocode.rows import Array

FEATURES = ("share", "margin", "unmatched_names", "unmatched_numbers", "unread", "strange", "foreign", "fuzzy", "known")

# Logistic regression on noisy addresses of generated towns other than those that bench/geocode.py scores.
WEIGHTS = np.array([5.0, 0.25, -1.5, -2.0, -0.15, -0.8, -2.5, -0.4, 1.0])
BIAS = -1.0
_CAP = 0.9995


def probabilities(features: Array) -> Array:
    """(n,) probabilities of the right grid for (n, 9) features, 0 … 0.9995."""
    total = features @ WEIGHTS + BIAS
    out: Array = np.minimum(1.0 / (1.0 + np.exp(-np.clip(total, -30, 30))), _CAP)
    return out
