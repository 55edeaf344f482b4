"""Hamlets of a sample town: farmhouses in rows along lanes, more along the roads that lead there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.town.rows import facing_south, turn
from geo.town.terrain import Floats, Ints

PLOT, PITCH, LANE_HALF = 14.5, 24.0, 2.5
PER_HOUSE = 1.12


@dataclass(frozen=True)
class Hamlet:
    """One hamlet: its centre in metres, the direction of its rows, how many houses it wants, its own bend."""

    x: float
    y: float
    angle: float
    houses: int
    bend: float
    phase: float
    squash: float


def plan(rng: np.random.Generator, xy: Floats, households: Ints, roads: Any) -> list[Hamlet]:
    """Hamlets at (h, 2) with (h,) households, their rows turned to the road that passes."""
    at = shapely.points(xy)
    road = shapely.STRtree(roads).query_nearest(at, all_matches=False)[1]
    lines = roads[road]
    where = shapely.line_locate_point(lines, at)
    p = shapely.get_coordinates(shapely.line_interpolate_point(lines, np.maximum(where - 40, 0)))
    q = shapely.get_coordinates(shapely.line_interpolate_point(lines, where + 40))
    heading = np.arctan2(q[:, 1] - p[:, 1], q[:, 0] - p[:, 0])
    bend, phase, squash = rng.uniform(2, 6, len(xy)), rng.uniform(0, 6.28, len(xy)), rng.uniform(0.62, 1.0, len(xy))
    return [
        Hamlet(float(x), float(y), facing_south(float(h)), max(3, round(n / PER_HOUSE)), float(b), float(f), float(s))
        for (x, y), h, n, b, f, s in zip(xy, heading, households, bend, phase, squash, strict=True)
    ]


def _world(hamlet: Hamlet, uv: Floats) -> Floats:
    """(…, 2) hamlet frame -> metres; rows bend gently."""
    v = uv[..., 1] + hamlet.bend * np.sin(uv[..., 0] / 55 + hamlet.phase)
    return turn(np.stack([uv[..., 0], v], axis=-1), hamlet.angle) + np.array([hamlet.x, hamlet.y])


def houses(rng: np.random.Generator, hamlet: Hamlet) -> tuple[Floats, Floats, Floats]:
    """Candidate houses, best first: corners (n, 4, 2), door edge first; row and place in it (n, 2); rank (n,)."""
    room = hamlet.houses * PLOT * PITCH * 2.6
    a = np.sqrt(room / (np.pi * hamlet.squash))
    b = a * hamlet.squash
    row = np.arange(-int(b / PITCH), int(b / PITCH) + 1)
    column = np.arange(-int(a / PLOT), int(a / PLOT) + 1)
    r, c = (g.ravel() for g in np.meshgrid(row, column, indexing="ij"))
    # Every sixth place is kept for a cross lane; each row is shifted a little.
    shift = rng.uniform(-3, 3, row.size)[r - row[0]]
    open_ = c % 6 != 0
    r, c, shift = r[open_], c[open_], shift[open_]
    u, v = c * PLOT + 0.25 * shift, r * PITCH + PITCH / 2 + 0.3
    around = np.arctan2(v, u)
    rim = 1 + 0.22 * np.sin(2 * around + hamlet.phase) + 0.16 * np.sin(3 * around - 2 * hamlet.phase)
    rank = np.hypot(u / a, v / b) / rim + rng.uniform(0, 0.12, u.size)
    rank[rng.random(u.size) < 0.09] += 5.0
    wide, deep = rng.uniform(9.6, 12.8, u.size), rng.uniform(9.0, 11.5, u.size)
    slope = hamlet.bend / 55 * np.cos(u / 55 + hamlet.phase) + rng.normal(0, 0.025, u.size)
    box = (
        np.stack(
            [
                np.stack([-wide, -deep], -1),
                np.stack([wide, -deep], -1),
                np.stack([wide, deep], -1),
                np.stack([-wide, deep], -1),
            ],
            1,
        )
        / 2
    )
    cos, sin = np.cos(slope)[:, None], np.sin(slope)[:, None]
    box = np.stack([cos * box[..., 0] - sin * box[..., 1], sin * box[..., 0] + cos * box[..., 1]], axis=-1)
    centre = _world(hamlet, np.stack([u, v + rng.uniform(-0.8, 0.8, u.size)], axis=-1))
    corners = turn(box, hamlet.angle) + centre[:, None, :]
    order = np.argsort(np.round(rank, 6), kind="stable")
    return corners[order], np.stack([r, u], axis=-1)[order], rank[order]


def lanes(hamlet: Hamlet, place: Floats) -> list[Any]:
    """Lanes before the rows and across them, for the houses that stand: (n, 2) of row and place along it."""
    if len(place) == 0:
        return []
    cross = 6 * PLOT
    found = []
    low: dict[int, list[float]] = {}
    for r in np.unique(place[:, 0]):
        u = np.sort(place[place[:, 0] == r, 1])
        breaks = np.flatnonzero(np.diff(u) > 3.2 * PLOT)
        for part in np.split(u, breaks + 1):
            left, right = part[0] - 7, part[-1] + 7
            # Each piece reaches a cross lane, so that nobody is cut off.
            first, last = np.floor(left / cross) * cross, np.ceil(right / cross) * cross
            if np.floor(right / cross) * cross < left:
                left, right = (first, right) if left - first < last - right else (left, last)
            v = r * PITCH + PITCH / 2 - 8.6
            found.append(_curve(hamlet, np.array([[left, v], [right, v]])))
            for k in range(int(np.ceil(left / cross - 1e-6)), int(np.floor(right / cross + 1e-6)) + 1):
                low.setdefault(k, []).append(v)
    for k, v in sorted(low.items()):
        ends = [min(*v, 0.0), max(*v, 0.0)] if k == 0 else [min(v), max(v)]
        if ends[1] - ends[0] > 5:
            found.append(_curve(hamlet, np.array([[k * cross, ends[0]], [k * cross, ends[1]]])))
    return found


def _curve(hamlet: Hamlet, uv: Floats) -> Any:
    steps = max(2, int(np.hypot(*(uv[1] - uv[0])) / 18) + 1)
    part = np.linspace(0, 1, steps)[:, None]
    return shapely.linestrings(np.round(_world(hamlet, uv[0] + (uv[1] - uv[0]) * part), 2))


def joined(lanes: list[Any], roads: Any, buildings: Any, wet: Any) -> list[Any]:
    """Lanes with links added from every group of lines that is cut off to the rest; lanes that can't be linked go.

    A link is at most 150 m long and crosses neither buildings nor water.
    """
    homes, water = shapely.STRtree(buildings), shapely.STRtree(wet)
    links: list[Any] = []
    while True:
        lines = np.array([*roads, *lanes, *links], object)
        a, b = shapely.STRtree(lines).query(lines, predicate="dwithin", distance=0.6)
        _, part = connected_components(coo_array((np.ones(a.size), (a, b)), shape=(lines.size, lines.size)))
        main = int(np.argmax(np.round(np.bincount(part, shapely.length(lines)), 2)))
        rest, reached = lines[part == main], shapely.STRtree(lines[part == main])
        added = 0
        for k in np.unique(part[part != main]):
            own = lines[part == k]
            near, gap = reached.query_nearest(own, return_distance=True, all_matches=False)
            best = int(np.argmin(np.round(gap, 3)))
            link = shapely.shortest_line(own[near[0, best]], rest[near[1, best]])
            if (
                gap[best] < 150
                and not homes.query(link, "intersects").size
                and not water.query(link, "intersects").size
            ):
                links.append(shapely.set_precision(link, 0.01, mode="pointwise"))
                added += 1
        if not added:
            break
    cut_off = part[len(roads) : len(roads) + len(lanes)] != main
    return [lane for lane, off in zip(lanes, cut_off.tolist(), strict=True) if not off] + links


def roadside(rng: np.random.Generator, roads: Any, offset: float) -> tuple[Floats, Floats]:
    """Candidate houses along both sides of roads: corners (n, 4, 2) with the door edge at the road, centres (n, 2)."""
    boxes = []
    for line in roads:
        length = shapely.length(line)
        at = np.arange(18, length - 18, 15.5)
        if at.size == 0:
            continue
        at = np.tile(at, 2)
        side = np.repeat([1.0, -1.0], at.size // 2)
        p = shapely.get_coordinates(shapely.line_interpolate_point(line, at - 6))
        q = shapely.get_coordinates(shapely.line_interpolate_point(line, at + 6))
        ahead = (q - p) / np.hypot(*(q - p).T)[:, None]
        out = np.stack([-ahead[:, 1], ahead[:, 0]], -1) * side[:, None]
        wide, deep = rng.uniform(4.8, 6.2, at.size)[:, None], rng.uniform(9, 12, at.size)[:, None]
        base = (p + q) / 2 + out * (offset + rng.uniform(0, 2.5, at.size))[:, None]
        boxes.append(
            np.stack(
                [
                    base - ahead * wide,
                    base + ahead * wide,
                    base + ahead * wide + out * deep,
                    base - ahead * wide + out * deep,
                ],
                1,
            )
        )
    corners = np.concatenate(boxes) if boxes else np.empty((0, 4, 2))
    return corners, corners.mean(axis=1)
