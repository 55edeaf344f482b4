"""Small tables of counts that other offices send, as CSV in UTF-8 or as an Excel workbook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pandas as pd

from layers.errors import InvalidInputError, UnreadableFileError
from layers.ingest.read import open_source


def read_table(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """The rows as (line number, texts of the columns); a missing value is an empty text.

    Raises
    ------
    UnreadableFileError : the file cannot be read, or columns are missing
    InvalidInputError : it has no rows
    """
    seen = False
    with ExitStack() as stack:
        source = open_source(path, stack, layer="counts")
        missing = [name for name in columns if name not in source.headers]
        if missing:
            raise UnreadableFileError(
                f"{path.name} lacks the columns {', '.join(missing)}; it needs {', '.join(columns)}."
            )
        for chunk in source.chunks():
            seen = True
            if chunk.faults:
                raise InvalidInputError(f"{path.name}, line {chunk.faults[0].line}: {chunk.faults[0].reason}.")
            texts = [[_text(value) for value in chunk.table[name]] for name in columns]
            yield from zip((int(line) for line in chunk.lines), map(list, zip(*texts, strict=True)), strict=True)
    if not seen:
        raise InvalidInputError(f"{path.name} has no rows; nothing was loaded.")


def _text(value: object) -> str:
    if value is None or (not isinstance(value, str) and pd.isna(value)):  # type: ignore[call-overload]
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
