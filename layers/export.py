"""Frames and rasters into files; the suffix decides the format."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from layers.errors import InvalidInputError

SUFFIXES = (".geojson", ".gpkg", ".shp", ".parquet", ".csv", ".xlsx")


def write_frame(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write rows with their geometry in EPSG:4326; CSV and Excel get it as WKT in the column `geometry`.

    Raises
    ------
    InvalidInputError : the suffix names no known format
    """
    if path.suffix not in SUFFIXES:
        raise InvalidInputError(f"{path.name} names no known format; end it with one of {', '.join(SUFFIXES)}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = frame.copy()
    for name in frame.columns:
        if frame[name].dtype == object and name != frame.geometry.name:
            frame[name] = frame[name].map(lambda value: None if value is None else str(value))
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix in {".csv", ".xlsx"}:
        table = pd.DataFrame(frame.drop(columns=frame.geometry.name)).assign(geometry=frame.geometry.to_wkt())
        if path.suffix == ".csv":
            table.to_csv(path, index=False, encoding="utf-8-sig")
        else:
            table.to_excel(path, index=False)
    else:
        options = {"RFC7946": "YES"} if path.suffix == ".geojson" else {}
        frame.to_file(path, encoding="utf-8", **options)


def write_raster(values: np.ndarray, bounds: tuple[float, float, float, float], path: Path) -> None:
    """Write the cells above zero of a (rows, cols) raster, row 0 in the north, as CSV: centre lon, lat and value."""
    rows, cols = values.shape
    west, south, east, north = bounds
    row, col = np.nonzero(values)
    table = pd.DataFrame(
        {
            "lon": west + (col + 0.5) * (east - west) / cols,
            "lat": north - (row + 0.5) * (north - south) / rows,
            "reports_per_km2": values[row, col],
        }
    )
    table.round({"lon": 7, "lat": 7, "reports_per_km2": 4}).to_csv(path, index=False)
