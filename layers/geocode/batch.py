"""Many texts at once: answers as rows of a table, on several processors if wanted."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence

from layers.geocode.library import Library
from layers.geocode.model import Geocoded

HEADERS = (
    *("level", "confidence", "accepted", "grid_code", "village_code", "lon", "lat", "radius_m", "address_key"),
    *("standard_address", "ancestor_code", "grids"),
)
AT_ONCE = 2_500
Row = list[object]
Progress = Callable[[int, int], None]


def geocode_rows(
    library: Library,
    texts: Sequence[str | None],
    near: str | None = None,
    *,
    workers: int = 1,
    progress: Progress | None = None,
) -> list[Row]:
    """One row of `HEADERS` for each text, the same whatever the number of workers.

    workers : processes that share the library's memory; where a process cannot be forked one does the work
    """
    parts = [texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE)]
    rows: list[Row] = []

    def take(part: list[Row]) -> None:
        rows.extend(part)
        if progress:
            progress(len(rows), len(texts))

    if workers > 1 and len(parts) > 1 and "fork" in multiprocessing.get_all_start_methods():
        context = multiprocessing.get_context("fork")
        with context.Pool(min(workers, len(parts)), _share, (library, near)) as pool:
            for done in pool.imap(_shared, parts):
                take(done)
    else:
        for part in parts:
            take([row_of(answer) for answer in library.geocode(part, near)])
    return rows


def row_of(answer: Geocoded) -> Row:
    """The answer as a row of `HEADERS`; `grids` are written as code:probability."""
    label = answer.candidates[0].label if answer.candidates else None
    grids = " ".join(f"{code}:{chance:.3f}" for code, chance in answer.grids)
    return [
        answer.level.value, answer.confidence, int(answer.accepted), answer.grid_code, answer.village_code,
        answer.lon, answer.lat, answer.radius_m, answer.address_key, label, answer.ancestor_code, grids,
    ]  # fmt: skip


class _Worker:
    """What a forked process works with."""

    library: Library | None = None
    near: str | None = None


def _share(library: Library, near: str | None) -> None:
    _Worker.library, _Worker.near = library, near


def _shared(texts: Sequence[str | None]) -> list[Row]:
    assert _Worker.library is not None
    return [row_of(answer) for answer in _Worker.library.geocode(texts, _Worker.near)]
