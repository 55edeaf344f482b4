"""Water of a sample town: one meandering river, the streams that feed it, ponds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from scipy import ndimage

from geo.town.lines import band, chains, ribbon, smooth
from geo.town.terrain import CELL, Floats, Ints, Raster, noise, spread, trace


@dataclass(frozen=True)
class Water:
    """Centre lines and polygons in metres, small parts of the polygons, and the cells that others keep out of.

    wet : (n,) bool per cell; near : (rows, cols) metres from each cell to the next wet one
    """

    river: Floats
    lines: list[Any]
    line_kinds: list[str]
    polygons: list[Any]
    polygon_kinds: list[str]
    parts: Any
    wet: Any
    near: Any


def meander(rng: np.random.Generator, length: float, middle: float, x0: float, scale: float) -> Floats:
    """(n, 2) centre line of a river from x0 to x0 + length about y = middle.

    Source: Langbein and Leopold (1966), USGS Professional Paper 422-H: the direction of a meandering channel is a
    sine of the distance along it; here amplitude and wave length drift.
    """
    step = 12.0
    n = int(length * 1.9 / step)
    sway = noise(rng, (n,), 3000 / step)
    waves = 2 * np.pi * np.cumsum(step / (scale * (1150 + 250 * noise(rng, (n,), 1200 / step)).clip(650, 1800)))
    omega = (0.78 + 0.25 * noise(rng, (n,), 900 / step)).clip(0.25, 1.15)
    heading = omega * np.sin(waves) + 0.28 * sway
    x, y = np.cumsum(np.cos(heading)) * step, np.cumsum(np.sin(heading)) * step
    keep = x <= length
    x, y = x[keep], y[keep]
    y = y - np.linspace(y[0], y[-1], y.size)
    return np.round(np.column_stack([x0 + x, middle + y - y.mean()]), 2)


def water(rng: np.random.Generator, raster: Raster, river: Floats, height: Floats, width: float) -> Water:
    """Everything wet on the raster, from the river's centre line (n, 2) and its mean width in metres."""
    n = raster.rows * raster.cols
    half = 0.5 * width * (1 + 0.13 * noise(rng, (len(river),), 18)).clip(0.7, 1.4)
    body, parts = ribbon(river, half)
    pieces = [parts]
    lines, line_kinds, polygons, kinds = [shapely.linestrings(river)], ["river"], [body], ["river"]

    bed = np.unique(raster.cells(river))
    cost = (
        (14 + 3 * height + 40 * np.abs(noise(rng, height.shape, 5)) + 14 * np.abs(noise(rng, height.shape, 2)))
        .astype(np.int64)
        .ravel()
    )
    cost[bed] = 1
    dist, _, pred = spread(
        cost, np.zeros(n, np.int64), bed, np.zeros(bed.size, np.int64), np.zeros(bed.size, np.int64), raster.cols, True
    )
    heads = _heads(rng, raster, height, dist.reshape(height.shape))
    count = np.zeros(n, np.int64)
    trace(pred, heads, count)
    used = np.flatnonzero((count > 0) & (pred >= 0))
    inside = np.zeros(n, bool)
    inside[bed] = True
    used = used[~inside[used]]
    steps = np.column_stack([used, pred[used]])
    trunk = shapely.linestrings(river)
    for run, flow in chains(steps, count[used], set(bed.tolist())):
        xy = raster.centres(run)
        for end, cell in ((0, run[0]), (-1, run[-1])):
            if inside[cell]:
                xy[end] = shapely.get_coordinates(
                    shapely.line_interpolate_point(trunk, shapely.line_locate_point(trunk, shapely.points(xy[end])))
                )[0]
        line = smooth(xy, 34.0)
        wide = min(5.0 + 3.0 * np.sqrt(flow), 0.5 * width)
        lines.append(shapely.linestrings(line))
        line_kinds.append("stream")
        body, parts = band(line, wide / 2)
        pieces.append(parts)
        polygons.append(body)
        kinds.append("stream")
    ponds = _ponds(rng, raster, height, np.concatenate(pieces))
    pieces.append(np.array(ponds, dtype=object))
    polygons += ponds
    kinds += ["pond"] * len(ponds)

    wet = _cover(raster, polygons, 0.35 * CELL)
    away = ndimage.distance_transform_edt(~wet.reshape(height.shape)) * raster.cell
    return Water(river, lines, line_kinds, polygons, kinds, np.concatenate(pieces), wet, away)


