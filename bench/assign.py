"""Time exact point assignment beside other packages on made-up coverages; prints markdown tables.

    python bench/assign.py                                          # 300 and 4,000 grids, a million points
    python bench/assign.py --grids 300 4000 78000 --points 1000000 10000000 --peer-points 1000000

Grids are a noded coverage with wiggly shared edges, 60 to 150 vertices each; points are uniform, which no cache likes.
Peers are measured if they can be imported: geopandas.sjoin, shapely (STRtree, then contains_xy on prepared grids),
SedonaDB, DuckDB with its spatial extension. Their points, grids and trees are made before the clock starts. They get
`--peer-points` points, and the ratio compares times per point. Exactness is counted against shapely on points that
invite errors: vertices, edge midpoints, both up to 3 ulp off, and cell borders of the index.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import geopandas
import numpy as np
import shapely

from geo.assign import GridIndex, NestedIndex, replay

SHAPES = {300: (15, 20), 4_000: (50, 80), 78_000: (260, 300)}
CRS = 32651


def seconds(work, repeat=3):
    best, result = np.inf, None
    for _ in range(repeat):
        start = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - start)
    return best, result


def wiggles(ax, ay, bx, by, rng, low, high):
    """(n, high + 1) x and y along lines from a to b, and (n,) how many vertices to use, the end excluded."""
    count = rng.integers(low, high + 1, len(ax))
    t = np.minimum(np.arange(high + 1) / count[:, None], 1)
    wave = np.arange(1, 7)
    offset = rng.uniform(-0.2, 0.2, t.shape) / count[:, None] * np.sin(np.pi * t)
    for k in wave:
        offset += rng.uniform(-0.05, 0.05, (len(ax), 1)) / k**2 * np.sin(np.pi * k * t)
    offset[:, 0] = 0
    dx, dy = (bx - ax)[:, None], (by - ay)[:, None]
    return ax[:, None] + dx * t - dy * offset, ay[:, None] + dy * t + dx * offset, count


def coverage(rows, columns, low=15, high=37, size_m=500.0, seed=0):
    """(rows * columns,) Polygons of a noded coverage, row after row from the south-west."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0))
    x, y = ((v + rng.uniform(-0.12, 0.12, v.shape)) * size_m + shift for v, shift in ((x, 250_000), (y, 3_300_000)))
    lines = [
        wiggles(*(v.ravel() for v in (x[:, :-1], y[:, :-1], x[:, 1:], y[:, 1:])), rng, low, high),
        wiggles(*(v.ravel() for v in (x[:-1], y[:-1], x[1:], y[1:])), rng, low, high),
    ]
    rings, owners = [], []
    for grid in range(rows * columns):
        r, c = divmod(grid, columns)
        ends = ((r, c), (r, c + 1), (r + 1, c + 1), (r + 1, c))
        sides = (
            (0, grid, 1),
            (1, r * (columns + 1) + c + 1, 1),
            (0, grid + columns, -1),
            (1, r * (columns + 1) + c, -1),
        )
        for corner, (which, line, direction) in zip(ends, sides, strict=True):
            lx, ly, count = lines[which]
            inner = np.column_stack([lx[line, 1 : count[line]], ly[line, 1 : count[line]]])[::direction]
            rings += [[[x[corner], y[corner]]], inner]
        rings.append([[x[r, c], y[r, c]]])
        owners.append(sum(len(piece) for piece in rings[-9:]))
    return shapely.polygons(
        shapely.linearrings(np.concatenate(rings), indices=np.repeat(np.arange(rows * columns), owners))
    )


def uniform(grids, n, seed=1):
    west, south, east, north = shapely.total_bounds(grids)
    rng = np.random.default_rng(seed)
    return rng.uniform(west, east, n), rng.uniform(south, north, n)


def hostile(index, grids, n=20_000, seed=2):
    """Points at which a careless sign or a rounded cell would go wrong."""
    rng = np.random.default_rng(seed)
    coords = shapely.get_coordinates(grids)
    i = rng.integers(0, len(coords) - 1, n)
    points = [coords[i], (coords[i] + coords[i + 1]) / 2]
    for base in points[:2]:
        near = base
        for _ in range(3):
            near = np.nextafter(near, rng.choice([-np.inf, np.inf], near.shape))
            points.append(near)
    x0, y0, w, h, _ = index.raster.frame
    border = np.floor((coords[i] - (x0, y0)) / (w, h)) * (w, h) + (x0, y0)
    points += [np.column_stack([border[:, 0], coords[i, 1]]), np.column_stack([coords[i, 0], border[:, 1]]), border]
    return np.ascontiguousarray(np.concatenate(points).T)


