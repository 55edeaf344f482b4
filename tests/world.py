"""One tiny world for the tests of storage and doors, drawn on a plane of metres and stored in degrees.

y
600 ┌────────────────┬────────────────┐
    │                │                │     villages …001201 (west) and …001202 (east) of town 330699001,
    │  330699001201  │  330699001202  │     each 10 x 6 blocks of 100 m with 10 households: 600 households,
    │                │                │     two grids of 300
  0 └────────────────┴────────────────┘
    0              1000             2000  x
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import geopandas as gpd
import numpy as np
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.geometry import to_sql
from layers.tables import SRID, Address, Block, Building, Camera, Grid, GridLevel, Household, Load, Report

PLANE = "EPSG:4549"
ORIGIN = (540_000.0, 3_298_000.0)
TOWN = "330699001"
WEST, EAST = f"{TOWN}201", f"{TOWN}202"
START = date(2026, 1, 1)
TODAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)


def degrees(geometries: list[shapely.Geometry]) -> gpd.GeoSeries:
    """Shapes drawn on the plane, in EPSG:4326."""
    moved = shapely.transform(np.array(geometries, dtype=object), lambda xy: xy + ORIGIN)
    return gpd.GeoSeries(moved, crs=PLANE).to_crs(SRID)


def point(x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude of a place on the plane."""
    place = degrees([shapely.Point(x, y)]).iloc[0]
    return place.x, place.y


def multi(shapes: gpd.GeoSeries) -> list[shapely.MultiPolygon]:
    """Polygons as the tables want them."""
    return [shapely.MultiPolygon([shape]) for shape in shapes]


def add_boundaries(session: Session) -> None:
    """The town and its two villages, in force from `START`."""
    boxes = [shapely.box(0, 0, 2000, 600), shapely.box(0, 0, 1000, 600), shapely.box(1000, 0, 2000, 600)]
    # Both villages' corners stand on the town's outline, so that the three are one noded coverage.
    boxes[0] = shapely.Polygon([(0, 0), (1000, 0), (2000, 0), (2000, 600), (1000, 600), (0, 600)])
    rows = zip(
        (TOWN, WEST, EAST),
        ("枫溪镇", "西村", "东村"),
        (GridLevel.TOWN, GridLevel.VILLAGE, GridLevel.VILLAGE),
        (None, TOWN, TOWN),
        to_sql(multi(degrees(boxes))),
        strict=True,
    )
    session.execute(
        sa.insert(Grid),
        [
            {
                "code": code,
                "name": name,
                "level": level,
                "parent_code": parent,
                "area_m2": 6e5,
                "valid_from": START,
                "geom": geom,
            }
            for code, name, level, parent, geom in rows
        ],
    )


def add_blocks(session: Session) -> None:
    """120 blocks of 10 households, as if loaded from a file, and a household point in the middle of each."""
    load = Load(layer="blocks", file_name="blocks.geojson", sha256="", crs="EPSG:4326", loaded_at=NOW, counts={})
    session.add(load)
    session.flush()
    corners = [(x, y) for x in range(0, 2000, 100) for y in range(0, 600, 100)]
    boxes = to_sql(multi(degrees([shapely.box(x, y, x + 100, y + 100) for x, y in corners])))
    centres = to_sql(degrees([shapely.Point(x + 50, y + 50) for x, y in corners]))
    session.execute(
        sa.insert(Block),
        [
            {
                "block_key": f"b{x:04d}{y:03d}",
                "village_code": WEST if x < 1000 else EAST,
                "households": 10,
                "digest": "",
                "load_id": load.id,
                "geom": geom,
            }
            for (x, y), geom in zip(corners, boxes, strict=True)
        ],
    )
    session.execute(
        sa.insert(Household),
        [
            {"household_key": f"h{x:04d}{y:03d}", "households": 10, "digest": "", "geom": geom}
            for (x, y), geom in zip(corners, centres, strict=True)
        ],
    )


def add_places(session: Session) -> None:
    """A building, two cameras, an address, and four reports: inside, just outside, far outside, without a point."""
    building = to_sql(multi(degrees([shapely.box(200, 300, 260, 320)])))[0]
    session.execute(
        sa.insert(Building), [{"building_key": "school", "name": "枫溪小学", "digest": "", "geom": building}]
    )
    near = to_sql(degrees([shapely.Point(230, 290), shapely.Point(1500, 300)]))
    session.execute(
        sa.insert(Camera),
        [
            {
                "camera_id": "33069900001321000001",
                "bearing_deg": 0.0,
                "fov_deg": 90.0,
                "range_m": 60.0,
                "ptz_type": 3,
                "digest": "",
                "geom": near[0],
            },
            {"camera_id": "33069900001321000002", "ptz_type": 1, "range_m": 40.0, "digest": "", "geom": near[1]},
        ],
    )
    session.execute(
        sa.insert(Address),
        [
            {
                "address_key": "a1",
                "town": "枫溪镇",
                "village": "西村",
                "road": "枫溪路",
                "number": "12",
                "full_text": "枫溪镇西村枫溪路12号",
                "digest": "",
                "geom": near[0],
            }
        ],
    )
    points = to_sql(degrees([shapely.Point(150, 150), shapely.Point(1500, -30), shapely.Point(1500, -500)]))
    session.execute(
        sa.insert(Report),
        [
            {
                "report_key": f"r{i}",
                "reported_at": NOW,
                "category": "DISPUTE",
                "source": "PUBLIC",
                "state": "REPORTED",
                "description": f"report {i}",
                "digest": "",
                "geom": geom,
            }
            for i, geom in enumerate([*points, None])
        ],
    )
    session.flush()


def add_world(session: Session) -> None:
    """Everything above."""
    add_boundaries(session)
    add_blocks(session)
    add_places(session)
