"""Make a whole invented town as frames in EPSG:4326."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from geo.errors import GeoError
from geo.town import fabric as f
from geo.town import names
from geo.town.addresses import Named, name_town
from geo.town.build import HAMLET_BASE, TownBuilt, build_town
from geo.town.cameras import place_cameras
from geo.town.network import PRIMARY, TERTIARY
from geo.town.reports import DAYS, make_reports
from geo.town.site import Site, lay_out
from geo.town.terrain import Floats

FEWEST, MOST = 2_000, 1_000_000
DECIMALS = 7
METRIC, DEGREES = "EPSG:4549", "EPSG:4326"
_ROAD_CLASS = {0: "primary", 1: "secondary", 2: "tertiary", 3: "unclassified"}
_STREET_CLASS = {0: "primary", 1: "secondary", 2: "residential", 3: "residential"}


@dataclass(frozen=True)
class Town:
    """Frames of an invented town, geometry in EPSG:4326 rounded to 7 decimals; households are counts without names."""

    households: int
    seed: int
    until: date
    town: gpd.GeoDataFrame
    villages: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    water: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    addresses: pd.DataFrame
    household_points: pd.DataFrame
    cameras: pd.DataFrame
    reports: pd.DataFrame


def make_town(
    households: int, *, seed: int = 1, until: date = date(2026, 10, 31), tell: Callable[[int, int], None] | None = None
) -> Town:
    """An invented town of so many households; the same arguments give the same town on every machine.

    Up to about 60,000 households make one town of villages and communities, more make a county of several towns. The
    reports are those of the 90 days that end with `until`. `tell(done, all)` hears of the progress. About linear in
    `households`.

    Raises
    ------
    GeoError : `households` is not between 2,000 and 1,000,000, or the seed is negative
    """
    if not FEWEST <= households <= MOST:
        raise GeoError(f"A sample town has {FEWEST:,} to {MOST:,} households, not {households:,}.")
    if seed < 0:
        raise GeoError(f"The seed must be 0 or more, not {seed}.")
    site = lay_out(_generator(seed, households, 0), households)
    rain = _rain(_generator(seed, households, 1))
    to_degrees = Transformer.from_crs(METRIC, DEGREES, always_xy=True)
    towns = int(site.unit_town.max()) + 1
    parts: dict[str, list[Any]] = {
        key: [] for key in ("units", "places", "streets", "lanes", "buildings", "addresses", "cameras", "reports")
    }
    serial = 1
    for k in range(towns):
        rng = _generator(seed, households, 2 + k)
        done = build_town(rng, site, k)
        named = name_town(rng, site, k, done)
        cameras, camera_xy = place_cameras(rng, site, k, done, named, until, serial)
        serial += len(cameras)
        reports, report_xy = make_reports(rng, site, k, done, named, (cameras, camera_xy), until, rain)
        parts["units"].append(named)
        parts["places"].append(_places(site, k, done, named))
        parts["streets"].append((site.cores[k].lines, site.cores[k].kinds, named.street_names))
        parts["lanes"].append(done.lanes)
        parts["buildings"].append(_buildings(done, named))
        parts["addresses"].append(_addresses(done, named, to_degrees))
        parts["cameras"].append(_with_points(cameras, camera_xy, to_degrees, after="name"))
        parts["reports"].append(_with_points(reports, report_xy, to_degrees, after="address_text"))
        if tell is not None:
            tell(k + 1, towns)
    return _finish(households, seed, until, site, parts, to_degrees)


def _generator(seed: int, households: int, part: int) -> np.random.Generator:
    """Each part draws from its own stream, so that a change in one leaves the others as they were."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, households, part])))


def _rain(rng: np.random.Generator) -> Floats:
    """(DAYS,) 0 … 1: two or three spells of rain."""
    wet = np.zeros(DAYS)
    for start in rng.choice(np.arange(3, DAYS - 5), 3, replace=False):
        length = int(rng.integers(1, 4))
        wet[start : start + length] = np.maximum(
            wet[start : start + length], np.round(rng.uniform(0.4, 1.0, length), 3)
        )
    return wet


def _degrees(shapes: Any, to_degrees: Transformer) -> Any:
    def convert(xy: Floats) -> Floats:
        return np.round(np.column_stack(to_degrees.transform(xy[:, 0], xy[:, 1])), DECIMALS)

    return shapely.transform(shapes, convert)


def _with_points(table: pd.DataFrame, xy: Floats, to_degrees: Transformer, *, after: str) -> pd.DataFrame:
    known = np.isfinite(xy[:, 0])
    lon, lat = np.full(len(xy), np.nan), np.full(len(xy), np.nan)
    lon[known], lat[known] = to_degrees.transform(xy[known, 0], xy[known, 1])
    at = table.columns.get_loc(after) + 1
    out = table.copy()
    out.insert(at, "lon", np.round(lon, DECIMALS))
    out.insert(at + 1, "lat", np.round(lat, DECIMALS))
    return out


