"""Blocks with more households than a grid may have, on a town of 12 x 12 squares of 10 households."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.draw import draw_grids, feasibility
from geo.draw.graph import graph_of
from geo.draw.oversize import oversize_apart
from geo.draw.request import band_of, check

SHAPES = [shapely.box(x, y, x + 100, y + 100) for y in range(0, 1200, 100) for x in range(0, 1200, 100)]
QUARTER = (np.arange(144) % 12 > 5) * 2 + np.arange(144) // 72


@pytest.mark.parametrize(
    ("large", "parent"),
    [({70: 2000}, None), ({70: 2000, 71: 1500}, None), ({70: 2000, 20: 150, 100: 130}, QUARTER)],
    ids=["one", "side by side", "in villages"],
)
def test_only_the_grids_of_oversize_blocks_miss_the_band(large, parent):
    households = np.full(144, 10)
    households[list(large)] = list(large.values())
    blocks = gpd.GeoDataFrame({"households": households}, geometry=SHAPES, crs="EPSG:32650")
    label = draw_grids(blocks, target=100, parent=parent, effort="fast")
    size = blocks["households"].groupby(label).sum()
    assert (~size.between(90, 110)).sum() == len(large)
    assert feasibility(households, np.zeros(144), target=100).out_of_band.sum() == len(large)


def test_what_an_oversize_block_cuts_off_stays_with_it():
    households = np.full(144, 10)
    households[[1, 12, 13]] = 2000  # around the corner block
    blocks = gpd.GeoDataFrame({"households": households}, geometry=SHAPES, crs="EPSG:32650")
    label = draw_grids(blocks, target=100, effort="fast")
    assert label[0] in label[[1, 12]].to_numpy()


def test_oversize_blocks_with_a_pocket_between_them_stay_apart():
    """The corner block 11 lies between blocks 10 and 23, and nowhere else."""
    households = np.full(144, 10)
    households[[10, 23]] = 2000
    blocks = gpd.GeoDataFrame({"households": households}, geometry=SHAPES, crs="EPSG:32650")
    band = band_of(100, 0.1, None)
    request = check(
        blocks, band, parent=None, rivers=None, roads=None, nesting="grouped", effort="fast", fixed=None,
        previous=None, seed=0,
    )  # fmt: skip
    part, count = oversize_apart(graph_of(request), request.households, np.zeros(144, np.int64), band)
    assert part[11] in (part[10], part[23])
    assert part[10] != part[23]
    assert sorted(count.tolist()) == [1, 1, 14]
