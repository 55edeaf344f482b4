"""The file of refused rows, beside the input."""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LONGEST_CELL = 1_000


class RejectFile:
    """Refused rows with line, reason and their own columns; put in its place only once the load has succeeded."""

    def __init__(self, folder: Path, headers: Sequence[str]) -> None:
        self._path = folder / "rejected.csv"
        self._headers = list(headers)
        self.rows = 0
        with self._path.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerow(["line", "reason", *self._headers])

    def add(self, rows: Sequence[tuple[int, str, Sequence[Any]]]) -> None:
        """Write rows: line, reason, values in the order of the headers."""
        self.rows += len(rows)
        with self._path.open("a", encoding="utf-8", errors="replace", newline="") as out:
            csv.writer(out).writerows([line, reason, *map(_cell, values)] for line, reason, values in rows)

    def settle(self, target: Path) -> Path | None:
        """Put the file to `target`, or where that folder takes no files, into the system's temporary one.

        Returns where it is; None where nothing was refused, and then the file of an earlier load goes, too.
        """
        if not self.rows:
            _remove(target)
            return None
        try:
            _replace(self._path, target)
        except OSError:
            target = Path(tempfile.gettempdir()) / target.name
            _replace(self._path, target)
        return target


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}… ({len(text):,} characters)"


def _replace(source: Path, target: Path) -> None:
    part = target.with_name(f".{target.name}.part")
    try:
        shutil.copyfile(source, part)
        os.replace(part, target)
    except OSError:
        _remove(part)
        raise


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
