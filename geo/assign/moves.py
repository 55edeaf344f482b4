"""What a draft of new grids would change for points already known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.assign.index import GridIndex, Positions, find_ids


@dataclass(frozen=True)
class Moves:
    """Points that change hands.

    point : (k,) their places among the points asked, ascending
    old, new : (k,) positions in the ids of the old and the new index, -1 for none
    """

    point: NDArray[np.intp]
    old: Positions
    new: Positions


def replay(old: GridIndex, new: GridIndex, x: ArrayLike, y: ArrayLike) -> Moves:
    """The points whose grid id differs between two indices; to lose or to gain a grid is a change too.

    x, y : (n,) in the CRS of both indices

    Examples
    --------
    >>> from shapely import box
    >>> before = GridIndex([box(0, 0, 2, 1), box(2, 0, 3, 1)], ["a", "b"])
    >>> after = before.replace([box(0, 0, 1, 1), box(1, 0, 3, 1)], ["a", "b"])
    >>> replay(before, after, [0.5, 1.5, 2.5, 9.0], [0.5, 0.5, 0.5, 0.5]).point
    array([1])
    """
    was, now = old.locate(x, y), new.locate(x, y)
    same = find_ids(new.ids, np.argsort(new.ids, kind="stable"), old.ids)
    # An id that is gone stands for no position at all, and so differs also from "none".
    expected = np.append(np.where(same < 0, -2, same), -1).astype(np.int32)
    point = np.flatnonzero(expected[was] != now)
    return Moves(point, was[point], now[point])
