"""The same blocks cut by METIS and by GerryChain."""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pymetis
import shapely

from geo.adjacency import rook

BARRIER = 10  # how much less a metre counts along a village border or a river


@dataclass(frozen=True)
class Network:
    """The blocks as peers see them: n blocks, e edges."""

    edges: np.ndarray  # (e, 2)
    length: np.ndarray  # (e,) metres shared
    barrier: np.ndarray  # (e,) the edge runs along a village border or a river
    households: np.ndarray  # (n,)
    village: np.ndarray  # (n,)
    grids: int
    target: float


def network_of(blocks: gpd.GeoDataFrame, rivers: gpd.GeoSeries, target: float) -> Network:
    """The network of blocks with the columns households and village."""
    edges, length = rook(blocks.geometry)
    shapes, village = blocks.geometry.to_numpy(), pd.factorize(blocks["village"])[0]
    shared = shapely.intersection(shapes[edges[:, 0]], shapes[edges[:, 1]])
    along = shapely.length(shapely.intersection(shared, rivers.union_all().buffer(0.1))) > 0.5 * length
    barrier = along | (village[edges[:, 0]] != village[edges[:, 1]])
    households = blocks["households"].to_numpy()
    return Network(edges, length, barrier, households, village, round(households.sum() / target), target)


def metis(network: Network, starts: int, barrier: int = BARRIER) -> np.ndarray:
    """(n,) labels: of `starts` partitions the one with the fewest grids out of the band, then the shortest cut."""
    ends = np.concatenate([network.edges, network.edges[:, ::-1]])
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    start = np.concatenate([[0], np.cumsum(np.bincount(ends[:, 0], minlength=len(network.households)))])
    graph = pymetis.CSRAdjacency(start, ends[order, 1])
    weight = np.maximum(np.round(network.length * np.where(network.barrier, 1, barrier)), 1).astype(np.int64)
    found = []
    for seed in range(starts):
        _, part = pymetis.part_graph(
            network.grids,
            adjacency=graph,
            vweights=network.households,
            eweights=np.tile(weight, 2)[order],
            options=pymetis.Options(contig=1, seed=seed, ufactor=60),
            recursive=False,
        )
        label = np.asarray(part)
        size = np.bincount(label, network.households, minlength=network.grids)
        cut = (weight * (label[network.edges[:, 0]] != label[network.edges[:, 1]])).sum()
        found.append(((abs(size / network.target - 1) > 0.1 + 1e-9).sum(), cut, seed, label))
    return min(found, key=lambda one: one[:3])[3]


def gerrychain(network: Network, steps: int, python: str) -> tuple[np.ndarray, float, float]:
    """(n,) labels of the best plan of a chain, and its wall and processor seconds, run by another interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        source, answer = Path(folder) / "graph.npz", Path(folder) / "answer.npz"
        np.savez(
            source,
            edges=network.edges,
            households=network.households,
            village=network.village,
            grids=network.grids,
            steps=steps,
        )
        script = Path(__file__).with_name("draw_recom.py")
        environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore"}
        subprocess.run([python, script, source, answer], env=environment, check=True, stdout=subprocess.DEVNULL)
        found = np.load(answer)
        return found["label"], float(found["wall"]), float(found["cpu"])
