"""Make a whole invented town as frames in EPSG:4326."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import Transformer

from geo.errors import GeoError
from geo.town import frames
from geo.town.addresses import name_town
from geo.town.build import build_town
from geo.town.cameras import place_cameras
from geo.town.reports import DAYS, make_reports
from geo.town.site import Site, lay_out
from geo.town.terrain import Floats

FEWEST, MOST = 2_000, 1_000_000


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
    to_degrees = Transformer.from_crs(frames.METRIC, frames.DEGREES, always_xy=True)
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
        parts["places"].append(frames.places(done, site, named))
        parts["streets"].append((site.cores[k].lines, site.cores[k].kinds, named.street_names))
        parts["lanes"].append(done.lanes)
        parts["buildings"].append(frames.buildings(done, named))
        parts["addresses"].append(frames.addresses(done, named, to_degrees))
        parts["cameras"].append(frames.with_points(cameras, camera_xy, to_degrees, after="name"))
        parts["reports"].append(frames.with_points(reports, report_xy, to_degrees, after="address_text"))
        if tell is not None:
            tell(k + 1, towns)
    return _finish(households, seed, until, site, parts, to_degrees)


def _generator(seed: int, households: int, part: int) -> np.random.Generator:
    """Each part draws from its own stream, so that a change in one leaves the others as they were."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, households, part])))


def _rain(rng: np.random.Generator) -> Floats:
    """(DAYS,) 0 … 1: up to three spells of rain."""
    wet = np.zeros(DAYS)
    for start in rng.choice(np.arange(3, DAYS - 5), 3, replace=False):
        length = int(rng.integers(1, 4))
        wet[start : start + length] = np.maximum(
            wet[start : start + length], np.round(rng.uniform(0.4, 1.0, length), 3)
        )
    return wet


def _finish(
    households: int, seed: int, until: date, site: Site, parts: dict[str, list[Any]], to_degrees: Transformer
) -> Town:
    def geographic(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        shapes = frames.degrees(np.asarray(frame.geometry), to_degrees)
        return gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=shapes, crs=frames.DEGREES)

    towns, villages = frames.boundaries(site, parts["units"], to_degrees)
    places = geographic(pd.concat(parts["places"], ignore_index=True))
    missing = places["village_code"] == ""
    if missing.any():
        at, whose = villages.sindex.query(places.geometry[missing], predicate="intersects")
        places.loc[places.index[missing][at], "village_code"] = villages["code"].to_numpy()[whose]
    places.insert(0, "place_key", [f"P{k:06d}" for k in range(1, len(places) + 1)])
    addresses = pd.concat(parts["addresses"], ignore_index=True)
    lived = addresses[addresses["households"] > 0]
    points = pd.DataFrame(
        {
            "household_key": "H" + lived["address_key"],
            "households": lived["households"],
            "address_key": lived["address_key"],
            "lon": lived["lon"],
            "lat": lived["lat"],
        }
    ).reset_index(drop=True)
    reports = pd.concat(parts["reports"], ignore_index=True)
    reports = reports.sort_values("reported_at", kind="stable", ignore_index=True)
    day = reports["reported_at"].str[:10].str.replace("-", "")
    reports["report_key"] = [f"R{d}{n:06d}" for d, n in zip(day, frames.serial(day.to_numpy()), strict=True)]
    return Town(
        households,
        seed,
        until,
        towns,
        villages,
        places,
        geographic(frames.roads(site, parts)),
        geographic(frames.water(site)),
        geographic(pd.concat(parts["buildings"], ignore_index=True)),
        addresses.drop(columns="households"),
        points,
        pd.concat(parts["cameras"], ignore_index=True),
        reports,
    )
