"""Count grids: their blocks, pieces, sums and what they enclose; array kernels behind `geo.redraw.division`.

Nodes are the n blocks, then the voids (ground without a block that blocks enclose), then the outside.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def gather(label, slot, size):  # type: ignore[no-untyped-def]
    """Blocks of the wanted grids, rising: `member[start[s]:start[s + 1]]`; slot (k,) is -1 for the others."""
    count = np.zeros(size + 1, np.int64)
    for grid in label:
        if slot[grid] >= 0:
            count[slot[grid] + 1] += 1
    start = np.cumsum(count)
    member = np.empty(start[-1], np.int32)
    place = start[:-1].copy()
    for block in range(len(label)):
        s = slot[label[block]]
        if s >= 0:
            member[place[s]] = block
            place[s] += 1
    return start, member


@njit(cache=True, nogil=True)
def trace_pieces(label, piece, start, member, first, neighbour):  # type: ignore[no-untyped-def]
    """Write the smallest block of its piece to `piece` for each member, and count the pieces of each slot."""
    blocks = len(label)
    count = np.zeros(len(start) - 1, np.int64)
    stack = np.empty(len(member), np.int32)
    for block in member:
        piece[block] = -1
    for s in range(len(start) - 1):
        for seed in member[start[s] : start[s + 1]]:
            if piece[seed] >= 0:
                continue
            count[s] += 1
            piece[seed] = seed
            stack[0] = seed
            depth = 1
            while depth:
                depth -= 1
                block = stack[depth]
                for entry in range(first[block], first[block + 1]):
                    other = neighbour[entry]
                    if other < blocks and piece[other] < 0 and label[other] == label[seed]:
                        piece[other] = seed
                        stack[depth] = other
                        depth += 1
    return count


@njit(cache=True, nogil=True)
def sum_members(label, start, member, first, neighbour, shared, households, area, village, villages):  # type: ignore[no-untyped-def]
    """(slots, 3) households, area and perimeter, and (slots,) number of villages; villages below 0 do not count.

    Members are added up in rising order, so that the sums depend on nothing but the labels.
    """
    blocks, slots = len(label), len(start) - 1
    sums = np.zeros((slots, 3))
    seen = np.full(villages, -1, np.int64)
    spread = np.zeros(slots, np.int64)
    for s in range(slots):
        for block in member[start[s] : start[s + 1]]:
            sums[s, 0] += households[block]
            sums[s, 1] += area[block]
            for entry in range(first[block], first[block + 1]):
                other = neighbour[entry]
                if other >= blocks or label[other] != label[block]:
                    sums[s, 2] += shared[entry]
            v = village[block]
            if v >= 0 and seen[v] != s:
                seen[v] = s
                spread[s] += 1
    return sums, spread


@njit(cache=True, nogil=True)
def is_open(label, wanted, members, first, neighbour, mark, stamp):  # type: ignore[no-untyped-def]
    """Whether all that borders grid `wanted` hangs together close by, so that the grid encloses nothing.

    Close by are the nodes next to the grid, and the neighbours of those. False leaves it open: the way round may be
    longer. Each area that a grid seals off borders it, so one connected collar means one area, that of the outside.

    mark : (nodes,) workspace; no value in it may be `stamp` or `stamp + 1`
    """
    blocks = len(label)
    collar = np.empty(len(mark), np.int32)
    size = 0
    for block in members:
        for other in neighbour[first[block] : first[block + 1]]:
            if mark[other] != stamp and (other >= blocks or label[other] != wanted):
                mark[other] = stamp
                collar[size] = other
                size += 1
    near = size
    for i in range(near):
        if collar[i] >= blocks:
            continue
        for other in neighbour[first[collar[i]] : first[collar[i] + 1]]:
            if mark[other] != stamp and (other >= blocks or label[other] != wanted):
                mark[other] = stamp
                collar[size] = other
                size += 1
    rest = near
    stack = np.empty(size + 1, np.int32)
    stack[0] = collar[0]
    mark[collar[0]] = stamp + 1
    depth = min(near, 1)
    while depth:
        depth -= 1
        here = stack[depth]
        for other in neighbour[first[here] : first[here + 1]]:
            if mark[other] == stamp:
                mark[other] = stamp + 1
                stack[depth] = other
                depth += 1
    for i in range(near):
        rest -= mark[collar[i]] == stamp + 1
    return rest == 0


@njit(cache=True, nogil=True)
def borders(label, piece, left, right):  # type: ignore[no-untyped-def]
    """Pairs of pieces, voids and the outside that share an edge: (b, 2) nodes and (b, 2) grids, -1 for no grid.

    A pair may come more than once.
    """
    blocks = len(label)
    node = np.empty((len(left), 2), np.int32)
    grid = np.empty((len(left), 2), np.int32)
    found = 0
    for edge in range(len(left)):
        a, b = left[edge], right[edge]
        of_a = label[a] if a < blocks else -1
        of_b = label[b] if b < blocks else -1
        if of_a == of_b and of_a >= 0:
            continue
        node[found, 0] = piece[a] if of_a >= 0 else a
        node[found, 1] = piece[b] if of_b >= 0 else b
        grid[found, 0], grid[found, 1] = of_a, of_b
        found += 1
    return node[:found], grid[:found]


@njit(cache=True, nogil=True)
def _root(parent, node):  # type: ignore[no-untyped-def]
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@njit(cache=True, nogil=True)
def enclosed_pieces(node, grid, wanted, parent):  # type: ignore[no-untyped-def]
    """Pieces that reach the outside only through grid `wanted`, and (same length) one node for each sealed area.

    parent : (nodes,) workspace, overwritten; its last node is the outside
    """
    for i in range(len(parent)):
        parent[i] = i
    for i in range(len(node)):
        if grid[i, 0] != wanted and grid[i, 1] != wanted:
            a, b = _root(parent, node[i, 0]), _root(parent, node[i, 1])
            if a < b:
                parent[a] = b
            else:
                parent[b] = a
    outside = len(parent) - 1  # the larger node becomes the root, so the outside stays one
    sealed, area = [], []
    for i in range(len(node)):
        for side in range(2):
            here = node[i, side]
            if grid[i, side] >= 0 and grid[i, side] != wanted:
                root = _root(parent, here)
                if root != outside and here not in sealed:
                    sealed.append(here)
                    area.append(root)
    return sealed, area
