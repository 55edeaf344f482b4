"""What deserves a look in a week: bursts against an area's own past, and reports that look alike."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.statistics.arrays import fetch_arrays
from layers.statistics.bursts import BASELINE_WEEKS, Bursts, find_bursts
from layers.statistics.courses import UNCOUNTED, town_of
from layers.statistics.ground import Areas, Ground
from layers.statistics.weeks import FIRST_MONDAY, Week, week_indices
from layers.tables import GridLevel, LinkKind, Report, ReportLink
from layers.workflow.duplicates import letters

LEAST_LETTERS = 6
_R: Any = Report.__table__.c


def week_bursts(session: Session, ground: Ground, week: Week, areas: Areas, area: Scope, cut_off: datetime) -> Bursts:
    """The test of the week's reports against up to 26 weeks before it, for each area; by the areas they were given.

    The past of a grid begins with its first day in force, and that of all with the first report; the first edition of
    a level counts as if it had always been in force.
    """
    first = week.shift(-BASELINE_WEEKS)
    columns = {"at": _R.reported_at, "code": _code(areas.level)}
    read = _reports(session, columns, area, first, min(week.end, cut_off))
    at = areas.positions(_area_codes(read["code"], areas.level))
    inside = at >= 0
    table = np.zeros((len(areas), BASELINE_WEEKS + 1))
    np.add.at(table, (at[inside], week_indices(read["at"])[inside] - first.index), 1)
    begun = session.scalar(sa.select(sa.func.min(Report.reported_at)).where(town_of(area.code).located(Report)))
    oldest = week.index - Week.of(begun).index - 1 if begun is not None else 0
    rows = ground.rows[ground.rows["level"] == areas.level]
    starts = rows.sort_values("begins").drop_duplicates("code").set_index("code")["begins"].reindex(areas.codes)
    opening = rows["begins"].min() if len(rows) else None
    ages = [BASELINE_WEEKS if day == opening else week.index - -((FIRST_MONDAY - day).days // 7) for day in starts]
    weeks = np.clip(np.minimum(np.array(ages, dtype=int), oldest), 0, BASELINE_WEEKS)
    return find_bursts(table[:, -1], table[:, :-1], weeks)


def alike_counts(session: Session, week: Week, areas: Areas, area: Scope, cut_off: datetime) -> np.ndarray:
    """(a,) reports of the week that were linked to another as alike, or that repeat the words of another one of it.

    Words count from six letters on, within one area and category.
    """
    columns = {"id": _R.id, "code": _code(areas.level), "category": _R.category, "text": _R.description}
    read = _reports(session, columns, area, week, min(week.end, cut_off))
    linked = session.scalars(
        sa.select(ReportLink.report_id)
        .join(Report, Report.id == ReportLink.report_id)
        .where(ReportLink.kind == LinkKind.DUPLICATE, Report.reported_at >= week.start, Report.reported_at < week.end)
    ).all()
    at = areas.positions(_area_codes(read["code"], areas.level))
    words = pd.Series([letters(text) for text in read["text"]], dtype=object)
    rows = pd.DataFrame({"at": at, "category": read["category"], "words": words, "id": read["id"]})
    repeats = rows.sort_values("id").duplicated(["at", "category", "words"]).reindex(rows.index)
    counts = (repeats & (words.str.len() >= LEAST_LETTERS)) | rows["id"].isin(linked)
    return np.bincount(at[(at >= 0) & counts.to_numpy(dtype=bool)], minlength=len(areas))


def _code(level: str) -> Any:
    return _R.grid_code if level == GridLevel.CELL else _R.village_code


def _area_codes(codes: np.ndarray, level: str) -> np.ndarray:
    if level != GridLevel.TOWN:
        return codes
    return pd.Series(codes, dtype=object).str[:9].to_numpy(dtype=object)


def _reports(
    session: Session, columns: dict[str, Any], area: Scope, first: Week, until: datetime
) -> dict[str, np.ndarray]:
    conditions = (
        _R.reported_at >= first.start,
        _R.reported_at < until,
        _R.state.not_in(UNCOUNTED),
        town_of(area.code).located(Report),
    )
    return fetch_arrays(session, columns, lambda *selected: sa.select(*selected).where(*conditions))
