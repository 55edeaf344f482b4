"""Parquet and GeoParquet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from layers.errors import UnreadableFileError
from layers.ingest.arrays import objects
from layers.ingest.source import ROWS_PER_CHUNK, Chunk, Source
from layers.ingest.vector import decode_wkb, explained, quiet

_LONGITUDE_LATITUDE = "OGC:CRS84"


def read_parquet(path: Path) -> Source:
    """Rows of a Parquet file; the geometry is the primary column of its GeoParquet metadata, where it has any.

    Raises
    ------
    UnreadableFileError : damaged, no rows, metadata that names a column which is not there
    """
    with explained(path.name, "a Parquet file"), quiet():
        file = pq.ParquetFile(path)
        schema, total = file.schema_arrow, file.metadata.num_rows
    if not total:
        raise UnreadableFileError(f"{path.name} holds no rows; check the export.")
    place, about = _geometry(path.name, schema)
    headers = [name for name in schema.names if name != place]

    def chunks() -> Iterator[Chunk]:
        with explained(path.name, "a Parquet file"):
            yield from _chunks(file, place, headers)

    if place is not None and about.get("encoding", "WKB") != "WKB":
        return _whole(path, place, headers, about)
    return Source(headers, chunks, _crs(about) if place else None, place is not None, total)


def _geometry(name: str, schema: pa.Schema) -> tuple[str | None, dict[str, Any]]:
    stated = (schema.metadata or {}).get(b"geo")
    if stated is None:
        return None, {}
    try:
        about = json.loads(stated)
        place = about["primary_column"]
        column = about["columns"][place]
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableFileError(f"{name} has broken GeoParquet metadata; export it again.") from error
    if place not in schema.names or not isinstance(column, dict):
        raise UnreadableFileError(f"{name} lacks the geometry column that its metadata names; export it again.")
    return place, column


def _crs(about: dict[str, Any]) -> Any:
    """GeoParquet: a missing key means longitude and latitude of WGS 84, null means unknown."""
    if "crs" not in about:
        return _LONGITUDE_LATITUDE
    return json.dumps(about["crs"]) if about["crs"] is not None else None


def _chunks(file: pq.ParquetFile, place: str | None, headers: list[str]) -> Iterator[Chunk]:
    done = 0
    for batch in file.iter_batches(ROWS_PER_CHUNK):
        lines = np.arange(done + 1, done + batch.num_rows + 1)
        done += batch.num_rows
        names = batch.schema.names
        columns = {name: objects(batch.column(names.index(name)).to_pylist()) for name in headers}
        geometry = decode_wkb(batch.column(names.index(place))) if place else None
        yield Chunk(lines, pd.DataFrame(columns, index=range(len(lines)), dtype=object), geometry)


def _whole(path: Path, place: str, headers: list[str], about: dict[str, Any]) -> Source:
    with explained(path.name, "a GeoParquet file"), quiet():
        frame = gpd.read_parquet(path)

    def chunks() -> Iterator[Chunk]:
        for start in range(0, len(frame), ROWS_PER_CHUNK):
            part = frame.iloc[start : start + ROWS_PER_CHUNK]
            table = pd.DataFrame(part[headers]).reset_index(drop=True).astype(object)
            lines = np.arange(start + 1, start + len(part) + 1)
            yield Chunk(lines, table, np.asarray(part[place].array))

    return Source(headers, chunks, _crs(about), True, len(frame))
