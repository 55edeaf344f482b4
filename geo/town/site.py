"""The whole area of a sample town or county before anything is built: ground, water, borders, cores, roads, hamlets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from scipy import ndimage

from geo.town import areas, names, network, rivers, streets
from geo.town.terrain import CELL, STEEP, Floats, Ints, Raster, heights, spread

# EPSG:4549 metres of the point near 120.5 E, 29.8 N that the area is laid around.
EAST, NORTH = 548_000.0, 3_298_000.0


@dataclass(frozen=True)
class Site:
    """Units are villages and communities; those of one town stand together, communities first."""

    raster: Raster
    water: rivers.Water
    cores: list[streets.Core]
    roads: Any
    road_class: Ints
    unit_area: Any
    unit_town: Ints
    unit_core: Any
    hamlet_xy: Floats
    hamlet_unit: Ints
    hamlet_households: Ints
    core_households: Ints
    stems: list[str]


def lay_out(rng: np.random.Generator, households: int) -> Site:
    """Everything that has to be known before the first house is built."""
    size = areas.size(households)
    towns = len(size.town_units)
    per_town = areas.shares(rng, households, towns, 30.0)
    raster, reach = _raster(size.area_km2, towns)
    river_width = 40.0 * (1 + 0.25 * np.log10(max(1.0, size.area_km2 / 25)))
    length, up = raster.cols * CELL, raster.rows * CELL
    river = rivers.meander(rng, length, raster.y0 + up / 2, raster.x0, river_width / 40)
    height = heights(rng, raster, river)
    water = rivers.water(rng, raster, river, height, river_width)
    seats = areas.town_seats(rng, towns, raster, 1.15 * reach, height, water.near)
    cost = areas.border_cost(rng, height, water.wet)
    town = areas.town_labels(rng, raster, cost, seats, reach)

    core_households = np.array([round(h * rng.uniform(0.4, 0.46)) for h in per_town])
    seat_xy = raster.centres(seats)
    cores = []
    for k in range(towns):
        trunk, width = _nearest_water(water, seat_xy[k], river, river_width)
        around = float(np.sqrt(core_households[k] * 400.0)) + 900.0
        wet = rivers.water_within(water, np.concatenate([seat_xy[k] - around, seat_xy[k] + around]))
        cores.append(streets.core(rng, int(core_households[k]), seat_xy[k], trunk, wet, width))
    zone = _zones(rng, raster, size, town, cost, height, water, cores)
    unit_area, unit_town, unit_core, zone_unit = _units(raster, size, zone, cores)

    village_households = [
        areas.shares(rng, int(per_town[k] - core_households[k]), size.town_units[k] - size.town_cores[k], 14.0)
        for k in range(towns)
    ]
    seats_h, units_h, count_h, chief = _hamlets(rng, raster, height, water, zone, zone_unit, cores, village_households)
    barred = np.concatenate([_inside(raster, core.outline, 0) for core in cores])
    exits = _exits(raster, river, height, water)
    lines, grade = network.country_roads(
        rng, raster, height, water.wet, barred, [c.gates for c in cores], seats_h, unit_town[units_h], chief, exits
    )
    lines, grade = network.with_links(lines, grade, raster.centres(seats_h))
    whole = shapely.union_all(unit_area)
    frame = shapely.buffer(whole, 80.0)
    shapely.prepare(frame)
    cut, which = shapely.get_parts(shapely.intersection(np.array(lines, object), frame), return_index=True)
    real = (shapely.get_type_id(cut) == 1) & (shapely.length(cut) > 1)
    cut, which = cut[real], which[real]
    return Site(
        raster,
        water,
        cores,
        cut,
        grade[which],
        unit_area,
        unit_town,
        unit_core,
        raster.centres(seats_h),
        units_h,
        count_h,
        core_households,
        names.town_names(rng, towns),
    )


def _raster(area_km2: float, towns: int) -> tuple[Raster, float]:
    reach = float(np.sqrt(area_km2 / towns / np.pi) * 1000)
    wide = float(np.sqrt(area_km2 * 1.15) * 1000) + 2.3 * reach
    tall = float(np.sqrt(area_km2 / 1.15) * 1000) + 2.3 * reach
    rows, cols = int(tall / CELL), int(wide / CELL)
    return Raster(EAST - cols * CELL / 2, NORTH - rows * CELL / 2, rows, cols), reach


def _nearest_water(water: rivers.Water, seat: Floats, river: Floats, width: float) -> tuple[Floats, float]:
    """The stream or river whose line passes next to a town's seat, the river itself where it is near."""
    if np.hypot(*(river - seat).T).min() < 1500:
        return river, width
    near = shapely.distance(np.array(water.lines, object), shapely.points(seat))
    return shapely.get_coordinates(shapely.segmentize(water.lines[int(np.argmin(near))], 12.0)), 14.0


