"""A state of a plan: which grid each block is in, and what each grid counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.errors import GeoError, RedrawError
from geo.redraw import tally
from geo.redraw.ground import Ground, IntArray

MOST_GRIDS = 1_000_000


@dataclass(frozen=True)
class Grid:
    """What a planner says about a grid; a dedicated one (专属网格) is one large site, a locked one does not change."""

    name: str = ""
    dedicated: bool = False
    locked: bool = False


@dataclass(frozen=True)
class Counts:
    """What a grid measures.

    deviation : households over the target, less 1
    polsby_popper : 4 pi A / P²; NaN without perimeter
    villages : number of villages its blocks lie in; 0 where the ground knows none
    pieces : parts that hang together by shared edges; blocks that only touch at a corner do not
    detached : positions of the blocks of each piece but the main one (most households, then area, then smallest block)
    holes : areas of other grids that reach the outside only through this one; enclosed ground without a block is none
    enclosed : positions of the blocks of each of these areas
    """

    grid: int
    blocks: int
    households: float
    deviation: float
    area_m2: float
    perimeter_m: float
    polsby_popper: float
    villages: int
    pieces: int
    detached: tuple[tuple[int, ...], ...]
    holes: int
    enclosed: tuple[tuple[int, ...], ...]

    @property
    def contiguous(self) -> bool:
        """Whether the grid is in one piece."""
        return self.pieces == 1


@dataclass(frozen=True, eq=False)
class Division:
    """One state of a plan. Edits do not change it; `apply` makes the next one.

    label : (n,) number of the grid of each block
    piece : (n,) smallest block of the piece of its grid that each block is in
    grids : by number; None where a number is free or its grid abolished, so that no number is used twice
    counts : by number, None like `grids`
    villages : the code of each village position of the ground, as converted so far
    village : (n,) the position that stands for each block's code, -1 without villages
    mark : sum of `marks` of all blocks, a fingerprint of the labels
    """

    ground: Ground
    label: IntArray
    piece: IntArray
    grids: tuple[Grid | None, ...]
    counts: tuple[Counts | None, ...]
    villages: tuple[str, ...]
    village: IntArray
    mark: int

    @property
    def numbers(self) -> list[int]:
        """Rising numbers of the grids there are."""
        return [number for number, grid in enumerate(self.grids) if grid is not None]

    def members(self, grid: int) -> IntArray:
        """Rising positions of the blocks of a grid.

        Raises
        ------
        RedrawError : there is no such grid
        """
        self.grid(grid)
        return _members(self.label, [grid])[0]

    def grid(self, number: int) -> Grid:
        """The grid with this number.

        Raises
        ------
        RedrawError : there is none
        """
        found = self.grids[number] if 0 <= number < len(self.grids) else None
        if found is None:
            raise RedrawError(f"There is no grid {number} in this plan; load the plan again.")
        return found

    def aimed_at(self, target: float) -> Division:
        """The same state held against another target.

        Raises
        ------
        RedrawError : the target is not a positive number of households
        """
        if not (np.isfinite(target) and target > 0):
            raise RedrawError(f"The target is {target}, but a grid needs a positive number of households.")
        counts = [c and replace(c, deviation=c.households / target - 1) for c in self.counts]
        return replace(self, ground=replace(self.ground, target=float(target)), counts=tuple(counts))


class Survey(NamedTuple):
    """New counts of some grids, None for those without a block, and (n,) the pieces of all."""

    counts: tuple[Counts | None, ...]
    piece: IntArray


def divide(ground: Ground, labels: Any, *, grids: Sequence[Grid | None] | None = None) -> Division:
    """The state in which each block has the grid of its label.

    Parameters
    ----------
    ground : from `prepare`
    labels : (n,) whole numbers from 0, in row order, or a Series that is aligned by index; `draw_grids` returns such
    grids : by number; None makes grids without a name. May be longer than the labels need: numbers of abolished grids
        stay taken that way

    Returns
    -------
    Division

    Raises
    ------
    GeoError : labels are missing, no whole numbers, negative or over a million (give numbers, not codes), or `grids`
        does not name exactly the grids that have blocks

    Examples
    --------
    >>> from shapely import box
    >>> blocks = gpd.GeoDataFrame({"households": [5, 7]}, geometry=[box(0, 0, 9, 9), box(9, 0, 18, 9)], crs=4549)
    >>> from geo.redraw import prepare
    >>> divide(prepare(blocks, target=10), [0, 0]).counts[0].deviation.__round__(3)
    0.2
    """
    label = _labels(ground, labels)
    label.setflags(write=False)
    used = np.unique(label)
    named = _grids(used, grids)
    empty = Division(ground, label, np.full(len(label), -1, np.int32), named, (), ground.villages, ground.village, 0)
    found = survey(empty, label, [int(number) for number in used], ground.village)
    counts: list[Counts | None] = [None] * len(named)
    for one in found.counts:
        assert one is not None
        counts[one.grid] = one
    found.piece.setflags(write=False)
    mark = marks(np.arange(len(label)), label)
    return Division(ground, label, found.piece, named, tuple(counts), ground.villages, ground.village, mark)


def survey(division: Division, label: IntArray, grids: Sequence[int], village: IntArray) -> Survey:
    """Count `grids` anew, blocks labelled by `label` and in `village` instead of the division's own.

    The grids must be all those that gain or lose a block between the two. O(n + e) for n blocks and e edges, at a few
    nanoseconds each.
    """
    ground = division.ground
    found = _pieces(division, label, grids)
    sums, spread = tally.sum_members(
        label, found.start, found.member, ground.first, ground.neighbour, ground.shared_m, ground.households,
        ground.area_m2, village, len(ground.villages),
    )  # fmt: skip
    mark = np.zeros(ground.nodes, np.int32)
    around = None
    counts: list[Counts | None] = []
    for s, number in enumerate(grids):
        member = found.member[found.start[s] : found.start[s + 1]]
        if not member.size:
            counts.append(None)
            continue
        households, area, perimeter = sums[s].tolist()
        enclosed: tuple[tuple[int, ...], ...] = ()
        if not tally.is_open(label, number, member, ground.first, ground.neighbour, mark, 2 * s + 1):
            node, of = around = around or tally.borders(label, found.piece, ground.edges[:, 0], ground.edges[:, 1])
            sealed, place = tally.enclosed_pieces(node, of, number, np.empty(ground.nodes, np.int32))
            enclosed = _blocks_of(found.piece, np.array(sealed), np.array(place)) if sealed else ()
        counts.append(
            Counts(
                grid=number,
                blocks=member.size,
                households=households,
                deviation=households / ground.target - 1,
                area_m2=area,
                perimeter_m=perimeter,
                polsby_popper=4 * np.pi * area / perimeter**2 if perimeter > 0 else np.nan,
                villages=int(spread[s]),
                pieces=int(found.parts[s]),
                detached=_detached(ground, found.piece, member) if found.parts[s] > 1 else (),
                holes=len(enclosed),
                enclosed=enclosed,
            )
        )
    return Survey(tuple(counts), found.piece)


def marks(blocks: NDArray[np.integer], label: NDArray[np.integer]) -> int:
    """Sum modulo 2**64 of a random-looking number for each block and its label, so that a change costs what it changes.

    Source: Zobrist, "A New Hashing Method with Application for Game Playing", Univ. of Wisconsin TR 88 (1970), with
    sums for exclusive or; the numbers are those of SplitMix64 (Steele, Lea and Flood 2014).
    """
    key = (blocks.astype(np.uint64) << np.uint64(32)) + label.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return int((key ^ (key >> np.uint64(31))).sum(dtype=np.uint64))


def retrace(division: Division, label: IntArray, grids: Sequence[int]) -> IntArray:
    """(n,) pieces under `label`; grids as for `survey`."""
    return _pieces(division, label, grids).piece


def measures(division: Division) -> pd.DataFrame:
    """What each grid measures, on the rising grid numbers.

    Columns: name, dedicated, locked, then the fields of `Counts` but the lists of blocks, and contiguous.
    """
    rows = []
    for number in division.numbers:
        grid, count = division.grids[number], division.counts[number]
        assert grid is not None
        assert count is not None
        rows.append(vars(grid) | vars(count) | {"contiguous": count.contiguous})
    return pd.DataFrame(rows).drop(columns=["detached", "enclosed"]).set_index("grid")


def outline(division: Division, grids: Iterable[int] | None = None) -> gpd.GeoSeries:
    """Dissolved shape of the given grids (None: of all), in the CRS of the ground, on their numbers in the given order.

    Every vertex along a border is kept, so that neighbours stay a coverage. About 0.3 ms a grid of 75 blocks.

    Raises
    ------
    RedrawError : there is no such grid
    """
    numbers = division.numbers if grids is None else [int(number) for number in grids]
    for number in numbers:
        division.grid(number)
    shapes = [shape_of(division.ground, member) for member in _members(division.label, numbers)]
    return gpd.GeoSeries(shapes, index=numbers, crs=division.ground.crs)


def shape_of(ground: Ground, member: IntArray) -> shapely.Polygon | shapely.MultiPolygon:
    """Dissolved shape of some blocks."""
    union = shapely.coverage_union_all(ground.geometries[member])
    return union if shapely.get_num_geometries(union) != 1 else shapely.get_geometry(union, 0)


def same_codes(villages: Sequence[str], village: IntArray) -> IntArray:
    """(n,) village positions, those of one code told by the first of them."""
    first: dict[str, int] = {}
    known = np.array([first.setdefault(code, position) for position, code in enumerate(villages)], np.int32)
    told = known[village]
    told.setflags(write=False)
    return told


def _members(label: IntArray, grids: Sequence[int]) -> list[IntArray]:
    wanted = sorted(set(grids))
    slot = np.full(int(label.max()) + 1, -1, np.int32)
    slot[wanted] = np.arange(len(wanted), dtype=np.int32)
    start, member = tally.gather(label, slot, len(wanted))
    of = dict(zip(wanted, np.split(member, start[1:-1]), strict=True))
    return [of[number] for number in grids]


class _Pieces(NamedTuple):
    start: NDArray[np.int64]
    member: IntArray
    piece: IntArray
    parts: NDArray[np.int64]


def _pieces(division: Division, label: IntArray, grids: Sequence[int]) -> _Pieces:
    slot = np.full(max(len(division.grids), max(grids, default=0) + 1), -1, np.int32)
    slot[list(grids)] = np.arange(len(grids), dtype=np.int32)
    start, member = tally.gather(label, slot, len(grids))
    piece = division.piece.copy()
    count = tally.trace_pieces(label, piece, start, member, division.ground.first, division.ground.neighbour)
    return _Pieces(start, member, piece, count)


def _detached(ground: Ground, piece: IntArray, member: IntArray) -> tuple[tuple[int, ...], ...]:
    roots, of = np.unique(piece[member], return_inverse=True)
    households = np.bincount(of, ground.households[member])
    area = np.bincount(of, ground.area_m2[member])
    main = np.lexsort((roots, -area, -households))[0]
    return tuple(tuple(member[of == p].tolist()) for p in range(len(roots)) if p != main)


def _blocks_of(piece: IntArray, sealed: IntArray, place: IntArray) -> tuple[tuple[int, ...], ...]:
    areas = [np.flatnonzero(np.isin(piece, sealed[place == root])) for root in np.unique(place)]
    return tuple(sorted(tuple(blocks.tolist()) for blocks in areas))


def _labels(ground: Ground, labels: Any) -> IntArray:
    if isinstance(labels, pd.Series) and not labels.index.equals(ground.ids):
        labels = labels.reindex(ground.ids)
    values = pd.to_numeric(pd.Series(np.asarray(labels)), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    if values.shape != (len(ground.ids),):
        raise GeoError(f"{len(values)} labels for {len(ground.ids)} blocks: give one for each")
    wrong = np.flatnonzero(~((values >= 0) & (values < MOST_GRIDS) & (values == np.floor(values))))
    if wrong.size:
        raise GeoError(
            f"block {ground.ids[wrong[0]]!r} has no grid number from 0 to {MOST_GRIDS - 1} ({wrong.size} such blocks); "
            "number the grids with pandas.factorize() first"
        )
    return values.astype(np.int32)


def _grids(used: NDArray[Any], grids: Sequence[Grid | None] | None) -> tuple[Grid | None, ...]:
    if grids is None:
        named: list[Grid | None] = [None] * (int(used[-1]) + 1)
        for number in used:
            named[number] = Grid()
        return tuple(named)
    present = [number for number, grid in enumerate(grids) if grid is not None]
    wrong = np.setxor1d(present, used)
    if wrong.size:
        raise GeoError(f"grid {int(wrong[0])} is named but has no block, or has blocks but no name")
    return tuple(grids)
