import geopandas
import pytest
import shapely
from shapely import Polygon, box

from geo.errors import CrsMismatchError, DegreesError, GeoError
from geo.nesting import nesting


def metric(shapes, index):
    return geopandas.GeoSeries(shapes, index=index, crs=4549)


@pytest.fixture
def villages():
    """Two villages side by side, west and east."""
    return metric([box(0, 0, 10, 10), box(10, 0, 20, 10)], ["west", "east"])


def kinds(found):
    return list(zip(found["kind"], found["ids"], found["area_m2"], strict=True))


def test_nested_grids(villages):
    grids = metric([box(0, 0, 10, 4), box(0, 4, 10, 10), box(10, 0, 20, 10)], [1, 2, 3])
    assert nesting(grids, villages).empty
    assert nesting(grids, villages, ["west", "west", "east"]).empty


def test_grid_across_the_border(villages):
    found = nesting(metric([box(2, 0, 13, 5)], ["g"]), villages)
    assert kinds(found) == [("crosses_parent", ("g", "west"), 15.0)]
    assert found.geometry[0].equals(box(10, 0, 13, 5))


def test_grid_partly_outside_all_parents(villages):
    found = nesting(metric([box(-2, 0, 3, 5)], ["g"]), villages, ["west"])
    assert kinds(found) == [("crosses_parent", ("g", "west"), 10.0)]


def test_grid_in_the_wrong_parent(villages):
    found = nesting(metric([box(12, 0, 15, 5)], ["g"]), villages, ["west"])
    assert kinds(found) == [("outside_parent", ("g", "west"), 15.0)]


def test_each_connected_piece_is_a_finding(villages):
    found = nesting(metric([box(-1, 2, 11, 4)], ["g"]), villages, ["west"])
    assert sorted(found["area_m2"]) == [2.0, 2.0]


@pytest.mark.parametrize("parent_of", [["nowhere"], [None], None])
def test_grid_without_parent(villages, parent_of):
    found = nesting(metric([box(50, 0, 52, 2)], ["g"]), villages, parent_of)
    assert kinds(found) == [("no_parent", ("g",), 4.0)]


def test_touching_a_parent_is_not_lying_in_it(villages):
    assert nesting(metric([box(20, 0, 22, 2)], ["g"]), villages)["kind"].tolist() == ["no_parent"]


def test_equal_shares_go_to_the_first_parent(villages):
    assert nesting(metric([box(8, 0, 12, 1)], ["g"]), villages)["ids"].tolist() == [("g", "west")]


def test_missing_geometries_have_no_nesting(villages):
    assert nesting(metric([None, Polygon()], ["g", "h"]), villages).empty


def test_invalid_parent_is_rebuilt_first():
    spike = Polygon([(0, 0), (5, 0), (5, 2), (50, 2), (5, 2), (5, 5), (0, 5)])
    assert nesting(metric([box(0, 0, 5, 5)], ["g"]), metric([spike], ["v"])).empty


def test_refusals(villages):
    grids = metric([box(0, 0, 1, 1)], ["g"])
    with pytest.raises(GeoError, match="2 parents for 1"):
        nesting(grids, villages, ["west", "west"])
    with pytest.raises(GeoError, match="not unique"):
        nesting(grids, metric(villages.array, ["v", "v"]), ["v"])
    with pytest.raises(CrsMismatchError):
        nesting(grids, villages.to_crs(4550))
    with pytest.raises(DegreesError):
        nesting(grids.to_crs(4326), villages)
    with pytest.raises(GeoError, match="Point"):
        nesting(metric([shapely.Point(1, 1)], ["g"]), villages)
