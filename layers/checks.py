"""Whether the grids of an area are a nested coverage; what is wrong comes back as places on the map."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import geopandas as gpd
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo.coverage import check_coverage
from geo.crs import metric_crs
from layers.access import Scope
from layers.errors import MissingDataError
from layers.grids import grid_frame
from layers.tables import SRID, GridLevel, Plan

Progress = Callable[[int, int], None]

PARENT_LEVEL = {GridLevel.VILLAGE: GridLevel.TOWN, GridLevel.CELL: GridLevel.VILLAGE, GridLevel.MICRO: GridLevel.CELL}

NOISE_WIDTH_M = 0.01
"""Thinner strips come from rounding coordinates to millimetres or to seven decimals of a degree."""


def check_grids(
    session: Session,
    scope: Scope,
    *,
    as_of: date,
    plan_id: int | None = None,
    renamed: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> gpd.GeoDataFrame:
    """Find gaps, overlaps, slivers, broken outlines, and grids that leave the area that ought to hold them.

    Looks at all levels in force on a date, or at the grids of one plan. Grids of a plan that was drawn in a mode that
    lets small villages share a grid are held against their town, others against their village; `renamed` gives the
    present codes of villages by those that the plan brings.

    Returns one row for each finding: level, kind (as in `geo.coverage.check_coverage`), codes (the faulty one first),
    area_m2, width_m, note, and the faulty place as geometry in EPSG:4326. Empty means that nothing was found.

    Raises
    ------
    MissingDataError : there are no grids to look at
    """
    frames = {
        level: grid_frame(
            session, scope, level=level, as_of=as_of, plan_id=plan_id if level == GridLevel.CELL else None
        )
        for level in GridLevel
    }
    cells = frames[GridLevel.CELL]
    frames[GridLevel.CELL] = cells.assign(parent_code=cells["parent_code"].replace(dict(renamed or {})))
    frames = {level: frame[frame["code"].map(scope.covers).astype(bool)] for level, frame in frames.items()}
    levels = [GridLevel.CELL] if plan_id is not None else [level for level in GridLevel if len(frames[level])]
    if not any(len(frames[level]) for level in levels):
        raise MissingDataError("There are no grids to check; run `fengqiao load boundaries FILE` first.")
    found = []
    for done, level in enumerate(levels):
        if progress:
            progress(done, len(levels))
        shared = level == GridLevel.CELL and _shares_villages(session, frames[level])
        found.append(_check_level(frames, level, shared))
    if progress:
        progress(len(levels), len(levels))
    return pd.concat(found, ignore_index=True)


def _shares_villages(session: Session, cells: gpd.GeoDataFrame) -> bool:
    plan_ids = [int(plan_id) for plan_id in cells["plan_id"].dropna().unique()]
    options = session.scalars(sa.select(Plan.options).where(Plan.id.in_(plan_ids))).all()
    return any(option.get("nesting", "grouped") != "strict_nesting" for option in options)


def _check_level(frames: dict[GridLevel, gpd.GeoDataFrame], level: GridLevel, shared: bool) -> gpd.GeoDataFrame:
    grids = frames[level]
    parents = frames[PARENT_LEVEL[level]] if level in PARENT_LEVEL else grids.iloc[:0]
    parent_of = grids["parent_code"]
    if shared and len(frames[GridLevel.TOWN]):  # a plan of one village is held against the village
        village_to_town = dict(zip(parents["code"], parents["parent_code"], strict=True))
        parent_of = parent_of.map(village_to_town)
        parents = frames[GridLevel.TOWN]
    crs = metric_crs(tuple(grids.total_bounds))
    shapes = grids.set_index("code").geometry.to_crs(crs)
    outline = parents.set_index("code").geometry.to_crs(crs) if len(parents) else None
    known = outline is not None and parent_of.isin(parents["code"]).all()
    found = check_coverage(shapes, outline, parent_of.to_numpy() if known else None)
    found = found[~(found["width_m"] < NOISE_WIDTH_M)]
    return gpd.GeoDataFrame(
        {
            "level": str(level),
            "kind": found["kind"],
            "codes": [", ".join(map(str, ids)) for ids in found["ids"]],
            "area_m2": found["area_m2"],
            "width_m": found["width_m"],
            "note": found["note"],
        },
        geometry=found.geometry.to_crs(SRID),
    )
