"""Texts that stand for a row as they are: known addresses, and other names that hold only in their area."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from layers.geocode.names import EVERYWHERE, Kind, Span
from layers.geocode.query import Query
from layers.geocode.rows import Array

FITS = 2.5
"""A row whose weight is no more than this below the best one fits a text about as well."""


class Whole(NamedTuple):
    """The row that a text stands for, in the villages [low, high)."""

    row: int
    low: int
    high: int

    @property
    def everywhere(self) -> bool:
        """Whether it holds in all villages."""
        return (self.low, self.high) == EVERYWHERE


@dataclass
class Wholes:
    """Texts without spaces -> what they stand for; the last one of a scope holds.

    A text that holds in an area stands for its row where it names that area, with or without the names of the town
    and the village before it; a text that names no area does where the asked one lies inside, or no other place fits.
    """

    told: dict[str, tuple[Whole, ...]] = field(default_factory=dict)
    scopes: dict[int, tuple[int, int]] = field(default_factory=dict)

    def add(self, text: str, whole: Whole) -> None:
        """Let a text stand for a row, instead of what it stood for in the same scope."""
        held = tuple(one for one in self.told.get(text, ()) if one[1:] != whole[1:])
        self.told[text] = (*held, whole)
        if not whole.everywhere:
            self.scopes[whole.row] = (whole.low, whole.high)

    def settle(self, library: Any, queries: list[Query], found: tuple[Array, ...], near: tuple[int, int]) -> None:
        """Give the queries whose texts stand for a row that row; `found` is what `Library.resolve` gave for them."""
        if not self.told:
            return
        for at, query in enumerate(queries):
            self._leave_out(library, query, found, at)
            row = self._row(library, query, tuple(part[at] for part in found), near)
            if row >= 0:
                queries[at] = query._replace(whole=row)

    def _leave_out(self, library: Any, query: Query, found: tuple[Array, ...], at: int) -> None:
        """Drop what was found for a text that names another area than the one where the found row holds."""
        grids, shares, rows = found[:3]
        scope = self.scopes.get(int(rows[at, 0]))
        if scope is None:
            return
        inside = library.area_names(*scope)
        if any(all(meaning.name not in inside for meaning in span.meanings) for span in _areas(library, query)):
            grids[at], shares[at], rows[at] = -2, 0.0, -1

    def _row(self, library: Any, query: Query, found: tuple[Array, ...], near: tuple[int, int]) -> int:
        areas = _areas(library, query)
        best: tuple[tuple[int, int], int] | None = None
        for text, cut in _writings(library, query, areas):
            for place, one in enumerate(self.told.get(text, ())):
                if one.everywhere:
                    fits, rank = True, (2**31, -place)
                else:
                    fits, rank = _holds(library, one, areas, cut, found, near), (one.high - one.low, -place)
                if fits and (best is None or rank < best[0]):
                    best = (rank, one.row)
        return best[1] if best else -1


def _writings(library: Any, query: Query, areas: list[Span]) -> list[tuple[str, list[Span]]]:
    """The text, without its towns and what lies above, and without its villages; and the villages that were cut."""
    out: list[tuple[str, list[Span]]] = [(query.plain.replace(" ", ""), [])]
    for upto in (Kind.TOWN, Kind.VILLAGE):
        cut = [span for span in areas if max(_kinds(library, span)) <= upto]
        text, end = "", 0
        for span in cut:
            text, end = text + query.plain[end : span.start], span.end
        text = (text + query.plain[end:]).replace(" ", "")
        villages = [span for span in cut if max(_kinds(library, span)) == Kind.VILLAGE]
        if text and text != out[-1][0]:
            out.append((text, villages))
    return out


def _areas(library: Any, query: Query) -> list[Span]:
    """The stretches of a text that may name an area."""
    return [span for span in query.spans if span.meanings and min(_kinds(library, span)) <= Kind.HAMLET]


def _kinds(library: Any, span: Span) -> set[Kind]:
    return {library.names.kinds[meaning.name] for meaning in span.meanings}


def _holds(
    library: Any, one: Whole, areas: list[Span], cut: list[Span], found: tuple[Array, ...], near: tuple[int, int]
) -> bool:
    own = set(library.rows.names[one.row].tolist())
    if any(all(meaning.name not in own for meaning in span.meanings) for span in cut):
        return False  # another village than the one where the place lies
    inside = library.area_names(one.low, one.high)
    said = False
    for span in areas:
        mine = [meaning.name for meaning in span.meanings if meaning.name in inside]
        if not mine:
            return False
        said = said or any(library.names.kinds[name] >= Kind.TOWN for name in mine)
    if said:
        return True
    low, high = near
    if high > low and one.low <= low and high <= one.high:
        return True
    return not _fits_elsewhere(library, one, found)


def _fits_elsewhere(library: Any, one: Whole, found: tuple[Array, ...]) -> bool:
    grids, _, rows, weights = found[:4]
    used = (grids > -2) & (rows >= 0)
    if not used.any():
        return False
    well = rows[used & (weights >= weights[used].max() - FITS)]
    villages = library.rows.village[well]
    return bool(np.any((villages < one.low) | (villages >= one.high)))
