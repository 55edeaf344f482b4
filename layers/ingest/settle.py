"""Reports of a file get what a report by the API gets: its grid, its deadline, its team and links to its like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import EVERYWHERE
from layers.geocode.homing import home_by_text
from layers.geocode.territory import Territory
from layers.grids import grid_frame
from layers.ingest.arrays import objects
from layers.ingest.batch import Batch
from layers.ingest.rules import Rules
from layers.intake.ground import Ground
from layers.tables import CLOSED_STATES, Address, GridLevel, LinkKind, Place, Report, ReportLink, ReportState, Road
from layers.workflow.duplicates import Place as Compared
from layers.workflow.duplicates import find_duplicates
from layers.workflow.duty import give_duties

LINKED_FOR = timedelta(days=30)
"""Older reports are not looked through for others like them: nobody works on them any more."""

_COMPARED_AT_ONCE = 500


def home_reports(session: Session, batch: Batch, ground: Ground) -> None:
    """Note the grid of every point in `batch.derived`; closed reports too, by the grids in force today.

    A row that is loaded again without having moved keeps the grid it has. Without any grid nothing is noted, and the
    reports are homed with everything else when there is one.
    """
    if ground.is_empty:
        return
    homes = ground.locate(session, shapely.get_x(batch.geometry), shapely.get_y(batch.geometry))
    batch.derived = {
        "village_code": objects(home.village_code for home in homes),
        "grid_code": objects(home.grid_code for home in homes),
        "assignment": objects(home.assignment.value for home in homes),
        "distance_m": objects(home.distance_m for home in homes),
    }


def settle_reports(session: Session, load_id: int, updated: Sequence[int], rules: Rules) -> None:
    """Finish the rows that a load has stored or changed.

    Texts are read where there is no point, and compared with points where there are addresses to compare with. Every
    report is given the deadline that runs from when it was reported, closed ones too, since the weekly figures ask
    whether they were in time; only open ones get a team, and only open ones of the last 30 days links. What somebody
    has dispatched already keeps its team, and a deadline that is set stays.
    """
    own = Report.load_id == load_id
    _read_texts(session, own, rules)
    give_duties(session, own, calendar=rules.calendar)
    before = set(updated)
    live = sa.and_(own, Report.state.not_in((*CLOSED_STATES, ReportState.DRAFT)))
    recent = sa.and_(live, Report.reported_at >= rules.now - LINKED_FOR)
    for rows in _parts(session, recent):
        _link(session, [row for row in rows if row.id not in before], load_id, rules)


def _read_texts(session: Session, own: sa.ColumnElement[bool], rules: Rules) -> None:
    text = sa.and_(Report.address_text.is_not(None), Report.address_text != "")
    if not any(session.execute(sa.select(table.id).limit(1)).first() for table in (Address, Place, Road)):
        text = sa.and_(text, Report.geom.is_(None))
    ids = list(session.scalars(sa.select(Report.id).where(own, text).order_by(Report.id)))
    if not ids:
        return
    today = rules.now.date()
    villages, cells = (
        Territory.of(grid_frame(session, EVERYWHERE, level=level, as_of=today))
        for level in (GridLevel.VILLAGE, GridLevel.CELL)
    )
    if villages is not None or cells is not None:
        home_by_text(session, ids, villages, cells, as_of=today)


_COLUMNS = ("id", "report_key", "category", "reported_at", "subtype", "description", "address_text")
_PLACED = ("village_code", "grid_code")


def _parts(session: Session, condition: sa.ColumnElement[bool]) -> Iterator[list[Any]]:
    """The rows that meet a condition, some at a time, in the order of their ids."""
    table: Any = Report.__table__
    number: sa.Double[float] = sa.Double()
    columns = [table.c[name] for name in (*_COLUMNS, *_PLACED)]
    columns += [sa.func.ST_X(table.c.geom, type_=number).label("lon")]
    columns += [sa.func.ST_Y(table.c.geom, type_=number).label("lat")]
    after = 0
    while True:
        statement = (
            sa.select(*columns).where(condition, table.c.id > after).order_by(table.c.id).limit(_COMPARED_AT_ONCE)
        )
        rows = list(session.connection().execute(statement))
        if not rows:
            return
        yield rows
        after = rows[-1].id


def _link(session: Session, rows: Sequence[Any], load_id: int, rules: Rules) -> None:
    names = (*_COLUMNS, *_PLACED, "lon", "lat")
    places = [Compared(**{name: getattr(row, name) for name in names}) for row in rows]
    links = [
        {
            "report_id": place.id,
            "other_id": found.other.id,
            "kind": LinkKind.DUPLICATE.value,
            "score": found.likeness.score,
            "reason": found.likeness.reason,
            "at": rules.now,
        }
        for place, alike in zip(places, find_duplicates(session, places, load_id=load_id), strict=True)
        for found in alike
    ]
    if links:
        session.connection().execute(sa.insert(ReportLink.__table__), links)  # type: ignore[arg-type]
