"""A first plan: balanced connected parts that avoid village and river edges."""

from __future__ import annotations

import numpy as np
import pymetis
from numpy.typing import NDArray

from geo.draw.graph import Graph

BARRIER = 10  # how much rather a cut follows a village border or a river than runs elsewhere


def first_plan(
    graph: Graph,
    households: NDArray[np.float64],
    village: NDArray[np.int32],
    region: NDArray[np.int64],
    count: NDArray[np.int64],
    seed: int,
) -> NDArray[np.int32]:
    """(n,) labels: every region r in `count[r]` connected parts of like households; -1 where region is -1."""
    label = np.full(len(region), -1, np.int32)
    used = 0
    for r, parts in enumerate(count):
        members = np.flatnonzero(region == r)
        if parts == 1 or len(members) <= parts:
            part = np.arange(len(members)) % parts
        else:
            part = _cut(graph, households, village, members, int(parts), seed)
        label[members] = used + part
        used += int(parts)
    return label


def _cut(
    graph: Graph,
    households: NDArray[np.float64],
    village: NDArray[np.int32],
    members: NDArray[np.int64],
    parts: int,
    seed: int,
) -> NDArray[np.int64]:
    place = np.full(len(village), -1, np.int64)
    place[members] = np.arange(len(members))
    inside = (place[graph.edges] >= 0).all(axis=1)
    edges = place[graph.edges[inside]]
    barrier = (village[graph.edges[inside, 0]] != village[graph.edges[inside, 1]]) | graph.river[inside]
    weight = np.tile(np.where(barrier, 1, BARRIER), 2)
    source, sink = np.concatenate([edges[:, 0], edges[:, 1]]), np.concatenate([edges[:, 1], edges[:, 0]])
    order = np.lexsort((sink, source))
    start = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=len(members)))])
    _, part = pymetis.part_graph(
        parts,
        adjacency=pymetis.CSRAdjacency(start, sink[order]),
        vweights=np.round(households[members] * 16).astype(np.int64),
        eweights=weight[order],
        options=pymetis.Options(contig=1, seed=seed % 2**31, ufactor=50),
        recursive=False,
    )
    return np.asarray(part, dtype=np.int64)
