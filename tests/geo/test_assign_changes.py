"""Redrawn grids, files, levels and drafts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import shapely
from shapely import box

from geo.assign import GridIndex, NestedIndex, replay
from geo.errors import GeoError, IndexFileError


@pytest.fixture
def squares():
    """100 unit squares, ids 0..99 row after row from the south-west."""
    return [box(c, r, c + 1, r + 1) for r in range(10) for c in range(10)]


@pytest.fixture
def points():
    rng = np.random.default_rng(5)
    return rng.uniform(-1, 11, 5000).round(1), rng.uniform(-1, 11, 5000)


def test_a_redrawn_border_moves_points_and_the_old_index_stays(squares, points):
    index = GridIndex(squares, range(100))
    before = index.locate(*points)
    later = index.replace([box(3, 4, 4.5, 5), box(4.5, 4, 5, 5)], [43, 44])
    assert later.locate([4.2, 4.5, 4.7, 5.2], [4.5] * 4).tolist() == [43, 43, 44, 45]
    assert index.locate(*points).tolist() == before.tolist()
    redrawn = [*squares]
    redrawn[43], redrawn[44] = box(3, 4, 4.5, 5), box(4.5, 4, 5, 5)
    assert later.locate(*points).tolist() == GridIndex(redrawn, range(100)).locate(*points).tolist()


def test_grids_come_and_go(squares):
    index = GridIndex(squares, range(100)).replace([None, box(4, 4, 5, 6)], [54, 1000])
    assert index.ids[index.locate([4.5, 4.5], [5.5, 4.5])].tolist() == [1000, 44]
    assert index.polygons[54] is None
    back = index.replace([squares[54], shapely.Polygon()], [54, 1000])
    assert back.locate([4.5], [5.5]).tolist() == [54]


def test_a_grid_outside_the_frame_makes_a_new_frame(squares, points):
    index = GridIndex(squares, range(100)).replace([box(50, 50, 51, 51)], [7])
    assert index.locate([50.5, 7.5, 3.5], [50.5, 0.5, 3.5]).tolist() == [7, -1, 33]


def test_many_replacements_equal_one_build(squares, points):
    index, rng = GridIndex(squares, range(100)), np.random.default_rng(0)
    shapes = [*squares]
    for grid in rng.integers(0, 100, 60):
        shapes[grid] = shapely.affinity.translate(squares[grid], *rng.uniform(-0.1, 0.1, 2))
        index = index.replace([shapes[grid]], [grid])
    assert index.locate(*points).tolist() == GridIndex(shapes, range(100)).locate(*points).tolist()


def test_versions_from_one_parent_do_not_meet(squares, points):
    parent = GridIndex(squares, range(100))
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda grid: parent.replace([None], [grid]), range(40)))
    for grid, index in enumerate(made):
        assert index.locate([grid % 10 + 0.5, 9.5], [grid // 10 + 0.5, 9.5]).tolist() == [-1, 99]


def test_a_repeated_id_is_refused(squares):
    with pytest.raises(GeoError, match="repeat"):
        GridIndex(squares, range(100)).replace([None, None], [5, 5])


@pytest.mark.parametrize("ids", [np.arange(100), np.array([f"村{i:03d}" for i in range(100)], dtype=object)])
def test_a_saved_index_answers_and_changes_as_before(squares, points, tmp_path, ids):
    index = GridIndex(squares, ids, priority=np.arange(100)[::-1], compact=True)
    index.save(tmp_path / "grids", edition="plan 7")
    loaded = GridIndex.load(tmp_path / "grids", edition="plan 7")
    assert loaded.ids.tolist() == ids.tolist()
    assert loaded.locate(*points).tolist() == index.locate(*points).tolist()
    assert loaded.nearest(*points, 0.5)[0].tolist() == index.nearest(*points, 0.5)[0].tolist()
    changed = loaded.replace([None], ids[:1])
    assert changed.locate([0.5], [0.5]).tolist() == [-1]
    assert GridIndex.load(tmp_path / "grids").locate([0.5], [0.5]).tolist() == [0]


def test_an_empty_index_can_be_saved(tmp_path):
    GridIndex([], []).save(tmp_path / "none")
    assert GridIndex.load(tmp_path / "none").locate([0.0], [0.0]).tolist() == [-1]


def damaged(content, place):
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda c: b"", "is not a grid index"),
        (lambda c: b"GIF89a" + c, "is not a grid index"),
        (lambda c: damaged(c, 40), "damaged header"),
        (lambda c: damaged(c, 4096 + 40), "is damaged in"),
        (lambda c: c[:-1], "bytes instead of"),
    ],
)
def test_a_spoilt_file_says_so(squares, tmp_path, spoil, problem):
    GridIndex(squares, range(100)).save(tmp_path / "grids")
    (tmp_path / "grids").write_bytes(spoil((tmp_path / "grids").read_bytes()))
    with pytest.raises(IndexFileError, match=problem):
        GridIndex.load(tmp_path / "grids")


def test_another_edition_kind_or_version_is_refused(squares, tmp_path, monkeypatch):
    GridIndex(squares, range(100)).save(tmp_path / "grids", edition="plan 7")
    with pytest.raises(IndexFileError, match="'plan 7', not 'plan 8'"):
        GridIndex.load(tmp_path / "grids", edition="plan 8")
    with pytest.raises(IndexFileError, match="holds a GridIndex"):
        NestedIndex.load(tmp_path / "grids")
    monkeypatch.setattr("geo.assign.storage.VERSION", 2)
    with pytest.raises(IndexFileError, match="version 1 where 2"):
        GridIndex.load(tmp_path / "grids")


def test_only_text_and_numbers_can_be_saved(squares, tmp_path):
    with pytest.raises(GeoError, match="only these can be saved"):
        GridIndex(squares[:2], np.array([(1,), (2,), None], dtype=object)[:2]).save(tmp_path / "grids")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def levels(squares):
    towns = [box(0, 0, 10, 4), box(0, 4, 10, 10)]
    villages = [box(x, y, x + 5, y + 2) for y in range(0, 10, 2) for x in (0, 5)]
    micro = [box(0, 0, 0.5, 1), None, box(9.4, 9.4, 10.6, 10.6)]
    return {
        "town": (towns, ["T2", "T1"]),
        "village": (villages, np.arange(10)[::-1]),
        "grid": (squares, range(100)),
        "micro": (micro, [1, 2, 3]),
    }


def test_every_level_answers_as_it_would_alone(levels, points):
    found = NestedIndex(levels).locate(*points)
    for column, (polygons, ids) in enumerate(levels.values()):
        assert found[:, column].tolist() == GridIndex(polygons, ids).locate(*points).tolist()


def test_levels_are_saved_and_mended(levels, points, tmp_path):
    NestedIndex(levels).save(tmp_path / "levels")
    index = NestedIndex.load(tmp_path / "levels").replace("grid", [box(0, 0, 2, 1), None], [0, 1])
    assert index.locate([1.5, 10.5], [0.5, 10.5]).tolist() == [[0, 0, 0, -1], [-1, -1, -1, 2]]
    with pytest.raises(GeoError, match="unknown"):
        index.replace("grid", [None], [777])


def test_levels_need_one(levels):
    with pytest.raises(GeoError, match="at least one"):
        NestedIndex({})


def test_replay_lists_who_changes_hands(squares):
    old = GridIndex(squares, range(100))
    new = GridIndex([box(0, 0, 2, 1), *squares[2:], box(10, 0, 11, 1)], [0, *range(2, 101)])
    moves = replay(old, new, [0.5, 1.5, 2.5, 10.5, 20.0], [0.5] * 5)
    assert moves.point.tolist() == [1, 3]
    assert [old.ids[p] if p >= 0 else None for p in moves.old] == [1, None]
    assert new.ids[moves.new].tolist() == [0, 100]
