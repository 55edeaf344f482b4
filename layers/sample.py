"""Write an invented town into a folder: GeoJSON and CSV files that can be loaded, and a README about them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.town import Town

LAYERS = (
    ("town", "town"),
    ("villages", "villages"),
    ("places", "places"),
    ("roads", "roads"),
    ("water", "water"),
    ("buildings", "buildings"),
)
TABLES = (
    ("addresses", "addresses"),
    ("households", "household_points"),
    ("cameras", "cameras"),
    ("reports", "reports"),
)
_WHAT = {
    "town.geojson": "the town, or the towns of the county: the dissolved villages",
    "villages.geojson": "villages (村) and communities (社区); an exact coverage",
    "places.geojson": "hamlets (自然村), estates (小区) and landmarks as named points",
    "roads.geojson": "roads, streets and lanes, cut at the banks; `bridge` marks the pieces over water",
    "water.geojson": "river, streams and ponds as polygons, and centre lines (`river_line`, `stream_line`)",
    "buildings.geojson": "footprints with use, storeys and height",
    "addresses.csv": "standard addresses at their doors, urban and rural form",
    "households.csv": "how many households live behind a door; counts, no names",
    "cameras.csv": "cameras as assets, after the GB/T 28181 catalogue",
    "reports.csv": "90 days of reports, some with a point, some with a text only",
}


def write_town(town: Town, folder: Path) -> list[Path]:
    """The files written, README.md last; the folder is made if missing, files of the same name are replaced.

    The same town gives the same bytes everywhere: UTF-8, line feeds, no time stamps.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, attribute in LAYERS:
        written.append(_write(folder / f"{name}.geojson", _features(getattr(town, attribute))))
    for name, attribute in TABLES:
        table: pd.DataFrame = getattr(town, attribute)
        written.append(_write(folder / f"{name}.csv", _lines(table)))
    rows = {path.name: _count(town, path.stem) for path in written}
    written.append(_write(folder / "README.md", iter([_readme(town, written, rows)])))
    return written


def _count(town: Town, stem: str) -> int:
    return len(getattr(town, dict(LAYERS + TABLES)[stem]))


def _write(path: Path, text: Iterator[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(text)
    return path


def _features(frame: gpd.GeoDataFrame) -> Iterator[str]:
    """A feature collection, one feature on a line; rings turn as RFC 7946 asks."""
    yield '{"type": "FeatureCollection", "features": [\n'
    columns = [c for c in frame.columns if c != frame.geometry.name]
    rows = zip(*(_plain(frame[c]) for c in columns), strict=True)
    shapes = shapely.to_geojson(shapely.orient_polygons(np.asarray(frame.geometry)))
    for k, (row, shape) in enumerate(zip(rows, shapes, strict=True)):
        properties = json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False)
        end = ",\n" if k + 1 < len(frame) else "\n"
        yield f'{{"type": "Feature", "properties": {properties}, "geometry": {shape}}}{end}'
    yield "]}\n"


def _plain(column: Any) -> list[Any]:
    """Values as JSON knows them; missing ones are null."""
    return [None if missing else value for value, missing in zip(column.tolist(), column.isna().tolist(), strict=True)]


def _lines(table: pd.DataFrame, chunk: int = 50_000) -> Iterator[str]:
    for start in range(0, max(1, len(table)), chunk):
        part = table.iloc[start : start + chunk]
        yield part.to_csv(index=False, header=start == 0, lineterminator="\n")


def _readme(town: Town, paths: list[Path], rows: dict[str, int]) -> str:
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    files = "\n".join(f"| `{name}` | {rows[name]:,} | {_WHAT[name]} |" for name in rows)
    checks = "\n".join(f"{digest}  {name}" for name, digest in sums.items())
    names = "、".join(town.town["name"].head(6)) + (" …" if len(town.town) > 6 else "")
    total = int(town.household_points["households"].sum())
    kinds = town.villages["kind"].value_counts()
    return f"""# {names}: an invented place

Everything here is generated; no line of it describes a real place. The names are made up, and the county
code 330699 is in no official list. Where a name also exists somewhere in China, that is chance. The data lie
near 120.5° E, 29.8° N only so that metric work has a natural coordinate system there (EPSG:4549).

- Origin: `geo.town.make_town({town.households}, seed={town.seed}, until={town.until.isoformat()})` of Fengqiao Grid
- CRS: EPSG:4326, longitude before latitude, rounded to 7 decimals
- Licence: CC0 1.0 (public domain dedication)
- Towns {len(town.town):,}, communities {kinds.get("社区", 0):,}, villages {kinds.get("村", 0):,}
- Households {total:,}
- Reports: the 90 days up to {town.until.isoformat()}, times with +08:00
- Persons: none. Households are counts at an address.

Made again, byte for byte, by

    fengqiao sample FOLDER --households {town.households} --seed {town.seed} --until {town.until.isoformat()}

| file | rows | what |
| --- | ---: | --- |
{files}

SHA-256:

```
{checks}
```
"""
