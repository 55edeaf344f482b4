"""One metric CRS for all layers of a computation in metres."""

from __future__ import annotations

from typing import Any

from pyproj import CRS

from geo.errors import CrsMismatchError, DegreesError, GeoError, UnknownCrsError


def shared_metric_crs(*layers: Any) -> CRS:
    """Give the CRS that all layers share, after checking that its unit is the metre.

    Parameters
    ----------
    layers : GeoDataFrames or GeoSeries, at least one

    Raises
    ------
    UnknownCrsError : a layer has no CRS
    CrsMismatchError : two layers differ in CRS
    DegreesError : the CRS is geographic
    GeoError : the CRS is projected, but in another unit than the metre
    """
    crs = layers[0].crs
    for layer in layers:
        if layer.crs is None:
            raise UnknownCrsError("A layer has no CRS; say which one it is in with set_crs() first.")
        if layer.crs != crs:
            raise CrsMismatchError(crs, layer.crs)
    found = CRS.from_user_input(crs)
    if found.is_geographic:
        raise DegreesError(found.name)
    unit = found.axis_info[0].unit_name if found.axis_info else "metre"
    if unit != "metre":
        raise GeoError(f"{found.name} measures in {unit}, not metres; reproject with geo.crs.metric_crs() first.")
    return found
