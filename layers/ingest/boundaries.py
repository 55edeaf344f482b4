"""Rules of towns, villages and grids: levels, codes, parents, nesting."""

from __future__ import annotations

import re
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.assign import GridIndex
from geo.crs import metric_crs
from layers.access import Scope
from layers.errors import InvalidInputError
from layers.ingest.arrays import Array, is_none, nothing, only
from layers.ingest.batch import Batch
from layers.ingest.nested import refuse_leaving, warn_of_orphans, warn_of_overlaps
from layers.ingest.result import Notes, some
from layers.ingest.territory import LEVELS, WORDS, Territory, rows_of, standing
from layers.tables import SRID, GridKind, GridLevel

_OF_LENGTH = {9: GridLevel.TOWN, 12: GridLevel.VILLAGE, 15: GridLevel.CELL}
_NAMED = {
    **dict.fromkeys(["town", "township", "镇", "乡", "街道", "乡镇", "镇街", "乡级", "1", "一级"], GridLevel.TOWN),
    **dict.fromkeys(["village", "community", "村", "社区", "村社区", "村级", "2", "二级"], GridLevel.VILLAGE),
    **dict.fromkeys(["cell", "grid", "网格", "自然村", "小区", "综合网格", "专属网格", "3", "三级"], GridLevel.CELL),
}
_KINDS = {
    **dict.fromkeys(["dedicated", "专属网格", "专属"], GridKind.DEDICATED),
    **dict.fromkeys(
        ["base", "综合网格", "基础网格", "综合", "基础", "村", "社区", "镇", "街道", "乡", "普通"], GridKind.BASE
    ),
}
_TOWN_RANGES = ((1, 399), (400, 599))
_VILLAGE_RANGES = ((1, 399), (400, 599))


def prepare_boundaries(batch: Batch, level: str | None, parent_code: str | None, notes: Notes) -> None:
    """Fill in level, kind and parent; refuse rows whose level cannot be told.

    Raises
    ------
    InvalidInputError : `level` is no level, or no row's level can be told
    """
    batch.fields["level"] = _levels(batch, level)
    unknown = is_none(batch.fields["level"]) & batch.good
    if unknown.any() and unknown.sum() == batch.good.sum():
        raise InvalidInputError(
            "The file does not say of which level its areas are, nor do their codes (9 digits a town, 12 a village, "
            "15 a grid); name it with level: TOWN, VILLAGE or CELL."
        )
    batch.reject(unknown, "its level is unknown; give a column level with TOWN, VILLAGE or CELL")
    _name(batch, notes)
    batch.fields["kind"] = _kinds(batch, notes)
    parents = batch.get("parent_code")
    if parent_code is not None:
        parents = np.where(is_none(parents), parent_code, parents)
    batch.fields["parent_code"] = parents.astype(object)
    _warn_of_codes(batch, notes)


def _levels(batch: Batch, level: str | None) -> Array:
    if level is not None:
        told = _NAMED.get(level.strip().casefold())
        if told is None:
            raise InvalidInputError(f"{level[:40]!r} is no level; use TOWN, VILLAGE or CELL.")
        return np.full(len(batch), told.value, dtype=object)
    out = nothing(len(batch))
    for row, (word, code) in enumerate(zip(batch.get("level"), batch.get("code"), strict=True)):
        named = _NAMED.get(word.casefold()) if word else None
        found = named or (_OF_LENGTH.get(len(code)) if code and code.isdecimal() and not word else None)
        out[row] = found.value if found else None
    return out


def _name(batch: Batch, notes: Notes) -> None:
    names, codes = batch.get("name"), batch.get("code")
    nameless = is_none(names) & batch.good
    if nameless.any():
        notes.warn(f"{int(nameless.sum())} areas have no name; their code is shown instead.")
    batch.fields["name"] = np.where(is_none(names), codes, names)


def _kinds(batch: Batch, notes: Notes) -> Array:
    words = batch.get("kind")
    out = np.full(len(batch), GridKind.BASE.value, dtype=object)
    for row, word in enumerate(words):
        kind = _KINDS.get(word.casefold()) if word else GridKind.BASE
        if kind is None and batch.reasons[row] is None:
            notes.repair(batch.lines[[row]], [f"kind {word[:40]!r} is not known; taken as BASE"])
        out[row] = (kind or GridKind.BASE).value
    return out


def _warn_of_codes(batch: Batch, notes: Notes) -> None:
    """Codes that differ from the national scheme are told, not refused: the lists themselves have such rows."""
    odd: list[str] = []
    for code, level in zip(batch.get("code")[batch.good], batch.fields["level"][batch.good], strict=True):
        wanted = next(length for length, named in _OF_LENGTH.items() if named == level)
        if (
            not re.fullmatch(rf"\d{{{wanted}}}", code)
            or not _in_range(code[6:9], _TOWN_RANGES)
            or (wanted > 9 and not _in_range(code[9:12], _VILLAGE_RANGES))
        ):
            odd.append(code)
    if odd:
        notes.warn(
            f"{len(odd)} codes do not follow the national scheme (9, 12 or 15 digits, known ranges): {some(odd)}."
        )


