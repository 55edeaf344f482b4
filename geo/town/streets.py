"""The core of a sample town: a bent street grid by the river, its blocks, the lines that part its communities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from geo.town.terrain import Floats, Ints

MAIN, CROSS, STREET, QUAY = 0, 1, 2, 3
HALF_WIDTH = {MAIN: 12.0, CROSS: 9.0, STREET: 6.0, QUAY: 6.0}
"""Half of the room between the building lines, in metres."""


@dataclass(frozen=True)
class Frame:
    """A bent frame: s along the river, t across it; both ways exact, so that bent lines part the plane cleanly."""

    origin: Floats
    turn: float
    bend: float
    wave: float
    phase: float

    def world(self, st: Floats) -> Floats:
        """(n, 2) frame coordinates -> (n, 2) metres."""
        s, t = st[:, 0], st[:, 1]
        t = t + self.bend * np.sin(s / self.wave + self.phase)
        s = s + 0.6 * self.bend * np.sin(t / self.wave - self.phase)
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        return np.column_stack([self.origin[0] + cos * s - sin * t, self.origin[1] + sin * s + cos * t])

    def frame(self, xy: Floats) -> Floats:
        """(n, 2) metres -> (n, 2) frame coordinates."""
        dx, dy = xy[:, 0] - self.origin[0], xy[:, 1] - self.origin[1]
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        s, t = cos * dx + sin * dy, -sin * dx + cos * dy
        s = s - 0.6 * self.bend * np.sin(t / self.wave - self.phase)
        return np.column_stack([s, t - self.bend * np.sin(s / self.wave + self.phase)])


@dataclass(frozen=True)
class Core:
    """Streets (lines, kinds, and which grid line each belongs to), blocks, gates and the grid lines' positions."""

    frame: Frame
    outline: Any
    lines: Any
    kinds: Ints
    rows: Ints
    blocks: Any
    gates: Floats
    s: Floats
    t: Floats


def core(rng: np.random.Generator, households: int, seat: Floats, river: Floats, water: Any, width: float) -> Core:
    """Lay out a core for so many households near `seat`, the main street along the river (n, 2).

    water : polygon to keep out of; width : of the river in metres
    """
    area = households / 42.0 * 1e4 + 8e4
    a = np.sqrt(area * 1.55) / 2 * 1.06
    b = area / (4 * a) * 1.12
    near = np.hypot(*(river - seat).T)
    k = int(np.argmin(near))
    reach = max(3, int(a / 12))
    ahead = river[min(k + reach, len(river) - 1)] - river[max(k - reach, 0)]
    turn = float(np.arctan2(ahead[1], ahead[0]))
    turn = turn - np.pi if turn > np.pi / 2 else turn + np.pi if turn < -np.pi / 2 else turn
    mean = river[max(k - reach, 0) : k + reach + 1].mean(axis=0)
    side = 1.0 if -np.sin(turn) * (seat - mean)[0] + np.cos(turn) * (seat - mean)[1] > 0 else -1.0
    across = np.array([-np.sin(turn), np.cos(turn)])
    origin = mean + side * 0.52 * b * across if near[k] < 2.5 * a else seat
    frame = Frame(
        np.round(origin, 1),
        turn,
        float(rng.uniform(14, 26)),
        float(a * rng.uniform(0.6, 0.8)),
        float(rng.uniform(0, 6)),
    )
    s, t = _grid(rng, a, 118.0), _grid(rng, b, 88.0)
    lines, kinds, rows = _segments(rng, frame, s, t, a, b)
    ring = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    power = 2 / 3.2
    oval = np.column_stack(
        [
            a * np.sign(np.cos(ring)) * np.abs(np.cos(ring)) ** power,
            b * np.sign(np.sin(ring)) * np.abs(np.sin(ring)) ** power,
        ]
    )
    outline = shapely.polygons(frame.world(oval * 1.04))
    lines, kinds, rows = _along_water(lines, kinds, rows, outline, river, water, width)
    lines, kinds, rows = _without_stubs(lines, kinds, rows)
    blocks = shapely.get_parts(shapely.polygonize(lines))
    lines, kinds, rows, gates = _approaches(frame, lines, kinds, rows, water)
    return Core(frame, outline, lines, kinds, rows, blocks, gates, s, t)


