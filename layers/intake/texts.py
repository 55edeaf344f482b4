"""What the address texts of reports say about where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import shapely
from geoalchemy2.shape import to_shape
from sqlalchemy.orm import Session

from layers.geocode.load import library_for
from layers.geocode.placing import place_by
from layers.geometry import to_sql
from layers.intake.content import ReportContent
from layers.intake.ground import Ground, Home
from layers.tables import Assignment, Report


def read_texts(
    session: Session, contents: Sequence[ReportContent], homes: Sequence[Home], *, as_of: Any, ground: Ground | None
) -> list[Home]:
    """(n,) homes by point and text: a text leads where there is no point, and makes a point doubtful it contradicts.

    The rules are those of `layers.geocode.placing.place_report`.
    """
    found = list(homes)
    told = [number for number, content in enumerate(contents) if (content.address_text or "").strip()]
    if not told:
        return found
    library = library_for(session, as_of) if ground is None else ground.library(session)
    answers = library.geocode([contents[number].address_text for number in told])
    for number, answer in zip(told, answers, strict=True):
        found[number] = _home(contents[number], homes[number], answer)
    return found


def _home(content: ReportContent, home: Home, answer: Any) -> Home:
    point = None if content.lon is None else shapely.Point(content.lon, content.lat)
    report = Report(
        address_text=content.address_text,
        geom=None if point is None else to_sql([point])[0],
        village_code=home.village_code,
        grid_code=home.grid_code,
        assignment=home.assignment.value,
        distance_m=home.distance_m,
    )
    candidates = place_by(report, answer)
    led: Any = None if point is not None or report.geom is None else to_shape(report.geom)
    return Home(
        report.village_code,
        report.grid_code,
        Assignment(str(report.assignment)),
        report.distance_m,
        confidence=report.confidence,
        radius_m=report.radius_m,
        address_level=report.address_level,
        address_key=report.address_key,
        point=None if led is None else (led.x, led.y),
        candidates=tuple(candidates or ()),
    )
