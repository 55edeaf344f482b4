"""Which points a drawn line puts on which side: between a line and the border that it cuts or replaces."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray
from shapely.ops import substring

from geo.adjacency import segments
from geo.errors import DrawnLineError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def drawn(line: Any) -> shapely.LineString:
    """The line itself, flat, after checking that it is one.

    Raises
    ------
    DrawnLineError : it is no LineString, has no length, or coordinates that are not finite
    """
    if not isinstance(line, shapely.LineString) or line.is_empty:
        raise DrawnLineError("Draw one unbroken line (a LineString).")
    flat = shapely.force_2d(line)
    if not np.isfinite(shapely.get_coordinates(flat)).all() or not flat.length > 0:
        raise DrawnLineError("The drawn line has no length, or coordinates that are no numbers; draw it again.")
    return flat


def left_of(part: shapely.Polygon, line: shapely.LineString, x: FloatArray, y: FloatArray) -> BoolArray | None:
    """(m,) whether each point of `part` lies left of the line, or None where the line does not cross `part`.

    Between the first and the last place where it meets the outer ring, the line may leave and enter again, and cross
    itself: a point is on the other side of its neighbour whenever the line runs between them. An end inside `part` is
    joined to the nearest place of the ring.
    """
    ring = shapely.get_exterior_ring(shapely.orient_polygons(part))
    met = shapely.get_coordinates(shapely.intersection(line, ring))
    places = shapely.line_locate_point(line, shapely.points(met))
    ends = shapely.get_coordinates(line)[[0, -1]]
    starts_in, ends_in = shapely.contains_xy(part, ends[:, 0], ends[:, 1])
    if not places.size and not (starts_in and ends_in):
        return None
    low = 0.0 if starts_in else float(places.min())
    high = line.length if ends_in else float(places.max())
    if not high > low:
        return None
    chord = shapely.get_coordinates(substring(line, low, high))
    leave, enter = shapely.line_locate_point(ring, shapely.points(chord[[-1, 0]]))
    return odd(x, y, np.vstack([chord, _stretch(ring, leave, enter)]))


def border(one: NDArray[np.object_], other: NDArray[np.object_]) -> NDArray[np.object_]:
    """The lines that two sets of polygons of one coverage share, as few as possible."""
    ends, owner = segments(np.concatenate([one, other]))
    second = owner >= len(one)
    _, inverse, count = np.unique(ends, axis=0, return_inverse=True, return_counts=True)
    # A segment inside one of the sets comes twice as well, but then never from the other one.
    mixed = np.bincount(inverse, weights=second) == 1
    common = ends[~second & (mixed & (count == 2))[inverse]]
    merged = shapely.line_merge(shapely.multilinestrings(shapely.linestrings(common.reshape(-1, 2, 2))))
    return np.asarray(shapely.get_parts(merged), dtype=object)


def between(strings: NDArray[np.object_], line: shapely.LineString, x: FloatArray, y: FloatArray) -> BoolArray:
    """(m,) whether each point lies between the line and the stretch of border from its start to its end.

    The ends are joined to the nearest places of the border; of a closed border the shorter way round counts.

    Raises
    ------
    DrawnLineError : there is no border, or the nearest stretches to both ends do not hang together
    """
    if not strings.size:
        raise DrawnLineError("The two grids share no border; choose two neighbours.")
    start, end = shapely.get_point(line, 0), shapely.get_point(line, -1)
    here, there = int(shapely.distance(strings, start).argmin()), int(shapely.distance(strings, end).argmin())
    if here != there:
        raise DrawnLineError("The line begins at one stretch of the common border and ends at another; draw two lines.")
    string = strings[here]
    first, last = shapely.line_locate_point(string, [start, end])
    back = shapely.get_coordinates(substring(string, last, first))
    if string.is_closed and abs(last - first) > string.length / 2:
        back = _stretch(string, last, first) if last > first else _stretch(string, first, last)[::-1]
    return odd(x, y, np.vstack([shapely.get_coordinates(line), back]))


def _stretch(ring: shapely.LineString, start: float, end: float) -> FloatArray:
    """Coordinates of a closed line from one place forward to another, past its first point if need be."""
    if start <= end:
        return np.asarray(shapely.get_coordinates(substring(ring, start, end)))
    tail, head = substring(ring, start, ring.length), substring(ring, 0.0, end)
    return np.vstack([shapely.get_coordinates(tail), shapely.get_coordinates(head)])


@njit(cache=True, nogil=True)
def odd(x, y, loop):  # type: ignore[no-untyped-def]
    """(m,) whether each point lies inside the closed `loop` (c, 2) by the even-odd rule; its ends join.

    Source: Shimrat, "Algorithm 112: Position of point relative to polygon", Communications of the ACM 5 (1962) 434.
    """
    inside = np.zeros(len(x), np.bool_)
    for i in range(len(x)):
        j = len(loop) - 1
        for k in range(len(loop)):
            if (loop[k, 1] > y[i]) != (loop[j, 1] > y[i]):
                cut = loop[k, 0] + (y[i] - loop[k, 1]) / (loop[j, 1] - loop[k, 1]) * (loop[j, 0] - loop[k, 0])
                if x[i] < cut:
                    inside[i] = not inside[i]
            j = k
    return inside
