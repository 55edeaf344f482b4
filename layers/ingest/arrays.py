"""Arrays of Python values, with None where there is nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

Array = np.ndarray


def objects(values: Iterable[Any]) -> Array:
    """(n,) object array, also of values that numpy would spread over a second dimension."""
    listed = list(values)
    out = np.empty(len(listed), dtype=object)
    out[:] = listed
    return out


def nothing(count: int) -> Array:
    """(n,) None."""
    return np.full(count, None, dtype=object)


def is_none(values: Any) -> Array:
    """(n,) bool, where there is nothing."""
    return np.asarray(pd.isna(np.asarray(values, dtype=object)), dtype=bool)


def flags(answers: Iterable[bool]) -> Array:
    """(n,) bool."""
    return np.fromiter(answers, dtype=bool)


def only(row: int, count: int) -> Array:
    """(n,) bool, true for one row."""
    out = np.zeros(count, dtype=bool)
    out[row] = True
    return out
