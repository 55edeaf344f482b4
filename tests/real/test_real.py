"""The main job on real towns, where their data lie beside the project."""

import geopandas as gpd
import pytest

from tests.real.__main__ import DATA
from tests.real.towns import TOWNS

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="the real data are not beside the project"),
    pytest.mark.timeout(600),
]


@pytest.fixture
def run(tmp_path):
    return lambda name: TOWNS[name](DATA, tmp_path)


def test_lauf_gets_balanced_grids_from_its_addresses(run):
    record = run("lauf-osm")
    assert record.loaded["households"] == 4778
    assert record.loaded["buildings"] >= 6500
    assert record.repaired + record.refused == 20  # its README counts 20 invalid footprints
    assert record.facts["homed"] == 1.0
    assert "100% in ±10 %" in record.drawn
    assert record.findings == {}
    assert record.facts["map"].stat().st_size > 100_000


def test_tainan_nests(run):
    record = run("tw-tainan-nested")
    assert record.loaded["boundaries"] + record.refused == 37 + 649
    assert record.repaired >= 1
    assert not set(record.findings) & {"outside_parent", "no_parent"}


def test_denver_is_drawn_in_metres_from_blocks_in_feet(run):
    record = run("denver-blocks2020")
    drawn, given = record.facts["households"]
    assert drawn == given
    assert record.loaded["blocks"] == 10_149


def test_london_agrees_with_the_official_wards(run):
    record = run("london-crime-wards")
    assert record.loaded["reports"] == 396_369
    agreement = record.facts["agreement"]
    assert agreement[20] >= 0.983
    assert agreement[50] >= 0.994
    assert agreement[100] >= 0.999


def test_the_stream_of_london_is_assigned_within_bounded_memory(run, monkeypatch):
    """Its first month; `python -m tests.real london-crime-stream` takes them all."""
    monkeypatch.setattr("tests.real.streams.ROWS", 1)
    record = run("london-crime-stream")
    assert record.refused == 0
    assert record.loaded["reports"] == record.facts["rows"] > 50_000
    agreement = record.facts["agreement"]
    assert agreement[20] >= 0.98
    assert agreement[100] >= 0.999


def test_bad_geocodes_of_houston_are_queued_and_not_believed(run):
    record = run("houston-crime-2010")
    facts = record.facts
    assert record.loaded["reports"] == 86_314
    assert facts["bad"] / 86_309 == pytest.approx(0.051, abs=0.001)  # as its README says
    assert facts["found"] >= 0.99
    assert facts["false_alarms"] <= 0.04


def test_divisions_are_all_there(run):
    record = run("cn-division-names")
    assert record.refused == 0
    # Cities without counties repeat their code with zeros in the list of counties, three times; one county does so
    # in that of the towns. Each is the place one level up, by the same name.
    assert record.facts["levels"] == {4: 342, 6: 2_978 - 3, 9: 41_352 - 1, 12: 25_547}
    assert record.facts["zhuji"] == {6: 1, 9: 23, 12: 515}  # as its README says


def test_zhejiang_is_taken_out_of_gcj02(run):
    record = run("cn-county-zhejiang")
    assert record.loaded["boundaries"] == 90
    inside, points = record.facts["points"]
    assert inside >= points - 1
    east, north = record.facts["moved_deg"]
    assert east == pytest.approx(-0.0045, abs=0.001)
    assert north == pytest.approx(0.0027, abs=0.001)


def test_speed_cameras_keep_their_bearings(run):
    record = run("tw-speed-cameras")
    assert record.loaded["cameras"] == 2029
    source = gpd.read_file(DATA / "tw-speed-cameras" / "cameras_without_kaohsiung.geojson")
    assert record.facts["with_bearing"] == source["bearing"].notna().sum() > 1000


def test_no_helsinki_camera_is_blind(run):
    record = run("helsinki-centre-osm")
    areas = record.facts["isovists"]
    assert len(areas) == 223
    assert min(areas) > 1.0
