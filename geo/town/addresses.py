"""Standard addresses of one sample town, in the urban form (road, number, estate) and the rural one (hamlet, group)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from geo.town import fabric as f
from geo.town import names
from geo.town.build import HAMLET_BASE, TownBuilt
from geo.town.site import Site
from geo.town.streets import Core
from geo.town.terrain import Floats, Ints

FIELDS = (
    "address_key",
    "province",
    "city",
    "county",
    "town",
    "village",
    "hamlet",
    "group_no",
    "road",
    "lane",
    "number",
    "estate",
    "building",
    "unit",
    "floor",
    "room",
    "full_text",
)
GROUP_SIZE = 38
_PUBLIC_NAMES = {
    "market": "{}农贸市场",
    "government": "{}镇人民政府",
    "primary": "{}镇中心小学",
    "hospital": "{}镇中心卫生院",
    "middle": "{}镇初级中学",
    "station": "{}汽车站",
    "kindergarten": "{}镇中心幼儿园",
    "care": "{}镇敬老院",
    "square": "{}文化广场",
}
_TRADES = ("针织", "服饰", "五金", "机械", "纸业", "食品", "香榧", "包装", "家具", "电子", "袜业", "弹簧")


@dataclass(frozen=True)
class Named:
    """Names of one town: of its units, hamlets (by number in the site), groups, street rows; and its address rows."""

    town: str
    code: str
    units: dict[int, tuple[str, str]]
    hamlets: dict[int, str]
    groups: list[str]
    street_names: Any
    table: pd.DataFrame
    door_xy: Floats
    households: Ints
    building_names: Any


def name_town(rng: np.random.Generator, site: Site, town: int, done: TownBuilt) -> Named:
    """Names for everything in a town and one address for each door."""
    stem = site.stems[town]
    units = np.flatnonzero(site.unit_town == town)
    core_units = units[site.unit_core[units]]
    code, unit_codes = names.codes(town, core_units.size, units.size - core_units.size)
    stems = names.community_names(rng, core_units.size) + names.village_names(rng, units.size - core_units.size)
    unit_names = [s + ("社区" if site.unit_core[u] else "村") for s, u in zip(stems, units.tolist(), strict=True)]
    by_unit = dict(zip(units.tolist(), zip(unit_codes, unit_names, strict=True), strict=True))
    hamlets: dict[int, str] = {}
    for u, s in zip(units.tolist(), stems, strict=True):
        mine = np.flatnonzero(site.hamlet_unit == u)
        hamlets |= dict(zip(mine.tolist(), names.hamlet_names(rng, s, mine.size), strict=True))
    groups = _group_names(rng, stem, done)
    street_names = _street_names(rng, stem, site.cores[town])
    columns = _columns(site, town, done, f"{stem}镇", by_unit, hamlets, groups, street_names)
    keys = _keys(np.array([by_unit[u][0] for u in done.unit[done.built.door_building].tolist()]))
    table = pd.DataFrame({"address_key": keys, **columns})[list(FIELDS)]
    return Named(
        f"{stem}镇",
        code,
        by_unit,
        hamlets,
        groups,
        street_names,
        table,
        done.built.door_xy,
        done.households,
        _building_names(done, groups, by_unit),
    )


def _group_names(rng: np.random.Generator, stem: str, done: TownBuilt) -> list[str]:
    estates = iter(names.estate_names(rng, len(done.groups)))
    works = iter(rng.permutation(len(_TRADES) * len(names._SURNAMES)).tolist())
    seen: dict[str, int] = {}
    out = []
    for group in done.groups:
        if group.role == "estate":
            out.append(next(estates))
        elif group.role == "works":
            k = next(works)
            out.append(f"{stem}{names._SURNAMES[k // len(_TRADES)]}氏{_TRADES[k % len(_TRADES)]}厂")
        else:
            name = _PUBLIC_NAMES[group.role].format(stem)
            seen[name] = seen.get(name, 0) + 1
            which = "一二三四五六七八九十"[min(seen[name], 10) - 1]
            old = "中心" if "中心" in name else stem
            new = f"第{which}" if "中心" in name else f"{stem}第{which}"
            out.append(name if seen[name] == 1 else name.replace(old, new))
    return out


def _street_names(rng: np.random.Generator, stem: str, core: Core) -> Any:
    """(k,) name of each piece of street: one for each line of the street grid, one for the quays."""
    main = core.rows[core.kinds == 0]
    rows = [int(main[0]), *sorted(set(core.rows.tolist()) - {int(main[0]), 3000})]
    named = dict(zip(rows, names.road_names(rng, stem, len(rows)), strict=False))
    named[3000] = f"滨{stem[-1]}路" if stem[-1] in "溪浦湾" else "滨江路"
    return np.array([named.get(int(r), f"{stem}支路") for r in core.rows], dtype=object)


def _columns(
    site: Site,
    town: int,
    done: TownBuilt,
    town_name: str,
    units: dict[int, tuple[str, str]],
    hamlets: dict[int, str],
    groups: list[str],
    street_names: Any,
) -> dict[str, Any]:
    built = done.built
    m = len(built.door_room)
    kind, group = built.kind[built.door_building], built.group[built.door_building]
    village = np.array([units[u][1] for u in done.unit.tolist()], dtype=object)[built.door_building]
    col: dict[str, Any] = {k: np.full(m, "", dtype=object) for k in FIELDS[1:]}
    col["province"][:], col["city"][:], col["county"][:], col["town"][:] = (
        names.PROVINCE,
        names.CITY,
        names.COUNTY,
        town_name,
    )
    col["village"] = village
    tail = np.full(m, "", dtype=object)

    rural = group >= HAMLET_BASE
    hall = rural & (kind == f.HALL)
    group_no, number = _rural_numbers(done, rural & ~hall)
    col["hamlet"][rural] = [hamlets[int(g) - HAMLET_BASE] + "自然村" for g in group[rural]]
    house = rural & ~hall
    col["group_no"][house] = [f"{g}组" for g in group_no[house]]
    col["number"][house] = [f"{n}号" for n in number[house]]
    tail[hall] = [f"{v}村民委员会" for v in village[hall]]

    road, number = _urban_numbers(site.cores[town], done, ~rural, street_names)
    col["road"][~rural] = road[~rural]
    old = kind == f.OLD
    col["number"][~rural & ~old] = [f"{n}号" for n in number[~rural & ~old]]
    col["lane"][old] = [f"{n}弄" for n in number[old]]
    col["number"][old] = [f"{n}号" for n in _within(group[old])]
    slab = kind == f.SLAB
    block = _building_numbers(done)[built.door_building]
    col["estate"][slab] = [groups[g] for g in group[slab]]
    col["building"][slab] = [f"{b}幢" for b in block[slab]]
    col["unit"][slab] = [f"{u}单元" if u else "" for u in built.door_unit[slab]]
    public = ~rural & (group >= 0) & ~slab
    tail[public] = [groups[g] for g in group[public]]
    order = (
        "province",
        "city",
        "county",
        "town",
        "village",
        "hamlet",
        "group_no",
        "road",
        "lane",
        "number",
        "estate",
        "building",
        "unit",
    )
    text = col["province"]
    for name in order[1:]:
        text = text + col[name]
    col["full_text"] = text + tail
    # Doors of one works or school share an address; what is behind is told apart by its building.
    spare = ~rural & (group >= 0) & ~slab
    col["full_text"][spare] = [
        t + (f"{b}号楼" if b > 1 else "") for t, b in zip(col["full_text"][spare], block[spare], strict=True)
    ]
    return col


def _within(group: Ints) -> Ints:
    """(n,) 1, 2, … within each value, in order of appearance."""
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(group[order]) != 0])
    rank = np.arange(group.size) - np.repeat(starts, np.diff(np.r_[starts, group.size]))
    out = np.empty(group.size, np.int64)
    out[order] = rank + 1
    return out


def _rural_numbers(done: TownBuilt, rural: Any) -> tuple[Ints, Ints]:
    """Groups of a village run on from hamlet to hamlet; house numbers start anew in each."""
    built = done.built
    m = len(built.door_room)
    group_no, number = np.zeros(m, np.int64), np.zeros(m, np.int64)
    unit = done.unit[built.door_building]
    hamlet = built.group[built.door_building]
    for u in np.unique(unit[rural]):
        last = 0
        for h in np.unique(hamlet[rural & (unit == u)]):
            at = np.flatnonzero(rural & (unit == u) & (hamlet == h))
            parts = max(1, round(at.size / GROUP_SIZE))
            share = np.arange(at.size) * parts // at.size
            x, y = built.door_xy[at].T
            # Groups are strips from west to east, numbers run from north to south in them.
            strip = np.empty(at.size, np.int64)
            strip[np.lexsort([at, np.round(x, 2)])] = share
            order = np.lexsort([np.round(x, 2), np.round(-y / 20).astype(np.int64), strip])
            group_no[at] = last + 1 + strip
            number[at[order]] = _within(strip[order])
            last += parts
    return group_no, number


def _urban_numbers(core: Core, done: TownBuilt, urban: Any, street_names: Any) -> tuple[Any, Ints]:
    """Road and house number of each urban door: odd on one side, even on the other;
    an estate or lane has one number."""
    built = done.built
    group = built.group[built.door_building]
    m = group.size
    # A front is one door of a shop-house, or one whole group.
    front = np.where(group == -1, np.arange(m) + 10_000_000, group)
    front[~urban] = -(10**9)
    keys, which = np.unique(front, return_inverse=True)
    count = np.bincount(which)
    at = np.column_stack([np.bincount(which, built.door_xy[:, k]) / count for k in (0, 1)])
    points = shapely.points(at)
    street = shapely.STRtree(core.lines).query_nearest(points, all_matches=False)[1]
    foot = shapely.get_coordinates(
        shapely.line_interpolate_point(core.lines[street], shapely.line_locate_point(core.lines[street], points))
    )
    st, st0 = core.frame.frame(at), core.frame.frame(foot)
    upright = core.rows[street] < 1000
    side = np.where(upright, st[:, 0] > st0[:, 0], st[:, 1] > st0[:, 1]).astype(np.int64)
    measure = np.round(np.where(upright, -st0[:, 1], st0[:, 0]), 2)
    name = street_names[street]
    _, road = np.unique(name.astype(str), return_inverse=True)
    order = np.lexsort([keys, measure, side, road])
    order = order[keys[order] > -(10**9)]
    number = np.zeros(keys.size, np.int64)
    number[order] = 2 * _within((road * 2 + side)[order]) - 1 + side[order]
    return name[which], number[which]


def _building_numbers(done: TownBuilt) -> Ints:
    """(n,) number of each building in its group, from north to south and west to east."""
    centre = done.built.corners.mean(axis=1)
    group = done.built.group
    order = np.lexsort([np.round(centre[:, 0], 1), np.round(-centre[:, 1] / 15).astype(np.int64), group])
    out = np.empty(group.size, np.int64)
    out[order] = _within(group[order])
    return out


def _building_names(done: TownBuilt, groups: list[str], units: dict[int, tuple[str, str]]) -> Any:
    built = done.built
    number = _building_numbers(done)
    out = np.full(len(built.kind), None, dtype=object)
    for k in np.flatnonzero((built.group >= 0) & (built.group < HAMLET_BASE)).tolist():
        name = groups[int(built.group[k])]
        out[k] = f"{name}{number[k]}幢" if built.kind[k] == f.SLAB else name
    for k in np.flatnonzero(built.kind == f.HALL).tolist():
        out[k] = f"{units[int(done.unit[k])][1]}村民委员会"
    return out


def _keys(codes: Any) -> list[str]:
    """Address keys: the village code and five digits."""
    _, which = np.unique(codes, return_inverse=True)
    return [f"{c}{n:05d}" for c, n in zip(codes.tolist(), _within(which).tolist(), strict=True)]
