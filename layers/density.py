"""How many reports a square kilometre holds, as a raster that lies straight on the map."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import sqlalchemy as sa
from pyproj import CRS, Transformer
from sqlalchemy.orm import Session

from geo.density import intensity
from layers.access import Scope
from layers.errors import InvalidInputError, MissingDataError
from layers.geometry import Bounds, select_points, within_bounds
from layers.grids import grid_frame
from layers.tables import GridLevel, Report

CLASSES = 6
MAX_CELLS = 4_000_000


@dataclass(frozen=True)
class Heatmap:
    """A raster of report intensity.

    `values` (rows, cols) in reports per km² at cell centres, row 0 in the north; `bounds` in degrees; `breaks` are the
    edges of the legend's classes, empty when there is nothing to show; `reports` is how many reports have a point
    within the kernel's reach of the raster, `unplaced` how many of the same window have no point at all.
    """

    values: np.ndarray
    bounds: Bounds
    breaks: np.ndarray
    bandwidth_m: float
    kernel: str
    reports: int
    unplaced: int
    since: datetime
    until: datetime


def heatmap(
    session: Session,
    scope: Scope,
    *,
    as_of: date,
    since: datetime,
    until: datetime,
    bounds: Bounds | None = None,
    cell_m: float | None = None,
    shape: tuple[int, int] | None = None,
    bandwidth_m: float = 150.0,
    kernel: str = "quartic",
    category: str | None = None,
) -> Heatmap:
    """Intensity of the reports of a scope in `since <= reported_at < until`.

    The raster covers `bounds` (degrees), by default the scope's villages or grids. Give `shape` (rows, cols) or
    `cell_m`; without either, cells are a fifth of the bandwidth, but never more than 1,000 a side. Distances are
    taken in a transverse Mercator projection around the raster's centre: over 20 km the edge of the raster is off its
    bounds in degrees by less than 5 m.

    Raises
    ------
    MissingDataError : no bounds are given and the scope has no grid
    InvalidInputError : an empty window, an unusable bandwidth or more than 4,000,000 cells
    DensityError : an unknown kernel
    """
    if not since < until:
        raise InvalidInputError("The window is empty: `since` must come before `until`.")
    if not (math.isfinite(bandwidth_m) and bandwidth_m > 0):
        raise InvalidInputError("The bandwidth must be a positive number of metres.")
    bounds = bounds or _scope_bounds(session, scope, as_of)
    local = Transformer.from_crs("EPSG:4326", _local_crs(bounds), always_xy=True)
    west, south, east, north = bounds
    middle_lon, middle_lat = (west + east) / 2, (south + north) / 2
    x_ends, _ = local.transform([west, east], [middle_lat, middle_lat])
    _, y_ends = local.transform([middle_lon, middle_lon], [south, north])
    metric = (x_ends[0], y_ends[0], x_ends[1], y_ends[1])
    rows, cols = shape or _shape(metric, cell_m or bandwidth_m / 5)
    if rows * cols > MAX_CELLS:
        raise InvalidInputError(f"{rows} by {cols} cells are too many; ask for a smaller area or larger cells.")

    reach = bandwidth_m * (9 if kernel == "gaussian" else 1)
    margin = reach / 111_000 / max(math.cos(math.radians(middle_lat)), 0.01)
    around = (west - margin, south - margin, east + margin, north + margin)
    window = [scope.located(Report), Report.reported_at >= since, Report.reported_at < until]
    if category is not None:
        window.append(Report.category == category)
    lon, lat = select_points(session, Report.geom, *window, within_bounds(session, Report.__table__.c.geom, around))
    unplaced = session.scalar(sa.select(sa.func.count()).select_from(Report).where(*window, Report.geom.is_(None)))
    x, y = local.transform(lon, lat)
    values = intensity(x, y, bounds=metric, shape=(rows, cols), bandwidth_m=bandwidth_m, kernel=kernel)
    peak = float(values.max())
    # Far tails of single reports would take most of a legend, so it begins at a fiftieth of the peak.
    breaks = np.geomspace(peak / 50, peak, CLASSES + 1) if peak > 0 else np.empty(0)
    return Heatmap(values, bounds, breaks, bandwidth_m, kernel, len(lon), int(unplaced or 0), since, until)


def _scope_bounds(session: Session, scope: Scope, as_of: date) -> Bounds:
    for level in (GridLevel.VILLAGE, GridLevel.CELL, GridLevel.TOWN):
        frame = grid_frame(session, scope, level=level, as_of=as_of)
        frame = frame[frame["code"].map(scope.covers).astype(bool)] if len(frame) else frame
        if len(frame):
            west, south, east, north = frame.total_bounds.tolist()
            return west, south, east, north
    raise MissingDataError("There are no grids yet; run `fengqiao load boundaries FILE` first, or give bounds.")


def _local_crs(bounds: Bounds) -> CRS:
    west, south, east, north = bounds
    return CRS.from_dict(
        {"proj": "tmerc", "lat_0": (south + north) / 2, "lon_0": (west + east) / 2, "ellps": "WGS84", "units": "m"}
    )


def _shape(metric: tuple[float, float, float, float], cell_m: float) -> tuple[int, int]:
    width, height = metric[2] - metric[0], metric[3] - metric[1]
    return (
        int(np.clip(math.ceil(height / cell_m), 1, 1_000)),
        int(np.clip(math.ceil(width / cell_m), 1, 1_000)),
    )
