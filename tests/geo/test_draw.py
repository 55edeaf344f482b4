"""A small town of square blocks: 12 x 12 blocks of 100 m and 10 households, four villages, a river in the middle."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.adjacency import rook
from geo.draw import draw_grids, feasibility
from geo.draw.redraw import least_moved
from geo.draw.rings import OUTSIDE, rings_around
from geo.errors import CrsMismatchError, DegreesError, GeoError, UnknownCrsError

CRS = "EPSG:32650"


def squares(columns, rows, households=10):
    cells = [
        shapely.box(x, y, x + 100, y + 100) for y in range(0, rows * 100, 100) for x in range(0, columns * 100, 100)
    ]
    return gpd.GeoDataFrame({"households": np.full(len(cells), households)}, geometry=cells, crs=CRS)


@pytest.fixture(scope="module")
def town():
    """1,440 households; villages west of x = 600 m are 0 and 1, south and north; east of it 2 and 3."""
    blocks = squares(12, 12)
    centre = blocks.centroid
    blocks["village"] = (centre.x > 600).astype(int) * 2 + (centre.y > 600).astype(int)
    return blocks


def pieces(blocks, label):
    """Number of connected pieces of each grid."""
    edges, _ = rook(blocks.geometry)
    label = np.asarray(label)
    edges = edges[label[edges[:, 0]] == label[edges[:, 1]]]
    links = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(len(label), len(label)))
    return pd.Series(connected_components(links, directed=False)[1]).groupby(label).nunique()


def constant(values, label):
    """Whether the values are the same all over each grid."""
    return bool((values.groupby(label).nunique() == 1).all())  # noqa: PD101 - one number for each grid, not one series


def enclaves(blocks, label):
    shapes = blocks.geometry.groupby(np.asarray(label)).apply(lambda part: shapely.coverage_union_all(part.to_numpy()))
    return int(shapely.get_num_interior_rings(shapes.to_numpy()).sum())


def test_rings_list_neighbours_in_order():
    rings = rings_around(squares(3, 3).geometry.to_numpy())
    middle = slice(rings.start[rings.ring_of[4]], rings.start[rings.ring_of[5]])
    around = rings.neighbour[middle].tolist()
    turn = around.index(0)
    assert around[turn:] + around[:turn] in ([0, 1, 2, 5, 8, 7, 6, 3], [0, 3, 6, 7, 8, 5, 2, 1])
    assert sorted(rings.length[middle]) == [0, 0, 0, 0, 100, 100, 100, 100]


def test_rings_mark_the_outside():
    rings = rings_around(squares(1, 1).geometry.to_numpy())
    assert rings.neighbour.tolist() == [OUTSIDE]
    assert rings.length.tolist() == [400]


def test_grids_are_whole_balanced_and_in_one_village(town):
    label = draw_grids(town, target=120, parent=town.village)
    size = town.households.groupby(label).sum()
    assert size.between(108, 132).all()
    assert (pieces(town, label) == 1).all()
    assert enclaves(town, label) == 0
    assert sorted(label.unique()) == list(range(12))  # 360 households a village: three grids each
    assert constant(town.village, label)


def test_no_grid_on_two_banks(town):
    river = gpd.GeoSeries([shapely.LineString([(600, -50), (600, 1250)])], crs=CRS)
    label = draw_grids(town, target=120, rivers=river)
    assert constant(town.centroid.x > 600, label)


def test_same_seed_same_plan_in_any_order_of_options(town):
    first = draw_grids(town, target=120, parent=town.village, seed=3)
    again = draw_grids(town, seed=3, parent=town.village, target=120)
    assert first.equals(again)


def test_labels_run_from_west_to_east(town):
    label = draw_grids(town, target=120)
    x = town.centroid.x.groupby(label).mean()
    assert x.is_monotonic_increasing


def test_translation_does_not_change_the_plan(town):
    moved = town.set_geometry(town.translate(4096, 8192))
    assert draw_grids(moved, target=120, effort="fast").equals(draw_grids(town, target=120, effort="fast"))


def test_strict_nesting_keeps_villages_apart(town):
    uneven = town.assign(village=(town.centroid.x > 300).astype(int))  # 360 and 1,080 households, target 250
    label = draw_grids(uneven, target=250, parent=uneven.village, nesting="strict_nesting")
    assert constant(uneven.village, label)
    assert (pieces(uneven, label) == 1).all()


def test_limits_replace_the_tolerance(town):
    label = draw_grids(town, target=360, limits=(300, 500), nesting="strict_balance", effort="fast")
    assert town.households.groupby(label).sum().between(300, 500).all()


def test_growth_is_absorbed_with_few_moves(town):
    before = draw_grids(town, target=120, parent=town.village)
    grown = town.copy()
    busiest = np.flatnonzero(before == before.iloc[0])[:2]
    grown.loc[busiest, "households"] += 10
    after = draw_grids(grown, target=120, parent=grown.village, previous=before)
    size = grown.households.groupby(after).sum()
    assert size.between(108, 132).all()
    assert set(after) == set(before)
    bound = least_moved(grown.households.groupby(before).sum().to_numpy(float), 108, 132)
    assert bound <= grown.households[(after != before).to_numpy()].sum() <= 60


def test_an_unchanged_plan_in_the_band_stays(town):
    before = draw_grids(town, target=120, parent=town.village)
    assert draw_grids(town, target=120, parent=town.village, previous=before).equals(before)


def test_fixed_grids_neither_give_nor_take(town):
    before = pd.Series(np.where(town.centroid.y < 300, 7, -1), town.index)
    after = draw_grids(town, target=120, previous=before, fixed=(before == 7).to_numpy())
    assert (after[before == 7] == 7).all()
    assert after[before == -1].min() == 8
    assert town.households[before == -1].groupby(after[before == -1]).sum().between(108, 132).all()


def test_doubled_households_need_new_grids_with_new_labels(town):
    before = draw_grids(town, target=120) + 5
    after = draw_grids(town.assign(households=20), target=120, previous=before)
    assert (town.households * 2).groupby(after).sum().between(108, 132).all()
    assert after.max() > before.max()


def test_islands_and_giants():
    blocks = squares(6, 6)
    blocks.loc[0, "households"] = 500
    island = squares(1, 1).set_geometry(squares(1, 1).translate(5000, 5000))
    both = pd.concat([blocks, island], ignore_index=True)
    label = draw_grids(both, target=90, effort="fast")
    assert (label == label.iloc[36]).sum() == 1
    assert (pieces(both, label) == 1).all()
    assert len(label) == 37


def test_a_total_below_one_target_is_one_grid():
    assert draw_grids(squares(3, 1)).tolist() == [0, 0, 0]
    assert draw_grids(squares(1, 1)).tolist() == [0]
    assert draw_grids(squares(2, 1, 0)).tolist() == [0, 0]
    assert draw_grids(squares(2, 1).iloc[:0]).empty


def test_progress_reports_and_stops(town):
    seen = []

    def progress(done, plan):
        seen.append((done, plan))
        return len(seen) < 3

    label = draw_grids(town, target=120, progress=progress)
    assert len(seen) == 3
    assert seen[0][1] is None
    assert seen[-1][1].equals(label)
    assert (pieces(town, label) == 1).all()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"nesting": "loose"}, GeoError),
        ({"effort": "some"}, GeoError),
        ({"target": 0}, GeoError),
        ({"tolerance": -0.1}, GeoError),
        ({"limits": (400, 500)}, GeoError),
        ({"parent": ["a"]}, GeoError),
        ({"parent": [None] * 4}, GeoError),
        ({"nesting": "strict_nesting"}, GeoError),
        ({"fixed": [True] * 4}, GeoError),
        ({"fixed": [1] * 4, "previous": [1] * 4}, GeoError),
        ({"previous": [0.5] * 4}, GeoError),
        ({"rivers": gpd.GeoSeries([shapely.LineString([(0, 0), (1, 1)])], crs=4326)}, CrsMismatchError),
    ],
)
def test_bad_arguments_are_refused(change, error):
    with pytest.raises(error):
        draw_grids(squares(2, 2), **change)


@pytest.mark.parametrize("value", [np.nan, -1, np.inf])
def test_bad_households_are_refused(value):
    blocks = squares(2, 2).astype({"households": float})
    blocks.loc[2, "households"] = value
    with pytest.raises(GeoError, match="position 2"):
        draw_grids(blocks)


def test_bad_blocks_are_refused():
    blocks = squares(2, 2)
    with pytest.raises(UnknownCrsError):
        draw_grids(blocks.set_crs(None, allow_override=True))
    with pytest.raises(DegreesError):
        draw_grids(blocks.set_crs(4326, allow_override=True))
    with pytest.raises(GeoError, match="polygons"):
        draw_grids(blocks.set_geometry(blocks.centroid))
    with pytest.raises(GeoError, match="households"):
        draw_grids(blocks.drop(columns="households"))


def test_feasibility_by_hand():
    report = feasibility([100, 300, 160, 290, 300, 300, 0], ["a", "b", "c", "c", "d", "d", "e"])
    assert report.verdict.tolist() == ["too_small", "fits", "between", "fits", "empty"]
    assert report.best.tolist() == [1, 1, 2, 2, 0]
    assert report.fewest.tolist() == [0, 1, 0, 2, 0]
    assert report.min_deviation.iloc[:4].round(4).tolist() == [0.6667, 0, 0.25, 0]  # 450 in two grids: 225 each


def test_feasibility_refuses_bad_counts():
    with pytest.raises(GeoError):
        feasibility([1, -1], ["a", "a"])
    with pytest.raises(GeoError):
        feasibility([1], ["a", "a"])
    with pytest.raises(GeoError):
        feasibility([1, 2], ["a", None])