def _inside(raster: Raster, shape: Any, margin: float) -> Ints:
    """Cells whose centre lies within `margin` of a polygon."""
    fat = shapely.buffer(shape, margin)
    x0, y0, x1, y1 = shapely.bounds(fat)
    col = np.arange(max(0, int((x0 - raster.x0) / CELL)), min(raster.cols, int((x1 - raster.x0) / CELL) + 1))
    row = np.arange(max(0, int((y0 - raster.y0) / CELL)), min(raster.rows, int((y1 - raster.y0) / CELL) + 1))
    cells = (row[:, None] * raster.cols + col[None, :]).ravel()
    xy = raster.centres(cells)
    return cells[shapely.contains_xy(fat, xy[:, 0], xy[:, 1])]


def _zones(
    rng: np.random.Generator,
    raster: Raster,
    size: areas.Size,
    town: Ints,
    cost: Ints,
    height: Floats,
    water: rivers.Water,
    cores: list[streets.Core],
) -> Ints:
    """(n,) zone of each cell: the core of town k is zone k, then come the villages town by town; -1 outside."""
    towns = len(cores)
    seeds, labels = [], []
    number = towns
    flat = (height.ravel() < STEEP) & (water.near.ravel() > 110)
    for k, core in enumerate(cores):
        blob = _inside(raster, core.outline, 150.0)
        blob = blob[town[blob] == k]
        seeds.append(blob)
        labels.append(np.full(blob.size, k))
        own = np.flatnonzero(town == k)
        n = size.town_units[k] - size.town_cores[k]
        middle = shapely.get_coordinates(shapely.centroid(core.outline))[0]
        keep = float(np.sqrt(shapely.area(core.outline) / np.pi)) + 550
        found = areas.village_seeds(rng, raster, own, own[flat[own]], middle, keep, n)
        seeds.append(found)
        labels.append(np.arange(number, number + n))
        number += n
    all_seeds, all_labels = np.concatenate(seeds), np.concatenate(labels).astype(np.int64)
    start = np.where(all_labels < towns, 400 * 14, 0).astype(np.int64)
    _, zone, _ = spread(cost, town.astype(np.int64), all_seeds, all_labels, start, raster.cols, False)
    return np.where(town < 0, -1, zone)


def _units(raster: Raster, size: areas.Size, zone: Ints, cores: list[streets.Core]) -> tuple[Any, Ints, Any, Ints]:
    """Areas of all units, their town, whether they are communities, and the unit of each village zone."""
    towns = len(cores)
    zones = areas.outlines(raster, zone, int(zone.max()) + 1)
    cuts = []
    for k, core in enumerate(cores):
        reach = 3 * float(np.sqrt(shapely.area(zones[k])))
        lines = np.array(streets.community_lines(core, size.town_cores[k], reach), object)
        cuts.append(shapely.intersection(lines, shapely.buffer(zones[k], 0.5)))
    web = shapely.union_all(np.concatenate([shapely.boundary(zones), *cuts]), grid_size=0.1)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(web)))
    inner = shapely.point_on_surface(faces)
    at, whose = shapely.STRtree(zones).query(inner, predicate="intersects")
    zone_of = np.full(faces.size, -1)
    zone_of[at] = whose
    unit_of = np.full(faces.size, -1)
    zone_unit = np.full(zones.size, -1)
    unit_town, unit_core = [], []
    number, village = 0, towns
    for k, core in enumerate(cores):
        mine = np.flatnonzero(zone_of == k)
        local = streets.community_of(core, shapely.get_coordinates(inner[mine]), size.town_cores[k])
        unit_of[mine] = number + _joined(faces[mine], local)
        n, c = size.town_units[k], size.town_cores[k]
        for z in range(n - c):
            unit_of[zone_of == village + z] = number + c + z
            zone_unit[village + z] = number + c + z
        unit_town += [k] * n
        unit_core += [True] * c + [False] * (n - c)
        number += n
        village += n - c
    order = np.argsort(unit_of, kind="stable")
    order = order[unit_of[order] >= 0]
    pieces = np.split(faces[order], np.flatnonzero(np.diff(unit_of[order])) + 1)
    shapes = np.array([p[0] if p.size == 1 else shapely.coverage_union_all(p) for p in pieces], object)
    return shapes, np.array(unit_town), np.array(unit_core), zone_unit


