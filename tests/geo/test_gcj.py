import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo.gcj import SHIFTED_BOX, from_bd09, from_gcj02, to_bd09, to_gcj02

WEST, SOUTH, EAST, NORTH = SHIFTED_BOX
FENGQIAO = (120.42, 29.80)


def metres(origin, target):
    """East and north metres from one place to another along the ellipsoid."""
    azimuth, _, length = Geod(ellps="WGS84").inv(*origin, *target)
    return length * np.sin(np.radians(azimuth)), length * np.cos(np.radians(azimuth))


def test_published_pair_of_beijing_station():
    lon, lat = to_gcj02(np.array([116.42079]), np.array([39.90105]))
    assert lon == pytest.approx(116.42702, abs=5e-6)
    assert lat == pytest.approx(39.90245, abs=5e-6)


@pytest.mark.parametrize(("convert", "east", "north"), [(to_gcj02, 438, -254), (to_bd09, 1076, 373)])
def test_shift_near_fengqiao(convert, east, north):
    assert metres(FENGQIAO, [float(v) for v in convert(*FENGQIAO)]) == pytest.approx((east, north), abs=1)


@pytest.mark.parametrize(("there", "back"), [(to_gcj02, from_gcj02), (to_bd09, from_bd09)])
def test_inverse_is_exact_all_over_the_box(there, back):
    draw = np.random.default_rng(7)
    lon, lat = draw.uniform(WEST, EAST, 20_000), draw.uniform(SOUTH, NORTH, 20_000)
    again_lon, again_lat = back(*there(lon, lat))
    assert np.abs(again_lon - lon).max() < 1e-9
    assert np.abs(again_lat - lat).max() < 1e-9


@given(st.floats(WEST + 0.02, EAST - 0.02), st.floats(SOUTH + 0.02, NORTH - 0.02))
def test_both_orders_of_conversion_return(lon, lat):
    for there, back in [(to_gcj02, from_gcj02), (to_bd09, from_bd09)]:
        assert np.allclose(back(*there(lon, lat)), (lon, lat), rtol=0, atol=1e-9)
        if lon + 0.01 < EAST and lat + 0.01 < NORTH:
            assert np.allclose(there(*back(lon, lat)), (lon, lat), rtol=0, atol=1e-9)


def test_meridian_105_where_the_formula_has_a_kink():
    lon, lat = np.array([105.0, 105.0 + 1e-13, 105.0 - 1e-10]), np.full(3, 30.0)
    again = from_gcj02(*to_gcj02(lon, lat))
    assert np.abs(again - np.array([lon, lat])).max() < 1e-9


@pytest.mark.parametrize("place", [(72.0, 30.0), (137.84, 30.0), (120.0, 0.82), (120.0, 55.83), (-0.1, 51.5)])
def test_gcj02_does_not_move_places_outside_its_box(place):
    assert tuple(float(v) for v in to_gcj02(*place)) == place
    assert tuple(float(v) for v in from_gcj02(*place)) == place


@pytest.mark.parametrize("convert", [to_gcj02, from_gcj02, to_bd09, from_bd09])
def test_nan_passes_through_and_leaves_its_neighbours_alone(convert):
    lon, lat = convert(np.array([np.nan, 120.42, 120.42, np.inf]), np.array([29.8, np.nan, 29.8, 29.8]))
    assert np.isnan(lon[0])
    assert lon[3] == np.inf
    assert np.isnan(lat[1])
    assert (lon[2], lat[2]) == tuple(float(v) for v in convert(*FENGQIAO))


@pytest.mark.parametrize("convert", [to_gcj02, from_gcj02, to_bd09, from_bd09])
def test_shapes(convert):
    assert [v.shape for v in convert([], [])] == [(0,), (0,)]
    assert [v.shape for v in convert(120.42, 29.8)] == [(), ()]
    assert [v.shape for v in convert([120.1, 120.2, 120.3], 29.8)] == [(3,), (3,)]


def test_input_is_not_changed():
    lon, lat = np.array([120.42]), np.array([29.8])
    from_bd09(lon, lat)
    assert (lon[0], lat[0]) == FENGQIAO
