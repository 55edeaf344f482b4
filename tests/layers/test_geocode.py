"""Texts to grids and back, by standard addresses, roads, landmarks and other names."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

import world
from layers.errors import InvalidInputError, NotFoundError
from layers.geocode import ACCEPT_CONFIDENCE, Library, library_for
from layers.geocode.aliases import AliasContent, add_alias, list_aliases, load_aliases, remember_former_names
from layers.geocode.batch import HEADERS, geocode_rows
from layers.geocode.divisions import load_divisions
from layers.ingest import load_file
from layers.tables import AddressAlias, AddressLevel, Division, Grid
from tests.geocode_town import E1, UPPER, W1, W2, add_town, address


@pytest.fixture
def town(session):
    add_town(session)
    return session


def ask(session, text, near=None):
    return Library.of(session, as_of=world.TODAY).geocode([text], near)[0]


def test_a_standard_address_finds_its_grid_and_says_why(town):
    found = ask(town, "枫溪镇西村枫溪路７號")
    assert (found.level, found.grid_code, found.village_code, found.address_key) == ("NUMBER", W2, world.WEST, "f7")
    assert found.accepted
    assert found.confidence >= ACCEPT_CONFIDENCE
    assert (found.lon, found.lat) == pytest.approx(world.point(650, 310), abs=1e-6)
    assert [step.reason for step in found.trace] == ["exact", "exact", "exact", "number", "grid"]
    assert found.trace[-1][:2] == ("f7", W2)
    assert found.candidates[0].label == "枫溪镇西村枫溪路7号"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("浙江省绍兴市溪山县枫溪镇东村和平路4号", "h4"),
        ("和平路四号", "h4"),
        ("东村和平4号", "h4"),  # without the suffix of the road
        ("和评路4号", "h4"),  # misspelt
        ("和平路4号,枫溪镇东村", "h4"),
        ("上湾2组3号", "s23"),
        ("西村上湾自然村2组3号201室", "s23"),
    ],
)
def test_noise_does_not_matter(town, text, key):
    assert ask(town, text).address_key == key


def test_a_text_that_names_only_a_road_keeps_its_ambiguity(town):
    found = ask(town, "枫溪镇枫溪路")
    assert (found.level, found.grid_code, found.ancestor_code) == ("ROAD", None, world.TOWN)
    assert found.lon is None
    # Three houses of ten stand in the first grid and two in the second, as many in the village in the east.
    chances = dict(found.grids)
    assert set(chances) == {W1, W2, E1, f"{world.EAST}002"}
    assert chances[W1] / chances[W2] == pytest.approx(3 / 2, rel=1e-3)
    assert sum(chances.values()) <= 1


def test_a_village_a_town_and_nothing(town):
    village = ask(town, "枫溪镇西村")
    assert (village.level, village.village_code, village.ancestor_code) == ("VILLAGE", world.WEST, world.WEST)
    assert (ask(town, "枫溪镇").level, ask(town, "枫溪镇").ancestor_code) == ("TOWN", world.TOWN)
    for text in ("", None, "老地方", "!!!", "🏠" * 50):
        found = ask(town, text)
        assert (found.level, found.confidence, found.candidates, found.grids) == ("NONE", 0.0, (), ())


def test_a_place_of_another_county_is_not_believed(town):
    assert not ask(town, "杭州市西湖区和平路4号").accepted


def test_words_of_position_widen_the_circle(town):
    at, beside = ask(town, "枫溪农贸市场"), ask(town, "枫溪农贸市场东侧100米")
    assert (at.grid_code, beside.grid_code) == (W2, W2)
    assert at.radius_m == 20
    assert beside.radius_m == 100
    assert "offset" in [step.reason for step in beside.trace]


def test_two_roads_meet_at_a_point(town):
    found = ask(town, "枫溪路与和平路交叉口")
    assert found.grid_code == E1
    assert (found.lon, found.lat) == pytest.approx(world.point(1250, 300), abs=1e-5)


def test_a_number_that_no_house_has_is_known_to_its_road(town):
    assert ask(town, "枫溪路999号").level == "ROAD"
    assert not ask(town, "枫溪路999号").accepted


def test_batch_and_single_answers_are_the_same(town):
    library = Library.of(town, as_of=world.TODAY)
    texts = ["枫溪路7号", "", None, "枫溪路", "和评路4号", "枫溪农贸市场对面", "枫溪路7号"]
    together = library.geocode(texts)
    assert together == [library.geocode([text])[0] for text in texts]
    rows = geocode_rows(library, texts)
    assert [row[HEADERS.index("grid_code")] for row in rows] == [found.grid_code for found in together]


def test_the_nearest_standard_address(town):
    library = Library.of(town, as_of=world.TODAY)
    found = library.reverse_geocode(*world.point(655, 330))
    assert (found.address_key, found.grid_code, found.village_code) == ("f7", W2, world.WEST)
    assert found.distance_m == pytest.approx(20.6, abs=0.2)
    far = library.reverse_geocode(100.0, 20.0)
    assert (far.address_key, far.distance_m, far.grid_code) == (None, None, None)
    nan, near = library.reverse_geocode_many([float("nan"), found.lon], [0.0, found.lat])
    assert (nan.address_key, near) == (None, found)


def alias(session, text, level, **meaning):
    return add_alias(session, AliasContent(text=text, level=level, **meaning), by="tester", now=world.NOW)


def test_other_names_resolve(town):
    alias(town, "老街", "ROAD", name="和平路")
    alias(town, "团结大队", "VILLAGE", area_code=world.WEST)
    alias(town, "镇供销社", "NUMBER", address_key="f15")
    lon, lat = world.point(700, 100)
    alias(town, "大樟树", "ESTATE", lon=lon, lat=lat)
    assert ask(town, "老街4号").address_key == "h4"
    assert ask(town, "老街4号").trace[0].reason == "alias"
    assert ask(town, "团结大队").village_code == world.WEST
    assert ask(town, "镇供销社").address_key == "f15"
    assert ask(town, "大樟树").grid_code == W2
    assert len(list_aliases(town)) == 4
    assert [row.text for row in list_aliases(town, q="老街")] == ["老街"]


def test_an_alias_is_checked_and_kept_once(town):
    assert alias(town, "老街", "ROAD", name="和平路").id == alias(town, "老街", "ROAD", name="和平路").id
    with pytest.raises(NotFoundError):
        alias(town, "x", "NUMBER", address_key="nobody")
    for wrong in ({}, {"name": "a", "area_code": "b"}, {"lon": 1.0}, {"lon": 200.0, "lat": 1.0}):
        with pytest.raises(InvalidInputError):
            alias(town, "x", "ROAD", **wrong)
    with pytest.raises(InvalidInputError):
        alias(town, "x", "NOWHERE", name="a")


def test_aliases_come_from_a_file(town):
    text = "text,level,name,address_key\n老街,ROAD,和平路,\n坏,ROAD,,\n某处,NUMBER,,nobody\n"
    kept, refused = load_aliases(town, text, by="tester", now=world.NOW)
    assert (kept, [line for line, _ in refused]) == (1, [3, 4])
    with pytest.raises(InvalidInputError, match="level"):
        load_aliases(town, "text\na\n", by="tester", now=world.NOW)


def test_a_former_name_of_a_village_goes_on_to_resolve(town):
    names = {world.WEST: "老西庄村"}
    count = remember_former_names(
        town, names, level=AddressLevel.VILLAGE, until=world.TODAY, by="tester", now=world.NOW
    )
    again = remember_former_names(
        town, names, level=AddressLevel.VILLAGE, until=world.TODAY, by="tester", now=world.NOW
    )
    assert (count, again) == (1, 0)
    found = ask(town, "老西庄村枫溪路7号")
    assert (found.address_key, found.trace[0].reason) == ("f7", "former name")


def test_a_village_renamed_in_the_plan_keeps_the_addresses_that_bear_its_old_name(town):
    town.execute(sa.update(Grid).where(Grid.code == world.WEST).values(name="新民社区"))
    assert ask(town, "新民社区枫溪路7号").address_key == "f7"
    assert ask(town, "西村枫溪路7号").address_key == "f7"


def test_a_loaded_address_keeps_its_earlier_text_as_a_former_name(town, tmp_path):
    path = tmp_path / "addresses.csv"
    for number in ("7号", "77号"):
        columns = ["address_key", *UPPER, "village", "road", "number", "lon", "lat"]
        values = ["f7", *UPPER.values(), "西村", "枫溪路", number, *map(str, world.point(650, 310))]
        path.write_text(f"{','.join(columns)}\n{','.join(values)}\n", encoding="utf-8")
        load_file(town, "addresses", path, crs="EPSG:4326", now=world.NOW)
    old = ask(town, "浙江省绍兴市溪山县枫溪镇西村枫溪路7号")
    assert (old.address_key, old.trace[0].reason) == ("f7", "former name")
    assert ask(town, "西村枫溪路77号").address_key == "f7"


def test_the_library_is_read_again_when_its_tables_change(town):
    first = library_for(town, world.TODAY)
    assert library_for(town, world.TODAY) is first
    alias(town, "老街", "ROAD", name="和平路")
    assert library_for(town, world.TODAY).geocode(["老街4号"])[0].address_key == "h4"


def test_a_library_with_other_names_is_the_one_read_as_a_whole(town):
    lon, lat = world.point(1800, 100)
    texts = [
        "老街4号",
        "和平路4号",
        "枫溪路7号",
        "枫溪路",
        "大樟树",
        "老西庄村枫溪路7号",
        "供销社",
        "枫溪镇西村",
        "上湾2组3号",
    ]
    base = library_for(town, world.TODAY)
    kept = [
        alias(town, "老街", "ROAD", name="和平路"),
        alias(town, "枫溪路7号", "NUMBER", kind="CORRECTION", scope_code=world.TOWN, lon=lon, lat=lat),
        alias(town, "大樟树", "ESTATE", lon=lon, lat=lat),
        alias(town, "老西庄村", "VILLAGE", area_code=world.WEST),
        alias(town, "供销社", "NUMBER", address_key="f15"),
    ]
    for row in (None, *kept):  # with all of them, then one retired after the other
        if row is not None:
            row.valid_to = world.TODAY
            town.flush()
        live = library_for(town, world.TODAY)
        assert live.geocode(texts) == Library.of(town, as_of=world.TODAY).geocode(texts)
    assert live.geocode(texts) == base.geocode(texts)


def test_a_retired_correction_no_longer_holds(town):
    lon, lat = world.point(1800, 100)
    row = alias(town, "枫溪路7号", "NUMBER", kind="CORRECTION", lon=lon, lat=lat)
    assert ask(town, "枫溪路7号").grid_code == f"{world.EAST}002"
    town.get_one(AddressAlias, row.id).valid_to = world.TODAY
    town.flush()
    assert ask(town, "枫溪路7号").grid_code == W2


def test_official_divisions_name_places_without_addresses(town):
    text = "code,name\n330699007000,远山乡\n330699007201,高坞村\nx,坏\n33,浙江省\n"
    kept, refused = load_divisions(town, text, now=world.NOW)
    assert (kept, len(refused), town.scalar(sa.func.count(Division.code))) == (3, 1, 3)
    found = ask(town, "高坞村")
    assert (found.level, found.ancestor_code, found.grid_code) == ("VILLAGE", "330699007201", None)


def test_villages_elsewhere_are_known_in_full_only_and_take_nothing_from_those_here(town):
    before = library_for(town, world.TODAY)
    load_divisions(town, "code,name\n330699007201,和平村\n330699007202,枫希村\n", now=world.NOW)
    library = library_for(town, world.TODAY)
    assert library is not before
    assert library.geocode(["和平村"])[0].ancestor_code == "330699007201"
    texts = ["和平4号", "东村和平4号", "枫西路7号", "枫溪路7号"]  # shortened or misspelt names of roads here
    assert library.geocode(texts) == before.geocode(texts)
    load_divisions(town, "code,name\n330699007201,和睦村\n", now=world.NOW)
    assert library_for(town, world.TODAY).geocode(["和睦村"])[0].ancestor_code == "330699007201"


def test_an_empty_library_knows_nothing(session):
    library = Library.of(session, as_of=world.TODAY)
    assert library.geocode(["枫溪路7号"])[0].level == "NONE"
    assert library.reverse_geocode(120.5, 29.8).address_key is None


def test_a_number_between_two_houses_stands_between_them(town):
    found = ask(town, "枫溪镇西村枫溪路4号")
    assert (found.level, found.grid_code, found.address_key) == ("ROAD", W1, None)
    assert (found.lon, found.lat) == pytest.approx(world.point(350, 310), abs=1e-6)
    assert found.radius_m == pytest.approx(100, abs=0.5)
    between = next(step for step in found.trace if step.reason == "between")
    assert between[:2] == ("4号", "3号–5号, 100 m")
    border = ask(town, "枫溪镇西村枫溪路6号")  # 5号 and 7号 stand in different grids
    assert not border.accepted
    assert [code for code, _ in border.grids] == [W2, W1]
    for text in ("枫溪路21号", "和平路枫溪路4号", "枫溪镇西村枫溪路7号", "枫溪镇东村枫溪路4弄4号"):
        assert "between" not in [step.reason for step in ask(town, text).trace]  # behind the last house, and the like


def test_a_house_number_is_no_building_of_an_estate_on_the_road(town):
    address(town, "e3", 1300, 320, village="东村", road="枫溪路", estate="枫溪花园", building="30幢")
    town.flush()
    assert not ask(town, "枫溪镇东村枫溪路30号").accepted
    assert ask(town, "枫溪镇东村枫溪路枫溪花园30号").address_key == "e3"
