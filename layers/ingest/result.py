"""What a load tells the person who started it, and the notes it takes on the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True)
class Reject:
    """A row that was refused.

    line : line of a text file, row of a sheet, or number of the feature, each counted from 1
    key : the row's own key as written, None where it has none
    """

    line: int
    reason: str
    key: str | None = None


@dataclass(frozen=True)
class Repair:
    """A row that was loaded after a safe change, and what was changed."""

    line: int
    action: str


@dataclass(frozen=True)
class LoadResult:
    """What became of a file.

    read = inserted + updated + unchanged + len(rejected)

    crs : the system the coordinates were read in; empty where no row had coordinates
    dropped_columns : headers that hold data about persons or secrets; nothing of them was kept
    reject_file : where the refused rows are, with line, reason and their columns; None where none was refused
    bounds : degrees (min lon, min lat, max lon, max lat) of the accepted rows; None where no row has a place
    """

    load_id: int
    layer: str
    file_name: str
    crs: str
    read: int
    inserted: int
    updated: int
    unchanged: int
    rejected: list[Reject]
    repaired: list[Repair]
    warnings: list[str]
    dropped_columns: list[str]
    reject_file: Path | None
    bounds: Bounds | None


@dataclass
class Notes:
    """What a load finds out while it runs; counts and texts only, the rows themselves go to the database."""

    read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[Reject] = field(default_factory=list)
    repaired: list[Repair] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        """Keep a warning once, however many chunks of the file give rise to it."""
        if text not in self.warnings:
            self.warnings.append(text)

    def repair(self, lines: Iterable[int], actions: Iterable[str]) -> None:
        """Note a repair of each line."""
        self.repaired.extend(Repair(int(line), action) for line, action in zip(lines, actions, strict=True))


def some(items: Sequence[object], most: int = 8) -> str:
    """The first few of a list for a sentence, and how many more there are."""
    shown = ", ".join(str(item) for item in items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"
