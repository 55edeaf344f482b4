"""Excel workbooks."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np
import openpyxl
import pandas as pd
from openpyxl.utils.exceptions import InvalidFileException

from layers.errors import UnreadableFileError
from layers.ingest.archive import check_archive
from layers.ingest.source import ROWS_PER_CHUNK, Chunk, Source, pick, unique_headers
from layers.ingest.vector import quiet, quietly

_FAILURES = (zipfile.BadZipFile, InvalidFileException, KeyError, ParseError, OSError, ValueError, TypeError, IndexError)


def read_sheet(path: Path, *, layer: str, named: str | None) -> Source:
    """Rows of one sheet; its first row that is not blank is the header, `Chunk.lines` are the sheet's row numbers.

    Raises
    ------
    UnreadableFileError : not a workbook, no such sheet, several filled sheets and none named, no rows
    """
    check_archive(path)
    book = _opened(path)
    try:
        filled = [sheet.title for sheet in book.worksheets if _has_rows(sheet)]
        sheet = book[pick(path.name, "sheet", filled, named, layer)]
        rows = _rows(path.name, sheet)
        headers = next(rows)[1]
        total = max((sheet.max_row or 0) - 1, 0)
    except BaseException:
        book.close()
        raise

    def chunks() -> Iterator[Chunk]:
        try:
            yield from _chunks(path.name, headers, rows)
        finally:
            book.close()

    return Source(headers, chunks, total=total)


def _opened(path: Path) -> Any:
    try:
        with quiet():  # it tells of drop-down lists and styles that it leaves out
            return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except _FAILURES as error:
        raise UnreadableFileError(
            f"{path.name} cannot be read as an Excel workbook; save it again as .xlsx."
        ) from error


def _has_rows(sheet: Any) -> bool:
    return any(any(value is not None for value in row) for row in islice(sheet.iter_rows(values_only=True), 50))


def _rows(name: str, sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    sheet.reset_dimensions()  # some programs write a wrong size into the sheet
    width = 0
    try:
        for line, values in enumerate(quietly(sheet.iter_rows(values_only=True)), start=1):
            row = list(values)
            while row and row[-1] is None:
                row.pop()
            if not row:
                continue
            if not width:
                width = len(row)
                yield line, unique_headers(row)
            else:
                yield line, (row + [None] * width)[:width]
    except _FAILURES as error:
        raise UnreadableFileError(f"{name} is damaged; save it again as .xlsx.") from error


def _chunks(name: str, headers: list[str], rows: Iterator[tuple[int, list[Any]]]) -> Iterator[Chunk]:
    seen = False
    while batch := list(islice(rows, ROWS_PER_CHUNK)):
        seen = True
        lines = np.array([line for line, _ in batch], dtype=np.int64)
        yield Chunk(lines, pd.DataFrame([row for _, row in batch], columns=headers, dtype=object))
    if not seen:
        raise UnreadableFileError(f"{name} has a header but no rows; check the export.")
