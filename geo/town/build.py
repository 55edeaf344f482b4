"""Put the buildings of one town on its ground: the core's blocks, the hamlets' rows, houses along village roads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from geo.town import fabric as f
from geo.town import hamlets
from geo.town.areas import portion
from geo.town.blocks import Group, build_blocks
from geo.town.fabric import Built, Fabric
from geo.town.hamlets import joined
from geo.town.network import LOCAL, PRIMARY, SECONDARY, TERTIARY
from geo.town.rivers import water_within
from geo.town.rows import Rows, later_overlaps, turn
from geo.town.site import Site
from geo.town.terrain import Ints

ROAD_HALF = {PRIMARY: 8.0, SECONDARY: 6.0, TERTIARY: 4.5, LOCAL: 3.5}
HAMLET_BASE = 1_000_000
"""Groups from here on are hamlets: HAMLET_BASE + number of the hamlet in the site."""
BORDER_M = 1.5


@dataclass(frozen=True)
class TownBuilt:
    """Buildings, doors with the households behind each (m,), the unit of each building, lanes and named groups."""

    built: Built
    households: Ints
    unit: Ints
    lanes: list[Any]
    groups: list[Group]
    square: Any


def build_town(rng: np.random.Generator, site: Site, town: int) -> TownBuilt:
    """Everything that is built in one town; the households sum exactly to the site's counts."""
    fabric, groups = Fabric(), list[Group]()
    units = np.flatnonzero(site.unit_town == town)
    around = shapely.total_bounds(site.cores[town].outline) + np.array([-200.0, -200.0, 200.0, 200.0])
    square = build_blocks(rng, site.cores[town], water_within(site.water, around), fabric, groups)
    water = _Water(site, units)
    core_count = fabric.count
    roads = _Roads(site, town)
    mine = np.flatnonzero(np.isin(site.hamlet_unit, units))
    plans = hamlets.plan(rng, site.hamlet_xy[mine], site.hamlet_households[mine], roads.lines)
    lanes = _hamlet_houses(rng, site, mine, plans, roads, water, fabric)
    _roadside_houses(rng, site, mine, plans, roads, water, lanes, fabric)
    built = fabric.table()
    built, unit = _standing(site, units, built, core_count, roads, water)
    lanes = joined(lanes, np.concatenate([roads.lines, site.cores[town].lines]), built.polygons, site.water.parts)
    return TownBuilt(built, _share(rng, site, town, built, unit), unit, lanes, groups, square)


class _Roads:
    """Roads near a town with their half widths, and which shapes keep clear of them."""

    def __init__(self, site: Site, town: int) -> None:
        near = shapely.intersects(
            site.roads, shapely.box(*shapely.total_bounds(site.unit_area[site.unit_town == town]))
        )
        self.lines = site.roads[near]
        self.grade = site.road_class[near]
        half = np.array([ROAD_HALF[int(g)] for g in self.grade])
        self._tree = shapely.STRtree(shapely.buffer(self.lines, half + 1.0, quad_segs=3))

    def clear(self, shapes: Any) -> Any:
        """(n,) bool: polygons that touch no road."""
        out = np.ones(len(shapes), bool)
        out[np.unique(self._tree.query(shapes, predicate="intersects")[0])] = False
        return out


class _Water:
    """Water near a town, in small parts."""

    def __init__(self, site: Site, units: Ints) -> None:
        near = shapely.intersects(site.water.parts, shapely.box(*shapely.total_bounds(site.unit_area[units])))
        self._tree = shapely.STRtree(site.water.parts[near])

    def dry(self, shapes: Any, margin: float) -> Any:
        """(n,) bool: shapes at least `margin` metres from water."""
        out = np.ones(len(shapes), bool)
        out[np.unique(self._tree.query(shapes, predicate="dwithin", distance=margin)[0])] = False
        return out

    def around(self, shape: Any, margin: float) -> Any:
        """Water widened by `margin` where it comes near a shape; empty if it does not."""
        at = self._tree.query(shape, predicate="dwithin", distance=margin)
        return shapely.union_all(shapely.buffer(self._tree.geometries[at], margin, quad_segs=3))


