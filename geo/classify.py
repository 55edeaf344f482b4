"""Where a legend changes colour: class breaks of a list of values."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoError

Method = Literal["quantile", "geometric", "equal", "fixed"]


def class_breaks(
    values: ArrayLike, k: int = 5, *, method: Method = "quantile", fixed: ArrayLike = ()
) -> NDArray[np.float64]:
    """Give the edges of at most k classes, ascending.

    Class i holds edges[i] <= value < edges[i + 1]; the last class holds its end too. `quantile` puts about as many
    values into each class, `equal` makes classes of one width, `geometric` of one ratio (it looks at positive values
    only), `fixed` takes the edges given and stretches the outer ones to the values. Equal edges are merged, so tied
    values give fewer classes; a single value gives one class of no width. NaN and infinite values are left out.

    Parameters
    ----------
    values : (n,) any numbers
    k : classes wanted, >= 1; ignored by `fixed`
    method : as above
    fixed : (e,) ascending inner and outer edges, for `fixed` only

    Returns
    -------
    (c + 1,) edges of c <= k classes; empty if no value is usable

    Raises
    ------
    GeoError : k < 1, the method is unknown, or fixed edges are missing or do not ascend

    Examples
    --------
    >>> class_breaks([1, 2, 3, 4, 5, 6, 7, 8, 9], 2).tolist()
    [1.0, 5.0, 9.0]
    >>> class_breaks([1, 30, 100], 2, method="geometric").round(6).tolist()
    [1.0, 10.0, 100.0]
    """
    if k < 1:
        raise GeoError(f"A legend needs at least one class, not {k}.")
    numbers = np.asarray(values, dtype=np.float64).ravel()
    numbers = numbers[np.isfinite(numbers)]
    if method == "geometric":
        numbers = numbers[numbers > 0]
    edges = np.asarray(fixed, dtype=np.float64).ravel()
    if method == "fixed" and (not len(edges) or not (np.diff(edges) > 0).all()):
        raise GeoError("Fixed class edges must be given and ascend.")
    if method not in {"quantile", "geometric", "equal", "fixed"}:
        raise GeoError(f"The method {method!r} is unknown; take quantile, geometric, equal or fixed.")
    if not len(numbers):
        return np.empty(0)
    low, high = numbers.min(), numbers.max()
    if method == "quantile":
        edges = np.quantile(numbers, np.linspace(0, 1, k + 1))
    elif method == "geometric":
        edges = np.geomspace(low, high, k + 1)
    elif method == "equal":
        edges = np.linspace(low, high, k + 1)
    else:
        edges = np.r_[min(low, edges[0]), edges[1:-1], max(high, edges[-1])]
    edges = np.unique(edges)
    return np.r_[edges, edges] if len(edges) == 1 else edges


def classify(values: ArrayLike, edges: ArrayLike) -> NDArray[np.int64]:
    """Give the class of every value by the edges of `class_breaks`, -1 for NaN and for values outside all classes.

    Parameters
    ----------
    values : (n,) any numbers
    edges : (c + 1,) ascending

    Returns
    -------
    (n,) int64 in 0 .. c - 1, or -1

    Examples
    --------
    >>> classify([0.0, 1.0, 5.0, 9.0, float("nan")], [1.0, 5.0, 9.0]).tolist()
    [-1, 0, 1, 1, -1]
    """
    numbers = np.asarray(values, dtype=np.float64)
    breaks = np.asarray(edges, dtype=np.float64)
    if len(breaks) < 2:
        return np.full(numbers.shape, -1)
    found = np.searchsorted(breaks, numbers, side="right") - 1
    found[numbers == breaks[-1]] = len(breaks) - 2
    found[~((numbers >= breaks[0]) & (numbers <= breaks[-1]))] = -1
    return found.astype(np.int64)
