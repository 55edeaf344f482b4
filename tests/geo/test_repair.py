import struct

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import GeometryCollection, LineString, MultiPoint, MultiPolygon, Point, Polygon, box

from geo.errors import GeoError
from geo.repair import Action, repair

SQUARE = box(0, 0, 10, 10)


def with_nan(shape):
    """The shape with NaN for each 777, built as a reader of files would."""
    data = shapely.to_wkb(shape, byte_order=1).replace(struct.pack("<d", 777), struct.pack("<d", np.nan))
    with np.errstate(invalid="ignore"):
        return shapely.from_wkb(data)


def one(shape, expected="polygon", **options):
    """The outcome for a single geometry: shape, action, reject."""
    found = repair([shape], expected=expected, **options)
    return found.geometries[0], found.actions[0], found.rejects[0]


@pytest.mark.parametrize(
    "shape", [SQUARE, Polygon(SQUARE.exterior, [box(2, 2, 3, 3).exterior]), MultiPolygon([SQUARE])]
)
def test_valid_polygons_stay_vertex_by_vertex(shape):
    repaired, action, reject = one(shape)
    assert (action, reject) == ("", "")
    assert shapely.equals_identical(repaired, shape)


def test_small_loop_is_rebuilt():
    # the edges cross at (0, 10), which cuts off the triangle (0, 10), (-0.1, 10), (0, 10.1)
    loop = Polygon([(0, 0), (10, 0), (10, 10), (-0.1, 10), (0, 10.1)])
    repaired, action, reject = one(loop)
    assert (action, reject) == (Action.REBUILT, "")
    assert repaired.is_valid
    assert repaired.area == pytest.approx(100 + 0.1 * 0.1 / 2)


def test_bow_tie_loses_its_shape_so_it_is_refused():
    repaired, action, reject = one(Polygon([(0, 0), (10, 10), (10, 0), (0, 10)]))
    assert repaired is None
    assert action == ""
    assert reject == "rebuilding it would change its area by more than all of it"


def test_allowed_change_of_area_is_the_callers():
    # two triangles of area 25 and 9 with opposite turns: 16 as drawn, 34 when both are kept
    tie = Polygon([(0, 0), (10, 0), (2, 8), (8, 8)])
    assert "area" in one(tie)[2]
    repaired, action, reject = one(tie, area_change=2.0)
    assert (action, reject) == (Action.REBUILT, "")
    assert repaired.geom_type == "MultiPolygon"


def test_spike_goes():
    repaired, action, reject = one(Polygon([(0, 0), (10, 0), (10, 5), (99, 5), (10, 5), (10, 10), (0, 10)]))
    assert (action, reject) == (Action.REBUILT, "")
    assert repaired.equals(SQUARE)


def test_hole_outside_its_shell():
    outside = [(20, 20), (20, 20.1), (20.1, 20.1), (20.1, 20)]
    repaired, action, reject = one(Polygon(SQUARE.exterior, [outside]))
    assert (action, reject) == (Action.REBUILT, "")
    assert repaired.equals(SQUARE)


def test_parts_that_overlap_are_merged():
    turned = Polygon([(10, 10), (0, 10), (0, 0), (10, 0)])
    repaired, action, reject = one(MultiPolygon([SQUARE, turned, box(20, 0, 30, 10)]))
    assert (action, reject) == (Action.MERGED, "")
    assert repaired.area == 200
    assert one(MultiPolygon([SQUARE, box(5, 0, 15, 10)]))[0].equals(box(0, 0, 15, 10))


def test_broken_part_among_sound_ones():
    spike = Polygon([(20, 0), (30, 0), (30, 5), (99, 5), (30, 5), (30, 10), (20, 10)])
    repaired, action, _ = one(MultiPolygon([SQUARE, spike]))
    assert action == Action.REBUILT
    assert repaired.equals(MultiPolygon([SQUARE, box(20, 0, 30, 10)]))


def test_hole_equal_to_its_shell_leaves_no_area():
    assert one(Polygon(SQUARE.exterior, [SQUARE.exterior]))[2] == "zero area"


def test_repeated_vertices():
    repaired, action, reject = one(Polygon([(0, 0), (10, 0), (10, 0), (10, 10), (0, 10)]))
    assert (action, reject) == (Action.REPEATED, "")
    assert shapely.get_num_coordinates(repaired) == 5
    rings_that_meet = MultiPolygon([SQUARE, Polygon([(10, 0), (20, 0), (20, -10)])])
    assert one(rings_that_meet)[1:] == ("", "")


def test_heights_go():
    repaired, action, _ = one(Point(1, 2, np.nan), "point")
    assert action == Action.DIMENSIONS
    assert not repaired.has_z


