"""Where rows lie: geometry of any source to checked and repaired shapes in EPSG:4326."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from geo.crs import SourceCrs, crs_candidates, looks_swapped, parse_crs, to_wgs84
from geo.errors import GeoError, UnknownCrsError
from geo.repair import repair
from layers.errors import InvalidInputError, MissingCrsError
from layers.ingest.arrays import Array, is_none, nothing, objects
from layers.ingest.batch import Batch
from layers.ingest.columns import WKB, WKT, Column, X, Y
from layers.ingest.fields import Layer
from layers.ingest.result import Bounds, Notes

SWAPPED = "longitude and latitude are swapped"
_EASY = {"point": (0,), "line": (1, 5), "polygon": (3, 6)}
_DIMENSION = {"point": 0, "line": 1, "polygon": 2}
_MULTI = {1: shapely.multilinestrings, 3: shapely.multipolygons}
_BEYOND_AREA = 5.0  # degrees outside the area a projected CRS is meant for
_TOO_MANY = 0.5  # share of bad rows at which the fault is the file's, not the rows'


@dataclass(frozen=True)
class Placing:
    """How the rows of a file come to their place.

    source : the system of the coordinates
    around : degrees, bounds of what is loaded; tells swapped axes where the numbers alone do not
    """

    layer: Layer
    source: SourceCrs
    around: Bounds | None


def place_columns(columns: dict[str, Column], has_geometry: bool) -> dict[str, Column]:
    """Those columns that hold the place: what the caller or the file puts first, empty where the file has geometry."""
    if has_geometry:
        return {}
    if X in columns and Y in columns:
        return {X: columns[X], Y: columns[Y]}
    return {name: columns[name] for name in (WKT, WKB) if name in columns}


def raw_shapes(batch_table: pd.DataFrame, columns: dict[str, Column]) -> tuple[Array, Array]:
    """(n,) geometries from text or number columns, None where missing; and (n,) complaints about unreadable ones."""
    count = len(batch_table)
    complaints = nothing(count)
    if X in columns:
        texts = [pd.Series(columns[name].values(batch_table), dtype=object) for name in (X, Y)]
        x, y = (pd.to_numeric(text, errors="coerce").to_numpy(dtype=float, na_value=np.nan) for text in texts)
        given = [~_blank(text) for text in texts]
        shapes = nothing(count)
        sound = np.isfinite(x) & np.isfinite(y)
        shapes[sound] = shapely.points(x[sound], y[sound])
        complaints[(given[0] | given[1]) & ~sound] = "the coordinates are not two numbers"
        return shapes, complaints
    if not columns:
        return nothing(count), complaints
    shapes = nothing(count)
    for column in columns.values():
        shapes = np.where(is_none(shapes), _parsed(column.values(batch_table)), shapes)
    blank = np.all([_blank(pd.Series(column.values(batch_table), dtype=object)) for column in columns.values()], axis=0)
    complaints[~blank & is_none(shapes)] = "the geometry is neither WKT nor WKB, or is broken"
    return shapes, complaints


def _blank(text: pd.Series) -> Array:
    return np.array([value is None or value != value or str(value).strip() == "" for value in text], dtype=bool)  # noqa: PLR0124


def _parsed(values: Array) -> Array:
    binary = np.array([isinstance(value, bytes) or _is_hex(value) for value in values], dtype=bool)
    out = nothing(len(values))
    out[binary] = shapely.from_wkb(values[binary], on_invalid="ignore")
    rest = [value.split(";", 1)[-1].strip() if isinstance(value, str) else None for value in values[~binary]]
    out[~binary] = shapely.from_wkt(objects(rest), on_invalid="ignore")
    return out


def _is_hex(value: Any) -> bool:
    return (
        isinstance(value, str)
        and value[:2] in {"00", "01"}
        and len(value) >= 42
        and not value[:12].strip("0123456789abcdefABCDEF")
    )


def source_crs(named: object, stated: Any, shapes: Array, notes: Notes) -> SourceCrs:
    """The system the caller named, else the one the file states.

    Raises
    ------
    MissingCrsError : neither; the text names the systems in which these numbers would make sense
    InvalidInputError : nobody knows the one named
    """
    if named is None and stated is None:
        candidates = crs_candidates(shapely.total_bounds(shapes)) if len(shapes) else ()
        known = ", ".join(candidates[:6]) or "EPSG:4326, EPSG:4549, gcj02, bd09"
        raise MissingCrsError(
            f"The file does not say in which CRS its coordinates are, and a guess may be 500 m wrong. "
            f"Judging by the numbers it could be {known}; ask where they come from and name it with crs."
        )
    try:
        chosen = parse_crs(stated if named is None else named)
    except UnknownCrsError as error:
        raise InvalidInputError(str(error)) from error
    if named is not None and stated is not None and chosen.offset is None:
        own = CRS.from_user_input(stated)
        if not own.equals(chosen.crs, ignore_axis_order=True):
            notes.warn(f"The file states {own.to_string()}, but was read as {chosen} as you asked.")
    return chosen


def place(batch: Batch, placing: Placing, complaints: Array, notes: Notes) -> None:
    """Bring the geometry of a batch to EPSG:4326 and the layer's type; refuse or repair what is broken.

    Rows without a place are refused unless the layer keeps them; then those with a broken one lose it, which is
    reported as a repair.

    Raises
    ------
    InvalidInputError : most rows are wrong in the same way, so the fault is the file's: type, swapped axes, CRS
    """
    faults = complaints.copy()
    given = ~is_none(batch.geometry)
    empty = given & shapely.is_empty(batch.geometry)
    given &= ~empty
    batch.geometry[empty] = None
    _check_type(batch, placing.layer, faults, given)
    _check_numbers(batch, placing, faults, given)
    _transform(batch, placing, faults)
    _mend(batch, placing.layer, faults, notes)
    broken = ~is_none(faults)
    batch.geometry[broken] = None
    missing = is_none(batch.geometry) & ~broken
    if placing.layer.placeless:
        rows = broken & batch.good
        notes.repair(batch.lines[rows], [f"{fault}; kept without a point" for fault in faults[rows]])
        return
    batch.reject(broken, faults)
    batch.reject(
        missing, "the row has no coordinates" if placing.layer.shapes == ("point",) else "the row has no geometry"
    )


def _note(faults: Array, rows: Array, reason: Any) -> None:
    fresh = rows & is_none(faults)
    faults[fresh] = reason[fresh] if isinstance(reason, np.ndarray) else reason


def _check_type(batch: Batch, layer: Layer, faults: Array, given: Array) -> None:
    wanted = " or ".join(layer.shapes)
    kinds = shapely.get_dimensions(batch.geometry)
    collection = shapely.get_type_id(batch.geometry) == 7
    closable = (
        (shapely.get_type_id(batch.geometry) == 1) & ("polygon" in layer.shapes) & shapely.is_closed(batch.geometry)
    )
    wrong = given & ~np.isin(kinds, [_DIMENSION[shape] for shape in layer.shapes]) & ~collection & ~closable
    if not wrong.any():
        return
    names = np.array([shape.geom_type if shape is not None else "" for shape in batch.geometry], dtype=object)
    if wrong.sum() > _TOO_MANY * given.sum():
        found = ", ".join(sorted(set(names[wrong])))
        raise InvalidInputError(
            f"The layer {layer.name} needs {wanted}s, but the file holds {found}; choose another file or layer."
        )
    _note(faults, wrong, np.array([f"a {name} where a {wanted} is expected" for name in names], dtype=object))


def _check_numbers(batch: Batch, placing: Placing, faults: Array, given: Array) -> None:
    points, row = shapely.get_coordinates(batch.geometry, return_index=True)
    broken = np.zeros(len(batch), dtype=bool)
    broken[row[~np.isfinite(points).all(axis=1)]] = True
    _note(faults, broken, "coordinates are NaN or infinite")
    zero = given & ~broken
    zero[row[(points != 0).any(axis=1)]] = False
    _note(faults, zero, "coordinates are 0, 0, which means no position")
    batch.geometry[broken | zero] = None
    if not placing.source.crs.is_geographic:
        return
    bounds = shapely.bounds(batch.geometry)
    centre_x, centre_y = (bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2
    with np.errstate(invalid="ignore"):
        outside = (np.abs(bounds[:, [0, 2]]) > 180).any(axis=1) | (np.abs(bounds[:, [1, 3]]) > 90).any(axis=1)
    swapped = looks_swapped(centre_x, centre_y)
    if placing.around is not None:
        swapped |= looks_swapped(centre_x, centre_y, placing.around)
    _refuse_common(batch, faults, swapped, f"{SWAPPED}; exchange the two columns (columns: lon, lat)")
    told = f"the coordinates are no degrees, so the CRS is not {placing.source}"
    likely = ", ".join(crs_candidates(shapely.total_bounds(batch.geometry[outside]))[:4]) if outside.any() else ""
    _refuse_common(batch, faults, outside, told + (f"; it could be {likely}" if likely else ""))


def _refuse_common(batch: Batch, faults: Array, wrong: Array, reason: str) -> None:
    """Refuse the rows, or the file where most rows have the fault."""
    standing = ~is_none(batch.geometry)
    if wrong.sum() > _TOO_MANY * standing.sum():
        raise InvalidInputError(f"In {int(wrong.sum())} of {int(standing.sum())} rows {reason}. Nothing was loaded.")
    _note(faults, wrong, reason)
    batch.geometry[wrong] = None


def _transform(batch: Batch, placing: Placing, faults: Array) -> None:
    source = placing.source
    standing = np.flatnonzero(~is_none(batch.geometry))
    if not len(standing):
        return
    before = shapely.force_2d(batch.geometry[standing])
    try:
        after = np.asarray(to_wgs84(gpd.GeoSeries(before, crs=source.crs), source).array)
    except GeoError as error:
        raise InvalidInputError(f"{error} Nothing was loaded.") from error
    batch.geometry[standing] = after
    if source.crs.is_geographic:
        return
    lost = np.zeros(len(batch), dtype=bool)
    swapped = lost.copy()
    lost[standing] = ~_inside_area(after, source.crs)
    if not lost.any():
        return
    turned = shapely.transform(before, lambda places: places[:, ::-1])
    back = np.asarray(to_wgs84(gpd.GeoSeries(turned, crs=source.crs), source).array)
    swapped[standing] = _inside_area(back, source.crs) & lost[standing]
    _refuse_common(batch, faults, swapped, "easting and northing are swapped; exchange the two columns (columns: x, y)")
    lost &= ~swapped
    likely = [name for name in crs_candidates(shapely.total_bounds(before)) if name != str(source)][:4]
    hint = f"; it could be {', '.join(likely)}" if likely else ""
    _refuse_common(batch, faults, lost, f"the place lies far outside the area that {source} is meant for{hint}")


def _inside_area(shapes: Array, crs: CRS) -> Array:
    bounds = shapely.bounds(shapes)
    inside: Array = np.isfinite(bounds).all(axis=1)
    area = crs.area_of_use
    if area is None or area.west > area.east:
        return inside
    low = np.array([area.west, area.south]) - _BEYOND_AREA
    high = np.array([area.east, area.north]) + _BEYOND_AREA
    with np.errstate(invalid="ignore"):
        inside &= (bounds[:, :2] >= low).all(axis=1) & (bounds[:, 2:] <= high).all(axis=1)
    return inside


def _mend(batch: Batch, layer: Layer, faults: Array, notes: Notes) -> None:
    """Repair what GEOS calls invalid or what has the wrong number of parts."""
    standing = ~is_none(batch.geometry)
    kind = shapely.get_type_id(batch.geometry)
    easy = np.isin(kind, [code for shape in layer.shapes for code in _EASY[shape]])
    if layer.shapes != ("point",):
        easy &= shapely.is_valid(batch.geometry)
        size = np.where(
            shapely.get_dimensions(batch.geometry) == 2, shapely.area(batch.geometry), shapely.length(batch.geometry)
        )
        easy &= size > 0
    rows = np.flatnonzero(standing & ~easy)
    if len(rows):
        single = layer.shapes == ("point",)
        expected = layer.shapes[0] if len(layer.shapes) == 1 else None
        found = repair(
            gpd.GeoSeries(batch.geometry[rows], crs=4326), expected=expected, multi=False if single else None
        )
        batch.geometry[rows] = np.asarray(found.geometries.array)
        _note(faults, _scatter(rows, len(batch)), _spread(found.rejects.to_numpy(dtype=object), rows, len(batch)))
        mended = (found.actions != "").to_numpy() & batch.good[rows]
        notes.repair(batch.lines[rows[mended]], found.actions[mended])
    if layer.multi:
        _promote(batch.geometry)


def _scatter(rows: Array, count: int) -> Array:
    out = np.zeros(count, dtype=bool)
    out[rows] = True
    return out


def _spread(texts: Array, rows: Array, count: int) -> Array:
    out = nothing(count)
    out[rows] = [text or None for text in texts]
    return out


def _promote(shapes: Array) -> None:
    for kind, multi in _MULTI.items():
        rows = np.flatnonzero(shapely.get_type_id(shapes) == kind)
        if len(rows):
            shapes[rows] = multi(shapes[rows], indices=np.arange(len(rows)))
