"""How weekly figures, their versions and the composite index are told: the models and what fills them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from api.geojson import Link
from api.query import Page
from layers.statistics.compute import LevelFigures
from layers.statistics.editions import Change
from layers.statistics.index import LABEL_EN, LABEL_ZH, CompositeIndex
from layers.statistics.kpis import KPIS, Basis, Reason, Unit
from layers.statistics.read import WeekFigures
from layers.tables import StatisticEdition

Level = Literal["TOWN", "VILLAGE", "CELL"]


class Edition(BaseModel):
    """A stored version of a closed week; `scope_code` is the area that was closed."""

    model_config = ConfigDict(from_attributes=True)

    week: str
    scope_code: str
    version: int
    cut_off: datetime
    closed_at: datetime
    closed_by: str
    note: str | None


class KpiInfo(BaseModel):
    """What a figure is: its names, unit, what is counted above and below, and the least base on which it is given."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    zh: str
    en: str
    unit: Unit
    definition_zh: str
    numerator: str
    denominator: str
    cohort: str
    formula: str
    minimum_base: int


class Figure(BaseModel):
    """A figure with what it was counted from; exactly one of `value` and `reason` is given."""

    numerator: float | None
    denominator: float | None
    value: float | None
    reason: Reason | None


class AreaFigures(BaseModel):
    """The figures of one area by the key of the KPI.

    `expected` is the mean of the area's own `past_weeks` before, `p` the chance of so many reports or more by that
    past, and `burst` whether the week stands out. `alike` reports look like another one of the week.
    """

    code: str
    name: str
    households: int | None
    figures: dict[str, Figure]
    expected: float | None
    past_weeks: int
    p: float | None
    burst: bool
    alike: int


class WeekStatistics(BaseModel):
    """The figures of a week, of the area as a whole and of each area of a level in the order of codes.

    Steps up to `cut_off` count; `provisional` tells that the week is looked at before its time is up. `edition` is the
    stored version the figures come from, null where they were computed just now. `unplaced` reports lie in no area.
    """

    week: str
    first_day: date
    last_day: date
    level: Level
    area: str
    basis: Basis
    cut_off: datetime
    provisional: bool
    edition: Edition | None
    unplaced: int
    kpis: list[KpiInfo]
    whole: dict[str, Figure]
    areas: list[AreaFigures]
    links: list[Link]
    numberReturned: int  # noqa: N815 the name OGC API Features gives it
    time_stamp: datetime


class SeriesWeek(BaseModel):
    """The figures of one week."""

    week: str
    cut_off: datetime
    provisional: bool
    version: int | None
    figures: dict[str, Figure]


class Series(BaseModel):
    """The figures of one area, week by week."""

    area: str
    basis: Basis
    kpis: list[KpiInfo]
    weeks: list[SeriesWeek]


class Editions(BaseModel):
    """The versions of closed weeks, the newest first."""

    editions: list[Edition]


class ChangedFigure(BaseModel):
    """A figure that a version states anew."""

    level: str
    area_code: str
    kpi: str
    before: Figure
    after: Figure


class Changes(BaseModel):
    """What a version states anew inside an area; `count` may be more than the `changes` listed."""

    edition: Edition
    count: int
    changes: list[ChangedFigure]


class NewClosing(BaseModel):
    """Which week to close; `cut_off` moves the instant up to which steps count."""

    model_config = ConfigDict(extra="forbid")

    week: str = Field(max_length=8)
    cut_off: datetime | None = None
    note: str | None = Field(None, max_length=2000)


class Closed(BaseModel):
    """The version that holds the week now; `is_new` is false where nothing differs from the one before."""

    edition: Edition
    is_new: bool
    changes: int


class IndexInput(BaseModel):
    """One indicator of an area; `used` is `own` after shrinkage, `scaled` from 0 to 100, `weight` of the whole."""

    key: str
    zh: str
    en: str
    group: str
    part: str
    weight: float
    worst: float
    best: float
    numerator: float | None
    denominator: float | None
    own: float | None
    used: float | None
    scaled: float | None
    reason: Reason | None


class AreaIndex(BaseModel):
    """The score of one area, null where less than the declared share of the weight is known, and what it is made of."""

    code: str
    name: str
    score: float | None
    coverage: float
    groups: dict[str, float | None]
    inputs: list[IndexInput]


class Index(BaseModel):
    """A composite index with declared weights; `official` is always false."""

    zh: str
    en: str
    official: Literal[False] = False
    label_zh: str = LABEL_ZH
    label_en: str = LABEL_EN
    week: str
    level: Level
    area: str
    cut_off: datetime
    provisional: bool
    minimum_coverage: float
    areas: list[AreaIndex]


def week_statistics(found: WeekFigures, page: Page, now: datetime) -> WeekStatistics:
    """A page of the areas of a week with their figures, and the whole."""
    after = page.after(str) or ""
    rows = np.flatnonzero(np.array([code > after for code in found.level.areas.codes], dtype=bool))
    shown, links = page.cut(_codes(found, rows), "code", media_type="application/json")
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
        links=links,
        numberReturned=len(areas),
        time_stamp=now,
    )


def _codes(found: WeekFigures, rows: np.ndarray):  # type: ignore[no-untyped-def]
    import pandas as pd

    return pd.DataFrame({"code": found.level.areas.codes[rows]})


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
