"""Which reports repeat an earlier one: the same category at the same place within thirty days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numba
import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.statistics.arrays import fetch_arrays
from layers.statistics.courses import UNCOUNTED, town_of
from layers.statistics.weeks import Week
from layers.tables import Report

REPEAT_WINDOW = timedelta(days=30)
SAME_PLACE_M = 50.0
_METRES_PER_DEGREE = 111_195.0  # on a sphere with the Earth's mean radius
_R: Any = Report.__table__.c


def repeated_ids(session: Session, weeks: Sequence[Week], area: Scope) -> np.ndarray:
    """(k,) ids, sorted, of the reports of the weeks that repeat an earlier one of the thirty days before.

    The same place is the same standard address or address text, or two points at most 50 m apart, in the same town.
    """
    number: sa.Double[float] = sa.Double()
    columns = {
        "id": _R.id,
        "at": _R.reported_at,
        "category": _R.category,
        "village": _R.village_code,
        "text": sa.func.coalesce(_R.address_key, _R.address_text, type_=sa.String()),
        "lon": sa.func.ST_X(_R.geom, type_=number),
        "lat": sa.func.ST_Y(_R.geom, type_=number),
    }
    window = (_R.reported_at >= weeks[0].start - REPEAT_WINDOW, _R.reported_at < weeks[-1].end)

    def build(*selected: Any) -> sa.Select[Any]:
        located = town_of(area.code).located(Report)
        return sa.select(*selected).where(*window, _R.state.not_in(UNCOUNTED), located)

    read = fetch_arrays(session, columns, build)
    if not len(read["id"]):
        return read["id"]
    towns = pd.Series(read["village"], dtype="str").str[:9].fillna("")
    kind = pd.factorize(towns + read["category"].astype(str))[0].astype(np.int64)
    found = repeats_at_text(read["text"], kind, read["at"], read["id"])
    found |= repeats_near(read["lon"], read["lat"], kind, read["at"], read["id"])
    return np.sort(read["id"][found])


def repeats_at_text(text: np.ndarray, kind: np.ndarray, at: np.ndarray, order: np.ndarray) -> np.ndarray:
    """(n,) whether an earlier row of the same kind and the same text lies at most thirty days back; ties by `order`."""
    window = REPEAT_WINDOW // timedelta(microseconds=1)
    rows = pd.DataFrame({"text": pd.factorize(text)[0], "kind": kind, "at": at, "order": order})
    rows = rows[(rows["text"] >= 0) & (text != "")].sort_values(["text", "kind", "at", "order"])
    before = rows.groupby(["text", "kind"], sort=False)["at"].shift()
    out = np.zeros(len(text), dtype=bool)
    out[rows.index[(before.notna() & (rows["at"] - before <= window)).to_numpy()]] = True
    return out


def repeats_near(lon: np.ndarray, lat: np.ndarray, kind: np.ndarray, at: np.ndarray, order: np.ndarray) -> np.ndarray:
    """(n,) whether an earlier row of the same kind lies within 50 m and thirty days; ties in time go by `order`.

    Degrees; rows without a point repeat nothing. Points are put into squares of 50 m, and of the nine around a point
    only the rows of the last thirty days are looked at, the newest first.
    """
    out = np.zeros(len(lon), dtype=bool)
    rows = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    if not rows.size:
        return out
    x, y = lon[rows], lat[rows]
    step = SAME_PLACE_M / _METRES_PER_DEGREE
    wide = step / np.cos(np.radians(min(np.abs(y).max() + step, 60.0)))  # China ends at 54° north
    column, row = np.floor(x / wide).astype(np.int64), np.floor(y / step).astype(np.int64)
    column, row = column - column.min() + 1, row - row.min() + 1
    width = row.max() + 2
    cell = (kind[rows] * (column.max() + 2) + column) * width + row
    sort = np.lexsort((order[rows], at[rows], cell))
    neighbours = np.array([dc * width + dr for dc in (-1, 0, 1) for dr in (-1, 0, 1)])
    rank = np.empty(len(rows), dtype=np.int64)
    rank[np.lexsort((order[rows], at[rows]))] = np.arange(len(rows))
    window = REPEAT_WINDOW // timedelta(microseconds=1)
    found = _has_predecessor(x[sort], y[sort], cell[sort], at[rows][sort], rank[sort], neighbours, window)
    out[rows[sort]] = found
    return out


@numba.njit(cache=True, nogil=True)
def _has_predecessor(
    x: np.ndarray, y: np.ndarray, cell: np.ndarray, at: np.ndarray, rank: np.ndarray, around: np.ndarray, window: int
) -> np.ndarray:
    """For rows sorted by cell, then time: whether one of a neighbouring cell is earlier, near and recent."""
    n = len(cell)
    out = np.zeros(n, dtype=np.bool_)
    for i in range(n):
        scale = np.cos(np.radians(y[i]))
        for k in range(len(around)):
            wanted = cell[i] + around[k]
            low, high = np.searchsorted(cell, wanted), np.searchsorted(cell, wanted, side="right")
            last = low + np.searchsorted(rank[low:high], rank[i])
            for j in range(last - 1, low - 1, -1):
                if at[i] - at[j] > window:
                    break
                east, north = (x[j] - x[i]) * scale, y[j] - y[i]
                if np.hypot(east, north) * _METRES_PER_DEGREE <= SAME_PLACE_M:
                    out[i] = True
                    break
            if out[i]:
                break
    return out
