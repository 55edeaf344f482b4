import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, Point, Polygon, box

from geo.errors import (
    BrokenGridError,
    DegreesError,
    DrawnLineError,
    GeoError,
    GridLockedError,
    InvalidCoverageError,
    RedrawError,
    StaleEditError,
)
from geo.redraw import (
    Grid,
    abolish,
    apply,
    carve_out,
    compare,
    convert,
    divide,
    fingerprint,
    give,
    lock,
    measures,
    merge,
    move_boundary,
    outline,
    prepare,
    redo,
    rename,
    split,
    undo,
    unlock,
)

#    y
#   40 ┌──┬──┬──┬──┬──┬──┐
#      │18│19│20│21│22│23│      24 squares of 10 m, block ids 100 + position, one household each
#   30 ├──┼──┼──┼──┼──┼──┤      grid 0: the two columns in the west, grid 1: the middle two, grid 2: the east
#      │12│13│14│15│16│17│      villages: "a" for x < 30, "b" beyond
#   20 ├──┼──┼──┼──┼──┼──┤
#      │ 6│ 7│ 8│ 9│10│11│
#   10 ├──┼──┼──┼──┼──┼──┤
#      │ 0│ 1│ 2│ 3│ 4│ 5│
#    0 └──┴──┴──┴──┴──┴──┘
#      0  10 20 30 40 50 60  x
ROWS, COLUMNS = 4, 6
ORIGIN = np.array([540_000, 3_298_000])


def squares(rows=ROWS, columns=COLUMNS, households=1):
    x, y = (axis.ravel() * 10 for axis in np.meshgrid(np.arange(columns), np.arange(rows)))
    shapes = shapely.transform(shapely.box(x, y, x + 10, y + 10), lambda xy: xy + ORIGIN)
    return gpd.GeoDataFrame(
        {"households": households}, geometry=shapes, index=100 + np.arange(rows * columns), crs=4549
    )


def line(*points):
    return LineString(np.array(points) + ORIGIN)


def column(position):
    return position % COLUMNS


@pytest.fixture(scope="module")
def ground():
    return prepare(squares(), parent=["a" if column(i) < 3 else "b" for i in range(24)], target=8)


