"""All reports that are known by their text: their grids, and the doubtful points among the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import sqlalchemy as sa
from geoalchemy2.shape import to_shape
from sqlalchemy.orm import Session

from layers.geocode.load import library_for
from layers.geocode.placing import place_reports
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
    session: Session, ids: list[int], villages: Territory | None, cells: Territory | None, *, as_of: date
) -> TextCount:
    """Home the reports with these ids by their texts, by the library and the areas in force on a day."""
    if not ids:
        return TextCount()
    library = library_for(session, as_of)
    counts = np.zeros(5, dtype=int)
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        chosen = (
            sa.select(Report).where(Report.id.in_(part)).order_by(Report.id).execution_options(populate_existing=True)
        )
        reports = session.scalars(chosen).all()
        before = [(report.assignment, report.grid_code) for report in reports]
        with session.no_autoflush:
            _locate_doubted(reports, villages, cells)
            pointless = [report.geom is None or report.assignment == Assignment.ADDRESS for report in reports]
            place_reports(session, reports, library)
        session.flush()
        for report, old, by_text in zip(reports, before, pointless, strict=True):
            kind = report.assignment
            mine = (kind == Assignment.ADDRESS, kind == Assignment.REVIEW)
            named = by_text and report.village_code is not None
            counts += (by_text, named, *mine, (kind, report.grid_code) != old)
    return TextCount(*counts.tolist())


def _locate_doubted(reports: Any, villages: Territory | None, cells: Territory | None) -> None:
    """Look up the points of reports in the queue again: the grids, or the text, may have changed since."""
    doubted = [report for report in reports if report.assignment == Assignment.REVIEW and report.geom is not None]
    if not doubted:
        return
    points: list[Any] = [to_shape(report.geom) for report in doubted]
    x, y = np.array([point.x for point in points]), np.array([point.y for point in points])
    nobody, nowhere = np.full(len(x), None, dtype=object), np.full(len(x), np.inf)
    village, _ = villages.locate(x, y) if villages else (nobody, nowhere)
    grid, metres = cells.locate(x, y) if cells else (nobody, nowhere)
    for at, report in enumerate(doubted):
        inside = metres[at] == 0
        report.assignment = Assignment.INSIDE if inside else Assignment.NEAREST if grid[at] else Assignment.OUTSIDE
        report.village_code, report.grid_code = village[at], grid[at]
        report.distance_m = float(metres[at]) if np.isfinite(metres[at]) else None
