"""What holds after any sequence of edits."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import RedrawError
from geo.redraw import (
    abolish,
    apply,
    carve_out,
    compare,
    divide,
    give,
    measures,
    merge,
    move_boundary,
    outline,
    prepare,
    split,
)

SIDE = 8
ORIGIN = np.array([540_000, 3_298_000])


def crooked(seed, side=SIDE, empty=0.0):
    """Squares of about 10 m with moved corners; a share of them is left out as voids and bays."""
    rng = np.random.default_rng(seed)
    corner = np.stack(np.meshgrid(np.arange(side + 1), np.arange(side + 1)), axis=-1) * 10.0
    corner += rng.uniform(-3, 3, corner.shape) + ORIGIN
    around = corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]
    shapes = shapely.polygons(np.stack(around, axis=2).reshape(-1, 4, 2))
    keep = rng.random(side * side) >= empty
    households = rng.integers(0, 9, side * side)
    village = rng.choice(["a", "b", "c"], side * side)
    frame = gpd.GeoDataFrame({"households": households, "village": village}, geometry=shapes, crs=4549)
    return frame[keep].reset_index(drop=True)


WHOLE = prepare(crooked(1), parent=crooked(1)["village"], target=60)
HOLED = prepare(crooked(2, empty=0.2), target=60)
places = st.tuples(st.floats(-20, 100), st.floats(-20, 100))
steps = st.tuples(
    st.sampled_from(["split", "merge", "move_boundary", "give", "carve_out", "abolish"]),
    st.integers(0, 10**6),
    st.lists(places, min_size=2, max_size=5),
)


def attempt(division, step):
    """The edit, or None where this one is refused."""
    op, seed, points = step
    rng = np.random.default_rng(seed)
    grid, other = rng.choice(division.numbers, 2)
    drawn = shapely.LineString(np.array(points) + ORIGIN)
    blocks = rng.integers(0, len(division.label), 4)
    work = {
        "split": lambda: split(division, grid, drawn),
        "merge": lambda: merge(division, [grid, other]),
        "move_boundary": lambda: move_boundary(division, grid, other, drawn),
        "give": lambda: give(division, blocks, grid),
        "carve_out": lambda: carve_out(division, blocks[:2]),
        "abolish": lambda: abolish(division, grid),
    }
    try:
        return work[op]()
    except RedrawError:
        return None


def start(ground, bands=4):
    return divide(ground, ((ground.x - ground.x.min()) // (80 / bands + 3)).astype(int))


@pytest.mark.parametrize("ground", [WHOLE, HOLED], ids=["whole", "holed"])
@given(sequence=st.lists(steps, min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_edits_count_as_a_whole_recomputation_and_undo_exactly(ground, sequence):
    division = start(ground)
    done = []
    for step in sequence:
        edit = attempt(division, step)
        if edit is None:
            continue
        after = apply(division, edit)
        if edit.op == "abolish":
            pieces = {count.grid: count.pieces for count in edit.before}
            assert all(count.pieces <= pieces[count.grid] for count in edit.after)
        untouched = ~np.isin(division.label, edit.touched)
        assert (after.label[untouched] == division.label[untouched]).all()
        assert (np.flatnonzero(after.label != division.label) == edit.blocks).all()
        whole = divide(ground, after.label, grids=after.grids)
        assert after.counts == whole.counts
        assert (after.piece == whole.piece).all()
        assert after.mark == whole.mark
        assert measures(after)["households"].sum() == ground.households.sum()
        done.append((division, edit))
        division = after
    for before, edit in reversed(done):
        division = apply(division, edit.inverse())
        assert (division.label == before.label).all()
        assert (division.piece == before.piece).all()
        assert (division.grids, division.counts, division.mark) == (before.grids, before.counts, before.mark)
    assert all(edit.inverse().inverse().record() == edit.record() for _, edit in done)


@given(seed=st.integers(0, 10**6), grids=st.integers(1, 6), empty=st.sampled_from([0.0, 0.25]))
@settings(max_examples=60, deadline=None)
def test_counts_are_those_of_the_dissolved_shapes(seed, grids, empty):
    ground = prepare(crooked(seed, side=5, empty=empty))
    division = divide(
        ground, np.unique(np.random.default_rng(seed).integers(0, grids, len(ground.ids)), return_inverse=True)[1]
    )
    shapes = outline(division)
    assert shapely.coverage_is_valid(shapes.to_numpy())
    frame = measures(division)
    assert frame["area_m2"].to_numpy() == pytest.approx(shapes.area.to_numpy())
    assert frame["perimeter_m"].to_numpy() == pytest.approx(shapes.length.to_numpy())
    assert frame["pieces"].to_numpy().tolist() == shapely.get_num_geometries(shapes.to_numpy()).tolist()


@given(seed=st.integers(0, 10**6), tries=st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_a_grid_in_one_piece_has_a_hole_for_each_inner_ring(seed, tries):
    ground = prepare(crooked(seed, side=6))
    rng = np.random.default_rng(seed)
    inside = {int(rng.integers(36))}
    for _ in range(tries):
        block = int(rng.integers(36))
        around = ground.neighbour[ground.first[block] : ground.first[block + 1]].tolist()
        if inside & set(around):
            inside.add(block)
    division = divide(ground, [0 if block in inside else 1 for block in range(36)]) if len(inside) < 36 else None
    if division is not None:
        assert division.counts[0].pieces == 1
        assert division.counts[0].holes == shapely.get_num_interior_rings(outline(division).iloc[0])


@given(points=st.lists(places, min_size=2, max_size=6))
@settings(max_examples=150, deadline=None)
def test_a_split_leaves_two_whole_sides_whichever_way_the_line_runs(points):
    division = divide(WHOLE, np.zeros(len(WHOLE.ids), int))
    drawn = shapely.LineString(np.array(points) + ORIGIN)
    try:
        edit = split(division, 0, drawn)
    except RedrawError:
        with pytest.raises(RedrawError):
            split(division, 0, drawn.reverse())
        return
    assert [count.pieces for count in edit.after] == [1, 1]
    assert edit.moved_households <= WHOLE.households.sum() / 2
    assert split(division, 0, drawn.reverse()).blocks.tolist() == edit.blocks.tolist()


@given(order=st.permutations(range(16)), shift=st.tuples(st.integers(-1000, 1000), st.integers(-1000, 1000)))
@settings(max_examples=40, deadline=None)
def test_answers_survive_row_order_and_translation(order, shift):
    blocks = crooked(5, side=4)
    drawn = shapely.LineString([(540_018, 3_297_990), (540_022, 3_298_050)])
    edit = split(divide(prepare(blocks), np.zeros(16, int)), 0, drawn)
    moved = blocks.set_geometry(blocks.geometry.translate(*shift)).iloc[list(order)]
    other = split(divide(prepare(moved), np.zeros(16, int)), 0, shapely.transform(drawn, lambda xy: xy + shift))
    assert sorted(moved.index[other.blocks]) == edit.blocks.tolist()


@given(
    first=st.lists(st.integers(0, 3), min_size=64, max_size=64),
    second=st.lists(st.integers(0, 3), min_size=64, max_size=64),
)
@settings(max_examples=40, deadline=None)
def test_a_comparison_is_the_same_both_ways_and_no_worse_than_the_numbers(first, second):
    one, other = divide(WHOLE, first), divide(WHOLE, second)
    found = compare(one, other)
    assert found.moved_households == compare(other, one).moved_households
    assert found.moved_households <= WHOLE.households[one.label != other.label].sum()
    assert found.pairs["households"].sum() == WHOLE.households.sum()
