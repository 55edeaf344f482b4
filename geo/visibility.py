"""The angular sweep of `geo.isovist`: which edge each line of sight meets first.

In polar coordinates around an eye, the inverse distance to a straight edge is linear in the direction: a line through
p and q is met in direction d where 1 / r = g · d with g = perp(q - p) / (p × q). So the visible edges are the upper
envelope of linear functions. Between two neighbouring event directions (edge ends) it is convex; it may change its
edge there only where two obstacles cross, and such crossings are found and followed. Obstacles need not be noded,
valid or disjoint.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_NARROW = 1e-11  # radians; openings narrower than this (a nanometre at 100 m) are rounding noise
_CLOSE_M = 1e-9  # metres; consecutive corners nearer than this are one
_FULL = 2.0 * math.pi


class Pieces(NamedTuple):
    """What a sector sees of each edge, as angular pieces; angles count from the first ray of the sector."""

    start: Floats  # (k, 2) a point on the ray where the piece begins
    end: Floats  # (k, 2) and where it ends
    begin_at: Floats  # (k,) their angles
    end_at: Floats  # (k,)
    g: Floats  # (k, 2) as in the module's text
    near: Floats  # (k,) bounds of the distance to the edge
    far: Floats  # (k,)


@njit(cache=True, nogil=True)
def _add_edges(pieces: Pieces, eye: Floats, rim: Floats, fov: float, reach: float, edges: Floats, spans: Ints) -> int:
    """Write the pieces of all edges in reach and give their number; an edge around the first ray makes two."""
    start, end, begin_at, end_at, g, near, far = pieces
    k = 0
    first = rim[0] / reach
    for s in range(len(spans)):
        for e in range(spans[s, 0], spans[s, 1]):
            px, py = edges[e, 0] - eye[0], edges[e, 1] - eye[1]
            qx, qy = edges[e, 2] - eye[0], edges[e, 3] - eye[1]
            area = px * qy - py * qx
            if area < 0.0:
                px, py, qx, qy, area = qx, qy, px, py, -area
            dx, dy = qx - px, qy - py
            length = dx * dx + dy * dy
            if length == 0.0:
                continue
            along = min(1.0, max(0.0, -(px * dx + py * dy) / length))
            nearest = math.hypot(px + along * dx, py + along * dy)
            width = math.atan2(area, px * qx + py * qy)
            if nearest > reach or width < _NARROW:
                continue
            a = math.atan2(first[0] * py - first[1] * px, first[0] * px + first[1] * py)
            if a < 0.0:
                a += _FULL
            b = a + width
            for turn in range(2):
                low, high = a - turn * _FULL, b - turn * _FULL
                if low >= fov or high <= 0.0:
                    continue
                start[k, 0], start[k, 1], begin_at[k] = px, py, low
                end[k, 0], end[k, 1], end_at[k] = qx, qy, high
                if low < 0.0:
                    start[k, 0], start[k, 1], begin_at[k] = rim[0, 0], rim[0, 1], 0.0
                if high > fov:
                    end[k, 0], end[k, 1], end_at[k] = rim[-1, 0], rim[-1, 1], fov
                g[k, 0], g[k, 1] = dy / area, -dx / area
                near[k], far[k] = nearest, max(math.hypot(px, py), math.hypot(qx, qy))
                k += 1
    return k


@njit(cache=True, nogil=True)
def _first_edge(count: int, at_left: Floats, at_right: Floats) -> int:
    """Which active edge is nearest on the left ray; of those that meet there, the one nearest further on."""
    best = 0
    for j in range(1, count):
        gain = at_left[j] - at_left[best]
        tie = 1e-12 * at_left[best]
        if gain > tie or (gain > -tie and at_right[j] > at_right[best]):
            best = j
    return best


@njit(cache=True, nogil=True)
def _next_edge(now: int, since: float, count: int, at_left: Floats, at_right: Floats) -> tuple[int, float]:
    """Which edge comes before edge `now` first after fraction `since` of the interval, and where; -1 if none does."""
    found, where, steepest = -1, 1.0, 0.0
    for j in range(count):
        ahead = at_right[j] - at_right[now]
        if ahead <= 1e-12 * at_right[now]:
            continue
        behind = at_left[now] - at_left[j]
        t = max(since, behind / (behind + ahead)) if behind > 0.0 else since
        if t < where or (t == where and ahead > steepest):
            found, where, steepest = j, t, ahead
    return found, where


@njit(cache=True, nogil=True)
def _corner(out: Floats, size: int, x: float, y: float, replace: bool) -> int:
    if replace:
        size -= 1
    elif size and math.hypot(x - out[size - 1, 0], y - out[size - 1, 1]) < _CLOSE_M:
        return size
    out[size, 0], out[size, 1] = x, y
    return size + 1


@njit(cache=True, nogil=True)
def _add_rim(pieces: Pieces, k: int, rim: Floats, fov: float, reach: float) -> int:
    """Write the chords of the rim after the first k pieces: they end every line of sight that nothing else ends."""
    start, end, begin_at, end_at, g, near, far = pieces
    chords = len(rim) - 1
    for c in range(chords):
        start[k], end[k] = rim[c], rim[c + 1]
        begin_at[k], end_at[k] = fov * c / chords, fov * (c + 1) / chords
        dx, dy = rim[c + 1, 0] - rim[c, 0], rim[c + 1, 1] - rim[c, 1]
        area = rim[c, 0] * rim[c + 1, 1] - rim[c, 1] * rim[c + 1, 0]
        g[k, 0], g[k, 1] = dy / area, -dx / area
        near[k], far[k] = 0.0, reach
        k += 1
    return k


@njit(cache=True, nogil=True)
def _sweep(pieces: Pieces, k: int) -> Floats:
    """Give the corners of the visible region from the first ray to the last, relative to the eye."""
    start, end, begin_at, end_at, g, near, far = pieces
    angles = np.concatenate((begin_at[:k], end_at[:k]))
    order = np.argsort(angles, kind="mergesort")
    active = np.empty(k, dtype=np.int64)
    place = np.full(k, -1, dtype=np.int64)
    at_left, at_right = np.empty(k), np.empty(k)
    count, size, last = 0, 0, -1
    out = np.empty((4 * k + 16, 2))
    for n in range(2 * k - 1):
        event = order[n]
        if event < k:
            active[count], place[event] = event, count
            count += 1
        else:
            gone = place[event - k]
            count -= 1
            active[gone] = active[count]
            place[active[gone]] = gone
        follow = order[n + 1]
        if count == 0 or angles[follow] - angles[event] < _NARROW:
            continue
        left = start[event] if event < k else end[event - k]
        right = start[follow] if follow < k else end[follow - k]
        left, right = left / math.hypot(left[0], left[1]), right / math.hypot(right[0], right[1])
        for j in range(count):
            slot = active[j]
            at_left[j] = g[slot, 0] * left[0] + g[slot, 1] * left[1]
            at_right[j] = g[slot, 0] * right[0] + g[slot, 1] * right[1]
        now, t = _first_edge(count, at_left, at_right), 0.0
        while True:
            edge = active[now]
            following, until = _next_edge(now, t, count, at_left, at_right)
            if size + 2 > len(out):
                out = np.concatenate((out, np.empty_like(out)))
            for f in (t, until):
                if f == t and edge == last:
                    continue
                x, y = left[0] + f * (right[0] - left[0]), left[1] + f * (right[1] - left[1])
                norm = math.hypot(x, y)
                r = min(far[edge], max(near[edge], norm / (at_left[now] + f * (at_right[now] - at_left[now]))))
                size = _corner(out, size, r * x / norm, r * y / norm, edge == last)
            last = edge
            if following < 0:
                break
            now, t = following, until
    return out[:size]


@njit(cache=True, nogil=True)
def sweep(
    eyes: Floats,
    rims: Floats,
    rim_ends: Ints,
    fov: Floats,
    reach: Floats,
    edges: Floats,
    edge_ends: Ints,
    seen: Ints,
    seen_ends: Ints,
    first: int,
    last: int,
) -> tuple[Any, Any]:
    """Give the rings of the isovists of eyes `first` to `last`: (c, 2) corners and (last - first + 1,) offsets.

    eyes (n, 2); rims: corners of the far side of each field of view, relative to the eye, counter-clockwise, eye i
    from rim_ends[i] to rim_ends[i + 1]; fov (n,) radians; reach (n,) metres; edges (e, 4), obstacle j from
    edge_ends[j] to edge_ends[j + 1]; seen: obstacles that may be in view of eye i, from seen_ends[i] to seen_ends[i +
    1]. O(m a) for m edges in reach of an eye, a of them across one line of sight.
    """
    coordinates = np.empty((1024, 2))
    offsets = np.zeros(last - first + 1, dtype=np.int64)
    filled = 0
    for i in range(first, last):
        rim = rims[rim_ends[i] : rim_ends[i + 1]]
        chords = len(rim) - 1
        obstacles = seen[seen_ends[i] : seen_ends[i + 1]]
        spans = np.empty((len(obstacles), 2), dtype=np.int64)
        room = chords
        for o in range(len(obstacles)):
            spans[o, 0], spans[o, 1] = edge_ends[obstacles[o]], edge_ends[obstacles[o] + 1]
            room += 2 * (spans[o, 1] - spans[o, 0])
        pieces = Pieces(
            np.empty((room, 2)),
            np.empty((room, 2)),
            np.empty(room),
            np.empty(room),
            np.empty((room, 2)),
            np.empty(room),
            np.empty(room),
        )
        k = _add_edges(pieces, eyes[i], rim, fov[i], reach[i], edges, spans)
        k = _add_rim(pieces, k, rim, fov[i], reach[i])
        corners = _sweep(pieces, k)
        apex = 0 if fov[i] >= _FULL else 1
        while filled + len(corners) + 2 > len(coordinates):
            coordinates = np.concatenate((coordinates, np.empty_like(coordinates)))
        base = filled
        if apex:
            coordinates[filled] = eyes[i]
            filled += 1
        for c in range(len(corners)):
            coordinates[filled, 0], coordinates[filled, 1] = corners[c, 0] + eyes[i, 0], corners[c, 1] + eyes[i, 1]
            filled += 1
        if filled - base >= 3:
            coordinates[filled] = coordinates[base]
            filled += 1
        else:
            filled = base
        offsets[i - first + 1] = filled
    return coordinates[:filled], offsets