def _joined(faces: Any, label: Ints) -> Ints:
    """Labels with every stray face given to the neighbour it shares the longest border with."""
    label = label.copy()
    for _ in range(3):
        for k in np.unique(label):
            mine = np.flatnonzero(label == k)
            parts = shapely.get_parts(shapely.coverage_union_all(faces[mine]))
            if parts.size == 1:
                continue
            main = parts[int(np.argmax(shapely.area(parts)))]
            for m in mine[~shapely.intersects(main, shapely.point_on_surface(faces[mine]))]:
                others = np.flatnonzero(label != k)
                shared = shapely.length(shapely.intersection(faces[m], faces[others]))
                if others.size and shared.max() > 0:
                    label[m] = label[others[int(np.argmax(np.round(shared, 3)))]]
    return label


def _hamlets(
    rng: np.random.Generator,
    raster: Raster,
    height: Floats,
    water: rivers.Water,
    zone: Ints,
    zone_unit: Ints,
    cores: list[streets.Core],
    households: list[Ints],
) -> tuple[Ints, Ints, Ints, Any]:
    """Cells of hamlets, their unit, their households, and whether they are their village's chief one."""
    grid = zone.reshape(raster.rows, raster.cols)
    edge = np.zeros(grid.shape, bool)
    edge[:, 1:] |= grid[:, 1:] != grid[:, :-1]
    edge[:, :-1] |= grid[:, 1:] != grid[:, :-1]
    edge[1:] |= grid[1:] != grid[:-1]
    edge[:-1] |= grid[1:] != grid[:-1]
    inward = (ndimage.distance_transform_edt(~edge) * CELL).ravel()
    good = (height.ravel() < STEEP) & (water.near.ravel() > 75) & (inward > 120)
    fair = (height.ravel() < 3 * STEEP) & (water.near.ravel() > 40) & (inward > 60)
    for core in cores:
        close = _inside(raster, core.outline, 190.0)
        good[close] = fair[close] = False
    order = np.argsort(zone, kind="stable")
    first = np.searchsorted(zone[order], np.arange(zone_unit.size + 1))
    cells, units, counts, chief = [], [], [], []
    number = len(cores)
    for town_households in households:
        for total in town_households.tolist():
            own = order[first[number] : first[number + 1]]
            pool = own[good[own]] if good[own].sum() > 12 else own[fair[own]] if fair[own].any() else own
            n = max(2, round(total / 120))
            apart = 0.62 * float(np.sqrt(pool.size * CELL**2 / n))
            middle = raster.cells(raster.centres(pool).mean(axis=0)[None])[0]
            found = areas.hamlet_seats(rng, raster, pool, int(middle), n, min(max(apart, 230.0), 700.0))
            cells.append(found)
            units.append(np.full(found.size, zone_unit[number]))
            counts.append(areas.shares(rng, total, found.size, 6.0))
            chief.append(np.arange(found.size) == 0)
            number += 1
    return np.concatenate(cells), np.concatenate(units), np.concatenate(counts), np.concatenate(chief)


def _exits(raster: Raster, river: Floats, height: Floats, water: rivers.Water) -> Ints:
    """Dry, level cells beside the river at the two ends of the raster."""
    out = []
    for column, end in ((3, 0), (raster.cols - 4, -1)):
        rows = np.arange(raster.rows)
        cells = rows * raster.cols + column
        away = np.abs(raster.centres(cells)[:, 1] - river[end, 1])
        score = np.abs(away - 260) + 20 * height.ravel()[cells] + 1e6 * water.wet[cells]
        out.append(int(cells[int(np.argmin(np.round(score, 3)))]))
    return np.array(out, dtype=np.int64)
