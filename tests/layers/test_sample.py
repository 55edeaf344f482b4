"""The files of an invented town: the same bytes every time, readable, and those that are committed."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from geo.town import Town, make_town
from layers.sample import write_town

COMMITTED = Path(__file__).parents[2] / "data" / "boundaries"


@pytest.fixture(scope="module")
def town() -> Town:
    return make_town(4000, seed=1, until=date(2026, 10, 31))


def test_writes_what_is_committed(town: Town, tmp_path: Path) -> None:
    written = write_town(town, tmp_path / "new" / "folder")
    assert {path.name for path in written} == {path.name for path in COMMITTED.iterdir()}
    for path in written:
        assert path.read_bytes() == (COMMITTED / path.name).read_bytes(), path.name


def test_readme_gives_the_right_checksums() -> None:
    sums = re.findall(r"^([0-9a-f]{64})  (\S+)$", (COMMITTED / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(sums) == 10
    for digest, name in sums:
        assert hashlib.sha256((COMMITTED / name).read_bytes()).hexdigest() == digest


def test_committed_folder_is_small() -> None:
    assert sum(path.stat().st_size for path in COMMITTED.iterdir()) < 4_000_000


def test_geojson_reads_back(town: Town, tmp_path: Path) -> None:
    write_town(town, tmp_path)
    villages = gpd.read_file(tmp_path / "villages.geojson")
    assert list(villages.columns) == ["code", "name", "level", "parent_code", "kind", "geometry"]
    assert villages.crs == 4326
    assert villages.geometry.geom_equals(town.villages.geometry).all()
    roads = json.loads((tmp_path / "roads.geojson").read_text(encoding="utf-8"))["features"]
    assert {type(road["properties"]["bridge"]) for road in roads} == {bool}
    assert None in {road["properties"]["name"] for road in roads}


def test_csv_reads_back(town: Town, tmp_path: Path) -> None:
    write_town(town, tmp_path)
    households = pd.read_csv(tmp_path / "households.csv")
    assert households["households"].sum() == 4000
    cameras = pd.read_csv(tmp_path / "cameras.csv", dtype={"camera_id": str})
    assert cameras["camera_id"].str.len().eq(20).all()
    assert b"\r" not in (tmp_path / "reports.csv").read_bytes()
