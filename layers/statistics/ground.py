"""On which grid a report counts: the one of the week, or the one that holds its place today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo.assign import GridIndex
from geo.crs import metric_crs
from layers.geocode.territory import REACH_M
from layers.geometry import select_frame
from layers.statistics.arrays import fetch_arrays
from layers.statistics.courses import Courses
from layers.tables import SRID, Grid, GridLevel, GridLineage, Report

_R: Any = Report.__table__.c


@dataclass(frozen=True)
class Areas:
    """(a,) areas of one level that are in force together, in the order of their codes."""

    level: str
    codes: np.ndarray
    names: np.ndarray
    households: np.ndarray
    ids: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def positions(self, codes: np.ndarray) -> np.ndarray:
        """(n,) positions of (n,) codes, -1 for those that are not among them."""
        found: np.ndarray = pd.Index(self.codes).get_indexer(codes)
        return found


class Ground:
    """The published grids of all times, and which of them a report belongs to on a day."""

    def __init__(self, session: Session) -> None:
        self.session = session
        columns = (Grid.id, Grid.level, Grid.code, Grid.parent_code, Grid.name, Grid.households)
        rows = session.execute(
            sa.select(*columns, Grid.valid_from, Grid.valid_to).where(Grid.valid_from.is_not(None)).order_by(Grid.code)
        ).all()
        names = ["id", "level", "code", "parent", "name", "households", "begins", "ends"]
        self.rows = pd.DataFrame.from_records([tuple(row) for row in rows], columns=names)
        self._begins = np.array(self.rows["begins"].tolist(), dtype="datetime64[D]")
        self._ends = np.array([end or date.max for end in self.rows["ends"].tolist()], dtype="datetime64[D]")
        self._indices: dict[tuple[int, ...], tuple[GridIndex, GridIndex, Any]] = {}
        self._points: tuple[np.ndarray, np.ndarray] | None = None

    def day(self, level: str, day: date) -> date:
        """The day, or the first one of the first edition, which stands in for the time before it."""
        begins = self.rows.loc[self.rows["level"] == level, "begins"]
        return max(day, begins.min()) if len(begins) else day

    def areas(self, level: str, day: date) -> Areas:
        """The areas of a level on a day; households are of that edition, of its grids where it has none of its own."""
        day = self.day(level, day)
        rows = self._in_force(day)
        chosen = rows[rows["level"] == level]
        own = pd.to_numeric(chosen["households"]).to_numpy(dtype=float)
        if level != GridLevel.CELL:
            cells = rows[rows["level"] == GridLevel.CELL]
            sums = pd.to_numeric(cells["households"]).groupby(parents(cells, level)).sum(min_count=1)
            own = np.where(np.isnan(own), sums.reindex(chosen["code"]).to_numpy(dtype=float), own)
        codes, names = chosen["code"].to_numpy(dtype=object), chosen["name"].to_numpy(dtype=object)
        return Areas(level, codes, names, own, tuple(int(row) for row in chosen["id"]))

    def edition(self, day: date) -> tuple[int, ...]:
        """What tells the grids of one day from those of another: the ids of all that are in force."""
        days = {self.day(level, day) for level in (GridLevel.TOWN, GridLevel.VILLAGE, GridLevel.CELL)}
        return tuple(int(row) for one in sorted(days) for row in self._in_force(one)["id"].to_numpy())

    def cells(self, day: date) -> pd.DataFrame:
        """The grids on a day: code, village, town and households."""
        rows = self._in_force(self.day(GridLevel.CELL, day))
        cells = rows[rows["level"] == GridLevel.CELL]
        upper = {level: parents(cells, level) for level in (GridLevel.VILLAGE, GridLevel.TOWN)}
        named: pd.DataFrame = cells.assign(**{level.value: codes for level, codes in upper.items()}, CELL=cells["code"])
        return named

    def locate(self, courses: Courses, areas: Areas, day: date, *, by_place: bool) -> np.ndarray:
        """(n,) positions in `areas` of the reports, -1 for those that lie in none.

        A report keeps the area that it was given, if that was in force on the day. Otherwise the area counts that
        holds its point, at most 50 m away; without a point, the one that its grid came from or went to, by the
        largest share of households. With `by_place` the point comes first.
        """
        stored = self._stored(courses, areas.level)
        given = areas.positions(stored)
        if by_place:
            found = self._by_point(courses, areas, np.ones(len(courses), dtype=bool))
            given = np.where(found >= 0, found, given)
        elif (lost := (given < 0) & pd.notna(stored)).any():
            given = np.where(lost, self._by_point(courses, areas, lost), given)
        lost = (given < 0) & pd.notna(courses.grid)
        if lost.any():
            given[lost] = self._by_lineage(courses.grid[lost], areas, day)
        return given

    def _in_force(self, day: date) -> pd.DataFrame:
        if self.rows.empty:
            return self.rows
        rows: pd.DataFrame = self.rows[(self._begins <= np.datetime64(day)) & (self._ends > np.datetime64(day))]
        return rows

    def _stored(self, courses: Courses, level: str) -> np.ndarray:
        if level == GridLevel.CELL:
            return courses.grid
        if level == GridLevel.VILLAGE:
            return courses.village
        return pd.Series(courses.village, dtype=object).str[:9].to_numpy(dtype=object)

    def _by_point(self, courses: Courses, areas: Areas, rows: np.ndarray) -> np.ndarray:
        out = np.full(len(courses), -1)
        if not len(areas):
            return out
        if self._points is None:
            self._points = self._read_points(courses)
        lon, lat = self._points
        rows = np.flatnonzero(rows & np.isfinite(lon) & np.isfinite(lat))
        degrees, metric, crs = self._index(areas)
        found = degrees.locate(lon[rows], lat[rows])
        outside = np.flatnonzero(found < 0)
        if outside.size:
            near = gpd.GeoSeries.from_xy(lon[rows[outside]], lat[rows[outside]], crs=SRID).to_crs(crs)
            found = found.copy()
            found[outside] = metric.nearest(near.x.to_numpy(), near.y.to_numpy(), REACH_M)[0]
        out[rows] = found
        return out

    def _index(self, areas: Areas) -> tuple[GridIndex, GridIndex, Any]:
        if areas.ids not in self._indices:
            where = (Grid.level == areas.level, Grid.valid_from.is_not(None))
            frame = select_frame(self.session, (Grid.id, Grid.code), Grid.geom, *where, order_by=Grid.code)
            frame = frame[frame["id"].isin(areas.ids)]
            crs = metric_crs(tuple(frame.total_bounds))
            names = frame["code"].to_numpy(dtype=str)
            metric = GridIndex(frame.geometry.to_crs(crs), names)
            self._indices[areas.ids] = GridIndex(frame.geometry, names), metric, crs
        return self._indices[areas.ids]

    def _read_points(self, courses: Courses) -> tuple[np.ndarray, np.ndarray]:
        number: sa.Double[float] = sa.Double()
        columns = {"id": _R.id, "x": sa.func.ST_X(_R.geom, type_=number), "y": sa.func.ST_Y(_R.geom, type_=number)}
        low, high = int(courses.id[0]), int(courses.id[-1])

        def build(*selected: Any) -> sa.Select[Any]:
            return sa.select(*selected).where(_R.id.between(low, high), _R.geom.is_not(None)).order_by(_R.id)

        read = fetch_arrays(self.session, columns, build)
        at = np.searchsorted(courses.id, read["id"])
        known = courses.id[np.minimum(at, len(courses) - 1)] == read["id"]
        lon, lat = np.full((2, len(courses)), np.nan)
        lon[at[known]], lat[at[known]] = read["x"][known], read["y"][known]
        return lon, lat

    def _by_lineage(self, codes: np.ndarray, areas: Areas, day: date) -> np.ndarray:
        """Positions of the areas on the day that (k,) grid codes of other days came from, or went to."""
        forward, backward = self._lineage()
        target = self._in_force(self.day(GridLevel.CELL, day))
        cells = target[target["level"] == GridLevel.CELL]
        alive = dict(zip(cells["code"], parents(cells, areas.level), strict=True))
        kinds, labels = pd.factorize(codes)
        found = []
        for label in labels:
            reached = _follow(str(label), alive, forward) or _follow(str(label), alive, backward)
            found.append(alive.get(reached or ""))
        return areas.positions(np.array(found, dtype=object))[kinds]

    def _lineage(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        share = sa.func.coalesce(GridLineage.share_households, GridLineage.share_area, 0.0)
        pairs = self.session.execute(
            sa.select(GridLineage.old_code, GridLineage.new_code)
            .where(GridLineage.old_code.is_not(None), GridLineage.new_code.is_not(None))
            .order_by(share, GridLineage.old_code.desc(), GridLineage.new_code.desc())
        ).all()
        # The last pair of a code stays: the one with the largest share, of equal ones the smallest code.
        moved = [(str(old), str(new)) for old, new in pairs if old != new]
        return dict(moved), {new: old for old, new in moved}


def parents(cells: pd.DataFrame, level: str) -> pd.Series:
    """The code of the area of a level around each grid."""
    if level == GridLevel.CELL:
        return cells["code"]
    village = cells["parent"].where(cells["parent"].notna(), cells["code"].str[:12])
    return village if level == GridLevel.VILLAGE else village.str[:9]


def _follow(code: str, alive: Mapping[str, str], steps: Mapping[str, str]) -> str | None:
    seen = set()
    while code not in alive:
        if code in seen or code not in steps:
            return None
        seen.add(code)
        code = steps[code]
    return code
