"""Share a grid's blocks out among its neighbours, one after the other; array kernels of `geo.redraw.operations`."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def reach_of(member, slot, label, first, neighbour, shared, gainers):  # type: ignore[no-untyped-def]
    """(m, t) metres of border between each block and each gainer; slot (k,) is -1 for grids that gain nothing."""
    reach = np.zeros((len(member), gainers))
    for i in range(len(member)):
        for entry in range(first[member[i]], first[member[i] + 1]):
            other = neighbour[entry]
            if other < len(label) and slot[label[other]] >= 0:
                reach[i, slot[label[other]]] += shared[entry]
    return reach


@njit(cache=True, nogil=True)
def _next_pair(gainer, reach, perimeter, load, home):  # type: ignore[no-untyped-def]
    best, to, score, at_home = -1, -1, 0.0, False
    for i in range(len(gainer)):
        for s in range(len(load) if gainer[i] < 0 else 0):
            if reach[i, s] <= 0:
                continue
            value = reach[i, s] / perimeter[i] - load[s]
            if best < 0 or (home[i, s] and not at_home) or (home[i, s] == at_home and value > score):
                best, to, score, at_home = i, s, value, home[i, s]
    return best, to


@njit(cache=True, nogil=True)
def share_out(member, index, first, neighbour, shared, reach, perimeter, households, load, home):  # type: ignore[no-untyped-def]
    """(m,) gainer of each member, -1 where none can be reached; `reach` (m, t) and `load` (t,) are overwritten.

    index : (nodes,) position in `member`, else -1
    perimeter, households, home : of the members, (m,), (m,) and (m, t); households and load over the target
    """
    gainer = np.full(len(member), -1, np.int64)
    for _ in range(len(member)):
        best, to = _next_pair(gainer, reach, perimeter, load, home)
        if best < 0:
            break
        gainer[best] = to
        load[to] += households[best]
        for entry in range(first[member[best]], first[member[best] + 1]):
            other = index[neighbour[entry]]
            if other >= 0:
                reach[other, to] += shared[entry]
    return gainer
