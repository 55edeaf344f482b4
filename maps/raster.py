"""Heat as an image: class colours with opacity, ready to lie on a Web Mercator map."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.classify import classify
from maps.errors import RasterError
from maps.palette import heat_colours, heat_opacity, rgb

Bounds = tuple[float, float, float, float]
MERCATOR_LIMIT = 85.0511287798066


def mercator_rows(values: ArrayLike, bounds: Bounds) -> NDArray[np.float64]:
    """Move rows of equal latitude steps to rows of equal Web Mercator steps, linearly between row centres.

    A map stretches an image evenly between its south and north edge, but Mercator does not: without this step the
    middle of an image from 0° to 60° north would be drawn 5.3° too far north.

    Parameters
    ----------
    values : (rows, cols), row 0 in the north
    bounds : (min lon, min lat, max lon, max lat) in degrees, the outer edges of the cells

    Returns
    -------
    (rows, cols) values at the centres of the new rows

    Raises
    ------
    RasterError : no cells, or the bounds are empty or beyond Mercator's limit of 85.05°
    """
    grid = np.asarray(values, dtype=float)
    _, south, _, north = bounds
    if grid.ndim != 2 or not grid.size:
        raise RasterError(f"An image needs rows and columns; the values have the shape {grid.shape}.")
    if not -MERCATOR_LIMIT <= south < north <= MERCATOR_LIMIT:
        raise RasterError(f"The latitudes {south} to {north} must ascend within ±{MERCATOR_LIMIT:.2f}°.")
    rows = len(grid)
    top, bottom = (np.arcsinh(np.tan(np.radians(edge))) for edge in (north, south))
    centres = top + (np.arange(rows) + 0.5) / rows * (bottom - top)
    latitude = np.degrees(np.arctan(np.sinh(centres)))
    at = np.clip((north - latitude) / (north - south) * rows - 0.5, 0, rows - 1)
    above = np.floor(at).astype(int)
    below = np.minimum(above + 1, rows - 1)
    share = (at - above)[:, None]
    upper, lower = grid[above], grid[below]
    # Where the share is 0 the lower row must not count, not even as 0 * NaN.
    moved: NDArray[np.float64] = np.where(share == 0, upper, upper * (1 - share) + lower * share)
    return moved


def heat_png(values: ArrayLike, breaks: ArrayLike, *, bounds: Bounds | None = None) -> bytes:
    """Paint a density raster as RGBA PNG; transparent below the first break and where there is no value.

    Values above the last break take the colour of the last class: a hotspot is never a hole.

    Parameters
    ----------
    values : (rows, cols), row 0 in the north
    breaks : (c + 1,) ascending class edges, c >= 1; none for an image with nothing on it
    bounds : degrees; if given, the rows are taken as evenly spaced in latitude and moved to Mercator's spacing

    Returns
    -------
    bytes of a PNG of rows x cols pixels

    Raises
    ------
    RasterError : no cells, a single break, or breaks that do not ascend
    """
    from PIL import Image

    grid = np.asarray(values, dtype=float) if bounds is None else mercator_rows(values, bounds)
    edges = np.asarray(breaks, dtype=float).ravel()
    if grid.ndim != 2 or not grid.size:
        raise RasterError(f"An image needs rows and columns; the values have the shape {grid.shape}.")
    if len(edges) == 1 or not (np.diff(edges) >= 0).all():
        raise RasterError("A heat image needs at least two class edges in ascending order, or none for an empty image.")
    k = max(len(edges) - 1, 0)
    table = np.zeros((k + 1, 4), dtype=np.uint8)  # the last row is -1, outside all classes: transparent
    for row, colour, opacity in zip(table, heat_colours(k) if k else [], heat_opacity(k) if k else [], strict=False):
        row[:] = (*rgb(colour), round(opacity * 255))
    buffer = io.BytesIO()
    Image.fromarray(table[classify(np.minimum(grid, edges[-1]) if k else grid, edges)]).save(
        buffer, "PNG", optimize=True
    )
    return buffer.getvalue()


def data_uri(png: bytes) -> str:
    """The image as text that an `img` element takes in place of an address."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
