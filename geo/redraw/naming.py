"""The edits that move no block: rename, lock, unlock, and convert villages to communities (村改居)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from geo.errors import RedrawError
from geo.redraw.division import Division
from geo.redraw.edit import Edit, check_unlocked, restate


def rename(division: Division, grid: int, name: str) -> Edit:
    """Give a grid another name; spaces around it are dropped.

    Raises
    ------
    RedrawError : there is no such grid, the name is empty, or the grid has it already
    GridLockedError : the grid is locked
    """
    old = division.grid(grid)
    check_unlocked(division, [grid])
    if not name.strip():
        raise RedrawError("A grid needs a name; write one.")
    if old.name == name.strip():
        raise RedrawError(f"Grid {grid} is called {old.name} already; write another name.")
    return restate("rename", division, entries=[(grid, old, replace(old, name=name.strip()))])


def lock(division: Division, grids: Iterable[int] | None = None) -> Edit:
    """Keep grids (None: all) from changing until they are unlocked; those that are locked already stay so.

    Raises
    ------
    RedrawError : there is no such grid, or all are locked
    """
    return _set_locked("lock", division, grids)


def unlock(division: Division, grids: Iterable[int] | None = None) -> Edit:
    """Let grids (None: all) change again.

    Raises
    ------
    RedrawError : there is no such grid, or none is locked
    """
    return _set_locked("unlock", division, grids)


def convert(division: Division, codes: Mapping[str, str]) -> Edit:
    """Give villages other codes, as when a village becomes a community (村改居); blocks and grids stay as they are.

    Several villages may get one code: they count as one from then on. The counts of all grids there are in the edit.

    Parameters
    ----------
    codes : old code to new code

    Raises
    ------
    RedrawError : a village is unknown, a new code is empty, or nothing would change

    Examples
    --------
    >>> import geopandas, shapely
    >>> from geo.redraw import apply, divide, prepare
    >>> blocks = geopandas.GeoDataFrame({"households": [5]}, geometry=[shapely.box(0, 0, 9, 9)], crs=4549)
    >>> division = divide(prepare(blocks, parent=["330681109286"]), [0])
    >>> apply(division, convert(division, {"330681109286": "330681109004"})).villages
    ('330681109004',)
    """
    unknown = sorted(set(codes) - set(division.villages))
    if unknown:
        raise RedrawError(f"There is no village {unknown[0]} in this plan; its codes are those given with the blocks.")
    if any(not isinstance(code, str) or not code.strip() for code in codes.values()):
        raise RedrawError("A village needs a code; write the new one.")
    recodes = [
        (position, old, codes[old].strip())
        for position, old in enumerate(division.villages)
        if old in codes and codes[old].strip() != old
    ]
    if not recodes:
        raise RedrawError("Nothing would change: the villages have these codes already.")
    return restate("convert", division, recodes=recodes)


def _set_locked(op: str, division: Division, grids: Iterable[int] | None) -> Edit:
    numbers = division.numbers if grids is None else sorted({int(grid) for grid in grids})
    locked = op == "lock"
    entries = [(n, division.grid(n), replace(division.grid(n), locked=locked)) for n in numbers]
    entries = [(n, old, new) for n, old, new in entries if old != new]
    if not entries:
        raise RedrawError(f"Nothing would change: the grids are {'' if locked else 'not '}locked already.")
    return restate(op, division, entries=entries)
