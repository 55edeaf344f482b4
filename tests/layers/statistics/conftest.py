"""A small world of reports with courses that are written down step by step, so that figures can be counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from shapely import Point
from sqlalchemy.orm import Session

from layers.statistics.weeks import ZONE
from layers.tables import Report, ReportEvent
from tests.two_towns import NORTH, geom

STATES = {"report": "REPORTED", "accept": "ACCEPTED", "dispatch": "DISPATCHED", "start": "IN_PROGRESS",
    "handle": "HANDLED", "close": "CLOSED", "close_on_the_spot": "CLOSED", "return": "RETURNED",
    "reopen": "IN_PROGRESS", "follow_up": "FOLLOWED_UP", "approve_extension": "IN_PROGRESS",
    "load": "CLOSED"}  # fmt: skip


def at(text: str) -> datetime:
    """An instant in Chinese time, such as 2026-05-11 08:00."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.fixture
def course(world: Session) -> Callable[..., Report]:
    """Stores a report and its history: `course("r1", report="2026-05-11 08:00", accept="2026-05-11 09:00")`."""

    def store(key: str, cell: str = f"{NORTH}001", more: dict | None = None, **steps: str) -> Report:
        values = {"category": "SAFETY", "source": "PATROL", "village_code": cell[:12], "grid_code": cell} | (more or {})
        instants = [(step.rstrip("_"), at(text)) for step, text in steps.items()]
        report = Report(report_key=key, reported_at=instants[0][1], state=STATES[instants[-1][0]], digest="", **values)
        world.add(report)
        world.flush()
        for i, (step, when) in enumerate(instants, start=1):
            event = ReportEvent(report_id=report.id, sequence=i, at=when, by="x", step=step, state=STATES[step])
            world.add(event)
        world.flush()
        return report

    return store


def place(lon: float, lat: float = 29.805) -> object:
    """The value of a report's point."""
    return geom(Point(lon, lat))
