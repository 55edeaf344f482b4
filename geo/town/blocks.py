"""What stands on the blocks of a town core: estates, shop-houses, old quarters, public buildings, works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from geo.town import fabric as f
from geo.town.fabric import STOREY_M, Fabric
from geo.town.rows import NO_ROWS, Rows, along_edges, facing_south, in_rows, side_angle
from geo.town.streets import HALF_WIDTH, MAIN, Core
from geo.town.terrain import Floats

PUBLIC = (
    ("market", f.MARKET),
    ("government", f.OFFICE),
    ("primary", f.SCHOOL),
    ("hospital", f.HOSPITAL),
    ("middle", f.SCHOOL),
    ("station", f.STATION),
    ("kindergarten", f.SCHOOL),
    ("care", f.CARE),
)


@dataclass(frozen=True)
class Group:
    """Buildings with a name of their own: role estate, works, square or one of PUBLIC; centre in metres."""

    role: str
    centre: tuple[float, float]
    area: Any


def build_blocks(rng: np.random.Generator, core: Core, water: Any, fabric: Fabric, groups: list[Group]) -> Any:
    """Fill the blocks of a core; appends to `fabric` and `groups`, gives back the square's polygon."""
    half = np.array([HALF_WIDTH[kind] for kind in range(len(HALF_WIDTH))])[core.kinds]
    streets = shapely.union_all(shapely.buffer(core.lines, half))
    net = shapely.difference(core.blocks, shapely.union(streets, shapely.buffer(water, 9.0)))
    net = np.array([_largest(shapely.buffer(shapely.buffer(g, -4), 4, join_style="mitre")) for g in net], object)
    area = shapely.area(net)
    net, area = net[area > 900], area[area > 900]
    st = core.frame.frame(shapely.get_coordinates(shapely.centroid(net)))
    a, b = np.abs(core.s).max(), np.abs(core.t).max()
    far = np.hypot(st[:, 0] / a, st[:, 1] / b)
    main = shapely.distance(net, shapely.union_all(core.lines[core.kinds == MAIN])) < 25
    use = _uses(rng, st[:, 0] / a, far, area)
    square = None
    for k in np.lexsort([np.arange(net.size), np.round(far, 3)]):
        role = use[int(k)]
        group = len(groups)
        middle = shapely.get_coordinates(shapely.point_on_surface(net[k]))[0]
        if role != "mixed":
            groups.append(Group(role, (float(middle[0]), float(middle[1])), net[k]))
        if role == "square":
            square = net[k]
        elif role == "estate":
            _estate(rng, fabric, net[k], group, shops=bool(main[k]), tall=far[k] < 0.8)
        elif role == "mixed":
            _mixed(rng, fabric, net[k], -2 - int(k), centre=far[k] < 0.5)
        elif role == "works":
            _works(rng, fabric, net[k], group)
        else:
            _public(rng, fabric, net[k], group, dict(PUBLIC)[role])
    return square


def _largest(shape: Any) -> Any:
    parts = shapely.get_parts(shape)
    return parts[int(np.argmax(np.round(shapely.area(parts), 2)))] if parts.size else shapely.Polygon()


def _uses(rng: np.random.Generator, along: Floats, far: Floats, area: Floats) -> list[str]:
    """Role of each block: public ones near their usual distance from the centre, works at the downstream end."""
    use = [""] * area.size
    free = np.ones(area.size, bool)

    def take(role: str, distance: float, size: float) -> None:
        if not free.any():
            return
        score = np.abs(far - distance) + 0.5 * np.abs(np.log(area / size)) + np.where(free, 0.0, 1e9)
        k = int(np.argmin(np.round(score, 6)))
        use[k] = role
        free[k] = False

    several = max(1, round(area.sum() / 4.5e5))
    wanted = [("square", 0.15, 6e3), ("market", 0.2, 9e3), ("government", 0.3, 7e3), ("primary", 0.5, 13e3)]
    wanted += [("hospital", 0.55, 9e3), ("middle", 0.75, 17e3), ("station", 0.7, 5e3), ("kindergarten", 0.4, 4e3)]
    wanted += [("care", 0.85, 4e3)] + [(r, 0.6, 12e3) for r in ("primary", "kindergarten", "market")] * (several - 1)
    spare = area.size - int(0.55 * area.size)
    for role, distance, size in wanted[: max(2, spare)]:
        take(role, distance, size)
    end = np.flatnonzero(free & (along > 0.66))
    for k in end[rng.random(end.size) < 0.6]:
        use[k] = "works"
        free[k] = False
    for k in np.flatnonzero(free):
        estate = area[k] > 5500 and rng.random() < np.clip(0.2 + 0.65 * far[k], 0, 0.75)
        use[k] = "estate" if estate else "mixed"
    return use