@pytest.fixture
def thirds(ground):
    return divide(ground, column(np.arange(24)) // 2)


def grid_of(division, grid):
    return division.members(grid).tolist()


def rest(division, *changed):
    return np.delete(division.label, changed).tolist()


def test_counts_of_a_grid(thirds):
    count = thirds.counts[1]
    assert (count.blocks, count.households, count.deviation) == (8, 8.0, 0.0)
    assert (count.area_m2, count.perimeter_m) == pytest.approx((800, 120))
    assert count.polsby_popper == pytest.approx(4 * np.pi * 800 / 120**2)
    assert (count.villages, count.pieces, count.contiguous, count.holes) == (2, 1, True, 0)


def test_measures_has_a_row_for_each_grid(thirds):
    frame = measures(thirds)
    assert frame.index.tolist() == [0, 1, 2]
    assert frame["households"].tolist() == [8, 8, 8]
    assert frame["villages"].tolist() == [1, 2, 1]
    assert frame["contiguous"].all()


# split


def test_split_goes_by_the_inner_points(thirds):
    # Over the middle of 6, (5, 15), and under that of 13, (15, 25). Both sides are equal: the one with block 0 stays.
    edit = split(thirds, 0, line((-5, 16), (25, 24)))
    after = apply(thirds, edit)
    assert grid_of(after, 3) == [12, 13, 18, 19]
    assert grid_of(after, 0) == [0, 1, 6, 7]
    assert edit.created == (3,)
    assert edit.abolished == ()
    assert edit.moved_households == 4
    assert rest(after, 12, 13, 18, 19) == rest(thirds, 12, 13, 18, 19)


def test_split_keeps_the_number_where_most_households_are():
    blocks = squares(1, 3, households=[9, 1, 1])
    division = divide(prepare(blocks), [0, 0, 0], grids=[Grid("第一网格")])
    after = apply(division, split(division, 0, line((11, -5), (9, 15))))
    assert after.label.tolist() == [0, 1, 1]
    assert after.grids == (Grid("第一网格"), Grid())


@pytest.mark.parametrize("ends", [((-100, 20), (100, 20)), ((100, 20), (-100, 20)), ((3, 20), (17, 20))])
def test_split_by_a_line_that_is_longer_or_ends_in_a_rim_block(thirds, ends):
    after = apply(thirds, split(thirds, 0, line(*ends)))
    assert sorted([grid_of(after, 0), grid_of(after, 3)]) == [[0, 1, 6, 7], [12, 13, 18, 19]]


def test_split_by_a_line_that_leaves_and_enters_again(ground):
    # Two pieces lie above the line: x < 30 and x > 40; the smaller one joins the side below.
    division = divide(ground, np.zeros(24, int))
    loop = line((-5, 20), (30, 20), (30, 45), (40, 45), (40, 20), (65, 20))
    assert grid_of(apply(division, split(division, 0, loop)), 1) == [12, 13, 14, 18, 19, 20]


def test_split_leaves_no_side_in_pieces(ground):
    # Grid 0 is a U: its arms are columns 0 and 5, its foot is row 0; a level line cuts off both arms.
    position = np.arange(24)
    arms = (column(position) == 0) | (column(position) == 5) | (position < 6)
    division = divide(ground, np.where(arms, 0, 1))
    edit = split(division, 0, line((-5, 20), (65, 20)), strict=True)
    after = apply(division, edit)
    assert grid_of(after, 2) == [12, 18]  # the arms weigh the same: the one with the smallest block is the main piece
    assert all(count.contiguous for count in edit.after)


def test_split_of_a_grid_in_pieces_cuts_the_piece_that_the_line_crosses(ground):
    label = np.ones(24, int)
    label[[0, 1, 4, 5]] = 0
    division = divide(ground, label)
    after = apply(division, split(division, 0, line((10, -5), (10, 15))))
    assert grid_of(after, 2) == [1]
    assert grid_of(after, 0) == [0, 4, 5]


@pytest.mark.parametrize(
    ("drawn", "told"),
    [
        (line((70, 0), (70, 40)), "does not cross"),
        (line((-1, -5), (-1, 45)), "does not cross"),
        (line((2, -5), (2, 45)), "one side"),
        (line((-5, 20), (25, 15)), "ends inside"),
        (LineString(), "one unbroken line"),
        (Point(1, 1), "one unbroken line"),
        (LineString([(1, 1), (1, 1)]), "no length"),
        (LineString([(120.4, 29.8), (120.5, 29.9)]), "does not cross"),
    ],
)
def test_split_says_why_a_line_does_not_cut(ground, drawn, told):
    division = divide(ground, np.zeros(24, int))
    with pytest.raises(DrawnLineError, match=told):
        split(division, 0, drawn)


def test_split_refuses_coordinates_that_are_no_numbers(thirds):
    with np.errstate(invalid="ignore"):
        drawn = LineString([(1, 1), (np.nan, 1)])
    with pytest.raises(DrawnLineError, match="no numbers"):
        split(thirds, 0, drawn)


def test_split_round_a_hole(ground):
    # Grid 1 is block 8 in the middle of grid 0; a level line through the hole still cuts the ring in two.
    label = np.zeros(24, int)
    label[8] = 1
    division = divide(ground, label)
    assert division.counts[0].holes == 1
    assert division.counts[0].enclosed == ((8,),)
    after = apply(division, split(division, 0, line((-5, 16), (65, 16))))
    assert [count.holes for count in after.counts] == [0, 0, 0]


# merge, give, carve out, abolish


def test_merge_keeps_the_larger_grid(thirds):
    after = apply(thirds, give(thirds, [2], 0))
    edit = merge(after, [1, 0])
    merged = apply(after, edit)
    assert (edit.abolished, edit.created, edit.moved_households) == ((1,), (), 7)
    assert merged.numbers == [0, 2]
    assert merged.grids[1] is merged.counts[1] is None
    assert merged.counts[0].perimeter_m == pytest.approx(160)
    assert apply(after, merge(after, [0, 1], into=1)).numbers == [1, 2]


def test_numbers_of_abolished_grids_are_not_used_again(thirds):
    merged = apply(thirds, merge(thirds, [1, 2]))
    assert split(merged, 0, line((-5, 20), (25, 20))).created == (3,)


def test_merger_of_grids_that_share_no_edge_is_told_or_refused(thirds):
    edit = merge(thirds, [0, 2])
    assert edit.broken == (0,)
    assert edit.after[0].detached == ((4, 5, 10, 11, 16, 17, 22, 23),)
    with pytest.raises(BrokenGridError) as refused:
        merge(thirds, [0, 2], strict=True)
    assert refused.value.grids == (0,)


def test_give_tells_what_it_breaks(thirds):
    edit = give(thirds, [8, 9], 0)
    assert edit.broken == (1,)
    count = {c.grid: c for c in edit.after}
    assert count[1].pieces == 2
    assert count[1].detached == ((2, 3),)  # 14, 15, 20, 21 are the main piece
    assert count[0].households == 10
    assert count[0].deviation == pytest.approx(0.25)
    with pytest.raises(BrokenGridError) as refused:
        give(thirds, [8, 9], 0, strict=True)
    assert refused.value.blocks == (2, 3)


def test_corner_contact_does_not_hold_a_grid_together(ground):
    label = np.ones(24, int)
    label[[0, 7]] = 0
    assert divide(ground, label).counts[0].pieces == 2


def test_give_ignores_what_is_there_already_and_repeated_blocks(thirds):
    edit = give(thirds, [2, 0, 2], 0)
    assert edit.blocks.tolist() == [2]
    with pytest.raises(RedrawError, match="already"):
        give(thirds, [0, 1], 0)


def test_give_of_the_last_block_abolishes(ground):
    label = np.zeros(24, int)
    label[5] = 1
    division = divide(ground, label)
    edit = give(division, [5], 0)
    assert edit.abolished == (1,)
    assert apply(division, edit).numbers == [0]


@pytest.mark.parametrize("blocks", [[], [24], [-1], [0.5], ["100"], [[0, 1]]])
def test_give_refuses_what_is_no_block(thirds, blocks):
    with pytest.raises(RedrawError):
        give(thirds, blocks, 2)


def test_carve_out_makes_a_dedicated_grid(thirds):
    site = shapely.transform(box(12, 12, 28, 28), lambda xy: xy + ORIGIN)
    edit = carve_out(thirds, site, name=" 枫桥中学 ")
    after = apply(thirds, edit)
    assert grid_of(after, 3) == [7, 8, 13, 14]
    assert after.grids[3] == Grid("枫桥中学", dedicated=True)
    assert edit.touched == (0, 1, 3)
    by_blocks = carve_out(thirds, thirds.ground.positions([107, 108, 113, 114]))
    assert by_blocks.blocks.tolist() == edit.blocks.tolist()


def test_carve_out_may_not_leave_a_hole_when_strict(ground):
    division = divide(ground, np.zeros(24, int))
    edit = carve_out(division, [8])
    assert edit.broken == (0,)
    assert edit.after[0].enclosed == ((8,),)
    with pytest.raises(BrokenGridError):
        carve_out(division, [8], strict=True)


@pytest.mark.parametrize("site", [box(0, 0, 1, 1), Polygon(), Point(0, 0), Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])])
def test_carve_out_refuses_a_site_without_blocks(thirds, site):
    with pytest.raises(RedrawError):
        carve_out(thirds, site)


