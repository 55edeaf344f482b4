"""Places beside a named one: across the road, east of it, at a crossing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from geo.address import Offset
from layers.geocode.names import Kind
from layers.geocode.query import Query
from layers.geocode.rows import Array

METRES_PER_DEGREE = 111_195.0
_REACH_M = {
    "side": 40.0, "opposite": 40.0, "near": 80.0, "junction": 30.0, "entrance": 25.0, "inside": 25.0, "behind": 40.0,
    "front": 30.0, "below": 20.0,
}  # fmt: skip
_BEARING = {"北": 0, "东北": 45, "东": 90, "东南": 135, "南": 180, "西南": 225, "西": 270, "西北": 315}
CROSSING_M = 25.0


@dataclass(frozen=True)
class Circle:
    """Where a place beside a named one lies: a centre in degrees, metres around it, and a direction if one is said.

    `reason` is offset or junction, `token` the words.
    """

    lon: float
    lat: float
    radius_m: float
    bearing: float | None
    reason: str
    token: str

    def points(self) -> Array:
        """(k, 2) points in degrees spread over the circle, or over the half of it that the direction tells."""
        angle = np.radians(np.arange(0, 360, 22.5))
        if self.bearing is not None:
            turn = np.abs((np.degrees(angle) - self.bearing + 180) % 360 - 180)
            angle = angle[turn <= 67.5]
        # People name the thing that they stand at, so the middle counts for two fifths.
        rings = [np.zeros((2 * len(angle), 2))]
        rings += [np.column_stack([np.sin(angle), np.cos(angle)]) * self.radius_m * part for part in (0.35, 0.7, 1.0)]
        moves = np.concatenate(rings) / METRES_PER_DEGREE
        moves[:, 0] /= max(np.cos(np.radians(self.lat)), 0.01)
        out: Array = moves + np.array([self.lon, self.lat])
        return out


def circle_of(library: Any, query: Query, row: int) -> Circle | None:
    """The circle that the words of position tell, None for a text without them or without a place."""
    if not query.offsets:
        return None
    crossing = _crossing(library, query, row)
    if crossing is not None:
        return crossing
    if row < 0 or all(offset.kind == "junction" for offset in query.offsets):
        return None
    if not _is_point(library, query, row):
        return None
    reach = max(_reach(offset) for offset in query.offsets)
    bearing = next((_BEARING.get(offset.bearing) for offset in query.offsets if offset.bearing), None)
    token = "".join(offset.text for offset in query.offsets)
    return Circle(float(library.rows.lon[row]), float(library.rows.lat[row]), reach, bearing, "offset", token)


def _reach(offset: Offset) -> float:
    return offset.distance_m or _REACH_M.get(offset.kind, 60.0)


def _is_point(library: Any, query: Query, row: int) -> bool:
    """Whether the text names more than a road or village: something that has sides."""
    names = library.rows.names[row].tolist()
    point = any(
        names[library.names.kinds[meaning.name]] == meaning.name and library.names.kinds[meaning.name] >= Kind.ESTATE
        for span in query.spans
        for meaning in span.meanings
    )
    return point or len(query.numbers) > 0


def _crossing(library: Any, query: Query, row: int) -> Circle | None:
    roads = [
        [library.names.texts[m.name] for m in span.meanings if library.names.kinds[m.name] == Kind.ROAD]
        for span in query.spans
    ]
    roads = [found for found in roads if found]
    if len(roads) < 2 or not any(offset.kind == "junction" for offset in query.offsets):
        return None
    places = [place for one in roads[0] for other in roads[1] for place in library.crossings.of(one, other)]
    if not places:
        return None
    if len(places) > 1:
        if row < 0:
            return None
        # The town of the best row tells crossings of the same name apart.
        own = np.array([library.rows.lon[row], library.rows.lat[row]])
        places.sort(key=lambda place: float(np.hypot(*(np.array(place) - own))))
    lon, lat = places[0]
    return Circle(round(lon, 7), round(lat, 7), CROSSING_M, None, "junction", "".join(o.text for o in query.offsets))
