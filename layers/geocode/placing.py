"""Give a report its grid by its address text, or put it into the review queue with what it may mean."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
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
POINT_KINDS = (Assignment.INSIDE, Assignment.NEAREST, Assignment.OUTSIDE)


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
    place_reports(session, [report], library, None if found is None else [found])
    return report


def place_reports(
    session: Session, reports: Sequence[Report], library: Library, found: Sequence[Geocoded] | None = None
) -> None:
    """`place_report` for (n,) reports, their texts asked at once."""
    answers = found if found is not None else library.geocode([report.address_text for report in reports])
    if any(report.id is None for report in reports):
        session.add_all(reports)
        session.flush()
    queued: dict[int, Sequence[Candidate]] = {}
    for report, answer in zip(reports, answers, strict=True):
        candidates = place_by(report, answer)
        if candidates is not None:
            queued[report.id] = candidates
    _replace(session, queued)


def queue_points(session: Session, reports: Sequence[Report], reason: str) -> None:
    """Put stored reports whose points are not believed into the review queue, with the grid of the point."""
    queued: dict[int, Sequence[Candidate]] = {}
    for report in reports:
        if report.assignment in POINT_KINDS and report.geom is not None:
            queued[report.id] = (_of_point(report, to_shape(report.geom), reason),)
            report.assignment = Assignment.REVIEW
    _replace(session, queued)


def _replace(session: Session, queued: dict[int, Sequence[Candidate]]) -> None:
    """Store the candidates of reports in place of those that they had."""
    if queued:
        session.flush()
        session.execute(sa.delete(ReportCandidate).where(ReportCandidate.report_id.in_(list(queued))))
        rows = [row for key, candidates in queued.items() for row in candidate_rows(key, candidates)]
        if rows:
            session.execute(sa.insert(ReportCandidate), rows)


def place_by(report: Report, answer: Geocoded) -> Sequence[Candidate] | None:
    """Set the place of one report, stored or not, by what the library says about its text.

    Gives its candidates for the queue, None where those it has stay as they are.
    """
    text = (report.address_text or "").strip()
    if report.assignment == Assignment.REVIEWED:
        return None
    if report.geom is not None and report.assignment in POINT_KINDS:
        return _compare(report, answer) if text else None
    accepted = bool(text) and answer.accepted
    point = None
    if accepted and answer.level in FINE and answer.lon is not None:
        point = shapely.Point(answer.lon, answer.lat)
    values = {
        "assignment": Assignment.ADDRESS if accepted else Assignment.REVIEW if text else Assignment.NO_PLACE,
        "village_code": answer.village_code,
        "grid_code": answer.grid_code if accepted else None,
        "address_key": answer.address_key if accepted else None,
        "confidence": answer.confidence if text else None,
        "radius_m": answer.radius_m,
        "address_level": answer.level.value if text else None,
        "distance_m": None,
    }
    _update(report, values)
    held: Any = None if report.geom is None else to_shape(report.geom)
    if (held is None) != (point is None) or (held is not None and held.distance(point) > 1e-9):
        report.geom = None if point is None else to_sql([point])[0]
    return () if accepted else answer.candidates[:MAX_CANDIDATES]


def _compare(report: Report, answer: Geocoded) -> Sequence[Candidate] | None:
    """Doubt the point of a report whose text leads elsewhere."""
    point: Any = to_shape(report.geom)
    doubt = doubt_of(answer, point.x, point.y, outside=report.assignment == Assignment.OUTSIDE)
    if doubt is None:
        return None
    report.assignment = Assignment.REVIEW
    _update(
        report,
        {"confidence": answer.confidence, "radius_m": answer.radius_m, "address_level": answer.level.value},
    )
    return (*answer.candidates[: MAX_CANDIDATES - 1], _of_point(report, point, doubt))


def _update(report: Report, values: dict[str, Any]) -> None:
    """Set what differs, so that a report that stays as it is keeps its revision."""
    for name, value in values.items():
        if getattr(report, name) != value:
            setattr(report, name, value)


def _of_point(report: Report, point: Any, doubt: str) -> Candidate:
    return Candidate(
        level=AddressLevel.NONE,
        address_key=None,
        village_code=report.village_code,
        grid_code=report.grid_code,
        lon=point.x,
        lat=point.y,
        confidence=0.5 if report.grid_code else 0.0,
        radius_m=None,
        name=partial("{:.5f}, {:.5f}".format, point.x, point.y),
        explain=_Doubt(doubt),
    )


class _Doubt:
    """The trace of a point: why it is not believed."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __call__(self) -> Any:
        from layers.geocode.model import Step

        return (Step("point", "", self.reason, 0.0),)


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
