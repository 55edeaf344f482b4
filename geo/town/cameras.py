"""Cameras of a sample town as assets: on poles at crossings, bridges and village entrances, on walls at gates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import shapely

from geo.town import fabric as f
from geo.town.addresses import Named
from geo.town.build import TownBuilt
from geo.town.names import COUNTY_CODE
from geo.town.site import Site
from geo.town.terrain import Floats

PER_HOUSEHOLD = 0.022
"""Domain figures: 594 to 780 cameras in towns of about 28,800 households."""
FIXED, DOME, HALF_DOME, PANORAMA = 3, 1, 2, 6
_AT = {
    f.MARKET: ("6", "ART7_2", "02", "市场管理办公室"),
    f.SCHOOL: ("8", "ART7_2", "11", "学校"),
    f.HOSPITAL: ("11", "ART7_2", "09", "卫生院"),
    f.OFFICE: ("2", "ART7_1", "03", "综治中心"),
    f.STATION: ("3", "ART7_2", "04", "汽车站"),
    f.FACTORY: ("", "ART9", "40", "企业"),
    f.HALL: ("2", "ART9", "01", "村民委员会"),
    f.CARE: ("", "ART7_2", "09", "敬老院"),
}


@dataclass
class _Sites:
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def add(
        self,
        tier: int,
        xy: Floats,
        bearing: float,
        kind: str,
        name: str,
        position: str,
        law: str,
        industry: str,
        owner: str,
    ) -> None:
        self.rows.append((tier, float(xy[0]), float(xy[1]), bearing % 360, kind, name, position, law, industry, owner))


def _bearing(vector: Floats) -> float:
    """Degrees clockwise from north."""
    return float(np.degrees(np.arctan2(vector[0], vector[1])))


def place_cameras(
    rng: np.random.Generator, site: Site, town: int, done: TownBuilt, named: Named, until: date, first: int
) -> tuple[pd.DataFrame, Floats]:
    """Asset rows of one town and their places in metres (n, 2); `first` is the county's next serial number."""
    sites = _Sites()
    _crossings(rng, site, town, named, sites)
    _gates(rng, done, named, sites)
    _square(done, named, sites)
    _country(rng, site, town, named, sites)
    xy = np.array([row[1:3] for row in sites.rows])
    shapes = done.built.polygons
    indoors = np.zeros(len(xy), bool)
    indoors[shapely.STRtree(shapes).query(shapely.points(xy), predicate="dwithin", distance=0.15)[0]] = True
    indoors[shapely.STRtree(site.water.parts).query(shapely.points(xy), predicate="dwithin", distance=0.5)[0]] = True
    unit = np.full(len(xy), -1)
    for u in np.flatnonzero(site.unit_town == town).tolist():
        inner = shapely.buffer(site.unit_area[u], -1.0)
        unit[shapely.contains_xy(inner, xy[:, 0], xy[:, 1])] = u
    wanted = max(12, round(PER_HOUSEHOLD * int(done.households.sum())))
    tier = np.array([row[0] for row in sites.rows])
    usable = np.flatnonzero(~indoors & (unit >= 0))
    luck = rng.random(len(xy))
    chosen = np.sort(usable[np.lexsort([luck[usable], tier[usable]])][:wanted])
    table = _assets(rng, [sites.rows[k] for k in chosen], named, until, first, town)
    table["village_code"] = [named.units[int(u)][0] for u in unit[chosen]]
    return table, xy[chosen]


