"""The villages and grids in force, kept in memory so that a stream of reports finds its way at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo.assign import GridIndex
from geo.crs import metric_crs
from layers.calendar import WorkCalendar
from layers.geocode.library import Library
from layers.geocode.load import library_for
from layers.geocode.model import Candidate
from layers.geocode.territory import REACH_M
from layers.geometry import select_frame, within_bounds
from layers.grids import in_force
from layers.tables import SRID, Assignment, Audit, Grid, GridLevel, Load, Plan, PlanState
from layers.workflow.duty import DutyBook

LEVELS = (GridLevel.VILLAGE, GridLevel.CELL)
_DEGREES = 1.01 * REACH_M / 110_574.0  # a degree of latitude is nowhere shorter
DUTIES_S = 10.0
_PART = 0.2
"""Above this share of changed grids a new index is made instead of mending the old one."""


@dataclass(frozen=True)
class Home:
    """Where a report lies; `distance_m` is 0 inside its grid, None where no grid is within reach.

    What its text says: how sure that is, how far down, the record of the library, the point of that record for a report
    without one of its own, and what else it may mean.
    """

    village_code: str | None
    grid_code: str | None
    assignment: Assignment
    distance_m: float | None
    confidence: float | None = None
    radius_m: float | None = None
    address_level: str | None = None
    address_key: str | None = None
    point: tuple[float, float] | None = None
    candidates: Sequence[Candidate] = ()


NOWHERE = Home(None, None, Assignment.NO_PLACE, None)


class Ground:
    """Finds villages and grids; `refresh` before each use keeps up with what any process has published."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._edition: list[Any] | None = None
        self._audited: int | None = None
        self._day = date.min
        self._rows: dict[GridLevel, dict[str, tuple[int, int]]] = {level: {} for level in LEVELS}
        self._index: dict[GridLevel, GridIndex | None] = dict.fromkeys(LEVELS)
        self._book: DutyBook | None = None
        self._book_seen: tuple[Any, ...] = ()
        self._book_until = 0.0

    def refresh(self, session: Session, as_of: date) -> None:
        """Bring the indices to the grids in force on a day, as the session sees them; cheap while nothing changes.

        A plan or a load of boundaries that this session sees was committed, whoever did it, and its number or revision
        tells it from the edition in memory. Only what differs is read and mended.
        """
        with self._lock:
            *edition, self._audited = _edition(session)
            if edition == self._edition and (as_of == self._day or not _changes_between(session, self._day, as_of)):
                self._day = as_of
                return
            for level in LEVELS:
                self._mend(session, level, as_of)
            self._edition, self._day = edition, as_of

    def _mend(self, session: Session, level: GridLevel, as_of: date) -> None:
        columns = (Grid.code, Grid.id, Grid.revision)
        statement = sa.select(*columns).where(Grid.level == level, in_force(as_of)).order_by(Grid.code)
        now = {code: (number, revision) for code, number, revision in session.execute(statement)}
        old = self._rows[level]
        changed = [code for code, row in now.items() if old.get(code) != row]
        gone = [code for code in old if code not in now]
        index = self._index[level]
        if not changed and not gone:
            return
        if index is not None and now and len(changed) + len(gone) <= _PART * len(now):
            shapes = _shapes(session, [now[code][0] for code in changed])
            index = index.replace([*shapes, *(None for _ in gone)], np.array([*changed, *gone]))
        else:
            shapes = _shapes(session, [number for number, _ in now.values()])
            index = GridIndex(shapes, np.array(list(now))) if now else None
        self._rows[level], self._index[level] = now, index

    @property
    def is_empty(self) -> bool:
        """Whether no village and no grid is in force."""
        return not any(self._rows.values())

    def library(self, session: Session) -> Library:
        """The library of addresses as they are now; the grids, which `refresh` knows, are not counted again."""
        return library_for(session, self._day, self._edition)

    def duties(
        self, session: Session, places: Sequence[tuple[str | None, str | None]], calendar: WorkCalendar
    ) -> DutyBook:
        """The catalogue and the teams of places, as of the last `refresh`.

        Every change of them leaves a row in the audit trail, so while its last row is the same so are they; one whose
        transaction began before that row and ended after it is known after `DUTIES_S` seconds.
        """
        with self._lock:
            seen, now = (self._audited, id(calendar)), time.monotonic()
            if self._book is None or seen != self._book_seen or now > self._book_until:
                self._book, self._book_seen, self._book_until = (
                    DutyBook(session, places, calendar),
                    seen,
                    now + DUTIES_S,
                )
            else:
                self._book.add(session, places)
            return self._book

    def forget_duties(self) -> None:
        """Read the catalogue and the teams anew at the next `duties`."""
        with self._lock:
            self._book = None

    def locate(self, session: Session, lon: np.ndarray, lat: np.ndarray) -> list[Home]:
        """(n,) homes of (n,) points in degrees, NaN without a point; the rules are those of `assign_all`.

        A point on a shared edge goes to the smallest code; outside, the nearest grid within `REACH_M` wins.
        """
        with self._lock:
            indices, day = dict(self._index), self._day
        codes = np.full((len(LEVELS), len(lon)), None, dtype=object)
        metres = np.full((len(LEVELS), len(lon)), np.inf)
        placed = np.isfinite(lon) & np.isfinite(lat)
        near = np.zeros(len(lon), dtype=bool)
        for place, level in enumerate(LEVELS):
            index = indices[level]
            if index is not None and len(lon):
                found = index.locate(lon, lat)
                inside = found >= 0
                codes[place, inside] = index.ids[found[inside]].astype(object)
                metres[place, inside] = 0.0
                lost = np.flatnonzero(placed & ~inside)
                if len(lost):
                    near[lost] |= index.nearest(lon[lost], lat[lost], _reach(lat[lost].max(), lat[lost].min()))[0] >= 0
        for row in np.flatnonzero(near):
            found_near = nearest(session, float(lon[row]), float(lat[row]), as_of=day)
            for place, level in enumerate(LEVELS):
                if codes[place, row] is None and level in found_near:
                    codes[place, row], metres[place, row] = found_near[level]
        return [_home(*codes[:, row], *metres[:, row]) if placed[row] else NOWHERE for row in range(len(lon))]