def test_outline_drawn_as_a_line_is_closed():
    repaired, action, reject = one(LineString([(0, 0), (10, 0), (10, 10), (0, 10), (0, 0.1)]))
    assert (action, reject) == (Action.CLOSED, "")
    assert repaired.area == pytest.approx(100, rel=0.01)
    assert one(LineString([(0, 0), (10, 0), (10, 10), (0, 10)]))[2] == "a LineString where a polygon is expected"


def test_collection_keeps_the_expected_parts():
    inner = GeometryCollection([box(20, 0, 30, 10), LineString([(0, 0), (1, 1)])])
    repaired, action, reject = one(GeometryCollection([SQUARE, Point(1, 1), inner]))
    assert (action, reject) == (Action.REDUCED, "")
    assert repaired.geom_type == "MultiPolygon"
    assert repaired.area == 200
    assert one(GeometryCollection([SQUARE, Point(1, 1)]), "point")[0] == Point(1, 1)


@pytest.mark.parametrize(
    ("shape", "expected", "reject"),
    [
        (None, "polygon", "missing geometry"),
        (Polygon(), "polygon", "empty geometry"),
        (GeometryCollection(), None, "empty geometry"),
        (Point(np.nan, 1), "point", "coordinates are NaN or infinite"),
        (
            with_nan(Polygon([(0, 0), (1, 777), (1, 1)])),
            "polygon",
            "coordinates are NaN or infinite",
        ),
        (Point(np.inf, 1), None, "coordinates are NaN or infinite"),
        (Point(1e9, 1), "point", "coordinates out of range, beyond 1e+08 m"),
        (SQUARE, "point", "a Polygon where a point is expected"),
        (Point(1, 1), "line", "a Point where a line is expected"),
        (GeometryCollection([Point(1, 1)]), "polygon", "a GeometryCollection where a polygon is expected"),
        (LineString([(1, 1), (1, 1)]), "line", "zero length"),
        (Polygon([(0, 0), (1, 1), (2, 2), (0, 0)]), "polygon", "zero area"),
        (Polygon([(1, 1)] * 4), "polygon", "zero area"),
    ],
)
def test_refused(shape, expected, reject):
    repaired, action, found = one(shape, expected)
    assert (repaired, action, found) == (None, "", reject)


def test_range_of_degrees_follows_the_crs():
    found = repair(
        geopandas.GeoSeries([Point(120, 30), Point(30, 120), Point(540286, 3298016)], crs=4326), expected="point"
    )
    assert found.accepted.tolist() == [True, False, False]
    assert "90 of latitude" in found.rejects[1]
    assert repair(geopandas.GeoSeries([Point(40540286, 3298016)], crs=4528), expected="point").accepted.all()


def test_parts():
    assert one(SQUARE, multi=True)[:2] == (MultiPolygon([SQUARE]), Action.PROMOTED)
    assert one(MultiPolygon([SQUARE]), multi=False)[:2] == (SQUARE, Action.SINGLED)
    assert one(MultiPoint([(0, 0), (1, 1)]), "point", multi=False)[2] == "several parts where a single one is expected"
    assert one(LineString([(0, 0), (1, 1)]), "line", multi=True)[0].geom_type == "MultiLineString"


def test_several_actions_are_all_told():
    _, action, _ = one(Polygon([(0, 0, 1), (10, 0, 1), (10, 0, 1), (10, 10, 1), (0, 10, 1)]), multi=True)
    assert action == "Z or M dropped; repeated vertices removed; made multi-part"


def test_index_crs_and_input_are_kept():
    rows = geopandas.GeoSeries([SQUARE, None], index=["b", "a"], crs=4549, name="outline")
    found = repair(rows, expected="polygon", multi=True)
    assert found.geometries.index.tolist() == found.actions.index.tolist() == found.rejects.index.tolist() == ["b", "a"]
    assert (found.geometries.crs, found.geometries.name) == (rows.crs, "outline")
    assert rows["b"] is SQUARE


def test_no_rows():
    found = repair([], expected="polygon")
    assert (len(found.geometries), len(found.actions), found.accepted.size) == (0, 0, 0)


def test_impossible_questions():
    with pytest.raises(GeoError, match="point, line, polygon"):
        repair([], expected="polygons")
    with pytest.raises(GeoError, match="needs expected"):
        repair([], expected=None, multi=True)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=9))
def test_every_polygon_becomes_valid_or_is_refused_and_repair_is_repeatable(corners):
    found = repair([Polygon(corners)], expected="polygon", area_change=0.05)
    if found.accepted[0]:
        again = repair(found.geometries, expected="polygon")
        assert found.geometries.is_valid.all()
        assert found.geometries.area[0] == pytest.approx(Polygon(corners).area, rel=0.05)
        assert again.actions.tolist() == [""]
    else:
        assert found.geometries[0] is None
        assert found.rejects[0]
