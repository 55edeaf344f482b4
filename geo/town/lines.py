"""Chains of raster cells turned into lines that look drawn by water or by road builders."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from geo.town.terrain import Floats, Ints


def chaikin(xy: Floats, rounds: int = 3) -> Floats:
    """(n, 2) -> smoother (m, 2) through corner cutting with both ends kept (Chaikin 1974)."""
    for _ in range(rounds):
        if len(xy) < 3:
            return xy
        cut = np.empty((2 * (len(xy) - 1), 2))
        cut[0::2] = 0.75 * xy[:-1] + 0.25 * xy[1:]
        cut[1::2] = 0.25 * xy[:-1] + 0.75 * xy[1:]
        cut[0], cut[-1] = xy[0], xy[-1]
        xy = cut
    return xy


def chains(ends: Ints, rank: Ints, stops: set[int]) -> list[tuple[list[int], int]]:
    """Cut a set of cell-to-cell steps (n, 2) with ranks (n,) into maximal runs of one rank.

    A run ends where three steps meet, where the rank changes and at every cell in `stops`.
    """
    near: dict[int, list[tuple[int, int]]] = {}
    for (u, v), r in zip(ends.tolist(), rank.tolist(), strict=True):
        near.setdefault(u, []).append((v, r))
        near.setdefault(v, []).append((u, r))
    nodes = {u for u, out in near.items() if len(out) != 2 or out[0][1] != out[1][1] or u in stops}
    found = []
    done: set[tuple[int, int]] = set()
    for node in sorted(nodes):
        for first, r in near[node]:
            if (node, first) in done:
                continue
            run = [node, first]
            while run[-1] not in nodes:
                (a, _), (b, _) = near[run[-1]]
                run.append(b if a == run[-2] else a)
            done.add((run[0], run[1]))
            done.add((run[-1], run[-2]))
            found.append((run, r))
    return found


def smooth(xy: Floats, tolerance: float) -> Floats:
    """(n, 2) stair steps -> (m, 2) curve that keeps both ends."""
    plain = shapely.get_coordinates(shapely.simplify(shapely.linestrings(xy), tolerance))
    return np.round(chaikin(plain), 2)


def ribbon(xy: Floats, half: Floats) -> tuple[Any, Any]:
    """Polygon of a band around (n, 2) with half widths (n,), and the (n - 1,) hulls of discs it is made of."""
    turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    discs = xy[:, None, :] + half[:, None, None] * np.stack([np.cos(turn), np.sin(turn)], axis=-1)[None]
    pairs = np.concatenate([discs[:-1], discs[1:]], axis=1)
    hulls = shapely.convex_hull(shapely.multipoints(shapely.points(np.round(pairs, 2))))
    return shapely.simplify(shapely.union_all(hulls), 0.4), hulls


def band(xy: Floats, half: float) -> tuple[Any, Any]:
    """Polygon of a band of one width around (n, 2), and the same in short parts that are quick to measure to."""
    cuts = [xy[k : k + 9] for k in range(0, len(xy) - 1, 8)]
    parts = np.array([shapely.buffer(shapely.linestrings(part), half, quad_segs=3) for part in cuts], object)
    return shapely.simplify(shapely.buffer(shapely.linestrings(xy), half, quad_segs=3), 0.3), parts
