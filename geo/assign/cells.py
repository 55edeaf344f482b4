"""Which edges touch which cell of a regular frame, and which centres lie right of them.

A frame is (x0, y0, w, h, margin): the corner of cell (0, 0), the size of a cell, and how far a point may lie outside
its cell and still be counted into it by rounding. A window is (first column, past the last, first row, past the last).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo.assign.predicates import span_in_band

Frame = tuple[float, float, float, float, float]
Window = tuple[int, int, int, int]
Point = tuple[float, float]
Ints = NDArray[np.int32]
Table = NDArray[np.int32]
Flags = NDArray[np.bool_]
Vertices = NDArray[np.float64]

# Off the middle, so that boundaries drawn on round numbers do not run through the centres.
CENTRE_X = 0.5067231
CENTRE_Y = 0.4918377


@njit(cache=True, nogil=True)
def ends(coords: Vertices, edge: int) -> tuple[float, float, float, float]:
    """Both ends of the edge that starts at vertex `edge`."""
    return coords[edge, 0], coords[edge, 1], coords[edge + 1, 0], coords[edge + 1, 1]


@njit(cache=True, nogil=True)
def centre(frame: Frame, column: int, row: int) -> tuple[float, float]:
    """The point of a cell from which walks start."""
    return frame[0] + (column + CENTRE_X) * frame[2], frame[1] + (row + CENTRE_Y) * frame[3]


@njit(cache=True, nogil=True)
def square(k: int) -> Window:
    """The window of k x k cells; without a literal 0, for which the kernels would be compiled a second time."""
    return k - k, k, k - k, k


@njit(cache=True, nogil=True)
def sub_frame(frame: Frame, column: int, row: int, k: int) -> Frame:
    """The frame that cuts one cell into k x k."""
    return frame[0] + column * frame[2], frame[1] + row * frame[3], frame[2] / k, frame[3] / k, frame[4]


@njit(cache=True, nogil=True)
def _clipped(value: float, low: int, high: int) -> int:
    return int(min(max(np.floor(value), low - 1), high))


@njit(cache=True, nogil=True)
def _rows(frame: Frame, window: Window, ay: float, by: float) -> tuple[int, int]:
    low = _clipped((min(ay, by) - frame[4] - frame[1]) / frame[3], window[2], window[3])
    high = _clipped((max(ay, by) + frame[4] - frame[1]) / frame[3], window[2], window[3])
    return max(low, window[2]), min(high, window[3] - 1)


@njit(cache=True, nogil=True)
def _columns(frame: Frame, window: Window, row: int, ax: float, ay: float, bx: float, by: float) -> tuple[int, int]:
    """First and last column of one row that the edge touches, margin included; first > last if none."""
    low = frame[1] + row * frame[3] - frame[4]
    high = frame[1] + (row + 1) * frame[3] + frame[4]
    if max(ay, by) < low or min(ay, by) > high:
        return 0, -1
    left, right = span_in_band(ax, ay, bx, by, low, high)
    first = _clipped((left - frame[4] - frame[0]) / frame[2], window[0], window[1])
    last = _clipped((right + frame[4] - frame[0]) / frame[2], window[0], window[1])
    return max(first, window[0]), min(last, window[1] - 1)


@njit(cache=True, nogil=True)
def bin_edges(frame: Frame, window: Window, coords: Vertices, edges: Ints) -> tuple[Ints, Ints]:
    """(cells + 1,) offsets and items, places in `edges`, of what touches each cell of the window, row after row."""
    width = window[1] - window[0]
    start = np.zeros(width * (window[3] - window[2]) + 1, np.int32)
    items = np.empty(0, np.int32)
    for fill in (False, True):
        for i in range(len(edges)):
            ax, ay, bx, by = ends(coords, edges[i])
            if ax == bx and ay == by:
                continue
            first_row, last_row = _rows(frame, window, ay, by)
            for row in range(first_row, last_row + 1):
                first, last = _columns(frame, window, row, ax, ay, bx, by)
                base = (row - window[2]) * width - window[0]
                for cell in range(base + first, base + last + 1):
                    if fill:
                        start[cell] -= 1
                        items[start[cell]] = i
                    else:
                        start[cell] += 1
        if not fill:
            start = np.cumsum(start).astype(np.int32)
            items = np.empty(start[-1], np.int32)
    return start, items


@njit(cache=True, nogil=True)
def bin_crossings(frame: Frame, window: Window, coords: Vertices, edges: Ints) -> tuple[Ints, Ints, Flags]:
    """Where the lines through the centres of each row cross the edges.

    (cells + 1,) offsets and items as in `bin_edges`: an edge stands at the first cell whose centre lies right of the
    crossing, crossings left of the window at its first column. Flags mark the centres too near an edge to be sure.
    """
    width = window[1] - window[0]
    start = np.zeros(width * (window[3] - window[2]) + 1, np.int32)
    items = np.empty(0, np.int32)
    doubt = np.zeros(width * (window[3] - window[2]), np.bool_)
    for fill in (False, True):
        for i in range(len(edges)):
            ax, ay, bx, by = ends(coords, edges[i])
            first_row, last_row = _rows(frame, window, ay, by)
            for row in range(first_row, last_row + 1):
                y = centre(frame, 0, row)[1]
                if (ay > y) == (by > y):
                    continue
                place = (ax + (bx - ax) * ((y - ay) / (by - ay)) - frame[0]) / frame[2] - CENTRE_X
                column = max(_clipped(np.ceil(place), window[0], window[1]), window[0])
                base = (row - window[2]) * width - window[0]
                near = _clipped(place + 0.5, window[0], window[1])
                if abs(place - near) * frame[2] <= frame[4] and window[0] <= near < window[1]:
                    doubt[base + near] = True
                if column == window[1]:
                    continue
                if fill:
                    start[base + column] -= 1
                    items[start[base + column]] = i
                else:
                    start[base + column] += 1
        if not fill:
            start = np.cumsum(start).astype(np.int32)
            items = np.empty(start[-1], np.int32)
    return start, items, doubt
