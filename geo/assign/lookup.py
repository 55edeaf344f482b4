"""Points through the cells to their polygons, a block at a time.

A block goes through each stage as a whole. The reads of one stage do not wait for each other, so the processor fetches
many of them at once; point by point, each would wait for its predecessor in the same point.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo.assign.cells import Flags, Frame, Ints, Point, Table, Vertices, centre, ends, sub_frame
from geo.assign.leaves import ASK, UNIT, Order
from geo.assign.predicates import DOUBT, crosses

BLOCK = 512
Reals = NDArray[np.float64]


class Arrays(NamedTuple):
    """First-level codes (rows, columns), sub-cell codes, leaves, and the vertices that the leaves' edges name.

    Kernels unpack it before their loops: each look into a tuple counts a reference, and two threads that count the
    same one wait for each other.
    """

    codes: Table
    sub: Ints
    blob: Ints
    coords: Vertices


@njit(cache=True, nogil=True)
def _scale(frame: Frame) -> Point:
    """Cells a unit of x and of y."""
    return 1.0 / frame[2], 1.0 / frame[3]


@njit(cache=True, nogil=True)
def _cell(frame: Frame, scale: Point, shape: tuple[int, int], x: float, y: float) -> Point:
    """Column and row with fractions; (-1, -1) outside, also for NaN and infinities."""
    fx, fy = (x - frame[0]) * scale[0], (y - frame[1]) * scale[1]
    if 0.0 <= fx < shape[1] and 0.0 <= fy < shape[0]:
        return fx, fy
    return -1.0, -1.0


@njit(cache=True, nogil=True)
def _sub_place(code: int, fx: float, fy: float) -> int:
    """Where the code of the sub-cell stands that holds a point."""
    pointer = -2 - code
    k = 1 << (pointer & 15)
    return (pointer >> 4) * UNIT + int((fy - int(fy)) * k) * k + int((fx - int(fx)) * k)


@njit(cache=True, nogil=True)
def _leaf_centre(frame: Frame, code: int, fx: float, fy: float) -> Point:
    k = 1 << ((-2 - code) & 15)
    inner = sub_frame(frame, int(fx), int(fy), k)
    return centre(inner, int((fx - int(fx)) * k), int((fy - int(fy)) * k))


@njit(cache=True, nogil=True)
def _cover(blob: Ints, leaf: int, coords: Vertices, middle: Point, point: Point) -> tuple[bool, int]:
    """Whether every sign is sure, and the bit set of the leaf's polygons that hold the point."""
    n = blob[leaf] & 0xFFFF
    if n == ASK:
        return False, 0
    cover = blob[leaf + 1]
    for i in range(leaf + 2, leaf + 2 + 2 * n, 2):
        hit = crosses(*ends(coords, blob[i]), *middle, *point)
        if hit == DOUBT:
            return False, 0
        if hit:
            cover ^= blob[i + 1]
    return True, cover


@njit(cache=True, nogil=True)
def _first(blob: Ints, leaf: int, cover: int) -> int:
    """The polygon of the lowest bit, -1 without bits."""
    if cover == 0:
        return -1
    place = leaf + 2 + 2 * (blob[leaf] & 0xFFFF)
    while cover & 1 == 0:
        cover >>= 1
        place += 1
    return blob[place]


@njit(cache=True, nogil=True)
def _each_first(blob: Ints, leaf: int, cover: int, level: Ints, row: Ints) -> None:
    """The polygon of the lowest bit of each level, into the (levels,) `row` of -1."""
    place = leaf + 2 + 2 * (blob[leaf] & 0xFFFF)
    while cover != 0:
        if cover & 1 and row[level[blob[place]]] < 0:
            row[level[blob[place]]] = blob[place]
        cover >>= 1
        place += 1


@njit(cache=True, nogil=True)
def locate_one(codes: Table, sub: Ints, blob: Ints, coords: Vertices, frame: Frame, x: float, y: float) -> int:
    """Position of the polygon that holds one point, -1 outside, the code of its leaf where GEOS must be asked.

    Flat arguments, because a call from Python spends most of its time on taking tuples apart.
    """
    fx, fy = _cell(frame, _scale(frame), codes.shape, x, y)
    if fx < 0.0:
        return -1
    first = codes[int(fy), int(fx)]
    if first >= -1:
        return first
    code = sub[_sub_place(first, fx, fy)]
    if code >= -1:
        return code
    sure, cover = _cover(blob, -2 - code, coords, _leaf_centre(frame, first, fx, fy), (x, y))
    return _first(blob, -2 - code, cover) if sure else code


