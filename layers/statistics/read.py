"""The figures that are asked for: from the edition of a closed week, else computed from what is stored now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.errors import InvalidInputError
from layers.statistics.bursts import Bursts
from layers.statistics.compute import WHOLE, LevelFigures, compute_levels, compute_series
from layers.statistics.editions import find_edition, read_edition, read_whole
from layers.statistics.ground import Ground
from layers.statistics.kpis import KPIS, Basis
from layers.statistics.signals import alike_counts, week_bursts
from layers.statistics.tally import Figures, merged
from layers.statistics.weeks import GRACE, Week, default_cut_off, require_begun
from layers.tables import StatisticEdition

MOST_WEEKS = 106


@dataclass(frozen=True)
class WeekFigures:
    """The figures of a week: of (a,) areas of one level in the order of their codes, and of the whole area asked for.

    `edition` is the stored version they come from, None where they were computed just now. `provisional` tells that
    the week is looked at before its time is up. `alike` are (a,) reports that look like another.
    """

    week: Week
    area: Scope
    basis: Basis
    cut_off: datetime
    provisional: bool
    edition: StatisticEdition | None
    level: LevelFigures
    whole: LevelFigures
    unplaced: int
    bursts: Bursts
    alike: np.ndarray


@dataclass(frozen=True)
class Series:
    """The figures of one area week by week, each of shape (w, 1); `editions` are None for weeks computed just now."""

    weeks: Sequence[Week]
    area: Scope
    basis: Basis
    cut_offs: Sequence[datetime]
    provisional: Sequence[bool]
    editions: Sequence[StatisticEdition | None]
    figures: dict[str, Figures]


def narrowed(scope: Scope, area: str) -> Scope:
    """The area that is asked for, by default all that may be seen.

    Raises
    ------
    ForbiddenError : it lies outside
    """
    if not area:
        return scope
    scope.require(area)
    return Scope(area)


def read_week(
    session: Session,
    scope: Scope,
    week: Week,
    *,
    level: str,
    now: datetime,
    area: str = "",
    basis: Basis = Basis.AS_IT_WAS,
    version: int | None = None,
) -> WeekFigures:
    """The figures of a week for each area of a level.

    A closed week on its own grids comes as its last edition states it, or as `version` does; on today's grids it is
    computed anew, up to the same cut-off.

    Raises
    ------
    ForbiddenError : the area lies outside the scope
    InvalidInputError : the week has not begun, or a version is asked for on today's grids
    NotFoundError : there is no such version
    """
    require_begun(week, now)
    wanted = narrowed(scope, area)
    if version is not None and basis != Basis.AS_IT_WAS:
        raise InvalidInputError("Versions are kept on the grids of their week; leave out the basis or the version.")
    edition = find_edition(session, week, wanted, version)
    cut_off = edition.cut_off if edition else default_cut_off(week, now)
    ground = Ground(session)
    if edition and basis == Basis.AS_IT_WAS:
        here, whole = read_edition(session, edition, ground, level, wanted), read_whole(session, edition, wanted)
        unplaced = edition.unplaced if not wanted.code else 0
    else:
        edition = None
        found, unplaced = compute_levels(session, week, [level], area=wanted, basis=basis, now=now, cut_off=cut_off)
        here, whole = found[level], found[WHOLE]
    return WeekFigures(
        week=week,
        area=wanted,
        basis=basis,
        cut_off=cut_off,
        provisional=cut_off < week.end + GRACE,
        edition=edition,
        level=here,
        whole=whole,
        unplaced=unplaced,
        bursts=week_bursts(session, ground, week, here.areas, wanted, cut_off),
        alike=alike_counts(session, week, here.areas, wanted, cut_off),
    )


def read_series(
    session: Session,
    scope: Scope,
    first: Week,
    last: Week,
    *,
    now: datetime,
    area: str = "",
    basis: Basis = Basis.AS_IT_WAS,
) -> Series:
    """The figures of one area from week to week; closed weeks as their last editions state them.

    Raises
    ------
    ForbiddenError : the area lies outside the scope
    InvalidInputError : the last week has not begun, comes before the first, or they are more than two years apart
    """
    require_begun(last, now)
    if not 0 <= last.index - first.index < MOST_WEEKS:
        raise InvalidInputError(f"A series has 1 to {MOST_WEEKS} weeks, the first one first.")
    wanted = narrowed(scope, area)
    weeks = [Week(index) for index in range(first.index, last.index + 1)]
    editions = [find_edition(session, week, wanted) for week in weeks]
    cuts = [one.cut_off if one else default_cut_off(week, now) for week, one in zip(weeks, editions, strict=True)]
    if basis != Basis.AS_IT_WAS:
        editions = [None] * len(weeks)
    open_weeks = [i for i, edition in enumerate(editions) if edition is None]
    parts: list[dict[str, Figures]] = []
    computed: dict[str, Figures] = {}
    begin = open_weeks[0] if open_weeks else len(weeks)
    if open_weeks:
        computed = compute_series(session, weeks[begin:], area=wanted, basis=basis, now=now, cut_offs=cuts[begin:])
    for i, edition in enumerate(editions):
        if edition is not None:
            parts.append(read_whole(session, edition, wanted).figures)
        else:
            parts.append({kpi.key: computed[kpi.key].week(i - begin) for kpi in KPIS})
    provisional = [cut < week.end + GRACE for week, cut in zip(weeks, cuts, strict=True)]
    return Series(weeks, wanted, basis, cuts, provisional, editions, merged(parts))
