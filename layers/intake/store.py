"""The rows of new reports: what is written of each, and with what it is linked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import VILLAGE_DIGITS
from layers.geocode.placing import candidate_rows
from layers.intake.content import ReportContent
from layers.intake.ground import Home
from layers.intake.rows import LAT, LON, insert_reports, insert_rows
from layers.intake.submission import Submission, TakenReport
from layers.tables import LinkKind, ReportCandidate, ReportLink, ReportState
from layers.workflow.duplicates import Duplicate, LinkedReport, Place, find_duplicates
from layers.workflow.duty import Duty, DutyBook

_FIXED = {
    "state": ReportState.REPORTED.value,
    "supervision": "NONE",
    "urgency": "NORMAL",
    "legacy": False,
    "revision": 1,
}


def store_reports(
    session: Session, sent: Sequence[tuple[Submission, Home]], book: DutyBook
) -> list[TakenReport | None]:
    """(n,) the reports that were stored, each with its first step, event, links and candidates.

    Keys differ. None stands for a report whose key was there already: of that one nothing is stored.
    """
    duties = [
        book.duty(
            one.content.category,
            one.content.subtype,
            grid_code=home.grid_code,
            village_code=home.village_code,
            begun=one.now,
        )
        for one, home in sent
    ]
    alike = find_duplicates(session, [_place(one, home) for one, home in sent])
    rows = [_row(one, home, duty) for (one, home), duty in zip(sent, duties, strict=True)]
    steps = [_step(one) for one, _ in sent]
    ids = insert_reports(session.connection(), rows, steps, [_event(one, home) for one, home in sent])
    # One that was sent in the same batch and is stored already was found in the database too.
    alike = [[one for one in found if one.other.id is not None or one.other.report_key in ids] for found in alike]
    taken = [
        _taken(one, home, duty, ids[one.key], found) if one.key in ids else None
        for (one, home), duty, found in zip(sent, duties, alike, strict=True)
    ]
    links = [row for (one, _), found in zip(sent, alike, strict=True) for row in _links(one, found, ids)]
    insert_rows(session.connection(), ReportLink.__table__, links)
    candidates = [
        row for (one, home) in sent if one.key in ids for row in candidate_rows(ids[one.key], home.candidates)
    ]
    if candidates:
        session.execute(sa.insert(ReportCandidate), candidates)
    return taken


def _reported_at(one: Submission) -> datetime:
    return one.content.reported_at or one.now


def _row(one: Submission, home: Home, duty: Duty) -> dict[str, Any]:
    content, (lon, lat) = one.content, _point(one.content, home)
    return {
        "report_key": one.key,
        "reported_at": _reported_at(one),
        "category": str(content.category),
        "subtype": content.subtype,
        "source": str(content.source),
        "severity": content.severity,
        "description": content.description,
        "address_text": content.address_text,
        "digest": content.digest,
        "village_code": home.village_code,
        "grid_code": home.grid_code,
        "assignment": home.assignment.value,
        "distance_m": home.distance_m,
        "confidence": home.confidence,
        "radius_m": home.radius_m,
        "address_level": home.address_level,
        "address_key": home.address_key,
        "due_at": duty.due_at,
        "team_id": duty.team_id,
        **_FIXED,
        LON: lon,
        LAT: lat,
    }


def _point(content: ReportContent, home: Home) -> tuple[float | None, float | None]:
    """Longitude and latitude that are stored: the sender's, else those of the address."""
    return (content.lon, content.lat) if content.lon is not None or home.point is None else home.point


def _place(one: Submission, home: Home) -> Place:
    content, (lon, lat) = one.content, _point(one.content, home)
    return Place(
        report_key=one.key,
        category=str(content.category),
        reported_at=_reported_at(one),
        subtype=content.subtype,
        description=content.description,
        address_text=content.address_text,
        lon=lon,
        lat=lat,
        village_code=home.village_code,
        grid_code=home.grid_code,
    )


def _step(one: Submission) -> dict[str, Any]:
    """The beginning of its history."""
    return {"sequence": 1, "at": one.now, "by": one.created_by, "step": "report", "state": _FIXED["state"]}


def _event(one: Submission, home: Home) -> dict[str, Any]:
    """What the outbox tells others."""
    lon, lat = _point(one.content, home)
    return {
        "topic": "report.created",
        "scope_code": home.grid_code or home.village_code or "",
        "payload": {
            "report_key": one.key,
            "category": str(one.content.category),
            "state": _FIXED["state"],
            "reported_at": _reported_at(one).astimezone(UTC).isoformat(),
            "grid_code": home.grid_code,
            "lon": lon,
            "lat": lat,
        },
        "created_at": one.now,
    }


def _taken(one: Submission, home: Home, duty: Duty, number: int, alike: Sequence[Duplicate]) -> TakenReport:
    lon, lat = _point(one.content, home)
    area = "village_code" if len(one.scope.code) <= VILLAGE_DIGITS else "grid_code"
    links = [
        LinkedReport(found.other.report_key, LinkKind.DUPLICATE, found.likeness.score, found.likeness.reason)
        for found in alike
        if one.scope.covers(getattr(found.other, area))
    ]
    return TakenReport(
        id=number,
        report_key=one.key,
        category=str(one.content.category),
        state=ReportState.REPORTED.value,
        digest=one.content.digest,
        village_code=home.village_code,
        grid_code=home.grid_code,
        assignment=home.assignment.value,
        distance_m=home.distance_m,
        reported_at=_reported_at(one),
        lon=lon,
        lat=lat,
        duty=duty,
        links=sorted(links, key=lambda link: (-link.score, link.report_key)),
    )


def _links(one: Submission, alike: Sequence[Duplicate], ids: dict[str, int]) -> list[dict[str, Any]]:
    if one.key not in ids:
        return []
    return [
        {
            "report_id": ids[one.key],
            "other_id": ids[found.other.report_key] if found.other.id is None else found.other.id,
            "kind": LinkKind.DUPLICATE.value,
            "score": found.likeness.score,
            "reason": found.likeness.reason,
            "at": one.now,
        }
        for found in alike
    ]
