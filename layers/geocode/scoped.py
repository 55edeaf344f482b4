"""What an answer may tell somebody whose area is a part of the library's."""

from __future__ import annotations

from dataclasses import replace

from layers.access import Scope
from layers.geocode.model import Geocoded, Reverse


def within(answer: Geocoded, scope: Scope) -> Geocoded:
    """The answer without what lies outside the scope; its confidence stays, so that nothing looks surer than it is."""
    if not scope.code:
        return answer
    candidates = tuple(one for one in answer.candidates if scope.covers(one.grid_code or one.village_code))
    mine = scope.covers(answer.grid_code or answer.village_code)
    first = mine and bool(answer.candidates) and candidates[:1] == answer.candidates[:1]
    return replace(
        answer,
        candidates=candidates,
        grids=tuple((code, chance) for code, chance in answer.grids if scope.covers(code)),
        ancestor_code=answer.ancestor_code if scope.covers(answer.ancestor_code) else None,
        village_code=answer.village_code if scope.covers(answer.village_code) else None,
        grid_code=answer.grid_code if scope.covers(answer.grid_code) else None,
        lon=answer.lon if first else None,
        lat=answer.lat if first else None,
        address_key=answer.address_key if first else None,
    )


def reverse_within(answer: Reverse, scope: Scope) -> Reverse:
    """The answer, empty if its point lies outside the scope."""
    if scope.covers(answer.grid_code or answer.village_code):
        return answer
    return Reverse(answer.lon, answer.lat, None, None, None, None, None)
