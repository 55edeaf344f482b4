"""Read reports and their history, and take in new ones."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import geopandas as gpd
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import EVERYWHERE, VILLAGE_DIGITS, Scope
from layers.assignment import locate_report
from layers.calendar import CHINA, WorkCalendar
from layers.errors import InvalidInputError, KeyReusedError
from layers.geometry import Bounds, select_frame, to_sql, within_bounds
from layers.tables import Outbox, Report, ReportCategory, ReportEvent, ReportSource, ReportState
from layers.workflow.duplicates import link_duplicates
from layers.workflow.steps import give_deadline_and_team

MAX_KEY, MAX_ADDRESS, MAX_SUBTYPE, MAX_DESCRIPTION = 128, 400, 60, 10_000
CLOCK_TOLERANCE = timedelta(minutes=10)

COLUMNS = (
    Report.id,
    Report.report_key,
    Report.reported_at,
    Report.category,
    Report.subtype,
    Report.source,
    Report.severity,
    Report.state,
    Report.description,
    Report.address_text,
    Report.closed_at,
    Report.village_code,
    Report.grid_code,
    Report.assignment,
    Report.distance_m,
    Report.held_by,
    Report.due_at,
    Report.extended_until,
    Report.supervision,
    Report.urgency,
    Report.legacy,
    Report.revision,
)


def report_frame(
    session: Session,
    scope: Scope,
    *,
    bounds: Bounds | None = None,
    grid_code: str | None = None,
    village_code: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    states: Collection[str] | None = None,
    categories: Collection[str] | None = None,
    keys: Collection[str] | None = None,
    limit: int | None = None,
    after: tuple[datetime, int] | None = None,
) -> gpd.GeoDataFrame:
    """Reports, the newest first.

    Parameters
    ----------
    bounds : degrees; only reports with a point inside or on its edge
    grid_code, village_code : only reports that were assigned to it
    since, until : aware; reported at or after `since` and before `until`
    states, categories, keys : only these
    after : reported_at and id of the last row of a page of `limit` rows, to go on after it

    Returns
    -------
    GeoDataFrame in EPSG:4326 with id, report_key, reported_at (aware, UTC), category, subtype, source, severity, state,
    description, address_text, closed_at, village_code, grid_code, assignment, distance_m, held_by, due_at,
    extended_until, supervision, urgency, legacy, revision, and geometry, which is None for a report without a point
    """
    conditions = [scope.located(Report)]
    if bounds is not None:
        conditions.append(within_bounds(session, Report.__table__.c.geom, bounds))
    if grid_code is not None:
        conditions.append(Report.grid_code == grid_code)
    if village_code is not None:
        conditions.append(Report.village_code == village_code)
    if since is not None:
        conditions.append(Report.reported_at >= since)
    if until is not None:
        conditions.append(Report.reported_at < until)
    if states is not None:
        conditions.append(Report.state.in_(states))
    if categories is not None:
        conditions.append(Report.category.in_(categories))
    if keys is not None:
        conditions.append(Report.report_key.in_(keys))
    if after is not None:
        at, row = after
        conditions.append(sa.or_(Report.reported_at < at, sa.and_(Report.reported_at == at, Report.id < row)))
    order = (Report.reported_at.desc(), Report.id.desc())
    return select_frame(session, COLUMNS, Report.geom, *conditions, order_by=order, limit=limit)


def report_history(session: Session, report_id: int) -> Sequence[ReportEvent]:
    """The steps of a report, the first one first."""
    return session.scalars(
        sa.select(ReportEvent).where(ReportEvent.report_id == report_id).order_by(ReportEvent.sequence)
    ).all()


@dataclass(frozen=True)
class ReportContent:
    """What the sender says: degrees for the point, an aware instant; without `reported_at` it is the time of receipt.

    Raises
    ------
    InvalidInputError : a value is out of its range, too long or unknown
    """

    category: str
    source: str
    reported_at: datetime | None = None
    subtype: str | None = None
    severity: int | None = None
    description: str | None = None
    address_text: str | None = None
    lon: float | None = None
    lat: float | None = None

    def __post_init__(self) -> None:
        if self.category not in list(ReportCategory):
            raise InvalidInputError(f"{self.category!r} is no category; take one of {', '.join(ReportCategory)}.")
        if self.source not in list(ReportSource):
            raise InvalidInputError(f"{self.source!r} is no source; take one of {', '.join(ReportSource)}.")
        if self.severity is not None and not 1 <= self.severity <= 4:
            raise InvalidInputError("severity goes from 1 (特别重大) to 4 (一般).")
        if self.reported_at is not None and self.reported_at.tzinfo is None:
            raise InvalidInputError("reported_at needs an offset, for example 2026-03-10T12:00:00+08:00.")
        texts = {"subtype": MAX_SUBTYPE, "address_text": MAX_ADDRESS, "description": MAX_DESCRIPTION}
        for name, longest in texts.items():
            text = getattr(self, name)
            if text is not None and (len(text) > longest or "\x00" in text):
                raise InvalidInputError(f"{name} may have {longest} characters and no null byte; shorten it.")
        if (self.lon is None) != (self.lat is None):
            raise InvalidInputError("A point needs both lon and lat; give both or neither.")
        if self.lon is not None and self.lat is not None and not _on_earth(self.lon, self.lat):
            raise InvalidInputError("lon must lie within ±180 and lat within ±90 degrees; are the two swapped?")

    @property
    def digest(self) -> str:
        """A fingerprint: equal contents, and only those, have the same."""
        values = asdict(self) | {"reported_at": self.reported_at and self.reported_at.astimezone(UTC).isoformat()}
        text = json.dumps(values, sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def create_report(
    session: Session,
    *,
    key: str,
    content: ReportContent,
    now: datetime,
    created_by: str,
    scope: Scope = EVERYWHERE,
    calendar: WorkCalendar = CHINA,
) -> Report:
    """Store a report with its first step and an event for the outbox; find its grid, its team and when it is due.

    A key makes sending safe to repeat: the same key with the same content gives the stored report and changes nothing.
    The grid is the one in force on the day of `now` in its own time zone. Reports that look like this one are linked
    to it. A report that lies in no grid, or has no point, is stored too.

    Raises
    ------
    KeyReusedError : the key belongs to a report with other content
    InvalidInputError : the key is empty or too long, or the report comes from the future
    ForbiddenError : the place lies outside the scope; nothing is stored
    """
    if not key or len(key) > MAX_KEY or not key.isprintable():
        raise InvalidInputError(f"A key has 1 to {MAX_KEY} printable characters.")
    if content.reported_at is not None and content.reported_at > now + CLOCK_TOLERANCE:
        raise InvalidInputError("reported_at lies in the future; check the sender's clock and time zone.")
    stored = _stored(session, key)
    if stored is None:
        try:
            with session.begin_nested():
                stored = _add(session, key, content, now, created_by, scope, calendar)
        except sa.exc.IntegrityError:  # somebody else stored it a moment ago
            stored = _stored(session, key)
            if stored is None:
                raise
    if stored.digest != content.digest:
        raise KeyReusedError("report", key)
    _require(scope, stored)
    return stored


def _on_earth(lon: float, lat: float) -> bool:
    return math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90


def _stored(session: Session, key: str) -> Report | None:
    return session.scalar(sa.select(Report).where(Report.report_key == key))


def _require(scope: Scope, report: Report) -> None:
    """Refuse a place outside the scope; a report without a known place is nobody's, and is taken in."""
    area = report.village_code if len(scope.code) <= VILLAGE_DIGITS else report.grid_code
    if report.village_code is not None:
        scope.require(area)


