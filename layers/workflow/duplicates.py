"""Which reports look like the same matter; they are linked with a score and a reason, and none is dropped."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from rapidfuzz import fuzz
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.tables import LinkKind, Report, ReportLink, ReportState
from layers.tables.base import UtcDateTime

WINDOW = timedelta(hours=72)
SAME_PLACE_M = 50.0
AT_THE_PLACE, IN_THE_GRID, WITHOUT_TEXT = 0.6, 0.8, 0.6
"""How alike texts must be at the same place and elsewhere in the grid; and what a link without texts scores."""
MOST_CANDIDATES = 60
_PLACES_PER_STATEMENT = 50
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


@dataclass(frozen=True)
class Place:
    """What is compared of a report, by the names of its columns; `id` and codes are None before it is stored."""

    report_key: str
    category: str
    reported_at: datetime
    subtype: str | None
    description: str | None
    address_text: str | None
    lon: float | None
    lat: float | None
    id: int | None = None
    village_code: str | None = None
    grid_code: str | None = None


@dataclass(frozen=True)
class Duplicate:
    """A report that an earlier one looks like; `other` has the columns of `Place`."""

    other: Any
    likeness: Likeness


def find_duplicates(session: Session, reports: Sequence[Place], *, load_id: int | None = None) -> list[list[Duplicate]]:
    """(n,) the reports that each one looks like: of its category, within three days, stored or earlier in the list.

    They lie in the same grid or have the same address. At the same place (same address, or at most 50 m apart) texts
    that agree by 60 % are enough, elsewhere in the grid it takes 80 %. Where neither has a text, the same place and
    the same subtype count. Only the 60 newest are looked at, so that a flood of reports stays quick.

    Reports that have an id are stored already; none is compared with itself, and with `load_id`, the load they came by,
    only with rows of that load that have a smaller id.
    """
    stored = _stored(session, reports, load_id)
    mates: dict[tuple[str, str], list[int]] = {}
    found = []
    for number, report in enumerate(reports):
        others = stored[number]
        homes = _homes(report) if report.id is None else []
        for mate in sorted({mate for home in homes for mate in mates.get((report.category, home), ())}):
            if abs(reports[mate].reported_at - report.reported_at) <= WINDOW:
                # Numbers above those of all stored rows: what came last is the newest.
                others.append((reports[mate].reported_at, _LATER + mate, reports[mate]))
        for home in homes:
            mates.setdefault((report.category, home), []).append(number)
        others.sort(key=lambda other: other[:2], reverse=True)
        alike = []
        for _, _, other in others[:MOST_CANDIDATES]:
            likeness = compare(report, other, _metres(report.lon, report.lat, other.lon, other.lat))
            if likeness is not None:
                alike.append(Duplicate(other, likeness))
        found.append(alike)
    return found


_LATER = 1 << 62


def _homes(report: Place) -> list[str]:
    """Under which names a report meets those of its grid and of its address."""
    grid = [f"grid {report.grid_code}"] if report.grid_code is not None else []
    return grid + ([f"address {report.address_text}"] if report.address_text else [])


def _stored(session: Session, reports: Sequence[Place], load_id: int | None) -> list[list[tuple[datetime, int, Any]]]:
    """(n,) the newest stored reports of each one's grid and address, each once."""
    found: list[dict[int, Any]] = [{} for _ in reports]
    connection = session.connection()
    for column in ("grid_code", "address_text"):
        wanted = [number for number, report in enumerate(reports) if getattr(report, column)]
        for start in range(0, len(wanted), _PLACES_PER_STATEMENT):
            part = wanted[start : start + _PLACES_PER_STATEMENT]
            asked = [
                {
                    "home": getattr(reports[number], column),
                    "category": reports[number].category,
                    "since": reports[number].reported_at - WINDOW,
                    "until": reports[number].reported_at + WINDOW,
                    "own": -1 if (own := reports[number].id) is None else own,
                }
                for number in part
            ]
            values: dict[str, Any] = {} if load_id is None else {"load": load_id}
            if connection.dialect.name == "postgresql":
                statement = _newest_lateral(column, load_id is not None)
                rows = [{**one, "place": place} for place, one in enumerate(asked)]
                values["places"] = json.dumps(rows, ensure_ascii=False, default=datetime.isoformat)
            else:
                statement = _newest_united(column, len(part), load_id is not None)
                values |= {f"{name}{place}": value for place, one in enumerate(asked) for name, value in one.items()}
            for row in connection.execute(statement, values):
                found[part[row.place]][row.id] = row
    return [[(row.reported_at, row.id, row) for row in rows.values()] for rows in found]


