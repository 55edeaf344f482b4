"""Closed weeks: their figures are kept as editions, and late data re-state a week as a new version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from layers.access import Permission, Principal, Scope
from layers.errors import InvalidInputError, NotFoundError
from layers.statistics.cameras import NOT_KEPT
from layers.statistics.compute import WHOLE, LevelFigures, compute_levels
from layers.statistics.ground import Areas, Ground
from layers.statistics.kpis import KPI, KPIS, Basis, Reason
from layers.statistics.tally import Figures
from layers.statistics.weeks import Week, default_cut_off
from layers.tables import Audit, GridLevel, StatisticEdition, StatisticValue

LEVELS = (GridLevel.TOWN.value, GridLevel.VILLAGE.value, GridLevel.CELL.value)
_V: Any = StatisticValue
_COMPARED = ("numerator", "denominator", "value", "reason")


@dataclass(frozen=True)
class Change:
    """A figure of an edition that differs from the version before; what was not there has neither value nor reason."""

    level: str
    area_code: str
    kpi: str
    before: tuple[float | None, float | None, float | None, str | None]
    after: tuple[float | None, float | None, float | None, str | None]


@dataclass(frozen=True)
class Closing:
    """An edition, and whether closing the week made it or found nothing that differs from it."""

    edition: StatisticEdition
    is_new: bool
    changes: int


def close_week(
    session: Session,
    principal: Principal,
    week: Week,
    *,
    now: datetime,
    cut_off: datetime | None = None,
    note: str | None = None,
) -> Closing:
    """Keep the figures of a week as an edition of the principal's area, on the grids of the week.

    The first time, the cut-off is a week after the end, or now where that has not come yet. Closing again keeps the
    cut-off, unless one is given, and makes a new version only where a figure has changed. Figures of cameras, whose
    records have no history, stay as they were.

    Raises
    ------
    ForbiddenError : no right to administer
    InvalidInputError : the week is not over, or the cut-off lies before its end or in the future
    """
    principal.require(Permission.ADMINISTER)
    if week.end > now:
        raise InvalidInputError(f"{week} is not over; close it from {week.end:%Y-%m-%d %H:%M} on.")
    if cut_off is not None and not week.end <= cut_off <= now:
        raise InvalidInputError(f"A cut-off of {week} lies between {week.end:%Y-%m-%d %H:%M} and now.")
    scope = principal.scope
    before = _latest(session, week, scope.code)
    until = cut_off or (before.cut_off if before else default_cut_off(week, now))
    computed, unplaced = compute_levels(
        session, week, LEVELS, area=scope, basis=Basis.AS_IT_WAS, now=now, cut_off=until
    )
    edition = StatisticEdition(
        week=str(week),
        scope_code=scope.code,
        version=before.version + 1 if before else 1,
        cut_off=until,
        closed_at=now,
        closed_by=principal.name,
        note=note,
        unplaced=unplaced,
    )
    with session.begin_nested() as attempt:
        session.add(edition)
        session.flush()
        rows = [row for level, part in computed.items() for row in _rows(edition.id, level, part)]
        session.execute(sa.insert(StatisticValue), rows)
        if before:
            _keep_cameras(session, before.id, edition.id)
        changes = count_changes(session, edition.id, before.id, Scope()) if before else 0
        if before and not changes and until == before.cut_off and unplaced == before.unplaced:
            attempt.rollback()
            return Closing(before, False, 0)
    detail = {"version": edition.version, "cut_off": until.isoformat(), "changes": changes}
    session.add(Audit(at=now, by=principal.name, action="statistics.close", subject=str(week), detail=detail))
    session.flush()
    return Closing(edition, True, changes)


def list_editions(session: Session, scope: Scope, week: Week | None = None) -> Sequence[StatisticEdition]:
    """The editions that cover an area or lie in it, the newest week and version first."""
    conditions = [scope.related(StatisticEdition.scope_code) if scope.code else sa.true()]
    if scope.code:
        conditions = [sa.or_(*conditions, StatisticEdition.scope_code == "")]
    if week is not None:
        conditions.append(StatisticEdition.week == str(week))
    order = (StatisticEdition.week.desc(), StatisticEdition.closed_at.desc(), StatisticEdition.version.desc())
    return session.scalars(sa.select(StatisticEdition).where(*conditions).order_by(*order)).all()


def find_edition(session: Session, week: Week, area: Scope, version: int | None = None) -> StatisticEdition | None:
    """The edition of a week that covers an area: the one closed last, or that version of it; None without any.

    Raises
    ------
    NotFoundError : a version is given, and there is none of that number
    """
    found = [one for one in list_editions(session, area, week) if area.code.startswith(one.scope_code)]
    if version is None:
        return found[0] if found else None
    same = [one for one in found if one.version == version and one.scope_code == found[0].scope_code]
    if not same:
        raise NotFoundError("edition", f"{week} version {version}")
    return same[0]


def previous_edition(session: Session, edition: StatisticEdition) -> StatisticEdition | None:
    """The version before, None for the first."""
    return session.scalar(
        sa.select(StatisticEdition).where(
            StatisticEdition.week == edition.week,
            StatisticEdition.scope_code == edition.scope_code,
            StatisticEdition.version == edition.version - 1,
        )
    )


def read_edition(session: Session, edition: StatisticEdition, ground: Ground, level: str, area: Scope) -> LevelFigures:
    """The figures of the areas of a level inside `area`, as the edition states them."""
    rows = _stored(session, edition, _V.level == level, area.prefix(_V.area_code))
    codes = np.array(sorted(rows["area"].unique()), dtype=object)
    known = ground.areas(level, Week.parse(edition.week).last_day)
    at = known.positions(codes)
    names = np.array([known.names[i] if i >= 0 else code for i, code in zip(at, codes, strict=True)], dtype=object)
    households = np.array([known.households[i] if i >= 0 else np.nan for i in at], dtype=float)
    return _figures(rows, Areas(level, codes, names, households, known.ids))


def read_whole(session: Session, edition: StatisticEdition, area: Scope) -> LevelFigures:
    """The figures of an area as a whole; of one that was not closed as such, sums over its towns, without medians."""
    whole = Areas(WHOLE, np.array([area.code], dtype=object), np.array([""], dtype=object), np.array([np.nan]), ())
    order = {WHOLE: 0, **{level: i + 1 for i, level in enumerate(LEVELS)}}
    rows = _stored(session, edition, _V.area_code == area.code)
    if len(rows):
        best = min(rows["level"], key=order.__getitem__)
        return _figures(rows[rows["level"] == best], whole)
    rows = _stored(session, edition, _V.level == GridLevel.TOWN, area.prefix(_V.area_code))
    sums = {}
    for kpi in KPIS:
        part = rows[rows["kpi"] == kpi.key]
        numerator, denominator = (part[name].sum(min_count=1) for name in ("numerator", "denominator"))
        if kpi.key in NOT_KEPT or kpi.key == "first_response" or pd.isna(denominator):
            sums[kpi.key] = Figures.missing(kpi.key, (1, 1), NOT_KEPT.get(kpi.key, Reason.NOT_KEPT))
        else:
            sums[kpi.key] = Figures.of(kpi.key, np.array([[float(numerator)]]), np.array([[float(denominator)]]))
    return LevelFigures(whole, sums)


def _latest(session: Session, week: Week, scope_code: str) -> StatisticEdition | None:
    return session.scalar(
        sa.select(StatisticEdition)
        .where(StatisticEdition.week == str(week), StatisticEdition.scope_code == scope_code)
        .order_by(StatisticEdition.version.desc())
        .limit(1)
    )


def _rows(edition_id: int, level: str, part: LevelFigures) -> Iterator[dict[str, Any]]:
    for kpi, figures in part.figures.items():
        if kpi in NOT_KEPT:
            continue
        for a, code in enumerate(part.areas.codes):
            numerator, denominator, value, reason = figures.at(0, a)
            yield {
                "edition_id": edition_id,
                "level": level,
                "area_code": code,
                "kpi": kpi,
                "numerator": _known(numerator),
                "denominator": _known(denominator),
                "minimum_base": KPI[kpi].minimum_base,
                "value": _known(value),
                "reason": reason,
            }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _keep_cameras(session: Session, before: int, after: int) -> None:
    """Take the figures of cameras from the version before where their records are too late to tell."""
    old, new = aliased(StatisticValue), StatisticValue
    same = (
        old.edition_id == before,
        old.level == new.level,
        old.area_code == new.area_code,
        old.kpi == new.kpi,
    )
    values = {name: sa.select(getattr(old, name)).where(*same).scalar_subquery() for name in _COMPARED}
    session.execute(
        sa.update(new)
        .where(new.edition_id == after, new.reason == Reason.NO_HISTORY, sa.exists().where(*same))
        .values(values)
        .execution_options(synchronize_session=False)
    )


def count_changes(session: Session, edition_id: int, before_id: int, scope: Scope) -> int:
    """How many figures of a scope differ between two editions."""
    return sum(
        session.scalar(sa.select(sa.func.count()).select_from(part.subquery())) or 0
        for part in _differences(edition_id, before_id, scope)
    )


def changes(session: Session, edition: StatisticEdition, scope: Scope, *, limit: int = 1_000) -> list[Change]:
    """What a version states anew inside a scope, in the order of areas; the first version changes nothing."""
    before = previous_edition(session, edition)
    if before is None:
        return []
    rows = [
        Change(row[0], row[1], row[2], tuple(row[3:7]), tuple(row[7:11]))
        for part in _differences(edition.id, before.id, scope)
        for row in session.execute(part.limit(limit))
    ]
    return sorted(rows, key=lambda row: (LEVELS.index(row.level) if row.level in LEVELS else -1, row.area_code))[:limit]


def _differences(edition_id: int, before_id: int, scope: Scope) -> list[sa.Select[Any]]:
    """Figures of the edition that differ or are new, and those that are gone."""
    old, new = aliased(StatisticValue), aliased(StatisticValue)
    same = (old.level == new.level, old.area_code == new.area_code, old.kpi == new.kpi)
    names = (new.level, new.area_code, new.kpi)
    earlier, later = (
        [getattr(row, name).label(f"{at}_{name}") for name in _COMPARED] for at, row in (("old", old), ("new", new))
    )
    differ = sa.or_(old.id.is_(None), *(getattr(old, name).is_distinct_from(getattr(new, name)) for name in _COMPARED))
    changed = (
        sa.select(*names, *earlier, *later)
        .outerjoin(old, sa.and_(old.edition_id == before_id, *same))
        .where(new.edition_id == edition_id, scope.prefix(new.area_code), differ)
        .order_by(new.level, new.area_code, new.kpi)
    )
    nothing = [sa.null().label(f"new_{name}") for name in _COMPARED]
    gone = (
        sa.select(old.level, old.area_code, old.kpi, *earlier, *nothing)
        .where(
            old.edition_id == before_id,
            scope.prefix(old.area_code),
            ~sa.exists().where(new.edition_id == edition_id, *same),
        )
        .order_by(old.level, old.area_code, old.kpi)
    )
    return [changed, gone]


def _stored(session: Session, edition: StatisticEdition, *conditions: Any) -> pd.DataFrame:
    columns = (_V.level, _V.area_code, _V.kpi, _V.numerator, _V.denominator, _V.value, _V.reason)
    rows = session.execute(sa.select(*columns).where(_V.edition_id == edition.id, *conditions)).all()
    names = ["level", "area", "kpi", *_COMPARED]
    frame = pd.DataFrame.from_records([tuple(row) for row in rows], columns=names)
    return frame.astype(dict.fromkeys(_COMPARED[:3], float))


def _figures(rows: pd.DataFrame, areas: Areas) -> LevelFigures:
    shape = 1, len(areas)
    out = {}
    for kpi in KPIS:
        if kpi.key in NOT_KEPT:
            out[kpi.key] = Figures.missing(kpi.key, shape, NOT_KEPT[kpi.key])
            continue
        part = rows[rows["kpi"] == kpi.key].set_index("area").reindex(areas.codes)
        reason = part["reason"].astype(object).where(part["reason"].notna(), None).to_numpy(dtype=object)
        numerator, denominator, value = (part[name].to_numpy(dtype=float).reshape(shape) for name in _COMPARED[:3])
        absent = np.isnan(value) & pd.isna(reason).reshape(shape)
        stated = Figures(kpi.key, numerator, denominator, value, reason.reshape(shape))
        out[kpi.key] = stated.because(absent, Reason.NOT_KEPT)
    return LevelFigures(areas, out)
