"""One GerryChain run, alone in its process, so that GerryChain may live in an environment of its own.

    PYTHON bench/draw_recom.py GRAPH.npz ANSWER.npz

GRAPH holds edges (e, 2), households (n,), village (n,), grids and steps. Starts from a partition by recursive spanning
trees, walks `steps` recombinations that rather cut between villages, and keeps the plan with the fewest village-grid
pairs. ANSWER gets its labels (n,), and the wall and processor seconds without imports and files.
"""

from __future__ import annotations

import random
import sys
import time
from functools import partial

import networkx as nx
import numpy as np
from gerrychain import Graph, MarkovChain, Partition, accept, constraints, updaters
from gerrychain.proposals import recom
from gerrychain.tree import recursive_tree_part

EPSILON = 0.08  # looser than what the start is cut with, tighter than the band of 0.1, as the chain needs


def walk(edges: np.ndarray, households: np.ndarray, village: np.ndarray, grids: int, steps: int) -> np.ndarray:
    """(n,) labels of the best plan of one chain."""
    random.seed(0)
    network = nx.Graph()
    counts = zip(households.tolist(), village.tolist(), strict=True)
    network.add_nodes_from((i, {"households": h, "village": v}) for i, (h, v) in enumerate(counts))
    network.add_edges_from(edges.tolist())
    graph = Graph.from_networkx(network)
    even = households.sum() / grids
    start = recursive_tree_part(graph, range(grids), even, "households", EPSILON)
    first = Partition(graph, start, {"households": updaters.Tally("households")})
    move = partial(recom, pop_col="households", pop_target=even, epsilon=EPSILON, region_surcharge={"village": 1.0})
    inside = constraints.within_percent_of_ideal_population(first, 0.1, "households")
    best, fewest = np.empty(0, int), np.inf
    for plan in MarkovChain(move, [inside], accept.always_accept, first, steps):
        assignment = plan.assignment
        label = np.array([assignment[node] for node in range(len(households))])
        pairs = len(np.unique(village[households > 0] * (grids + 1) + label[households > 0]))
        if pairs < fewest:
            best, fewest = label, pairs
    return best


def main(source: str, answer: str) -> None:
    given = np.load(source)
    wall, processor = time.perf_counter(), time.process_time()
    label = walk(
        given["edges"], given["households"], given["village"].astype(np.int64), int(given["grids"]), int(given["steps"])
    )
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    np.savez(answer, label=label, wall=wall, cpu=processor)


if __name__ == "__main__":
    main(*sys.argv[1:])
