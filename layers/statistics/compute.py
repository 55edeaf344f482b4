"""Figures computed from what is stored now: one week for all areas of a level, or many weeks of one area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.statistics.cameras import camera_figures
from layers.statistics.courses import Courses, read_courses
from layers.statistics.ground import Areas, Ground
from layers.statistics.kpis import KPIS, Basis
from layers.statistics.repeats import repeated_ids
from layers.statistics.tally import Figures, Frame, merged, tally
from layers.statistics.visits import visit_figures
from layers.statistics.weeks import ZONE, Week, to_us
from layers.tables import GridLevel

WHOLE = "AREA"
"""The level of an area taken as a whole, whatever the length of its code."""


@dataclass(frozen=True)
class LevelFigures:
    """Figures of (a,) areas of a level, by the name of the KPI, each of shape (w, a)."""

    areas: Areas
    figures: dict[str, Figures]


@dataclass(frozen=True)
class _Asked:
    """What all parts of a computation share."""

    session: Session
    ground: Ground
    area: Scope
    basis: Basis
    now: datetime
    courses: Courses
    repeated: np.ndarray

    @property
    def todays(self) -> bool:
        """Whether reports count where today's grids would have them."""
        return self.basis == Basis.TODAYS_GRIDS

    def day(self, week: Week) -> date:
        """The day whose grids count."""
        return self.now.astimezone(ZONE).date() if self.todays else week.last_day


def compute_levels(
    session: Session, week: Week, levels: Sequence[str], *, area: Scope, basis: Basis, now: datetime, cut_off: datetime
) -> tuple[dict[str, LevelFigures], int]:
    """The figures of a week for each level, those of `area` as a whole under `WHOLE`, and the number of reports of the
    week that lie in no known village; those count only where the area is everything.
    """
    asked = _asked(session, [week], area, basis, now, cut_off)
    out = {}
    for level in levels:
        areas, at = _placed(asked, week, level)
        here = _narrowed(areas, area)
        codes = np.full(len(at), None, dtype=object)
        codes[at >= 0] = areas.codes[at[at >= 0]]
        position = here.positions(codes)
        frame = Frame([week], np.array([to_us(cut_off)]), [position], len(here))
        out[level] = LevelFigures(here, _all(asked, frame, [here]))
    whole, inside, lost = _whole(asked, week)
    frame = Frame([week], np.array([to_us(cut_off)]), [inside], 1)
    out[WHOLE] = LevelFigures(whole, _all(asked, frame, [whole]))
    unplaced = int((lost & (frame.cohort(asked.courses.reported) >= 0)).sum()) if not area.code else 0
    return out, unplaced


def compute_series(
    session: Session, weeks: Sequence[Week], *, area: Scope, basis: Basis, now: datetime, cut_offs: Sequence[datetime]
) -> dict[str, Figures]:
    """The figures of one area as a whole, week by week; each of shape (w, 1)."""
    asked = _asked(session, weeks, area, basis, now, max(cut_offs))
    known: dict[tuple[int, ...], tuple[Areas, np.ndarray]] = {}
    parts = []
    for week in weeks:
        edition = asked.ground.edition(asked.day(week))
        if edition not in known:
            known[edition] = _whole(asked, week)[:2]
        parts.append(known[edition])
    cuts = np.array([to_us(cut) for cut in cut_offs])
    return _all(asked, Frame(weeks, cuts, [inside for _, inside in parts], 1), [whole for whole, _ in parts])


def _asked(
    session: Session, weeks: Sequence[Week], area: Scope, basis: Basis, now: datetime, cut_off: datetime
) -> _Asked:
    courses = read_courses(session, weeks, area, cut_off)
    return _Asked(session, Ground(session), area, basis, now, courses, repeated_ids(session, weeks, area))


def _all(asked: _Asked, frame: Frame, areas: Sequence[Areas]) -> dict[str, Figures]:
    found = tally(asked.courses, frame, asked.repeated)
    found["visit_coverage"] = visit_figures(asked.session, asked.ground, frame.weeks, areas, todays=asked.todays)
    cameras = [
        camera_figures(asked.session, asked.area, week, here, asked.now)
        for week, here in zip(frame.weeks, areas, strict=True)
    ]
    found |= merged(cameras)
    return {kpi.key: found[kpi.key] for kpi in KPIS}


def _placed(asked: _Asked, week: Week, level: str) -> tuple[Areas, np.ndarray]:
    areas = asked.ground.areas(level, asked.day(week))
    return areas, asked.ground.locate(asked.courses, areas, asked.day(week), by_place=asked.todays)


def _whole(asked: _Asked, week: Week) -> tuple[Areas, np.ndarray, np.ndarray]:
    """The area as one, the positions of the reports in it (0 or -1), and which reports lie in no known village."""
    code = asked.area.code
    level = GridLevel.CELL if len(code) > 12 else GridLevel.VILLAGE
    areas, at = _placed(asked, week, level)
    codes = asked.courses.village.copy()
    codes[at >= 0] = areas.codes[at[at >= 0]]
    lost = pd.isna(codes)
    inside = ~lost & pd.Series(codes, dtype="str").str.startswith(code).fillna(False).to_numpy(dtype=bool)
    if not code:
        inside = np.ones(len(codes), dtype=bool)
    whole = Areas(WHOLE, np.array([code], dtype=object), np.array([""], dtype=object), np.array([np.nan]), ())
    return whole, np.where(inside, 0, -1), np.asarray(lost)


def _narrowed(areas: Areas, area: Scope) -> Areas:
    kept = np.array([area.covers(code) for code in areas.codes], dtype=bool)
    return replace(areas, codes=areas.codes[kept], names=areas.names[kept], households=areas.households[kept])
