"""Grids around others, on squares of 100 m."""

import geopandas as gpd
import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.draw import draw_grids
from geo.draw.enclaves import enclosed
from geo.draw.graph import components, graph_of
from geo.draw.repair import join_pieces
from geo.draw.request import band_of, check

CRS = "EPSG:32650"


def frame(shapes, households=10):
    return gpd.GeoDataFrame({"households": np.full(len(shapes), households)}, geometry=shapes, crs=CRS)


def squares(columns, rows):
    return [
        shapely.box(x, y, x + 100, y + 100) for y in range(0, rows * 100, 100) for x in range(0, columns * 100, 100)
    ]


def graph(blocks):
    return graph_of(
        check(blocks, band_of(20, 0.1, None), parent=None, rivers=None, roads=None, nesting="grouped", effort="fast",
              fixed=None, previous=None, seed=0)
    )  # fmt: skip


def whole(blocks, label, kept=0):
    n = len(blocks)
    return join_pieces(
        graph(blocks), np.array(label, np.int32), blocks["households"].to_numpy(float), np.zeros(n, np.int64),
        np.zeros(n, bool), np.zeros(kept, bool),
    )  # fmt: skip


def holes_of_grids(blocks, label):
    shapes = blocks.geometry.groupby(np.asarray(label)).apply(lambda part: shapely.coverage_union_all(part.to_numpy()))
    return shapely.get_num_interior_rings(shapes.to_numpy())


def test_the_grid_within_a_ring_gets_a_way_out():
    label = whole(frame(squares(3, 3)), [0, 0, 0, 0, 1, 0, 0, 0, 0])
    assert (label == 1).sum() == 2
    assert label[4] == 1
    assert label[[1, 3, 5, 7]].tolist().count(1) == 1


def test_a_ring_in_force_stays():
    before = [0, 0, 0, 0, 1, 0, 0, 0, 0]
    assert whole(frame(squares(3, 3)), before, kept=2).tolist() == before


def test_a_ring_around_a_gap_is_opened_towards_the_next_grid():
    blocks = frame([s for i, s in enumerate(squares(5, 3)) if i != 6])  # all but the middle of the western nine
    label = whole(blocks, [0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1])
    assert label.tolist() == [0, 0, 0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 1]


def test_a_block_in_another_joins_it_unless_it_has_the_households_of_a_grid():
    yard, house = shapely.box(0, 0, 100, 100), shapely.box(40, 40, 60, 60)
    blocks = frame([yard.difference(house), house, *squares(3, 1)[1:]], [10, 2, 10, 10])
    assert whole(blocks, [0, 1, 0, 2]).tolist() == [0, 0, 0, 1]
    blocks["households"] = [10, 20, 10, 10]
    assert whole(blocks, [0, 1, 0, 2]).tolist() == [0, 1, 0, 2]


def test_numbers_without_blocks_are_dropped():
    assert whole(frame(squares(4, 1)), [5, 5, 2, 2]).tolist() == [1, 1, 0, 0]


@given(st.lists(st.integers(0, 1), min_size=36, max_size=36))
def test_what_is_enclosed_is_what_the_unions_enclose(colour):
    blocks = frame(squares(6, 6))
    ground = graph(blocks)
    alike = np.array(colour)[ground.edges]
    label = components(36, ground.edges[alike[:, 0] == alike[:, 1]])
    assert len(list(enclosed(ground.around, label.astype(np.int32)))) == (holes_of_grids(blocks, label) > 0).sum()


@settings(max_examples=10)
@given(st.integers(0, 5), st.lists(st.integers(5, 25), min_size=81, max_size=81))
def test_no_drawn_grid_lies_around_another(seed, households):
    blocks = frame(squares(9, 9)).assign(households=households)
    assert not holes_of_grids(blocks, draw_grids(blocks, target=100, effort="fast", seed=seed)).any()
