"""GeoJSON: one document, or one feature a line."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from layers.errors import UnreadableFileError
from layers.ingest.encoding import Decoder, choose_decoder, known_codec
from layers.ingest.source import ROWS_PER_CHUNK, Chunk, Fault, Source
from layers.ingest.text import bounded_lines
from layers.ingest.vector import read_vector

_WGS84 = "EPSG:4326"
_RECORD_SEPARATOR = "\x1e"
_HEADERS_FROM = 1_000


def read_geojson(path: Path, folder: Path, *, layer: str, encoding: str | None) -> Source:
    """Features of a GeoJSON file in any of its forms; without a `crs` member it is WGS 84 (RFC 7946, section 4).

    A document that is not in UTF-8 is first rewritten into `folder`.

    Raises
    ------
    UnreadableFileError : empty, broken JSON, no features
    """
    if is_by_lines(path):
        return read_lines(path, encoding=encoding)
    with path.open("rb") as stream:
        start = stream.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
        if not start:
            raise UnreadableFileError(f"{path.name} is empty; check the export.")
        if not start.startswith((b"{", b"[", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise UnreadableFileError(f"{path.name} is not GeoJSON, whatever its name says; check the export.")
        stream.seek(0)
        decoder = choose_decoder(path.name, stream, known_codec(encoding) if encoding else None)
    if not _is_clean(path, decoder):
        path = _rewritten(path, folder, decoder)
    return read_vector(path, kind="GeoJSON", layer=layer)


def is_by_lines(path: Path) -> bool:
    """Whether the first line is a feature by itself."""
    if path.suffix.lower() in {".geojsonl", ".geojsons", ".ndjson", ".jsonl"}:
        return True
    with path.open("rb") as stream:
        first, second = (stream.readline(1_000_000).strip(b"\xef\xbb\xbf\x1e \t\r\n") for _ in range(2))
    return first.startswith(b"{") and first.endswith(b"}") and second.startswith(b"{")


def _is_clean(path: Path, decoder: Decoder) -> bool:
    if decoder.codec != "utf-8":
        return False
    with path.open("rb") as stream:
        return all(decoder.decode(line)[1] is None for line in stream)


def _rewritten(path: Path, folder: Path, decoder: Decoder) -> Path:
    target = folder / path.name
    with path.open("rb") as stream, target.open("w", encoding="utf-8") as out:
        out.writelines(decoder.decode(line)[0] for line in stream)
    return target


def read_lines(path: Path, *, encoding: str | None) -> Source:
    """Features of a file with one feature a line; a broken line becomes a fault and the rest is read.

    Raises
    ------
    UnreadableFileError : no line is a feature
    """
    with path.open("rb") as stream:
        decoder = choose_decoder(path.name, bounded_lines(stream), known_codec(encoding) if encoding else None)
    first = islice((row for row in _features(path, decoder) if not isinstance(row, Fault)), _HEADERS_FROM)
    headers = list(dict.fromkeys(key for _, feature in first for key in feature["properties"]))
    if not headers and not any(not isinstance(row, Fault) for row in _features(path, decoder)):
        raise UnreadableFileError(f"{path.name} holds no GeoJSON feature; check the export.")
    with path.open("rb") as stream:
        total = sum(1 for _ in bounded_lines(stream))
    return Source(headers, lambda: _chunks(path, decoder, headers), _WGS84, True, total)


def _features(path: Path, decoder: Decoder) -> Iterator[tuple[int, dict[str, Any]] | Fault]:
    with path.open("rb") as stream:
        for number, raw in enumerate(bounded_lines(stream), start=1):
            text, wrong = decoder.decode(raw)
            text = text.strip().lstrip("\ufeff" + _RECORD_SEPARATOR)
            if not text:
                continue
            try:
                feature = json.loads(text)
            except (ValueError, RecursionError):
                yield Fault(number, wrong or "the line is not JSON, or cut off")
                continue
            if not isinstance(feature, dict) or feature.get("type") != "Feature":
                yield Fault(number, "the line is not a GeoJSON feature")
                continue
            properties = feature.get("properties")
            feature["properties"] = properties if isinstance(properties, dict) else {}
            yield Fault(number, wrong, feature["properties"]) if wrong else (number, feature)


def _chunks(path: Path, decoder: Decoder, headers: list[str]) -> Iterator[Chunk]:
    rows = _features(path, decoder)
    while batch := list(islice(rows, ROWS_PER_CHUNK)):
        good = [row for row in batch if not isinstance(row, Fault)]
        shapes = [None if feature.get("geometry") is None else json.dumps(feature["geometry"]) for _, feature in good]
        geometry = shapely.from_geojson(np.array(shapes, dtype=object), on_invalid="ignore")
        values = [[feature["properties"].get(header) for header in headers] for _, feature in good]
        yield Chunk(
            np.array([number for number, _ in good], dtype=np.int64),
            pd.DataFrame(values, columns=headers, dtype=object),
            np.atleast_1d(geometry),
            [row for row in batch if isinstance(row, Fault)],
        )
