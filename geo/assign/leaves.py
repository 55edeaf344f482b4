"""One cell written down: a label, or sub-cells whose leaves hold the few edges that matter there.

Code of a cell: >= -1 is the position of the grid that holds the whole cell, -1 none. A lower code of a first-level cell
points to its k x k sub-cells, a lower code of a sub-cell to its leaf.

Leaf: [n | k << 16, cover at the centre, n x (edge, polygons it bounds), k x polygon], covers being bit sets of the k
polygons in order of rank, so that the lowest bit wins. Where GEOS must be asked the leaf is [ASK, k, k x polygon].
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from geo.assign.cells import (
    Flags,
    Frame,
    Ints,
    Point,
    Table,
    Vertices,
    bin_crossings,
    bin_edges,
    centre,
    ends,
    square,
    sub_frame,
)
from geo.assign.predicates import DOUBT, crosses, side

ASK = 0xFFFF
MOST_POLYGONS = 32
UNIT = 4


class Order(NamedTuple):
    """Who wins where polygons meet or overlap.

    rank : (m,) place of each polygon, unique, level after level
    level : (m,) level of each polygon, 0 the coarsest
    home : (m, levels) the polygons of every level around most of this one; what a bare label stands for
    """

    rank: Ints
    level: Ints
    home: Table


class Here(NamedTuple):
    """What matters in one cell.

    edges, owners : the edges that touch it, and for each of them which of `polygons` it bounds
    polygons : those that cover the centre or own an edge
    cover : (k,) whether each of `polygons` covers the centre
    """

    edges: Ints
    owners: Ints
    polygons: Ints
    cover: Flags


@njit(cache=True, nogil=True)
def block_code(place: int, log2k: int) -> int:
    """Code of a first-level cell whose sub-cells start at `place`, a multiple of UNIT."""
    return -2 - ((place // UNIT) << 4 | log2k)


@njit(cache=True, nogil=True)
def leaf_code(place: int) -> int:
    """Code of a sub-cell whose leaf starts at `place`; the inverse is the same function."""
    return -2 - place


@njit(cache=True, nogil=True)
def grown(array: Ints, need: int) -> Ints:
    """The array itself, or a longer copy with room for `need` items."""
    if need <= len(array):
        return array
    longer = np.empty(max(need, len(array) + len(array) // 2), np.int32)
    longer[: len(array)] = array
    return longer


@njit(cache=True, nogil=True)
def find_winners(polygons: Ints, cover: Flags, order: Order, best: Ints) -> None:
    """The polygon that wins each level among those that cover, -1 if none, into the (levels,) `best`."""
    rank, level, _ = order
    for i in range(len(best)):
        best[i] = -1
    for q in range(len(polygons)):
        if cover[q]:
            p = polygons[q]
            top = best[level[p]]
            if top < 0 or rank[p] < rank[top]:
                best[level[p]] = p


@njit(cache=True, nogil=True)
def label(best: Ints, order: Order) -> int:
    """The finest polygon of `best` if it stands for all of them, -1 if all are -1, else -2."""
    home = order.home
    finest = -1
    for p in best:
        if p >= 0:
            finest = p
    if finest >= 0 and len(best) > 1:
        for i in range(len(best)):
            if home[finest, i] != best[i]:
                return -2
    return finest


class Desk(NamedTuple):
    """Room to work in, taken once a cell: (k,) for its polygons, (levels,) for the winners."""

    whole: Flags
    kept: Ints
    bit: Ints
    best: Ints


@njit(cache=True, nogil=True)
def _rank_in_leaf(items: Ints, here: Here, order: Order, desk: Desk) -> int:
    """Number of polygons that can win in a leaf: `desk.kept` by rank, `desk.bit` their places there, -1 for others.

    Whoever comes after a polygon that covers the whole leaf cannot win.
    """
    whole, kept, bit, best = desk
    _, owners, polygons, cover = here
    rank, level, _ = order
    for q in range(len(polygons)):
        whole[q] = cover[q]
        bit[q] = -1
    for i in items:
        whole[owners[i]] = False
        bit[owners[i]] = 0
    find_winners(polygons, whole, order, best)
    n = 0
    for q in range(len(polygons)):
        p = polygons[q]
        top = best[level[p]]
        if p == top or (bit[q] == 0 and (top < 0 or rank[p] < rank[top])):
            i = n
            while i > 0 and rank[polygons[kept[i - 1]]] > rank[p]:
                kept[i] = kept[i - 1]
                i -= 1
            kept[i] = q
            n += 1
    for q in range(len(polygons)):
        bit[q] = -1
    for i in range(n):
        bit[kept[i]] = i
    return n


@njit(cache=True, nogil=True)
def _same_edge(coords: Vertices, e: int, f: int) -> bool:
    forth = coords[e, 0] == coords[f, 0] and coords[e, 1] == coords[f, 1]
    if forth and coords[e + 1, 0] == coords[f + 1, 0] and coords[e + 1, 1] == coords[f + 1, 1]:
        return True
    back = coords[e, 0] == coords[f + 1, 0] and coords[e, 1] == coords[f + 1, 1]
    return back and coords[e + 1, 0] == coords[f, 0] and coords[e + 1, 1] == coords[f, 1]


@njit(cache=True, nogil=True)
def _write_edges(blob: Ints, at: int, coords: Vertices, point: Point, items: Ints, here: Here, bit: Ints) -> int:
    """Number of distinct edges written from `at` on; DOUBT if the centre is too near one of them."""
    edges, owners, _, _ = here
    n = 0
    for i in items:
        if bit[owners[i]] < 0:
            continue
        e, flag = edges[i], np.int32(1) << bit[owners[i]]
        known = False
        for j in range(n):
            if _same_edge(coords, e, blob[at + 2 * j]):
                blob[at + 2 * j + 1] ^= flag
                known = True
                break
        if known:
            continue
        if n == ASK - 1 or side(*ends(coords, e), *point) == 0:
            return DOUBT
        blob[at + 2 * n], blob[at + 2 * n + 1] = e, flag
        n += 1
    return n


@njit(cache=True, nogil=True)
def write_leaf(
    blob: Ints, used: int, coords: Vertices, point: Point, items: Ints, here: Here, order: Order, desk: Desk
) -> tuple[int, int]:
    """Code of a sub-cell that the edges `items` touch, and the new end of the blob; end -1 if GEOS must be asked."""
    k = _rank_in_leaf(items, here, order, desk)
    if k > MOST_POLYGONS:
        return -1, -1
    n = _write_edges(blob, used + 2, coords, point, items, here, desk.bit)
    if n == DOUBT:
        return -1, -1
    if n == 0:
        code = label(desk.best, order)
        if code >= -1:
            return code, used
    polygons, cover, kept = here.polygons, here.cover, desk.kept
    bits = np.int32(0)
    for i in range(k):
        blob[used + 2 + 2 * n + i] = polygons[kept[i]]
        if cover[kept[i]]:
            bits |= np.int32(1) << i
    blob[used], blob[used + 1] = n | k << 16, bits
    return leaf_code(used), used + 2 + 2 * n + k


@njit(cache=True, nogil=True)
def write_ask(blob: Ints, used: int, polygons: Ints) -> tuple[int, int]:
    """Code and new end of a leaf whose points are asked of GEOS."""
    blob[used], blob[used + 1] = ASK, len(polygons)
    blob[used + 2 : used + 2 + len(polygons)] = polygons
    return leaf_code(used), used + 2 + len(polygons)


@njit(cache=True, nogil=True)
def _walk(coords: Vertices, start: Point, end: Point, here: Here) -> tuple[bool, Flags]:
    """Whether every sign is sure, and the cover at the end of the walk start -> end."""
    edges, owners, _, before = here
    cover = before.copy()
    for i in range(len(edges)):
        hit = crosses(*ends(coords, edges[i]), *start, *end)
        if hit == DOUBT:
            return False, cover
        if hit:
            cover[owners[i]] = not cover[owners[i]]
    return True, cover


@njit(cache=True, nogil=True)
def split_cell(
    sub: Ints, blob: Ints, used: int, coords: Vertices, frame: Frame, column: int, row: int, here: Here, order: Order
) -> tuple[Ints, int]:
    """Write the k x k sub-cells of one cell into `sub` and their leaves behind `used`; the blob and its new end."""
    edges, owners, polygons, _ = here
    k = int(np.sqrt(len(sub)) + 0.5)
    middle = centre(frame, column, row)
    inner = sub_frame(frame, column, row, k)
    start, items = bin_edges(inner, square(k), coords, edges)
    crossing, crossed, doubt = bin_crossings(inner, square(k), coords, edges)
    blob = grown(blob, used + 3 * len(items) + k * k * (2 + order.home.shape[1]) + 2 + len(polygons))
    desk = Desk(
        np.empty(len(polygons), np.bool_),
        np.empty(len(polygons), np.int32),
        np.empty(len(polygons), np.int32),
        np.empty(order.home.shape[1], np.int32),
    )
    # A typed zero: for a literal one the kernels would be compiled a second time.
    ask: int = k - k
    for r in range(k):
        sure, cover = _walk(coords, middle, centre(inner, 0, r), here)
        there = Here(edges, owners, polygons, cover)
        # A crossing at the very first centre would be counted by the walk, by the row, by both or by neither.
        sure = sure and not doubt[r * k]
        same = False
        for c in range(k):
            cell = r * k + c
            if c > 0:
                for i in crossed[crossing[cell] : crossing[cell + 1]]:
                    cover[owners[i]] = not cover[owners[i]]
                    same = False
            plain = start[cell] == start[cell + 1]
            if plain and same:
                sub[cell] = sub[cell - 1]
                continue
            same = plain
            code, end = -1, -1
            if sure and not doubt[cell]:
                point = centre(inner, c, r)
                code, end = write_leaf(
                    blob, used, coords, point, items[start[cell] : start[cell + 1]], there, order, desk
                )
            if end < 0:
                if ask == 0:
                    ask, used = write_ask(blob, used, polygons)
                code, end = ask, used
            sub[cell], used = code, end
    return blob, used