def differing(index, grids):
    x, y = hostile(index, grids)
    point, grid = shapely.STRtree(grids).query(shapely.points(x, y), predicate="intersects")
    wanted = np.full(len(x), len(grids))
    np.minimum.at(wanted, point, grid)
    return int((index.locate(x, y) != np.where(wanted == len(grids), -1, wanted)).sum()), len(x)


def with_sjoin(grids, points):
    left = geopandas.GeoDataFrame(geometry=points, crs=CRS)
    right = geopandas.GeoDataFrame(geometry=grids, crs=CRS)
    right.sindex  # noqa: B018
    return lambda: len(geopandas.sjoin(left, right, predicate="intersects"))


def with_shapely(grids, points):
    tree, x, y = shapely.STRtree(grids), shapely.get_x(points), shapely.get_y(points)
    shapely.prepare(grids)

    def run():
        point, grid = tree.query(points)
        return int(shapely.contains_xy(grids[grid], x[point], y[point]).sum())

    return run


def with_sedonadb(grids, points):
    import sedonadb

    session = sedonadb.connect()
    for name, shapes in (("points", points), ("grids", grids)):
        frame = geopandas.GeoDataFrame({"id": np.arange(len(shapes))}, geometry=shapes, crs=CRS)
        session.create_data_frame(frame).to_memtable().to_view(name)
    query = "SELECT p.id, g.id AS grid FROM points p JOIN grids g ON ST_Intersects(p.geometry, g.geometry)"
    return lambda: len(session.sql(query).to_pandas())


def with_duckdb(grids, points):
    import duckdb
    import duckdb_extensions
    import pyarrow as pa

    duckdb_extensions.import_extension("spatial")
    base = duckdb.connect()
    base.sql("LOAD spatial")
    for name, shapes in (("points", points), ("grids", grids)):
        table = pa.table({"id": np.arange(len(shapes)), "wkb": pa.array(shapely.to_wkb(shapes).tolist())})
        base.register("arrow", table)
        base.sql(f"CREATE TABLE {name} AS SELECT id, ST_GeomFromWKB(wkb) AS geom FROM arrow")
    query = "SELECT p.id, g.id AS grid FROM points p JOIN grids g ON ST_Intersects(p.geom, g.geom)"
    return lambda: base.sql(query).to_arrow_table().num_rows


PEERS = {
    "geopandas.sjoin": with_sjoin,
    "shapely STRtree + prepared contains_xy": with_shapely,
    "SedonaDB": with_sedonadb,
    "DuckDB spatial": with_duckdb,
}


def peer_times(grids, points):
    """Seconds a point of each peer; a peer that cannot run says why instead."""
    times = {}
    for name, prepare in PEERS.items():
        try:
            run = prepare(grids.copy(), points)
            times[name] = seconds(run, 2)[0] / len(points)
        except Exception as problem:  # noqa: BLE001
            times[name] = f"not measured: {type(problem).__name__} {problem}".splitlines()[0][:80]
    return times


def single(index, x, y):
    """Median nanoseconds of a call from Python, the clock's own time included."""
    clock, spent = time.perf_counter_ns, []
    for px, py in zip(x[:20_000].tolist(), y[:20_000].tolist(), strict=True):
        start = clock()
        index.locate_one(px, py)
        spent.append(clock() - start)
    return float(np.median(spent))


