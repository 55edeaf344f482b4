"""Which reader a file needs, told by its suffix and checked by its first bytes."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from layers.errors import UnreadableFileError
from layers.ingest.archive import unpack
from layers.ingest.geojson import read_geojson
from layers.ingest.osm import read_osm
from layers.ingest.parquet import read_parquet
from layers.ingest.shapefile import read_shapefile
from layers.ingest.sheet import read_sheet
from layers.ingest.source import Source
from layers.ingest.text import read_text
from layers.ingest.vector import read_vector

FORMATS = "GeoJSON, GeoPackage, Shapefile (.shp or .zip), GeoParquet, CSV, TSV, Excel (.xlsx), OSM (.pbf)"
_MAGIC = {
    b"PK": "a ZIP archive or Excel workbook",
    b"SQLite format 3": "a GeoPackage or other SQLite file",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip archive",
    b"\x00\x00\x27\x0a": "a Shapefile",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"%PDF": "a PDF document",
}
_EXPECTED = {
    ".zip": b"PK",
    ".xlsx": b"PK",
    ".xlsm": b"PK",
    ".gpkg": b"SQLite format 3",
    ".parquet": b"PAR1",
    ".geoparquet": b"PAR1",
    ".gz": b"\x1f\x8b",
    ".shp": b"\x00\x00\x27\x0a",
}
_PARTS = {".dbf", ".shx", ".prj", ".cpg"}


def open_source(
    path: Path, stack: ExitStack, *, layer: str, encoding: str | None = None, named: str | None = None
) -> Source:
    """The rows of a file of any known format; what it needs on the way lives as long as `stack`.

    Parameters
    ----------
    layer : the layer the rows are for; of a file with several tables its namesake is read
    encoding : of text; None lets the file tell
    named : sheet, layer or member to read of a file that holds several

    Raises
    ------
    UnreadableFileError : missing, empty, damaged, of no known format or not what its suffix says, nothing to read in it
    InvalidInputError : nobody knows the encoding
    """
    path = _existing(path)
    _check_content(path)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fengqiao-")))
    inner, wanted = path, named
    if path.suffix.lower() == ".zip":
        inner = unpack(path, folder, layer=layer, named=named)
        _check_content(inner)
        wanted = named if inner.suffix.lower() in {".gpkg", ".xlsx"} else None
    source = _read(inner, folder, layer, encoding, wanted)
    source.file, source.folder = path, folder
    return source


def _existing(path: Path) -> Path:
    if path.is_dir():
        shapes = sorted(entry for entry in path.iterdir() if entry.suffix.lower() == ".shp")
        if len(shapes) == 1:
            return shapes[0]
        listed = ", ".join(shape.name for shape in shapes) or "no Shapefile"
        raise UnreadableFileError(f"{path.name} is a folder with {listed}; name one file.")
    if not path.exists():
        raise UnreadableFileError(f"There is no file {path.name}; check the spelling and the folder.")
    if not path.is_file():
        raise UnreadableFileError(f"{path.name} is not a file.")
    return path


def _check_content(path: Path) -> None:
    suffix = path.suffix.lower()
    try:
        with path.open("rb") as stream:
            start = stream.read(64)
    except OSError as error:
        raise UnreadableFileError(f"{path.name} cannot be opened; check who may read it.") from error
    if not start:
        raise UnreadableFileError(f"{path.name} is empty; check the export.")
    if suffix == ".xls":
        raise UnreadableFileError(f"{path.name} is an old Excel workbook; save it as .xlsx.")
    if suffix in _PARTS:
        raise UnreadableFileError(f"{path.name} is a part of a Shapefile; name its .shp file.")
    found = next((magic for magic in _MAGIC if start.startswith(magic)), None)
    expected = _EXPECTED.get(suffix)
    if found == expected or (suffix == ".pbf" and b"OSMHeader" in start):
        return
    if found is not None:
        raise UnreadableFileError(
            f"{path.name} is {_MAGIC[found]}, not what its suffix says; rename or export it again."
        )
    raise UnreadableFileError(f"{path.name} is not what its suffix says, or its beginning is damaged; export it again.")


def _read(  # noqa: PLR0911 - one for each format
    path: Path, folder: Path, layer: str, encoding: str | None, named: str | None
) -> Source:
    name = path.name.lower()
    suffix = path.suffix.lower()
    if suffix in {".geojson", ".json", ".geojsonl", ".geojsons", ".ndjson", ".jsonl"}:
        return read_geojson(path, folder, layer=layer, encoding=encoding)
    if suffix == ".gpkg":
        return read_vector(path, kind="a GeoPackage", layer=layer, named=named)
    if suffix == ".shp":
        return read_shapefile(path, layer=layer, encoding=encoding)
    if suffix in {".parquet", ".geoparquet"}:
        return read_parquet(path)
    if suffix in {".xlsx", ".xlsm"}:
        return read_sheet(path, layer=layer, named=named)
    if suffix == ".pbf":
        return read_osm(path, layer=layer, named=named)
    if name.endswith((".csv", ".csv.gz")):
        return read_text(path, folder, delimiter=None, encoding=encoding)
    if name.endswith((".tsv", ".tsv.gz", ".txt")):
        return read_text(path, folder, delimiter=None if suffix == ".txt" else "\t", encoding=encoding)
    raise UnreadableFileError(f"{path.name} is of no known format; known are {FORMATS}.")
