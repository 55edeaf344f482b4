"""Blocks that are no coverage, and plans in force of another size; squares of 100 m and 10 households."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.adjacency import rook
from geo.draw import draw_grids
from geo.draw.graph import components
from geo.errors import InvalidCoverageError

CRS = "EPSG:32650"


def frame(*shapes):
    return gpd.GeoDataFrame({"households": np.full(len(shapes), 10)}, geometry=list(shapes), crs=CRS)


SQUARES = frame(*(shapely.box(x, y, x + 100, y + 100) for y in range(0, 1200, 100) for x in range(0, 1200, 100)))


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        (SQUARES.geometry[30], "positions 30 and 144 lie on top of each other"),
        (shapely.box(200, 200, 400, 400), "position 144"),  # four blocks in one
        (shapely.box(250, 250, 420, 420), "position 144"),
        (shapely.Polygon([(9000, 0), (9100, 100), (9100, 0), (9000, 100)]), "position 144: Self-intersection"),
        (shapely.box(1200, 0, 1300, 150), "share their vertices"),  # its corner lies on a neighbour's edge
    ],
    ids=["twice", "hierarchy", "overlap", "invalid", "not noded"],
)
def test_blocks_that_are_no_coverage_are_refused(shape, told):
    with pytest.raises(InvalidCoverageError, match=told):
        draw_grids(pd.concat([SQUARES, frame(shape)], ignore_index=True), target=100, effort="fast")


def test_micro_grids_in_force_are_joined_into_whole_grids_in_band():
    label = draw_grids(SQUARES, target=100, effort="fast", previous=np.arange(144)).to_numpy()
    assert SQUARES["households"].groupby(label).sum().between(90, 110).all()
    edges, _ = rook(SQUARES.geometry)
    assert components(144, edges[label[edges[:, 0]] == label[edges[:, 1]]]).max() + 1 == len(np.unique(label))
