"""Real streams of reports: 30 months of London, dirty geocodes of Houston; and the names of Chinese divisions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import shapely
import sqlalchemy as sa

from geo.crs import metric_crs
from layers.access import EVERYWHERE
from layers.geocode.divisions import load_divisions
from layers.grids import grid_frame
from layers.tables import Assignment, Division, GridLevel, Report
from tests.real.job import NOW, TODAY, Job, Record

ROWS = int(os.environ.get("FENGQIAO_REAL_ROWS", "0")) or None
"""Stop the London stream after the month in which so many reports are loaded; unset for all 1.9 million."""
METRES_PER_DEGREE = 111_195.0


def london_stream(data: Path, folder: Path) -> Record:
    """1,922,589 reports of 30 months, a month at a time in a transaction of its own, then assigned at once."""
    job = Job("london-crime-stream", folder)
    source = data / "london-crime-wards"
    columns = {"code": "WD13CD", "name": "WD13NM", "parent_code": None}
    job.load("boundaries", source / "london_wards_2013.geojson", level="VILLAGE", columns=columns)
    file = source / "london_crime_2016-01_2018-06.parquet"
    done = job.record.facts["rows"] = 0
    named = {"report_key": None, "reported_at": "month", "category": "category", "subtype": "ward"}
    with job.peak("load"):
        for path in _months(file, folder):
            done += job.load("reports", path, crs="EPSG:4326", columns=named).read
            if ROWS and done >= ROWS:
                break
    job.record.facts["rows"] = done
    with job.peak("assign"):
        job.assign()
    with job.step("compare") as session, job.peak("compare"):
        number: sa.Double[float] = sa.Double()
        place = (sa.func.ST_X(Report.geom, type_=number), sa.func.ST_Y(Report.geom, type_=number))
        # Many reports share one of the points that the police publish instead of the true ones.
        kinds = (Report.village_code, Report.subtype, *place)
        counted = session.execute(sa.select(*kinds, sa.func.count()).group_by(*kinds)).all()
        wards = grid_frame(session, EVERYWHERE, level=GridLevel.VILLAGE, as_of=TODAY)
    found, official, lon, lat, times = map(np.array, zip(*counted, strict=True))
    metres, same = _from_edges(wards, lon.astype(float), lat.astype(float)), found == official
    share = {
        reach: float(np.average(same[metres >= reach], weights=times[metres >= reach])) for reach in (0, 20, 50, 100)
    }
    job.record.facts["agreement"] = share
    job.record.assigned += "; agrees " + ", ".join(f"{part:.2%} ≥ {reach} m" for reach, part in share.items())
    return job.close()


def houston(data: Path, folder: Path) -> Record:
    """86,314 reports with their beat and address; one in twenty geocodes lies more than 10 km from its beat."""
    job = Job("houston-crime-2010", folder)
    source = pd.read_csv(data / "houston-crime-2010" / "houston_crime_2010.csv.gz")
    source["key"] = [f"h{row}" for row in range(len(source))]
    source["where"] = source["address"].str.strip()
    source[["key", "time", "offense", "beat", "where", "lon", "lat"]].to_csv(folder / "houston.csv", index=False)
    columns = {"report_key": "key", "reported_at": "time", "category": "offense", "village_code": "beat"}
    with job.peak("load"):
        job.load(
            "reports",
            folder / "houston.csv",
            crs="EPSG:4326",
            tz="America/Chicago",
            columns=columns | {"address_text": "where"},
        )
    with job.peak("assign"):
        job.assign()
    with job.step("compare") as session:
        queued = set(session.scalars(sa.select(Report.report_key).where(Report.assignment == Assignment.REVIEW)))
    placed = source.dropna(subset=["lon", "lat"])
    x = placed["lon"] * METRES_PER_DEGREE * np.cos(np.radians(placed["lat"].median()))
    y = placed["lat"] * METRES_PER_DEGREE
    beats = placed["beat"]
    metres = np.hypot(x - x.groupby(beats).transform("median"), y - y.groupby(beats).transform("median"))
    bad, doubted = (metres > 10_000).to_numpy(), placed["key"].isin(queued).to_numpy()
    facts = {
        "bad": int(bad.sum()),
        "found": float(doubted[bad].mean()),
        "false_alarms": float(doubted[~bad].mean()),
        "without_point": int(len(source) - len(placed)),
        "without_point_queued": int(source[source["lon"].isna()]["key"].isin(queued).sum()),
    }
    job.record.facts |= facts
    job.record.assigned += (
        f"; {facts['found']:.2%} of {facts['bad']:,} bad geocodes queued, {facts['false_alarms']:.2%} false alarms"
    )
    return job.close()


def divisions(data: Path, folder: Path) -> Record:
    """The official names: cities, counties and towns of the country, villages of Zhejiang."""
    job = Job("cn-division-names", folder)
    for name in ("cities", "areas", "streets", "villages_zhejiang"):
        text = (data / "cn-division-names" / f"{name}.csv").read_text(encoding="utf-8")
        with job.step("load") as session:
            job.record.loaded[name], refused = load_divisions(session, text, now=NOW, file_name=f"{name}.csv")
        job.record.refused += len(refused)
    with job.step("compare") as session:
        widths = sa.func.length(Division.code)
        ours = Division.code.startswith("330681")
        job.record.facts["levels"] = dict(session.execute(sa.select(widths, sa.func.count()).group_by(widths)).all())
        zhuji = session.execute(sa.select(widths, sa.func.count()).where(ours).group_by(widths)).all()
        job.record.facts["zhuji"] = dict(zhuji)
    return job.close()


def _months(file: Path, folder: Path) -> Iterator[Path]:
    """One file for each month; no more than one month is in memory."""
    stored = pq.ParquetFile(file)
    months = sorted(set(stored.read(["month"]).column("month").to_pylist()))
    path = folder / "month.parquet"
    for month in months:
        parts = [batch.filter(pa.compute.equal(batch.column("month"), month)) for batch in stored.iter_batches(100_000)]
        pq.write_table(pa.Table.from_batches(parts), path)
        yield path


def _from_edges(wards: gpd.GeoDataFrame, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """(n,) metres to the nearest edge of a ward."""
    crs = metric_crs(tuple(wards.total_bounds))
    edges = shapely.get_parts(shapely.union_all(wards.to_crs(crs).boundary.to_numpy()))
    points = gpd.GeoSeries.from_xy(lon, lat, crs=4326).to_crs(crs).to_numpy()
    _, metres = shapely.STRtree(edges).query_nearest(points, return_distance=True, all_matches=False)
    return metres
