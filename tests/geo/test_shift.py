import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, box

from geo.crs import from_gcj02, to_bd09, to_gcj02
from geo.errors import GeoError
from geo.shift import detect_shift, looks_swapped

WEST, SOUTH, SIZE = 120.36, 29.75, 0.1  # a square town of about 10 by 11 km near Fengqiao


def moved(layer, convert):
    return geopandas.GeoSeries(shapely.transform(layer.array, lambda p: np.column_stack(convert(*p.T))), crs=4326)


@pytest.fixture(scope="module")
def town():
    return geopandas.GeoSeries([box(WEST, SOUTH, WEST + SIZE, SOUTH + SIZE)], crs=4326)


@pytest.fixture(scope="module")
def villages():
    """5 x 5 villages of uneven width, so that no shift maps the borders onto themselves."""
    x = WEST + SIZE * np.array([0, 0.13, 0.37, 0.55, 0.84, 1])
    y = SOUTH + SIZE * np.array([0, 0.22, 0.41, 0.67, 0.78, 1])
    return geopandas.GeoSeries(
        shapely.segmentize([box(x[i], y[j], x[i + 1], y[j + 1]) for i in range(5) for j in range(5)], 0.002), crs=4326
    )


@pytest.fixture(scope="module")
def households():
    draw = np.random.default_rng(3)
    x, y = WEST + SIZE * draw.random(2000), SOUTH + SIZE * draw.random(2000)
    return geopandas.GeoSeries(shapely.points(x, y), crs=4326)


@pytest.mark.parametrize(
    ("convert", "kind", "inverse", "dx", "dy"),
    [
        (to_gcj02, "gcj02", False, 438, -254),
        (to_bd09, "bd09", False, 1076, 373),
        (from_gcj02, "gcj02", True, -438, 254),
    ],
)
def test_shifted_layers_are_found(town, villages, households, convert, kind, inverse, dx, dy):
    for layer, reference in [(households, town), (households, villages), (villages, villages), (villages, town)]:
        found = detect_shift(moved(layer, convert), reference)
        assert (found.kind, found.inverse) == (kind, inverse)
        assert (found.dx_m, found.dy_m) == pytest.approx((dx, dy), abs=40)  # it varies over the town
        assert found.share_converted > found.share_raw
        assert "beside the reference" in found.reason


def test_layers_that_fit_raise_no_alarm(town, villages, households):
    for layer, reference in [(households, town), (households, villages), (villages, villages), (villages, town)]:
        found = detect_shift(layer, reference)
        assert (found.kind, found.dx_m, found.dy_m) == (None, 0, 0)
        assert found.share_raw > found.share_converted


def test_wider_layer_around_the_town_raises_no_alarm(town, households):
    county = geopandas.GeoSeries(shapely.transform(households.array, lambda p: (p - [WEST, SOUTH]) * 3 + [WEST, SOUTH]))
    assert detect_shift(county, town).kind is None


def test_layer_beside_the_town_by_another_vector_raises_no_alarm(town, villages, households):
    def aside(x, y):
        return x - 0.004, y - 0.004  # 590 m to the south-west

    assert detect_shift(moved(households, aside), town).kind is None
    assert detect_shift(moved(villages, aside), villages).kind is None


def test_few_or_far_places_raise_no_alarm(town, households):
    found = detect_shift(moved(households[:29], to_gcj02), town)
    assert (found.kind, found.compared) == (None, 29)
    assert "too few" in found.reason
    far = detect_shift(moved(households, lambda x, y: (x + 5, y)), town)
    assert (far.kind, far.compared) == (None, 0)
    assert np.isnan(far.share_raw)


def test_one_place_repeated_is_one_place(town):
    assert detect_shift(geopandas.GeoSeries([Point(WEST, SOUTH)] * 500), town).compared == 1


def test_points_against_points(households):
    assert detect_shift(moved(households, to_gcj02), households).kind == "gcj02"
    assert detect_shift(households, households).kind is None


@pytest.mark.parametrize("empty", [[], [None], [Point()], [Point(np.nan, 1)]])
def test_empty_layers_raise_no_alarm(town, empty):
    assert detect_shift(geopandas.GeoSeries(empty, crs=4326), town).kind is None
    assert detect_shift(town, geopandas.GeoSeries(empty, crs=4326)).kind is None


def test_metres_are_refused(town):
    with pytest.raises(GeoError, match="to_wgs84"):
        detect_shift(town.to_crs(4549), town)


def test_swapped_axes():
    lon = [120.4, 29.8, np.nan, 120.4, 200.0]
    lat = [29.8, 120.4, 120.4, np.nan, 120.0]
    assert looks_swapped(lon, lat).tolist() == [False, True, False, False, False]


def test_swapped_axes_where_both_orders_are_possible():
    around_lauf = (11.2, 49.4, 11.4, 49.6)
    assert looks_swapped([49.5, 11.3, 0.0], [11.3, 49.5, 0.0], around_lauf).tolist() == [True, False, False]
    assert not looks_swapped([49.5, 11.3], [11.3, 49.5]).any()
    with pytest.raises(GeoError, match="min lon"):
        looks_swapped([1.0], [2.0], (2, 2, 1, 1))


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_possible_places_are_never_called_swapped(lon, lat):
    assert not looks_swapped([lon], [lat]).any()
