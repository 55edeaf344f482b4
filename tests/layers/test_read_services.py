"""Every reading service gives what is asked, page by page, and only from inside the scope."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from layers.access import EVERYWHERE, Scope
from layers.basemap import building_frame, road_frame, scope_bounds, water_frame
from layers.cameras import camera_frame
from layers.grids import grid_frame
from layers.households import household_frame
from layers.reports import report_frame
from layers.tables import Grid, Plan
from tests.two_towns import AWAY, FOREIGN, FOREIGN_WORDS, HOME, NORTH, NOW, START

TODAY = NOW.date()
HOME_ONLY = Scope(HOME)


def codes(frame):
    return frame["code"].tolist()


def test_grids_come_in_the_order_of_their_codes(world):
    frame = grid_frame(world, HOME_ONLY, as_of=TODAY)
    assert codes(frame) == [HOME, NORTH, f"{NORTH}001", f"{NORTH}002", f"{HOME}002", f"{HOME}002001"]
    assert frame.crs == "EPSG:4326"
    assert frame.total_bounds == pytest.approx([120.00, 29.80, 120.02, 29.81])


def test_grids_by_level_parent_code_and_place(world):
    villages = grid_frame(world, EVERYWHERE, as_of=TODAY, level="VILLAGE")
    assert codes(villages) == [NORTH, f"{HOME}002", FOREIGN]
    assert codes(grid_frame(world, EVERYWHERE, as_of=TODAY, parent_code=NORTH)) == [f"{NORTH}001", f"{NORTH}002"]
    assert codes(grid_frame(world, HOME_ONLY, as_of=TODAY, codes=[NORTH, FOREIGN])) == [NORTH]
    assert codes(grid_frame(world, HOME_ONLY, as_of=TODAY, codes=[])) == []
    west = grid_frame(world, HOME_ONLY, as_of=TODAY, level="CELL", bounds=(120.001, 29.801, 120.002, 29.802))
    assert codes(west) == [f"{NORTH}001"]


def test_a_small_scope_sees_the_outlines_around_it_and_no_neighbour(world):
    frame = grid_frame(world, Scope(f"{NORTH}002"), as_of=TODAY)
    assert codes(frame) == [HOME, NORTH, f"{NORTH}002"]


def test_grids_page_by_page_are_the_grids_at_once(world):
    pages, after = [], None
    while page := codes(grid_frame(world, EVERYWHERE, as_of=TODAY, limit=4, after=after)):
        pages += page
        after = page[-1]
    assert pages == codes(grid_frame(world, EVERYWHERE, as_of=TODAY))
    assert len(pages) == 9


def test_a_grid_is_in_force_from_its_first_day_until_the_day_before_its_last(world):
    last = date(2026, 6, 1)
    world.execute(sa.update(Grid).where(Grid.code == f"{NORTH}001").values(valid_to=last))
    days = {START - timedelta(days=1): 0, START: 1, last - timedelta(days=1): 1, last: 0}
    for day, found in days.items():
        assert len(grid_frame(world, EVERYWHERE, as_of=day, codes=[f"{NORTH}001"])) == found


def test_a_plan_shows_its_own_grids_only_inside_the_scope(world):
    plans = {code[: len(HOME)]: row for row, code in world.execute(sa.select(Plan.id, Plan.scope_code))}
    assert codes(grid_frame(world, HOME_ONLY, as_of=TODAY, plan_id=plans[HOME])) == [f"{NORTH}801"]
    assert codes(grid_frame(world, HOME_ONLY, as_of=TODAY, plan_id=plans[AWAY])) == []


def test_households_are_counts_at_points(world):
    frame = household_frame(world, HOME_ONLY)
    assert frame["households"].tolist() == [1, 2, 3]
    assert not {"name", "address_key", "address"} & set(frame.columns)
    assert household_frame(world, HOME_ONLY, grid_code=f"{NORTH}002").empty
    assert household_frame(world, HOME_ONLY, village_code=NORTH, limit=2)["households"].tolist() == [1, 2]
    assert household_frame(world, HOME_ONLY, after=int(frame["id"].iloc[1]))["households"].tolist() == [3]
    inside = household_frame(world, EVERYWHERE, bounds=(120.0, 29.8045, 120.01, 29.8055))
    assert inside["household_key"].tolist() == ["home-h2"]


def test_cameras_by_state_and_place(world):
    assert camera_frame(world, HOME_ONLY)["camera_id"].tolist() == ["home-c1", "home-c2"]
    assert camera_frame(world, EVERYWHERE, states=[1])["camera_id"].tolist() == ["foreign-c1", "home-c1"]
    assert camera_frame(world, HOME_ONLY, camera_ids=["foreign-c1"]).empty
    assert camera_frame(world, HOME_ONLY, after="home-c1")["camera_id"].tolist() == ["home-c2"]
    assert camera_frame(world, HOME_ONLY, categories=["ART9"]).empty


def test_reports_come_newest_first_between_two_instants(world):
    assert report_frame(world, HOME_ONLY)["report_key"].tolist() == ["home-p1", "home-p2", "home-p3"]
    exactly = NOW - timedelta(days=3)
    assert report_frame(world, HOME_ONLY, since=exactly)["report_key"].tolist() == ["home-p1", "home-p2"]
    assert report_frame(world, HOME_ONLY, until=exactly)["report_key"].tolist() == ["home-p3"]
    assert report_frame(world, HOME_ONLY, categories=["DISPUTE"])["report_key"].tolist() == ["home-p2"]
    assert report_frame(world, HOME_ONLY, states=["CLOSED"])["report_key"].tolist() == ["home-p3"]


def test_reports_of_the_same_instant_are_paged_without_loss(world):
    everything = report_frame(world, EVERYWHERE)  # both towns report at the same instants
    keys, after = [], None
    while not (page := report_frame(world, EVERYWHERE, limit=1, after=after)).empty:
        keys += page["report_key"].tolist()
        after = (page["reported_at"].iloc[-1].to_pydatetime(), int(page["id"].iloc[-1]))
    assert keys == everything["report_key"].tolist()
    assert len(set(keys)) == 6


def test_the_base_map_ends_with_the_area(world):
    assert scope_bounds(world, HOME_ONLY) == pytest.approx((120.00, 29.80, 120.02, 29.81))
    assert building_frame(world, HOME_ONLY)["building_key"].tolist() == ["home-b1"]
    assert road_frame(world, HOME_ONLY)["road_key"].tolist() == ["home-r1"]
    assert water_frame(world, HOME_ONLY)["water_key"].tolist() == ["home-w1"]
    assert len(building_frame(world, EVERYWHERE)) == 2
    assert building_frame(world, EVERYWHERE, bounds=(120.024, 29.8, 120.026, 29.81))["building_key"].tolist() == [
        "foreign-b1"
    ]


def test_an_area_without_grids_sees_no_base_map(world):
    assert scope_bounds(world, Scope("111")) is None
    assert building_frame(world, Scope("111")).empty


@pytest.mark.parametrize(
    "read",
    [
        lambda session: grid_frame(session, HOME_ONLY, as_of=TODAY),
        lambda session: household_frame(session, HOME_ONLY),
        lambda session: camera_frame(session, HOME_ONLY),
        lambda session: report_frame(session, HOME_ONLY),
    ],
)
def test_nothing_of_the_other_town_is_shown(world, read):
    text = read(world).to_csv()
    assert text.count("\n") > 1
    assert not [word for word in FOREIGN_WORDS if word in text]
