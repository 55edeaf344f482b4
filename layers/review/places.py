"""A place that an officer decided for, with its village and grid in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.assignment import locate_report
from layers.errors import InvalidInputError
from layers.review.queue import Candidate
from layers.tables import AddressLevel, Grid, Report


@dataclass(frozen=True)
class Place:
    """Where a report lies: its point, if one is known, and the village and grid in force."""

    point: shapely.Point | None
    village_code: str
    grid_code: str | None
    level: str
    address_key: str | None
    radius_m: float | None
    distance_m: float | None


def place_of(session: Session, candidate: Candidate, *, as_of: date) -> Place:
    """The place of a candidate; where its grid was replaced since it was found, the grid of its point today.

    Raises
    ------
    InvalidInputError : its grid is no longer in force and it has no point, or none inside a grid
    """
    known = candidate.lon is not None and candidate.lat is not None
    if not _in_force(session, candidate.grid_code or candidate.village_code, as_of):
        if not known:
            raise InvalidInputError(
                f"The grid of candidate {candidate.rank} is no longer in force; correct the place instead."
            )
        return place_at(session, candidate.lon, candidate.lat, as_of=as_of, level=candidate.level)
    village = candidate.village_code or str(candidate.grid_code)[:12]
    return Place(
        shapely.Point(candidate.lon, candidate.lat) if known else None,
        village,
        candidate.grid_code,
        candidate.level,
        candidate.address_key,
        candidate.radius_m,
        None,
    )


def place_at(
    session: Session, lon: float | None, lat: float | None, *, as_of: date, level: str = AddressLevel.NONE
) -> Place:
    """The place at a point in degrees, by the rule that gives reports their grid.

    Raises
    ------
    InvalidInputError : the point lies on no grid and near none, or nowhere on earth
    """
    if lon is None or lat is None or not (abs(lon) <= 180 and abs(lat) <= 90):  # also what is not a number
        raise InvalidInputError("lon must lie within ±180 and lat within ±90 degrees; are the two swapped?")
    found = Report()
    locate_report(session, found, as_of=as_of, lon=lon, lat=lat)
    if found.village_code is None:
        raise InvalidInputError(
            f"{lat:.6f}, {lon:.6f} lies in no grid that is in force; choose a point inside one, or give up."
        )
    return Place(shapely.Point(lon, lat), found.village_code, found.grid_code, level, None, None, found.distance_m)


def _in_force(session: Session, code: str | None, as_of: date) -> bool:
    if code is None:
        return False
    found = sa.exists().where(
        Grid.code == code, Grid.valid_from <= as_of, sa.or_(Grid.valid_to.is_(None), Grid.valid_to > as_of)
    )
    return bool(session.scalar(sa.select(found)))
