"""A place is found by code, name or address, and only inside the scope."""

from datetime import timedelta

import pytest
import shapely

from layers.access import EVERYWHERE, Scope
from layers.search import search
from layers.tables import Address
from tests.two_towns import HOME, NORTH, NOW, START, geom

TODAY = NOW.date()


def found(session, text, scope=EVERYWHERE, **more):
    return [(hit.kind, hit.key) for hit in search(session, scope, text, as_of=TODAY, **more)]


def address(key, text, **more):
    point = geom(shapely.Point(120.003, 29.803))
    return Address(address_key=key, full_text=text, digest="", village_code=NORTH, geom=point, **more)


def test_a_code_finds_itself_first_and_then_what_lies_inside(world):
    cells = [("grid", f"{NORTH}001"), ("grid", f"{NORTH}002")]
    assert found(world, NORTH) == [("grid", NORTH), *cells]
    assert found(world, f" {NORTH}001 ") == [("grid", f"{NORTH}001")]


def test_a_hit_knows_its_place(world):
    (hit,) = search(world, EVERYWHERE, "杜黄", as_of=TODAY)
    assert (hit.kind, hit.label, hit.detail) == ("grid", "杜黄村", f"{HOME}002")
    assert hit.bounds == pytest.approx((120.01, 29.80, 120.02, 29.81))
    assert (hit.lon, hit.lat) == pytest.approx((120.015, 29.805))


def test_full_width_digits_and_letter_case_do_not_count(world):
    assert found(world, "和平路１２号", Scope(HOME)) == [("address", "home-a1")]
    assert found(world, "HOME-C") == [("camera", "home-c1"), ("camera", "home-c2")]


def test_an_address_needs_every_word(world):
    assert found(world, "枫溪 12号") == [("address", "home-a1")]
    assert found(world, "枫溪 13号") == []


@pytest.mark.parametrize("sign", ["%", "_", "\\", "/", "'"])
def test_wildcards_mean_themselves(world, sign):
    assert found(world, sign) == []
    world.add(address("odd", f"楼{sign}1"))
    world.flush()
    assert found(world, sign) == [("address", "odd")]


@pytest.mark.parametrize("blank", ["", "  ", "\u3000"])
def test_blank_text_finds_nothing(world, blank):
    assert found(world, blank) == []


def test_each_kind_keeps_a_fair_share(world):
    world.add_all(address(f"n{i}", f"home {i}") for i in range(9))
    world.flush()
    assert found(world, "home", limit=3) == [("address", "n0"), ("address", "n1"), ("camera", "home-c1")]


def test_an_address_is_found_on_its_days_only(world):
    world.add_all(
        [address("gone", "旧街1号", valid_to=TODAY), address("to come", "旧街2号", valid_from=TODAY + timedelta(1))]
    )
    world.flush()
    assert found(world, "旧街") == []


def test_the_other_town_is_not_found(world):
    for text in ("柳", "999999102", "foreign", "和平路"):
        hits = search(world, Scope(HOME), text, as_of=TODAY)
        assert not [hit for hit in hits if "柳桥" in hit.label or "foreign" in hit.key]
    assert found(world, "柳岸") == [("grid", "999999102001")]
    assert search(world, EVERYWHERE, "柳岸", as_of=START - timedelta(1)) == []
