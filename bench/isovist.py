"""Time exact isovists beside other ways on real buildings; prints a markdown table.

    python bench/isovist.py --data ../shared/data

Peers: `rays`, 720 rays a camera cut with shapely (approximate); `shadows`, the field of view less the shadow of every
wall with shapely (exact); and t4gpd, exact and by rays, if it can be imported. They see a sample of the cameras, all
as domes, since t4gpd knows no sectors. `area` is the mean difference of area from ours, relative, as |A - B| / A.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from geo.isovist import blind_spots, field_of_view, isovists, mounted


def scene(folder: Path, cameras: int, range_m: float) -> tuple[gpd.GeoDataFrame, gpd.GeoSeries]:
    """Buildings of a town, and made cameras near their walls."""
    houses = gpd.read_file(folder / "lauf-osm/buildings.geojson").to_crs(25832).geometry
    houses = gpd.GeoSeries(shapely.make_valid(houses.values), crs=25832).explode(ignore_index=True)
    houses = houses[houses.geom_type == "Polygon"].reset_index(drop=True)
    rng = np.random.default_rng(0)
    near = houses.centroid.iloc[rng.integers(0, len(houses), cameras)]
    place = gpd.points_from_xy(near.x + rng.normal(0, 15, cameras), near.y + rng.normal(0, 15, cameras))
    optics = {"bearing_deg": rng.uniform(0, 360, cameras), "fov_deg": 360.0, "range_m": range_m}
    return gpd.GeoDataFrame(optics, geometry=place, crs=houses.crs), houses


def by_rays(cameras, houses, rays=720):
    tree, found = shapely.STRtree(houses.values), []
    for eye, reach in zip(cameras.geometry, cameras["range_m"], strict=True):
        angle = np.linspace(0, 2 * np.pi, rays, endpoint=False)
        ends = np.array([eye.x, eye.y]) + reach * np.column_stack((np.cos(angle), np.sin(angle)))
        lines = shapely.linestrings(np.stack((np.broadcast_to((eye.x, eye.y), ends.shape), ends), axis=1))
        walls = shapely.union_all(houses.values[tree.query(eye, predicate="dwithin", distance=reach)])
        free = shapely.difference(lines, walls)
        first = shapely.get_geometry(free, 0)  # pieces come in the order of the ray
        first = np.where(shapely.is_missing(first), free, first)
        found.append(shapely.Polygon(shapely.get_coordinates(shapely.get_point(first, -1))))
    return np.array(found)


def by_shadows(cameras, houses):
    tree, found = shapely.STRtree(houses.values), []
    for eye, reach, sector in zip(cameras.geometry, cameras["range_m"], field_of_view(cameras), strict=True):
        solid = houses.values[tree.query(eye, predicate="dwithin", distance=reach)]
        centre = np.array([eye.x, eye.y])
        corners, ring = shapely.get_coordinates(shapely.get_rings(solid), return_index=True)
        same = ring[1:] == ring[:-1]
        p, q = corners[:-1][same] - centre, corners[1:][same] - centre
        middle = (p + q) / 2
        quads = [np.stack((a, b, b * 1e4, a * 1e4), axis=1) + centre for a, b in ((p, middle), (middle, q))]
        shadows = shapely.polygons(np.concatenate(quads))
        shadows = shadows[shapely.is_valid(shadows)]
        seen = shapely.difference(sector, shapely.union_all(np.concatenate((shadows, solid))))
        found.append(seen)
    return np.array(found)


def by_t4gpd(cameras, houses, exact):
    from t4gpd.isovist.STExactIsovistField2D import STExactIsovistField2D
    from t4gpd.isovist.STIsovistField2D import STIsovistField2D

    buildings, eyes = gpd.GeoDataFrame(geometry=houses.copy()), cameras[["geometry"]].assign(gid=range(len(cameras)))
    reach = float(cameras["range_m"].iloc[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if exact:
            return STExactIsovistField2D(buildings, eyes, rayLength=reach, delta=reach).run().geometry.values
        return STIsovistField2D(buildings, eyes, nRays=720, rayLength=reach).run()[1].geometry.values


def row(cells):
    print("| " + " | ".join(str(c) for c in cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared/data")
    parser.add_argument("--cameras", type=int, default=4000)
    parser.add_argument("--sample", type=int, default=100, help="cameras that the slow peers see")
    options = parser.parse_args()
    row(["program", "cameras", "range", "seconds", "ms a camera", "× ours", "area"])
    row(["---"] * 2 + ["---:"] * 5)
    for range_m in (30.0, 100.0, 300.0):
        cameras, houses = scene(options.data, options.cameras, range_m)
        isovists(cameras.iloc[:4], houses)
        start = time.perf_counter()
        seen = isovists(cameras, houses)
        ours = (time.perf_counter() - start) / len(cameras) * 1e3
        row(["geo.isovist", len(cameras), f"{range_m:.0f} m", f"{ours * len(cameras) / 1e3:.2f}", f"{ours:.3f}", 1, ""])
        if range_m == 100.0:
            squares = [shapely.box(x, y, x + 250, y + 250) for x, y in grid(houses.total_bounds, 250)]
            start = time.perf_counter()
            blind_spots(gpd.GeoSeries(squares, crs=houses.crs), seen, obstacles=houses)
            spent = time.perf_counter() - start
            row([f"geo.isovist.blind_spots, {len(squares)} squares", len(cameras), "100 m", f"{spent:.2f}", "", "", ""])
        # Peers know no cameras on walls: they look from where ours look.
        few = mounted(cameras.iloc[: options.sample], houses)
        for name, work in (
            ("shapely, 720 rays", by_rays),
            ("shapely, shadows", by_shadows),
            ("t4gpd, 720 rays", lambda c, h: by_t4gpd(c, h, False)),
            ("t4gpd, exact", lambda c, h: by_t4gpd(c, h, True)),
        ):
            try:
                start = time.perf_counter()
                theirs = work(few, houses)
                spent = time.perf_counter() - start
            except Exception as error:  # noqa: BLE001 - a peer that fails is a result, too
                row([name, len(few), f"{range_m:.0f} m", type(error).__name__, "", "", ""])
                continue
            area = shapely.area(seen.values[: len(few)])
            off = np.abs(shapely.area(theirs) - area).mean() / area.mean() if len(theirs) == len(few) else np.nan
            each = spent / len(few) * 1e3
            row([name, len(few), f"{range_m:.0f} m", f"{spent:.2f}", f"{each:.1f}", f"{each / ours:.0f}", f"{off:.1e}"])


def grid(bounds, step):
    west, south, east, north = bounds
    return [(x, y) for x in np.arange(west, east, step) for y in np.arange(south, north, step)]


if __name__ == "__main__":
    main()
