from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity

from geo.errors import CameraError, CrsMismatchError, DegreesError, GeoError, UnknownCrsError
from geo.isovist import field_of_view, isovists

CRS = 32650


def cameras(*rows, crs=CRS):
    x, y, bearing, fov, reach = np.array(rows, dtype=float).reshape(-1, 5).T
    return gpd.GeoDataFrame(
        {"bearing_deg": bearing, "fov_deg": fov, "range_m": reach}, geometry=gpd.points_from_xy(x, y), crs=crs
    )


def solids(*shapes, crs=CRS):
    return gpd.GeoSeries(list(shapes), crs=crs)


def shadows(eye, shape, far=1e4):
    """All that lies behind the edges of a shape, seen from the eye: an independent way to the isovist."""
    corners = [shapely.get_coordinates(ring) - eye for ring in shapely.get_rings(shape)]
    cut = [np.linspace(a, b, 5) for ring in corners for a, b in itertools.pairwise(ring)]
    quads = [shapely.Polygon([p, q, q * far, p * far]) for line in cut for p, q in itertools.pairwise(line)]
    return affinity.translate(shapely.union_all([q for q in quads if q.is_valid and q.area > 0]), *eye)


def lit(camera, shapes):
    eye = shapely.get_coordinates(camera.geometry.iloc[0])[0]
    behind = [shadows(eye, s) for s in shapes]
    return field_of_view(camera).iloc[0].difference(shapely.union_all([*behind, *shapes]))


def test_open_ground_is_the_field_of_view():
    rows = cameras((0, 0, 0, 360, 50), (5, 5, 200, 90, 30), (9, 9, 10, 270, 0.5), (1, 2, 0, 0.5, 200))
    for seen, sector in zip(isovists(rows, solids()), field_of_view(rows), strict=True):
        assert shapely.equals_exact(seen.normalize(), sector.normalize(), tolerance=1e-9)


@pytest.mark.parametrize(("fov", "reach"), [(360, 30), (90, 100), (5, 1000), (200, 0.05)])
def test_rim_runs_a_centimetre_inside_the_arc_at_most(fov, reach):
    sector = field_of_view(cameras((0, 0, 0, fov, reach))).iloc[0]
    arc = 0.5 * np.radians(fov) * reach**2
    assert sector.area <= arc
    # A rim moved inwards by 1 cm everywhere would lose the arc's length times 1 cm.
    assert arc - sector.area <= np.radians(fov) * reach * 0.01


@pytest.mark.parametrize(
    ("bearing", "ahead"), [(0, (0, 5)), (90, (5, 0)), (180, (0, -5)), (-90, (-5, 0)), (405, (4, 4))]
)
def test_bearing_runs_clockwise_from_north(bearing, ahead):
    sector = field_of_view(cameras((0, 0, bearing, 40, 10))).iloc[0]
    assert sector.contains(shapely.Point(ahead))
    assert not sector.contains(shapely.Point(-np.array(ahead)))


def test_square_in_the_middle_of_the_view():
    # The square's near side is 2 wide at distance 4; its shadow starts there and widens to the end of the view. Half
    # view 45°, so the view is bounded by a box of half-width 10 at 10 m: use a far wall to make all areas straight.
    wall, square = shapely.box(-50, 10, 50, 11), shapely.box(-1, 4, 1, 6)
    seen = isovists(cameras((0, 0, 0, 90, 100)), solids(wall, square)).area.iloc[0]
    # Triangle of height 10: 100. The shadow between 4 and 10 has widths 2 and 5: 6 * 3.5 = 21.
    assert seen == pytest.approx(79, abs=1e-9)


def test_crossing_obstacles_block_where_they_cross():
    # Two thin walls cross as an X at (0, 5) before a far wall at 10; each is 0 wide at its tip but for rounding.
    left = shapely.Polygon([(-2, 3), (2, 7), (1.99, 7.01), (-2.01, 3.01)])
    right = shapely.Polygon([(2, 3), (-2, 7), (-1.99, 7.01), (2.01, 3.01)])
    camera, far = cameras((0, 0, 0, 90, 100)), shapely.box(-50, 10, 50, 11)
    seen = isovists(camera, solids(left, right, far)).iloc[0]
    assert seen.symmetric_difference(lit(camera, [left, right, far])).area < 1e-6
    assert shapely.distance(seen, shapely.Point(0, 4.99)) == 0
    assert shapely.distance(seen, shapely.Point(0, 5.1)) > 0.05