def _estate(rng: np.random.Generator, fabric: Fabric, net: Any, group: int, *, shops: bool, tall: bool) -> None:
    inner = net
    if shops:
        ring = along_edges(rng, net, cell=4.4, depth=11.5, runs=(4, 9), gap=7.0)
        n = len(ring.corners)
        fabric.add(ring, f.SHOP, rng.integers(2, 4, n), -1, doors=ring.cells, room=np.full(n, 0.8))
        inner = shapely.buffer(net, -20.0)
    inner = _largest(inner)
    if shapely.is_empty(inner):
        return
    levels = int(rng.integers(5, 7)) if not tall or rng.random() < 0.75 else 11
    pitch = 12.5 + 1.05 * STOREY_M * levels if levels < 8 else 40.0
    angle = facing_south(side_angle(inner))
    rows = in_rows(rng, inner, angle, cell=14.5, depth=11.5, pitch=pitch, runs=(2, 4), gap=12.0, south=False)
    fabric.add(
        rows,
        f.SLAB,
        np.full(len(rows.corners), levels),
        group,
        doors=rows.cells,
        room=np.full(len(rows.cells), 2.0 * levels),
    )


def _mixed(rng: np.random.Generator, fabric: Fabric, net: Any, group: int, *, centre: bool) -> None:
    """Shop-houses round the edge, old houses within."""
    ring = along_edges(rng, net, cell=4.2, depth=12.0, runs=(3, 8) if centre else (2, 5), gap=3.0 if centre else 6.0)
    n = len(ring.corners)
    fabric.add(ring, f.SHOP, rng.integers(3, 5, n), -1, doors=ring.cells, room=np.full(n, 1.3))
    inner = _largest(shapely.buffer(net, -14.5))
    if shapely.is_empty(inner) or shapely.area(inner) < 250:
        return
    angle = facing_south(side_angle(inner))
    old = in_rows(rng, inner, angle, cell=9.5, depth=10.0, pitch=15.0, runs=(1, 3), gap=4.0, share=0.97)
    old = _shrunk(rng, old)
    n = len(old.corners)
    fabric.add(old, f.OLD, rng.integers(2, 4, n), group, doors=old.cells, room=np.full(n, 1.1))


def _shrunk(rng: np.random.Generator, rows: Rows) -> Rows:
    """Old houses don't stand to the line: each a little smaller and shifted within its place."""
    if not len(rows.corners):
        return NO_ROWS
    middle = rows.corners.mean(axis=1, keepdims=True)
    scale = rng.uniform(0.82, 0.98, (len(rows.corners), 1, 1))
    return Rows(middle + (rows.corners - middle) * scale, rows.cells, rows.row)


def _works(rng: np.random.Generator, fabric: Fabric, net: Any, group: int) -> None:
    angle = facing_south(side_angle(net))
    inner = _largest(shapely.buffer(net, -6.0))
    if shapely.is_empty(inner):
        return
    depth = float(rng.uniform(22, 34))
    rows = in_rows(rng, inner, angle, cell=18.0, depth=depth, pitch=depth + 14, runs=(2, 5), gap=16.0)
    n = len(rows.corners)
    fabric.add(rows, f.FACTORY, rng.integers(1, 4, n), group, doors=np.ones(n, int), room=np.zeros(n))


def _public(rng: np.random.Generator, fabric: Fabric, net: Any, group: int, kind: int) -> None:
    angle = facing_south(side_angle(net))
    inner = _largest(shapely.buffer(net, -5.0))
    if shapely.is_empty(inner):
        return
    plans: dict[int, dict[str, Any]] = {
        f.MARKET: {"cell": 12.0, "depth": 26.0, "pitch": 36.0, "runs": (3, 6), "gap": 12.0},
        f.SCHOOL: {"cell": 9.0, "depth": 13.0, "pitch": 32.0, "runs": (4, 7), "gap": 18.0},
        f.HOSPITAL: {"cell": 9.0, "depth": 17.0, "pitch": 34.0, "runs": (4, 8), "gap": 14.0},
        f.OFFICE: {"cell": 8.0, "depth": 15.0, "pitch": 38.0, "runs": (4, 7), "gap": 16.0},
        f.STATION: {"cell": 10.0, "depth": 16.0, "pitch": 60.0, "runs": (3, 4), "gap": 30.0},
        f.CARE: {"cell": 8.0, "depth": 12.0, "pitch": 28.0, "runs": (3, 5), "gap": 14.0},
    }
    levels = {f.MARKET: 2, f.SCHOOL: 4, f.HOSPITAL: 6, f.OFFICE: 5, f.STATION: 2, f.CARE: 4}[kind]
    # A school leaves half its ground to the sports field.
    ground = _half(inner, angle) if kind == f.SCHOOL and shapely.area(inner) > 7000 else inner
    rows = in_rows(rng, ground, angle, **plans[kind])
    n = len(rows.corners)
    fabric.add(rows, kind, np.full(n, levels), group, doors=np.ones(n, int), room=np.zeros(n))


def _half(shape: Any, angle: float) -> Any:
    middle = shapely.get_coordinates(shapely.centroid(shape))[0]
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    far = 1000.0
    plane = [
        middle + across * far,
        middle - across * far,
        middle - across * far - along * far,
        middle + across * far - along * far,
    ]
    return _largest(shapely.intersection(shape, shapely.polygons(plane)))
