"""Standard addresses, roads and grids on the tiny world, so that texts have places.

y
600 ┌───────┬───────┬───────┬───────┐
    │ …201  │ …201  │ …202  │ …202  │   grids …001 and …002 of each village, 500 m wide
300 ├1─3─5──7─9─11─13─15─17─19──────┤   枫溪路: every 100 m a house, odd numbers
    │  001  │  002  │  001  │  002  │   和平路: x = 1250, even numbers 2 … 8 from south to north
  0 └───────┴───────┴───────┴───────┘   上湾自然村 in the south west: groups 1 and 2, numbers 1 … 3
    0      500    1000    1500    2000  x
"""

from __future__ import annotations

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import world
from layers.geometry import to_sql
from layers.tables import Address, Grid, GridLevel, Place, Road

W1, W2, E1, E2 = f"{world.WEST}001", f"{world.WEST}002", f"{world.EAST}001", f"{world.EAST}002"
UPPER = {"province": "浙江省", "city": "绍兴市", "county": "溪山县", "town": "枫溪镇"}


def add_grids(session: Session) -> None:
    boxes = [shapely.box(x, 0, x + 500, 600) for x in range(0, 2000, 500)]
    shapes = to_sql(world.multi(world.degrees(boxes)))
    rows = [
        {"code": code, "name": code[-3:], "level": GridLevel.CELL, "parent_code": code[:12], "area_m2": 3e5,
         "valid_from": world.START, "geom": geom}
        for code, geom in zip((W1, W2, E1, E2), shapes, strict=True)
    ]  # fmt: skip
    session.execute(sa.insert(Grid), rows)


def address(session: Session, key: str, x: float, y: float, **parts: str) -> None:
    parts = UPPER | parts
    order = ("province", "city", "county", "town", "village", "hamlet", "group_no", "road", "lane", "number", "estate",
             "building", "unit")  # fmt: skip
    text = "".join(parts.get(name, "") for name in order)
    session.add(
        Address(address_key=key, full_text=text, digest="", geom=to_sql([shapely.Point(world.point(x, y))])[0], **parts)
    )


def add_addresses(session: Session) -> None:
    for at in range(10):
        x = 50 + 200 * at
        village = "西村" if x < 1000 else "东村"
        address(session, f"f{2 * at + 1}", x, 310, village=village, road="枫溪路", number=f"{2 * at + 1}号")
    for at in range(1, 5):
        address(session, f"h{2 * at}", 1260, 120 * at, village="东村", road="和平路", number=f"{2 * at}号")
    for group in (1, 2):
        for number in (1, 2, 3):
            place = {"village": "西村", "hamlet": "上湾自然村", "group_no": f"{group}组", "number": f"{number}号"}
            address(session, f"s{group}{number}", 100 * group, 50 + 20 * number, **place)
    lines = world.degrees([shapely.LineString([(0, 300), (2000, 300)]), shapely.LineString([(1250, 0), (1250, 600)])])
    for name, line in zip(("枫溪路", "和平路"), lines, strict=True):
        session.add(
            Road(road_key=name, name=name, bridge=False, digest="", geom=to_sql([shapely.MultiLineString([line])])[0])
        )
    market = to_sql([shapely.Point(world.point(700, 500))])[0]
    session.add(Place(place_key="p1", name="枫溪农贸市场", kind="LANDMARK", digest="", geom=market))
    session.flush()


def add_town(session: Session) -> None:
    """Boundaries, grids, addresses, roads and a landmark."""
    world.add_boundaries(session)
    add_grids(session)
    add_addresses(session)
