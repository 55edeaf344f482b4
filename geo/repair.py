"""Geometry as it comes out of files, made fit for storage where that is safe, refused with a reason where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.errors import GeoError

Expected = Literal["point", "line", "polygon"]
Geometries = NDArray[np.object_]
BoolArray = NDArray[np.bool_]

_DIMENSION = {"point": 0, "line": 1, "polygon": 2}
_MULTI = {"point": shapely.multipoints, "line": shapely.multilinestrings, "polygon": shapely.multipolygons}
_GREATEST_METRE = 1e8  # the Earth's girth is 4e7 m, and 8-digit eastings carry their zone in front


class Action(StrEnum):
    """What was done to a geometry; several are joined by "; "."""

    DIMENSIONS = "Z or M dropped"
    REPEATED = "repeated vertices removed"
    CLOSED = "ring closed"
    REBUILT = "self-intersection rebuilt"
    MERGED = "overlapping parts merged"
    REDUCED = "collection reduced to the expected type"
    PROMOTED = "made multi-part"
    SINGLED = "made single-part"


@dataclass(frozen=True)
class Repaired:
    """The outcome row by row, all three on the index of the input.

    geometries : repaired; None where the row is rejected
    actions : what was done, joined by "; "; empty text for an untouched row
    rejects : why a row cannot be used; empty text for an accepted one
    """

    geometries: geopandas.GeoSeries
    actions: pd.Series[str]
    rejects: pd.Series[str]

    @property
    def accepted(self) -> BoolArray:
        """(n,) bool"""
        return np.asarray(self.rejects == "", dtype=bool)


def repair(
    geometries: geopandas.GeoSeries | Sequence[Any],
    *,
    expected: Expected | None,
    multi: bool | None = None,
    area_change: float = 0.01,
) -> Repaired:
    """Repair each geometry where that is safe, and say what was done or why it is refused.

    Safe are: dropping Z and M, repeated vertices and spikes; closing an outline drawn as a line whose gap is
    under a hundredth of its length; rebuilding a self-intersecting part as its shell minus its holes, as long as
    its area stays; merging parts that overlap; leaving out the parts of a collection that have another
    dimension. Valid geometries come back as they are, vertex by vertex.

    Refused are: missing, empty, NaN or infinite, out of range (degrees for a geographic CRS, 1e8 m otherwise),
    another type, no area or length, more change of area than allowed, several parts where one is asked for.

    Parameters
    ----------
    geometries : (n,) GeoSeries, or shapely geometries without CRS (then degrees are not checked)
    expected : the type wanted, parts or not; None takes any and checks no type
    multi : True makes all multi-part, False single-part, None leaves this alone; needs `expected`
    area_change : largest change of area allowed to a rebuilt part, as a share of its area

    Returns
    -------
    Repaired, on the index of the input

    Raises
    ------
    GeoError : `expected` is unknown, or `multi` is given without it

    Examples
    --------
    >>> from shapely import Polygon, box
    >>> found = repair([box(0, 0, 1, 1), Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])], expected="polygon")
    >>> found.rejects.tolist()
    ['', 'rebuilding it would change its area by more than all of it']
    """
    if expected is not None and expected not in _DIMENSION:
        raise GeoError(f"expected is {expected!r}; give one of {', '.join(_DIMENSION)} or None")
    if expected is None and multi is not None:
        raise GeoError("multi asks for a part count, which needs expected as well")
    series = geometries if isinstance(geometries, geopandas.GeoSeries) else geopandas.GeoSeries(list(geometries))
    bench = _Bench(np.array(series.array, dtype=object), degrees=series.crs is not None and series.crs.is_geographic)
    bench.refuse_useless_coordinates()
    bench.drop_dimensions()
    bench.remove_repeated_vertices()
    if expected == "polygon":
        bench.close_outlines()
    if expected is not None:
        bench.reduce(expected)
    bench.rebuild(area_change)
    if expected is not None:
        bench.reduce(expected)
        bench.set_parts(expected, multi)
    bench.refuse_flat()
    return bench.outcome(series)


class _Bench:
    """The geometries on the work bench; every step works only on rows that are still good."""

    def __init__(self, shapes: Geometries, *, degrees: bool) -> None:
        self.shapes, self.degrees = shapes, degrees
        self.done: list[list[Action]] = [[] for _ in shapes]
        self.rejects = np.full(shapes.size, "", dtype=object)
        self._refuse(shapely.is_missing(shapes), "missing geometry")
        self._refuse(shapely.is_empty(shapes), "empty geometry")

    @property
    def good(self) -> BoolArray:
        return np.asarray(self.rejects == "", dtype=bool)

    def _refuse(self, rows: BoolArray, reason: str) -> None:
        fresh = rows & self.good
        self.rejects[fresh] = reason
        self.shapes[fresh] = None  # NaN would go on to raise warnings in GEOS

    def _note(self, rows: NDArray[np.int64], shapes: Geometries, action: Action) -> None:
        for row, shape in zip(rows, shapes, strict=True):
            self.shapes[row] = shape
            if action not in self.done[row]:
                self.done[row].append(action)

    def _dimensions(self) -> NDArray[np.int64]:
        return np.asarray(shapely.get_dimensions(self.shapes), dtype=np.int64)

    def refuse_useless_coordinates(self) -> None:
        points, row = shapely.get_coordinates(self.shapes, return_index=True)
        broken, far = np.zeros(self.shapes.size, dtype=bool), np.zeros(self.shapes.size, dtype=bool)
        broken[row[~np.isfinite(points).all(axis=1)]] = True
        limit = np.array([180.0, 90.0]) if self.degrees else np.array([_GREATEST_METRE, _GREATEST_METRE])
        far[row[(np.abs(points) > limit).any(axis=1)]] = True
        self._refuse(broken, "coordinates are NaN or infinite")
        told = "180 degrees of longitude or 90 of latitude" if self.degrees else f"{_GREATEST_METRE:.0e} m"
        self._refuse(far, f"coordinates out of range, beyond {told}")

    def drop_dimensions(self) -> None:
        more = np.asarray(shapely.has_z(self.shapes) | shapely.has_m(self.shapes), dtype=bool)
        rows = np.flatnonzero(more & self.good)
        self._note(rows, shapely.force_2d(self.shapes[rows]), Action.DIMENSIONS)

    def remove_repeated_vertices(self) -> None:
        rows = np.flatnonzero(self.good & (self._dimensions() > 0))
        rows = rows[_has_repeats(self.shapes[rows])]
        for row in rows:
            try:
                slim = shapely.remove_repeated_points(self.shapes[row], 0.0)
            except shapely.GEOSException:
                continue  # a ring of one or two places: rebuilding leaves it out
            # Two rings that meet in a place look like a repeat, too, but lose nothing.
            if 0 < shapely.get_num_coordinates(slim) < shapely.get_num_coordinates(self.shapes[row]):
                self._note(np.array([row]), np.array([slim], dtype=object), Action.REPEATED)

    def close_outlines(self) -> None:
        rows = np.flatnonzero(self.good & (shapely.get_type_id(self.shapes) == shapely.GeometryType.LINESTRING))
        lines = self.shapes[rows]
        gap = shapely.distance(shapely.get_point(lines, 0), shapely.get_point(lines, -1))
        near = (gap <= shapely.length(lines) / 100) & (shapely.get_num_points(lines) >= 4)
        closed = [shapely.Polygon(shapely.get_coordinates(line)) for line in lines[near]]
        self._note(rows[near], np.array(closed, dtype=object), Action.CLOSED)

    def rebuild(self, area_change: float) -> None:
        rows = np.flatnonzero(self.good & (self._dimensions() == 2) & ~shapely.is_valid(self.shapes))
        for row in rows:
            # Part by part: the overlap of two sound parts may be large, yet leaves no doubt what is meant.
            parts = shapely.get_parts(self.shapes[row])
            broken = ~shapely.is_valid(parts)
            sound = parts.copy()
            sound[broken] = [_rebuilt(part) for part in parts[broken]]
            before, after = shapely.area(parts), shapely.area(sound)
            worst = float(np.max(np.abs(after - before) - area_change * before))
            if worst > 0:
                share = np.abs(after - before).sum() / before.sum() if before.sum() else np.inf
                self._refuse(
                    np.arange(self.shapes.size) == row, f"rebuilding it would change its area by {_percent(share)}"
                )
                continue
            shape = sound[0] if len(sound) == 1 else shapely.multipolygons(_flat(sound))
            if broken.any():
                self._note(np.array([row]), np.array([shape], dtype=object), Action.REBUILT)
            if not shape.is_valid:
                merged = shapely.union_all(shapely.get_parts(shape))
                self._note(np.array([row]), np.array([merged], dtype=object), Action.MERGED)

    def reduce(self, expected: Expected) -> None:
        dimension = _DIMENSION[expected]
        mixed = shapely.get_type_id(self.shapes) == shapely.GeometryType.GEOMETRYCOLLECTION
        for row in np.flatnonzero(self.good & mixed):
            parts = _flat(self.shapes[row])
            kept = parts[shapely.get_dimensions(parts) == dimension]
            if kept.size:
                shape = kept[0] if kept.size == 1 else _MULTI[expected](kept)
                self._note(np.array([row]), np.array([shape], dtype=object), Action.REDUCED)
        kinds = np.array([shape.geom_type if shape is not None else "" for shape in self.shapes], dtype=object)
        wrong = self.good & ((self._dimensions() != dimension) | (kinds == "GeometryCollection"))
        for kind in set(kinds[wrong]):
            self._refuse(wrong & (kinds == kind), f"a {kind} where a {expected} is expected")

    def set_parts(self, expected: Expected, multi: bool | None) -> None:
        several = np.asarray(shapely.get_type_id(self.shapes) >= shapely.GeometryType.MULTIPOINT, dtype=bool)
        if multi is True:
            rows = np.flatnonzero(self.good & ~several)
            shapes = np.array([_MULTI[expected]([shape]) for shape in self.shapes[rows]], dtype=object)
            self._note(rows, shapes, Action.PROMOTED)
        elif multi is False:
            count = shapely.get_num_geometries(self.shapes)
            rows = np.flatnonzero(self.good & several & (count == 1))
            self._note(rows, shapely.get_geometry(self.shapes[rows], 0), Action.SINGLED)
            self._refuse(several & (count > 1), "several parts where a single one is expected")

    def refuse_flat(self) -> None:
        dimension = self._dimensions()
        self._refuse((dimension == 2) & (shapely.area(self.shapes) == 0), "zero area")
        self._refuse((dimension == 1) & (shapely.length(self.shapes) == 0), "zero length")

    def outcome(self, series: geopandas.GeoSeries) -> Repaired:
        actions = ["; ".join(done) if good else "" for done, good in zip(self.done, self.good, strict=True)]
        return Repaired(
            geopandas.GeoSeries(self.shapes, index=series.index, crs=series.crs, name=series.name),
            pd.Series(actions, index=series.index, name="action", dtype="str"),
            pd.Series(self.rejects, index=series.index, name="reject", dtype="str"),
        )


def _flat(shapes: Any) -> Geometries:
    """The parts of collections, also of collections inside them, without empty ones."""
    parts = np.atleast_1d(np.asarray(shapes, dtype=object))
    while (shapely.get_type_id(parts) >= shapely.GeometryType.MULTIPOINT).any():
        parts = shapely.get_parts(parts)
    return parts[~shapely.is_empty(parts)]


def _has_repeats(shapes: Geometries) -> BoolArray:
    """(n,) whether some vertex repeats the one before it."""
    points, row = shapely.get_coordinates(shapes, return_index=True)
    repeated = (points[1:] == points[:-1]).all(axis=1) & (row[1:] == row[:-1])
    found = np.zeros(shapes.size, dtype=bool)
    found[row[1:][repeated]] = True
    return found


def _rebuilt(part: Any) -> Any:
    """Shell minus holes; make_valid on the whole polygon would keep a hole outside its shell as land."""
    rings = np.array([shapely.Polygon(ring) for ring in (part.exterior, *part.interiors)], dtype=object)
    rings = shapely.make_valid(rings, method="structure", keep_collapsed=False)
    return shapely.difference(rings[0], shapely.union_all(rings[1:]))


def _percent(share: float) -> str:
    return f"{share:.1%}" if share <= 1 else "more than all of it"
