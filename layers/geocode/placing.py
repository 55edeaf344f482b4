"""Give a report its grid by its address text, or put it into the review queue with what it may mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import shapely
import sqlalchemy as sa
from geoalchemy2.shape import to_shape
from sqlalchemy.orm import Session

from layers.geocode.doubt import doubt_of
from layers.geocode.library import Library
from layers.geocode.model import FINE, Candidate, Geocoded
from layers.geometry import to_sql
from layers.tables import AddressLevel, Assignment, Report, ReportCandidate

MAX_CANDIDATES = 5
_POINT_KINDS = (Assignment.INSIDE, Assignment.NEAREST, Assignment.OUTSIDE)


def place_report(session: Session, report: Report, library: Library, found: Geocoded | None = None) -> Report:
    """Home a report by its address text where it has no point, and doubt its point where the two disagree.

    Without a point: a text that is sure of its grid makes the report an ADDRESS report; any other text puts it into
    the review queue (REVIEW) with up to five candidates; without a text it is NO_PLACE. With a point: the report keeps
    the grid of its point unless text and point contradict each other or the point makes no sense; then it waits in
    the queue with the grids of both. The point of an ADDRESS report is stored only if the text is known to a house
    number or nearer, `radius_m` beside it.

    report : is or gets stored by the session, its point already looked up by `layers.assignment.locate_report`
    found : what the library says about the text, for callers that ask it for many texts at once

    What an officer has decided (REVIEWED) stays as it is.
    """
    if report.assignment == Assignment.REVIEWED:
        return report
    text = (report.address_text or "").strip()
    by_point = report.geom is not None and report.assignment in _POINT_KINDS
    if by_point and not text:
        return report
    if not text:
        _set(report, Assignment.NO_PLACE)
        return report
    answer = found if found is not None else library.geocode([text])[0]
    if by_point:
        point: Any = to_shape(report.geom)
        doubt = doubt_of(answer, point.x, point.y, outside=report.assignment == Assignment.OUTSIDE)
        if doubt is None:
            return report
        report.assignment = Assignment.REVIEW
        report.confidence, report.radius_m, report.address_level = answer.confidence, answer.radius_m, answer.level
        _queue(session, report, (*answer.candidates[: MAX_CANDIDATES - 1], _of_point(report, point, doubt)))
        return report
    _by_text(session, report, answer)
    return report


def _by_text(session: Session, report: Report, answer: Geocoded) -> None:
    _set(report, Assignment.ADDRESS if answer.accepted else Assignment.REVIEW)
    report.village_code = answer.village_code
    report.confidence, report.radius_m, report.address_level = answer.confidence, answer.radius_m, answer.level
    if answer.accepted:
        report.grid_code, report.address_key = answer.grid_code, answer.address_key
        if answer.level in FINE and answer.lon is not None:
            report.geom = to_sql([shapely.Point(answer.lon, answer.lat)])[0]
        _queue(session, report, ())
    else:
        _queue(session, report, answer.candidates[:MAX_CANDIDATES])


def _set(report: Report, assignment: Assignment) -> None:
    report.assignment = assignment
    report.geom = None
    report.village_code = report.grid_code = report.address_key = None
    report.distance_m = report.confidence = report.radius_m = report.address_level = None


def _of_point(report: Report, point: Any, doubt: str) -> Candidate:
    return Candidate(
        label=f"{point.x:.5f}, {point.y:.5f}",
        level=AddressLevel.NONE,
        address_key=None,
        village_code=report.village_code,
        grid_code=report.grid_code,
        lon=point.x,
        lat=point.y,
        confidence=0.5 if report.grid_code else 0.0,
        radius_m=None,
        explain=_Doubt(doubt),
    )


class _Doubt:
    """The trace of a point: why it is not believed."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __call__(self) -> Any:
        from layers.geocode.model import Step

        return (Step("point", "", self.reason, 0.0),)


def _queue(session: Session, report: Report, candidates: Sequence[Candidate]) -> None:
    """Replace the candidates of a report."""
    if report.id is None:
        session.add(report)
        session.flush()
    session.execute(sa.delete(ReportCandidate).where(ReportCandidate.report_id == report.id))
    if candidates:
        session.execute(sa.insert(ReportCandidate), candidate_rows(report.id, candidates))


def candidate_rows(report_id: int, candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """Rows for the table of candidates, rank 1 first."""
    points = [None if one.lon is None else shapely.Point(one.lon, one.lat) for one in candidates]
    return [
        {
            "report_id": report_id, "rank": rank, "label": one.label[:400], "level": one.level.value,
            "address_key": one.address_key, "village_code": one.village_code, "grid_code": one.grid_code,
            "confidence": one.confidence, "radius_m": one.radius_m, "trace": [list(step) for step in one.trace],
            "geom": geom,
        }
        for rank, (one, geom) in enumerate(zip(candidates, to_sql(points), strict=True), 1)
    ]  # fmt: skip