def _in_range(part: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= int(part) <= high for low, high in ranges)


def check_boundaries(batch: Batch, territory: Territory, scope: Scope, notes: Notes) -> None:
    """Refuse rows outside the scope, retired codes, rows without their parent, and rows that leave it.

    Levels are judged from large to small, so that a village of a refused town is refused with it.
    """
    codes = batch.fields["code"]
    batch.reject(np.array([not scope.covers(code) for code in codes], dtype=bool), "its code lies outside your area")
    for row, code in enumerate(codes):
        if code in territory.retired:
            batch.reject(
                only(row, len(batch)), f"the code was retired on {territory.retired[code]}; codes are never used again"
            )
        elif code in territory.frame.index:
            _refuse_clash(batch, row, territory.frame.loc[code])
    metric = metric_crs(_bounds(batch, territory))
    for level in LEVELS[1:]:
        _check_level(batch, territory, level, metric, notes)
    warn_of_orphans(batch, territory, metric, notes)
    for level in LEVELS:
        warn_of_overlaps(batch, territory, level, metric, notes)


def _refuse_clash(batch: Batch, row: int, known: pd.Series) -> None:
    if known["level"] != batch.fields["level"][row]:
        told = f"the code belongs to a {WORDS.get(known['level'], known['level'])} that is in force"
        batch.reject(only(row, len(batch)), told)
    elif not pd.isna(known["plan_id"]):
        plan = int(known["plan_id"])
        batch.reject(only(row, len(batch)), f"the grid belongs to the published plan {plan}; change it by a new plan")


def _bounds(batch: Batch, territory: Territory) -> tuple[float, float, float, float]:
    shapes = gpd.GeoSeries(batch.geometry[batch.good], crs=SRID)
    if shapes.empty:
        shapes = territory.frame.geometry
    if shapes.empty:
        return (120.0, 29.0, 121.0, 30.0)
    west, south, east, north = (float(v) for v in shapes.total_bounds)
    return west, south, east, north


def _check_level(batch: Batch, territory: Territory, level: GridLevel, metric: Any, notes: Notes) -> None:
    above = LEVELS[LEVELS.index(level) - 1]
    word, parent_word = WORDS[level], WORDS[above]
    rows = rows_of(batch, level)
    parents = standing(batch, territory, above)
    known = set(parents.index)
    for row in rows:
        if batch.fields["parent_code"][row] is None:
            batch.fields["parent_code"][row] = _parent_by_prefix(batch.fields["code"][row], known, level)
    if not len(rows):
        return
    _find_parents(batch, rows, parents, words=(word, parent_word), notes=notes)
    refused = set(batch.fields["code"][~batch.good & (batch.fields["level"] == above)]) - known
    if not known and not refused:
        notes.warn(
            f"No {parent_word} is loaded, so it was not checked whether each {word} lies inside its {parent_word}."
        )
        return
    for row in rows:
        code = batch.fields["parent_code"][row]
        if code in known:
            continue
        if code is None:
            reason = f"the {word} names no {parent_word} and lies in none; give a column parent_code"
        elif code in refused:
            reason = f"its {parent_word} {code} was refused"
        else:
            reason = f"its {parent_word} {code} is not loaded; load the boundary of that {parent_word} first"
        batch.reject(only(row, len(batch)), reason)
    refuse_leaving(batch, rows_of(batch, level), parents, metric, (word, parent_word), notes)


def _find_parents(batch: Batch, rows: Array, parents: gpd.GeoSeries, *, words: tuple[str, str], notes: Notes) -> None:
    """Where neither column nor code tells, the parent is the area that holds a point inside."""
    lost = rows[is_none(batch.fields["parent_code"][rows])]
    if not len(lost) or parents.empty:
        return
    inside = shapely.point_on_surface(batch.geometry[lost])
    found = GridIndex(parents.to_numpy(), parents.index.to_numpy()).locate(shapely.get_x(inside), shapely.get_y(inside))
    batch.fields["parent_code"][lost[found >= 0]] = parents.index.to_numpy()[found[found >= 0]]
    notes.warn(f"{int((found >= 0).sum())} {words[0]}s name no {words[1]}; it was found by their place.")


def _parent_by_prefix(code: str, known: set[str], level: GridLevel) -> str | None:
    """The longest code of the level above that the code begins with; else what the national scheme says."""
    found = next((code[:end] for end in range(len(code) - 1, 0, -1) if code[:end] in known), None)
    if found is None and code.isdecimal() and _OF_LENGTH.get(len(code)) == level:
        return code[:-3]
    return found
