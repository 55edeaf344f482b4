"""How many events a square kilometre holds: exact kernel sums on a raster, and their updates.

Every cell receives the true sum over all events within reach of its centre. Nothing is binned, sampled or
tabulated, so the answer does not depend on how events fall on the raster, and rasters of parts add up to the
raster of the whole.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import DensityError
from geo.kernel_sums import add_polynomial, add_sweep, add_triangular

Floats = NDArray[np.float64]
Bounds = tuple[float, float, float, float]

KERNELS = ("quartic", "epanechnikov", "triangular", "uniform", "gaussian")

# K(u) = constant * (1 - u²) ** power on the unit disc.
_POLYNOMIALS = {
    "uniform": (1 / np.pi, 0),
    "epanechnikov": (2 / np.pi, 1),
    "quartic": (3 / np.pi, 2),
}
_GAUSSIAN_REACH = 9.0  # exp(-9^2 / 2) = 2.6e-18 of the peak: below the last bit of one event's own peak
_SWEEP_FROM = (
    40.0  # bandwidth in cells from which the sweep is the faster of the two exact ways, measured in bench/density.py
)
_SMALL = 1_000_000  # kernel evaluations below which threads cost more than they bring
_CHUNK = 4096  # events in one matrix product


def intensity(
    x: ArrayLike,
    y: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    bounds: Bounds,
    shape: tuple[int, int],
    bandwidth_m: float,
    kernel: str = "quartic",
) -> Floats:
    """Give the events per km² at the centre of every cell, (rows, cols), row 0 in the north.

    Each event spreads its weight over the plane with a kernel of volume one, u being the distance in bandwidths:
    `quartic` 3/π (1 - u²)², `epanechnikov` 2/π (1 - u²), `triangular` 3/π (1 - u) and `uniform` 1/π on the disc
    u <= 1; `gaussian` exp(-u²/2) / 2π, so its bandwidth is one standard deviation. Events outside `bounds` count
    where their kernel reaches in.

    Sums are exact up to rounding: within 1e-12 of the largest value nearby. The gaussian leaves out what an event
    adds beyond 9 bandwidths, at most 2.6e-18 of its own peak. An event whose coordinate is NaN or infinite is
    nowhere and adds nothing; count such events with `numpy.isfinite` if that matters.

    Parameters
    ----------
    x, y : (n,) metres in any one metric CRS
    weights : (n,) events at each point, by default 1; finite, negative ones take back
    bounds : (min x, min y, max x, max y) of the raster, metres
    shape : (rows, cols); cells need not be square
    bandwidth_m : metres, > 0; where the kernel ends, or one standard deviation of the gaussian
    kernel : one of `KERNELS`

    Returns
    -------
    (rows, cols) float64, events per km²

    Raises
    ------
    DensityError : lengths differ, a weight is not finite, or the bounds, bandwidth, shape or kernel are unusable

    Cost: with r the bandwidth in cells, O(n r²) kernel evaluations for small r and for the triangular kernel,
    O(n r) by a sweep along each row for large r; the gaussian is a matrix product of O(n rows cols). All processors
    are used.

    Source: Silverman, Density Estimation for Statistics and Data Analysis (1986), section 4.2.1; the sweep follows
    the idea of Chan et al., SLAM: Efficient Sweep Line Algorithms for Kernel Density Visualization (SIGMOD 2022).

    Examples
    --------
    One event in the middle of one cell: 3/π per (100 m)², that is 95.49 per km².

    >>> intensity([50.0], [50.0], bounds=(0, 0, 100, 100), shape=(1, 1), bandwidth_m=100).round(2)
    array([[95.49]])
    """
    rows, cols = (int(n) for n in shape)
    if rows < 1 or cols < 1:
        raise DensityError(f"A raster needs at least one row and one column, not {rows} x {cols}.")
    return add(np.zeros((rows, cols)), x, y, weights, bounds=bounds, bandwidth_m=bandwidth_m, kernel=kernel)


def add(
    raster: Floats,
    x: ArrayLike,
    y: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    bounds: Bounds,
    bandwidth_m: float,
    kernel: str = "quartic",
) -> Floats:
    """Add events to a raster of `intensity`, in place, and return it; weights of -1 take events out again.

    Only cells within reach are touched, so one event costs microseconds. Each update leaves a rounding error of
    about 1e-16 of the values it touched: compute the raster anew from time to time if zeros must be zero.

    Parameters
    ----------
    raster : (rows, cols) float64, C-contiguous; changed
    x, y, weights, bounds, bandwidth_m, kernel : as in `intensity`, with the bounds, bandwidth and kernel of the raster

    Returns
    -------
    (rows, cols) the same array

    Raises
    ------
    DensityError : as in `intensity`, or the raster is not a contiguous float64 array of two dimensions

    Examples
    --------
    >>> raster = intensity([50.0, 60.0], [50.0, 50.0], bounds=(0, 0, 100, 100), shape=(1, 1), bandwidth_m=100)
    >>> add(raster, [60.0], [50.0], [-1.0], bounds=(0, 0, 100, 100), bandwidth_m=100).round(2)
    array([[95.49]])
    """
    if not (raster.ndim == 2 and raster.dtype == np.float64 and raster.flags.c_contiguous):
        raise DensityError(
            "The raster must be a C-contiguous float64 array of two dimensions, as intensity() makes it."
        )
    west, south, east, north = _checked_bounds(bounds)
    if not (np.isfinite(bandwidth_m) and bandwidth_m > 0):
        raise DensityError(f"The bandwidth must be a positive number of metres, not {bandwidth_m}.")
    if kernel not in KERNELS:
        raise DensityError(f"The kernel {kernel!r} is unknown; take one of {', '.join(KERNELS)}.")

    reach = bandwidth_m * (_GAUSSIAN_REACH if kernel == "gaussian" else 1.0)
    # Bandwidths as unit and the north-west corner as origin keep the numbers small, so little is lost to cancellation.
    u, v, w = _events(x, y, weights, (west - reach, south - reach, east + reach, north + reach))
    u, v = (u - west) / bandwidth_m, (north - v) / bandwidth_m
    w = w * (1e6 / bandwidth_m**2)
    rows, cols = raster.shape
    du, dv = (east - west) / cols / bandwidth_m, (north - south) / rows / bandwidth_m
    if not len(u):
        return raster
    if kernel == "gaussian":
        return _add_gaussian(raster, u, v, w, du, dv)

    def stripe(span: tuple[int, int]) -> None:
        if kernel == "triangular":
            add_triangular(raster, *span, u, v, w * (3 / np.pi), du, dv)
        else:
            constant, power = _POLYNOMIALS[kernel]
            sums = add_sweep if 1 / du > _SWEEP_FROM else add_polynomial
            sums(raster, *span, u, v, w * constant, du, dv, power)

    first, last = max(0, int((v[0] - 1) / dv) - 1), min(rows, int((v[-1] + 1) / dv) + 2)
    # An event reaches at most the whole raster, however wide the bandwidth.
    _in_stripes(stripe, first, last, len(u) * min(2 / du, cols) * min(2 / dv, rows))
    return raster


def _checked_bounds(bounds: Bounds) -> Bounds:
    west, south, east, north = (float(b) for b in bounds)
    if not (np.isfinite([west, south, east, north]).all() and west < east and south < north):
        raise DensityError(
            f"Bounds must be (min x, min y, max x, max y) in metres with a positive extent, not {bounds}."
        )
    return west, south, east, north


def _events(x: ArrayLike, y: ArrayLike, weights: ArrayLike | None, within: Bounds) -> tuple[Floats, Floats, Floats]:
    """Events that can matter, one for each distinct coordinate, sorted north to south, then west to east."""
    xs, ys = np.asarray(x, dtype=np.float64).ravel(), np.asarray(y, dtype=np.float64).ravel()
    ws = np.ones(len(xs)) if weights is None else np.asarray(weights, dtype=np.float64).ravel()
    if not len(xs) == len(ys) == len(ws):
        raise DensityError(f"x, y and weights must have one length, not {len(xs)}, {len(ys)} and {len(ws)}.")
    if not np.isfinite(ws).all():
        raise DensityError("A weight is missing or infinite; give every event a finite weight.")
    keep = (xs >= within[0]) & (ys >= within[1]) & (xs <= within[2]) & (ys <= within[3])  # NaN compares false
    xs, ys, ws = xs[keep], ys[keep], ws[keep]
    # Weights take part in the order so that the rounding of their sum does not depend on the order of the rows.
    order = np.lexsort((xs, -ys)) if weights is None else np.lexsort((ws, xs, -ys))
    xs, ys, ws = xs[order], ys[order], ws[order]
    starts = np.flatnonzero(np.r_[True, (xs[1:] != xs[:-1]) | (ys[1:] != ys[:-1])][: len(xs)])
    return xs[starts], ys[starts], np.add.reduceat(ws, starts) if len(xs) else ws


def _in_stripes(work: Callable[[tuple[int, int]], None], first: int, last: int, evaluations: float) -> None:
    workers = os.cpu_count() or 1
    if workers == 1 or evaluations < _SMALL:
        work((first, last))
        return
    cuts = (
        np.linspace(first, last, 4 * workers + 1).astype(int).tolist()
    )  # more stripes than workers: busy rows cluster
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, itertools.pairwise(cuts)))


def _add_gaussian(raster: Floats, u: Floats, v: Floats, w: Floats, du: float, dv: float) -> Floats:
    """exp(-(a² + b²) / 2) = exp(-a² / 2) exp(-b² / 2), so the sum over events is one matrix product."""
    rows, cols = raster.shape
    east, south = (np.arange(cols) + 0.5) * du, (np.arange(rows) + 0.5) * dv
    for start in range(0, len(u), _CHUNK):
        part = slice(start, start + _CHUNK)
        r0 = int(np.searchsorted(south, v[part][0] - _GAUSSIAN_REACH))
        r1 = int(np.searchsorted(south, v[part][-1] + _GAUSSIAN_REACH, side="right"))
        across = _bell(east[None, :] - u[part, None])
        across *= (w[part] / (2 * np.pi))[:, None]
        raster[r0:r1] += _bell(south[r0:r1, None] - v[None, part]) @ across
    return raster


def _bell(distance: Floats) -> Floats:
    """exp(-distance² / 2), and 0 beyond the reach: denormal numbers would slow the product a hundredfold."""
    bell = np.exp(-0.5 * np.square(distance))
    bell[np.abs(distance) > _GAUSSIAN_REACH] = 0.0
    return bell
