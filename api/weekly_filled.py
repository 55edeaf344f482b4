"""Weekly figures, their changes and the composite index put into the models that tell them."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from api.query import Page
from api.weekly import (
    AreaFigures,
    AreaIndex,
    ChangedFigure,
    Edition,
    Figure,
    Index,
    IndexInput,
    KpiInfo,
    Level,
    WeekStatistics,
)
from geo.classify import class_breaks
from layers.statistics.compute import LevelFigures
from layers.statistics.editions import Change
from layers.statistics.index import CompositeIndex
from layers.statistics.kpis import KPIS, Reason
from layers.statistics.read import WeekFigures
from layers.tables import StatisticEdition


def week_statistics(found: WeekFigures, page: Page, now: datetime) -> WeekStatistics:
    """A page of the areas of a week with their figures, and the whole."""
    after = page.after(str) or ""
    rows = np.flatnonzero(np.array([code > after for code in found.level.areas.codes], dtype=bool))
    shown, links = page.cut(
        pd.DataFrame({"code": found.level.areas.codes[rows]}), "code", media_type="application/json"
    )
    areas = [_area(found, int(row)) for row in rows[: len(shown)]]
    return WeekStatistics(
        week=str(found.week),
        first_day=found.week.first_day,
        last_day=found.week.last_day,
        level=found.level.areas.level,
        area=found.area.code,
        basis=found.basis,
        cut_off=found.cut_off,
        provisional=found.provisional,
        edition=_edition(found.edition),
        unplaced=found.unplaced,
        kpis=definitions(),
        whole=_figures(found.whole, 0),
        areas=areas,
        breaks={key: class_breaks(figures.value[0]).tolist() for key, figures in found.level.figures.items()},
        links=links,
        numberReturned=len(areas),
        time_stamp=now,
    )


def _area(found: WeekFigures, row: int) -> AreaFigures:
    areas, bursts = found.level.areas, found.bursts
    households = areas.households[row]
    return AreaFigures(
        code=areas.codes[row],
        name=areas.names[row],
        households=None if np.isnan(households) else int(households),
        figures=_figures(found.level, row),
        expected=_known(bursts.expected[row]),
        past_weeks=int(bursts.weeks[row]),
        p=_known(bursts.p[row]),
        burst=bool(bursts.flagged[row]),
        alike=int(found.alike[row]),
    )


def _figures(part: LevelFigures, row: int) -> dict[str, Figure]:
    return {key: figure_of(*figures.at(0, row)) for key, figures in part.figures.items()}


def figure_of(numerator: float, denominator: float, value: float, reason: str | None) -> Figure:
    """A figure; NaN stands for what is not known."""
    return Figure(
        numerator=_known(numerator),
        denominator=_known(denominator),
        value=_known(value),
        reason=Reason(reason) if reason else None,
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _edition(edition: StatisticEdition | None) -> Edition | None:
    return None if edition is None else Edition.model_validate(edition)


def definitions() -> list[KpiInfo]:
    """What each figure means."""
    return [KpiInfo.model_validate(kpi) for kpi in KPIS]


def changed_figure(row: Change) -> ChangedFigure:
    """A figure before and after a week was stated anew."""
    names = ("numerator", "denominator", "value", "reason")
    before, after = (Figure.model_validate(dict(zip(names, side, strict=True))) for side in (row.before, row.after))
    return ChangedFigure(level=row.level, area_code=row.area_code, kpi=row.kpi, before=before, after=after)


def index_of(found: CompositeIndex, level: Level) -> Index:
    """The composite index of all areas with its inputs."""
    declared, week = found.declaration, found.week
    return Index(
        zh=declared.zh,
        en=declared.en,
        week=str(week.week),
        level=level,
        area=week.area.code,
        cut_off=week.cut_off,
        provisional=week.provisional,
        minimum_coverage=declared.minimum_coverage,
        areas=[
            AreaIndex(
                code=found.areas.codes[a],
                name=found.areas.names[a],
                score=_known(found.score[a]),
                coverage=float(found.coverage[a]),
                groups={key: _known(scores[a]) for key, scores in found.groups.items()},
                inputs=_inputs(found, a),
            )
            for a in range(len(found.areas))
        ],
    )


def _inputs(found: CompositeIndex, a: int) -> list[IndexInput]:
    return [
        IndexInput(
            **{name: getattr(one.indicator, name) for name in ("key", "zh", "en", "group", "part")},
            weight=one.indicator.weight,
            worst=one.indicator.worst,
            best=one.indicator.best,
            numerator=_known(one.numerator[a]),
            denominator=_known(one.denominator[a]),
            own=_known(one.own[a]),
            used=_known(one.used[a]),
            scaled=_known(one.scaled[a]),
            reason=Reason(one.reason[a]) if one.reason[a] else None,
        )
        for one in found.inputs
    ]