def _crossings(rng: np.random.Generator, site: Site, town: int, named: Named, sites: _Sites) -> None:
    core = site.cores[town]
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(core.lines, k)) for k in (0, -1)])
    inner = np.concatenate([shapely.get_coordinates(shapely.line_interpolate_point(core.lines, d)) for d in (12, -12)])
    piece = np.tile(np.arange(core.lines.size), 2)
    nodes, which, count = np.unique(np.round(ends, 1), axis=0, return_inverse=True, return_counts=True)
    for node in np.flatnonzero(count >= 3):
        arms = np.flatnonzero(which == node)
        ways = inner[arms] - ends[arms]
        ways = ways / np.hypot(*ways.T)[:, None]
        roads = sorted({str(named.street_names[piece[a]]) for a in arms})
        main = bool((core.kinds[piece[arms]] <= 1).any())
        name = "与".join(roads[:2]) + "路口" if len(roads) > 1 else f"{roads[0]}路口"
        for k, way in enumerate(ways[: 3 if main else 1]):
            # The pole stands at the corner behind the stop line, to the right of the arm it looks along.
            pole = nodes[node] + 7.5 * np.array([way[1], -way[0]]) - 6.0 * way
            kind = "dome" if k == 0 and main else "fixed"
            sites.add(
                2 if main else 4,
                pole,
                _bearing(way) + float(rng.normal(0, 4)),
                kind,
                f"{name}{'东南西北'[k]}",
                "10",
                "ART7_1",
                "00",
                "派出所",
            )


def _gates(rng: np.random.Generator, done: TownBuilt, named: Named, sites: _Sites) -> None:
    built = done.built
    seen: dict[int, int] = {}
    for door in range(len(built.door_room)):
        b = int(built.door_building[door])
        kind = int(built.kind[b])
        if kind not in _AT and kind != f.SLAB:
            continue
        group = int(built.group[b])
        seen[group] = seen.get(group, 0) + 1
        if seen[group] > (4 if kind in (f.SLAB, f.MARKET) else 2):
            continue
        p, q = built.corners[b, 0], built.corners[b, 1]
        along = (q - p) / np.hypot(*(q - p))
        out = np.array([along[1], -along[0]])
        wall = built.door_xy[door] + 0.35 * out + along * 1.2
        name = f"{named.building_names[b]}{'门口' if seen[group] == 1 else f'{seen[group]}号位'}"
        if kind == f.SLAB:
            sites.add(
                3,
                wall,
                _bearing(out) + float(rng.normal(0, 12)),
                "half" if rng.random() < 0.4 else "fixed",
                name,
                "9" if rng.random() < 0.1 else "",
                "ART9",
                "01",
                "物业服务企业",
            )
        else:
            position, law, industry, owner = _AT[kind]
            sites.add(1 if seen[group] == 1 else 3, wall, _bearing(out), "fixed", name, position, law, industry, owner)


def _square(done: TownBuilt, named: Named, sites: _Sites) -> None:
    if done.square is None:
        return
    name = next((n for n, g in zip(named.groups, done.groups, strict=True) if g.role == "square"), "广场")
    middle = shapely.get_coordinates(shapely.centroid(done.square))[0]
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shapely.buffer(done.square, -4)))[:4]
    for k, corner in enumerate(corners):
        sites.add(
            1,
            corner,
            _bearing(middle - corner),
            "panorama" if k == 0 else "dome",
            f"{name}{'东南西北'[k]}角",
            "4",
            "ART7_1",
            "00",
            "综治中心",
        )


def _country(rng: np.random.Generator, site: Site, town: int, named: Named, sites: _Sites) -> None:
    units = np.flatnonzero(site.unit_town == town)
    mine = np.flatnonzero(np.isin(site.hamlet_unit, units))
    tree = shapely.STRtree(site.roads)
    for k, h in enumerate(mine.tolist()):
        at = shapely.points(site.hamlet_xy[h])
        for road in np.sort(tree.query(at, predicate="dwithin", distance=25.0))[:3].tolist():
            line = site.roads[road]
            start = shapely.line_locate_point(line, at)
            way = 1.0 if start < shapely.length(line) / 2 else -1.0
            for tier, far, what in ((1 if k % 3 == 0 else 2, 130.0, "村口"), (4, 50.0, "村内")):
                p, q = (
                    shapely.get_coordinates(shapely.line_interpolate_point(line, start + way * d))[0]
                    for d in (far, far + 10)
                )
                if np.hypot(*(q - p)) < 5:
                    continue
                ahead = (q - p) / np.hypot(*(q - p))
                pole = p + 6.5 * np.array([ahead[1], -ahead[0]])
                looks = _bearing(ahead) if what == "村口" else _bearing(-ahead)
                code = int(site.hamlet_unit[h])
                sites.add(
                    tier,
                    pole,
                    looks + float(rng.normal(0, 3)),
                    "fixed",
                    f"{named.units[code][1]}{named.hamlets[h]}{what}",
                    "",
                    "ART9",
                    "01",
                    "村民委员会",
                )
    _bridges(site, town, named, sites)


