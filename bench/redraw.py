"""Time edits of a plan; prints a markdown table.

    python bench/redraw.py --data ../shared/data                # 20,000 made blocks, and county-80k with 19,713 blocks
    python bench/redraw.py --data ... --edits 500 --target 300

Every operation runs on a plan of grids of about `--target` households, on random grids and lines, after one run that
compiles. The clock counts whatever else the machine does; CPU time is what this process used. An edit computes the
changed blocks, the new counts of all grids it touches, their pieces and what they enclose.
`apply` makes the next state, `undo` applies the inverse, `outline` dissolves the touched grids.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from geo.errors import RedrawError
from geo.redraw import (
    Division,
    Edit,
    abolish,
    apply,
    carve_out,
    compare,
    divide,
    give,
    measures,
    merge,
    move_boundary,
    outline,
    prepare,
    split,
)


def made_blocks(rows: int = 100, columns: int = 200, size: float = 60.0, bends: int = 3) -> gpd.GeoDataFrame:
    """Crooked squares that share every vertex, with 0 to 8 households and villages of 20 by 20 blocks."""
    rng = np.random.default_rng(0)
    corner = np.stack(np.meshgrid(np.arange(columns + 1) * size, np.arange(rows + 1) * size), axis=-1)
    corner = corner + rng.uniform(-0.25, 0.25, corner.shape) * size + (530_000, 3_290_000)
    share = np.linspace(0, 1, bends + 2)[:-1][:, None]

    def bent(start, end):  # (..., bends + 1, 2) from start, without end
        points = start[..., None, :] + share * (end - start)[..., None, :]
        points[..., 1:, :] += rng.uniform(-0.05, 0.05, points[..., 1:, :].shape) * size
        return points

    along, up = bent(corner[:, :-1], corner[:, 1:]), bent(corner[:-1], corner[1:])
    polygons = []
    for r in range(rows):
        for c in range(columns):
            # The stretches run the other way on the far sides, so each starts at the far corner there.
            top = np.vstack([corner[r + 1, c + 1][None], along[r + 1, c][:0:-1]])
            left = np.vstack([corner[r + 1, c][None], up[r, c][:0:-1]])
            polygons.append(shapely.Polygon(np.vstack([along[r, c], up[r, c + 1], top, left])))
    row, column = np.divmod(np.arange(rows * columns), columns)
    village = np.char.add("33068110920", (row // 20 * (columns // 20) + column // 20).astype(str))
    households = rng.integers(0, 9, rows * columns)
    return gpd.GeoDataFrame({"households": households, "village": village}, geometry=polygons, crs=4549)


def first_labels(blocks: gpd.GeoDataFrame, target: float) -> np.ndarray:
    """Compact grids: the blocks nearest to each of as many evenly spread centres as there are targets."""
    from scipy.cluster.vq import kmeans2

    place = shapely.get_coordinates(shapely.centroid(blocks.geometry.to_numpy()))
    count = int(blocks["households"].sum() / target)
    return np.unique(kmeans2(place, count, minit="++", seed=0)[1], return_inverse=True)[1]


def attempts(division: Division, rng: np.random.Generator) -> Iterator[tuple[str, Callable[[], Edit]]]:
    """One edit of each kind somewhere in the plan."""
    ground = division.ground
    grid = int(rng.choice(division.numbers))
    member = division.members(grid)
    around = {int(division.label[b]) for block in member for b in neighbours(division, block)} - {grid}
    other = int(rng.choice(sorted(around))) if around else grid
    centre = np.array([ground.x[member].mean(), ground.y[member].mean()])
    angle = rng.uniform(0, np.pi)
    reach = 3 * np.sqrt(ground.area_m2[member].sum()) * np.array([np.cos(angle), np.sin(angle)])
    bend = rng.normal(0, 20, (30, 2))
    yield "split", lambda: split(division, grid, line(centre - reach, centre + reach, bend))
    yield "merge", lambda: merge(division, [grid, other])
    theirs = division.members(other)
    far = np.array([ground.x[theirs].mean(), ground.y[theirs].mean()])
    across = np.array([far[1] - centre[1], centre[0] - far[0]]) / 4
    middle = (centre + 2 * far) / 3
    bulge = np.vstack([(centre + far) / 2 - across, middle, (centre + far) / 2 + across])
    yield "move_boundary", lambda: move_boundary(division, grid, other, shapely.LineString(bulge))
    facing = [b for b in theirs if (division.label[neighbours(division, b)] == grid).any()]
    yield "give", lambda: give(division, facing[:3], grid)
    yield "carve_out", lambda: carve_out(division, shapely.Point(centre).buffer(np.hypot(*reach) / 8), name="学校")
    yield "abolish", lambda: abolish(division, grid)


def neighbours(division: Division, block: int) -> np.ndarray:
    ground = division.ground
    around = ground.neighbour[ground.first[block] : ground.first[block + 1]]
    return around[around < len(division.label)]


def line(start, end, bend):
    steps = np.linspace(0, 1, len(bend))[:, None]
    return shapely.LineString(start + steps * (end - start) + bend)


def timed(spent: list[tuple[float, float]], work: Callable[[], object]):
    """The result of `work`; its milliseconds by the clock and of this process are added to `spent`."""
    clock, own = time.perf_counter(), time.process_time()
    result = work()
    spent.append(((time.perf_counter() - clock) * 1e3, (time.process_time() - own) * 1e3))
    return result


def measure(blocks: gpd.GeoDataFrame, target: float, edits: int) -> dict[str, list[tuple[float, float]]]:
    spent: dict[str, list[tuple[float, float]]] = defaultdict(list)
    ground = timed(spent["prepare"], lambda: prepare(blocks, parent=blocks["village"], target=target))
    start = division = divide(ground, first_labels(blocks, target))
    rng = np.random.default_rng(1)
    for turn in range(edits + 1):
        if turn == 1:  # the first turn compiled
            spent = defaultdict(list, {"prepare": spent["prepare"]})
        tried: list[Division] = []
        for name, work in attempts(division, rng):
            try:
                edit = timed(spent[name], work)
            except RedrawError:  # a random line need not cut
                continue
            after = timed(spent["apply"], lambda edit=edit, division=division: apply(division, edit))
            back = timed(spent["undo"], lambda edit=edit, after=after: apply(after, edit.inverse()))
            assert (back.label == division.label).all()
            numbers = [count.grid for count in edit.after]
            timed(spent["outline of touched"], lambda after=after, numbers=numbers: outline(after, numbers))
            tried.append(after)
        division = tried[rng.integers(len(tried))] if tried else division
    for _ in range(20):
        timed(spent["divide (whole)"], lambda: divide(ground, division.label))
        timed(spent["measures (all grids)"], lambda: measures(division))
        timed(spent["compare"], lambda: compare(start, division))
    return spent


def report(name: str, blocks: gpd.GeoDataFrame, spent: dict[str, list[tuple[float, float]]]) -> None:
    vertices = shapely.get_num_coordinates(blocks.geometry.to_numpy()).sum()
    print(f"\n{name}: {len(blocks):,} blocks, {vertices:,} vertices\n")
    print(
        "| work | times | median ms | p95 ms | CPU median ms | CPU p95 ms |\n| --- | ---: | ---: | ---: | ---: | ---: |"
    )
    for work, ms in spent.items():
        if ms:
            (median, own_median), (p95, own_p95) = np.percentile(ms, [50, 95], axis=0)
            print(f"| {work} | {len(ms)} | {median:.2f} | {p95:.2f} | {own_median:.2f} | {own_p95:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--target", type=float, default=300)
    asked = parser.parse_args()
    made = made_blocks()
    report("made", made, measure(made, asked.target, asked.edits))
    for name in ("town-8k", "county-80k"):
        path = asked.data / "settlement" / f"{name}.gpkg"
        if path.exists():
            blocks = gpd.read_file(path, layer="blocks")
            report(name, blocks, measure(blocks, asked.target, asked.edits))


if __name__ == "__main__":
    main()