def water_within(water_: Water, bounds: Floats) -> Any:
    """All water within bounds (4,) as one polygon, cut at the bounds."""
    frame = shapely.box(*bounds)
    shapes = np.array(water_.polygons, dtype=object)
    return shapely.union_all(shapely.intersection(shapes[shapely.intersects(shapes, frame)], frame))


def _heads(rng: np.random.Generator, raster: Raster, height: Floats, dist: Ints) -> Ints:
    """Cells in the hills, at least about 900 m apart, where streams rise."""
    box = 34
    picked = []
    for r in range(0, raster.rows, box):
        for c in range(0, raster.cols, box):
            part = height[r : r + box, c : c + box] + 8 * rng.random()
            k = int(np.argmax(part))
            i, j = r + k // part.shape[1], c + k % part.shape[1]
            if height[i, j] > 45 and rng.random() < 0.75:
                picked.append(i * raster.cols + j)
    if not picked:
        picked = [int(np.argmax(np.where(dist < dist.max(), dist, 0)))]
    return np.array(picked, dtype=np.int64)


def _ponds(rng: np.random.Generator, raster: Raster, height: Floats, streams: Any) -> list[Any]:
    plain = np.flatnonzero(height.ravel() == 0)
    number = int(plain.size * CELL**2 / 1e6 * 2.2)
    if number == 0 or plain.size == 0:
        return []
    centres = raster.centres(rng.choice(plain, number)) + rng.uniform(-15, 15, (number, 2))
    turn = np.linspace(0, 2 * np.pi, 18, endpoint=False)
    size = rng.lognormal(np.log(24), 0.4, number).clip(12, 60)
    lobes = 1 + 0.22 * np.sin(2 * turn[None] + rng.uniform(0, 6.28, (number, 1)))
    lobes = lobes + 0.1 * np.sin(3 * turn[None] + rng.uniform(0, 6.28, (number, 1)))
    radius = size[:, None] * lobes
    flat = rng.uniform(0.55, 1.0, (number, 1))
    ring = np.stack([radius * np.cos(turn), radius * flat * np.sin(turn)], axis=-1)
    tilt = rng.uniform(0, np.pi, number)
    spin = np.stack([np.stack([np.cos(tilt), -np.sin(tilt)], -1), np.stack([np.sin(tilt), np.cos(tilt)], -1)], -2)
    shapes = shapely.polygons(np.round(np.einsum("nij,nkj->nki", spin, ring) + centres[:, None], 2))
    clear = shapely.STRtree(streams).query(shapes, predicate="dwithin", distance=25.0)[0]
    keep = np.ones(number, bool)
    keep[clear] = False
    a, b = shapely.STRtree(shapes).query(shapely.buffer(shapes, 60), predicate="intersects")
    keep[np.unique(np.maximum(a, b)[a != b])] = False
    return list(shapes[keep])


def _cover(raster: Raster, shapes: list[Any], margin: float) -> Any:
    """(n,) bool: cells whose centre lies within `margin` of one of the shapes."""
    wet = np.zeros(raster.rows * raster.cols, bool)
    for shape in shapes:
        fat = shapely.buffer(shape, margin)
        x0, y0, x1, y1 = shapely.bounds(fat)
        c = np.arange(max(0, int((x0 - raster.x0) / CELL)), min(raster.cols, int((x1 - raster.x0) / CELL) + 2))
        r = np.arange(max(0, int((y0 - raster.y0) / CELL)), min(raster.rows, int((y1 - raster.y0) / CELL) + 2))
        block = (r[:, None] * raster.cols + c[None, :]).ravel()
        if block.size:
            xy = raster.centres(block)
            shapely.prepare(fat)
            wet[block[shapely.contains_xy(fat, xy[:, 0], xy[:, 1])]] = True
    return wet
