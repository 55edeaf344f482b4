"""Figures of cameras as assets (domain: one file for each camera), as far as they are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.cameras import camera_frame
from layers.statistics.ground import Areas
from layers.statistics.kpis import Reason
from layers.statistics.tally import Figures
from layers.statistics.weeks import GRACE, Week
from layers.tables import GridLevel, GridSight
from layers.video import DOME_TYPES

REMOVED = 3
REQUIRED = (
    "name",
    "bearing_deg",
    "fov_deg",
    "range_m",
    "height_m",
    "ptz_type",
    "point_class",
    "position_type",
    "room_type",
    "supply_light",
    "imaging",
    "site_category",
    "asset_state",
    "management_unit",
    "install_time",
    "record_days",
    "address_text",
)
"""What a camera's file must say; one that turns or looks all round needs no bearing and no angle."""
ALL_ROUND_NEEDS_NOT = ("bearing_deg", "fov_deg")

NOT_KEPT = {
    "camera_positions": Reason.NO_POSITION_REGISTER,
    "camera_online": Reason.NO_OBSERVATIONS,
    "camera_intact": Reason.NO_OBSERVATIONS,
    "camera_networked": Reason.NO_OBSERVATIONS,
}


def camera_figures(session: Session, scope: Scope, week: Week, areas: Areas, now: datetime) -> dict[str, Figures]:
    """The figures of one week and its areas; records have no history, so that weeks long past have none."""
    shape = 1, len(areas)
    out = {kpi: Figures.missing(kpi, shape, reason) for kpi, reason in NOT_KEPT.items()}
    if now > week.end + GRACE:
        return out | {kpi: Figures.missing(kpi, shape, Reason.NO_HISTORY) for kpi in ("camera_file", "camera_sight")}
    return out | {"camera_file": _files(session, scope, areas), "camera_sight": _sight(session, scope, areas)}


def _files(session: Session, scope: Scope, areas: Areas) -> Figures:
    cameras = camera_frame(session, scope)
    cameras = cameras[(cameras["asset_state"] != REMOVED).to_numpy(dtype=bool)]
    filled = cameras[list(REQUIRED)].notna().to_numpy() & (cameras[list(REQUIRED)] != "").to_numpy()
    needed = np.ones(filled.shape, dtype=bool)
    all_round = cameras["ptz_type"].isin(DOME_TYPES).to_numpy()
    for name in ALL_ROUND_NEEDS_NOT:
        needed[all_round, REQUIRED.index(name)] = False
    at = _positions(cameras, areas)
    numerator = _sums(at, (filled & needed).sum(axis=1), areas)
    figures = Figures.of("camera_file", numerator, _sums(at, needed.sum(axis=1), areas))
    return figures.because(figures.denominator == 0, Reason.NO_CAMERAS)


def _sight(session: Session, scope: Scope, areas: Areas) -> Figures:
    table: Any = GridSight
    rows = session.execute(
        sa.select(table.grid_code, table.village_code, table.seen_m2, table.settled_m2).where(scope.located(table))
    ).all()
    names = ["grid_code", "village_code", "seen", "settled"]
    sight = pd.DataFrame.from_records([tuple(row) for row in rows], columns=names)
    at = _positions(sight, areas)
    figures = Figures.of(
        "camera_sight",
        _sums(at, sight["seen"].to_numpy(dtype=float), areas),
        _sums(at, sight["settled"].to_numpy(dtype=float), areas),
    )
    computed = _sums(at, np.ones(len(sight)), areas) > 0
    return figures.because(~computed, Reason.NOT_COMPUTED)


def _positions(rows: pd.DataFrame, areas: Areas) -> np.ndarray:
    """(n,) positions of the areas around rows with grid_code and village_code, -1 for none."""
    if areas.level == GridLevel.CELL:
        return areas.positions(rows["grid_code"].to_numpy(dtype=object))
    village = rows["village_code"].astype(object)
    if areas.level == GridLevel.VILLAGE:
        return areas.positions(village.to_numpy(dtype=object))
    if areas.level == GridLevel.TOWN:
        return areas.positions(village.str[:9].to_numpy(dtype=object))
    whole = str(areas.codes[0])
    code = rows["grid_code"].where(rows["grid_code"].notna(), village).astype(object)
    inside = np.array([not whole or (isinstance(one, str) and one.startswith(whole)) for one in code], dtype=bool)
    return np.where(inside, 0, -1)


def _sums(at: np.ndarray, values: np.ndarray, areas: Areas) -> np.ndarray:
    kept = at >= 0
    sums: np.ndarray = np.bincount(at[kept], weights=values[kept].astype(float), minlength=len(areas))
    return sums.reshape(1, -1).astype(float)  # of no rows at all they come as integers
