"""The plan in force as the start of the next: new blocks join, grids too large are cut, superfluous ones dissolve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo.draw.graph import Graph, components
from geo.draw.repair import join_pieces
from geo.draw.request import Request
from geo.draw.seed import first_plan


def least_moved(households: NDArray[np.float64], low: float, high: float) -> float:
    """Households that must change grid at the very least, from the (k,) households of the grids in force.

    A grid above the band has to give its excess away, one below has to receive what it lacks, and one household that
    moves can do both: the larger of the two sums. Grids that have to be created count as grids of 0 households.

    Examples
    --------
    >>> import numpy as np
    >>> least_moved(np.array([340.0, 300.0, 265.0]), 270, 330)
    10.0
    """
    return float(max(np.maximum(households - high, 0).sum(), np.maximum(low - households, 0).sum()))


def start_from(
    request: Request, graph: Graph, region: NDArray[np.int64], label: NDArray[np.int32], closed: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Return the labels (n,) to start from: as many grids in each region as the band asks for.

    `label` holds the grids in force, -1 for blocks in none; grids flagged in `closed` (k,) stay as they are. New
    grids get
    new numbers. Blocks in no grid that could fill one together keep -1, the others join a neighbour.
    """
    piece = components(len(label), graph.edges[(label[graph.edges] < 0).all(axis=1)])
    waiting = (label < 0) & (np.bincount(piece, request.households)[piece] >= request.band.low)
    label = join_pieces(graph, label, request.households, region, request.fixed, closed, waiting)
    known = len(closed)
    shut = np.zeros(known + len(label), bool)
    shut[:known] = closed
    band = request.band
    for r in np.unique(region[label >= 0]):
        inside = region == r
        for _ in range(len(label)):
            grids = np.unique(label[inside & (label >= 0)])
            size = np.bincount(label[label >= 0], request.households[label >= 0], minlength=len(shut))[grids]
            open_ = ~shut[grids]
            total = size[open_].sum()
            fewest, most = band.counts(total)
            count = int(open_.sum())
            large = np.where(open_, size, -1)
            if large.max() >= 2 * band.low or (count < fewest and large.max() >= 2):
                label = _split(request, graph, label, int(grids[large.argmax()]))
            elif count > max(most, 1) and count > 1:
                small = int(grids[np.where(open_, size, np.inf).argmin()])
                goal = _lightest_neighbour(graph, label, region, small, grids[open_], size[open_])
                label = np.where((label == small) & ~request.fixed, goal, label).astype(np.int32)
                label = join_pieces(graph, label, request.households, region, request.fixed, closed, waiting)
            else:
                break
    return label


def _lightest_neighbour(
    graph: Graph,
    label: NDArray[np.int32],
    region: NDArray[np.int64],
    grid: int,
    grids: NDArray[np.int32],
    size: NDArray[np.float64],
) -> int:
    """The one of `grids` (g,) next to a grid and in its region that has the fewest households (g,), -1 without one.

    It can take most, and grids that are many times too small grow alike.
    """
    ends = np.concatenate([graph.edges, graph.edges[:, ::-1]])
    near = label[ends[(label[ends[:, 0]] == grid) & (region[ends[:, 0]] == region[ends[:, 1]]), 1]]
    usable = np.flatnonzero(np.isin(grids, near) & (grids != grid))
    return int(grids[usable[size[usable].argmin()]]) if len(usable) else -1


def _split(request: Request, graph: Graph, label: NDArray[np.int32], grid: int) -> NDArray[np.int32]:
    """Cut a grid in two; the part with more households keeps the number."""
    inside = np.where(label == grid, 0, -1)
    part = first_plan(graph, request.households, request.village, inside, np.array([2]), request.seed)
    stays = np.argmax(np.bincount(part[part >= 0], request.households[part >= 0], minlength=2))
    if request.fixed[label == grid].any():
        stays = part[(label == grid) & request.fixed][0]
    moves = (part >= 0) & (part != stays) & ~request.fixed
    return np.where(moves, label.max() + 1, label).astype(np.int32)
