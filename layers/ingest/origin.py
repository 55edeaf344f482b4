"""Where a file comes from: its checksum, and whether its coordinates are of the system they claim."""

from __future__ import annotations

from hashlib import file_digest, sha256
from pathlib import Path

import geopandas as gpd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo.crs import detect_shift
from layers.geometry import Bounds, select_frame, within_bounds
from layers.ingest.arrays import Array
from layers.tables import SRID, Grid, GridLevel

_AROUND = 0.02  # degrees, about twice the way from WGS 84 to BD-09


def shift_against_boundaries(session: Session, shapes: Array, bounds: Bounds, load_id: int) -> str | None:
    """A warning where shapes lie as a whole by the GCJ-02 or BD-09 vector beside the boundaries of other loads."""
    west, south, east, north = bounds
    area = (west - _AROUND, south - _AROUND, east + _AROUND, north + _AROUND)
    reference = select_frame(
        session,
        (Grid.id,),
        Grid.geom,
        Grid.valid_from.is_not(None),
        Grid.valid_to.is_(None),
        Grid.level.in_([GridLevel.TOWN, GridLevel.VILLAGE]),
        sa.or_(Grid.load_id.is_(None), Grid.load_id != load_id),
        within_bounds(session, Grid.__table__.c.geom, area),
        order_by=Grid.id,
    )
    if reference.empty:
        return None
    shift = detect_shift(gpd.GeoSeries(shapes, crs=SRID), reference.geometry)
    if not shift.kind:
        return None
    return f"Compared with the loaded boundaries, {shift.reason}. Load it again with the right crs."


def checksum(path: Path) -> str:
    """SHA-256 of the file; of a Shapefile, of all its parts in the order of their names."""
    if path.suffix.lower() != ".shp":
        with path.open("rb") as stream:
            return file_digest(stream, "sha256").hexdigest()
    parts = sorted(
        part
        for part in path.parent.iterdir()
        if part.stem == path.stem and part.suffix.lower() in {".shp", ".shx", ".dbf", ".prj", ".cpg"}
    )
    whole = sha256()
    for part in parts:
        with part.open("rb") as stream:
            whole.update(file_digest(stream, "sha256").digest())
    return whole.hexdigest()