def _buildings(done: TownBuilt, named: Named) -> gpd.GeoDataFrame:
    built = done.built
    code = np.array([named.units[int(u)][0] for u in done.unit], dtype=object)
    return gpd.GeoDataFrame({
        "building_key": [f"B{c}{n:05d}" for c, n in zip(code, _serial(code), strict=True)],
        "kind": [f.KINDS[k] for k in built.kind],
        "levels": built.levels,
        "height_m": np.round(built.levels * np.where(built.kind == f.FACTORY, 6.0, f.STOREY_M), 1),
        "name": named.building_names,
        "village_code": code,
    }, geometry=built.polygons, crs=METRIC)  # fmt: skip


def _serial(codes: Any) -> list[int]:
    return (pd.Series(codes).groupby(codes, sort=False).cumcount() + 1).tolist()


def _addresses(done: TownBuilt, named: Named, to_degrees: Transformer) -> pd.DataFrame:
    table = named.table.copy()
    lon, lat = to_degrees.transform(named.door_xy[:, 0], named.door_xy[:, 1])
    table["lon"], table["lat"] = np.round(lon, DECIMALS), np.round(lat, DECIMALS)
    table["village_code"] = table["address_key"].str[:12]
    table["households"] = done.households
    return table


def _places(site: Site, town: int, done: TownBuilt, named: Named) -> gpd.GeoDataFrame:
    """Hamlets, estates and landmarks as named points with the households that live there."""
    group = done.built.group[done.built.door_building]
    unit = done.unit[done.built.door_building]
    rows = []
    for h, name in named.hamlets.items():
        u = int(site.hamlet_unit[h])
        rows.append(
            (
                f"{name}自然村",
                "HAMLET",
                named.units[u][0],
                int(done.households[group == HAMLET_BASE + h].sum()),
                *site.hamlet_xy[h],
            )
        )
    for k, (g, name) in enumerate(zip(done.groups, named.groups, strict=True)):
        mine = group == k
        if mine.any() or g.role == "square":
            kind = "ESTATE" if g.role == "estate" else "LANDMARK"
            at = unit[mine]
            code = named.units[int(at[0])][0] if at.size else ""
            rows.append((name, kind, code, int(done.households[mine].sum()), *g.centre))
    table = pd.DataFrame(rows, columns=["name", "kind", "village_code", "households", "x", "y"])
    return gpd.GeoDataFrame(
        table[["name", "kind", "village_code", "households"]],
        geometry=gpd.points_from_xy(table["x"], table["y"]),
        crs=METRIC,
    )


def _finish(
    households: int, seed: int, until: date, site: Site, parts: dict[str, list[Any]], to_degrees: Transformer
) -> Town:
    def geographic(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        shapes = _degrees(np.asarray(frame.geometry), to_degrees)
        return gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=shapes, crs=DEGREES)

    towns, villages = _boundaries(site, parts["units"], to_degrees)
    places = geographic(pd.concat(parts["places"], ignore_index=True))
    missing = places["village_code"] == ""
    if missing.any():
        at, whose = villages.sindex.query(places.geometry[missing], predicate="intersects")
        places.loc[places.index[missing][at], "village_code"] = villages["code"].to_numpy()[whose]
    places.insert(0, "place_key", [f"P{k:06d}" for k in range(1, len(places) + 1)])
    addresses = pd.concat(parts["addresses"], ignore_index=True)
    lived = addresses[addresses["households"] > 0]
    points = pd.DataFrame({
        "household_key": "H" + lived["address_key"], "households": lived["households"], "address_key": lived["address_key"],
        "lon": lived["lon"], "lat": lived["lat"],
    }).reset_index(drop=True)  # fmt: skip
    reports = pd.concat(parts["reports"], ignore_index=True)
    reports = reports.sort_values("reported_at", kind="stable", ignore_index=True)
    day = reports["reported_at"].str[:10].str.replace("-", "")
    reports["report_key"] = [f"R{d}{n:06d}" for d, n in zip(day, _serial(day.to_numpy()), strict=True)]
    return Town(
        households, seed, until, towns, villages, places,
        geographic(_roads(site, parts)), geographic(_water(site)), geographic(pd.concat(parts["buildings"], ignore_index=True)),
        addresses.drop(columns="households"), points, pd.concat(parts["cameras"], ignore_index=True), reports,
    )  # fmt: skip


