import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, affinity, box

from geo.compactness import convex_hull_ratio, polsby_popper, reock
from geo.errors import DegreesError, GeoError

MEASURES = [polsby_popper, reock, convex_hull_ratio]
SQUARE = box(0, 0, 2, 2)
BAR = box(0, 0, 4, 3)  # diagonal 5, so the circle around it has radius 2.5
FRAME = Polygon(SQUARE.exterior, [box(0.5, 0.5, 1.5, 1.5).exterior])
PAIR = MultiPolygon([box(0, 0, 1, 1), box(2, 0, 3, 1)])


def test_polsby_popper():
    expected = [np.pi / 4, 48 * np.pi / 196, 12 * np.pi / 144, 8 * np.pi / 64]
    assert polsby_popper([SQUARE, BAR, FRAME, PAIR]) == pytest.approx(expected)


def test_reock():
    expected = [2 / np.pi, 12 / (6.25 * np.pi), 3 / (2 * np.pi), 2 / (2.5 * np.pi)]
    assert reock([SQUARE, BAR, FRAME, PAIR]) == pytest.approx(expected)


def test_convex_hull_ratio():
    assert convex_hull_ratio([SQUARE, BAR, FRAME, PAIR]) == pytest.approx([1, 1, 3 / 4, 2 / 3])


@pytest.mark.parametrize("measure", MEASURES)
def test_circle_is_ideal(measure):
    assert measure([Point(540_000, 3_298_000).buffer(100, quad_segs=256)]) == pytest.approx([1], abs=1e-4)


@pytest.mark.parametrize("measure", MEASURES)
def test_missing_empty_and_flat_have_no_compactness(measure):
    assert np.isnan(measure(geopandas.GeoSeries([None, Polygon(), Polygon([(1, 1)] * 3)], crs=4549))).all()
    assert measure([]).shape == (0,)


@pytest.mark.parametrize("measure", MEASURES)
def test_degrees_and_lines_are_refused(measure):
    with pytest.raises(DegreesError):
        measure(geopandas.GeoSeries([SQUARE], crs=4326))
    with pytest.raises(GeoError, match="row 1 is a LineString"):
        measure([SQUARE, shapely.LineString([(0, 0), (1, 1)])])


@pytest.mark.parametrize("measure", MEASURES)
@given(
    corners=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=3, max_size=8, unique=True),
    turn=st.floats(0, 360),
    scale=st.floats(0.1, 50),
)
def test_ratio_is_in_range_and_survives_moving_turning_scaling_and_reversing(measure, corners, turn, scale):
    shape = Polygon(corners)
    if not shape.is_valid or shape.area < 1:
        return
    ratio = measure([shape])[0]
    assert 0 < ratio <= 1 + 1e-12
    other = affinity.translate(affinity.scale(affinity.rotate(shape.reverse(), turn), scale, scale), 1000, -700)
    assert measure([other])[0] == pytest.approx(ratio, rel=1e-6)