def _inside(shapes: Any, area: Any) -> Any:
    inner = shapely.buffer(area, -BORDER_M)
    shapely.prepare(inner)
    return shapely.contains_properly(inner, shapes)


def _hamlet_houses(
    rng: np.random.Generator,
    site: Site,
    mine: Ints,
    plans: list[hamlets.Hamlet],
    roads: _Roads,
    water: _Water,
    fabric: Fabric,
) -> list[Any]:
    drawn = [hamlets.houses(rng, plan) for plan in plans]
    sizes = [len(corners) for corners, _, _ in drawn]
    corners = np.concatenate([c for c, _, _ in drawn])
    place = np.concatenate([p for _, p, _ in drawn])
    whose = np.repeat(np.arange(len(plans)), sizes)
    shapes = shapely.polygons(corners)
    free = roads.clear(shapes) & water.dry(shapes, 5.0)
    for k, unit in enumerate(site.hamlet_unit[mine].tolist()):
        part = whose == k
        free[part] &= _inside(shapes[part], site.unit_area[unit])
    free[free] = ~later_overlaps(shapes[free], 1.0)
    apart = np.abs((place[:, 1] / hamlets.PLOT + 3) % 6 - 3)
    halls = _halls(site, mine, plans, shapes, free & (apart > 1.6), free, fabric)
    free &= ~halls
    lanes = []
    for k, plan in enumerate(plans):
        part = np.flatnonzero((whose == k) & free)[: max(3, round(0.88 * plan.houses))]
        n = part.size
        fabric.add(
            Rows(corners[part], np.ones(n, np.int64), place[part, 0].astype(np.int64)),
            f.HOUSE,
            _storeys(rng, n),
            HAMLET_BASE + mine[k],
            doors=np.ones(n, np.int64),
            room=rng.choice([1.0, 2.0], n, p=[0.86, 0.14]),
        )
        for lane in hamlets.lanes(plan, place[part]):
            parts = shapely.get_parts(shapely.difference(lane, water.around(lane, 2.0)))
            lanes += [part for part in parts if shapely.length(part) > 15]
    return lanes


def _storeys(rng: np.random.Generator, n: int) -> Ints:
    return rng.choice([1, 2, 3, 4], n, p=[0.08, 0.27, 0.55, 0.10])


def _halls(
    site: Site, mine: Ints, plans: list[hamlets.Hamlet], shapes: Any, fit: Any, free: Any, fabric: Fabric
) -> Any:
    """Build a village hall into the chief hamlet of each village; gives (n,) bool of the houses that make way."""
    chief = np.r_[True, np.diff(site.hamlet_unit[mine]) != 0]
    tree = shapely.STRtree(shapes)
    gone = np.zeros(len(shapes), bool)
    for k in np.flatnonzero(chief):
        plan = plans[k]
        near = np.flatnonzero(fit & (shapely.distance(shapes, shapely.points(plan.x, plan.y)) < 130))
        for at in near[:12].tolist():
            centre = shapely.get_coordinates(shapely.centroid(shapes[at]))[0]
            box = turn(np.array([[-14, -6.5], [14, -6.5], [14, 5.5], [-14, 5.5]]), plan.angle) + centre
            hit = tree.query(shapely.buffer(shapely.polygons(box), 2.0), predicate="intersects")
            if free[hit].all():
                gone[hit] = True
                fabric.add(
                    Rows(box[None], np.ones(1, np.int64), np.zeros(1, np.int64)),
                    f.HALL,
                    np.array([3]),
                    HAMLET_BASE + mine[k],
                    doors=np.ones(1, np.int64),
                    room=np.zeros(1),
                )
                break
    return gone


