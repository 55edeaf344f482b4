"""The composite index of an area: declared weights, dimensionless inputs, and what is missing. It is never official."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Permission, Principal, Scope
from layers.errors import InvalidInputError
from layers.statistics.declaration import Declaration, Indicator
from layers.statistics.ground import Areas
from layers.statistics.kpis import KPI, Reason, Unit
from layers.statistics.read import WeekFigures, read_week
from layers.statistics.shrink import shrink_rates
from layers.statistics.tables import read_table
from layers.statistics.weeks import Week
from layers.tables import Audit, IndicatorValue

LABEL_ZH = "非官方指数：按声明的权重计算，不是“平安指数”，不用于排名"
LABEL_EN = "Not official: computed with declared weights; it is not the Peace Index and ranks nobody"


@dataclass(frozen=True)
class Input:
    """One indicator for (a,) areas.

    own : the value as counted; NaN where `reason` says why there is none
    used : the value after shrinkage; equal to `own` where there is none
    scaled : 0 to 100
    """

    indicator: Indicator
    numerator: np.ndarray
    denominator: np.ndarray
    own: np.ndarray
    used: np.ndarray
    scaled: np.ndarray
    reason: np.ndarray


@dataclass(frozen=True)
class CompositeIndex:
    """(a,) scores from 0 to 100, NaN where less of the weight is known than the declaration wants, and their inputs."""

    declaration: Declaration
    week: WeekFigures
    areas: Areas
    score: np.ndarray
    coverage: np.ndarray
    groups: dict[str, np.ndarray]
    inputs: Sequence[Input]


def composite_index(
    session: Session, scope: Scope, week: Week, declaration: Declaration, *, level: str, now: datetime, area: str = ""
) -> CompositeIndex:
    """The index of each area of a level, on the grids of the week.

    Each indicator is scaled linearly from `worst` = 0 to `best` = 100 and cut off there; the score is the mean of those
    that are known by their weights. Rates are first drawn towards the rate of all areas of the level inside the area
    asked for (`shrink_rates`); what is no share needs the minimum base of its figure.

    Source: OECD and JRC (2008), Handbook on Constructing Composite Indicators, step 5 (min-max normalisation) and step
    6 (weighting and linear aggregation).
    """
    figures = read_week(session, scope, week, level=level, now=now, area=area)
    areas = figures.level.areas
    known = _handed_over(session, week, areas)
    inputs = [_input(indicator, figures, known, areas) for indicator in declaration.indicators]
    weights = np.array([indicator.weight for indicator in declaration.indicators])[:, None]
    scaled = np.array([one.scaled for one in inputs]).reshape(len(inputs), len(areas))
    score, coverage = _mean(scaled, weights)
    group_of = np.array([indicator.group for indicator in declaration.indicators])
    groups = {key: _mean(scaled[group_of == key], weights[group_of == key])[0] for key in declaration.groups}
    enough = coverage >= declaration.minimum_coverage - 1e-12
    return CompositeIndex(declaration, figures, areas, np.where(enough, score, np.nan), coverage, groups, inputs)


def load_indicators(session: Session, principal: Principal, path: Path, *, now: datetime) -> int:
    """Take in figures of other offices from a CSV or Excel table, all rows or none; gives their number.

    Its columns are area_code, week, indicator, numerator and denominator (may be empty). A figure that is there
    already is replaced.

    Raises
    ------
    ForbiddenError : no right to load, or an area lies outside the scope
    UnreadableFileError : the file cannot be read, or columns are missing
    InvalidInputError : a row makes no sense, or stands there twice; the text names its line
    """
    principal.require(Permission.LOAD)
    rows: dict[tuple[str, str, str], tuple[float, float | None]] = {}
    columns = ("area_code", "week", "indicator", "numerator", "denominator")
    for line, (code, week, indicator, above, below) in read_table(path, columns):
        try:
            key = (code, str(Week.parse(week)), indicator)
            numbers = float(above), float(below) if below else None
            if not code or len(code) > 32 or not indicator or len(indicator) > 60:
                raise ValueError("a row names an area and an indicator")
            if not np.isfinite(numbers[0]) or (numbers[1] is not None and not 0 < numbers[1] < np.inf):
                raise ValueError("numerator and denominator are finite numbers, the denominator above 0")
            if key in rows:
                raise ValueError("the figure stands in the table twice")
        except (ValueError, InvalidInputError) as error:
            raise InvalidInputError(f"{path.name}, line {line}: {error}") from None
        principal.scope.require(code)
        rows[key] = numbers
    for (code, week, indicator), (numerator, denominator) in rows.items():
        session.merge(
            IndicatorValue(
                area_code=code,
                week=week,
                indicator=indicator,
                numerator=numerator,
                denominator=denominator,
                loaded_at=now,
            )
        )
    detail = {"file": path.name, "rows": len(rows)}
    session.add(Audit(at=now, by=principal.name, action="indicators.load", subject="indicator_value", detail=detail))
    session.flush()
    return len(rows)


def _handed_over(session: Session, week: Week, areas: Areas) -> pd.DataFrame:
    table: Any = IndicatorValue.__table__
    rows = session.execute(
        sa.select(table.c.indicator, table.c.area_code, table.c.numerator, table.c.denominator).where(
            table.c.week == str(week)
        )
    ).all()
    frame = pd.DataFrame.from_records(
        [tuple(row) for row in rows], columns=["indicator", "area", "numerator", "denominator"]
    )
    return frame[frame["area"].isin(areas.codes)].astype({"numerator": float, "denominator": float})


def _input(indicator: Indicator, figures: WeekFigures, known: pd.DataFrame, areas: Areas) -> Input:
    reason = np.full(len(areas), None, dtype=object)
    if indicator.kpi is None:
        part = known[known["indicator"] == indicator.key].set_index("area").reindex(areas.codes)
        numerator, denominator = (part[name].to_numpy(dtype=float) for name in ("numerator", "denominator"))
        own = np.where(np.isnan(denominator), numerator, numerator / np.where(np.isnan(denominator), 1, denominator))
        reason[np.isnan(own)] = Reason.NOT_HANDED_OVER.value
        share = bool(((numerator >= 0) & (numerator <= denominator)).sum() == np.isfinite(own).sum())
    else:
        found = figures.level.figures[indicator.kpi]
        numerator, denominator, own = found.numerator[0], found.denominator[0], found.value[0]
        reason = found.reason[0].copy()
        share = KPI[indicator.kpi].unit == Unit.SHARE
    used = own
    if indicator.shrink and share and np.isfinite(denominator).any():
        counted = np.isfinite(numerator) & np.isfinite(denominator) & (denominator > 0)
        shrunk = shrink_rates(np.where(counted, numerator, 0.0), np.where(counted, denominator, 0.0))
        used = np.where(counted, shrunk.rate, np.nan)
        # Shrinkage is what lets a rate on a small base count.
        reason[counted & (reason == Reason.BELOW_BASE.value)] = None
        own = np.where(counted, numerator / np.where(counted, denominator, 1), np.nan)
    scaled = np.clip((used - indicator.worst) / (indicator.best - indicator.worst), 0, 1) * 100
    return Input(indicator, numerator, denominator, own, used, scaled, reason)


def _mean(scaled: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(a,) means by weight of the rows that are known, and (a,) shares of the weight that they have."""
    known = np.isfinite(scaled)
    weight = (weights * known).sum(axis=0)
    total = (weights * np.where(known, scaled, 0)).sum(axis=0)
    mean = np.divide(total, weight, out=np.full(scaled.shape[1], np.nan), where=weight > 0)
    return mean, weight / weights.sum()
