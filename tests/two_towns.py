"""The tiny world of the service and route tests: two fictional towns side by side.

  town 999999101 枫溪镇        town 999999102 柳桥镇
  +-----------+-----------+   +-----------+
  | 001 cells | 002       |   | 001 cells |   each village 0.01 degrees wide and high,
  | 001 | 002 | 001       |   | 001       |   lower left corner at 120.00 E, 29.80 N
  +-----------+-----------+   +-----------+
120.00      120.01      120.02          120.03
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import shapely
from sqlalchemy.orm import Session

from layers.access import Principal, Role, Scope
from layers.geometry import to_sql
from layers.tables import (
    Address,
    Assignment,
    Block,
    Building,
    Camera,
    Gap,
    Grid,
    GridLevel,
    Household,
    Isovist,
    Load,
    Plan,
    PlanBlock,
    PlanState,
    Report,
    ReportEvent,
    ReportState,
    Road,
    Water,
)

HOME, AWAY = "999999101", "999999102"
NORTH = f"{HOME}001"  # village with two cells; the second village of the town has one
FOREIGN = f"{AWAY}001"
START = date(2026, 1, 1)
NOW = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)  # noon in Shanghai
ADMIN = Principal("admin", frozenset({Role.ADMINISTRATOR}), Scope())
HOME_ADMIN = Principal("chief", frozenset({Role.ADMINISTRATOR}), Scope(HOME))
FOREIGN_WORDS = (AWAY, "柳桥", "foreign")


def box(min_lon: float, max_lon: float) -> shapely.Polygon:
    """A box on the strip of both towns."""
    return shapely.box(min_lon, 29.80, max_lon, 29.81)


def geom(shape: shapely.Geometry) -> object:
    """The value that an insert takes."""
    multi = {"Polygon": shapely.multipolygons, "LineString": shapely.multilinestrings}.get(shape.geom_type)
    return to_sql([multi([shape]) if multi else shape])[0]


def grid(code: str, name: str, level: GridLevel, shape: shapely.Geometry, **more: object) -> Grid:
    """A grid in force since START."""
    parent = {GridLevel.TOWN: None, GridLevel.VILLAGE: code[:9], GridLevel.CELL: code[:12]}[level]
    values = {"valid_from": START, "households": 300, "area_m2": 1.0e6} | more
    return Grid(code=code, parent_code=parent, name=name, level=level, geom=geom(shape), **values)


def two_towns(session: Session) -> None:
    """Put both towns with a little of everything into the database."""
    towns = [(HOME, "枫溪镇", 120.00, 120.02), (AWAY, "柳桥镇", 120.02, 120.03)]
    villages = [
        (NORTH, "枫源村", 120.00, 120.01),
        (f"{HOME}002", "杜黄村", 120.01, 120.02),
        (FOREIGN, "柳岸村", 120.02, 120.03),
    ]
    cells = [
        (f"{NORTH}001", "第一网格", 120.00, 120.005),
        (f"{NORTH}002", "第二网格", 120.005, 120.01),
        (f"{HOME}002001", "第一网格", 120.01, 120.02),
        (f"{FOREIGN}001", "柳桥第一网格", 120.02, 120.03),
    ]
    for level, rows in ((GridLevel.TOWN, towns), (GridLevel.VILLAGE, villages), (GridLevel.CELL, cells)):
        session.add_all(grid(code, name, level, box(west, east)) for code, name, west, east in rows)
    session.add(
        Load(layer="boundaries", file_name="towns.geojson", sha256="0" * 64, crs="EPSG:4326", loaded_at=NOW, counts={})
    )
    session.flush()
    for prefix, village, lon in (("home", NORTH, 120.002), ("foreign", FOREIGN, 120.025)):
        _register(session, prefix, village, lon)
        _video(session, prefix, village, lon)
        _reports(session, prefix, village, lon)
        _plan(session, prefix, village[:9])
    session.flush()


def _register(session: Session, prefix: str, village: str, lon: float) -> None:
    place = {"village_code": village, "grid_code": f"{village}001", "digest": ""}
    town = "枫溪镇" if prefix == "home" else "柳桥镇"
    session.add_all(
        Household(
            household_key=f"{prefix}-h{i}", households=i, geom=geom(shapely.Point(lon, 29.803 + i / 1000)), **place
        )
        for i in (1, 2, 3)
    )
    session.add(
        Address(
            address_key=f"{prefix}-a1",
            town=town,
            road="和平路",
            number="12号",
            full_text=f"{town}和平路12号",
            geom=geom(shapely.Point(lon, 29.804)),
            **place,
        )
    )
    session.add(Building(building_key=f"{prefix}-b1", digest="", geom=geom(box(lon, lon + 0.0002))))
    line = shapely.LineString([(lon, 29.801), (lon + 0.0005, 29.802)])
    session.add(Road(road_key=f"{prefix}-r1", road_class="lane", digest="", geom=geom(line)))
    session.add(Water(water_key=f"{prefix}-w1", kind="river", digest="", geom=geom(line)))


def _video(session: Session, prefix: str, village: str, lon: float) -> None:
    place = {"village_code": village, "grid_code": f"{village}001"}
    camera = Camera(
        camera_id=f"{prefix}-c1",
        name=f"{prefix} gate",
        bearing_deg=90.0,
        fov_deg=60.0,
        range_m=80.0,
        asset_state=1,
        digest="",
        geom=geom(shapely.Point(lon, 29.805)),
        **place,
    )
    removed = Camera(camera_id=f"{prefix}-c2", asset_state=3, digest="", geom=geom(shapely.Point(lon, 29.806)), **place)
    session.add_all([camera, removed])
    session.flush()
    seen = box(lon, lon + 0.001)
    session.add(Isovist(camera_pk=camera.id, area_m2=2000.0, computed_at=NOW, geom=geom(seen)))
    session.add(Gap(rank=1, area_m2=500.0, households=2, computed_at=NOW, geom=geom(seen), **place))


def _reports(session: Session, prefix: str, village: str, lon: float) -> None:
    place = {"village_code": village, "grid_code": f"{village}001", "assignment": Assignment.INSIDE}
    rows = [
        ("p1", NOW - timedelta(hours=2), ReportState.REPORTED, "SAFETY", None),
        ("p2", NOW - timedelta(days=3), ReportState.IN_PROGRESS, "DISPUTE", None),
        ("p3", NOW - timedelta(days=9), ReportState.CLOSED, "SAFETY", NOW - timedelta(hours=1)),
    ]
    for key, at, state, category, closed_at in rows:
        report = Report(
            report_key=f"{prefix}-{key}",
            reported_at=at,
            state=state,
            category=category,
            source="PATROL",
            closed_at=closed_at,
            description=f"{prefix} report",
            digest="",
            geom=geom(shapely.Point(lon, 29.804)),
            **place,
        )
        session.add(report)
        session.flush()
        session.add(ReportEvent(report_id=report.id, sequence=1, at=at, by=prefix, step="report", state="REPORTED"))


def _plan(session: Session, prefix: str, town: str) -> None:
    plan = Plan(
        name=f"{prefix} draft",
        scope_code=f"{town}001",
        state=PlanState.DRAFT,
        options={},
        created_at=NOW,
        created_by=prefix,
    )
    session.add(plan)
    session.flush()
    whole = {HOME: box(120.00, 120.01), AWAY: box(120.02, 120.03)}[town]
    session.add(
        grid(f"{town}001801", f"{prefix} new", GridLevel.CELL, whole, plan_id=plan.id, valid_from=None, households=6)
    )
    west = whole.bounds[0]
    for i, (left, right) in enumerate([(west, west + 0.005), (west + 0.005, whole.bounds[2])]):
        block = Block(
            block_key=f"{prefix}-k{i}", village_code=f"{town}001", households=3, digest="", geom=geom(box(left, right))
        )
        session.add(block)
        session.flush()
        session.add(PlanBlock(plan_id=plan.id, block_id=block.id, grid_code=f"{town}001801"))