def test_abolish_keeps_villages_together(thirds):
    # Grid 1 lies half in village a, where grid 0 is, and half in b, where grid 2 is.
    after = apply(thirds, abolish(thirds, 1))
    assert after.label.reshape(ROWS, COLUMNS).tolist() == [[0, 0, 0, 2, 2, 2]] * ROWS


def test_abolish_balances_without_villages():
    # The western grid has 30 households, the eastern one 3: it gains the whole middle of 4.
    blocks = squares(1, 6, households=[30, 1, 1, 1, 1, 3])
    division = divide(prepare(blocks, target=10), [0, 1, 1, 1, 1, 2])
    assert apply(division, abolish(division, 1)).label.tolist() == [0, 2, 2, 2, 2, 2]


def test_abolish_gives_nothing_to_locked_and_dedicated_grids(ground):
    label = column(np.arange(24)) // 2
    division = divide(ground, label, grids=[Grid(dedicated=True), Grid(), Grid()])
    assert apply(division, abolish(division, 1)).numbers == [0, 2]
    division = apply(division, lock(division, [2]))
    with pytest.raises(RedrawError, match="8 blocks of grid 1 border no grid"):
        abolish(division, 1)


# boundaries


def test_move_boundary_takes_what_lies_between(thirds):
    # Of the inner points at x = 25, those of rows 1 and 2 (y = 15 and 25) lie between.
    edit = move_boundary(thirds, 0, 1, line((20, 8), (28, 11), (28, 29), (20, 32)))
    assert edit.blocks.tolist() == [8, 14]
    assert apply(thirds, edit).counts[0].households == 10


