"""Does a layer that claims WGS 84 lie as a whole by the GCJ-02 or BD-09 vector beside what is already loaded?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import geopandas
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoError
from geo.gcj import from_bd09, from_gcj02, to_bd09, to_gcj02

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Measure = Literal["inside", "near"]

_SAMPLE = 2000
_FEWEST = 30
_NEAR_M = 25.0  # digitising and generalising of boundaries stay under it, the shifts are 20 times longer
_LEAST_NEAR = 0.3  # nested boundaries share far more of their vertices, other layers far fewer
_REACH_M = 3000.0
_CERTAIN = 4.0  # standard deviations of the sign test: about 3 in 100,000 layers by chance
_METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True)
class Shift:
    """The verdict on a layer and what it rests on.

    kind : "gcj02" or "bd09" where that vector explains the misfit, else None
    inverse : the layer lies against the vector, so it was converted once too often, or the reference is the shifted one
    dx_m, dy_m : metres east and north by which the layer lies beside its place; 0 without a verdict
    measure : "inside", share of places inside the reference polygons; "near", share within 25 m of its lines or points
    share_raw, share_converted : that share as it is, and after the best conversion; NaN where nothing was compared
    compared : number of sampled places
    reason : one sentence for the person who loads the layer
    """

    kind: Literal["gcj02", "bd09"] | None
    inverse: bool
    dx_m: float
    dy_m: float
    measure: Measure
    share_raw: float
    share_converted: float
    compared: int
    reason: str


@dataclass(frozen=True)
class _Hypothesis:
    kind: Literal["gcj02", "bd09"]
    inverse: bool
    undo: Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


_HYPOTHESES = (
    _Hypothesis("gcj02", False, from_gcj02),
    _Hypothesis("gcj02", True, to_gcj02),
    _Hypothesis("bd09", False, from_bd09),
    _Hypothesis("bd09", True, to_bd09),
)


def detect_shift(layer: geopandas.GeoSeries, reference: geopandas.GeoSeries) -> Shift:
    """Whether the GCJ-02 or BD-09 vector explains why a layer misses its reference.

    Up to 2,000 places of the layer are compared with the reference as they are, after each conversion, and
    after steps of equal length to the left and right of it. The verdict needs a sign test of four standard
    deviations against all of these, and at least three quarters of the misfit gone, so a layer that fits,
    lies elsewhere, or misses for another reason is left in peace. A layer may still be shifted without a verdict:
    points far from every boundary fit either way.

    Polygons and lines are compared by their vertices near the reference's lines (the same or nested
    boundaries), and then, like points, by lying inside the reference polygons.

    Parameters
    ----------
    layer : points, lines or polygons in degrees of claimed WGS 84; missing and empty ones are left out
    reference : polygons (boundaries, buildings), lines or points in degrees, believed to be right

    Returns
    -------
    Shift

    Raises
    ------
    GeoError : a layer states a CRS that is not geographic

    Notes
    -----
    About half a second for 649 villages of 22,000 vertices.
    """
    layer_places, reference_shapes = _shapes(layer), _shapes(reference)
    if not len(layer_places) or not len(reference_shapes):
        return _silent("inside", 0, "one of the two layers is empty, so nothing was compared")
    west, south, east, north = shapely.total_bounds(reference_shapes)
    metres = _Metres((west + east) / 2, (south + north) / 2)
    local = shapely.transform(reference_shapes, metres.forward)
    surfaces = local[shapely.get_dimensions(local) == 2]
    attempts: list[tuple[Measure, FloatArray, Any]] = []
    if (shapely.get_dimensions(layer_places) > 0).any() or not len(surfaces):
        attempts.append(("near", shapely.get_coordinates(layer_places), _Lines(local)))
    if len(surfaces):
        centres = shapely.get_coordinates(shapely.point_on_surface(layer_places))
        attempts.append(("inside", centres, _Surfaces(surfaces)))
    verdicts = [_compare(measure, places, fits, metres, local) for measure, places, fits in attempts]
    return max(verdicts, key=lambda v: (v.kind is not None, v.compared))


def looks_swapped(lon: ArrayLike, lat: ArrayLike, reference_bounds: Sequence[float] | None = None) -> BoolArray:
    """Rows whose longitude and latitude look exchanged.

    With reference bounds: the place lies outside them and the exchanged place inside. Without: the latitude
    is impossible, and the longitude would be a possible one. Never true for missing values.

    Parameters
    ----------
    lon, lat : (n,) degrees as found
    reference_bounds : degrees (min lon, min lat, max lon, max lat); a tenth of their size is added on all sides

    Returns
    -------
    (n,) bool

    Examples
    --------
    >>> looks_swapped([120.4, 29.8], [29.8, 120.4]).tolist()
    [False, True]
    """
    x, y = np.broadcast_arrays(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
    if reference_bounds is None:
        return (np.abs(y) > 90) & (np.abs(y) <= 180) & (np.abs(x) <= 90)
    west, south, east, north = (float(v) for v in reference_bounds)
    if not np.isfinite([west, south, east, north]).all() or west > east or south > north:
        raise GeoError(f"reference bounds {tuple(reference_bounds)} are not min lon, min lat, max lon, max lat")
    margin_x, margin_y = max((east - west) / 10, 0.01), max((north - south) / 10, 0.01)

    def within(a: FloatArray, b: FloatArray) -> BoolArray:
        return (a >= west - margin_x) & (a <= east + margin_x) & (b >= south - margin_y) & (b <= north + margin_y)

    return within(y, x) & ~within(x, y) & ~np.isnan(x + y)


class _Metres:
    """Degrees to metres on the plane that touches at one place: a town or county is small enough for it."""

    def __init__(self, lon: float, lat: float) -> None:
        self.origin = np.array([lon, lat])
        self.scale = np.array([np.cos(np.radians(lat)), 1.0]) * _METRES_PER_DEGREE

    def forward(self, degrees: FloatArray) -> FloatArray:
        return (degrees - self.origin) * self.scale


class _Surfaces:
    def __init__(self, polygons: NDArray[Any]) -> None:
        shapely.prepare(polygons)
        self.tree = shapely.STRtree(polygons)

    def __call__(self, places: FloatArray) -> BoolArray:
        hit = np.zeros(len(places), dtype=bool)
        hit[self.tree.query(shapely.points(places), predicate="intersects")[0]] = True
        return hit


class _Lines:
    def __init__(self, shapes: NDArray[Any]) -> None:
        # Two-point pieces: the tree then finds the few near ones instead of walking along whole outlines.
        flat = shapely.get_parts(shapes)
        surface = shapely.get_dimensions(flat) == 2
        lines = np.concatenate([shapely.get_rings(flat[surface]), flat[~surface]])
        points, owner = shapely.get_coordinates(lines, return_index=True)
        joined = owner[1:] == owner[:-1]
        pieces = shapely.linestrings(np.stack([points[:-1][joined], points[1:][joined]], axis=1))
        self.tree = shapely.STRtree(np.concatenate([pieces, flat[shapely.get_dimensions(flat) == 0]]))

    def __call__(self, places: FloatArray) -> BoolArray:
        hit = np.zeros(len(places), dtype=bool)
        hit[self.tree.query(shapely.points(places), predicate="dwithin", distance=_NEAR_M)[0]] = True
        return hit


def _shapes(layer: geopandas.GeoSeries) -> NDArray[Any]:
    if layer.crs is not None and not layer.crs.is_geographic:
        raise GeoError(f"{layer.crs} is not in degrees; use to_wgs84() on both layers before comparing them")
    array = shapely.force_2d(np.asarray(layer.geometry.array))
    array = array[~(shapely.is_missing(array) | shapely.is_empty(array))]
    bounds = shapely.bounds(array)
    return array[np.isfinite(bounds).all(axis=1)]


def _silent(measure: Measure, compared: int, reason: str, raw: float = np.nan, best: float = np.nan) -> Shift:
    return Shift(None, False, 0.0, 0.0, measure, raw, best, compared, reason)


def _compare(
    measure: Measure, places: FloatArray, fits: Callable[[FloatArray], BoolArray], metres: _Metres, reference: Any
) -> Shift:
    inside_reach = _within(metres.forward(places), shapely.total_bounds(reference), _REACH_M)
    places = np.unique(places[inside_reach], axis=0)
    if len(places) < _FEWEST:
        return _silent(measure, len(places), f"only {len(places)} places lie near the reference, too few to judge")
    places = places[np.linspace(0, len(places) - 1, min(_SAMPLE, len(places))).astype(np.int64)]
    raw_at = metres.forward(places)
    raw = fits(raw_at)
    steps = [metres.forward(np.column_stack(h.undo(places[:, 0], places[:, 1]))) - raw_at for h in _HYPOTHESES]
    fitting = [fits(raw_at + step) for step in steps]
    best = int(np.argmax([fit.mean() for fit in fitting]))
    fit, step, hypothesis = fitting[best], steps[best], _HYPOTHESES[best]
    share_raw, share = float(raw.mean()), float(fit.mean())
    aside = [fits(raw_at + step @ np.array(turn, dtype=np.float64)) for turn in ([[0, 1], [-1, 0]], [[0, -1], [1, 0]])]
    rivals = [raw, *aside, *(other for i, other in enumerate(fitting) if i != best)]
    weakest = min(_sign_test(fit, rival) for rival in rivals)
    # Boundaries of another level share only some of their vertices, so "all near" cannot be asked of lines; but houses
    # come in clusters, and a few clusters lie beside some border after any shift.
    cured = share >= max(3 * share_raw, _LEAST_NEAR) if measure == "near" else (1 - share) <= (1 - share_raw) / 4
    if weakest < _CERTAIN or not cured:
        return _silent(measure, len(places), "no shift explains the layer better than its own place", share_raw, share)
    dx, dy = -step.mean(axis=0)
    name = hypothesis.kind.upper().replace("GCJ", "GCJ-").replace("BD", "BD-")
    told = f"converted from {name} once too often, or the reference is {name}" if hypothesis.inverse else f"{name}"
    return Shift(
        hypothesis.kind,
        hypothesis.inverse,
        float(dx),
        float(dy),
        measure,
        share_raw,
        share,
        len(places),
        f"the layer lies {np.hypot(dx, dy):.0f} m beside the reference and looks like {told}: "
        f"{share_raw:.1%} of {len(places)} places fit as they are, {share:.1%} after conversion",
    )


def _within(places: FloatArray, bounds: Any, margin: float) -> BoolArray:
    return ((places >= bounds[:2] - margin) & (places <= bounds[2:] + margin)).all(axis=1)


def _sign_test(better: BoolArray, worse: BoolArray) -> float:
    """Standard deviations by which gains outnumber losses (McNemar 1947, without continuity correction)."""
    gains, losses = int((better & ~worse).sum()), int((worse & ~better).sum())
    return (gains - losses) / np.sqrt(gains + losses) if gains + losses else 0.0
