"""Towns, villages and hamlets: where they lie, how many households each has, and where their borders run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from scipy import ndimage

from geo.town.lines import chaikin
from geo.town.terrain import CELL, Floats, Ints, Raster, noise, spread


@dataclass(frozen=True)
class Size:
    """How many towns, villages and households there are, and on how much ground."""

    town_units: list[int]
    town_cores: list[int]
    area_km2: float


def size(households: int) -> Size:
    """Villages hold about 400 households in a small town and 2,000 in a county; a town has at most about 45,000."""
    towns = max(1, round(households / 42_000))
    each = 400 + 1600 * min(1.0, max(0.0, (np.log(households) - np.log(4_000)) / (np.log(200_000) - np.log(4_000))))
    units = max(6 if towns == 1 else 14 * towns, round(households / each))
    per = [units // towns + (k < units % towns) for k in range(towns)]
    return Size(per, [max(2, round(0.3 * n)) for n in per], 2.0 + 5.2 * households / 1000)


def shares(rng: np.random.Generator, total: int, n: int, evenness: float) -> Ints:
    """(n,) whole numbers of mean total / n that sum to `total`, none of them 0 where total >= n."""
    weight = rng.dirichlet(np.full(n, evenness)) + 0.35 / n
    return portion(weight, total, minimum=1 if total >= n else 0)


def portion(weight: Floats, total: int, *, minimum: int = 0) -> Ints:
    """(n,) whole numbers in proportion to `weight` that sum to `total`: largest remainders, ties to the first."""
    exact = weight / weight.sum() * (total - minimum * weight.size)
    whole = np.floor(exact + 1e-9).astype(np.int64)
    order = np.argsort(np.round(whole - exact, 9), kind="stable")
    whole[order[: total - minimum * weight.size - int(whole.sum())]] += 1
    return whole + minimum


def town_seats(rng: np.random.Generator, n: int, raster: Raster, margin: float, height: Floats, away: Floats) -> Ints:
    """(n,) cells for town centres: level ground near water, spread evenly."""
    if n == 1:
        spots = np.array([[raster.x0 + raster.cols * CELL / 2, raster.y0 + raster.rows * CELL / 2]])
    else:
        across, up = raster.cols * CELL - 2 * margin, raster.rows * CELL - 2 * margin
        rows = max(1, round(np.sqrt(n * up / across)))
        per = [n // rows + (k < n % rows) for k in range(rows)]
        spots = np.array(
            [
                [
                    raster.x0 + margin + (j + 0.5 + 0.22 * (-1) ** r) * across / m,
                    raster.y0 + margin + (r + 0.5) * up / rows,
                ]
                for r, m in enumerate(per)
                for j in range(m)
            ]
        )
        spots = spots + rng.uniform(-0.12, 0.12, spots.shape) * np.sqrt(across * up / n)
    xy = raster.centres(np.arange(raster.rows * raster.cols))
    rough = ndimage.uniform_filter(height, 17).ravel()
    seats = []
    for spot in spots:
        window = np.flatnonzero(np.abs(xy - spot).max(axis=1) < 2600)
        score = 25 * rough[window] + 1.6 * np.abs(away.flat[window] - 330) + 0.25 * np.hypot(*(xy[window] - spot).T)
        seats.append(window[int(np.argmin(np.round(score, 3)))])
    return np.array(seats, dtype=np.int64)


def border_cost(rng: np.random.Generator, height: Floats, wet: Any) -> Ints:
    """(n,) cost of growing over a cell: borders come to lie on ridges and along water."""
    rough = 12 + 0.3 * height + 16 * np.abs(noise(rng, height.shape, 7)) + 6 * np.abs(noise(rng, height.shape, 2))
    cost = rough.astype(np.int64).ravel()
    cost[wet] += 40
    return np.asarray(cost)


def town_labels(rng: np.random.Generator, raster: Raster, cost: Ints, seats: Ints, reach: float) -> Ints:
    """(n,) town of each cell, -1 outside: towns meet each other and an invisible ring of neighbours."""
    xy = raster.centres(np.arange(cost.size))
    far = np.full(cost.size, np.inf)
    for seat in seats:
        far = np.minimum(far, np.hypot(*(xy - xy[seat]).T))
    # Neighbours stand on a net of points well away from every seat; their head start sets the size of the towns.
    row, col = np.divmod(np.arange(cost.size), raster.cols)
    every = max(3, int(reach / CELL / 3))
    sway = noise(rng, (raster.rows, raster.cols), 0.45 * reach / CELL).ravel()
    ring = np.flatnonzero((far > reach * (1.95 + 0.33 * sway).clip(1.2, 2.6)) & (row % every == 0) & (col % every == 0))
    edge = np.flatnonzero((row == 0) | (col == 0) | (row == raster.rows - 1) | (col == raster.cols - 1))
    outside = np.union1d(ring, edge)
    seeds = np.concatenate([seats, outside])
    labels = np.concatenate([np.arange(seats.size), np.full(outside.size, seats.size)]).astype(np.int64)
    _, label, _ = spread(cost, np.zeros_like(cost), seeds, labels, np.zeros(seeds.size, np.int64), raster.cols, False)
    return np.where(label == seats.size, -1, label)


def village_seeds(
    rng: np.random.Generator, raster: Raster, own: Ints, flat: Ints, core: Floats, keep: float, n: int
) -> Ints:
    """(n,) cells for village centres among the town's cells `own`: evenly spread, level, away from the core."""
    xy = raster.centres(own)
    pool = xy[np.hypot(*(xy - core).T) > keep]
    pool = pool[:: max(1, len(pool) // 6000)]
    centres = pool[rng.choice(len(pool), n, replace=False)]
    for _ in range(12):
        near = np.argmin(((pool[:, None, :] - centres[None]) ** 2).sum(axis=2), axis=1)
        centres = np.array([pool[near == k].mean(axis=0) if (near == k).any() else centres[k] for k in range(n)])
    level = raster.centres(flat)
    level = level[np.hypot(*(level - core).T) > 0.9 * keep]
    level = level if len(level) >= n else pool
    taken: list[int] = []
    for centre in centres + rng.normal(0, 90, centres.shape):
        order = np.argsort(np.round(((level - centre) ** 2).sum(axis=1), 2), kind="stable")
        taken.append(int(next(k for k in order if k not in taken)))
    return raster.cells(level[taken])


def hamlet_seats(rng: np.random.Generator, raster: Raster, pool: Ints, first: int, n: int, apart: float) -> Ints:
    """Up to (n,) cells for hamlets of one village: the first near its centre, the rest spread over good ground."""
    xy = raster.centres(pool)
    luck = rng.uniform(0.55, 1.0, pool.size)
    start = raster.centres([first])[0]
    chosen = [int(np.argmin(np.round(((xy - start) ** 2).sum(axis=1), 2)))]
    gap = np.hypot(*(xy - xy[chosen[0]]).T)
    while len(chosen) < n:
        # Far from the others, but drawn to the centre: hamlets of one village keep in touch.
        score = np.minimum(gap, 2.2 * apart) * luck - 0.12 * np.hypot(*(xy - start).T)
        score[gap < 0.7 * apart] = -1e9
        k = int(np.argmax(np.round(score, 3)))
        if gap[k] < 0.7 * apart:
            break
        chosen.append(k)
        gap = np.minimum(gap, np.hypot(*(xy - xy[k]).T))
    return pool[chosen]


def outlines(raster: Raster, label: Ints, n: int) -> Any:
    """(n,) polygons of the labels 0 … n-1 (-1: nobody): an exact coverage with curved borders."""
    grid = np.pad(label.reshape(raster.rows, raster.cols), 1, constant_values=-1)
    r, c = np.nonzero(grid[:, 1:] != grid[:, :-1])
    upright = np.stack([np.stack([c, r - 1], -1), np.stack([c, r], -1)], 1)
    r, c = np.nonzero(grid[1:] != grid[:-1])
    level = np.stack([np.stack([c - 1, r], -1), np.stack([c, r], -1)], 1)
    steps = shapely.linestrings(np.concatenate([upright, level]).astype(float))
    faces = shapely.get_parts(shapely.polygonize(steps))
    inner = shapely.get_coordinates(shapely.point_on_surface(faces)).astype(int)
    whose = grid[inner[:, 1] + 1, inner[:, 0] + 1]
    rough = np.empty(n, object)
    for k in range(n):
        parts = faces[whose == k]
        rough[k] = parts[0] if len(parts) == 1 else shapely.union_all(parts)
    rough = shapely.transform(rough, lambda xy: xy * raster.cell + (raster.x0, raster.y0))
    return _rounded(shapely.coverage_simplify(rough, 52.0))


def _rounded(plain: Any) -> Any:
    """Cut the corners of a coverage arc by arc; where that would break it, keep the corners."""
    arcs = shapely.get_parts(shapely.line_merge(shapely.union_all(shapely.boundary(plain))))
    curves = np.array([shapely.linestrings(np.round(chaikin(shapely.get_coordinates(arc), 2), 2)) for arc in arcs])
    faces = shapely.get_parts(shapely.polygonize(curves))
    inside, whose = shapely.STRtree(plain).query(shapely.point_on_surface(faces), predicate="intersects")
    curved = np.full(plain.size, None, object)
    curved[whose] = faces[inside]
    whole = faces.size == plain.size == np.unique(whose).size
    return curved if whole and shapely.is_valid(curved).all() and shapely.coverage_is_valid(curved) else plain
