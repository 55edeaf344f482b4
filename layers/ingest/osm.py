"""OpenStreetMap extracts, and files made of them: which table and rows a layer needs, and tags as columns."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from layers.errors import UnreadableFileError
from layers.ingest.arrays import objects
from layers.ingest.source import Source
from layers.ingest.vector import read_vector

TAGS = "other_tags"
# Only these come out of the tags; e-mail addresses, telephone numbers and names of operators never do.
KEPT_TAGS = (
    "building:levels",
    "height",
    "bridge",
    "waterway",
    "water",
    "highway",
    "man_made",
    "camera:direction",
    "camera:angle",
    "camera:mount",
    "camera:type",
    "direction",
    "surveillance:type",
    "addr:housenumber",
    "addr:street",
    "addr:place",
    "addr:city",
    "addr:postcode",
    "addr:unit",
    "addr:floor",
)
_TABLES = {
    "boundaries": ("multipolygons", "boundary = 'administrative'"),
    "buildings": ("multipolygons", "building IS NOT NULL"),
    "roads": ("lines", "highway IS NOT NULL"),
    "water": ("lines", "waterway IS NOT NULL"),
    "addresses": ("points", "other_tags LIKE '%\"addr:housenumber\"=>%'"),
    "households": ("points", "other_tags LIKE '%\"addr:housenumber\"=>%'"),
    "cameras": ("points", "man_made = 'surveillance'"),
}
_WATER_AREAS = "natural = 'water' OR other_tags LIKE '%\"waterway\"=>\"riverbank\"%'"
_PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')


def read_osm(path: Path, *, layer: str, named: str | None) -> Source:
    """The features of an extract that belong to a layer: houses with a building tag, ways with a highway tag …

    `named` chooses another table (points, lines, multipolygons): for water, multipolygons gives lakes.

    Raises
    ------
    UnreadableFileError : damaged, or nothing in OpenStreetMap corresponds to the layer
    """
    if layer not in _TABLES:
        raise UnreadableFileError(f"OpenStreetMap has nothing that corresponds to {layer}; use another file.")
    table, where = _TABLES[layer]
    if named is not None and named != table:
        table, where = named, _WATER_AREAS if (layer, named) == ("water", "multipolygons") else where
    return read_vector(path, kind="an OSM extract", layer=layer, named=table, where=where)


def expand_tags(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the useful tags as columns of their own, and without the rest of them."""
    if TAGS not in table:
        return table
    pairs = [dict(_PAIR.findall(text)) if isinstance(text, str) else {} for text in table[TAGS]]
    out = table.drop(columns=TAGS)
    for tag in KEPT_TAGS:
        values = objects(found.get(tag) for found in pairs)
        if tag in out:
            own = out[tag].to_numpy()
            values = objects(tagged if pd.isna(mine) else mine for mine, tagged in zip(own, values, strict=True))
        out[tag] = values
    return out


def tagged_headers(headers: list[str]) -> list[str]:
    """Headers as they are after `expand_tags`."""
    if TAGS not in headers:
        return headers
    kept = [header for header in headers if header != TAGS]
    return kept + [tag for tag in KEPT_TAGS if tag not in kept]


def osm_keys(table: pd.DataFrame, ids: np.ndarray) -> np.ndarray:
    """(n,) ids; areas drawn as one way have theirs in a column of its own, numbered apart from relations."""
    if "osm_way_id" not in table:
        return ids
    ways = table["osm_way_id"].to_numpy(dtype=object)
    pairs = zip(ids, ways, strict=True)
    return objects(own if not pd.isna(own) else None if pd.isna(way) else f"way/{way}" for own, way in pairs)
