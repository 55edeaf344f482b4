"""A past stretch of reports, and every household, against a plan: who would have had another grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geo.assign import GridIndex
from layers.access import EVERYWHERE
from layers.grids import grid_frame
from layers.plans.impact import compare_plans, grids_before
from layers.tables import GridLevel, Household, Plan, Report

ROWS_AT_ONCE = 100_000
COLUMNS = ("kind", "key", "reported_at", "households", "old_code", "new_code")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class _Change:
    """From the grids before to those of a plan; (old + 1, new + 1) which two are one grid that goes on, none last."""

    before: GridIndex
    after: GridIndex
    goes_on: NDArray[np.bool_]

    def moved(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows (x, y and others) that change hands, with old_code and new_code, None for no grid."""
        x, y = rows["x"].to_numpy(dtype=float), rows["y"].to_numpy(dtype=float)
        old, new = self.before.locate(x, y), self.after.locate(x, y)
        moved = ~self.goes_on[old, new]
        codes = (np.array([*index.ids.tolist(), None], dtype=object) for index in (self.before, self.after))
        old_code, new_code = (code[at[moved]] for code, at in zip(codes, (old, new), strict=True))
        return rows[moved].assign(old_code=old_code, new_code=new_code)


def replay_plan(
    session: Session,
    plan: Plan,
    other: Plan | None = None,
    *,
    as_of: date,
    since: datetime | None = None,
    until: datetime | None = None,
    progress: Progress | None = None,
) -> Iterator[pd.DataFrame]:
    """Yield the households, and then the reports of a time, that a plan would give another grid, in parts.

    Every report with a point counts, open or closed, as if the plan had been in force when it came. A grid that goes on
    under another code changes nobody's hands; see `compare_plans`, with which the totals agree.

    Parameters
    ----------
    other : the plan to start from; None for the grids in force on the day `as_of`
    since, until : aware; reports made at or after `since` and before `until`
    progress : called with the rows looked at and their number

    Yields
    ------
    DataFrame with kind ("household" or "report"), key, reported_at (NaT for households), households, old_code and
    new_code; None where there is or was no grid. Memory is that of 100,000 rows and the two indices.
    """
    change = _change(session, plan, other, as_of)
    if change is None:
        return
    times = [Report.reported_at >= since] if since is not None else []
    times += [Report.reported_at < until] if until is not None else []
    nobody = sa.literal(0)
    parts: list[tuple[str, Any, list[Any], list[Any]]] = [
        ("household", Household, [Household.household_key, sa.null(), Household.households], []),
        ("report", Report, [Report.report_key, Report.reported_at, nobody], [Report.geom.is_not(None), *times]),
    ]
    counts = [session.scalar(sa.select(sa.func.count(t.id)).where(*c)) or 0 for _, t, _, c in parts]
    done = 0
    for kind, table, columns, conditions in parts:
        last = 0
        while True:
            found = session.execute(
                sa.select(table.id, *columns, sa.func.ST_X(table.geom), sa.func.ST_Y(table.geom))
                .where(table.id > last, *conditions)
                .order_by(table.id)
                .limit(ROWS_AT_ONCE)
            ).all()
            if not found:
                break
            last = found[-1][0]
            rows = pd.DataFrame(list(map(tuple, found)), columns=["id", "key", "reported_at", "households", "x", "y"])
            rows["reported_at"] = pd.to_datetime(rows["reported_at"], utc=True)
            moved = change.moved(rows.assign(kind=kind))
            if len(moved):
                yield moved[list(COLUMNS)].reset_index(drop=True)
            done += len(found)
            if progress:
                progress(done, sum(counts))


def _change(session: Session, plan: Plan, other: Plan | None, as_of: date) -> _Change | None:
    old = grids_before(session, plan, other, as_of=as_of)
    new = grid_frame(session, EVERYWHERE, as_of=as_of, plan_id=plan.id, level=GridLevel.CELL)
    if old.empty or new.empty:
        return None
    before, after = _index(old), _index(new)
    rows = compare_plans(session, plan, other, as_of=as_of).rows
    stays = rows[rows["stays"]]
    goes_on = np.zeros((len(before) + 1, len(after) + 1), bool)
    goes_on[-1, -1] = True
    goes_on[pd.Index(before.ids).get_indexer(stays["old_code"]), pd.Index(after.ids).get_indexer(stays["new_code"])] = (
        True
    )
    return _Change(before, after, goes_on)


def _index(grids: gpd.GeoDataFrame) -> GridIndex:
    return GridIndex(grids.geometry, grids["code"].to_numpy(dtype=str))