def _grid(rng: np.random.Generator, half: float, pitch: float) -> Floats:
    """Positions of parallel streets over (-half, half), 0 among them."""
    m = max(1, round(half / pitch))
    gaps = rng.uniform(0.72, 1.28, 2 * m)
    up, down = np.cumsum(gaps[:m]), -np.cumsum(gaps[m:])
    return np.round(np.sort(np.concatenate([down * half / -down[-1], [0.0], up * half / up[-1]])), 2)


def _segments(
    rng: np.random.Generator, frame: Frame, s: Floats, t: Floats, a: float, b: float
) -> tuple[Any, Ints, Ints]:
    """Street pieces between crossings inside the oval; some of the minor ones are left out."""
    inside = (np.abs(s[:, None]) / a) ** 3.2 + (np.abs(t[None, :]) / b) ** 3.2 <= 1.12
    i0, j0 = int(np.flatnonzero(s == 0)[0]), int(np.flatnonzero(t == 0)[0])
    inside[:, j0] = True
    inside[i0, :] = True
    pieces = []
    for i in range(s.size):
        for j in range(t.size):
            if i + 1 < s.size and inside[i, j] and inside[i + 1, j]:
                pieces.append((i, j, i + 1, j, MAIN if j == j0 else STREET, 1000 + j))
            if j + 1 < t.size and inside[i, j] and inside[i, j + 1]:
                pieces.append((i, j, i, j + 1, CROSS if i == i0 else STREET, i))
    degree = np.zeros((s.size, t.size), int)
    for i, j, k, m, _, _ in pieces:
        degree[i, j] += 1
        degree[k, m] += 1
    kept = []
    for i, j, k, m, kind, row in pieces:
        if kind == STREET and degree[i, j] > 3 and degree[k, m] > 3 and rng.random() < 0.26:
            degree[i, j] -= 1
            degree[k, m] -= 1
            continue
        part = np.linspace(0, 1, 6)[:, None]
        kept.append((frame.world((1 - part) * [[s[i], t[j]]] + part * [[s[k], t[m]]]), kind, row))
    lines = shapely.linestrings(np.round([xy for xy, _, _ in kept], 2))
    return lines, np.array([k for _, k, _ in kept]), np.array([r for _, _, r in kept])


def _along_water(
    lines: Any, kinds: Ints, rows: Ints, outline: Any, river: Floats, water: Any, width: float
) -> tuple[Any, Ints, Ints]:
    """End the minor streets at a road along each bank; main street and cross street keep their bridges."""
    near = shapely.intersection(water, shapely.buffer(outline, 200))
    bank = shapely.simplify(shapely.buffer(near, 15.0), 1.0)
    quay = shapely.get_parts(shapely.intersection(shapely.boundary(bank), shapely.buffer(outline, -6)))
    quay = quay[shapely.length(quay) > 60]
    river_line = shapely.linestrings(river)
    quay = quay[shapely.distance(quay, river_line) < 0.75 * width + 25]
    minor = kinds == STREET
    cut = shapely.difference(lines[minor], shapely.buffer(near, 14.5))
    parts, where = shapely.get_parts(cut, return_index=True)
    long = shapely.length(parts) > 1
    parts, where = parts[long], where[long]
    raw = np.concatenate([lines[~minor], parts, quay])
    kind = np.concatenate([kinds[~minor], kinds[minor][where], np.full(quay.size, QUAY)])
    row = np.concatenate([rows[~minor], rows[minor][where], np.full(quay.size, 3000)])
    net = shapely.get_parts(shapely.union_all(raw, grid_size=0.01))
    middle = shapely.line_interpolate_point(net, 0.5, normalized=True)
    whose = shapely.STRtree(raw).query_nearest(middle, all_matches=False)[1]
    return net, kind[whose], row[whose]