def lookups(count, grids, sizes, peer_points):
    ids = np.arange(len(grids))
    GridIndex(grids[:50], ids[:50]).locate(*uniform(grids, 10))
    built, index = seconds(lambda: GridIndex(grids, ids), 1)
    small_built, small = seconds(lambda: GridIndex(grids, ids, compact=True), 1)
    x, y = uniform(grids, peer_points)
    peers = peer_times(grids, shapely.points(x, y))
    wrong, asked = differing(index, grids)
    print(
        f"\n{count:,} grids, {shapely.get_num_coordinates(grids).mean():.0f} vertices each; built in {built:.1f} s, "
        f"{index.nbytes / 1e6:.0f} MB (compact {small_built:.1f} s, {small.nbytes / 1e6:.0f} MB); {wrong} of {asked:,} "
        f"hostile points differ from shapely; single lookup {single(index, x, y):.0f} ns\n"
    )
    print("| points | package | ns a point | times ours |\n| ---: | --- | ---: | ---: |")
    for n in sizes:
        x, y = uniform(grids, n)
        ours = seconds(lambda x=x, y=y: index.locate(x, y), 5)[0] / n
        compact = seconds(lambda x=x, y=y: small.locate(x, y), 5)[0] / n
        print(f"| {n:,} | **geo.assign** | {ours * 1e9:.1f} | 1 |")
        print(f"| {n:,} | geo.assign, compact | {compact * 1e9:.1f} | {compact / ours:.1f} |")
        for name, spent in peers.items():
            told = spent if isinstance(spent, str) else f"{spent * 1e9:,.0f} | {spent / ours:,.0f}"
            print(f"| {n:,} | {name} | {told} |", flush=True)
    return index


def changes(index, grids, reports):
    """What a redrawn grid, a restart and a replay cost."""
    rng, spent = np.random.default_rng(3), []
    for grid in rng.integers(0, len(grids), 20):
        moved = shapely.transform(grids[grid], lambda c: c + 1.0)
        spent.append(seconds(lambda moved=moved, grid=grid: index.replace([moved], [grid]), 1)[0])
    some = rng.choice(len(grids), 20, replace=False)
    draft = index.replace([shapely.transform(grids[g], lambda c: c + 20.0) for g in some], some)
    x, y = uniform(grids, reports)
    replayed, moves = seconds(lambda: replay(index, draft, x, y), 2)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "grids.index"
        saved, _ = seconds(lambda: index.save(file), 1)
        checked, _ = seconds(lambda: GridIndex.load(file))
        mapped, _ = seconds(lambda: GridIndex.load(file, verify=False))
    print(f"\n| {len(grids):,} grids | ms |\n| --- | ---: |")
    print(f"| one grid redrawn, median of 20 (slowest) | {np.median(spent) * 1e3:.0f} ({max(spent) * 1e3:.0f}) |")
    print(f"| saved to disk | {saved * 1e3:.0f} |\n| loaded, checksums compared | {checked * 1e3:.0f} |")
    print(f"| loaded, header only | {mapped * 1e3:.1f} |")
    print(f"| {reports:,} reports replayed, {len(moves.point):,} change hands | {replayed * 1e3:.0f} |", flush=True)


def merged(grids, rows, columns, side):
    """Grids of a lattice joined in squares of side x side."""
    place = np.arange(rows * columns)
    group = place // columns // side * -(-columns // side) + place % columns // side
    return np.array([shapely.coverage_union_all(grids[group == g]) for g in np.unique(group)])


def four_levels(n):
    rows, columns = SHAPES[4_000]
    micro = coverage(rows, columns)
    levels = {side: merged(micro, rows, columns, side) for side in (25, 10, 2)}
    levels[1] = micro
    index = NestedIndex({str(side): (shapes, np.arange(len(shapes))) for side, shapes in levels.items()})
    x, y = uniform(micro, n)
    ours, found = seconds(lambda: index.locate(x, y), 5)
    points = shapely.points(x, y)
    theirs = sum(seconds(with_sjoin(shapes, points), 1)[0] for shapes in levels.values())
    alone = [GridIndex(shapes, np.arange(len(shapes))).locate(x, y) for shapes in levels.values()]
    wrong = int((found != np.column_stack(alone)).sum())
    sizes = " / ".join(f"{len(shapes):,}" for shapes in levels.values())
    print(
        f"\nFour levels ({sizes}), {n:,} points: {ours * 1e9 / n:.1f} ns a point, four sjoins {theirs * 1e9 / n:,.0f}: "
        f"{theirs / ours:.0f} times; {wrong} differ from four single indices"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grids", type=int, nargs="+", choices=SHAPES, default=[300, 4_000])
    parser.add_argument("--points", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--peer-points", type=int, default=200_000)
    parser.add_argument("--reports", type=int, default=12_000_000)
    options = parser.parse_args()
    for count in options.grids:
        grids = coverage(*SHAPES[count])
        index = lookups(count, grids, options.points, options.peer_points)
    changes(index, grids, options.reports)
    four_levels(options.peer_points)
    print(f"\nLargest memory of the whole run: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")


if __name__ == "__main__":
    main()
