"""Points that invite errors get shapely's own answer: vertices, edges, their neighbours by rounding, cell borders."""

from __future__ import annotations

from itertools import pairwise

import numba
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from geo.assign import GridIndex


def lattice(n, rng, vertices=6, origin=(250_000.0, 3_300_000.0), size=500.0):
    """n x n Polygons that share their bent edges vertex by vertex."""
    corner = np.stack(np.meshgrid(np.arange(n + 1.0), np.arange(n + 1.0)), axis=2) + rng.uniform(
        -0.2, 0.2, (n + 1, n + 1, 2)
    )
    t = np.linspace(0, 1, vertices)[:, None]

    def bent(a, b):
        line = a * (1 - t) + b * t
        line[1:-1] += rng.uniform(-0.04, 0.04, (vertices - 2, 2))
        return line

    flat = [[bent(corner[r, c], corner[r, c + 1]) for c in range(n)] for r in range(n + 1)]
    steep = [[bent(corner[r, c], corner[r + 1, c]) for c in range(n + 1)] for r in range(n)]
    rings = [
        np.concatenate([flat[r][c], steep[r][c + 1][1:], flat[r + 1][c][::-1][1:], steep[r][c][::-1][1:]])
        for r in range(n)
        for c in range(n)
    ]
    return [Polygon(ring * size + origin) for ring in rings]


def loops(rng, n=40):
    """Star-shaped polygons that overlap at random."""
    shapes = []
    for _ in range(n):
        angle, radius = np.sort(rng.uniform(0, 2 * np.pi, 15)), rng.uniform(0.2, 3) * rng.uniform(0.6, 1, 15)
        ring = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]) + rng.uniform(0, 10, 2)
        shapes.append(Polygon(ring).buffer(0))
    return shapes


def fan(n=60):
    rim = np.exp(1j * np.linspace(0, 2 * np.pi, n + 1))
    return [Polygon([(0, 0), (a.real, a.imag), (b.real, b.imag)]) for a, b in pairwise(rim)]


def slivers():
    steps = 1 + np.arange(31) * 1e-13
    return [box(0, low, 10, high) for low, high in pairwise(steps)] + [box(0, 0, 10, 1)]


WORLDS = {
    "metres": lambda rng: lattice(7, rng),
    "degrees": lambda rng: lattice(7, rng, origin=(120.0, 30.0), size=0.005),
    "round numbers": lambda rng: [box(5e6 + i, j, 5e6 + i + 1, j + 1) for i in range(9) for j in range(7)],
    "overlaps": loops,
    "nested": lambda rng: [box(-i, -i, i + 0.3, i + 0.1) for i in range(1, 60)],
    "islands": lambda rng: [
        box(0, 0, 9, 9) - box(1, 1, 8, 8),
        box(1, 1, 8, 8) - box(2, 2, 7, 7) - box(3, 1.2, 3.5, 1.8),
        MultiPolygon([box(2, 2, 4, 4), box(5, 5, 6, 6)]),
        box(3, 1.2, 3.5, 1.8),
        Polygon(),
        None,
    ],
    "fan": lambda rng: fan(),
    "slivers": lambda rng: slivers(),
    "one far away": lambda rng: [*lattice(5, rng, origin=(10, 10), size=1e-4), box(1e6, 1e6, 1e6 + 1, 1e6 + 1)],
    "near the last digit": lambda rng: [box(1e6 + i * 1e-9, 5, 1e6 + (i + 1) * 1e-9, 5 + 1e-9) for i in range(20)],
    "flat": lambda rng: [box(i, 0, i + 1, 1e-7) for i in range(50)],
    "invalid": lambda rng: [
        Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]),
        Polygon([(3, 0), (6, 0), (6, 3), (3, 3)], [[(4, 1), (8, 1), (8, 2), (4, 2)]]),
        box(0, 0, 4, 4),
        MultiPolygon([box(0, 5, 2, 7), box(1, 5, 3, 7)]),
        Polygon([(5, 5), (7, 5), (7, 7), (7, 5), (5, 5)]),
    ],
    "huge": lambda rng: [box(-1e300, -1e300, 1e300, 1e300), box(0, 0, 1, 1)],
}


