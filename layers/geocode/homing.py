"""All reports that are known by their text: their grids, and the doubtful points among the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import sqlalchemy as sa
from geoalchemy2.shape import to_shape
from sqlalchemy.orm import Session

from geo.doubt import doubtful_points
from layers.geocode.distance import METRES_PER_DEGREE
from layers.geocode.load import library_for
from layers.geocode.placing import place_reports, queue_points
from layers.geocode.territory import Territory
from layers.tables import Assignment, Report

_AT_ONCE = 2_000


@dataclass(frozen=True)
class TextCount:
    """How many reports a text led to a grid or into the review queue, and how many changed their grid or state."""

    without_point: int = 0
    in_village: int = 0
    by_address: int = 0
    in_review: int = 0
    moved: int = 0


def found_by_point() -> sa.ColumnElement[bool]:
    """Condition: a report has a point of its own that is believed, or neither point nor text."""
    bare = sa.and_(Report.geom.is_(None), sa.or_(Report.address_text.is_(None), Report.address_text == ""))
    by_text = Report.assignment.in_((Assignment.ADDRESS, Assignment.REVIEW))
    own_point = sa.and_(Report.geom.is_not(None), sa.or_(Report.assignment.is_(None), sa.not_(by_text)))
    decided = sa.and_(Report.assignment.is_not(None), Report.assignment == Assignment.REVIEWED)
    return sa.or_(own_point, sa.and_(bare, sa.not_(decided)))


def reports_to_read(session: Session, *conditions: sa.ColumnElement[bool]) -> list[int]:
    """Ids of the reports whose text has to be looked at: those without a point of their own, and points that no text
    was compared with yet."""
    text = sa.and_(Report.address_text.is_not(None), Report.address_text != "")
    waiting = (Assignment.NO_PLACE, Assignment.ADDRESS, Assignment.REVIEW)
    kinds = sa.or_(Report.assignment.is_(None), Report.assignment.in_(waiting))
    return list(session.scalars(sa.select(Report.id).where(*conditions, text, kinds).order_by(Report.id)))


def home_by_text(
    session: Session,
    ids: list[int],
    villages: Territory | None,
    cells: Territory | None,
    *,
    as_of: date,
    doubted: set[int] | None = None,
) -> TextCount:
    """Home the reports with these ids by their texts, by the library and the areas in force on a day.

    Reports of `doubted` go into the queue although their text says nothing against their point. A point that waits
    there stays until an officer decides; only the grid that it lies in is looked up again.
    """
    if not ids:
        return TextCount()
    library = library_for(session, as_of)
    counts = np.zeros(5, dtype=int)
    strange = doubted or set()
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        chosen = (
            sa.select(Report).where(Report.id.in_(part)).order_by(Report.id).execution_options(populate_existing=True)
        )
        reports = session.scalars(chosen).all()
        before = [(report.assignment, report.grid_code) for report in reports]
        with session.no_autoflush:
            waiting = [one.assignment == Assignment.REVIEW and one.geom is not None for one in reports]
            _locate_waiting([one for one, kept in zip(reports, waiting, strict=True) if kept], villages, cells)
            pointless = [report.geom is None or report.assignment == Assignment.ADDRESS for report in reports]
            place_reports(session, [one for one, kept in zip(reports, waiting, strict=True) if not kept], library)
            queue_points(session, [one for one in reports if one.id in strange], "elsewhere")
        session.flush()
        for report, old, by_text in zip(reports, before, pointless, strict=True):
            kind = report.assignment
            mine = (kind == Assignment.ADDRESS, kind == Assignment.REVIEW)
            named = by_text and report.village_code is not None
            counts += (by_text, named, *mine, (kind, report.grid_code) != old)
    return TextCount(*counts.tolist())


def _locate_waiting(reports: list[Report], villages: Territory | None, cells: Territory | None) -> None:
    """Look up the points of reports in the queue again: the grids may have changed since."""
    if not reports:
        return
    points: list[Any] = [to_shape(report.geom) for report in reports]
    x, y = np.array([point.x for point in points]), np.array([point.y for point in points])
    nobody, nowhere = np.full(len(x), None, dtype=object), np.full(len(x), np.inf)
    village, _ = villages.locate(x, y) if villages else (nobody, nowhere)
    grid, metres = cells.locate(x, y) if cells else (nobody, nowhere)
    for at, report in enumerate(reports):
        report.village_code, report.grid_code = village[at], grid[at]
        report.distance_m = float(metres[at]) if np.isfinite(metres[at]) else None


def strange_points(session: Session, *conditions: sa.ColumnElement[bool]) -> set[int]:
    """Ids of freshly loaded reports whose points should not be believed, see `geo.doubt.doubtful_points`.

    The groups are the villages or beats that the file declares; reports that were there before tell where they lie.
    Call it before the points are looked up, which overwrites what the file declares.
    """
    fresh = sa.and_(Report.assignment.is_(None), Report.geom.is_not(None))
    if session.scalar(sa.select(Report.id).where(*conditions, fresh).limit(1)) is None:
        return set()
    number: sa.Double[float] = sa.Double()
    place = (sa.func.ST_X(Report.geom, type_=number), sa.func.ST_Y(Report.geom, type_=number))
    columns = (Report.id, Report.assignment, Report.village_code, Report.address_text)
    rows = session.execute(sa.select(*columns, *place).where(Report.geom.is_not(None)).order_by(Report.id)).all()
    ids, kinds, areas, texts, lon, lat = zip(*rows, strict=True)
    scale = float(np.cos(np.radians(np.median(lat))))
    x, y = np.array(lon) * METRES_PER_DEGREE * scale, np.array(lat) * METRES_PER_DEGREE
    strange = doubtful_points(x, y, areas, texts=texts)
    return {ids[at] for at in np.flatnonzero(strange).tolist() if kinds[at] is None}
