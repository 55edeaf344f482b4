"""Where two roads meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import shapely

from layers.geocode.distance import METRES_PER_DEGREE

MEET_M = 60.0


class Crossings:
    """Roads by name, and where two of them meet.

    lines : name -> MultiLineStrings in degrees of that name, of one town or several
    """

    def __init__(self, lines: Mapping[str, Sequence[shapely.Geometry]]) -> None:
        self._lines = {name: shapely.union_all(list(parts)) for name, parts in lines.items()}
        self._found: dict[tuple[str, str], tuple[tuple[float, float], ...]] = {}

    def knows(self, name: str) -> bool:
        """Whether a road has a line."""
        return name in self._lines

    def of(self, one: str, other: str) -> tuple[tuple[float, float], ...]:
        """(lon, lat) of each place where two roads meet, or come within 60 m of each other; one a crossing."""
        key = (min(one, other), max(one, other))
        if key not in self._found:
            self._found[key] = self._meet(*key)
        return self._found[key]

    def _meet(self, one: str, other: str) -> tuple[tuple[float, float], ...]:
        first, second = self._lines.get(one), self._lines.get(other)
        if first is None or second is None or one == other:
            return ()
        shared = shapely.intersection(first, second)
        points = shapely.get_coordinates(shapely.centroid(shapely.get_parts(shared))) if not shared.is_empty else []
        if len(points) == 0:
            near = shapely.shortest_line(first, second)
            if near is None or near.length * METRES_PER_DEGREE > MEET_M:
                return ()
            points = shapely.get_coordinates(shapely.centroid(near)).reshape(-1, 2)
        return _merged(np.asarray(points))


def _merged(points: np.ndarray) -> tuple[tuple[float, float], ...]:
    """Crossings within 60 m are one: carriageways."""
    out: list[tuple[float, float]] = []
    for lon, lat in points[np.lexsort((points[:, 1], points[:, 0]))].tolist():
        if all(abs(lon - x) + abs(lat - y) > MEET_M / METRES_PER_DEGREE for x, y in out):
            out.append((lon, lat))
    return tuple(out)
