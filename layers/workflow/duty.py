"""Whose duty a report is and until when: asked for many reports at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.calendar import CHINA, WorkCalendar
from layers.tables import CLOSED_STATES, CatalogueItem, Report, Team, TimeUnit
from layers.workflow.catalogue import due_at
from layers.workflow.teams import area_chain, level_of

WORKING = frozenset({TimeUnit.WORKING_HOURS, TimeUnit.WORKING_DAYS})
_AREAS_PER_STATEMENT = 5_000
_REPORTS_AT_ONCE = 5_000


@dataclass(frozen=True)
class Duty:
    """When a report is due and which team is nearest to it among the levels that may act.

    `team` has the columns of `Team`; `working` says whether the deadline runs in office hours only.
    """

    due_at: datetime | None
    team: Any | None
    working: bool

    @property
    def team_id(self) -> int | None:
        """The number of the team."""
        return None if self.team is None else int(self.team.id)


class DutyBook:
    """The whole catalogue, and the teams of some places and of the areas around them.

    Parameters
    ----------
    places : grid and village codes, either may be None
    """

    def __init__(
        self, session: Session, places: Iterable[tuple[str | None, str | None]], calendar: WorkCalendar
    ) -> None:
        self._calendar = calendar
        items = session.connection().execute(sa.select(CatalogueItem.__table__)).all()
        self._items: dict[tuple[str, str], Any] = {(item.category, item.subtype): item for item in items}
        self._teams: dict[str, list[Any]] = {}
        self._due: dict[tuple[int, datetime], datetime | None] = {}
        self.add(session, places)

    def add(self, session: Session, places: Iterable[tuple[str | None, str | None]]) -> None:
        """Read the teams of more places; those that were read already stay as they were."""
        areas = {area for grid, village in set(places) for area in area_chain(grid, village)}
        missing = sorted(areas - self._teams.keys())
        self._teams |= {area: [] for area in missing}
        for start in range(0, len(missing), _AREAS_PER_STATEMENT):
            part = missing[start : start + _AREAS_PER_STATEMENT]
            table: Any = Team.__table__
            found = sa.select(table).where(table.c.area_code.in_(part)).order_by(table.c.name)
            for team in session.connection().execute(found):
                self._teams[team.area_code].append(team)

    def item(self, category: str, subtype: str | None) -> Any | None:
        """The item of a matter: that of its subtype, else that of its whole category, else None."""
        return self._items.get((category, subtype or "")) or self._items.get((category, ""))

    def duty(
        self, category: str, subtype: str | None, *, grid_code: str | None, village_code: str | None, begun: datetime
    ) -> Duty:
        """The duty of a report that came in at `begun`."""
        item = self.item(category, subtype)
        if item is None:
            return Duty(None, self._team(area_chain(grid_code, village_code), None), False)
        able = [area for area in area_chain(grid_code, village_code) if level_of(area) in item.levels]
        return Duty(self._deadline(item, begun), self._team(able, item.platform), item.deadline_unit in WORKING)

    def _deadline(self, item: Any, begun: datetime) -> datetime | None:
        known = (item.id, begun)
        if known not in self._due:
            self._due[known] = due_at(item, begun, self._calendar)
        return self._due[known]

    def _team(self, areas: Iterable[str], platform: str | None) -> Any | None:
        """The team of the first of the areas that has one: of that platform, else one that takes every matter."""
        for area in areas:
            teams = self._teams.get(area, ())
            for wanted in dict.fromkeys((platform, None)):
                found = next((team for team in teams if team.platform == wanted), None)
                if found is not None:
                    return found
        return None


def give_duties(session: Session, *conditions: Any, calendar: WorkCalendar = CHINA) -> int:
    """Give the reports that meet the conditions what they lack; returns how many changed.

    A deadline that is set stays; a missing one runs from when the report was made, for closed ones too, since figures
    ask whether they were in time. Open reports that nobody has dispatched get the team that is nearest to them now.
    """
    changed = 0
    for rows in _parts(session, *conditions):
        changed += _give(session, rows, calendar)
    return changed


def _parts(session: Session, *conditions: Any) -> Iterator[Sequence[Any]]:
    """The reports, some at a time, in the order of their ids."""
    session.flush()
    table: Any = Report.__table__
    names = ("id", "category", "subtype", "state", "reported_at", "village_code", "grid_code", "due_at", "team_id")
    columns, after = [table.c[name] for name in (*names, "held_by")], 0
    while True:
        statement = sa.select(*columns).where(*conditions, table.c.id > after).order_by(table.c.id)
        rows = session.connection().execute(statement.limit(_REPORTS_AT_ONCE)).all()
        if not rows:
            return
        yield rows
        after = rows[-1].id


def _give(session: Session, rows: Sequence[Any], calendar: WorkCalendar) -> int:
    book = DutyBook(session, ((row.grid_code, row.village_code) for row in rows), calendar)
    changes = []
    for row in rows:
        place = {"grid_code": row.grid_code, "village_code": row.village_code}
        duty = book.duty(row.category, row.subtype, **place, begun=row.reported_at)
        due = duty.due_at if row.due_at is None else row.due_at
        team = row.team_id if row.held_by or row.state in CLOSED_STATES else duty.team_id
        if (due, team) != (row.due_at, row.team_id):
            changes.append({"row_id": row.id, "new_due": due, "new_team": team})
    if changes:
        table: Any = Report.__table__
        values = {"due_at": sa.bindparam("new_due", type_=table.c.due_at.type), "team_id": sa.bindparam("new_team")}
        statement = sa.update(table).where(table.c.id == sa.bindparam("row_id")).values(values)
        session.connection().execute(statement, changes)
    return len(changes)