def test_view_across_the_first_ray():
    # The obstacle lies due north of a full circle, where its angles begin and end.
    camera, block = cameras((0, 0, 0, 360, 20)), shapely.box(-3, -9, 3, -5)
    for angle in (0, 33, 90, 180, 270):
        turned = affinity.rotate(block, angle, origin=(0, 0))
        seen = isovists(camera, solids(turned)).iloc[0]
        assert seen.symmetric_difference(lit(camera, [turned])).area < 1e-8


def test_courtyard_is_closed():
    court = shapely.box(-10, -10, 10, 10).difference(shapely.box(-4, -3, 4, 3))
    assert isovists(cameras((0, 0, 0, 360, 100)), solids(court)).area.iloc[0] == pytest.approx(48)


def test_dense_rays_agree():
    rng = np.random.default_rng(7)
    shapes = [
        shapely.box(x, y, x + w, y + h) for x, y, w, h in rng.uniform((-60, -60, 2, 2), (60, 60, 15, 15), (60, 4))
    ]
    shapes = [s for s in shapes if not s.intersects(shapely.Point(0, 0))]
    seen = isovists(cameras((0, 0, 0, 360, 50)), solids(*shapes)).iloc[0]
    walls = shapely.union_all(shapely.boundary(shapes))
    angles = rng.uniform(0, 2 * np.pi, 2000)
    rays = shapely.linestrings(
        np.stack((np.zeros((2000, 2)), 50 * np.column_stack((np.cos(angles), np.sin(angles)))), 1)
    )
    hits = shapely.intersection(rays, walls)
    expected = np.where(shapely.is_empty(hits), 50, shapely.distance(hits, shapely.Point(0, 0)))
    # Along every ray the isovist reaches exactly to the first wall, at the rim within a centimetre.
    found = shapely.length(shapely.intersection(rays, seen))
    np.testing.assert_allclose(found, expected, atol=1e-6 + 0.01 * (expected == 50).max())
    np.testing.assert_allclose(found[expected < 49.98], expected[expected < 49.98], atol=1e-6)


def test_invalid_missing_and_empty_obstacles():
    bow_tie = shapely.Polygon([(5, -2), (8, 2), (8, -2), (5, 2)])
    found = isovists(cameras((0, 0, 90, 60, 30)), solids(bow_tie, None, shapely.Polygon())).iloc[0]
    repaired = shapely.make_valid(bow_tie)
    assert found.symmetric_difference(lit(cameras((0, 0, 90, 60, 30)), list(repaired.geoms))).area < 1e-8


def test_unknown_views_are_none_and_full_circles_need_no_bearing():
    rows = cameras((0, 0, np.nan, 90, 10), (0, 0, np.nan, 360, 10), (np.nan, 0, 0, 90, 10))
    rows.index = ["no bearing", "dome", "no place"]
    for found in (isovists(rows, solids()), field_of_view(rows)):
        assert found.index.tolist() == rows.index.tolist()
        assert found.isna().tolist() == [True, False, True]
    dome = rows.loc[["dome"]].drop(columns="bearing_deg")
    assert isovists(dome, solids()).notna().all()


def test_no_cameras():
    empty = cameras()
    assert len(isovists(empty, solids(shapely.box(0, 0, 1, 1)))) == 0
    assert len(field_of_view(empty)) == 0


@pytest.mark.parametrize(("fov", "reach"), [(np.nan, 10), (0, 10), (361, 10), (90, np.nan), (90, 0), (90, np.inf)])
def test_missing_optics_name_their_rows(fov, reach):
    rows = cameras((0, 0, 0, 90, 10), (0, 0, 0, fov, reach)).set_index(np.array(["good", "bad"]))
    with pytest.raises(CameraError) as caught:
        isovists(rows, solids())
    assert caught.value.rows == ("bad",)


@pytest.mark.parametrize("column", ["fov_deg", "range_m"])
def test_missing_column(column):
    with pytest.raises(CameraError, match=column):
        field_of_view(cameras((0, 0, 0, 90, 10)).drop(columns=column))


