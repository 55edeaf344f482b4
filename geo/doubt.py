"""Points that lie far from where their kind lies: bad geocodes among many points with a declared area or street."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]

MIN_GROUP = 5
SPREADS = 6.0
LEAST_M = 1_500.0
MIN_PILE = 5
NEIGHBOURS = 30
STRANGE = 0.1


def doubtful_points(
    x: Floats,
    y: Floats,
    *groups: Sequence[Any] | NDArray[Any],
    texts: Sequence[Any] | NDArray[Any] | None = None,
    spreads: float = SPREADS,
    least_m: float = LEAST_M,
    min_group: int = MIN_GROUP,
) -> NDArray[np.bool_]:
    """Say which points should not be believed, (n,) bool.

    A point is doubtful where its own group, such as a beat or a street, lies elsewhere: farther from the group's
    median point than `spreads` times the usual distance of its members (and than `least_m`), or half as far and among
    points of other groups. It is enough that one group doubts it. A pile is doubtful too: five or more different
    texts of three or more values of the first group at one place to the millimetre, the centre of a town that a
    geocoder gives for what it cannot find. A point that is no number is doubtful by itself.

    Parameters
    ----------
    x, y : (n,) metres
    groups : (n,) labels each; None or "" for unknown. A group of fewer than `min_group` points
        says nothing.
    texts : (n,) the addresses, to find piles

    Cost: O(n log n) for each group.

    >>> x, y = np.array([0.0, 50, 90, 20, 40, 60, 90_000]), np.zeros(7)
    >>> doubtful_points(x, y, ["beat 1"] * 7).nonzero()[0].tolist()
    [6]
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    sound = np.isfinite(x) & np.isfinite(y)
    doubted = np.zeros(len(x), dtype=bool)
    for labels in groups:
        codes = _codes(labels)
        doubted |= _far(x, y, codes, sound, spreads, least_m, min_group)
    if texts is not None:
        doubted |= _piles(x, y, _codes(texts), _codes(groups[0]) if groups else None, sound)
    return doubted | ~sound


def _codes(labels: Sequence[Any] | NDArray[Any]) -> NDArray[np.int64]:
    """(n,) a number for each label, -1 for unknown."""
    texts = np.array([None if value is None or value != value else str(value) for value in labels], dtype=object)  # noqa: PLR0124
    known = np.array([text not in (None, "", "nan") for text in texts], dtype=bool)
    out = np.full(len(texts), -1, dtype=np.int64)
    if known.any():
        out[known] = np.unique(texts[known].astype(str), return_inverse=True)[1]
    return out


def _far(
    x: Floats, y: Floats, codes: NDArray[np.int64], sound: NDArray[np.bool_], spreads: float, least_m: float, few: int
) -> NDArray[np.bool_]:
    """(n,) points that lie elsewhere than their group."""
    rows = np.flatnonzero(sound & (codes >= 0))
    rows = rows[np.argsort(codes[rows], kind="stable")]
    starts = np.flatnonzero(np.r_[True, np.diff(codes[rows]) != 0]) if len(rows) else np.zeros(0, dtype=np.int64)
    parts = [part for part in np.split(rows, starts[1:]) if len(part) >= few]
    far = np.zeros(len(x), dtype=bool)
    if not parts:
        return far
    apart = np.full(len(x), np.nan)
    for part in parts:
        apart[part] = np.hypot(x[part] - np.median(x[part]), y[part] - np.median(y[part]))
    usual = np.array([np.median(apart[part]) for part in parts])
    usual = np.minimum(usual, 2 * np.median(usual))  # a group that is scattered by bad points has no right to be wide
    strange = _among_strangers(x, y, codes, rows)
    for part, own in zip(parts, usual.tolist(), strict=True):
        limit = max(least_m, spreads * own)
        far[part] = (apart[part] > limit) | (strange[part] & (apart[part] > max(least_m, limit / 2)))
    return far


def _among_strangers(x: Floats, y: Floats, codes: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n,) points of which at most one in ten of the 30 nearest other places belongs to their group.

    A place counts once, for the group that most of its points name: hundreds of equal bad points are one place.
    """
    out = np.zeros(len(x), dtype=bool)
    if len(rows) <= NEIGHBOURS:
        return out
    places, place = np.unique(np.round(np.column_stack([x[rows], y[rows]]), 1), axis=0, return_inverse=True)
    if len(places) <= NEIGHBOURS:
        return out
    pairs, counts = np.unique(np.column_stack([place.ravel(), codes[rows]]), axis=0, return_counts=True)
    order = np.lexsort((pairs[:, 1], -counts, pairs[:, 0]))
    first = np.r_[True, np.diff(pairs[order, 0]) != 0]
    owner = pairs[order[first], 1]
    near = np.asarray(cKDTree(places).query(places, k=NEIGHBOURS + 1)[1])[:, 1:]
    own = (owner[near[place.ravel()]] == codes[rows][:, None]).mean(axis=1)
    out[rows] = own <= STRANGE
    return out


def _piles(
    x: Floats, y: Floats, texts: NDArray[np.int64], areas: NDArray[np.int64] | None, sound: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """(n,) points that many texts of several areas share to the millimetre."""
    piled = np.zeros(len(x), dtype=bool)
    rows = np.flatnonzero(sound & (texts >= 0))
    if not len(rows):
        return piled
    places = np.round(np.column_stack([x[rows], y[rows]]), 3)
    place = np.asarray(np.unique(places, axis=0, return_inverse=True)[1]).ravel()
    several = _distinct(place, texts[rows]) >= MIN_PILE
    if areas is not None:
        several &= _distinct(place, areas[rows]) >= 3
    piled[rows] = several[place]
    return piled


def _distinct(place: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """(places,) how many different labels each place has."""
    pairs = np.unique(np.column_stack([place, labels]), axis=0)
    return np.bincount(pairs[:, 0], minlength=int(place.max()) + 1)
