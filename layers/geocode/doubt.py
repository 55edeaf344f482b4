"""Points that should not be believed: they contradict their address, or make no sense by themselves."""

from __future__ import annotations

from layers.geocode.distance import distance_m
from layers.geocode.model import Geocoded

SLACK_M = 300.0
"""How far a point may lie from where its address is before the two contradict each other."""

_UNDERSTOOD = 0.5


def doubt_of(answer: Geocoded, lon: float, lat: float, *, outside: bool) -> str | None:
    """Why the point of a report should not be believed beside what its text says; None if nothing speaks against it.

    outside : whether the point lies outside every grid's reach
    """
    if lon == 0 and lat == 0:
        return "zero"
    if not answer.candidates or sum(chance for _, chance in answer.grids) < _UNDERSTOOD:
        return "outside" if outside and answer.candidates else None
    apart = [
        distance_m(lon, lat, one.lon, one.lat) - (one.radius_m or 0.0)
        for one in answer.candidates
        if one.lon is not None and one.lat is not None
    ]
    if apart and min(apart) > SLACK_M:
        swapped = [
            distance_m(lat, lon, one.lon, one.lat)
            for one in answer.candidates
            if one.lon is not None and one.lat is not None
        ]
        return "swapped" if min(swapped) < min(apart) and min(swapped) < 20_000 else "contradiction"
    return "outside" if outside else None
