"""The inner loops of `geo.density`: sums of radial kernels over a band of raster rows.

The unit of length is the bandwidth, the origin the north-west corner of the raster; u runs east and v south. Events
come sorted by v. Every function adds into rows `first` to `last` only, so bands can run in threads, and the order of
the sum within a cell does not depend on the bands.
"""

# The loops below are plain scalar code on purpose: numba turns the innermost ones into vector instructions.

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True, nogil=True, inline="always")
def _span(u: float, rim: float, du: float, cols: int) -> tuple[int, int]:
    """Columns [c0, c1) whose centres lie within `rim` = 1 - v² of the event; a centre exactly on the rim is in."""
    reach = np.sqrt(rim)
    c0 = min(max(0, int(np.ceil((u - reach) / du - 0.5))), cols)
    c1 = min(max(c0, int(np.floor((u + reach) / du - 0.5)) + 1), cols)
    # The division may round across a centre; the squared distance decides.
    while c0 > 0 and ((c0 - 0.5) * du - u) ** 2 <= rim:
        c0 -= 1
    while c0 < c1 and ((c0 + 0.5) * du - u) ** 2 > rim:
        c0 += 1
    while c1 < cols and ((c1 + 0.5) * du - u) ** 2 <= rim:
        c1 += 1
    while c1 > c0 and ((c1 - 0.5) * du - u) ** 2 > rim:
        c1 -= 1
    return c0, c1


@njit(cache=True, nogil=True)
def add_polynomial(
    raster: Floats, first: int, last: int, u: Floats, v: Floats, w: Floats, du: float, dv: float, power: int
) -> None:
    """Add w (1 - d²)^power for every event and every cell within distance 1; O(n / du / dv)."""
    cols = raster.shape[1]
    for r in range(first, last):
        centre = (r + 0.5) * dv
        row = raster[r]
        for i in range(np.searchsorted(v, centre - 1.0), np.searchsorted(v, centre + 1.0, side="right")):
            rim = 1.0 - (v[i] - centre) ** 2
            if rim < 0.0:
                continue
            c0, c1 = _span(u[i], rim, du, cols)
            ui, wi = u[i], w[i]
            if power == 2:
                for c in range(c0, c1):
                    s = (c + 0.5) * du - ui
                    t = rim - s * s
                    row[c] += wi * t * t
            elif power == 1:
                for c in range(c0, c1):
                    s = (c + 0.5) * du - ui
                    row[c] += wi * (rim - s * s)
            else:
                for c in range(c0, c1):
                    row[c] += wi


@njit(cache=True, nogil=True)
def add_triangular(
    raster: Floats, first: int, last: int, u: Floats, v: Floats, w: Floats, du: float, dv: float
) -> None:
    """Add w (1 - d) for every event and every cell within distance 1; O(n / du / dv)."""
    cols = raster.shape[1]
    for r in range(first, last):
        centre = (r + 0.5) * dv
        row = raster[r]
        for i in range(np.searchsorted(v, centre - 1.0), np.searchsorted(v, centre + 1.0, side="right")):
            square = (v[i] - centre) ** 2
            if square > 1.0:
                continue
            c0, c1 = _span(u[i], 1.0 - square, du, cols)
            ui, wi = u[i], w[i]
            for c in range(c0, c1):
                s = (c + 0.5) * du - ui
                row[c] += wi * (1.0 - np.sqrt(s * s + square))


@njit(cache=True, nogil=True, inline="always")
def _coefficients(s: float, rim: float, weight: float, power: int) -> tuple[float, float, float, float, float]:
    """weight (rim - (t - s)²)^power as a polynomial in t, lowest power first."""
    p, q = rim - s * s, 2.0 * s
    if power == 2:
        return p * p * weight, 2.0 * p * q * weight, (q * q - 2.0 * p) * weight, -2.0 * q * weight, weight
    if power == 1:
        return p * weight, q * weight, -weight, 0.0, 0.0
    return weight, 0.0, 0.0, 0.0, 0.0


@njit(cache=True, nogil=True, inline="always")
def _enter(
    change: Floats, live: Ints, c0: int, c1: int, u: float, rim: float, weight: float, du: float, power: int, width: int
) -> None:
    """Note where the polynomial of one event begins and ends, in every block of columns it reaches."""
    for block in range(c0 // width, (c1 - 1) // width + 1):
        k0, k1, k2, k3, k4 = _coefficients(u - (block + 0.5) * width * du, rim, weight, power)
        start, end = max(c0, block * width), min(c1, (block + 1) * width)
        live[start] += 1
        change[start, 0] += k0
        change[start, 1] += k1
        change[start, 2] += k2
        change[start, 3] += k3
        change[start, 4] += k4
        if end < (block + 1) * width:
            live[end] -= 1
            change[end, 0] -= k0
            change[end, 1] -= k1
            change[end, 2] -= k2
            change[end, 3] -= k3
            change[end, 4] -= k4


@njit(cache=True, nogil=True)
def add_sweep(
    raster: Floats, first: int, last: int, u: Floats, v: Floats, w: Floats, du: float, dv: float, power: int
) -> None:
    """Add w (1 - d²)^power as `add_polynomial` does, in O(n / dv + cells).

    Along a row each event is one polynomial between two columns: it is added where it starts and taken away where
    it ends, and a running sum gives the row. The polynomials are written around the centre of a block one bandwidth
    wide, and the running sum restarts with each block. So coefficients stay near 1, and a hot spot leaves no
    rounding error in cells more than three bandwidths away.
    """
    cols = raster.shape[1]
    width = max(1, int(np.ceil(1.0 / du)))
    change = np.zeros((cols + 1, 5))
    live = np.zeros(cols + 1, dtype=np.int64)
    for r in range(first, last):
        centre = (r + 0.5) * dv
        low, high = cols, 0
        for i in range(np.searchsorted(v, centre - 1.0), np.searchsorted(v, centre + 1.0, side="right")):
            rim = 1.0 - (v[i] - centre) ** 2
            if rim < 0.0:
                continue
            c0, c1 = _span(u[i], rim, du, cols)
            if c0 < c1:
                low, high = min(low, c0), max(high, c1)
                _enter(change, live, c0, c1, u[i], rim, w[i], du, power, width)
        k0, k1, k2, k3, k4, count = 0.0, 0.0, 0.0, 0.0, 0.0, 0
        for c in range(low, high):
            if c % width == 0:
                k0, k1, k2, k3, k4, count = 0.0, 0.0, 0.0, 0.0, 0.0, 0
            count += live[c]
            k0 += change[c, 0]
            k1 += change[c, 1]
            k2 += change[c, 2]
            k3 += change[c, 3]
            k4 += change[c, 4]
            if count == 0:  # nothing within reach: what is left in the sums is rounding only
                k0, k1, k2, k3, k4 = 0.0, 0.0, 0.0, 0.0, 0.0
            else:
                t = (c - (c // width + 0.5) * width + 0.5) * du
                raster[r, c] += k0 + t * (k1 + t * (k2 + t * (k3 + t * k4)))
        change[low : high + 1] = 0.0
        live[low : high + 1] = 0
