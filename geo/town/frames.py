"""What was made of a sample town, turned from metres into frames in EPSG:4326."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from geo.town import fabric as f
from geo.town import names
from geo.town.addresses import Named
from geo.town.build import HAMLET_BASE, TownBuilt
from geo.town.network import PRIMARY, TERTIARY
from geo.town.site import Site
from geo.town.terrain import Floats

DECIMALS = 7
METRIC, DEGREES = "EPSG:4549", "EPSG:4326"
_ROAD_CLASS = {0: "primary", 1: "secondary", 2: "tertiary", 3: "unclassified"}
_STREET_CLASS = {0: "primary", 1: "secondary", 2: "residential", 3: "residential"}


def degrees(shapes: Any, to_degrees: Transformer) -> Any:
    """Shapes in metres -> shapes in degrees, rounded to 7 decimals (about 1 cm)."""

    def convert(xy: Floats) -> Floats:
        return np.round(np.column_stack(to_degrees.transform(xy[:, 0], xy[:, 1])), DECIMALS)

    return shapely.transform(shapes, convert)


def with_points(table: pd.DataFrame, xy: Floats, to_degrees: Transformer, *, after: str) -> pd.DataFrame:
    """The table with columns lon and lat after the column `after`, from metres (n, 2); NaN stays NaN."""
    known = np.isfinite(xy[:, 0])
    lon, lat = np.full(len(xy), np.nan), np.full(len(xy), np.nan)
    lon[known], lat[known] = to_degrees.transform(xy[known, 0], xy[known, 1])
    at = list(table.columns).index(after) + 1
    out = table.copy()
    out.insert(at, "lon", np.round(lon, DECIMALS))
    out.insert(at + 1, "lat", np.round(lat, DECIMALS))
    return out


def buildings(done: TownBuilt, named: Named) -> gpd.GeoDataFrame:
    """Footprints in metres with their use, storeys, height, name and village."""
    built = done.built
    code = np.array([named.units[int(u)][0] for u in done.unit], dtype=object)
    return gpd.GeoDataFrame(
        {
            "building_key": [f"B{c}{n:05d}" for c, n in zip(code, serial(code), strict=True)],
            "kind": [f.KINDS[k] for k in built.kind],
            "levels": built.levels,
            "height_m": np.round(built.levels * np.where(built.kind == f.FACTORY, 6.0, f.STOREY_M), 1),
            "name": named.building_names,
            "village_code": code,
        },
        geometry=built.polygons,
        crs=METRIC,
    )


def serial(codes: Any) -> list[int]:
    """1, 2, … within each value, in order of appearance."""
    return (pd.Series(codes).groupby(codes, sort=False).cumcount() + 1).tolist()


def addresses(done: TownBuilt, named: Named, to_degrees: Transformer) -> pd.DataFrame:
    """Address rows with lon, lat, village code and the households behind each door."""
    table = named.table.copy()
    lon, lat = to_degrees.transform(named.door_xy[:, 0], named.door_xy[:, 1])
    table["lon"], table["lat"] = np.round(lon, DECIMALS), np.round(lat, DECIMALS)
    table["village_code"] = table["address_key"].str[:12]
    table["households"] = done.households
    return table


def places(done: TownBuilt, site: Site, named: Named) -> gpd.GeoDataFrame:
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


def boundaries(site: Site, units: list[Named], to_degrees: Transformer) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Towns and villages in degrees; a town is the dissolved coverage of its villages."""
    rows = []
    for named in units:
        for u, (code, name) in named.units.items():
            rows.append((code, name, "VILLAGE", named.code, "社区" if site.unit_core[u] else "村", site.unit_area[u]))
    table = pd.DataFrame(rows, columns=["code", "name", "level", "parent_code", "kind", "geometry"])
    shapes = degrees(table["geometry"].to_numpy(), to_degrees)
    villages = gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=shapes, crs=DEGREES)
    whole = [shapely.coverage_union_all(shapes[(table["parent_code"] == n.code).to_numpy()]) for n in units]
    towns = gpd.GeoDataFrame(
        {
            "code": [n.code for n in units],
            "name": [n.town for n in units],
            "level": "TOWN",
            "parent_code": names.COUNTY_CODE,
            "kind": "镇",
        },
        geometry=whole,
        crs=DEGREES,
    )
    return towns, villages


def roads(site: Site, parts: dict[str, list[Any]]) -> gpd.GeoDataFrame:
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
    bank = shapely.buffer(np.array(site.water.polygons, object), 1.5, quad_segs=2)
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
        {
            "road_key": [f"L{k:07d}" for k in range(1, row.size + 1)],
            "name": label[row],
            "road_class": kind[row],
            "bridge": bridge,
        },
        geometry=geometry,
        crs=METRIC,
    )


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


def water(site: Site) -> gpd.GeoDataFrame:
    """Polygons and centre lines (`river_line`, `stream_line`) in metres, near and in the area."""
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
        {
            "water_key": [f"W{k:05d}" for k in range(1, cut.size + 1)],
            "name": [river if k.startswith("river") else None for k in kind],
            "kind": kind,
        },
        geometry=cut,
        crs=METRIC,
    )
