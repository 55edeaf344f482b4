"""The edits that move blocks between grids: split, merge, move a boundary, give, carve out, abolish.

None of them changes its input: each returns an `Edit` for `apply`. Each refuses locked grids, and with `strict` also
what would leave a grid in more pieces, or around more other ground, than before; without it `Edit.broken` tells.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.errors import DrawnLineError, RedrawError
from geo.redraw.division import Division, Grid, shape_of
from geo.redraw.edit import Edit, check_unlocked, relabel
from geo.redraw.ground import Ground, IntArray
from geo.redraw.lines import between, border, drawn, left_of
from geo.redraw.sharing import reach_of, share_out
from geo.redraw.tally import trace_pieces


def split(division: Division, grid: int, line: shapely.LineString, *, strict: bool = False) -> Edit:
    """Cut a grid in two along a drawn line.

    Each block goes to the side of the line that its inner point lies on. A line may be longer than the grid, leave it
    and enter again. Where that leaves one side in pieces, all but the main piece (most households, then area, then
    smallest block) join the other side, smallest first, so that a grid in one piece always becomes two in one piece
    each. The side with more households (then area, then the smallest block) keeps the number, name and kind; the
    other gets the next free number. Parts of the grid that the line does not cross stay with the old number.

    Parameters
    ----------
    division : state of the plan
    grid : number of the grid
    line : in the CRS of the ground. Its ends lie outside the grid; an end in a block at the rim is joined to the rim

    Returns
    -------
    Edit

    Raises
    ------
    RedrawError : there is no such grid
    DrawnLineError : the line does not cross the grid, ends deep inside it, or leaves no block on one side
    GridLockedError, BrokenGridError : see above

    Examples
    --------
    >>> import geopandas
    >>> from geo.redraw import apply, divide, prepare
    >>> squares = [shapely.box(x, 0, x + 10, 10) for x in (0, 10, 20)]
    >>> blocks = geopandas.GeoDataFrame({"households": [5, 7, 9]}, geometry=squares, crs=4549)
    >>> division = divide(prepare(blocks), [0, 0, 0])
    >>> edit = split(division, 0, shapely.LineString([(12, -5), (12, 15)]))
    >>> apply(division, edit).label.tolist(), edit.created, edit.moved_households
    ([1, 0, 0], (1,), 5.0)
    """
    line = drawn(line)
    member = division.members(grid)
    check_unlocked(division, [grid])
    _check_ends(division, grid, line, member)
    ground = division.ground
    left, crossed = np.zeros(member.size, np.bool_), np.zeros(member.size, np.bool_)
    parts = shapely.get_parts(shape_of(ground, member))
    for part in parts:
        inside = slice(None) if len(parts) == 1 else shapely.contains_xy(part, ground.x[member], ground.y[member])
        side = left_of(part, line, ground.x[member[inside]], ground.y[member[inside]])
        if side is not None:
            left[inside], crossed[inside] = side, True
    if not crossed.any():
        raise DrawnLineError(f"The line does not cross grid {grid}; draw it from one side of the grid to the other.")
    chosen = member[crossed]
    left = _whole_sides(division, chosen, left[crossed])
    if left.all() or not left.any():
        raise DrawnLineError(f"All blocks of grid {grid} lie on one side of the line; draw it further inside.")
    new = _lesser(division, chosen[left], chosen[~left])
    info = division.grid(grid)
    return relabel("split", division, new, len(division.grids), created=[Grid("", info.dedicated)], strict=strict)


def merge(division: Division, grids: Iterable[int], *, into: int | None = None, strict: bool = False) -> Edit:
    """Make one grid of several; the others are abolished.

    Parameters
    ----------
    grids : two or more numbers
    into : the one that keeps its number, name and kind; None takes the one with most households

    Raises
    ------
    RedrawError : there are fewer than two, one does not exist, or `into` is not among them
    GridLockedError, BrokenGridError : see above; grids that share no edge make a grid in pieces
    """
    numbers = sorted({int(grid) for grid in grids})
    for number in numbers:
        division.grid(number)
    if len(numbers) < 2:
        raise RedrawError("A merger needs at least two grids; choose another one besides.")
    if into is None:
        into = max(numbers, key=lambda number: (_households(division, number), -number))
    if into not in numbers:
        raise RedrawError(f"Grid {into} is not one of those to be merged; choose one of them to stay.")
    return relabel("merge", division, np.flatnonzero(np.isin(division.label, numbers)), into, strict=strict)


def move_boundary(division: Division, one: int, other: int, line: shapely.LineString, *, strict: bool = False) -> Edit:
    """Let a drawn line replace a stretch of the border between two grids.

    The ends of the line are joined to the nearest places of the common border. Blocks whose inner point lies between
    the line and the border from the one place to the other change hands, on both sides of the old border; of a closed
    border (one grid around the other) the shorter way round is replaced. Blocks of third grids stay as they are.

    Parameters
    ----------
    one, other : numbers of two neighbours, in any order
    line : in the CRS of the ground

    Raises
    ------
    RedrawError : there is no such grid, or both are the same
    DrawnLineError : the grids share no border, the line's ends lie at two separate stretches of it, no block lies
        between line and border, or all blocks of one grid do (then merge them)
    GridLockedError, BrokenGridError : see above
    """
    line = drawn(line)
    if one == other:
        raise RedrawError("A border has two sides; choose two grids.")
    members = [division.members(one), division.members(other)]
    check_unlocked(division, [one, other])
    ground = division.ground
    strings = border(*(ground.geometries[_facing(division, *pair)] for pair in zip(members, (other, one), strict=True)))
    both = np.concatenate(members)
    moves = between(strings, line, ground.x[both], ground.y[both])
    if not moves.any():
        raise DrawnLineError("No block lies between the line and the border; draw it further away from the border.")
    blocks = both[moves]
    new = np.where(division.label[blocks] == one, other, one)
    for grid, member in zip((one, other), members, strict=True):
        if not (new == grid).any() and (new != grid).sum() == member.size:
            raise DrawnLineError(f"The line would take every block of grid {grid}; merge the two instead.")
    return relabel("move_boundary", division, blocks, new, strict=strict)


def give(division: Division, blocks: ArrayLike, to: int, *, strict: bool = False) -> Edit:
    """Give blocks to a grid, as with a brush; blocks that are there already stay.

    A grid that loses its last block is abolished.

    Parameters
    ----------
    blocks : (m,) positions, of any grids

    Raises
    ------
    RedrawError : there is no such grid or block, or all blocks are in the grid already
    GridLockedError, BrokenGridError : see above
    """
    division.grid(to)
    return relabel("give", division, _positions(division, blocks), to, strict=strict)


def carve_out(
    division: Division,
    site: ArrayLike | shapely.Polygon | shapely.MultiPolygon,
    *,
    name: str = "",
    strict: bool = False,
) -> Edit:
    """Make a dedicated grid (专属网格) of a campus, hospital or works.

    A grid that loses its last block is abolished. With `strict`, the site may not leave a hole in a grid around it.

    Parameters
    ----------
    site : (m,) positions of blocks, or a polygon in the CRS of the ground, which takes the blocks with their inner
        point in or on it
    name : of the new grid

    Raises
    ------
    RedrawError : there is no block there
    GridLockedError, BrokenGridError : see above
    """
    blocks = division.ground.blocks_in(site) if isinstance(site, shapely.Geometry) else _positions(division, site)
    if not blocks.size:
        raise RedrawError("No block has its inner point on the site; draw it larger.")
    created = [Grid(name.strip(), dedicated=True)]
    return relabel("carve_out", division, blocks, len(division.grids), created=created, strict=strict)


def abolish(division: Division, grid: int, *, strict: bool = False) -> Edit:
    """Share a grid out among its neighbours.

    One block after another goes to a grid that it borders then, so that no gainer falls apart. The next is always the
    pair of block and gainer with the largest share of the block's border less the gainer's households over the target:
    round shapes and small grids first. Pairs whose grid has the block's village already go before all others. Ties
    go to the smaller block, then to the smaller grid. Locked and dedicated grids gain nothing.

    Raises
    ------
    RedrawError : there is no such grid, or some of its blocks reach no grid that may gain
    GridLockedError, BrokenGridError : see above

    Notes
    -----
    O(m² t) for m blocks and t neighbours.
    """
    ground, member = division.ground, division.members(grid)
    check_unlocked(division, [grid])
    near = np.unique(_behind(division, member)[1]).tolist()
    open_ = [g for g in near if g not in (grid, -1) and not _takes_no_part(division.grid(g))]
    slot = np.full(len(division.grids), -1, np.int32)
    slot[open_] = np.arange(len(open_), dtype=np.int32)
    load = np.array([_households(division, g) / ground.target for g in open_])
    index = np.full(ground.nodes, -1, np.int32)
    index[member] = np.arange(member.size, dtype=np.int32)
    around = ground.first, ground.neighbour, ground.shared_m
    gainer = share_out(
        member,
        index,
        *around,
        reach_of(member, slot, division.label, *around, len(open_)),
        ground.perimeter_m[member],
        ground.households[member] / ground.target,
        load,
        _home(division, member, slot, len(open_)),
    )
    stuck = member[gainer < 0]
    if stuck.size:
        raise RedrawError(
            f"{stuck.size} blocks of grid {grid} border no grid that may gain them, the first is block {stuck[0]}; "
            "unlock a neighbour or merge it with another grid."
        )
    return relabel("abolish", division, member, np.asarray(open_)[gainer], strict=strict)


def _facing(division: Division, member: IntArray, grid: int) -> IntArray:
    """Those of some blocks that border a grid."""
    owner, behind = _behind(division, member)
    return member[np.unique(owner[behind == grid])]


def _takes_no_part(grid: Grid) -> bool:
    return grid.locked or grid.dedicated


def _check_ends(division: Division, grid: int, line: shapely.LineString, member: IntArray) -> None:
    for end in shapely.get_coordinates(line)[[0, -1]]:
        here = member[shapely.intersects_xy(division.ground.geometries[member], *end)]
        if here.size and (_behind(division, here)[1] == grid).all():
            raise DrawnLineError(f"The line ends inside grid {grid}; draw it on until it leaves the grid.")


def _around(ground: Ground, member: IntArray) -> tuple[IntArray, IntArray]:
    """For each edge of some blocks: (e,) which of them it belongs to, and the node behind it."""
    count = ground.first[member + 1] - ground.first[member]
    owner = np.repeat(np.arange(member.size, dtype=np.int32), count)
    entry = np.arange(count.sum()) + np.repeat(ground.first[member] - np.cumsum(count) + count, count)
    return owner, ground.neighbour[entry]


def _behind(division: Division, member: IntArray) -> tuple[IntArray, IntArray]:
    """For each edge of some blocks: (e,) which of them it belongs to, and the grid behind it, -1 for none."""
    owner, node = _around(division.ground, member)
    size = len(division.label)
    return owner, np.where(node < size, division.label[np.minimum(node, size - 1)], np.int32(-1))


def _whole_sides(division: Division, chosen: IntArray, left: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The sides after the loose pieces of each have joined the other one, smallest first."""
    ground, left = division.ground, left.copy()
    owner, node = _around(ground, chosen)
    while True:
        side = np.full(ground.nodes, -1, np.int32)
        side[chosen] = left
        side.setflags(write=False)
        member = np.concatenate([chosen[~left], chosen[left]])
        start = np.array([0, chosen.size - left.sum(), chosen.size])
        piece = np.full(len(division.label), -1, np.int32)
        trace_pieces(side[: piece.size], piece, start, member, ground.first, ground.neighbour)
        roots, first, of = np.unique(piece[chosen], return_index=True, return_inverse=True)
        households, area = np.bincount(of, ground.households[chosen]), np.bincount(of, ground.area_m2[chosen])
        lightest = np.lexsort((-roots, area, households))
        main = [pieces[-1] for value in (False, True) if (pieces := lightest[left[first][lightest] == value]).size]
        facing = of[owner[side[node] == 1 - side[chosen][owner]]]
        loose = [p for p in lightest if p not in main and p in facing]
        if not loose:
            return left
        left[of == loose[0]] ^= True