def test_move_boundary_works_both_ways_in_one_line(thirds):
    edit = move_boundary(thirds, 1, 0, line((20, 1), (28, 1), (28, 20), (12, 20), (12, 39), (20, 39)))
    assert edit.blocks.tolist() == [2, 8, 13, 19]
    assert edit.new.tolist() == [0, 0, 1, 1]


def test_move_boundary_leaves_third_grids_alone(thirds):
    edit = move_boundary(thirds, 0, 1, line((20, 1), (48, 1), (48, 19), (20, 19)))
    assert edit.blocks.tolist() == [2, 3, 8, 9]


def test_move_boundary_of_a_closed_border_goes_the_short_way(ground):
    label = np.zeros(24, int)
    label[[8, 9, 14, 15]] = 1  # the square from (20, 10) to (40, 30)
    division = divide(ground, label)
    for points in ([(21, 30), (21, 39), (39, 39), (39, 30)], [(39, 10), (39, 1), (21, 1), (21, 10)]):
        edit = move_boundary(division, 0, 1, line(*points))
        assert edit.blocks.tolist() == ([20, 21] if points[0][1] == 30 else [2, 3])
        back = move_boundary(division, 1, 0, line(*points[::-1]))
        assert back.blocks.tolist() == edit.blocks.tolist()


def test_move_boundary_says_why_not(thirds):
    with pytest.raises(DrawnLineError, match="share no border"):
        move_boundary(thirds, 0, 2, line((20, 0), (20, 40)))
    with pytest.raises(DrawnLineError, match="No block"):
        move_boundary(thirds, 0, 1, line((20, 1), (22, 20), (20, 39)))
    with pytest.raises(DrawnLineError, match="every block"):
        move_boundary(thirds, 0, 1, line((20, 0), (45, -5), (45, 45), (20, 40)))
    with pytest.raises(RedrawError, match="two sides"):
        move_boundary(thirds, 0, 0, line((20, 0), (20, 40)))


def test_move_boundary_wants_one_stretch(ground):
    # Grid 2 parts the common border of 0 and 1 in two.
    label = (column(np.arange(24)) > 2).astype(int)
    label[[8, 9]] = 2
    division = divide(ground, label)
    with pytest.raises(DrawnLineError, match="another"):
        move_boundary(division, 0, 1, line((30, 5), (45, 15), (30, 35)))


# locks, names, villages


def test_locked_grids_refuse_everything(thirds):
    locked = apply(thirds, lock(thirds, [1]))
    cut = line((20, -5), (40, 45))
    for work in (
        lambda: split(locked, 1, line((30, -5), (30, 45))),
        lambda: merge(locked, [0, 1]),
        lambda: give(locked, [2], 0),
        lambda: give(locked, [0], 1),
        lambda: carve_out(locked, [2]),
        lambda: abolish(locked, 1),
        lambda: move_boundary(locked, 0, 1, cut),
        lambda: rename(locked, 1, "第二网格"),
    ):
        with pytest.raises(GridLockedError) as refused:
            work()
        assert refused.value.grids == (1,)
    assert apply(locked, unlock(locked)).grids == thirds.grids
    with pytest.raises(RedrawError, match="already"):
        lock(locked, [1])


