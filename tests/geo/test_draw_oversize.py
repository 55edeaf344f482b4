"""Blocks with more households than a grid may have, on a town of 12 x 12 squares of 10 households."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.draw import draw_grids, feasibility

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
