"""How compact polygons are: three published ratios, each in (0, 1] and 1 for the ideal shape."""

from __future__ import annotations

from typing import Any

import geopandas
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.errors import DegreesError, GeoError

FloatArray = NDArray[np.float64]


def polsby_popper(geometries: ArrayLike) -> FloatArray:
    """Area over that of the circle with the same perimeter: 4 pi A / P².

    1 for a circle, pi / 4 = 0.785 for a square; small for ragged or long shapes. Holes and parts add to the
    perimeter. Depends on how finely a boundary is digitised.

    Parameters
    ----------
    geometries : (n,) Polygons or MultiPolygons, metric CRS

    Returns
    -------
    (n,) float64 in (0, 1]; NaN where a geometry is missing, empty or without perimeter

    Raises
    ------
    DegreesError : the GeoSeries has a geographic CRS
    GeoError : a geometry is not polygonal

    Source
    ------
    Polsby and Popper, "The Third Criterion", Yale Law & Policy Review 9 (1991) 301-353; before them Cox,
    "A method of assigning numerical and percentage values to the degree of roundness of sand grains" (1927).

    Examples
    --------
    >>> polsby_popper([shapely.box(0, 0, 2, 2)]).round(3).tolist()
    [0.785]
    """
    shapes = _polygons(geometries)
    return _ratio(4 * np.pi * shapely.area(shapes), shapely.length(shapes) ** 2)


def reock(geometries: ArrayLike) -> FloatArray:
    """Area over that of the smallest circle around the whole geometry.

    1 for a circle, 2 / pi = 0.637 for a square; small for long shapes and for parts far from each other. Insensitive to
    how ragged a boundary is.

    Parameters
    ----------
    geometries : (n,) Polygons or MultiPolygons, metric CRS

    Returns
    -------
    (n,) float64 in (0, 1]; NaN where a geometry is missing, empty or a single place

    Raises
    ------
    DegreesError : the GeoSeries has a geographic CRS
    GeoError : a geometry is not polygonal

    Source
    ------
    Reock, "A Note: Measuring Compactness as a Requirement of Legislative Apportionment", Midwest Journal of
    Political Science 5 (1961) 70-74.

    Examples
    --------
    >>> reock([shapely.box(0, 0, 2, 2)]).round(3).tolist()
    [0.637]
    """
    shapes = _polygons(geometries)
    return _ratio(shapely.area(shapes), np.pi * shapely.minimum_bounding_radius(shapes) ** 2)


def convex_hull_ratio(geometries: ArrayLike) -> FloatArray:
    """Area over that of the convex hull of the whole geometry.

    1 for every convex shape, however long; small for hooks, rings and scattered parts.

    Parameters
    ----------
    geometries : (n,) Polygons or MultiPolygons, metric CRS

    Returns
    -------
    (n,) float64 in (0, 1]; NaN where a geometry is missing, empty or without extent

    Raises
    ------
    DegreesError : the GeoSeries has a geographic CRS
    GeoError : a geometry is not polygonal

    Source
    ------
    Niemi, Grofman, Carlucci and Hofeller, "Measuring Compactness and the Role of a Compactness Standard in a Test for
    Partisan and Racial Gerrymandering", Journal of Politics 52 (1990) 1155-1181.

    Examples
    --------
    >>> l_shape = shapely.Polygon([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)])
    >>> convex_hull_ratio([l_shape]).round(3).tolist()   # 3 of 3.5
    [0.857]
    """
    shapes = _polygons(geometries)
    return _ratio(shapely.area(shapes), shapely.area(shapely.convex_hull(shapes)))


def _polygons(geometries: ArrayLike) -> NDArray[Any]:
    if isinstance(geometries, geopandas.GeoSeries) and geometries.crs is not None and geometries.crs.is_geographic:
        raise DegreesError(geometries.crs)
    shapes = np.asarray(geometries, dtype=object)
    kind = shapely.get_type_id(shapes)
    wrong = np.flatnonzero(
        (kind >= 0) & (kind != shapely.GeometryType.POLYGON) & (kind != shapely.GeometryType.MULTIPOLYGON)
    )
    if wrong.size:
        raise GeoError(f"row {wrong[0]} is a {shapes[wrong[0]].geom_type}: only polygons are more or less compact")
    return shapes


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
