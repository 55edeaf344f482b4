"""Make a plan whole: every grid in one piece, none around another, no number without blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo.draw.enclaves import opened
from geo.draw.graph import Graph, components

OPENINGS = 6  # rounds of opening rings and joining what falls apart


def join_pieces(
    graph: Graph,
    label: NDArray[np.int32],
    weight: NDArray[np.float64],
    allowed: NDArray[np.int64],
    fixed: NDArray[np.bool_],
    closed: NDArray[np.bool_],
    waiting: NDArray[np.bool_] | None = None,
) -> NDArray[np.int32]:
    """Give every piece of a grid but its heaviest to the neighbouring grid with the longest common border.

    Pieces holding fixed blocks stay; only neighbours of the same `allowed` region (n,) whose grid is not flagged in
    `closed` (k,) are chosen; blocks labelled -1 are unassigned and join a neighbour as well, except those `waiting`
    (n,).
    A piece without an allowed neighbour keeps its label. Unless blocks are left waiting, new grids around others are
    opened (see `opened`), and new grids are numbered from k on without gaps.
    """
    label = _joined(graph, label, weight, allowed, fixed, closed, waiting)
    if waiting is not None or (label < 0).any():
        return label
    for _ in range(OPENINGS):
        whole = opened(graph.around, label, weight, allowed, len(closed))
        if (whole == label).all():
            break
        label = _joined(graph, whole, weight, allowed, fixed, closed, None)
    numbers, place = np.unique(label, return_inverse=True)
    fresh = numbers >= len(closed)
    numbers[fresh] = len(closed) + np.arange(fresh.sum())
    return numbers[place].astype(np.int32)


def _joined(
    graph: Graph,
    label: NDArray[np.int32],
    weight: NDArray[np.float64],
    allowed: NDArray[np.int64],
    fixed: NDArray[np.bool_],
    closed: NDArray[np.bool_],
    waiting: NDArray[np.bool_] | None,
) -> NDArray[np.int32]:
    shut = np.zeros(max(int(label.max(initial=-1)) + 2, len(closed)), bool)
    shut[: len(closed)] = closed
    fixed = fixed if waiting is None else fixed | waiting
    label = label.copy()
    for _ in range(len(label)):
        left, right = graph.edges[:, 0], graph.edges[:, 1]
        piece = components(len(label), graph.edges[label[left] == label[right]])
        loose = _loose(piece, label, weight, fixed)
        if not loose.any():
            break
        ends = np.concatenate([graph.edges, graph.edges[:, ::-1]])
        length = np.concatenate([graph.length, graph.length])
        outward = (
            loose[piece[ends[:, 0]]]
            & ~loose[piece[ends[:, 1]]]
            & (label[ends[:, 1]] >= 0)
            & ~shut[label[ends[:, 1]]]
            & (allowed[ends[:, 0]] == allowed[ends[:, 1]])
        )
        if not outward.any():
            break
        key = piece[ends[outward, 0]] * (int(label.max()) + 1) + label[ends[outward, 1]]
        keys, inverse = np.unique(key, return_inverse=True)
        border = np.bincount(inverse, length[outward])
        source, target = np.divmod(keys, int(label.max()) + 1)
        order = np.lexsort((target, -border, source))
        first = np.concatenate([[True], source[order][1:] != source[order][:-1]])
        goal = np.full(int(piece.max()) + 1, -1, np.int64)
        goal[source[order][first]] = target[order][first]
        label = np.where(goal[piece] >= 0, goal[piece], label).astype(np.int32)
    return label


def _loose(
    piece: NDArray[np.int64], label: NDArray[np.int32], weight: NDArray[np.float64], fixed: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """(pieces,) whether a piece must go elsewhere: it is not the main one of its grid and holds no fixed block."""
    pieces = int(piece.max(initial=-1)) + 1
    heavy = np.bincount(piece, weight, minlength=pieces) + 1e-6 * np.bincount(piece, minlength=pieces)
    grid = np.zeros(pieces, np.int64)
    grid[piece] = label
    order = np.lexsort((np.arange(pieces), -heavy, grid))
    main = np.zeros(pieces, bool)
    main[order[np.concatenate([[True], grid[order][1:] != grid[order][:-1]])]] = True
    keeps = np.bincount(piece, fixed, minlength=pieces) > 0
    return (~main & ~keeps) | (grid < 0)
