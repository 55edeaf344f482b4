"""How weekly figures, their versions and the composite index are told: the models."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.geojson import Link
from layers.statistics.index import LABEL_EN, LABEL_ZH
from layers.statistics.kpis import Basis, Reason, Unit

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

    `breaks` are the edges of the classes of a figure on a map of all areas of the level, at most five of about as many
    areas each; a class holds its lower edge, the last one both.

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
    breaks: dict[str, list[float]]
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