def _roadside_houses(
    rng: np.random.Generator,
    site: Site,
    mine: Ints,
    plans: list[hamlets.Hamlet],
    roads: _Roads,
    water: _Water,
    lanes: list[Any],
    fabric: Fabric,
) -> None:
    quiet = np.isin(roads.grade, (TERTIARY, LOCAL))
    corners, centres = hamlets.roadside(rng, roads.lines[quiet], 10.0)
    if len(corners) == 0:
        return
    xy = site.hamlet_xy[mine]
    gap, whose = shapely.STRtree(shapely.points(xy)).query_nearest(
        shapely.points(centres), return_distance=True, all_matches=False
    )[::-1]
    whose = whose[1]
    shapes = shapely.polygons(corners)
    free = roads.clear(shapes) & water.dry(shapes, 5.0) & (gap < 420) & (rng.random(len(shapes)) < 0.62)
    hit = shapely.STRtree(shapely.polygons(np.concatenate(fabric.corners))).query(
        shapes, predicate="dwithin", distance=3.0
    )[0]
    free[np.unique(hit)] = False
    if lanes:
        free[np.unique(shapely.STRtree(lanes).query(shapes, predicate="dwithin", distance=3.0)[0])] = False
    free[shapely.dwithin(shapes, site.cores[int(site.unit_town[site.hamlet_unit[mine[0]]])].outline, 30.0)] = False
    free[free] = ~later_overlaps(shapes[free], 2.0)
    order = np.argsort(np.round(gap, 3), kind="stable")
    for k, plan in enumerate(plans):
        part = order[(whose[order] == k) & free[order]]
        part = part[_inside(shapes[part], site.unit_area[site.hamlet_unit[mine[k]]])] if part.size else part
        part = part[: max(1, round(0.16 * plan.houses))]
        n = part.size
        fabric.add(
            Rows(corners[part], np.ones(n, np.int64), np.full(n, 99)),
            f.HOUSE,
            _storeys(rng, n),
            HAMLET_BASE + mine[k],
            doors=np.ones(n, np.int64),
            room=rng.choice([1.0, 2.0], n, p=[0.8, 0.2]),
        )


def _standing(
    site: Site, units: Ints, built: Built, core_count: int, roads: _Roads, water: _Water
) -> tuple[Built, Ints]:
    """Drop what touches water, a road, a border or an earlier building; gives the unit of each that stays."""
    shapes = built.polygons
    keep = water.dry(shapes, 2.0)
    keep[:core_count] &= roads.clear(shapes[:core_count])
    unit = np.full(len(shapes), -1)
    for u in units.tolist():
        at = shapely.STRtree(shapes).query(site.unit_area[u], predicate="contains_properly")
        at = at[_inside(shapes[at], site.unit_area[u])]
        unit[at] = u
    keep &= unit >= 0
    keep[keep] = ~later_overlaps(shapes[keep], 0.2)
    return built.keep(keep), unit[keep]


def _share(rng: np.random.Generator, site: Site, town: int, built: Built, unit: Ints) -> Ints:
    """(m,) households behind each door."""
    out = np.zeros(len(built.door_room), np.int64)
    door_unit = unit[built.door_building]
    rural = built.group[built.door_building] >= HAMLET_BASE
    lived = built.door_room > 0
    core = np.flatnonzero(lived & ~rural)
    out[core] = portion(built.door_room[core] * rng.uniform(0.75, 1.0, core.size), int(site.core_households[town]))
    mine = np.flatnonzero(site.unit_town[site.hamlet_unit] == town)
    for u in np.unique(site.hamlet_unit[mine]):
        total = int(site.hamlet_households[site.hamlet_unit == u].sum())
        doors = np.flatnonzero(lived & rural & (door_unit == u))
        out[doors] = portion(built.door_room[doors], total, minimum=1 if total >= doors.size else 0)
    return out
