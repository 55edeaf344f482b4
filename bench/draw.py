"""Grid drawing beside METIS and GerryChain: scores and times of each in one table.

    python bench/draw.py FOLDER [--score SCRIPT] [--seeds N] [--peer-starts N] [--only NAME]

FOLDER holds settlements as GeoPackages with the layers blocks (households, village), rivers and roads. SCRIPT has a
function `score(blocks, rivers, target)` that returns a dict; blocks carry the column grid. GerryChain runs where it can
be imported. Times are wall and processor seconds of one drawing after one warm-up drawing, without the scoring.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pymetis

from geo.adjacency import rook
from geo.compactness import polsby_popper
from geo.draw import draw_grids
from geo.draw.redraw import least_moved

TARGET = 300
GROWTH = 0.05


def own_score(blocks: gpd.GeoDataFrame, _rivers: Any, target: float) -> dict[str, float]:
    """A short score for runs without a script."""
    size = blocks.groupby("grid")["households"].sum()
    inhabited = blocks[blocks["households"] > 0]
    return {
        "grids": len(size),
        "within_10": float(((size - target).abs() <= 0.1 * target + 1e-9).mean()),
        "polsby_popper": float(np.mean(polsby_popper(blocks.dissolve("grid").geometry))),
        "village_pairs": len(inhabited[["village", "grid"]].drop_duplicates()),
    }


def load_score(path: str | None) -> Callable[..., dict[str, Any]]:
    """The function `score` of a script."""
    if path is None:
        return own_score
    spec = importlib.util.spec_from_file_location("score_script", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is no Python script")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.score


def metis(blocks: gpd.GeoDataFrame, starts: int) -> np.ndarray:
    """The most even of `starts` partitions by METIS with low weights along village borders."""
    edges, _ = rook(blocks.geometry)
    households = blocks["households"].to_numpy()
    village = pd.factorize(blocks["village"])[0]
    weight = np.where(village[edges[:, 0]] == village[edges[:, 1]], 10, 1)
    ends = np.concatenate([edges, edges[:, ::-1]])
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    start = np.concatenate([[0], np.cumsum(np.bincount(ends[:, 0], minlength=len(blocks)))])
    graph = pymetis.CSRAdjacency(start, ends[order, 1])
    grids = round(households.sum() / TARGET)
    best, best_fault = np.zeros(len(blocks), int), np.inf
    for seed in range(starts):
        options = pymetis.Options(contig=1, seed=seed, ufactor=60)
        _, part = pymetis.part_graph(
            grids,
            adjacency=graph,
            vweights=households,
            eweights=np.tile(weight, 2)[order],
            options=options,
            recursive=False,
        )
        size = np.bincount(part, households, minlength=grids)
        fault = (abs(size - TARGET) > 0.1 * TARGET).sum() + abs(size - TARGET).max() / TARGET
        if fault < best_fault:
            best, best_fault = np.asarray(part), fault
    return best


def gerrychain(blocks: gpd.GeoDataFrame, steps: int) -> np.ndarray:
    """The partition after `steps` recombinations of a chain that keeps the band."""
    import random
    from functools import partial

    import networkx as nx
    from gerrychain import Graph, MarkovChain, Partition, accept, constraints, updaters
    from gerrychain.proposals import recom
    from gerrychain.tree import recursive_tree_part

    random.seed(0)
    edges, _ = rook(blocks.geometry)
    network = nx.Graph()
    network.add_nodes_from((i, {"households": int(h)}) for i, h in enumerate(blocks["households"]))
    network.add_edges_from(edges.tolist())
    graph = Graph.from_networkx(network)
    grids = round(blocks["households"].sum() / TARGET)
    even = blocks["households"].sum() / grids
    start = recursive_tree_part(graph, range(grids), even, "households", 0.08)
    first = Partition(graph, start, {"households": updaters.Tally("households")})
    move = partial(recom, pop_col="households", pop_target=even, epsilon=0.08, node_repeats=1)
    inside = constraints.within_percent_of_ideal_population(first, 0.1, "households")
    chain = MarkovChain(move, [inside], accept.always_accept, first, steps)
    last = first
    for last in chain:  # noqa: B007
        pass
    assignment = last.assignment
    return np.array([assignment[node] for node in range(len(blocks))])


def ways(options: argparse.Namespace, layers: dict[str, Any]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Each way to draw, by name."""
    for effort in ("fast", "normal"):
        for seed in range(options.seeds):
            yield (
                f"ours {effort}, seed {seed}",
                lambda blocks, e=effort, s=seed: draw_grids(blocks, effort=e, seed=s, **layers),
            )
    yield f"METIS, best of {options.peer_starts}", lambda blocks: metis(blocks, options.peer_starts)
    if importlib.util.find_spec("gerrychain"):
        yield f"GerryChain, {options.peer_starts} ReCom", lambda blocks: gerrychain(blocks, options.peer_starts)


def grown(blocks: gpd.GeoDataFrame, seed: int) -> gpd.GeoDataFrame:
    """The same blocks with GROWTH more households, spread like those that are there."""
    households = blocks["households"].to_numpy()
    extra = np.random.default_rng(seed).multinomial(int(GROWTH * households.sum()), households / households.sum())
    return blocks.assign(households=households + extra)


def redrawing(blocks: gpd.GeoDataFrame, layers: dict[str, Any], seed: int) -> dict[str, Any]:
    """Households that change grid after growth, beside the lower bound."""
    before = draw_grids(blocks, seed=seed, **layers)
    more = grown(blocks, seed)
    wall = time.perf_counter()
    after = draw_grids(more, previous=before, seed=seed, **layers)
    wall = time.perf_counter() - wall
    size = more["households"].groupby(before).sum().to_numpy(float)
    bound = least_moved(size, 0.9 * TARGET, 1.1 * TARGET)
    moved = float(more["households"][after != before].sum())
    now = more["households"].groupby(after).sum()
    inside = ((now - TARGET).abs() <= 0.1 * TARGET + 1e-9).mean()
    return {
        "seed": seed,
        "bound": bound,
        "moved": moved,
        "ratio": moved / max(bound, 1.0),
        "within_10": inside,
        "wall_s": wall,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--score")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--peer-starts", type=int, default=50)
    parser.add_argument("--only", default="", help="part of the name of the settlement")
    options = parser.parse_args()
    score = load_score(options.score)
    for path in sorted(options.folder.glob("*.gpkg")):
        if options.only not in path.stem:
            continue
        blocks = gpd.read_file(path, layer="blocks")
        rivers, roads = (gpd.read_file(path, layer=layer).geometry for layer in ("rivers", "roads"))
        layers = {"parent": blocks["village"], "rivers": rivers, "roads": roads}
        draw_grids(blocks, effort="fast", **layers)
        rows = []
        for name, way in ways(options, layers):
            wall, processor = time.perf_counter(), time.process_time()
            grid = np.asarray(way(blocks))
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            scores = score(blocks.assign(grid=grid), rivers.union_all(), TARGET)
            rows.append({"way": name, **scores, "wall_s": round(wall, 2), "cpu_s": round(processor, 2)})
        print(f"\n{path.stem}: {len(blocks)} blocks\n{pd.DataFrame(rows).to_string(index=False)}")
        moves = pd.DataFrame([redrawing(blocks, layers, seed) for seed in range(options.seeds)])
        print(f"\nafter {GROWTH:.0%} growth\n{moves.round(3).to_string(index=False)}")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
