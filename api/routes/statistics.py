"""Weekly figures of grids, villages and towns; closed weeks are kept as versions. Nothing is ranked."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.context import Computing, Config, Now, Reading
from api.errors import InvalidParameterError
from api.geojson import Link
from api.principal import Reader, allow
from api.problems import problems
from api.query import Page, Paging
from layers.access import Permission, Principal
from layers.errors import NotFoundError
from layers.statistics.compute import LevelFigures
from layers.statistics.declaration import read_declaration
from layers.statistics.editions import Change, changes, close_week, count_changes, find_edition, previous_edition
from layers.statistics.editions import list_editions as stored_editions
from layers.statistics.index import LABEL_EN, LABEL_ZH, CompositeIndex, composite_index
from layers.statistics.kpis import KPIS, Basis, Reason, Unit
from layers.statistics.read import WeekFigures, narrowed, read_series, read_week
from layers.statistics.weeks import Week, last_full_week
from layers.statistics.workbook import MEDIA_TYPE, write_workbook
from layers.tables import StatisticEdition

router = APIRouter(prefix="/api", tags=["statistics"])
Administrator = Annotated[Principal, Depends(allow(Permission.ADMINISTER))]
Level = Literal["TOWN", "VILLAGE", "CELL"]
MOST_CHANGES = 1_000


def week_asked(
    now: Now,
    week: Annotated[str | None, Query(max_length=8, description="Like 2026-W30; by default the last full one")] = None,
) -> Week:
    """The ISO week that was asked for, or the last one that is over."""
    return Week.parse(week) if week is not None else last_full_week(now)


AskedWeek = Annotated[Week, Depends(week_asked)]
Area = Annotated[str, Query(max_length=32, description="Code of an area inside one's own; by default all of it")]


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


@router.get("/statistics", responses=problems(401, 403, 404, 422))
def read_statistics(
    principal: Reader,
    session: Reading,
    now: Now,
    week: AskedWeek,
    page: Paging,
    level: Level = "VILLAGE",
    area: Area = "",
    basis: Basis = Basis.AS_IT_WAS,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="By default the last one")] = None,
) -> WeekStatistics:
    """The figures of an ISO week in Asia/Shanghai; the same as a workbook is at `/api/statistics.xlsx`."""
    found = read_week(session, principal.scope, week, level=level, now=now, area=area, basis=basis, version=version)
    return _week(found, page, now)


@router.get("/statistics.xlsx", include_in_schema=False)
def read_workbook(
    principal: Reader,
    session: Reading,
    now: Now,
    week: AskedWeek,
    level: Level = "VILLAGE",
    area: Area = "",
    basis: Basis = Basis.AS_IT_WAS,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """The figures of a week as an Excel workbook, with their definitions."""
    found = read_week(session, principal.scope, week, level=level, now=now, area=area, basis=basis, version=version)
    told = changes(session, found.edition, found.area) if found.edition else []
    name = "-".join(["statistics", str(week), level.lower(), *filter(str.isalnum, [area])])
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
    return Response(write_workbook(found, told), media_type=MEDIA_TYPE, headers=headers)


@router.get("/statistics/series", responses=problems(401, 403, 422))
def read_weeks(
    principal: Reader,
    session: Reading,
    now: Now,
    first: Annotated[str | None, Query(max_length=8, description="By default twelve weeks before the last")] = None,
    last: Annotated[str | None, Query(max_length=8, description="By default the last full week")] = None,
    area: Area = "",
    basis: Basis = Basis.AS_IT_WAS,
) -> Series:
    """The figures of one area as a whole, week by week."""
    until = Week.parse(last) if last is not None else last_full_week(now)
    since = Week.parse(first) if first is not None else until.shift(-12)
    found = read_series(session, principal.scope, since, until, now=now, area=area, basis=basis)
    weeks = [
        SeriesWeek(
            week=str(week),
            cut_off=found.cut_offs[w],
            provisional=found.provisional[w],
            version=edition.version if (edition := found.editions[w]) else None,
            figures={key: _figure(*figures.at(w, 0)) for key, figures in found.figures.items()},
        )
        for w, week in enumerate(found.weeks)
    ]
    return Series(area=found.area.code, basis=basis, kpis=_definitions(), weeks=weeks)


@router.get("/statistics/editions", responses=problems(401, 403, 422))
def list_editions(
    principal: Reader, session: Reading, week: Annotated[str | None, Query(max_length=8)] = None
) -> Editions:
    """The versions of closed weeks that cover one's area or lie in it; of one week or of all."""
    wanted = Week.parse(week) if week is not None else None
    found = stored_editions(session, principal.scope, wanted)
    return Editions(editions=[Edition.model_validate(edition) for edition in found])


@router.get("/statistics/changes", responses=problems(401, 403, 404, 422))
def read_changes(
    principal: Reader,
    session: Reading,
    week: AskedWeek,
    area: Area = "",
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="By default the last one")] = None,
) -> Changes:
    """What a version of a closed week states anew against the one before."""
    wanted = narrowed(principal.scope, area)
    edition = find_edition(session, week, wanted, version)
    if edition is None:
        raise NotFoundError("edition", week)
    before = previous_edition(session, edition)
    count = count_changes(session, edition.id, before.id, wanted) if before else 0
    listed = [_changed(row) for row in changes(session, edition, wanted, limit=MOST_CHANGES)]
    return Changes(edition=Edition.model_validate(edition), count=count, changes=listed)


@router.post("/statistics/editions", responses=problems(401, 403, 422))
def close(principal: Administrator, session: Computing, now: Now, closing: NewClosing) -> Closed:
    """Close a week: its figures are kept as a version of one's own area; again, late data re-state it."""
    if closing.cut_off is not None and closing.cut_off.tzinfo is None:
        raise InvalidParameterError("body", "cut_off", "add the offset, for example 2026-03-10T12:00:00+08:00.")
    week = Week.parse(closing.week)
    made = close_week(session, principal, week, now=now, cut_off=closing.cut_off, note=closing.note)
    return Closed(edition=Edition.model_validate(made.edition), is_new=made.is_new, changes=made.changes)


@router.get("/statistics/index", responses=problems(401, 403, 422))
def read_index(
    principal: Reader,
    session: Reading,
    now: Now,
    week: AskedWeek,
    settings: Config,
    level: Level = "TOWN",
    area: Area = "",
) -> Index:
    """A composite index with the weights that this installation declares; it is never official and ranks nothing."""
    declaration = read_declaration(settings.index_file)
    found = composite_index(session, principal.scope, week, declaration, level=level, now=now, area=area)
    return _index(found, level)


def _week(found: WeekFigures, page: Page, now: datetime) -> WeekStatistics:
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
        kpis=_definitions(),
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
    return {key: _figure(*figures.at(0, row)) for key, figures in part.figures.items()}


def _figure(numerator: float, denominator: float, value: float, reason: str | None) -> Figure:
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


def _definitions() -> list[KpiInfo]:
    return [KpiInfo.model_validate(kpi) for kpi in KPIS]


def _changed(row: Change) -> ChangedFigure:
    names = ("numerator", "denominator", "value", "reason")
    before, after = (Figure.model_validate(dict(zip(names, side, strict=True))) for side in (row.before, row.after))
    return ChangedFigure(level=row.level, area_code=row.area_code, kpi=row.kpi, before=before, after=after)


def _index(found: CompositeIndex, level: Level) -> Index:
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