_COLUMNS = "id, report_key, category, reported_at, subtype, description, address_text, village_code, grid_code"
_TEXTS = ("report_key", "category", "subtype", "description", "address_text", "village_code", "grid_code")


def _newest_at(column: str, of_a_load: bool) -> str:
    """SQL of the newest reports at one place, in the order of the index of `column`; {0} stands for that place."""
    others = " AND (load_id IS NULL OR load_id <> :load OR id < {own})" if of_a_load else ""
    return (
        f"SELECT {_COLUMNS}, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM report"  # noqa: S608 our own names
        f" WHERE {column} = {{home}} AND category = {{category}} AND reported_at BETWEEN {{since}} AND {{until}}"
        f" AND state NOT IN ('{ReportState.DRAFT}', '{ReportState.VOID}') AND id <> {{own}}{others}"
        f" ORDER BY reported_at DESC, id DESC LIMIT {MOST_CANDIDATES}"
    )


_KINDS = {"home": "text", "category": "text", "since": "timestamptz", "until": "timestamptz", "own": "bigint"}


@lru_cache(maxsize=4)
def _newest_lateral(column: str, of_a_load: bool) -> Any:
    """The newest reports at each of some places, which come as one JSON text."""
    one = _newest_at(column, of_a_load).format(**{name: f"v.{name}" for name in _KINDS})
    columns = ", ".join(f"{name} {kind}" for name, kind in _KINDS.items())
    return sa.text(
        "SELECT v.place, r.* "  # noqa: S608 our own names
        f"FROM json_to_recordset(CAST(:places AS json)) AS v({columns}, place integer) CROSS JOIN LATERAL ({one}) AS r"
    )


@lru_cache(maxsize=512)
def _newest_united(column: str, places: int, of_a_load: bool) -> Any:
    """The newest reports at each of some places: a query for each, since one with many conditions would read all."""
    one = _newest_at(column, of_a_load)
    parts = [
        f"SELECT * FROM (SELECT {place} AS place, q.* "  # noqa: S608 our own names
        f"FROM ({one.format(**{name: f':{name}{place}' for name in _KINDS})}) AS q)"
        for place in range(places)
    ]
    instants = [
        sa.bindparam(f"{name}{place}", type_=UtcDateTime()) for place in range(places) for name in ("since", "until")
    ]
    number: sa.Double[float] = sa.Double()
    columns: dict[str, Any] = {"place": sa.Integer(), "id": sa.Integer(), "reported_at": UtcDateTime()}
    columns |= {"lon": number, "lat": number} | {name: sa.String() for name in _TEXTS}
    return sa.text(" UNION ALL ".join(parts)).bindparams(*instants).columns(**columns)


def link_duplicates(
    session: Session, report: Report, *, lon: float | None, lat: float | None, now: datetime
) -> list[ReportLink]:
    """Link a stored report to those it looks like, as `find_duplicates` tells; gives the links that are new."""
    names = ("id", "report_key", "category", "reported_at", "subtype", "description", "address_text")
    values = {name: getattr(report, name) for name in (*names, "village_code", "grid_code")}
    (alike,) = find_duplicates(session, [Place(lon=lon, lat=lat, **values)])
    pairs = sa.select(ReportLink.report_id, ReportLink.other_id)
    known = session.execute(pairs.where(sa.or_(ReportLink.report_id == report.id, ReportLink.other_id == report.id)))
    linked = {number for pair in known for number in pair}
    links = [
        ReportLink(
            report_id=report.id,
            other_id=found.other.id,
            kind=LinkKind.DUPLICATE,
            score=found.likeness.score,
            reason=found.likeness.reason,
            at=now,
        )
        for found in alike
        if found.other.id not in linked
    ]
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


@lru_cache(maxsize=20_000)
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
