"""From the likeliest rows of each text to what the geocoder says about it."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from layers.geocode.between import Between, between_of, mistaken
from layers.geocode.confidence import FEATURES, probabilities
from layers.geocode.distance import METRES_PER_DEGREE
from layers.geocode.found import KEPT, LEVEL_OF_NAME, Found, each, level_of
from layers.geocode.model import (
    ACCEPT_CONFIDENCE,
    FINE,
    POINT_RADIUS_M,
    Candidate,
    Geocoded,
)
from layers.geocode.nearby import Circle, circle_of
from layers.geocode.query import Number, Query
from layers.geocode.rows import Array
from layers.geocode.trace import trace_of
from layers.tables import AddressLevel

Place = Circle | Between

LIKELY = 0.5
LEAST = 0.002
WHOLE = 0.995
UNMATCHED_NAMES, UNMATCHED_NUMBERS = FEATURES.index("unmatched_names"), FEATURES.index("unmatched_numbers")
KNOWN_NUMBERS = FEATURES.index("known_numbers")
SURE_SHARE = (7.0, 0.0)

# Measured on reports of generated towns: 96 of 100 beside a landmark lay in the grid that holds the whole circle, and
# people report from other stretches of a road than those where houses stand.
BESIDE, ALONG, ACROSS = 0.97, 0.8, 0.97
UNIT = 4
_WIDTHS = (12, 9, 6, 4, 2)


def answer(library: Any, queries: list[Query], found: tuple[Array, ...]) -> list[Geocoded]:
    """(n,) answers for (n,) queries and what `Library.resolve` found for them."""
    grids, shares, rows, *_, bits = found
    circles = [_circle(library, query, found, at) for at, query in enumerate(queries)]
    facets = features(queries, shares, bits)
    coarse = facets[:, KNOWN_NUMBERS] == 0
    crossed, between = (
        np.array([circle is not None and circle.reason == reason for circle in circles], dtype=bool)
        for reason in ("junction", "between")
    )
    facets[crossed, UNMATCHED_NAMES] -= 1  # the other road of a crossing
    facets[between, UNMATCHED_NUMBERS] -= 1
    crossed |= between
    # Without a number the place is an area: whether it is the right one, and which of its grids, are two questions.
    area = coarse | crossed
    facets[area, :2] = SURE_SHARE
    certain = probabilities(facets) * np.where(area & ~crossed, shares[:, 0], 1.0)
    for at, query in enumerate(queries):
        if query.whole >= 0:
            _stand_for(library, query.whole, at, found, certain)
    certain *= _spread(library, circles, grids, shares, rows)
    parts = zip(queries, each(library, found), circles, certain.tolist(), strict=True)
    return [_answer(library, query, one, circle, sure) for query, one, circle, sure in parts]


def _circle(library: Any, query: Query, found: tuple[Array, ...], at: int) -> Place | None:
    """Where the place of a text lies if not at its row, which then is that of a neighbour."""
    if query.whole >= 0:
        return None
    rows, bits = found[2], found[5]
    if query.numbers and rows[at, 0] >= 0:
        bits[at, 1] &= ~mistaken(library, query, int(rows[at, 0]), int(bits[at, 1]))
    if query.offsets or not query.numbers:
        return circle_of(library, query, int(rows[at, 0]))
    between = between_of(library, query, int(rows[at, 0]), int(bits[at, 1]))
    if between is not None:
        rows[at], rows[at, 0] = -1, between.rows[round(between.share)]
        names = library.rows.names[rows[at, 0]]
        agree = (any(names[library.names.kinds[m.name]] == m.name for m in span.meanings) for span in query.spans)
        bits[at] = sum(1 << place for place, same in enumerate(agree) if same), 0
    return between


def features(queries: list[Query], shares: Array, bits: Array) -> Array:
    """(n, k) what speaks for and against the likeliest grid of each query, see `confidence.FEATURES`."""
    out = np.zeros((len(queries), len(FEATURES)))
    share = np.clip(shares[:, 0], 1e-6, 1 - 1e-6)
    out[:, 0] = np.clip(np.log(share / (1 - share)), -3, 7)
    out[:, 1] = 1 - share
    for at, query in enumerate(queries):
        names, numbers = int(bits[at, 0]), int(bits[at, 1])
        missed = [number for place, number in enumerate(query.numbers) if not numbers >> place & 1]
        out[at, 2] = len(query.spans) - names.bit_count()
        out[at, 3] = sum(not _is_inside(number) for number in missed)
        out[at, 4:8] = min(query.unread, 6), query.strange, query.foreign, query.fuzzy
        out[at, 8] = min(names.bit_count(), 4)
        out[at, 9] = min(numbers.bit_count(), 3)
    return out


def _is_inside(number: Number) -> bool:
    """Whether a number names a flat, which libraries of doors do not have."""
    return number.kind >= UNIT or (number.kind < 0 and (number.integer >= 100 or number.value < 0))


def _stand_for(library: Any, row: int, at: int, found: tuple[Array, ...], certain: Array) -> None:
    """A text that the library knows as it stands means its row."""
    grids, shares, rows, _, facts, bits = found
    if row not in library.told and rows[at, 0] >= 0:
        return  # a standard address that is known by its parts as well
    grids[at], shares[at], rows[at] = -2, 0.0, -1
    grids[at, 0], shares[at, 0], rows[at, 0] = library.rows.grid[row], 1.0, row
    facts[at, 1] = 1
    bits[at] = -1
    certain[at] = WHOLE


def _spread(library: Any, circles: list[Place | None], grids: Array, shares: Array, rows: Array) -> Array:
    """Where a place lies beside the named one, the grids around it count by their share of the circle.

    Gives (n,) the share of the likeliest grid there, 1 for the other queries.
    """
    out = np.ones(len(circles))
    which = [at for at, circle in enumerate(circles) if circle is not None]
    if not which or library.cells is None:
        return out
    points = [circle.points() for circle in circles if circle is not None]
    x, y = np.concatenate(points).T
    cells = library.cells.positions(np.ascontiguousarray(x), np.ascontiguousarray(y))[0]
    begin = 0
    for at, part in zip(which, points, strict=True):
        own, counts = np.unique(cells[begin : begin + len(part)], return_counts=True)
        begin += len(part)
        order = np.lexsort((own, -counts))[: grids.shape[1]]
        grids[at], shares[at] = -2, 0.0
        grids[at, : len(order)], shares[at, : len(order)] = own[order], counts[order] / len(part)
        circle = circles[at]
        if isinstance(circle, Between):
            one, other = circle.rows
            rows[at, : len(order)] = np.where(library.rows.grid[one] == own[order], one, other)
        else:
            rows[at, : len(order)] = rows[at, 0]
        out[at] = shares[at, 0]
    return out


def _answer(library: Any, query: Query, found: Found, circle: Place | None, certain: float) -> Geocoded:
    if not found.rows or found.rows[0] < 0:
        return _coarse(library, query)
    level = level_of(library, query, found)
    if circle is not None:
        if isinstance(circle, Between):
            certain *= 1.0 if circle.same_side else ACROSS
        else:
            certain *= BESIDE if circle.vague or level not in FINE else 1.0
        level = level if circle.reason == "offset" else AddressLevel.ROAD
    elif level == AddressLevel.ROAD:
        certain *= ALONG
    fine = level in FINE
    lon, lat, radius = _point(found, circle)
    first = found.grids[0]
    confidence = certain if first >= 0 else 0.0
    scale = certain / max(found.shares[0], 1e-9)
    less = min(scale, 1.0)
    chances = [share * less for share in found.shares]
    chances[0] = min(found.shares[0] * scale, 1.0)
    codes = library.cells.codes if library.cells else ()
    grids = tuple(
        [(codes[grid], round(chance, 4)) for grid, chance in zip(found.grids, chances, strict=True) if grid >= 0]
    )
    single = confidence >= (LIKELY if fine or level == AddressLevel.ESTATE or circle is not None else ACCEPT_CONFIDENCE)
    size = round(20.0 if fine and circle is None else radius, 1)
    upto = 99 if fine else _PARTS.get(level, 99)
    candidates = tuple(
        [
            _candidate(library, query, found, at, level, chance, circle, size, upto, fine=fine)
            for at, chance in enumerate(chances[:KEPT])
            if at == 0 or chance >= LEAST
        ]
    )
    honest = radius <= POINT_RADIUS_M or circle is not None
    return Geocoded(
        text=query.text,
        level=level,
        confidence=round(confidence, 4),
        radius_m=round(radius, 1),
        lon=lon if honest else None,
        lat=lat if honest else None,
        address_key=(found.key or None) if fine else None,
        village_code=_village(library, found, single),
        grid_code=codes[first] if single and first >= 0 else None,
        candidates=candidates,
        grids=grids,
        ancestor_code=_ancestor([code for code, chance in grids if chance >= 0.02] or [code for code, _ in grids]),
        gazetteer=library.gazetteer,
    )


def _village(library: Any, found: Found, single: bool) -> str | None:
    own = found.villages[0]
    if library.villages is None or own < 0:
        return None
    if not single:
        others = zip(found.rows, found.shares, strict=True)
        if any(share >= 0.05 and library.rows.village[row] != own for row, share in others) or found.shares[0] < 0.05:
            return None
    code: str = library.villages.codes[own]
    return code


def _point(found: Found, circle: Place | None) -> tuple[float, float, float]:
    if circle is not None:
        return circle.lon, circle.lat, circle.radius_m
    _, tied, west, south, east, north = found.facts[:6]
    if tied <= 1:
        return found.lon[0], found.lat[0], 20.0
    width = (east - west) * METRES_PER_DEGREE * math.cos(math.radians(found.lat[0]))
    radius = max(20.0, math.hypot(width, (north - south) * METRES_PER_DEGREE) / 2)
    return round((west + east) / 2, 7), round((south + north) / 2, 7), radius


def _candidate(
    library: Any,
    query: Query,
    found: Found,
    at: int,
    level: AddressLevel,
    chance: float,
    circle: Place | None,
    radius_m: float,
    upto: int,
    *,
    fine: bool,
) -> Candidate:
    row, grid, village = found.rows[at], found.grids[at], found.villages[at]
    key = None
    if fine:
        key = (found.key if at == 0 else str(library.rows.keys[row])) or None
    return Candidate(
        level=level,
        address_key=key,
        village_code=library.villages.codes[village] if library.villages and village >= 0 else None,
        grid_code=library.cells.codes[grid] if grid >= 0 else None,
        lon=found.lon[at] if circle is None else circle.lon,
        lat=found.lat[at] if circle is None else circle.lat,
        confidence=round(chance, 4),
        radius_m=radius_m,
        name=partial(library.label, row, upto),
        explain=partial(trace_of, library, query, row, grid, circle),
    )


_PARTS = {AddressLevel.VILLAGE: 2, AddressLevel.HAMLET: 3, AddressLevel.ROAD: 5}


def _coarse(library: Any, query: Query) -> Geocoded:
    """A text that names nothing below a town, or nothing at all."""
    kinds = [(library.names.kinds[span.meanings[0].name], span.meanings[0].name) for span in query.spans]
    if not kinds:
        return Geocoded(query.text, AddressLevel.NONE, 0.0, gazetteer=library.gazetteer)
    kind, name = max(kinds)
    code = library.area_code(name)
    return Geocoded(query.text, LEVEL_OF_NAME[kind], 0.0, ancestor_code=code, gazetteer=library.gazetteer)


def _ancestor(codes: list[str]) -> str | None:
    """The lowest area that holds all grids; the grid itself for one."""
    if not codes:
        return None
    if len(codes) == 1:
        return codes[0]
    first, last = min(codes), max(codes)
    same = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    shared = first[:same]
    return next((shared[:width] for width in _WIDTHS if len(shared) >= width), None)