def test_wrong_layers():
    camera = cameras((0, 0, 0, 90, 10))
    with pytest.raises(CrsMismatchError):
        isovists(camera, solids(crs=32651))
    with pytest.raises(DegreesError):
        isovists(cameras((0, 0, 0, 90, 10), crs=4326), solids(crs=4326))
    with pytest.raises(UnknownCrsError):
        field_of_view(cameras((0, 0, 0, 90, 10), crs=None))
    with pytest.raises(GeoError, match="foot"):
        field_of_view(cameras((0, 0, 0, 90, 10), crs=2263))
    with pytest.raises(GeoError, match="polygons"):
        isovists(camera, solids(shapely.LineString([(0, 1), (1, 1)])))
    with pytest.raises(CameraError, match="point"):
        field_of_view(camera.set_geometry(camera.buffer(1)))


corner = st.integers(-20, 20)
blocks = st.lists(
    st.tuples(corner, corner, st.integers(1, 12), st.integers(1, 12), st.integers(0, 89)), max_size=8
).map(lambda rows: [affinity.rotate(shapely.box(x, y, x + w, y + h), turn) for x, y, w, h, turn in rows])
# Off the lattice of the corners, so that the eye stands on no wall; 0.3 m from one at least, so that it is not mounted.
views = st.tuples(corner, corner, st.integers(0, 359), st.sampled_from([1, 45, 90, 200, 360]), st.integers(1, 60))


def scene(view, shapes):
    camera = cameras((view[0] + 0.437, view[1] + 0.291, *view[2:]))
    return camera, [s for s in shapes if s.distance(camera.geometry.iloc[0]) > 0.01]


@given(views, blocks)
@settings(deadline=None)
def test_equals_the_view_less_all_shadows(view, shapes):
    camera, shapes = scene(view, shapes)
    seen = isovists(camera, solids(*shapes)).iloc[0]
    assert seen.is_valid
    assert seen.symmetric_difference(lit(camera, shapes)).area < 1e-6


@given(views, blocks)
@settings(deadline=None)
def test_lies_within_the_field_of_view_and_shrinks_with_obstacles(view, shapes):
    camera, shapes = scene(view, shapes)
    before = field_of_view(camera).iloc[0]
    for n in range(len(shapes) + 1):
        now = isovists(camera, solids(*shapes[:n])).iloc[0]
        assert now.difference(before).area < 1e-8
        before = now


@given(views, blocks, st.randoms(use_true_random=False), st.sampled_from([1, 2, 3]))
@settings(deadline=None)
def test_moves_and_turns_with_the_scene(view, shapes, random, quarters):
    camera, shapes = scene(view, shapes)
    here = isovists(camera, solids(*shapes)).iloc[0]
    moved = cameras((camera.geometry.x[0] + 4096, camera.geometry.y[0] - 512, *view[2:]))
    there = isovists(moved, solids(*(affinity.translate(s, 4096, -512) for s in shapes))).iloc[0]
    assert affinity.translate(there, -4096, 512).symmetric_difference(here).area < 1e-6
    spun = affinity.rotate(camera.geometry.iloc[0], -90 * quarters, origin=(0, 0))
    turned = cameras((spun.x, spun.y, view[2] + 90 * quarters, *view[3:]))
    round_there = [affinity.rotate(s, -90 * quarters, origin=(0, 0)) for s in random.sample(shapes, len(shapes))]
    back = affinity.rotate(isovists(turned, solids(*round_there)).iloc[0], 90 * quarters, origin=(0, 0))
    assert back.symmetric_difference(here).area < 1e-6


def test_row_order_does_not_matter():
    rng = np.random.default_rng(3)
    many = cameras(
        *np.column_stack((rng.uniform(0, 99, (40, 2)), rng.uniform(1, 359, (40, 2)), rng.uniform(5, 50, 40)))
    )
    houses = solids(*(shapely.box(x, y, x + 4, y + 7) for x, y in rng.uniform(0, 99, (60, 2))))
    shuffled = isovists(many.sample(frac=1, random_state=1), houses.sample(frac=1, random_state=2)).sort_index()
    assert shapely.equals_exact(isovists(many, houses).values, shuffled.values, tolerance=1e-9).all()