def _lesser(division: Division, one: IntArray, other: IntArray) -> IntArray:
    """The side that gets a new number."""
    ground = division.ground

    def rank(side: IntArray) -> tuple[float, float, int]:
        return float(ground.households[side].sum()), float(ground.area_m2[side].sum()), -int(side.min())

    return min(one, other, key=rank)


def _households(division: Division, grid: int) -> float:
    count = division.counts[grid]
    assert count is not None
    return count.households


def _positions(division: Division, blocks: Any) -> IntArray:
    found = np.atleast_1d(np.asarray(blocks))
    if not found.size:
        raise RedrawError("No block was chosen; choose at least one.")
    if found.dtype.kind not in "iu" or found.ndim != 1:
        raise RedrawError("Blocks are told by their positions, whole numbers; ground.positions() gives them for ids.")
    if found.min() < 0 or found.max() >= len(division.label):
        raise RedrawError(f"There is no block {found.min() if found.min() < 0 else found.max()} in this plan.")
    return found.astype(np.int32)


def _home(division: Division, member: IntArray, slot: IntArray, size: int) -> NDArray[np.bool_]:
    """(m, t) whether each gainer has a block in the village of each of the blocks."""
    village = division.village
    if not len(division.villages):
        return np.zeros((member.size, size), np.bool_)
    has = np.zeros((size, len(division.villages)), np.bool_)
    gains = slot[division.label] >= 0
    has[slot[division.label[gains]], village[gains]] = True
    return np.ascontiguousarray(has[:, village[member]].T)
