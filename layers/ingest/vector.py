"""Formats that GDAL reads: GeoJSON, GeoPackage, Shapefile, OSM extracts."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyogrio
import pyogrio.errors
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from layers.errors import UnreadableFileError
from layers.ingest.arrays import objects
from layers.ingest.source import ROWS_PER_CHUNK, Chunk, Fault, Source, pick, unique_headers

REPLACED = "\ufffd"
_FAILURES = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FieldError,
    pyogrio.errors.GeometryError,
    pa.ArrowException,
    RuntimeError,
    OSError,
    ValueError,
)


@contextmanager
def explained(name: str, kind: str) -> Iterator[None]:
    """Turn the complaints of the reading libraries into ours; theirs go to the log with the chained error."""
    try:
        yield
    except UnreadableFileError:
        raise
    except _FAILURES as error:
        longest = ", or holds a text of over ten million signs" if kind == "GeoJSON" else ""
        raise UnreadableFileError(
            f"{name} cannot be read as {kind}; it is damaged, cut off{longest}. Export it again."
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Without the warnings of a library about details that our own checks tell better."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def quietly(items: Iterator[Any]) -> Iterator[Any]:
    """The same items; each is fetched without warnings, which would not do around a whole generator."""
    end = object()
    while True:
        with quiet():
            item = next(items, end)
        if item is end:
            return
        yield item


def read_vector(
    path: Path,
    *,
    kind: str,
    layer: str,
    named: str | None = None,
    where: str | None = None,
    encoding: str | None = None,
    decode: Callable[[str], tuple[str, str | None]] | None = None,
) -> Source:
    """Features of one layer of a file.

    Parameters
    ----------
    kind : what to call the format in messages
    layer : the layer they are for; of several tables its namesake is read
    named : the table to read
    where : condition on attributes, in OGR SQL
    encoding, decode : what GDAL takes the attributes to be in, and what they are then put through

    Raises
    ------
    UnreadableFileError : damaged, no such table, several tables and none named, no features
    """
    with explained(path.name, kind), quiet():
        found = pyogrio.list_layers(path)
        tables = [str(name) for name, geometry in found if geometry is not None] or [str(row[0]) for row in found]
    table = pick(path.name, "layer", tables, named, layer)
    with explained(path.name, kind), quiet():
        about = pyogrio.read_info(path, layer=table, encoding=encoding)
    fields = [str(name) for name in about["fields"]]
    headers = unique_headers([decode(name)[0] if decode else name for name in fields])
    total = max(int(about["features"]), 0)
    if not total and kind != "an OSM extract":
        raise UnreadableFileError(f"{path.name} holds no features; check the export.")

    def chunks() -> Iterator[Chunk]:
        with explained(path.name, kind):
            yield from _chunks(path, table, headers, decode, {"where": where, "encoding": encoding})

    notes = [f"Of {path.name} the layer {table} was read."] if len(tables) > 1 and named is None else []
    return Source(headers, chunks, _crs(about["crs"]), about["geometry_type"] is not None, total, notes)


def _crs(stated: str | None) -> CRS | None:
    if not stated:
        return None
    try:
        crs = CRS.from_user_input(stated)
    except CRSError:
        return None
    return crs if crs.is_geographic or crs.is_projected else None


def _chunks(
    path: Path, table: str, headers: list[str], decode: Callable[[str], tuple[str, str | None]] | None, options: Any
) -> Iterator[Chunk]:
    done = 0
    with ExitStack() as stack:
        with quiet():
            opened = pyogrio.open_arrow(
                path, layer=table, batch_size=ROWS_PER_CHUNK, use_pyarrow=True, datetime_as_string=True, **options
            )
            meta, reader = stack.enter_context(opened)
        place = meta["geometry_name"] or "wkb_geometry"
        for batch in quietly(iter(reader)):
            lines = np.arange(done + 1, done + batch.num_rows + 1)
            done += batch.num_rows
            names = batch.schema.names
            geometry = decode_wkb(batch.column(names.index(place))) if place in names else None
            columns = {
                header: objects(batch.column(names.index(name)).to_pylist())
                for header, name in zip(headers, meta["fields"], strict=True)
            }
            yield without_undecodable(
                lines, pd.DataFrame(columns, index=range(len(lines)), dtype=object), geometry, decode
            )


def decode_wkb(column: Any) -> np.ndarray:
    """(n,) geometries of an Arrow column of WKB; None where missing or unreadable."""
    return np.asarray(shapely.from_wkb(np.array(column.to_pylist(), dtype=object), on_invalid="ignore"))


def without_undecodable(
    lines: np.ndarray,
    table: pd.DataFrame,
    geometry: np.ndarray | None,
    decode: Callable[[str], tuple[str, str | None]] | None,
) -> Chunk:
    """The rows as a chunk; those with text that could not be decoded are among its faults."""
    wrong: dict[int, str] = {}
    for header in table.columns:
        values = table[header].to_numpy(copy=True)
        for row, value in enumerate(values):
            if type(value) is not str or value.isascii():
                continue
            if decode:
                values[row], complaint = decode(value)
                if complaint:
                    wrong[row] = complaint
            elif REPLACED in value:
                wrong[row] = "the row holds characters that cannot be decoded"
        if decode:
            table[header] = values
    if not wrong:
        return Chunk(lines, table, geometry)
    faults = [
        Fault(int(lines[row]), reason, dict(zip(map(str, table.columns), table.iloc[row], strict=True)))
        for row, reason in sorted(wrong.items())
    ]
    good = np.ones(len(lines), dtype=bool)
    good[list(wrong)] = False
    return Chunk(lines[good], table[good].reset_index(drop=True), None if geometry is None else geometry[good], faults)
