"""Grid drawing beside METIS and GerryChain, and redrawing after growth: scores and times of one run.

    python bench/draw.py FOLDER [--score SCRIPT] [--seeds N] [--peer-starts N] [--only NAME] [--gerrychain PYTHON]

FOLDER holds settlements as GeoPackages with the layers blocks (households, village), rivers and roads. SCRIPT has a
function `score(blocks, rivers, target)` that returns a dict; blocks carry the column grid; without it an own one with
the same measures is used. GerryChain runs where PYTHON, this interpreter unless given, can import it:

    python -m venv /tmp/chain && /tmp/chain/bin/pip install gerrychain==1.0.0

Prints a markdown table for each settlement, a row for each way to draw: the worst of the seeds for what must hold
(contiguous, in band, holes), mean, least and most for the others, the median of the times. "ratio" is processor time
over that of the first METIS row. Times are those of drawing alone, after one drawing that compiles.

A second table shows what moves when every settlement grows by 5 %: households that change grid, over the least that
must. bench/redraw.py times something else, the edits by hand of `geo.redraw`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from draw_peers import Network, gerrychain, metis, network_of
from draw_score import Score, load_score
from rich.console import Console
from rich.progress import Progress
from scipy.optimize import linear_sum_assignment

from geo.draw import draw_grids
from geo.draw.redraw import least_moved

TARGET = 300
GROWTH = 0.05
HARD = {"contiguous": min, "within_10": min, "holes": max}
SOFT = ("polsby_popper", "village_pairs", "torn_villages", "river_straddlers")

Drawn = tuple[np.ndarray, float, float]  # labels (n,), wall seconds, processor seconds
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Settlement:
    """Blocks, what grids should follow, and the network of the blocks."""

    name: str
    blocks: gpd.GeoDataFrame
    rivers: gpd.GeoSeries
    layers: dict[str, Any]
    network: Network


def read(path: Path) -> Settlement:
    blocks = gpd.read_file(path, layer="blocks")
    rivers, roads = (gpd.read_file(path, layer=layer).geometry for layer in ("rivers", "roads"))
    layers = {"parent": blocks["village"], "rivers": rivers, "roads": roads}
    return Settlement(path.stem, blocks, rivers, layers, network_of(blocks, rivers, TARGET))


def timed(draw: Callable[[], Any]) -> Drawn:
    """The labels that `draw` returns, with its times."""
    wall, processor = time.perf_counter(), time.process_time()
    label = np.asarray(draw())
    return label, time.perf_counter() - wall, time.process_time() - processor


def ways(place: Settlement, asked: argparse.Namespace) -> Iterator[tuple[str, list[Callable[[], Drawn]]]]:
    """Each way to draw by name, with one drawing for each seed."""
    network, starts = place.network, asked.peer_starts
    yield f"METIS, best of {starts}, barrier weights", [lambda: timed(lambda: metis(network, starts))]
    yield f"METIS, best of {starts}, plain", [lambda: timed(lambda: metis(network, starts, barrier=1))]
    if asked.gerrychain:
        name = f"GerryChain, best of {asked.peer_steps} ReCom steps, village surcharge"
        yield name, [lambda: gerrychain(network, asked.peer_steps, asked.gerrychain)]
    for effort in asked.efforts:
        drawings = [
            lambda e=effort, s=seed: timed(lambda: draw_grids(place.blocks, effort=e, seed=s, **place.layers))
            for seed in range(asked.seeds)
        ]
        yield f"ours, {effort}, {named_seeds(asked.seeds)}", drawings


def named_seeds(count: int) -> str:
    return "seed 0" if count == 1 else f"seeds 0–{count - 1}"


def grown(blocks: gpd.GeoDataFrame, seed: int) -> gpd.GeoDataFrame:
    """The same blocks with GROWTH more households, spread like those that are there."""
    households = blocks["households"].to_numpy()
    extra = np.random.default_rng(seed).multinomial(int(GROWTH * households.sum()), households / households.sum())
    return blocks.assign(households=households + extra)


def bound_of(blocks: gpd.GeoDataFrame, before: np.ndarray) -> float:
    """Households that must change grid at least, grids that have to be made counted as empty ones."""
    size = blocks["households"].groupby(before).sum().to_numpy(float)
    more = max(0, int(np.ceil(size.sum() / (1.1 * TARGET) - 1e-9)) - len(size))
    return least_moved(np.concatenate([size, np.zeros(more)]), 0.9 * TARGET, 1.1 * TARGET)


def moved(households: np.ndarray, before: np.ndarray, after: np.ndarray) -> float:
    """Households that change grid when the labels of both plans are matched as well as they can be."""
    old, new = (np.unique(label, return_inverse=True)[1] for label in (before, after))
    shared = np.zeros((old.max() + 1, new.max() + 1))
    np.add.at(shared, (old, new), households)
    rows, columns = linear_sum_assignment(-shared)
    return float(households.sum() - shared[rows, columns].sum())


def growth(place: Settlement, score: Score, asked: argparse.Namespace, tell: Callable[[str], None]) -> Rows:
    """One row for each seed and each way to redraw after growth."""
    rows = []
    for seed in range(asked.seeds):
        tell(f"{place.name}: growth, seed {seed}")
        before = draw_grids(place.blocks, effort="fast", seed=seed, **place.layers).to_numpy()
        more = grown(place.blocks, seed)
        bound, households = bound_of(more, before), more["households"].to_numpy(float)
        again = partial(draw_grids, more, previous=before, seed=seed, **place.layers)
        drawings = {f"ours, {effort}": partial(again, effort=effort) for effort in asked.efforts}
        peer = f"METIS anew, best of {asked.peer_starts}"
        drawings[peer] = partial(metis, network_of(more, place.rivers, TARGET), asked.peer_starts)
        for name, draw in drawings.items():
            after, wall, processor = timed(draw)
            change = moved(households, before, after) if name == peer else float(households[after != before].sum())
            found = score(more.assign(grid=after), place.rivers.union_all(), TARGET)
            rows.append(
                {"way": name, "bound": bound, "moved": change, **found, "wall": wall, "cpu": processor}
                | {"ratio": change / max(bound, 1.0), "share": change / households.sum()}
            )
    return rows


def spread(values: list[float], digits: int) -> str:
    """The mean, with the least and the most where they differ."""
    low, high = (f"{value:.{digits}f}" for value in (min(values), max(values)))
    return low if low == high else f"{np.mean(values):.{max(digits, 1)}f} ({low}–{high})"


def quality(rows: Rows) -> list[str]:
    """Cells of the measures over some rows."""
    contiguous, band, holes = (pick([row[key] for row in rows]) for key, pick in HARD.items())
    soft = [spread([row[key] for row in rows], 3 if key == "polsby_popper" else 0) for key in SOFT]
    return [f"{contiguous:.1%}", f"{band:.1%}", f"{holes}", *soft]


def times(rows: Rows) -> list[str]:
    return [f"{np.median([row[key] for row in rows]):.1f}" for key in ("wall", "cpu")]


def table(head: str, lines: list[list[str]]) -> str:
    names = head.split("|")
    rule = ["---", *["---:"] * (len(names) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in ([name.strip() for name in names], rule, *lines))


def measure(place: Settlement, score: Score, asked: argparse.Namespace, progress: Progress) -> None:
    """Print both tables of a settlement."""
    all_ways = list(ways(place, asked))
    task = progress.add_task(place.name, total=sum(len(drawings) for _, drawings in all_ways) + asked.seeds)

    def tell(text: str) -> None:
        progress.update(task, description=text)

    draw_grids(place.blocks, effort="fast", **place.layers)  # compiles
    for effort in asked.efforts:
        draw_grids(place.blocks.head(200), effort=effort)
    lines, first = [], 0.0
    for name, drawings in all_ways:
        rows = []
        for draw in drawings:
            tell(f"{place.name}: {name}")
            label, wall, processor = draw()
            found = score(place.blocks.assign(grid=label), place.rivers.union_all(), TARGET)
            rows.append(found | {"wall": wall, "cpu": processor})
            progress.advance(task)
        first = first or rows[0]["cpu"]
        ratio = np.median([row["cpu"] for row in rows]) / first
        lines.append([name, *quality(rows), *times(rows), f"{ratio:.1f}"])
    measures = "contiguous | in band | holes | Polsby–Popper | village–grid pairs | torn villages | straddlers"
    print(f"\n{place.name}: {len(place.blocks):,} blocks, {place.network.grids} grids of {TARGET} ±10 %\n")
    print(table(f"way | {measures} | wall s | CPU s | ratio", lines))
    lines = []
    rows = growth(place, score, asked, tell)
    progress.update(task, completed=progress.tasks[task].total)
    for name in dict.fromkeys(row["way"] for row in rows):
        mine = [row for row in rows if row["way"] == name]
        change = [
            spread([row["bound"] for row in mine], 0),
            spread([row["moved"] for row in mine], 0),
            spread([row["ratio"] for row in mine], 2),
            f"{np.mean([row['share'] for row in mine]):.1%}",
        ]
        lines.append([name, *change, *quality(mine), *times(mine)])
    print(f"\n{place.name} after {GROWTH:.0%} growth, from plans at fast effort, {named_seeds(asked.seeds)}\n")
    print(table(f"way | at least | moved | ratio | of all | {measures} | wall s | CPU s", lines), flush=True)


def can_import(python: str) -> bool:
    return subprocess.run([python, "-c", "import gerrychain"], capture_output=True, check=False).returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--score")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--efforts", nargs="+", default=["fast", "normal"], choices=["fast", "normal", "thorough"])
    parser.add_argument("--peer-starts", type=int, default=50, help="partitions that METIS tries")
    parser.add_argument("--peer-steps", type=int, default=30, help="recombinations of GerryChain")
    parser.add_argument("--only", default="", help="part of the name of the settlement")
    parser.add_argument("--gerrychain", default=sys.executable, metavar="PYTHON")
    asked = parser.parse_args()
    if not can_import(asked.gerrychain):
        print("GerryChain is left out: no interpreter that imports it", file=sys.stderr)
        asked.gerrychain = None
    score = load_score(asked.score)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for path in sorted(asked.folder.glob("*.gpkg")):
            if asked.only in path.stem:
                measure(read(path), score, asked, progress)


if __name__ == "__main__":
    main()
