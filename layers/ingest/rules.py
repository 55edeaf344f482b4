"""What the caller decided for a load."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from layers.access import Scope
from layers.calendar import CHINA, WorkCalendar


@dataclass(frozen=True)
class Rules:
    """Options of `load_file` that rules of single layers ask for; see there."""

    level: str | None
    parent_code: str | None
    valid_from: date | None
    now: datetime
    loaded_by: str
    scope: Scope
    keep_geometry: bool
    calendar: WorkCalendar = CHINA
