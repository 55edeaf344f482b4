"""Weekly figures of grids, villages and towns; closed weeks are kept as versions. Nothing is ranked."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from api.context import Computing, Config, Now, Reading
from api.errors import InvalidParameterError
from api.principal import Reader, allow
from api.problems import problems
from api.query import Paging
from api.weekly import (
    Changes,
    Closed,
    Edition,
    Editions,
    Index,
    Level,
    NewClosing,
    Series,
    SeriesWeek,
    WeekStatistics,
)
from api.weekly_filled import changed_figure, definitions, figure_of, index_of, week_statistics
from layers.access import Permission, Principal
from layers.errors import NotFoundError
from layers.statistics.declaration import read_declaration
from layers.statistics.editions import changes, close_week, count_changes, find_edition, previous_edition
from layers.statistics.editions import list_editions as stored_editions
from layers.statistics.index import composite_index
from layers.statistics.kpis import Basis
from layers.statistics.read import narrowed, read_series, read_week
from layers.statistics.weeks import Week, last_full_week
from layers.statistics.workbook import MEDIA_TYPE, write_workbook

router = APIRouter(prefix="/api", tags=["statistics"])
Administrator = Annotated[Principal, Depends(allow(Permission.ADMINISTER))]
MOST_CHANGES = 1_000
WORKBOOK: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}, "description": "The workbook"}
}


def week_asked(
    now: Now,
    week: Annotated[str | None, Query(max_length=8, description="Like 2026-W30; by default the last full one")] = None,
) -> Week:
    """The ISO week that was asked for, or the last one that is over."""
    return Week.parse(week) if week is not None else last_full_week(now)


AskedWeek = Annotated[Week, Depends(week_asked)]
Area = Annotated[str, Query(max_length=32, description="Code of an area inside one's own; by default all of it")]


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
    return week_statistics(found, page, now)


@router.get("/statistics.xlsx", response_class=Response, responses=WORKBOOK | problems(401, 403, 404, 422))
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
    named = [area] if area.isascii() and area.isalnum() else []  # a header holds no other letters
    name = "-".join(["statistics", str(week), level.lower(), *named])
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
            figures={key: figure_of(*figures.at(w, 0)) for key, figures in found.figures.items()},
        )
        for w, week in enumerate(found.weeks)
    ]
    return Series(area=found.area.code, basis=basis, kpis=definitions(), weeks=weeks)


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
    listed = [changed_figure(row) for row in changes(session, edition, wanted, limit=MOST_CHANGES)]
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
    return index_of(found, level)
