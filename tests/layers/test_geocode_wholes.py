"""Corrections and other names with a point hold in their area, not in a town that shares a name with it."""

from __future__ import annotations

import pytest

from layers.geocode import Library
from layers.geocode.aliases import AliasContent, add_alias
from tests.two_towns import AWAY, FOREIGN, HOME, NORTH, NOW, two_towns

TODAY = NOW.date()
HERE = f"{NORTH}002"  # the second cell of the village in the north: nobody's address lies there


def correct(session, text, town=HOME, lon=120.007, lat=29.805):
    content = AliasContent(text=text, level="NUMBER", kind="CORRECTION", scope_code=town, lon=lon, lat=lat)
    return add_alias(session, content, by="tester", now=NOW)


def grid_of(session, text, near=None):
    return Library.of(session, as_of=TODAY).geocode([text], near)[0].grid_code


@pytest.fixture
def towns(session):
    two_towns(session)
    return session


CASES = [
    ("枫溪镇和平路12号", None, HERE),  # names the area
    ("枫源村和平路12号", None, HERE),
    ("枫溪镇枫源村和平路12号", None, HERE),
    ("和平路12号", HOME, HERE),  # names none, asked for there
    ("和平路12号", NORTH, HERE),
    ("柳桥镇和平路12号", None, f"{FOREIGN}001"),  # names the other town
    ("柳桥镇和平路12号", HOME, f"{FOREIGN}001"),
    ("柳岸村和平路12号", None, f"{FOREIGN}001"),
    ("和平路12号", AWAY, f"{FOREIGN}001"),
]


def test_a_correction_holds_where_its_area_is_meant(towns):
    correct(towns, "和平路12号")
    library = Library.of(towns, as_of=TODAY)
    for text, near, grid in CASES:
        assert (text, near, library.geocode([text], near)[0].grid_code) == (text, near, grid)
    both = library.geocode(["和平路12号"])[0]  # the other town has it as well
    assert not both.accepted
    assert {code for code, _ in both.grids} == {f"{NORTH}001", f"{FOREIGN}001"}


def test_a_text_that_fits_nowhere_else_needs_no_area(towns):
    correct(towns, "大樟树底下3号")
    assert grid_of(towns, "大樟树底下3号") == HERE
    assert grid_of(towns, "枫溪镇大樟树底下3号") == HERE
    assert grid_of(towns, "柳桥镇大樟树底下3号") != HERE
    assert grid_of(towns, "杜黄村大樟树底下3号") != HERE  # another village of the same town


def test_a_place_learnt_by_its_name_is_not_taken_for_one_of_another_town(towns):
    correct(towns, "大樟树")
    assert grid_of(towns, "大樟树") == HERE
    assert grid_of(towns, "枫溪镇大樟树") == HERE
    assert grid_of(towns, "柳桥镇大樟树") != HERE


def test_two_towns_correct_the_same_text(towns):
    correct(towns, "和平路99号")
    correct(towns, "和平路99号", AWAY, lon=120.028)
    assert grid_of(towns, "枫溪镇和平路99号") == HERE
    assert grid_of(towns, "柳桥镇和平路99号") == f"{FOREIGN}001"
    assert not Library.of(towns, as_of=TODAY).geocode(["和平路99号"])[0].accepted


def test_the_later_correction_of_a_town_holds_and_the_address_of_an_alias_is_scoped_too(towns):
    correct(towns, "和平路12号", lon=120.015)
    correct(towns, "和平路12号")
    assert grid_of(towns, "枫溪镇和平路12号") == HERE
    content = AliasContent(text="老宅8号", level="NUMBER", scope_code=HOME, address_key="home-a1")
    add_alias(towns, content, by="tester", now=NOW)
    assert grid_of(towns, "枫溪镇老宅8号") == f"{NORTH}001"
    assert grid_of(towns, "柳桥镇老宅8号") != f"{NORTH}001"
