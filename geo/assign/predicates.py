"""Signs that floating point can vouch for, and what a short walk crosses.

A walk leads from a place whose covering polygons are known to the point in question. Each polygon edge on its way
changes the cover: parity, as in the ray-crossing test, only that the ray ends after a few metres, not at infinity.
"""

from __future__ import annotations

from numba import njit

CERTAIN = 3.3306690621773724e-16
UNDERFLOW = 1e-290
DOUBT = -1


@njit(cache=True, nogil=True)
def side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """1 or -1 for p left or right of a -> b where rounding cannot have changed it; 0 on the line and in doubt.

    Source: Ozaki, Bünger, Ogita, Oishi, Rump (2016), Simple floating-point filters for the two-dimensional orientation
    problem, BIT 56, theorem 3.1; GEOS trusts the same bound before it turns to longer numbers, so its answer agrees.
    """
    left = (ax - px) * (by - py)
    right = (ay - py) * (bx - px)
    det = left - right
    if abs(det) > abs(left + right) * CERTAIN + UNDERFLOW:
        return 1 if det > 0 else -1
    return 0


@njit(cache=True, nogil=True)
def crosses(ax: float, ay: float, bx: float, by: float, cx: float, cy: float, px: float, py: float) -> int:
    """1 if the walk c -> p crosses the edge a -> b, 0 if not, DOUBT where a sign is in doubt."""
    of_p = side(ax, ay, bx, by, px, py)
    of_c = side(ax, ay, bx, by, cx, cy)
    if of_p == 0 or of_c == 0:
        return DOUBT
    if of_p == of_c:
        return 0
    of_a = side(cx, cy, px, py, ax, ay)
    of_b = side(cx, cy, px, py, bx, by)
    if of_a == 0 or of_b == 0:
        return DOUBT
    return 1 if of_a != of_b else 0


@njit(cache=True, nogil=True)
def span_in_band(ax: float, ay: float, bx: float, by: float, low: float, high: float) -> tuple[float, float]:
    """Smallest and largest x of the part of a -> b with low <= y <= high; the edge must reach the band."""
    if ay > by:
        ax, ay, bx, by = bx, by, ax, ay
    x1, x2 = ax, bx
    if ay < low:
        x1 = ax + (bx - ax) * ((low - ay) / (by - ay))
    if by > high:
        x2 = ax + (bx - ax) * ((high - ay) / (by - ay))
    return min(x1, x2), max(x1, x2)
