"""Where things happen in a sample town, and how people say it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from geo.town import fabric as f
from geo.town.addresses import Named
from geo.town.build import HAMLET_BASE, TownBuilt
from geo.town.matters import MATTERS
from geo.town.names import CITY, COUNTY, PROVINCE
from geo.town.site import Site
from geo.town.terrain import Floats, Ints

_SIDES = (("东侧", 1, 0), ("西侧", -1, 0), ("南侧", 0, -1), ("北侧", 0, 1))


class Places:
    """Where things happen in one town, and how people say it."""

    def __init__(
        self,
        rng: np.random.Generator,
        site: Site,
        town: int,
        done: TownBuilt,
        named: Named,
        cameras: tuple[pd.DataFrame, Floats],
    ) -> None:
        self.rng, self.named, self.done = rng, named, done
        built = done.built
        kind = built.kind[built.door_building]
        lived = done.households > 0
        rural = built.group[built.door_building] >= HAMLET_BASE
        # A few addresses report much more often than others.
        heavy = np.round(rng.pareto(2.2, kind.size) + 0.4, 6)
        self.doors = {
            "home": (np.flatnonzero(lived), (done.households * heavy)[lived]),
            "farm": (np.flatnonzero(lived & rural), heavy[lived & rural]),
            "shop": (np.flatnonzero(kind == f.SHOP), heavy[kind == f.SHOP] ** 1.3),
            "estate": (np.flatnonzero(lived & (kind == f.SLAB)), heavy[lived & (kind == f.SLAB)]),
            "works": (np.flatnonzero(kind == f.FACTORY), heavy[kind == f.FACTORY]),
        }
        stem = named.town[:-1]
        self.spots = _spots(rng, site, town, done, named)
        marks = [(g.centre, n) for g, n in zip(done.groups, named.groups, strict=True) if g.role != "works"]
        self.marks = np.array([c for c, _ in marks])
        self.mark_names = [n for _, n in marks]
        self.cameras = (cameras[1], cameras[0]["name"].tolist())
        self.stem = stem

    def draw(self, matter: Ints) -> tuple[Floats, Any]:
        """(n, 2) points in metres and (n,) texts for (n,) matters."""
        rng = self.rng
        xy, text = np.empty((matter.size, 2)), np.full(matter.size, "", dtype=object)
        for m in np.unique(matter).tolist():
            at = np.flatnonzero(matter == m)
            places = [p for p in MATTERS[m].places if self._known(p[0])] or [("home", 1.0)]
            chance = np.array([w for _, w in places])
            which = rng.choice(len(places), at.size, p=chance / chance.sum())
            for k, (place, _) in enumerate(places):
                some = at[which == k]
                if some.size:
                    xy[some], text[some] = self._at(place, some.size)
        return xy, text

    def _known(self, place: str) -> bool:
        if place in self.doors:
            return self.doors[place][0].size > 0
        if place == "camera":
            return len(self.cameras[0]) > 0
        return place in self.spots and len(self.spots[place][0]) > 0

    def _at(self, place: str, n: int) -> tuple[Floats, Any]:
        rng = self.rng
        if place in self.doors:
            which, weight = self.doors[place]
            door = rng.choice(which, n, p=weight / weight.sum())
            return self.named.door_xy[door] + rng.normal(0, 4.5, (n, 2)), self._door_texts(door, place)
        xy, said = self.cameras if place == "camera" else self.spots[place]
        weight = 1.0 / (3 + np.arange(len(xy)))
        k = (
            rng.choice(len(xy), n, p=weight / weight.sum())
            if place in ("market", "street", "square")
            else rng.integers(0, len(xy), n)
        )
        spread = {"market": 22.0, "square": 25.0, "field": 60.0, "camera": 0.5}.get(place, 7.0)
        return xy[k] + rng.normal(0, spread, (n, 2)), np.array([said[j] for j in k], dtype=object)

    def _door_texts(self, door: Ints, place: str) -> Any:
        rows: Any = self.named.table.iloc[door]
        levels = self.done.built.levels[self.done.built.door_building[door]]
        near_mark = self._nearest_mark(self.named.door_xy[door])
        out = []
        luck, room = self.rng.random((2, door.size))
        for k, r in enumerate(rows.itertuples(index=False)):
            flat = f"{1 + int(room[k] * levels[k])}0{1 + int(room[k] * 97) % 2}室" if r.unit else ""
            short = (
                (r.estate + r.building + r.unit + flat)
                if r.estate
                else (r.road + r.lane + r.number)
                if r.road
                else (r.hamlet + r.group_no + r.number)
            )
            if luck[k] < 0.24:
                said = r.full_text + flat
            elif luck[k] < 0.48:
                said = r.full_text.removeprefix(PROVINCE + CITY + COUNTY) + flat
            elif luck[k] < 0.66:
                said = (r.village if not r.road else self.stem) + short
            elif luck[k] < 0.80 and r.hamlet:
                said = f"{r.village.removesuffix('村')}{r.hamlet.removesuffix('自然村')}{r.number}"
            elif luck[k] < 0.80:
                said = short.replace("幢", "-").replace("单元", "-").replace("室", "") if r.estate else short
            elif luck[k] < 0.93 and near_mark[k] and r.road:
                said = near_mark[k]
            elif r.road:
                said = f"{r.town}{r.village}{r.road}" + ("沿街店铺" if place == "shop" else "边上")
            else:
                said = f"{r.town}{r.village}{r.hamlet}" + ("村口小店旁" if luck[k] > 0.97 else "里面")
            out.append(said)
        return np.array(out, dtype=object)

    def _nearest_mark(self, xy: Floats) -> list[str]:
        if len(self.marks) == 0:
            return [""] * len(xy)
        near, gap = shapely.STRtree(shapely.points(self.marks)).query_nearest(
            shapely.points(xy), return_distance=True, all_matches=False
        )
        out = []
        for k, (m, d) in enumerate(zip(near[1].tolist(), gap.tolist(), strict=True)):
            dx, dy = xy[k] - self.marks[m]
            side = max(_SIDES, key=lambda s: round(s[1] * dx + s[2] * dy, 3))[0]
            out.append(f"{self.mark_names[m]}{side if d > 45 else '对面' if k % 2 else '旁边'}" if d < 220 else "")
        return out


def _spots(
    rng: np.random.Generator, site: Site, town: int, done: TownBuilt, named: Named
) -> dict[str, tuple[Floats, list[str]]]:
    """Named spots by kind of place: points (n, 2) and what people call them, the busiest first."""
    core = site.cores[town]
    out: dict[str, tuple[Floats, list[str]]] = {}
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(core.lines, k)) for k in (0, -1)])
    piece = np.tile(np.arange(core.lines.size), 2)
    nodes, which, count = np.unique(np.round(ends, 1), axis=0, return_inverse=True, return_counts=True)
    said = []
    for k in range(len(nodes)):
        roads = sorted({str(r) for r in named.street_names[piece[which == k]]})
        said.append(
            f"{named.town}{roads[0]}与{roads[1]}交叉口"
            if len(roads) > 1
            else f"{roads[0]}{'中段' if count[k] > 1 else '尽头'}"
        )
    busy = np.argsort(np.round(np.hypot(*core.frame.frame(nodes).T), 2), kind="stable")
    out["street"] = (nodes[busy], [said[k] for k in busy])
    middle = shapely.get_coordinates(shapely.line_interpolate_point(core.lines, 0.5, normalized=True))
    out["lane"] = (middle, [f"{r}{rng.integers(1, 90)}号附近" for r in named.street_names])
    for role in ("market", "square"):
        mine = [(g.centre, n) for g, n in zip(done.groups, named.groups, strict=True) if g.role == role]
        if mine:
            tails = ("门口", "对面", "东侧", "西侧", "")
            out[role] = (np.array([c for c, _ in mine for _ in tails]), [n + t for _, n in mine for t in tails])
    units = np.flatnonzero(site.unit_town == town)
    out["road"], out["water"], out["field"] = _outdoors(rng, site, units, named)
    return out


def _outdoors(rng: np.random.Generator, site: Site, units: Ints, named: Named) -> list[tuple[Floats, list[str]]]:
    areas = site.unit_area[units]
    found = []
    hamlets = np.flatnonzero(np.isin(site.hamlet_unit, units))
    for lines, what in ((site.roads, "公路{}段"), (np.array(site.water.lines, object), "{}段河边"), (None, "{}田边")):
        if lines is None:
            xy = site.hamlet_xy[hamlets] + rng.uniform(-280, 280, (hamlets.size, 2))
        else:
            near = lines[shapely.intersects(lines, shapely.box(*shapely.total_bounds(areas)))]
            spots = [shapely.line_interpolate_point(near, t, normalized=True) for t in (0.2, 0.5, 0.8)]
            xy = shapely.get_coordinates(np.concatenate(spots))
        where = shapely.STRtree(areas).query(shapely.points(xy), predicate="within")
        found.append((xy[where[0]], [what.format(named.units[int(units[u])][1]) for u in where[1]]))
    return found
