"""What every reader of a format gives back: headers, CRS, and rows in chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from layers.errors import UnreadableFileError

ROWS_PER_CHUNK = 20_000


@dataclass(frozen=True)
class Fault:
    """A row that could not even be read; `original` holds what could be made out of it."""

    line: int
    reason: str
    original: dict[str, Any] = field(default_factory=dict)


@dataclass
class Chunk:
    """Some rows as they stand in the file.

    lines : (n,) where each row stands, see `Reject.line`
    table : (n, columns) values of any type, headers as in the file
    geometry : (n,) shapely geometries, None without one; None as a whole where the format has no geometry
    faults : rows that could not be read and stand between these
    """

    lines: np.ndarray
    table: pd.DataFrame
    geometry: np.ndarray | None = None
    faults: list[Fault] = field(default_factory=list)


@dataclass
class Source:
    """An open file.

    crs : what the file states, as anything that pyproj reads; None where it states nothing
    total : number of rows as far as it can be told cheaply; 0 if it cannot
    chunks : call it once to iterate
    notes : what the person should know about the way the file was read
    file, folder : the file itself, and a folder for as long as it is open; set by `open_source`
    """

    headers: list[str]
    chunks: Callable[[], Iterator[Chunk]]
    crs: Any = None
    has_geometry: bool = False
    total: int = 0
    notes: list[str] = field(default_factory=list)
    file: Path = Path()
    folder: Path = Path()


def pick(name: str, kind: str, found: list[str], wanted: str | None, layer: str) -> str:
    """The table to read of a file that may hold several: the one named, the only one, or the layer's namesake.

    Raises
    ------
    UnreadableFileError : none of these, or none of that name; the text lists what there is
    """
    if not found:
        raise UnreadableFileError(f"{name} holds no {kind} with rows; check the export.")
    listed = ", ".join(found)
    if wanted is not None:
        if wanted in found:
            return wanted
        raise UnreadableFileError(f"{name} has no {kind} {wanted!r}; it holds: {listed}.")
    if len(found) == 1:
        return found[0]
    if layer in found:
        return layer
    raise UnreadableFileError(f"{name} holds several {kind}s ({listed}); name one of them (sheet_or_layer).")


def unique_headers(headers: list[Any]) -> list[str]:
    """Headers as text, each once: blank ones become "column 3", repeated ones get a number."""
    seen: dict[str, int] = {}
    names = []
    for position, header in enumerate(headers, start=1):
        text = "" if header is None else str(header).strip().lstrip("\ufeff")
        text = text or f"column {position}"
        seen[text] = seen.get(text, 0) + 1
        names.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return names