def test_rename(thirds):
    edit = rename(thirds, 2, " 第三网格 ")
    assert apply(thirds, edit).grids[2] == Grid("第三网格")
    assert apply(apply(thirds, edit), edit.inverse()).grids == thirds.grids
    with pytest.raises(RedrawError):
        rename(thirds, 2, " ")
    with pytest.raises(RedrawError, match="no grid 7"):
        rename(thirds, 7, "第七网格")


def test_convert_of_two_villages_to_one_community(thirds):
    edit = convert(thirds, {"a": "c", "b": "c"})
    after = apply(thirds, edit)
    assert after.villages == ("c", "c")
    assert [count.villages for count in after.counts] == [1, 1, 1]
    back = apply(after, edit.inverse())
    assert back.villages == ("a", "b")
    assert back.counts == thirds.counts
    for codes in ({"x": "y"}, {"a": " "}, {"a": "a"}, {}):
        with pytest.raises(RedrawError):
            convert(thirds, codes)


# history


def test_an_edit_fits_only_the_state_it_was_made_on(thirds):
    first, second = give(thirds, [2], 0), give(thirds, [21], 0)
    after = apply(thirds, first)
    with pytest.raises(StaleEditError):
        apply(after, second)
    with pytest.raises(StaleEditError) as stale:
        apply(after, first)
    assert stale.value.blocks == (2,)


def test_records_survive_as_text(thirds):
    edits, states = [], [thirds]
    for work in (
        lambda d: split(d, 0, line((-5, 20), (25, 20))),
        lambda d: lock(d, [2]),
        lambda d: merge(d, [1, 3]),
        lambda d: convert(d, {"b": "c"}),
        lambda d: carve_out(d, [1], name="医院"),
    ):
        edits.append(work(states[-1]))
        states.append(apply(states[-1], edits[-1]))
    records = [json.loads(json.dumps(edit.record())) for edit in edits]
    present = states[-1]
    for record, before in zip(records[::-1], states[-2::-1], strict=True):
        present = apply(present, undo(present, record))
        assert_same(present, before)
    for record, edit, after in zip(records, edits, states[1:], strict=True):
        again = redo(present, record)
        assert (again.before, again.after, again.moved_households) == (edit.before, edit.after, edit.moved_households)
        present = apply(present, again)
        assert_same(present, after)
    with pytest.raises(StaleEditError):
        redo(present, records[0])
    with pytest.raises(RedrawError, match="damaged"):
        redo(present, {"op": "split"})


def assert_same(one, other):
    assert one.label.tolist() == other.label.tolist()
    assert one.piece.tolist() == other.piece.tolist()
    assert (one.grids, one.counts, one.villages) == (other.grids, other.counts, other.villages)
    assert fingerprint(one) == fingerprint(other)


# comparison and shapes


def test_compare_does_not_mind_other_numbers(thirds):
    other = divide(thirds.ground, np.array([7, 0, 3])[thirds.label])
    found = compare(thirds, other)
    assert found.moved_households == 0
    assert found.changed.size == 0
    assert found.match.values.tolist() == [[0, 7], [1, 0], [2, 3]]


def test_compare_counts_what_moves(thirds):
    after = apply(thirds, split(thirds, 0, line((-5, 15.5), (25, 15.5))))
    after = apply(after, give(after, [2], 0))
    found = compare(thirds, after)
    # 0 splits in 4 and 4 (the half with block 0 keeps its number), and block 2 goes from 1 to 0.
    assert found.changed.tolist() == [2, 12, 13, 18, 19]
    assert found.moved_households == 5
    assert found.match["old"].tolist() == [0, 1, 2, pd.NA]
    pair = found.pairs.set_index(["old", "new"])
    assert pair.loc[(0, 3), ["blocks", "households", "area_m2", "share_households"]].tolist() == [4, 4, 400, 0.5]
    assert pair["matched"].to_dict() == {(0, 0): True, (0, 3): False, (1, 0): False, (1, 1): True, (2, 2): True}


