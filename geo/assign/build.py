"""The cells of one window, from the edges of the polygons that may reach into it."""

from __future__ import annotations

import numpy as np
from numba import njit

from geo.assign.cells import Frame, Ints, Table, Vertices, Window, bin_crossings, bin_edges
from geo.assign.leaves import UNIT, Here, Order, block_code, find_winners, grown, label, split_cell, write_ask

LARGEST_LOG2K = 8


@njit(cache=True, nogil=True)
def list_edges(first: Ints, count: Ints, start: Ints, stop: Ints, chosen: Ints) -> tuple[Ints, Ints]:
    """Edges of the chosen polygons, named by their first vertex, and the polygon of each."""
    total = 0
    for p in chosen:
        for r in range(first[p], first[p] + count[p]):
            total += stop[r] - start[r] - 1
    edges, owners = np.empty(total, np.int32), np.empty(total, np.int32)
    n = 0
    for p in chosen:
        for r in range(first[p], first[p] + count[p]):
            for v in range(start[r], stop[r] - 1):
                edges[n], owners[n] = v, p
                n += 1
    return edges, owners


@njit(cache=True, nogil=True)
def fineness(n: int, coarser: int) -> int:
    """log2 of the sub-cells a side for a cell with n edges, most of them twice, so that few stay in each leaf.

    A boundary that passes through has edges in proportion to the side, a cell full of small polygons to its area.
    """
    k = min(0.3 * n, 1.5 * np.sqrt(n))
    log2k = 1
    while (1 << log2k) < k and log2k < LARGEST_LOG2K + coarser:
        log2k += 1
    return max(1, log2k - coarser)


@njit(cache=True, nogil=True)
def _overlapping(bounds: Vertices, suspects: Ints, frame: Frame, column: int, row: int) -> Ints:
    """Suspects whose bounds reach into a cell."""
    out = np.empty(len(suspects), np.int32)
    n = 0
    west, south = frame[0] + column * frame[2] - frame[4], frame[1] + row * frame[3] - frame[4]
    east, north = west + frame[2] + 2 * frame[4], south + frame[3] + 2 * frame[4]
    for p in suspects:
        if bounds[p, 0] <= east and bounds[p, 2] >= west and bounds[p, 1] <= north and bounds[p, 3] >= south:
            out[n] = p
            n += 1
    return out[:n]


@njit(cache=True, nogil=True)
def _toggle(active: Ints, n: int, polygon: int) -> int:
    """New length of the active polygons after `polygon` has come or gone."""
    for i in range(n):
        if active[i] == polygon:
            active[i] = active[n - 1]
            return n - 1
    active[n] = polygon
    return n + 1


@njit(cache=True, nogil=True)
def _gather(active: Ints, edges: Ints, owners: Ints, odd: Ints, local: Ints) -> Here:
    """What matters in a cell; `local`, (m,) of -1, is used and left as it was."""
    polygons = np.empty(len(active) + len(edges) + len(odd), np.int32)
    n = 0
    for group in (active, owners, odd):
        for p in group:
            if local[p] < 0:
                polygons[n], local[p] = p, n
                n += 1
    mine = np.empty(len(owners), np.int32)
    for i in range(len(owners)):
        mine[i] = local[owners[i]]
    for p in polygons[:n]:
        local[p] = -1
    return Here(edges, mine, polygons[:n], np.arange(n) < len(active))


@njit(cache=True, nogil=True)
def build_window(
    codes: Table,
    frame: Frame,
    window: Window,
    coords: Vertices,
    edges: Ints,
    owners: Ints,
    suspects: Ints,
    bounds: Vertices,
    order: Order,
    coarser: int,
) -> tuple[Ints, Ints]:
    """Sub-cells and leaves of a window; `codes`, (rows, columns) of it, is filled in place.

    edges, owners : of all valid polygons that reach into the window
    suspects : invalid polygons; parity does not hold for them, so GEOS is asked wherever their bounds reach
    """
    start, items = bin_edges(frame, window, coords, edges)
    crossing, crossed, doubt = bin_crossings(frame, window, coords, edges)
    sub, blob = np.empty(1 << 12, np.int32), np.empty(1 << 14, np.int32)
    # Typed zeros: for literal ones the kernels would be compiled a second time.
    sub_used = used = window[0] - window[0]
    local = np.full(len(order.rank), -1, np.int32)
    active = np.empty(len(order.rank), np.int32)
    yes, best = np.ones(len(order.rank), np.bool_), np.empty(order.home.shape[1], np.int32)
    cell = -1
    for row in range(window[2], window[3]):
        n_active = 0
        for column in range(window[0], window[1]):
            cell += 1
            for i in crossed[crossing[cell] : crossing[cell + 1]]:
                n_active = _toggle(active, n_active, owners[i])
            i = items[start[cell] : start[cell + 1]]
            odd = _overlapping(bounds, suspects, frame, column, row) if len(suspects) else suspects
            if len(i) == 0 and len(odd) == 0:
                find_winners(active[:n_active], yes[:n_active], order, best)
                code = label(best, order)
                if code >= -1:
                    codes[row - window[2], column - window[0]] = code
                    continue
            here = _gather(active[:n_active], edges[i], owners[i], odd, local)
            log2k = fineness(len(i), coarser)
            if doubt[cell] or len(odd):
                log2k = 1
            sub = grown(sub, sub_used + (1 << 2 * log2k))
            block = sub[sub_used : sub_used + (1 << 2 * log2k)]
            if doubt[cell] or len(odd):
                blob = grown(blob, used + 2 + len(here.polygons))
                block[:], used = write_ask(blob, used, here.polygons)
            else:
                blob, used = split_cell(block, blob, used, coords, frame, column, row, here, order)
            codes[row - window[2], column - window[0]] = block_code(sub_used, log2k)
            sub_used += len(block)
    return sub[:sub_used].copy(), blob[:used].copy()


@njit(cache=True, nogil=True)
def shift(codes: Ints, places: int) -> None:
    """Move the leaves that sub-cells point to."""
    for i in range(len(codes)):
        if codes[i] < -1:
            codes[i] -= places


@njit(cache=True, nogil=True)
def shift_blocks(codes: Table, places: int) -> None:
    """Move the sub-cells that first-level cells point to."""
    for row in codes:
        for i in range(len(row)):
            if row[i] < -1:
                row[i] -= places // UNIT << 4