def _without_stubs(lines: Any, kinds: Ints, rows: Ints) -> tuple[Any, Ints, Ints]:
    """Leave out dead ends shorter than 45 m, the main streets' excepted."""
    for _ in range(2):
        ends = np.concatenate([shapely.get_coordinates(shapely.get_point(lines, k)) for k in (0, -1)])
        _, which, count = np.unique(np.round(ends, 1), axis=0, return_inverse=True, return_counts=True)
        loose = (count[which] == 1).reshape(2, -1).any(axis=0)
        keep = ~loose | (shapely.length(lines) > 45) | np.isin(kinds, (MAIN, CROSS))
        lines, kinds, rows = lines[keep], kinds[keep], rows[keep]
    return lines, kinds, rows


def _approaches(frame: Frame, lines: Any, kinds: Ints, rows: Ints, water: Any) -> tuple[Any, Ints, Ints, Floats]:
    """Lead main street and cross street straight on out of the core; the ends are the gates (4, 2), main first."""
    new, gates = [], []
    for kind, axis, far in ((MAIN, 0, (150.0, 110.0, 70.0)), (CROSS, 1, (110.0, 80.0, 50.0))):
        own = lines[kinds == kind]
        ends = np.concatenate([shapely.get_coordinates(shapely.get_point(own, k)) for k in (0, -1)])
        st = frame.frame(ends)
        for pick, way in ((np.argmin(st[:, axis]), -1.0), (np.argmax(st[:, axis]), 1.0)):
            gate = ends[pick]
            for reach in far:
                step = np.linspace(0, reach, 5)[:, None] * np.eye(2)[axis] * way
                line = shapely.linestrings(np.round(frame.world(st[pick] + step), 2))
                if shapely.distance(line, water) > 25:
                    xy = shapely.get_coordinates(line)
                    xy[0] = gate
                    new.append((shapely.linestrings(xy), kind, int(rows[kinds == kind][0])))
                    gate = xy[-1]
                    break
            gates.append(gate)
    if new:
        lines = np.concatenate([lines, np.array([line for line, _, _ in new], object)])
        kinds = np.concatenate([kinds, [kind for _, kind, _ in new]])
        rows = np.concatenate([rows, [row for _, _, row in new]])
    return lines, kinds, rows, np.array(gates)


def community_of(core_: Core, xy: Floats, n: int) -> Ints:
    """(k, 2) points -> (k,) community 0 … n-1: columns between cross streets, two rows from four communities on."""
    s_cuts, t_cuts = community_cuts(core_, n)
    st = core_.frame.frame(xy)
    column = np.searchsorted(s_cuts, st[:, 0])
    row = np.searchsorted(t_cuts, st[:, 1])
    columns = s_cuts.size + 1
    return np.minimum(row * columns + column, n - 1)


def community_cuts(core_: Core, n: int) -> tuple[Floats, Floats]:
    """Positions of the streets that part n communities: (columns - 1,) along s, and (0 or 1,) along t."""
    rows = 2 if n >= 4 else 1
    columns = -(-n // rows)
    wanted = np.linspace(core_.s[0], core_.s[-1], columns + 1)[1:-1]
    inner = core_.s[1:-1]
    cuts = np.unique([inner[np.argmin(np.abs(inner - w))] for w in wanted]) if columns > 1 else np.empty(0)
    return cuts, np.zeros(rows - 1)


def community_lines(core_: Core, n: int, reach: float) -> list[Any]:
    """The cuts drawn from edge to edge of a square of half width `reach` metres around the core."""
    s_cuts, t_cuts = community_cuts(core_, n)
    way = np.linspace(-reach, reach, 2 * int(reach / 25) + 1)
    upright = [core_.frame.world(np.column_stack([np.full(way.size, cut), way])) for cut in s_cuts]
    level = [core_.frame.world(np.column_stack([way, np.full(way.size, cut)])) for cut in t_cuts]
    return [shapely.linestrings(np.round(xy, 2)) for xy in upright + level]
