"""How likely the grid of an answer is right, from what speaks for and against it."""

from __future__ import annotations

import numpy as np

from layers.geocode.rows import Array

FEATURES = (
    "logit_share", "other_grids", "unmatched_names", "unmatched_numbers", "unread", "strange", "foreign", "fuzzy",
    "known", "no_number",
)  # fmt: skip

# Logistic regression on noisy addresses of generated towns, other ones than bench/geocode.py scores.
WEIGHTS = np.array([0.172, -5.156, -3.725, -1.202, -0.439, -2.948, -4.673, -0.588, 0.365, 0.811])
BIAS = 3.029
_CAP = 0.9995


def probabilities(features: Array) -> Array:
    """(n,) probabilities of the right grid for (n, k) features, 0 … 0.9995."""
    total = features @ WEIGHTS + BIAS
    out: Array = np.minimum(1.0 / (1.0 + np.exp(-np.clip(total, -30, 30))), _CAP)
    return out
