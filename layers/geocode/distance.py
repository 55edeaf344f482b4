"""Metres between points in degrees."""

from __future__ import annotations

import math

METRES_PER_DEGREE = 111_195.0


def distance_m(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Metres between two points in degrees, on a sphere."""
    up, across = math.radians(other_lat - lat), math.radians(other_lon - lon)
    part = (
        math.sin(up / 2) ** 2
        + math.cos(math.radians(lat)) * math.cos(math.radians(other_lat)) * math.sin(across / 2) ** 2
    )
    return 2 * math.degrees(math.asin(min(1.0, math.sqrt(part)))) * METRES_PER_DEGREE
