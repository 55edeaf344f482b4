"""Shapefiles: are all parts there and whole, and which encoding is the table in."""

from __future__ import annotations

import struct
from pathlib import Path

from layers.errors import InvalidInputError, UnreadableFileError
from layers.ingest.encoding import Decoder, choose_decoder, known_codec
from layers.ingest.source import Source
from layers.ingest.vector import read_vector

# Language driver ids that say more than "whatever the computer was set to".
_LANGUAGE = {0x4D: "cp936", 0x4F: "cp950", 0x78: "cp950", 0x7A: "cp936", 0x7B: "cp932", 0x79: "cp949"}


def read_shapefile(path: Path, *, layer: str, encoding: str | None) -> Source:
    """Features of a Shapefile; the encoding is the one named, else that of its .cpg, else UTF-8 or GB18030.

    Raises
    ------
    UnreadableFileError : .shx or .dbf is missing, a part is cut off or belongs to another file
    """
    shapes = _shape_count(path)
    records, language = _record_count(_sibling(path, ".dbf"))
    if shapes != records:
        raise UnreadableFileError(
            f"{path.name} has {shapes} shapes but {path.stem}.dbf has {records} rows; copy all parts from one export."
        )
    decoder, note = _decoder(path, encoding, language)

    def decode(text: str) -> tuple[str, str | None]:
        return decoder.decode(text.encode("latin-1"))

    # As Latin-1 every byte survives, so that rows in a wrong encoding can be told apart.
    source = read_vector(path, kind="a Shapefile", layer=layer, encoding="ISO-8859-1", decode=decode)
    source.notes += [note] if note else []
    return source


def _sibling(path: Path, suffix: str) -> Path:
    for candidate in path.parent.iterdir():
        if candidate.stem == path.stem and candidate.suffix.lower() == suffix:
            return candidate
    raise UnreadableFileError(
        f"{path.stem}{suffix} is missing beside {path.name}; copy .shp, .shx, .dbf and .prj together."
    )


def _cut_off(path: Path) -> UnreadableFileError:
    return UnreadableFileError(f"{path.name} is damaged or cut off; copy or export the Shapefile again.")


def _shape_count(path: Path) -> int:
    for part in (path, _sibling(path, ".shx")):
        with part.open("rb") as stream:
            head = stream.read(100)
        if len(head) < 100 or struct.unpack(">i", head[:4])[0] != 9994:
            raise _cut_off(part)
        words = struct.unpack(">i", head[24:28])[0]
        if part.stat().st_size < 2 * words:
            raise _cut_off(part)
    return int(2 * words - 100) // 8


def _record_count(path: Path) -> tuple[int, int]:
    with path.open("rb") as stream:
        head = stream.read(32)
    if len(head) < 32:
        raise _cut_off(path)
    records, header_size, record_size = struct.unpack("<IHH", head[4:12])
    if path.stat().st_size < header_size + records * record_size:
        raise _cut_off(path)
    return records, head[29]


def _decoder(path: Path, encoding: str | None, language: int) -> tuple[Decoder, str | None]:
    if encoding:
        return Decoder(known_codec(encoding)), None
    stated = _stated_codec(path) or _LANGUAGE.get(language)
    if stated:
        return Decoder(known_codec(stated)), None
    table = _sibling(path, ".dbf")
    with table.open("rb") as stream:
        header_size, record_size = struct.unpack("<HH", stream.read(12)[8:12])
        stream.seek(0)
        head = stream.read(header_size)
        rows = iter(lambda: stream.read(record_size), b"")
        decoder = choose_decoder(table.name, (row for part in ([head[32:]], rows) for row in part))
    told = "There is no .cpg file beside it, so the table was read as GB18030; name the encoding if names look wrong."
    return decoder, told if decoder.codec == "gb18030" else None


def _stated_codec(path: Path) -> str | None:
    try:
        stated = _sibling(path, ".cpg").read_bytes()[:40].decode("ascii", "ignore").strip()
    except UnreadableFileError:
        return None
    for name in (stated, f"cp{stated}", stated.replace(" ", "").replace("ANSI", "cp")):
        try:
            return known_codec(name)
        except InvalidInputError:
            continue
    return None
