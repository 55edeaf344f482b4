"""Buildings in rows: cells of one width, joined to runs, wherever they fit into a shape."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from geo.town.terrain import Floats, Ints


@dataclass(frozen=True)
class Rows:
    """Buildings as corners (n, 4, 2), first edge on the door side, cells in each (n,), and its row (n,)."""

    corners: Floats
    cells: Ints
    row: Ints


NO_ROWS = Rows(np.empty((0, 4, 2)), np.empty(0, np.int64), np.empty(0, np.int64))


def turn(xy: Floats, angle: float) -> Floats:
    """(…, 2) turned counter-clockwise about 0, 0."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cos * xy[..., 0] - sin * xy[..., 1], sin * xy[..., 0] + cos * xy[..., 1]], axis=-1)


def facing_south(angle: float) -> float:
    """The one of angle + k·90° whose rows run nearest east-west, in [-45°, 45°)."""
    return float((angle + np.pi / 4) % (np.pi / 2) - np.pi / 4)


def side_angle(shape: Any) -> float:
    """Direction of the longer side of the smallest box around a polygon."""
    box = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shape))
    sides = np.diff(box[:3], axis=0)
    longest = sides[int(np.argmax(np.round((sides**2).sum(axis=1), 3)))]
    return float(np.arctan2(longest[1], longest[0]))


def in_rows(
    rng: np.random.Generator,
    shape: Any,
    angle: float,
    *,
    cell: float,
    depth: float,
    pitch: float,
    runs: tuple[int, int],
    gap: float,
    south: bool = True,
    share: float = 1.0,
) -> Rows:
    """Fill a polygon with rows of buildings along `angle`.

    cell, depth : metres of one cell along and across the row; pitch : metres from row to row
    runs : fewest and most cells of a building; gap : metres between buildings
    south : doors on the right-hand side of the row, else on the left; share : part of the rows used
    """
    flat = shapely.transform(shape, lambda xy: turn(xy, -angle))
    x0, y0, x1, y1 = shapely.bounds(flat)
    columns, rows = int((x1 - x0) / cell), int((y1 - y0 - depth) / pitch) + 1
    if columns < 1 or y1 - y0 < depth:
        return NO_ROWS
    rest = max(0.0, (y1 - y0 - depth) - (rows - 1) * pitch)
    y = y0 + rest / 2 + pitch * np.arange(rows)
    x = x0 + ((x1 - x0) - columns * cell) / 2 + cell * np.arange(columns)
    gx, gy = np.meshgrid(x, y)
    shapely.prepare(flat)
    free = shapely.contains(flat, shapely.box(gx, gy, gx + cell, gy + depth))
    free[rng.random(rows) > share] = False
    found = []
    skip = max(1, round(gap / cell))
    for r in range(rows):
        c = 0
        while c < columns:
            want = int(rng.integers(runs[0], runs[1] + 1))
            run = 0
            while run < want and c + run < columns and free[r, c + run]:
                run += 1
            if run >= runs[0]:
                found.append((r, c, run))
                c += run + skip
            else:
                c += max(1, run)
    if not found:
        return NO_ROWS
    r, c, run = np.array(found).T
    left, right = x[c], x[c] + run * cell
    # A gap narrower than a cell is taken from the building's end.
    right = right - np.where(run > 1, 0.0, max(0.0, gap - skip * cell))
    low, high = y[r], y[r] + depth
    box = np.stack(
        [
            np.stack([left, low], -1),
            np.stack([right, low], -1),
            np.stack([right, high], -1),
            np.stack([left, high], -1),
        ],
        1,
    )
    if not south:
        box = box[:, [2, 3, 0, 1]]
    return Rows(turn(box, angle), run.astype(np.int64), r.astype(np.int64))


def along_edges(
    rng: np.random.Generator,
    shape: Any,
    *,
    cell: float,
    depth: float,
    runs: tuple[int, int],
    gap: float,
    share: float = 1.0,
) -> Rows:
    """Line the edges of a polygon with buildings whose doors face outward."""
    ring = shapely.get_coordinates(shapely.get_exterior_ring(shapely.simplify(shape, 2.5)))
    if not shapely.is_ccw(shapely.linearrings(ring)):
        ring = ring[::-1]
    room = shapely.buffer(shape, 1.6)
    shapely.prepare(room)
    boxes, sizes, edges = [], [], []
    for e, (p, q) in enumerate(pairwise(ring)):
        length = float(np.hypot(*(q - p)))
        if length < 3 * cell:
            continue
        ahead = (q - p) / length
        inward = np.array([-ahead[1], ahead[0]])
        at = 0.0
        while at + runs[0] * cell <= length:
            run = min(int(rng.integers(runs[0], runs[1] + 1)), int((length - at) / cell))
            base = p + ahead * at
            side = ahead * run * cell
            boxes.append(np.array([base, base + side, base + side + inward * depth, base + inward * depth]))
            sizes.append(run)
            edges.append(e)
            at += run * cell + gap
    if not boxes:
        return NO_ROWS
    corners = np.array(boxes)
    shapes = shapely.polygons(corners)
    keep = shapely.contains(room, shapes) & (rng.random(len(boxes)) < share)
    keep &= ~later_overlaps(np.where(keep, shapes, None), 0.4)
    return Rows(corners[keep], np.array(sizes)[keep], np.array(edges)[keep])


def later_overlaps(shapes: Any, margin: float) -> Any:
    """(n,) bool: polygons nearer than `margin` to one of a smaller position that itself stays."""
    a, b = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=margin)
    pairs = np.column_stack([a, b])[a > b]
    gone = np.zeros(len(shapes), bool)
    for late, early in pairs[np.lexsort([pairs[:, 1], pairs[:, 0]])].tolist():
        if not gone[early]:
            gone[late] = True
    return gone