def locate_once(session: Session, lon: float | None, lat: float | None, *, as_of: date) -> Home:
    """The home of one point by the spatial index of the database, for those who come with a single report."""
    if lon is None or lat is None:
        return NOWHERE
    near = nearest(session, lon, lat, as_of=as_of)
    (village, village_m), (cell, cell_m) = (near.get(level, (None, np.inf)) for level in LEVELS)
    return _home(village, cell, village_m, cell_m)


def nearest(session: Session, lon: float, lat: float, *, as_of: date) -> dict[GridLevel, tuple[str, float]]:
    """Code and metres of the village and of the grid in force that hold a point, or are nearest to it within reach."""
    east = _reach(lat)
    around = within_bounds(session, Grid.__table__.c.geom, (lon - east, lat - _DEGREES, lon + east, lat + _DEGREES))
    frame = select_frame(
        session, (Grid.code, Grid.level), Grid.geom, Grid.level.in_(LEVELS), in_force(as_of), around, order_by=Grid.code
    )
    if frame.empty:
        return {}
    point = gpd.GeoSeries([shapely.Point(lon, lat)], crs=SRID)
    frame["metres"] = np.where(shapely.intersects(frame.geometry.to_numpy(), point.iloc[0]), 0.0, np.inf)
    if len(set(frame.loc[frame["metres"] == 0, "level"])) < len(LEVELS):
        crs = metric_crs((lon, lat, lon, lat))
        distance = frame.geometry.to_crs(crs).distance(point.to_crs(crs).iloc[0])
        frame["metres"] = np.where(frame["metres"] == 0, 0.0, np.where(distance <= REACH_M, distance, np.inf))
    frame = frame[np.isfinite(frame["metres"])].sort_values(["metres", "code"]).drop_duplicates("level")
    return {GridLevel(row.level): (str(row.code), float(row.metres)) for row in frame.itertuples()}


def _reach(*latitudes: float) -> float:
    """Degrees that hold the reach in every direction at all of the latitudes."""
    return float(_DEGREES / max(np.cos(np.radians(latitudes)).min(), 0.01))


def _home(village: str | None, cell: str | None, village_m: float, cell_m: float) -> Home:
    metres = float(cell_m if np.isfinite(cell_m) else village_m)
    if not np.isfinite(metres):
        return Home(village, cell, Assignment.OUTSIDE, None)
    return Home(village, cell, Assignment.INSIDE if metres == 0 else Assignment.NEAREST, metres)


def _edition(session: Session) -> tuple[Any, ...]:
    """What changes with each change of the grids in force, from small tables; and the last row of the audit trail."""
    load, plan = Load.__table__.c, Plan.__table__.c
    loads = sa.select(sa.func.max(load.id)).where(load.layer == "boundaries").scalar_subquery()
    audited = sa.select(sa.func.max(Audit.__table__.c.id)).scalar_subquery()
    plans = sa.select(sa.func.count(plan.id), sa.func.sum(plan.revision), sa.func.max(plan.id), loads, audited)
    published = plan.state.in_((PlanState.PUBLISHED, PlanState.SUPERSEDED))
    return tuple(session.connection().execute(plans.where(published)).one())


def _changes_between(session: Session, one: date, other: date) -> bool:
    """Whether a grid begins or ends to be in force between two days."""
    first, last = sorted((one, other))
    begins = sa.and_(Grid.valid_from > first, Grid.valid_from <= last)
    ends = sa.and_(Grid.valid_to > first, Grid.valid_to <= last)
    return session.execute(sa.select(Grid.id).where(sa.or_(begins, ends)).limit(1)).first() is not None


def _shapes(session: Session, numbers: Sequence[int]) -> list[Any]:
    """(n,) polygons of (n,) rows."""
    shapes: dict[int, Any] = {}
    for start in range(0, len(numbers), 5_000):
        part = list(numbers[start : start + 5_000])
        frame = select_frame(session, (Grid.id,), Grid.geom, Grid.id.in_(part), order_by=Grid.id)
        shapes |= dict(zip(frame["id"].tolist(), frame.geometry, strict=True))
    return [shapes[number] for number in numbers]
