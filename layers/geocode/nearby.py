"""Places beside a named one: across the road, east of it, at a crossing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from geo.address import Offset
from layers.geocode.distance import METRES_PER_DEGREE, distance_m
from layers.geocode.names import Kind
from layers.geocode.query import Query
from layers.geocode.rows import Array

_REACH_M = {
    "side": 60.0, "opposite": 60.0, "near": 80.0, "junction": 30.0, "entrance": 25.0, "inside": 25.0, "behind": 40.0,
    "front": 30.0, "below": 20.0,
}  # fmt: skip
_BEARING = {"北": 0, "东北": 45, "东": 90, "东南": 135, "南": 180, "西南": 225, "西": 270, "西北": 315}
CROSSING_M = 40.0
SAME_CROSSING_M, SAME_TOWN_M = 400.0, 5_000.0
_AT_IT = frozenset({"near", "entrance", "inside", "below"})


@dataclass(frozen=True)
class Circle:
    """Where a place beside a named one lies: `reach_m` around centres in degrees, in a direction if one is said.

    `reason` is offset or junction, `token` the words; `at_centre` says whether people also mean the thing itself.
    """

    centres: tuple[tuple[float, float], ...]
    reach_m: float
    bearing: float | None
    reason: str
    token: str
    at_centre: bool = False

    @property
    def vague(self) -> bool:
        """Whether the words say no more than that the place is not far."""
        return self.reason == "junction" or any(word in self.token for word in ("附近", "周边"))

    @property
    def lon(self) -> float:
        """Longitude of the middle."""
        return round(sum(lon for lon, _ in self.centres) / len(self.centres), 7)

    @property
    def lat(self) -> float:
        """Latitude of the middle."""
        return round(sum(lat for _, lat in self.centres) / len(self.centres), 7)

    @property
    def radius_m(self) -> float:
        """Metres around the middle that hold the whole circle, or all of them."""
        return self.reach_m + max(distance_m(self.lon, self.lat, *centre) for centre in self.centres)

    @property
    def record(self) -> str:
        """The size in words."""
        return f"{self.radius_m:.0f} m"

    def points(self) -> Array:
        """(k, 2) points in degrees spread over the circle, or over the half of it that the direction tells."""
        angle = np.radians(np.arange(0, 360, 22.5))
        if self.bearing is not None:
            turn = np.abs((np.degrees(angle) - self.bearing + 180) % 360 - 180)
            angle = angle[turn <= 67.5]
        rings = [np.column_stack([np.sin(angle), np.cos(angle)]) * self.reach_m * part for part in (0.35, 0.7, 1.0)]
        if self.at_centre:
            rings.append(np.zeros((2 * len(angle), 2)))
        moves = np.concatenate(rings) / METRES_PER_DEGREE
        moves[:, 0] /= max(np.cos(np.radians(self.lat)), 0.01)
        return np.concatenate([moves + np.array(centre) for centre in self.centres])


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
    centre = (float(library.rows.lon[row]), float(library.rows.lat[row]))
    there = all(offset.kind in _AT_IT for offset in query.offsets)
    return Circle((centre,), reach, bearing, "offset", token, there)


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
    # The town of the best row tells crossings of the same names apart; the quays of a river give two close together.
    own = (float(library.rows.lon[row]), float(library.rows.lat[row])) if row >= 0 else places[0]
    first = min(places, key=lambda place: distance_m(*own, *place))
    if row < 0 and any(distance_m(*first, *place) > SAME_TOWN_M for place in places):
        return None
    near = tuple(place for place in places if distance_m(*first, *place) <= SAME_CROSSING_M)
    return Circle(near, CROSSING_M, None, "junction", "".join(offset.text for offset in query.offsets))
