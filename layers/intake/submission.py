"""What is sent in, and what it has become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from layers.access import EVERYWHERE, VILLAGE_DIGITS, Scope
from layers.errors import LayersError
from layers.intake.content import ReportContent
from layers.workflow.duplicates import LinkedReport
from layers.workflow.duty import Duty


@dataclass(frozen=True)
class Submission:
    """A report that somebody sends under a key of his own; `now` is when it came, in the time zone of the place."""

    key: str
    content: ReportContent
    now: datetime
    created_by: str
    scope: Scope = EVERYWHERE

    def refusal(self) -> LayersError | None:
        """Why it cannot be taken whatever is stored; None where it can."""
        try:
            self.content.check(self.key, self.now)
        except LayersError as error:
            return error
        return None

    def outside(self, village_code: str | None, grid_code: str | None) -> LayersError | None:
        """Why a place may not be reported by its scope; a report without a known place is nobody's, and is taken in."""
        if village_code is None:
            return None
        try:
            self.scope.require(village_code if len(self.scope.code) <= VILLAGE_DIGITS else grid_code)
        except LayersError as error:
            return error
        return None


@dataclass(frozen=True)
class TakenReport:
    """A report that is stored; `duty` and `links` are None where an earlier sending had stored it."""

    id: int
    report_key: str
    category: str
    state: str
    digest: str
    village_code: str | None
    grid_code: str | None
    assignment: str | None
    distance_m: float | None
    reported_at: datetime
    lon: float | None = None
    lat: float | None = None
    duty: Duty | None = None
    links: Sequence[LinkedReport] | None = None