def hostile(index, polygons, rng, n=250):
    coords = shapely.get_coordinates(polygons)
    i = rng.integers(0, len(coords) - 1, n)
    share = rng.choice([0.5, 0.25, 1 / 3], n)[:, None]
    points = [coords[i], coords[i] * (1 - share) + coords[i + 1] * share]
    for base in points[:2]:
        near = base
        for _ in range(3):
            near = np.nextafter(near, rng.choice([-np.inf, np.inf], near.shape))
            points.append(near)
    x0, y0, w, h, _ = index.raster.frame
    size = np.array([w, h])
    cell = np.floor((coords[i] - (x0, y0)) / size)
    for part in (0, 0.25, 0.5067231):
        points.append((cell + part) * size + (x0, y0))
        points += [np.column_stack([points[-1][:, 0], coords[i, 1]]), np.column_stack([coords[i, 0], points[-1][:, 1]])]
    low, high = coords.min(axis=0), coords.max(axis=0)
    points.append(low + rng.uniform(-0.1, 1.1, (n, 2)) * (high - low))
    points.append(np.array([[np.nan, 0], [np.inf, 0], [-np.inf, np.inf], [1e308, -1e308], [0, 0]]))
    return np.concatenate(points).T


def shapelys_answer(polygons, rank, x, y):
    """Position of the lowest rank among the polygons that intersect each point, pair by pair."""
    finite = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    wanted = np.full(len(x), -1)
    for position in np.argsort(rank)[::-1]:
        if polygons[position] is not None:
            wanted[finite[shapely.intersects(polygons[position], shapely.points(x[finite], y[finite]))]] = position
    return wanted


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize("world", WORLDS)
def test_no_answer_differs(world, compact):
    rng = np.random.default_rng(7)
    polygons = np.empty(len(WORLDS[world](rng)), dtype=object)
    polygons[:] = WORLDS[world](np.random.default_rng(7))
    ids = rng.permutation(len(polygons))
    index = GridIndex(polygons, ids, compact=compact)
    x, y = hostile(index, polygons, rng)
    wanted = shapelys_answer(polygons, ids, x, y)
    assert index.locate(x, y).tolist() == wanted.tolist()
    assert [index.locate_one(*p) for p in zip(x[::9], y[::9], strict=True)] == wanted[::9].tolist()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_row_order_ring_direction_and_threads_do_not_matter(seed, reverse):
    rng = np.random.default_rng(seed)
    polygons = np.array(loops(rng, 12) + lattice(3, rng, origin=(0, 0), size=3), dtype=object)
    ids = rng.permutation(len(polygons))
    x, y = hostile(GridIndex(polygons, ids), polygons, rng, 50)
    wanted = np.append(ids, -1)[GridIndex(polygons, ids).locate(x, y)]
    order = rng.permutation(len(polygons))
    other = GridIndex(shapely.reverse(polygons[order]) if reverse else polygons[order], ids[order])
    threads = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        found = other.locate(x, y)
    finally:
        numba.set_num_threads(threads)
    assert np.append(ids[order], -1)[found].tolist() == wanted.tolist()


def test_parts_of_a_coverage_sum_to_the_whole():
    rng = np.random.default_rng(1)
    polygons = lattice(6, rng)
    x, y = 250_000 + rng.uniform(-200, 3200, 40_000), 3_300_000 + rng.uniform(-200, 3200, 40_000)
    parts = sum((GridIndex([polygon], [0]).locate(x, y) == 0).sum() for polygon in polygons)
    assert parts == (GridIndex(polygons, range(36)).locate(x, y) >= 0).sum()
