"""Time whole edits of a plan, from the request to the stored answer, on both databases; prints a markdown table.

    python bench/edit_api.py --data ../shared/data --url postgresql://user@host/database     # an empty PostGIS database
    python bench/edit_api.py --data ../shared/data                                           # a SpatiaLite file

A call goes through the application as a client's does (routing, session, transaction, JSON), without the network. The
plan is that of county-80k: 19,713 blocks in 267 grids. The first calls, which prepare the ground, are not counted. The
clock counts whatever else the machine does; CPU time is what this process used, without the database server.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
import sqlalchemy as sa

from api.app import create_app
from api.settings import Settings
from geo.draw import draw_grids
from layers.access import OPERATOR, Role
from layers.engine import begin_writing, connect, sessions, upgrade_schema
from layers.geometry import multi_polygons, to_sql
from layers.passwords import hash_password
from layers.plans import DrawOptions, store_plan
from layers.plans.drawing import Drawing
from layers.tables import SRID, Grid, User

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
TOWN, PASSWORD = "330699001", "nineteen quiet grey rivers"


def fill(url: str, source: Path) -> int:
    """A database with the county's blocks as one town and a draft of its grids; gives the draft's number."""
    engine = connect(url)
    upgrade_schema(engine)
    blocks = gpd.read_file(source, layer="blocks")
    villages = sorted(blocks["village"].astype(str).unique())
    code = {village: f"{TOWN[:6]}{i // 999 + 1:03d}{i % 999 + 1:03d}" for i, village in enumerate(villages)}
    blocks["village_code"] = blocks["village"].astype(str).map(code)
    blocks["block_key"] = [f"b{i:06d}" for i in range(len(blocks))]
    blocks["degrees"] = blocks.geometry.to_crs(SRID)
    labels = draw_grids(blocks, parent=blocks["village_code"].to_numpy(), effort="fast").to_numpy()
    with sessions(engine).begin() as session:
        begin_writing(session)
        outlines = blocks.groupby("village_code")["degrees"].agg(
            lambda part: shapely.coverage_union_all(part.to_numpy())
        )
        rows = [
            {
                "code": name,
                "name": name,
                "level": "VILLAGE",
                "area_m2": 1.0,
                "valid_from": date(2026, 1, 1),
                "geom": geom,
            }
            for name, geom in zip(outlines.index, to_sql(multi_polygons(outlines)), strict=True)
        ]
        session.execute(sa.insert(Grid), rows)
        drawing = Drawing(TOWN[:6], DrawOptions(), blocks, labels)
        plan = store_plan(session, OPERATOR, drawing, name="bench", now=NOW)
        user = {"name": "bench", "password_hash": hash_password(PASSWORD), "roles": [Role.ADMINISTRATOR]}
        session.add(User(**user, scope_code="", created_at=NOW))
        number = plan.id
    engine.dispose()
    return number


def _union(some: gpd.GeoSeries) -> shapely.Geometry:
    return shapely.coverage_union_all(some.to_numpy())


def edits(state: dict[str, Any], blocks: dict[str, Any], grid: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """One edit of each kind somewhere in the plan."""
    start = np.array([polygons[0][0][:2] for polygons in blocks["polygons"]]) / blocks["scale"]
    number = int(rng.choice([one["number"] for one in state["grids"]]))
    member = start[grid == number]
    (west, south), (east, north) = member.min(axis=0), member.max(axis=0)
    middle = (west + east) / 2
    distance = np.hypot(*(start - member.mean(axis=0)).T)
    near = [int(i) for i in np.argsort(distance) if grid[i] != number][:3]
    return {
        "give": {"op": "give", "blocks": [blocks["id"][i] for i in near], "to": number},
        "merge": {"op": "merge", "grids": [number, int(grid[near[0]])]},
        "split": {"op": "split", "grid": number, "line": [[middle, south - 0.01], [middle, north + 0.01]]},
        "rename": {"op": "rename", "grid": number, "name": f"{rng.integers(1_000_000)}"},
    }


def measure(url: str, plan: int, turns: int) -> dict[str, list[tuple[float, float]]]:
    app = create_app(Settings(database_url=url), clock=lambda: NOW)
    spent: dict[str, list[tuple[float, float]]] = defaultdict(list)
    rng = np.random.default_rng(0)
    with TestClient(app, headers={"Origin": "http://testserver"}) as client:
        assert client.post("/api/session", json={"name": "bench", "password": PASSWORD}).is_success
        here = f"/api/plans/{plan}"
        blocks = client.get(f"{here}/blocks").json()
        for turn in range(turns + 1):
            state, grid = client.get(f"{here}/state").json(), np.array(client.get(f"{here}/assignment").json()["grid"])
            revision = state["revision"]
            for name, body in edits(state, blocks, grid, rng).items():
                for what, sent in ((name, body), ("undo", None)):
                    begun, own = time.perf_counter(), time.process_time()
                    path = f"{here}/edits" if sent else f"{here}/undo"
                    answer = client.post(path, json=sent, headers={"If-Match": f'"{revision}"'})
                    taken = ((time.perf_counter() - begun) * 1e3, (time.process_time() - own) * 1e3)
                    if not answer.is_success:  # a random line need not cut
                        break
                    revision = answer.json()["revision"]
                    if turn:
                        spent[what].append(taken)
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--url", help="an empty database; by default a SpatiaLite file that is thrown away")
    parser.add_argument("--turns", type=int, default=40)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = asked.url or f"sqlite:///{folder}/bench.sqlite"
        plan = fill(url, asked.data / "settlement" / "county-80k.gpkg")
        spent = measure(url, plan, asked.turns)
    spent["all"] = [one for ms in list(spent.values()) for one in ms]
    print(f"\n{url.partition(':')[0]}\n\n| call | times | median ms | p95 ms | CPU median ms | CPU p95 ms |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, ms in spent.items():
        (median, own_median), (p95, own_p95) = np.percentile(ms, [50, 95], axis=0)
        print(f"| {name} | {len(ms)} | {median:.1f} | {p95:.1f} | {own_median:.1f} | {own_p95:.1f} |")


if __name__ == "__main__":
    main()