def _boundaries(site: Site, units: list[Named], to_degrees: Transformer) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    rows = []
    for named in units:
        for u, (code, name) in named.units.items():
            rows.append((code, name, "VILLAGE", named.code, "社区" if site.unit_core[u] else "村", site.unit_area[u]))
    table = pd.DataFrame(rows, columns=["code", "name", "level", "parent_code", "kind", "geometry"])
    shapes = _degrees(table["geometry"].to_numpy(), to_degrees)
    villages = gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=shapes, crs=DEGREES)
    whole = [shapely.coverage_union_all(shapes[(table["parent_code"] == n.code).to_numpy()]) for n in units]
    towns = gpd.GeoDataFrame(
        {"code": [n.code for n in units], "name": [n.town for n in units], "level": "TOWN", "parent_code": names.COUNTY_CODE, "kind": "镇"},
        geometry=whole, crs=DEGREES,
    )  # fmt: skip
    return towns, villages


def _roads(site: Site, parts: dict[str, list[Any]]) -> gpd.GeoDataFrame:
    """All roads cut at the banks; a piece over water is a bridge."""
    lines, classes, labels = (
        [site.roads],
        [[_ROAD_CLASS[int(c)] for c in site.road_class]],
        [_country_names(site, parts["units"])],
    )
    for streets, kinds, street_names in parts["streets"]:
        lines.append(streets)
        classes.append([_STREET_CLASS[int(c)] for c in kinds])
        labels.append(list(street_names))
    for lanes in parts["lanes"]:
        lines.append(np.array(lanes, object))
        classes.append(["service"] * len(lanes))
        labels.append([None] * len(lanes))
    line, kind, label = (
        np.concatenate(lines),
        np.concatenate(classes),
        np.array([n for part in labels for n in part], dtype=object),
    )
    bank = shapely.get_parts(shapely.buffer(site.wet_area, 1.5, join_style="bevel"))
    wet_pairs = shapely.STRtree(bank).query(line, predicate="intersects")
    crossed = np.unique(wet_pairs[0])
    dry = np.ones(line.size, bool)
    dry[crossed] = False
    pieces, rows, bridges = [line[dry]], [np.flatnonzero(dry)], [np.zeros(int(dry.sum()), bool)]
    for k in crossed.tolist():
        water = shapely.union_all(bank[wet_pairs[1][wet_pairs[0] == k]])
        for shape, over in ((shapely.difference(line[k], water), False), (shapely.intersection(line[k], water), True)):
            part = shapely.get_parts(shape)
            part = part[(shapely.get_type_id(part) == 1) & (shapely.length(part) > 0.05)]
            pieces.append(part)
            rows.append(np.full(part.size, k))
            bridges.append(np.full(part.size, over))
    row, geometry, bridge = np.concatenate(rows), np.concatenate(pieces), np.concatenate(bridges)
    order = np.argsort(row, kind="stable")
    row, geometry, bridge = row[order], geometry[order], bridge[order]
    return gpd.GeoDataFrame(
        {"road_key": [f"L{k:07d}" for k in range(1, row.size + 1)], "name": label[row], "road_class": kind[row], "bridge": bridge},
        geometry=geometry, crs=METRIC,
    )  # fmt: skip


def _country_names(site: Site, units: list[Named]) -> list[str | None]:
    """Main roads carry the county's name, village roads that of the nearest village."""
    chief = np.flatnonzero(np.r_[True, np.diff(site.hamlet_unit) != 0])
    village = {u: name for named in units for u, (_, name) in named.units.items()}
    middle = shapely.line_interpolate_point(site.roads, 0.5, normalized=True)
    near = shapely.STRtree(shapely.points(site.hamlet_xy[chief])).query_nearest(middle, all_matches=False)[1]
    out: list[str | None] = []
    for grade, h in zip(site.road_class.tolist(), near.tolist(), strict=True):
        stem = village[int(site.hamlet_unit[chief[h]])].removesuffix("村")
        out.append("溪越线" if grade == PRIMARY else f"{stem}路" if grade == TERTIARY else None)
    return out


def _water(site: Site) -> gpd.GeoDataFrame:
    frame = shapely.buffer(shapely.union_all(site.unit_area), 80.0)
    shapes = np.array([*site.water.polygons, *site.water.lines], object)
    kinds = np.array([*site.water.polygon_kinds, *(f"{k}_line" for k in site.water.line_kinds)], dtype=object)
    near = shapely.intersects(shapes, frame)
    cut, which = shapely.get_parts(shapely.intersection(shapes[near], frame), return_index=True)
    kind = kinds[near][which]
    flat = shapely.get_dimensions(cut) == np.where([k.endswith("_line") for k in kind], 1, 2)
    cut, kind = cut[flat], kind[flat]
    stem = site.stems[0]
    river = stem if stem.endswith("溪") else f"{stem}江"
    return gpd.GeoDataFrame(
        {"water_key": [f"W{k:05d}" for k in range(1, cut.size + 1)], "name": [river if k.startswith("river") else None for k in kind], "kind": kind},
        geometry=cut, crs=METRIC,
    )  # fmt: skip
