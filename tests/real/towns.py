"""The real towns: where each one's files are, and what is special about them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.assign import GridIndex
from geo.crs import from_gcj02, metric_crs
from layers.access import EVERYWHERE
from layers.cameras import camera_frame
from layers.engine import sessions
from layers.geometry import select_frame
from layers.grids import grid_frame
from layers.tables import GridLevel, Report
from layers.video import isovist_frame
from tests.real.job import TODAY, Job, Record
from tests.real.streams import divisions, houston, london_stream


def lauf(data: Path, folder: Path) -> Record:
    """A small Bavarian town: addresses as households, buildings as obstacles, cameras of ours at its crossings."""
    job = Job("lauf-osm", folder)
    source = data / "lauf-osm"
    town, village = "095741380", "095741380001"
    addresses = gpd.read_file(source / "address_points.geojson")
    _outline(folder, addresses, town, village, "Lauf an der Pegnitz")
    job.load("boundaries", folder / "outline.geojson")
    job.load("buildings", source / "buildings.geojson")
    job.load("roads", source / "roads.geojson")
    job.load("households", source / "address_points.geojson")
    job.load("addresses", source / "address_points.geojson")
    _cameras_at_crossings(gpd.read_file(source / "roads.geojson"), folder / "cameras.csv", 300)
    job.load("cameras", folder / "cameras.csv", crs="EPSG:4326")
    job.draw(town)
    counts = job.assign()
    job.record.facts["homed"] = counts["household"].in_grid / counts["household"].rows
    job.check()
    job.sight()
    job.record.facts["map"] = job.map()
    return job.close()


def tainan(data: Path, folder: Path) -> Record:
    """A city of 37 towns and 649 villages; one village polygon is invalid."""
    job = Job("tw-tainan-nested", folder)
    source = data / "tw-tainan-nested"
    job.load(
        "boundaries",
        source / "towns.geojson",
        level="TOWN",
        columns={"code": "TOWNCODE", "name": "TOWNNAME", "parent_code": None},
    )
    result = job.load(
        "boundaries",
        source / "villages.geojson",
        level="VILLAGE",
        columns={"code": "VILLCODE", "name": "VILLNAME", "parent_code": "TOWNCODE"},
    )
    job.record.facts["rejected"] = [reject.reason for reject in result.rejected]
    job.check()
    return job.close()


def denver(data: Path, folder: Path) -> Record:
    """10,149 census blocks in US survey feet; population / 2.2 stands for households, tracts for villages."""
    job = Job("denver-blocks2020", folder)
    source = data / "denver-blocks2020" / "DenverCo_blocks.zip"
    blocks = gpd.read_file(source)
    blocks["tract"] = blocks["GEOID20"].str[:11]
    blocks["hh"] = np.floor(blocks["TOTPOP20"] / 2.2 + 0.5).astype(int)
    blocks[["GEOID20", "tract", "hh", "geometry"]].to_file(folder / "blocks.gpkg")
    tracts = blocks.dissolve("tract").reset_index()
    tracts = gpd.GeoDataFrame(
        {
            "code": tracts["tract"],
            "name": "Tract " + tracts["tract"].str[5:],
            "level": "VILLAGE",
            "parent_code": "08031",
        },
        geometry=tracts.geometry,
    )
    county = gpd.GeoDataFrame(
        {"code": ["08031"], "name": ["Denver"], "level": ["TOWN"], "parent_code": [None]},
        geometry=[tracts.union_all()],
        crs=tracts.crs,
    )
    pd.concat([county, tracts]).to_file(folder / "boundaries.gpkg")
    job.load("boundaries", folder / "boundaries.gpkg")
    job.load(
        "blocks",
        folder / "blocks.gpkg",
        columns={"block_key": "GEOID20", "village_code": "tract", "households": "hh"},
    )
    grids = job.draw("08031")
    job.record.facts["households"] = int(grids["households"].sum()), int(blocks["hh"].sum())
    job.check()
    return job.close()


def london(data: Path, folder: Path) -> Record:
    """396,369 points whose ward is known from the police; the ward polygons are generalised by 20 m."""
    job = Job("london-crime-wards", folder)
    source = data / "london-crime-wards"
    job.load(
        "boundaries",
        source / "london_wards_2013.geojson",
        level="VILLAGE",
        columns={"code": "WD13CD", "name": "WD13NM", "parent_code": None},
    )
    job.load(
        "reports",
        source / "london_crime_2018-01_2018-06.csv.gz",
        crs="EPSG:4326",
        columns={
            "report_key": None,
            "reported_at": "month",
            "category": "category",
            "address_text": "street",
            "subtype": "ward",  # the official answer, kept for the comparison below
        },
    )
    job.assign()
    with job.step("compare") as session:
        reports = select_frame(session, (Report.village_code, Report.subtype), Report.geom, order_by=Report.id)
        wards = grid_frame(session, EVERYWHERE, level=GridLevel.VILLAGE, as_of=TODAY)
    crs = metric_crs(tuple(wards.total_bounds))
    edges = shapely.union_all(wards.to_crs(crs).boundary.to_numpy())
    shapely.prepare(edges)
    points = reports.geometry.to_crs(crs)
    unique, which = np.unique(np.column_stack([points.x, points.y]), axis=0, return_inverse=True)
    tree = shapely.STRtree(shapely.get_parts(edges))
    _, metres = tree.query_nearest(shapely.points(unique), return_distance=True, all_matches=False)
    metres = metres[which.ravel()]
    same = (reports["village_code"] == reports["subtype"]).to_numpy()
    job.record.facts["agreement"] = {reach: float(same[metres >= reach].mean()) for reach in (0, 20, 50, 100)}
    shown = ", ".join(f"{share:.2%} ≥ {reach} m" for reach, share in job.record.facts["agreement"].items())
    job.record.assigned += f"; agrees {shown}"
    return job.close()


def zhejiang(data: Path, folder: Path) -> Record:
    """90 counties whose file is in unlabelled GCJ-02; the named points of another source tell whether we took it so."""
    job = Job("cn-county-zhejiang", folder)
    source = data / "cn-county-zhejiang" / "zhejiang_counties.geojson"
    job.load(
        "boundaries",
        source,
        crs="gcj02",
        level="TOWN",
        columns={"code": "adcode", "name": "district", "parent_code": None},
    )
    points = pd.read_csv(data / "cn-adcode-points" / "adcodes.csv", dtype={"adcode": str})
    points = points[points["adcode"].str.startswith("33")]
    with job.step("compare") as session:
        counties = grid_frame(session, EVERYWHERE, level=GridLevel.TOWN, as_of=TODAY)
    codes = counties["code"].to_numpy(dtype=str)
    points = points[points["adcode"].str[:6].isin(codes)]
    lon, lat = from_gcj02(points["longitude"].to_numpy(), points["latitude"].to_numpy())
    found = GridIndex(counties.geometry, codes).locate(lon, lat)
    answer = np.where(found >= 0, codes[found], "")
    job.record.facts["points"] = int((answer == points["adcode"].str[:6].to_numpy()).sum()), len(points)
    job.record.assigned = "{} of {} named points in their county".format(*job.record.facts["points"])
    original = gpd.read_file(source).union_all().centroid
    loaded = counties.union_all().centroid
    job.record.facts["moved_deg"] = loaded.x - original.x, loaded.y - original.y
    return job.close()


def taiwan_cameras(data: Path, folder: Path) -> Record:
    """2,029 speed cameras with bearings."""
    job = Job("tw-speed-cameras", folder)
    job.load(
        "boundaries",
        data / "tw-tainan-nested" / "towns.geojson",
        level="TOWN",
        columns={"code": "TOWNCODE", "name": "TOWNNAME"},
    )
    job.load(
        "boundaries",
        data / "tw-tainan-nested" / "villages.geojson",
        level="VILLAGE",
        columns={"code": "VILLCODE", "name": "VILLNAME", "parent_code": "TOWNCODE"},
    )
    job.load(
        "cameras",
        data / "tw-speed-cameras" / "cameras_without_kaohsiung.geojson",
        columns={"camera_id": "id", "bearing_deg": "bearing", "address_text": "description", "name": None},
    )
    job.assign()
    with job.step("compare") as session:
        cameras = camera_frame(session, EVERYWHERE)
    job.record.facts["with_bearing"] = int(cameras["bearing_deg"].notna().sum())
    job.sight()
    return job.close()


def helsinki(data: Path, folder: Path) -> Record:
    """223 surveillance cameras, 55 of them inside a footprint: none of them may be blind."""
    job = Job("helsinki-centre-osm", folder)
    source = data / "helsinki-centre-osm"
    cameras = gpd.read_file(source / "surveillance_nodes.geojson")
    _outline(folder, cameras, "091000001", "091000001001", "Helsinki")
    job.load("boundaries", folder / "outline.geojson")
    job.load("buildings", source / "buildings.geojson")
    job.load("roads", source / "roads.geojson")
    job.load("cameras", source / "surveillance_nodes.geojson")
    job.assign()
    job.sight()
    with sessions(job.engine)() as session:
        job.record.facts["isovists"] = isovist_frame(session, EVERYWHERE)["area_m2"].tolist()
    job.record.facts["map"] = job.map()
    return job.close()


TOWNS: dict[str, Callable[[Path, Path], Record]] = {
    "lauf-osm": lauf,
    "tw-tainan-nested": tainan,
    "denver-blocks2020": denver,
    "london-crime-wards": london,
    "london-crime-stream": london_stream,
    "houston-crime-2010": houston,
    "cn-division-names": divisions,
    "cn-county-zhejiang": zhejiang,
    "tw-speed-cameras": taiwan_cameras,
    "helsinki-centre-osm": helsinki,
}


def _outline(folder: Path, points: gpd.GeoDataFrame, town: str, village: str, name: str) -> None:
    """A town of one village around the points, since the extract brings no boundary."""
    folder.mkdir(parents=True, exist_ok=True)
    crs = metric_crs(tuple(points.total_bounds))
    hull = points.to_crs(crs).union_all().convex_hull.buffer(60, quad_segs=4)
    gpd.GeoDataFrame(
        {"code": [town, village], "name": [name, name], "level": ["TOWN", "VILLAGE"], "parent_code": [None, town]},
        geometry=[hull, hull],
        crs=crs,
    ).to_crs(4326).to_file(folder / "outline.geojson", RFC7946="YES")


def _cameras_at_crossings(roads: gpd.GeoDataFrame, path: Path, count: int) -> None:
    """Cameras where three or more roads meet, looking along a road."""
    lines = roads.geometry.explode()
    lines = lines[lines.geom_type == "LineString"]
    ends = shapely.get_coordinates([shapely.get_point(lines.to_numpy(), 0), shapely.get_point(lines.to_numpy(), -1)])
    places, times = np.unique(ends.round(7), axis=0, return_counts=True)
    places = places[times >= 3][:count]
    pd.DataFrame(
        {
            "camera_id": [f"0957413800132{i:07d}" for i in range(len(places))],
            "lon": places[:, 0],
            "lat": places[:, 1],
            "bearing_deg": (np.arange(len(places)) * 45) % 360,
            "fov_deg": 90,
            "range_m": 60,
        }
    ).to_csv(path, index=False)
