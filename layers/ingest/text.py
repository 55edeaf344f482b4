"""Delimited text: lines in UTF-8 or GB18030, even mixed, to rows that know their line."""

from __future__ import annotations

import codecs
import csv
import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pandas as pd

from layers.errors import UnreadableFileError
from layers.ingest.encoding import Decoder, choose_decoder, known_codec
from layers.ingest.source import ROWS_PER_CHUNK, Chunk, Fault, Source, unique_headers

LONGEST_LINE = 8_000_000
LONGEST_FIELD = 4_000_000
MOST_UNPACKED = 20_000_000_000
GREATEST_RATIO = 300
DELIMITERS = ",\t;|"


@dataclass
class _Lines:
    """Physical lines for the csv reader; remembers which of them could not be read as they should."""

    raw: Iterator[bytes]
    decoder: Decoder
    number: int = 0
    tainted: dict[int, str] | None = None

    def __iter__(self) -> Iterator[str]:
        self.tainted = {}
        for line in self.raw:
            self.number += 1
            if len(line) >= LONGEST_LINE:
                self.tainted[self.number] = f"the line is longer than {LONGEST_LINE:,} bytes"
                yield "\n"
                continue
            text, wrong = self.decoder.decode(line)
            if wrong:
                self.tainted[self.number] = wrong
            yield text

    def complaint(self, first: int, last: int) -> str | None:
        if not self.tainted:
            return None
        return next((self.tainted.pop(line) for line in range(first, last + 1) if line in self.tainted), None)


def read_text(path: Path, folder: Path, *, delimiter: str | None, encoding: str | None) -> Source:
    """Rows of a CSV or TSV file, plain or gzipped; ragged, undecodable and oversized rows become faults.

    The encoding is the one named, else told by a byte order mark, else UTF-8 or GB18030, whichever the header
    is in (where the header is plain ASCII: whichever more lines are in).

    Raises
    ------
    UnreadableFileError : no rows, not text, or damaged compression
    """
    path = _in_utf8(path, folder)
    opened = _opener(path)
    decoder, total = _survey(path, opened, encoding)
    rows = _records(path, opened, decoder, delimiter)
    headers = next(rows)
    assert isinstance(headers, list)
    notes = [f"The text was read as {decoder.codec.upper()}."] if decoder.codec == "gb18030" and not encoding else []
    return Source(headers, lambda: _chunks(path.name, headers, rows), total=max(total - 1, 0), notes=notes)


def _opener(path: Path) -> Callable[[], IO[bytes]]:
    if path.suffix.lower() == ".gz":
        return lambda: cast("IO[bytes]", gzip.open(path, "rb"))
    return lambda: path.open("rb")


def bounded_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Lines with their ends; of a longer one than LONGEST_LINE only that much is kept."""
    while line := stream.readline(LONGEST_LINE):
        yield line
        tail = line
        while len(tail) == LONGEST_LINE and not tail.endswith(b"\n"):
            tail = stream.readline(LONGEST_LINE)


@contextmanager
def _damage_explained(name: str) -> Iterator[None]:
    try:
        yield
    except (gzip.BadGzipFile, EOFError, OSError, ValueError) as error:
        if isinstance(error, UnreadableFileError):
            raise
        raise UnreadableFileError(f"{name} is damaged or cut off; copy or export it again.") from error
    except Exception as error:
        if type(error).__module__ == "zlib":
            raise UnreadableFileError(f"{name} is damaged; copy or export it again.") from error
        raise


def _survey(path: Path, opened: Callable[[], IO[bytes]], encoding: str | None) -> tuple[Decoder, int]:
    packed = path.stat().st_size
    with _damage_explained(path.name), opened() as stream:
        start = stream.read(4096)
        if not start.strip(b"\xef\xbb\xbf\r\n\t ,;"):
            raise UnreadableFileError(f"{path.name} is empty; check the export.")
        if b"\x00" in start:
            raise UnreadableFileError(f"{path.name} is not a text file, whatever its name says; check the export.")
        stream.seek(0)
        total = unpacked = 0

        def counted() -> Iterator[bytes]:
            nonlocal total, unpacked
            for line in bounded_lines(stream):
                total += 1
                unpacked += len(line)
                if unpacked > MOST_UNPACKED or unpacked > max(GREATEST_RATIO * packed, 100_000_000):
                    raise UnreadableFileError(f"{path.name} unpacks to far more than a table would; nothing was read.")
                yield line

        decoder = choose_decoder(path.name, counted(), known_codec(encoding) if encoding else None)
    return decoder, total


def _in_utf8(path: Path, folder: Path) -> Path:
    """The file itself, or where it is in UTF-16, as Excel saves "Unicode text", a copy in UTF-8."""
    with path.open("rb") as stream:
        if stream.read(2) not in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
            return path
    target = folder / path.name
    with (
        path.open(encoding="utf-16", errors="replace", newline="") as text,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        while part := text.read(1 << 20):
            out.write(part)
    return target


def _records(
    path: Path, opened: Callable[[], IO[bytes]], decoder: Decoder, delimiter: str | None
) -> Iterator[list[str] | tuple[int, list[str] | Fault]]:
    """First the headers, then (line, row or fault) for each record."""
    with _damage_explained(path.name), opened() as stream, _wide_fields():
        lines = _Lines(bounded_lines(stream), decoder)
        texts = iter(lines)
        first = next((text for text in texts if text.strip()), "").lstrip("\ufeff")
        if lines.complaint(1, lines.number):
            raise UnreadableFileError(
                f"The header of {path.name} is not in {decoder.codec}; save the file as UTF-8 or name its encoding."
            )
        skipped = lines.number - 1
        sign = delimiter or max(DELIMITERS, key=first.count)
        reader = csv.reader(_joined(first, texts), delimiter=sign)
        headers = unique_headers(next(reader))
        yield headers
        while True:
            start = skipped + reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error:
                end = skipped + reader.line_num
                lines.complaint(start, end)
                yield start, Fault(start, f"a field is longer than {LONGEST_FIELD:,} characters")
                continue
            wrong = lines.complaint(start, skipped + reader.line_num) if lines.tainted else None
            if wrong:
                yield start, Fault(start, wrong, dict(zip(headers, row, strict=False)))
            elif any(row):
                yield start, _fitted(start, headers, row)


def _fitted(line: int, headers: list[str], row: list[str]) -> list[str] | Fault:
    if len(row) > len(headers) and not any(row[len(headers) :]):
        return row[: len(headers)]
    if len(row) != len(headers):
        reason = f"the row has {len(row)} fields, the header {len(headers)}; look for a stray or missing separator"
        return Fault(line, reason, dict(zip(headers, row, strict=False)))
    return row


def _joined(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


@contextmanager
def _wide_fields() -> Iterator[None]:
    """The limit of the csv module is one for the whole process, and too small for the outline of a town."""
    before = csv.field_size_limit(LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _chunks(name: str, headers: list[str], rows: Iterator[Any]) -> Iterator[Chunk]:
    seen = False
    while batch := list(islice(rows, ROWS_PER_CHUNK)):
        seen = True
        good = [(line, row) for line, row in batch if not isinstance(row, Fault)]
        yield Chunk(
            np.array([line for line, _ in good], dtype=np.int64),
            pd.DataFrame([row for _, row in good], columns=headers, dtype=object),
            faults=[row for _, row in batch if isinstance(row, Fault)],
        )
    if not seen:
        raise UnreadableFileError(f"{name} has a header but no rows; check the export.")