def _bridges(site: Site, town: int, named: Named, sites: _Sites) -> None:
    area = shapely.box(*shapely.total_bounds(site.unit_area[site.unit_town == town]))
    river = shapely.intersection(site.water.polygons[0], area)
    lines = np.concatenate([site.roads, site.cores[town].lines[site.cores[town].kinds <= 1]])
    for line in lines[shapely.intersects(lines, river)]:
        for part in shapely.get_parts(shapely.intersection(line, river)):
            xy = shapely.get_coordinates(part)
            if len(xy) < 2 or shapely.length(part) < 15:
                continue
            ahead = (xy[-1] - xy[0]) / max(1e-9, float(np.hypot(*(xy[-1] - xy[0]))))
            if any(np.hypot(row[1] - xy[0, 0], row[2] - xy[0, 1]) < 40 for row in sites.rows if row[6] == "10/15"):
                continue
            pole = xy[0] - ahead * 9.0 + 7.0 * np.array([ahead[1], -ahead[0]])
            sites.add(1, pole, _bearing(ahead), "dome", f"{named.town[:-1]}溪桥头", "10/15", "ART7_1", "00", "综治中心")


def _assets(
    rng: np.random.Generator, rows: list[tuple[Any, ...]], named: Named, until: date, first: int, town: int
) -> pd.DataFrame:
    n = len(rows)
    kind = np.array([row[4] for row in rows])
    bearing = np.round([row[3] for row in rows], 1) % 360
    ptz = np.select([kind == "dome", kind == "half", kind == "panorama"], [DOME, HALF_DOME, PANORAMA], FIXED)
    fov = np.select(
        [kind == "dome", kind == "half", kind == "panorama"],
        [60.0, 105.0, 180.0],
        rng.choice([46.0, 58.0, 72.0, 90.0], n),
    )
    fov[(kind == "dome") & (rng.random(n) < 0.25)] = 360.0
    reach = np.select(
        [kind == "dome", kind == "half", kind == "panorama"],
        [120.0, 25.0, 60.0],
        rng.choice([40.0, 50.0, 60.0, 80.0], n),
    )
    age = rng.integers(60, 3400, n)
    public = np.array([row[7] == "ART7_1" for row in rows])
    owner = [f"{named.town[:-1]}派出所" if row[9] == "派出所" else f"{named.town}{row[9]}" for row in rows]
    twin: dict[str, int] = {}
    labels = []
    for row in rows:
        twin[row[5]] = twin.get(row[5], 0) + 1
        labels.append(row[5] if twin[row[5]] == 1 else f"{row[5]}{twin[row[5]]}")
    centre = f"{COUNTY_CODE}{town + 1:02d}"
    ids = [
        f"{centre}{row[8]}132{0 if own else 5}{first + k:06d}"
        for k, (row, own) in enumerate(zip(rows, public, strict=True))
    ]
    return pd.DataFrame(
        {
            "camera_id": ids,
            "name": labels,
            "bearing_deg": bearing,
            "fov_deg": fov,
            "range_m": reach,
            "ptz_type": ptz,
            "point_class": np.where(public, 1, np.where([row[7] == "ART9" and row[8] == "40" for row in rows], 3, 2)),
            "position_type": [row[6] for row in rows],
            "room_type": np.ones(n, np.int64),
            "supply_light": rng.choice([1, 2, 3], n, p=[0.1, 0.75, 0.15]),
            "management_unit": owner,
            "install_time": [(until - timedelta(days=int(d))).isoformat() for d in age],
            "site_category": [row[7] for row in rows],
            "asset_state": rng.choice([1, 2, 3], n, p=[0.94, 0.045, 0.015]),
            "record_days": np.where(public, 90, rng.choice([30, 60, 90], n, p=[0.7, 0.15, 0.15])),
        }
    )
