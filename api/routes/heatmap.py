"""Where reports gather: exact kernel density as an image with the classes of its legend."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.context import AsOf, Now, Reading
from api.errors import InvalidParameterError
from api.principal import Reader
from api.problems import problems
from api.query import Box, Times
from layers.density import heatmap
from layers.tables import ReportCategory
from maps.palette import heat_colours, heat_opacity
from maps.raster import data_uri, heat_png

router = APIRouter(prefix="/api", tags=["reports"])
DEFAULT_WINDOW = timedelta(days=30)
Kernel = Literal["quartic", "epanechnikov", "triangular", "uniform", "gaussian"]


class HeatmapInfo(BaseModel):
    """An image to lay over `bounds` on a Mercator map; class i goes from breaks[i] to breaks[i + 1].

    `count` is how many reports shape the picture, `unplaced` how many of the window have no point; without any
    reports the breaks are empty and the image is null.
    """

    bounds: tuple[float, float, float, float]
    shape: tuple[int, int]
    unit: Literal["reports per km²"]
    breaks: list[float]
    colours: list[str]
    opacity: list[float]
    count: int
    unplaced: int
    kernel: Kernel
    bandwidth_m: float
    since: datetime
    until: datetime
    image: str | None


@router.get("/heatmap", responses=problems(401, 403, 409, 422))
def read_heatmap(
    principal: Reader,
    session: Reading,
    now: Now,
    as_of: AsOf,
    box: Box,
    times: Times,
    bandwidth_m: Annotated[float, Query(ge=10, le=20_000)] = 150.0,
    kernel: Kernel = "quartic",
    category: ReportCategory | None = None,
    cell_m: Annotated[float | None, Query(ge=1, le=20_000, description="By default a fifth of the bandwidth")] = None,
) -> HeatmapInfo:
    """Density of the reports of the last 30 days, or of the window given, over the area or the box given."""
    if box is not None and (box[0] == box[2] or box[1] == box[3] or max(abs(box[1]), abs(box[3])) > 85):
        raise InvalidParameterError("query", "bbox", "it must have an area, and lie within ±85 degrees of latitude.")
    until = times.until or now
    since = times.since or until - DEFAULT_WINDOW
    if since >= until:
        raise InvalidParameterError("query", "since", "it must lie in the past, or before until.")
    heat = heatmap(
        session,
        principal.scope,
        as_of=as_of,
        since=since,
        until=until,
        bounds=box,
        cell_m=cell_m,
        bandwidth_m=bandwidth_m,
        kernel=kernel,
        category=category,
    )
    classes = max(len(heat.breaks) - 1, 0)
    return HeatmapInfo(
        bounds=heat.bounds,
        shape=heat.values.shape,
        unit="reports per km²",
        breaks=heat.breaks.tolist(),
        colours=heat_colours(classes) if classes else [],
        opacity=heat_opacity(classes) if classes else [],
        count=heat.reports,
        unplaced=heat.unplaced,
        kernel=kernel,
        bandwidth_m=heat.bandwidth_m,
        since=heat.since,
        until=heat.until,
        image=data_uri(heat_png(heat.values, heat.breaks, bounds=heat.bounds)) if classes else None,
    )
