"""Chunks of a file to batches of our fields: columns about persons left out, values coerced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from layers.errors import InvalidInputError
from layers.ingest.arrays import Array, is_none, nothing
from layers.ingest.batch import Batch
from layers.ingest.coerce import coerce
from layers.ingest.columns import PLACE, Column, match_columns
from layers.ingest.fields import Layer
from layers.ingest.osm import expand_tags, osm_keys, tagged_headers
from layers.ingest.persons import person_columns
from layers.ingest.place import place_columns, raw_shapes
from layers.ingest.result import Notes, some
from layers.ingest.source import Chunk, Source

_PLACE_NAMES = {field.name for field in PLACE}


@dataclass(frozen=True)
class Reading:
    """How a file's columns become a layer's fields, decided once for the whole file.

    headers : those of the file that are kept in the reject file
    dropped : those that speak of persons; they are never looked at
    fields : field -> column
    places : lon/lat, WKT … -> column; empty where the file has geometry
    """

    layer: Layer
    headers: list[str]
    dropped: list[str]
    fields: dict[str, Column]
    places: dict[str, Column]
    zone: ZoneInfo

    @classmethod
    def of(
        cls, source: Source, layer: Layer, named: Mapping[str, str | None] | None, zone: ZoneInfo, notes: Notes
    ) -> Reading:
        """Match the columns, and note which are left unused.

        Raises
        ------
        InvalidInputError : a required field or the place has no column, or `named` names what is not there
        """
        dropped = person_columns(source.headers, layer.name)
        headers = tagged_headers([header for header in source.headers if header not in dropped])
        personal = [header for header in (named or {}).values() if header in dropped]
        if personal:
            raise InvalidInputError(
                f"The column {personal[0]!r} is about persons, and such data is not kept; leave it out."
            )
        columns = match_columns(headers, layer.fields, named)
        fields = {name: column for name, column in columns.items() if name not in _PLACE_NAMES}
        places = place_columns(columns, source.has_geometry)
        for field in layer.fields:
            if field.required and field.name not in fields:
                raise InvalidInputError(
                    f"No column of the file looks like {field.name}; name it with columns: {field.name}=HEADER. "
                    f"The file has {some(headers, 40)}."
                )
        if not source.has_geometry and not places and not layer.placeless:
            raise InvalidInputError(
                f"The file has no coordinates; name their columns (lon and lat, x and y, or wkt). "
                f"It has {some(headers, 40)}."
            )
        used = {column.header for column in (*fields.values(), *places.values())}
        unused = [header for header in source.headers if header in headers and header not in used]
        if unused:
            notes.warn(f"Columns that were not used: {some(unused, 12)}.")
        return cls(layer, headers, dropped, fields, places, zone)

    def batch(self, chunk: Chunk, notes: Notes) -> tuple[Batch, Array]:
        """The rows with typed values, and (n,) complaints about coordinates that could not be read."""
        table = expand_tags(chunk.table.drop(columns=self.dropped, errors="ignore"))
        batch = Batch(chunk.lines, table, {}, np.zeros(0, dtype=object), nothing(len(chunk.lines)))
        for field in self.layer.fields:
            if field.name not in self.fields:
                continue
            column = self.fields[field.name]
            raw = osm_keys(table, column.values(table)) if column.header == "osm_id" else column.values(table)
            values, complaints = coerce(raw, field, self.zone)
            batch.fields[field.name] = values
            wrong = ~is_none(complaints)
            if field.strict or field.required:
                batch.reject(wrong, complaints)
            elif wrong.any():
                rows = wrong & batch.good
                notes.repair(batch.lines[rows], [f"{text}; left empty" for text in complaints[rows]])
            if field.required:
                batch.reject(is_none(values), f"{field.name} is missing")
        if chunk.geometry is None:
            batch.geometry, complaints = raw_shapes(table, self.places)
        else:
            batch.geometry, complaints = chunk.geometry, nothing(len(batch))
        return batch, complaints

    def row_of(self, original: Mapping[str, object]) -> list[object]:
        """The values of a row for the reject file."""
        return [original.get(header) for header in self.headers]


def originals(batch: Batch, rows: Array, headers: list[str]) -> list[list[object]]:
    """The chosen rows as in the file, in the order of the headers."""
    part = batch.original.reindex(columns=headers)[rows]
    return pd.DataFrame(part).to_numpy(dtype=object).tolist()