def test_compare_refuses_other_blocks(thirds):
    with pytest.raises(RedrawError):
        compare(thirds, divide(prepare(squares(1, 2)), [0, 1]))


def test_outline_is_a_coverage_of_the_asked_grids(thirds):
    shapes = outline(thirds, [2, 0])
    assert shapes.index.tolist() == [2, 0]
    assert shapes.crs == thirds.ground.crs
    assert shapes.area.tolist() == [800, 800]
    assert shapes.geom_type.tolist() == ["Polygon", "Polygon"]
    assert shapely.coverage_is_valid(outline(thirds).to_numpy())
    with pytest.raises(RedrawError):
        outline(thirds, [3])


# ground


def test_a_void_is_no_hole_but_does_not_let_out(ground):
    # 5 x 5 squares without the middle one (12): a pond. Grid 1 is block 11 beside it, grid 0 all others.
    blocks = squares(5, 5).drop(index=112)
    division = divide(prepare(blocks), np.where(blocks.index == 111, 1, 0))
    assert division.counts[0].holes == 1
    assert division.counts[0].enclosed == ((11,),)
    assert divide(division.ground, np.zeros(24, int)).counts[0].holes == 0
    assert divide(division.ground, np.zeros(24, int)).counts[0].perimeter_m == pytest.approx(240)


def test_an_island_in_a_pond_is_enclosed():
    # 5 x 5 squares without the ring around the middle one.
    ids = [100 + 5 * r + c for r in range(5) for c in range(5) if max(abs(r - 2), abs(c - 2)) != 1]
    blocks = squares(5, 5).loc[ids]
    division = divide(prepare(blocks), np.where(blocks.index == 112, 1, 0))
    assert division.counts[0].enclosed == ((8,),)
    assert division.counts[1].holes == 0


def test_prepare_refuses_what_is_no_ground():
    blocks = squares(1, 2)
    with pytest.raises(DegreesError):
        prepare(blocks.to_crs(4326))
    with pytest.raises(InvalidCoverageError):
        prepare(blocks.set_geometry([box(0, 0, 10, 10), box(9, 0, 20, 10)], crs=4549))
    for faulty in (
        blocks.iloc[:0],
        blocks.drop(columns="households"),
        blocks.assign(households=[1, np.nan]),
        blocks.assign(households=[1, -1]),
        blocks.set_index([[1, 1]]),
        blocks.set_geometry([None, box(0, 0, 1, 1)], crs=4549),
        blocks.set_geometry([Point(0, 0), box(0, 0, 1, 1)], crs=4549),
    ):
        with pytest.raises(GeoError):
            prepare(faulty)
    for wrong in ({"parent": ["a"]}, {"parent": ["a", None]}, {"target": 0}, {"target": np.nan}):
        with pytest.raises(GeoError):
            prepare(blocks, **wrong)


@pytest.mark.parametrize("labels", [[0], [0, np.nan], [0, -1], [0, 0.5], [0, 330681109201001], ["x", "y"]])
def test_divide_refuses_what_are_no_labels(labels):
    with pytest.raises(GeoError):
        divide(prepare(squares(1, 2)), labels)


def test_divide_aligns_a_series_and_checks_names():
    ground = prepare(squares(1, 2))
    assert divide(ground, pd.Series([1, 0], index=[101, 100])).label.tolist() == [0, 1]
    assert divide(ground, [2, 2], grids=[None, None, Grid("x"), None]).numbers == [2]
    with pytest.raises(GeoError):
        divide(ground, [0, 1], grids=[Grid()])


def test_one_block_is_a_plan():
    division = divide(prepare(squares(1, 1)), [0])
    assert division.counts[0].polsby_popper == pytest.approx(np.pi / 4)
    with pytest.raises(DrawnLineError):
        split(division, 0, line((5, -5), (5, 15)))
    with pytest.raises(RedrawError):
        abolish(division, 0)
