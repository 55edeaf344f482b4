"""A library that follows its tables is the one read as a whole."""

from __future__ import annotations

import pytest
import shapely
import sqlalchemy as sa

import world
from layers.geocode import Library, library_for, load
from layers.geometry import to_sql
from layers.ingest import load_file
from layers.tables import Address, Grid
from tests.geocode_town import UPPER, W1, W2, add_town

TEXTS = (
    *("枫溪路7号", "枫溪路77号", "西村枫溪路8号", "枫溪路", "和平路4号", "和平路", "新华街5号", "新华街", "新化街5号"),
    *("枫溪镇西村", "上湾2组3号", "下湾1组2号", "上湾", "枫溪农贸市场", "枫溪路与和平路交叉口", "东村2号", "枫溪镇"),
)


@pytest.fixture
def town(session):
    add_town(session)
    return session


@pytest.fixture
def given_up(monkeypatch):
    """Whether a library could not be brought up to its tables, for each time that it was tried."""
    tries = []
    real = load._renewed

    def renewed(session, base, revision):
        found = real(session, base, revision)
        tries.extend([] if base is None else [found is None])
        return found

    monkeypatch.setattr(load, "_renewed", renewed)
    return tries


def bring(session, folder, *rows):
    """Load addresses: key, x, y, and the parts below the town."""
    path = folder / "addresses.csv"
    below = ("village", "hamlet", "group_no", "road", "number")
    lines = [",".join(["address_key", "lon", "lat", *UPPER, *below])]
    for key, x, y, parts in rows:
        lon, lat = world.point(x, y)
        lines.append(",".join([key, str(lon), str(lat), *UPPER.values(), *(parts.get(name, "") for name in below)]))
    path.write_text("\n".join(lines), encoding="utf-8")
    load_file(session, "addresses", path, crs="EPSG:4326", now=world.NOW)


def same_as_read(session):
    live, fresh = library_for(session, world.TODAY), Library.of(session, as_of=world.TODAY)
    assert live.geocode(TEXTS) == fresh.geocode(TEXTS)
    assert live.rows.keys.tolist() == fresh.rows.keys.tolist()
    assert live.reverse_geocode(*world.point(650, 330)) == fresh.reverse_geocode(*world.point(650, 330))
    return live


def test_changed_new_and_deleted_addresses_are_put_into_the_library(town, tmp_path, given_up):
    first = library_for(town, world.TODAY)
    bring(
        town, tmp_path,
        ("f7", 660, 310, {"village": "西村", "road": "枫溪路", "number": "77号"}),
        ("n5", 300, 400, {"village": "西村", "road": "新华街", "number": "5号"}),
        ("s11", 110, 75, {"village": "西村", "hamlet": "下湾自然村", "group_no": "1组", "number": "2号"}),
    )  # fmt: skip
    town.execute(sa.delete(Address).where(Address.address_key == "h4"))
    live = same_as_read(town)
    assert live.geocode(["新华街5号"])[0].address_key == "n5"
    assert live.geocode(["和平路4号"])[0].address_key is None
    assert first.geocode(["和平路4号"])[0].address_key == "h4"  # whoever works with the old one goes on
    town.execute(sa.delete(Address).where(Address.address_key == "n5"))
    bring(town, tmp_path, ("f7", 660, 310, {"village": "西村", "road": "枫溪路", "number": "8号"}))
    assert same_as_read(town).geocode(["新华街"])[0].level == "NONE"  # a name that nothing bears any more
    assert given_up == [False, False]


def test_grids_of_another_plan_are_put_into_the_library(town, given_up):
    library_for(town, world.TODAY)
    left, right = (shapely.box(x, 0, x + width, 600) for x, width in ((0, 700), (700, 300)))
    for code, box in ((W1, left), (W2, right)):
        (geom,) = to_sql(world.multi(world.degrees([box])))
        town.execute(sa.update(Grid).where(Grid.code == code).values(geom=geom, revision=Grid.revision + 1))
    assert same_as_read(town).geocode(["枫溪路7号"])[0].grid_code == W1
    town.execute(sa.update(Grid).where(Grid.code == world.WEST).values(revision=Grid.revision + 1))  # the same place
    code = f"{world.WEST}009"
    town.execute(sa.update(Grid).where(Grid.code == W2).values(code=code, revision=Grid.revision + 1))
    assert same_as_read(town).geocode(["枫溪路9号"])[0].grid_code == code
    assert given_up == [False, False]


@pytest.mark.parametrize("change", ["road", "village"])
def test_what_decides_on_other_places_has_the_library_read_as_a_whole(town, tmp_path, given_up, change):
    library_for(town, world.TODAY)
    if change == "road":  # without an address a road has places along its line
        town.execute(sa.delete(Address).where(Address.road == "和平路"))
        bring(town, tmp_path, ("x1", 400, 400, {"village": "西村", "number": "1号"}))
    else:
        town.execute(sa.update(Grid).where(Grid.code == world.WEST).values(name="新民村", revision=Grid.revision + 1))
    same_as_read(town)
    assert given_up == [True]
