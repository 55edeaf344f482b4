"""Time exact kernel density beside other packages on real events; prints a markdown table.

    python bench/density.py --data ../shared/data            # events of London and Houston
    python bench/density.py --data ... --cells 1024 --peer-share 0.01

Peers are measured if they can be imported: scikit-learn (KernelDensity), SciPy (gaussian_kde), libkdv (SLAM in C++)
and KDEpy (FFTKDE, which bins). Slow ones compute a share of the cells only, and their time is scaled up; the table
says so. `error` is the largest difference from the plain sum over all pairs on 200 cells, relative to the largest
value.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from pyproj import Transformer

from geo.density import add, intensity


def london(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    rows = pd.read_csv(folder / "london-crime-wards/london_crime_2018-01_2018-06.csv.gz", usecols=["lon", "lat"])
    return Transformer.from_crs(4326, 27700, always_xy=True).transform(rows["lon"].to_numpy(), rows["lat"].to_numpy())


def houston(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    rows = pd.read_csv(folder / "houston-crime-2010/houston_crime_2010.csv.gz", usecols=["lon", "lat"])
    return Transformer.from_crs(4326, 32615, always_xy=True).transform(rows["lon"].to_numpy(), rows["lat"].to_numpy())


def seconds(work, repeat=3):
    best, result = np.inf, None
    for _ in range(repeat):
        start = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - start)
    return best, result


def centres(bounds, shape):
    west, south, east, north = bounds
    x = west + (np.arange(shape[1]) + 0.5) * (east - west) / shape[1]
    y = north - (np.arange(shape[0]) + 0.5) * (north - south) / shape[0]
    return np.column_stack([a.ravel() for a in np.meshgrid(x, y)])


def plain_sum(x, y, cells, bandwidth, kernel):
    found = np.empty(len(cells))
    for i, (cx, cy) in enumerate(cells):
        u2 = ((x - cx) ** 2 + (y - cy) ** 2) / bandwidth**2
        value = {
            "quartic": lambda u2=u2: 3 / np.pi * np.clip(1 - u2, 0, None) ** 2,
            "epanechnikov": lambda u2=u2: 2 / np.pi * np.clip(1 - u2, 0, None),
            "gaussian": lambda u2=u2: np.exp(-u2 / 2) / 2 / np.pi,
        }[kernel]()
        found[i] = value.sum() * 1e6 / bandwidth**2
    return found


def peers(x, y, bounds, shape, bandwidth, share):
    """(name, kernel, seconds, remark) of every peer that is installed."""
    cells = centres(bounds, shape)
    some = np.random.default_rng(0).choice(len(cells), max(1, int(len(cells) * share)), replace=False)
    events = np.column_stack((x, y))
    try:
        from sklearn.neighbors import KernelDensity

        for kernel in ("epanechnikov", "gaussian"):
            part = some if kernel == "epanechnikov" else some[: max(1, len(some) // 10)]
            model = KernelDensity(bandwidth=bandwidth, kernel=kernel).fit(events)
            spent, _ = seconds(lambda model=model, part=part: model.score_samples(cells[part]), 1)
            yield "scikit-learn KernelDensity", kernel, spent * len(cells) / len(part), f"{len(part):,} cells, scaled"
    except ImportError:
        yield "scikit-learn KernelDensity", "", np.nan, "not installed"
    try:
        from scipy.stats import gaussian_kde

        part = some[: max(1, len(some) // 10)]
        model = gaussian_kde(events.T, bw_method=bandwidth / x.std())
        spent, _ = seconds(lambda: model(cells[part].T), 1)
        yield "SciPy gaussian_kde", "gaussian", spent * len(cells) / len(part), f"{len(part):,} cells, scaled"
    except ImportError:
        yield "SciPy gaussian_kde", "", np.nan, "not installed"
    try:
        from libkdv import kdv

        def slam():
            sizes = {"row_pixels": shape[0], "col_pixels": shape[1], "bandwidth": bandwidth, "num_threads": 2}
            return kdv(events, GPS=False, **sizes).compute()

        yield "libkdv (SLAM)", "epanechnikov", seconds(slam, 1)[0], "its own text exchange included"
    except ImportError:
        yield "libkdv (SLAM)", "", np.nan, "not installed"
    try:
        from KDEpy import FFTKDE

        low, high = np.array(bounds[:2]) - bandwidth * 9, np.array(bounds[2:]) + bandwidth * 9
        mesh = np.stack(np.meshgrid(*np.linspace(low, high, shape[0]).T, indexing="ij"), -1).reshape(-1, 2)
        scaled = FFTKDE(kernel="gaussian", bw=1).fit(events / bandwidth)
        yield "KDEpy FFTKDE", "gaussian", seconds(lambda: scaled.evaluate(mesh / bandwidth))[0], "binned, not exact"
    except ImportError:
        yield "KDEpy FFTKDE", "", np.nan, "not installed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared/data")
    parser.add_argument("--cells", type=int, default=512, help="rows and columns")
    parser.add_argument("--peer-share", type=float, default=0.01, help="share of the cells that slow peers compute")
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    print("| events | cells | bandwidth | kernel | program | seconds | × ours | error | remark |")
    print("| --- | --- | --- | --- | --- | ---: | ---: | ---: | --- |")
    for name, load in (("London", london), ("Houston", houston)):
        x, y = load(options.data)
        usable = np.isfinite(x) & np.isfinite(y)
        west, east = np.quantile(x[usable], (0.005, 0.995))
        south, north = np.quantile(y[usable], (0.005, 0.995))
        inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)  # libkdv takes their extent as its raster
        for bandwidth in (300.0, 1000.0, 5000.0):
            measure(name, x[inside], y[inside], (west, south, east, north), bandwidth, options)


def measure(name, x, y, bounds, bandwidth, options):
    shape = (options.cells, options.cells)
    cells = centres(bounds, shape)[np.random.default_rng(1).choice(shape[0] * shape[1], 200, replace=False)]
    wide = bandwidth / (bounds[2] - bounds[0]) * shape[1]
    head = f"| {name}, {len(x):,} | {shape[0]} × {shape[1]} | {bandwidth:.0f} m = {wide:.0f} cells |"
    ours = {}
    for kernel in ("quartic", "epanechnikov", "gaussian"):
        setting = {"bounds": bounds, "bandwidth_m": bandwidth, "kernel": kernel}
        intensity(x[:99], y[:99], shape=shape, **setting)
        ours[kernel], raster = seconds(lambda setting=setting: intensity(x, y, shape=shape, **setting))
        expected = plain_sum(x, y, cells, bandwidth, kernel)
        found = intensity_at(raster, bounds, cells)
        error = np.abs(found - expected).max() / expected.max()
        print(f"{head} {kernel} | geo.density | {ours[kernel]:.2f} | 1 | {error:.0e} | all cells |", flush=True)
    raster = np.zeros(shape)
    single, _ = seconds(lambda: add(raster, x[:1], y[:1], bounds=bounds, bandwidth_m=bandwidth), 20)
    print(f"{head} quartic | geo.density.add, one event | {single:.6f} | | | |", flush=True)
    if options.no_peers or bandwidth != 1000.0:
        return
    for program, kernel, spent, remark in peers(x, y, bounds, shape, bandwidth, options.peer_share):
        ratio = spent / ours.get(kernel, np.nan)
        print(f"{head} {kernel} | {program} | {spent:.1f} | {ratio:.0f} | | {remark} |", flush=True)


def intensity_at(raster, bounds, cells):
    west, south, east, north = bounds
    col = ((cells[:, 0] - west) / (east - west) * raster.shape[1]).astype(int)
    row = ((north - cells[:, 1]) / (north - south) * raster.shape[0]).astype(int)
    return raster[row, col]


if __name__ == "__main__":
    main()
