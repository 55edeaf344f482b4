"""Which reports look like the same matter; they are linked with a score and a reason, and none is dropped."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from rapidfuzz import fuzz
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.tables import LinkKind, Report, ReportLink, ReportState

WINDOW = timedelta(hours=72)
SAME_PLACE_M = 50.0
AT_THE_PLACE, IN_THE_GRID, WITHOUT_TEXT = 0.6, 0.8, 0.6
"""How alike texts must be at the same place and elsewhere in the grid; and what a link without texts scores."""
MOST_CANDIDATES = 60
_METRES_PER_DEGREE = 111_195.0  # on a sphere with the Earth's mean radius


@dataclass(frozen=True)
class Likeness:
    """How much two reports look alike, from 0 to 1, and why."""

    score: float
    reason: str


@dataclass(frozen=True)
class LinkedReport:
    """A report that belongs to another one."""

    report_key: str
    kind: LinkKind
    score: float
    reason: str


def link_duplicates(
    session: Session, report: Report, *, lon: float | None, lat: float | None, now: datetime
) -> list[ReportLink]:
    """Link a stored report to those of its category that look alike and came within three days; gives the links.

    They lie in the same grid or have the same address. At the same place (same address, or at most 50 m apart) texts
    that agree by 60 % are enough, elsewhere in the grid it takes 80 %. Where neither has a text, the same place and
    the same subtype count. Only the 60 newest are looked at, so that a flood of reports stays quick.
    """
    places = []
    if report.grid_code is not None:
        places.append(Report.grid_code == report.grid_code)
    if report.address_text:
        places.append(Report.address_text == report.address_text)
    if not places:
        return []
    number: sa.Double[float] = sa.Double()
    candidates = session.execute(
        sa.select(
            Report.id,
            Report.subtype,
            Report.description,
            Report.address_text,
            sa.func.ST_X(Report.geom, type_=number).label("lon"),
            sa.func.ST_Y(Report.geom, type_=number).label("lat"),
        )
        .where(
            Report.category == report.category,
            Report.reported_at.between(report.reported_at - WINDOW, report.reported_at + WINDOW),
            Report.id != report.id,
            Report.state.not_in((ReportState.DRAFT, ReportState.VOID)),
            sa.or_(*places),
        )
        .order_by(Report.reported_at.desc(), Report.id.desc())
        .limit(MOST_CANDIDATES)
    ).all()
    links = []
    for other in candidates:
        likeness = compare(report, other, _metres(lon, lat, other.lon, other.lat))
        if likeness is not None:
            values = {"score": likeness.score, "reason": likeness.reason}
            links.append(ReportLink(report_id=report.id, other_id=other.id, kind=LinkKind.DUPLICATE, at=now, **values))
    session.add_all(links)
    return links


def compare(one: Any, other: Any, metres: float) -> Likeness | None:
    """How alike two reports of one grid or address and one category are; None if they seem to be two matters.

    Both have `subtype`, `description` and `address_text`; `metres` lie between them, infinite where it is not known.
    """
    same_address = bool(one.address_text) and letters(one.address_text) == letters(other.address_text)
    at_the_place = same_address or metres <= SAME_PLACE_M
    where = "same address" if same_address else f"{metres:.0f} m apart" if at_the_place else "same grid"
    texts = letters(one.description), letters(other.description)
    if not any(texts):
        if at_the_place and one.subtype and one.subtype == other.subtype:
            return Likeness(WITHOUT_TEXT, f"{where}, same kind, no texts")
        return None
    alike = fuzz.ratio(*texts) / 100
    if alike < (AT_THE_PLACE if at_the_place else IN_THE_GRID):
        return None
    return Likeness(round(alike, 3), f"{where}, texts agree by {alike:.0%}")


def letters(text: str | None) -> str:
    """The letters and digits of a text, full-width ones made half-width, capitals made small."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text or "").casefold() if sign.isalnum())


def linked_reports(session: Session, report_id: int, scope: Scope) -> Sequence[LinkedReport]:
    """The reports inside the scope that are linked to one, in either direction, the most alike first."""
    other_id = sa.case((ReportLink.report_id == report_id, ReportLink.other_id), else_=ReportLink.report_id)
    rows = session.execute(
        sa.select(Report.report_key, ReportLink.kind, ReportLink.score, ReportLink.reason)
        .join(Report, Report.id == other_id)
        .where(sa.or_(ReportLink.report_id == report_id, ReportLink.other_id == report_id), scope.located(Report))
        .order_by(ReportLink.score.desc(), Report.report_key)
    )
    return [LinkedReport(row.report_key, LinkKind(row.kind), row.score, row.reason) for row in rows]


def _metres(lon: float | None, lat: float | None, other_lon: float | None, other_lat: float | None) -> float:
    if lon is None or lat is None or other_lon is None or other_lat is None:
        return math.inf
    east = (other_lon - lon) * math.cos(math.radians(lat))
    return math.hypot(east, other_lat - lat) * _METRES_PER_DEGREE