@njit(cache=True, nogil=True)
def _block(arrays: Arrays, frame: Frame, x: Reals, y: Reals, code: Ints, sure: Flags, cover: Ints) -> float:
    """Code of each point, and for those that end in a leaf its cover there and whether that is sure.

    The result means nothing: it keeps the reads that only fetch what the last stage needs.
    """
    codes, sub, blob, coords = arrays
    n, scale = len(x), _scale(frame)
    fx, fy, place, split = np.empty(n), np.empty(n), np.empty(n, np.int64), 0
    edge, idle = np.empty(n, np.int32), 0.0
    for i in range(n):
        fx[i], fy[i] = _cell(frame, scale, codes.shape, x[i], y[i])
    for i in range(n):
        code[i] = codes[int(fy[i]), int(fx[i])] if fx[i] >= 0.0 else -1
        place[split] = i
        split += code[i] < -1
    first = code.copy()
    leaves = 0
    for j in range(split):
        i = place[j]
        code[i] = sub[_sub_place(first[i], fx[i], fy[i])]
        place[leaves] = i
        leaves += code[i] < -1
    for j in range(leaves):
        edge[j] = blob[-code[place[j]]]
    for j in range(leaves):
        idle += coords[edge[j], 0]
    for j in range(leaves):
        i = place[j]
        middle = _leaf_centre(frame, first[i], fx[i], fy[i])
        sure[i], cover[i] = _cover(blob, -2 - code[i], coords, middle, (x[i], y[i]))
    return idle


@njit(cache=True, nogil=True)
def locate_many(arrays: Arrays, frame: Frame, x: Reals, y: Reals, out: Ints) -> float:
    """`locate_one` for all points, into `out`."""
    blob, idle = arrays.blob, 0.0
    sure, cover = np.empty(BLOCK, np.bool_), np.empty(BLOCK, np.int32)
    for start in range(0, len(x), BLOCK):
        end = min(start + BLOCK, len(x))
        code = out[start:end]
        idle += _block(arrays, frame, x[start:end], y[start:end], code, sure, cover)
        for i in range(end - start):
            if code[i] < -1 and sure[i]:
                code[i] = _first(blob, -2 - code[i], cover[i])
    return idle


@njit(cache=True, nogil=True)
def locate_levels(arrays: Arrays, frame: Frame, order: Order, x: Reals, y: Reals, out: Table) -> float:
    """The polygon of each level, -1 for none, into (n, levels) `out`; the leaf's code in column 0 to ask GEOS."""
    blob, home, level, idle = arrays.blob, order.home, order.level, 0.0
    code, sure, cover = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.bool_), np.empty(BLOCK, np.int32)
    for start in range(0, len(x), BLOCK):
        end = min(start + BLOCK, len(x))
        idle += _block(arrays, frame, x[start:end], y[start:end], code[: end - start], sure, cover)
        for i in range(end - start):
            row = out[start + i]
            if code[i] >= 0:
                row[:] = home[code[i]]
                continue
            row[:] = -1
            if code[i] < -1 and not sure[i]:
                row[0] = code[i]
            elif code[i] < -1:
                _each_first(blob, -2 - code[i], cover[i], level, row)
    return idle


@njit(cache=True, nogil=True)
def candidates(blob: Ints, codes: Ints) -> tuple[Ints, Ints]:
    """Pairs (place in `codes`, polygon) of all polygons that the leaves of these codes name."""
    total = 0
    for code in codes:
        leaf = -2 - code
        total += blob[leaf + 1] if blob[leaf] & 0xFFFF == ASK else blob[leaf] >> 16
    place, polygon = np.empty(total, np.int32), np.empty(total, np.int32)
    at = 0
    for i in range(len(codes)):
        leaf = -2 - codes[i]
        n = blob[leaf] & 0xFFFF
        start, k = (leaf + 2, blob[leaf + 1]) if n == ASK else (leaf + 2 + 2 * n, blob[leaf] >> 16)
        place[at : at + k] = i
        polygon[at : at + k] = blob[start : start + k]
        at += k
    return place, polygon
