"""GCJ-02 and BD-09, the two shifted coordinate systems of Chinese web maps, to WGS 84 and back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
Pair = tuple[FloatArray, FloatArray]

SEMI_MAJOR_M = 6_378_245.0  # Krassovsky 1940, as the public formula has it
ECCENTRICITY_SQUARED = 0.00669342162296594323
SHIFTED_BOX = (72.004, 0.8293, 137.8347, 55.8271)  # min lon, min lat, max lon, max lat
_BD_TURN = np.pi * 3000.0 / 180.0
_GREATEST_SHIFT = 0.02  # degrees; the shift stays under 0.01 everywhere in the box
_MOST_STEPS = 30


def to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """GCJ-02 longitude and latitude of WGS 84 places.

    Places outside the box 72.004-137.8347 E, 0.8293-55.8271 N stay where they are. NaN and infinite values
    pass through.

    Parameters
    ----------
    lon, lat : (n,) degrees WGS 84; scalars are broadcast

    Returns
    -------
    lon, lat : (n,) degrees GCJ-02

    Source
    ------
    The public reconstruction of the formula (eviltransform and its many ports); no official text is public.

    Examples
    --------
    >>> lon, lat = to_gcj02([116.42079], [39.90105])
    >>> lon.round(5).tolist(), lat.round(5).tolist()
    ([116.42702], [39.90245])
    """
    lon, lat = _pair(lon, lat)
    return _inside_only(_shift, lon, lat, _in_box(lon, lat, 0.0))


def from_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """WGS 84 longitude and latitude of GCJ-02 places, so exact that `to_gcj02` gives the input back to 1e-9 degrees.

    The shift jumps to zero at the edge of its box (sea, and land far from China). Within 700 m of that edge a
    place goes to the source inside the box, if there is one; otherwise it stays.

    Parameters
    ----------
    lon, lat : (n,) degrees GCJ-02; scalars are broadcast; NaN passes through

    Returns
    -------
    lon, lat : (n,) degrees WGS 84

    Examples
    --------
    >>> lon, lat = from_gcj02(*to_gcj02([120.42], [29.8]))
    >>> lon.round(9).tolist(), lat.round(9).tolist()
    ([120.42], [29.8])
    """
    lon, lat = _pair(lon, lat)
    near = _in_box(lon, lat, _GREATEST_SHIFT)
    back_lon, back_lat = _inside_only(lambda x, y: _invert(_shift, x, y), lon, lat, near)
    source = near & _in_box(back_lon, back_lat, 0.0)
    return np.where(source, back_lon, lon), np.where(source, back_lat, lat)


def to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """BD-09 (Baidu, degrees) longitude and latitude of WGS 84 places: GCJ-02 with a further polar offset.

    Parameters
    ----------
    lon, lat : (n,) degrees WGS 84; scalars are broadcast; NaN passes through

    Returns
    -------
    lon, lat : (n,) degrees BD-09

    Examples
    --------
    >>> lon, lat = to_bd09(120.42, 29.8)   # 1,139 m away
    >>> round(float(lon), 3), round(float(lat), 3)
    (120.431, 29.803)
    """
    lon, lat = to_gcj02(lon, lat)
    return _inside_only(_polar_offset, lon, lat, _finite(lon, lat))


def from_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """WGS 84 longitude and latitude of BD-09 places, exact to 1e-9 degrees.

    Parameters
    ----------
    lon, lat : (n,) degrees BD-09 (not the metres of BD-09 MC); scalars are broadcast; NaN passes through

    Returns
    -------
    lon, lat : (n,) degrees WGS 84
    """
    lon, lat = _pair(lon, lat)
    return from_gcj02(*_inside_only(lambda x, y: _invert(_polar_offset, x, y), lon, lat, _finite(lon, lat)))


def _pair(lon: ArrayLike, lat: ArrayLike) -> Pair:
    x, y = np.broadcast_arrays(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
    return x, y


def _finite(lon: FloatArray, lat: FloatArray) -> NDArray[np.bool_]:
    return np.isfinite(lon) & np.isfinite(lat)


def _in_box(lon: FloatArray, lat: FloatArray, margin: float) -> NDArray[np.bool_]:
    west, south, east, north = SHIFTED_BOX
    return (
        (lon >= west - margin) & (lon <= east + margin) & (lat >= south - margin) & (lat <= north + margin)
    )  # NaN compares false


def _inside_only(
    change: Callable[[FloatArray, FloatArray], Pair], lon: FloatArray, lat: FloatArray, where: NDArray[np.bool_]
) -> Pair:
    x, y = lon.copy(), lat.copy()
    x[where], y[where] = change(lon[where], lat[where])
    return x, y


def _invert(forward: Callable[[FloatArray, FloatArray], Pair], lon: FloatArray, lat: FloatArray) -> Pair:
    """Fixed-point iteration: both shifts change so slowly with place that each step gains three digits or more."""
    x, y = lon, lat
    for _ in range(_MOST_STEPS):
        ahead_x, ahead_y = forward(x, y)
        miss_x, miss_y = ahead_x - lon, ahead_y - lat
        x, y = x - miss_x, y - miss_y
        if max(np.abs(miss_x).max(initial=0.0), np.abs(miss_y).max(initial=0.0)) < 2e-13:
            break
    return x, y


def _shift(lon: FloatArray, lat: FloatArray) -> Pair:
    x, y = lon - 105.0, lat - 35.0
    waves = (20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)) * 2.0 / 3.0
    root = np.sqrt(np.abs(x))
    north = (
        (-100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves)
        + (20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3.0 * y)) * 2.0 / 3.0
        + (160.0 * np.sin(np.pi / 12.0 * y) + 320.0 * np.sin(np.pi / 30.0 * y)) * 2.0 / 3.0
    )
    east = (
        (300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves)
        + (20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3.0 * x)) * 2.0 / 3.0
        + (150.0 * np.sin(np.pi / 12.0 * x) + 300.0 * np.sin(np.pi / 30.0 * x)) * 2.0 / 3.0
    )
    phi = np.radians(lat)
    magic = 1.0 - ECCENTRICITY_SQUARED * np.sin(phi) ** 2
    meridian = SEMI_MAJOR_M * (1.0 - ECCENTRICITY_SQUARED) / magic**1.5
    parallel = SEMI_MAJOR_M / np.sqrt(magic) * np.cos(phi)
    return lon + np.degrees(east / parallel), lat + np.degrees(north / meridian)


def _polar_offset(lon: FloatArray, lat: FloatArray) -> Pair:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_TURN)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006