def _add(
    session: Session,
    key: str,
    content: ReportContent,
    now: datetime,
    created_by: str,
    scope: Scope,
    calendar: WorkCalendar,
) -> Report:
    at = content.reported_at or now
    has_point = content.lon is not None
    report = Report(
        report_key=key,
        reported_at=at,
        category=content.category,
        subtype=content.subtype,
        source=content.source,
        severity=content.severity,
        state=ReportState.REPORTED,
        description=content.description,
        address_text=content.address_text,
        digest=content.digest,
        geom=to_sql(shapely.Point(content.lon, content.lat))[0] if has_point else None,
    )
    locate_report(session, report, as_of=now.date(), lon=content.lon, lat=content.lat)
    _require(scope, report)
    give_deadline_and_team(session, report, now=now, calendar=calendar)
    session.add(report)
    session.flush()
    link_duplicates(session, report, lon=content.lon, lat=content.lat, now=now)
    session.add(
        ReportEvent(
            report_id=report.id, sequence=1, at=now, by=created_by, step="report", state=report.state, note=None
        )
    )
    session.add(
        Outbox(
            topic="report.created",
            scope_code=report.grid_code or report.village_code or "",
            payload={
                "report_key": key,
                "category": report.category,
                "state": report.state,
                "reported_at": at.astimezone(UTC).isoformat(),
                "grid_code": report.grid_code,
                "lon": content.lon,
                "lat": content.lat,
            },
            created_at=now,
        )
    )
    session.flush()
    return report
