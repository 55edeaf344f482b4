# ruff: noqa: E501 - a Chinese character counts as two columns, and a path of SVG is one line
"""How often a noisy address finds its grid, how sure the geocoder is of it, and how fast it is; prints markdown.

    python bench/geocode.py [--seeds 1 2 3 4] [--households 4000] [--each 300] [--plot FILE.svg] [--million 1000000]

Towns are generated, their grids drawn, and their standard addresses written again with each kind of noise of
`address_noise.py`, seeds fixed. The truth is the grid of the address that was written. The confidence was fitted on
towns of other seeds (11 to 18). `--million` measures speed and memory on a library of that many standard addresses: two
towns of 12,000 households over and over under other names, so that every road and many villages share their names
with dozens of others.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from address_noise import KINDS, ORDER, parts_of

from geo.blocks import building_blocks
from geo.crs import metric_crs
from geo.draw import draw_grids
from geo.town import Town, make_town
from geo.town.names import _SURNAMES, town_names
from layers.geocode import Library
from layers.geocode.batch import HEADERS, geocode_rows
from layers.geocode.build import Builder
from layers.geocode.distance import distance_m
from layers.geocode.names import Kind
from layers.geocode.refresh import editable, put
from layers.geocode.roads import Crossings
from layers.geocode.territory import Territory

PLACES = {"HAMLET": Kind.HAMLET, "ESTATE": Kind.ESTATE, "LANDMARK": Kind.PLACE}


def grids_of(town: Town) -> gpd.GeoDataFrame:
    """Grids of about 300 households in a town, code and name, EPSG:4326."""
    crs = metric_crs(tuple(town.villages.total_bounds))
    homes = gpd.GeoDataFrame(
        town.household_points[["households"]],
        geometry=gpd.points_from_xy(town.household_points["lon"], town.household_points["lat"]),
        crs=4326,
    ).to_crs(crs)
    villages = town.villages.set_index("code").geometry.to_crs(crs)
    blocks = building_blocks(
        villages,
        homes,
        buildings=town.buildings.geometry.to_crs(crs),
        roads=town.roads.geometry.to_crs(crs),
        water=town.water.geometry.to_crs(crs),
    )
    column = next(name for name in blocks.columns if name.startswith(("village", "parent", "code")))
    labels = draw_grids(blocks, target=300, parent=blocks[column], nesting="strict_nesting", effort="fast")
    frame = blocks.assign(grid=labels).dissolve("grid").reset_index()
    frame["serial"] = frame.groupby(column).cumcount() + 1
    frame["code"] = [f"{village}{serial:03d}" for village, serial in zip(frame[column], frame["serial"], strict=True)]
    frame["name"] = frame["code"]
    return frame[["code", "name", "geometry"]].to_crs(4326)


@cache
def town_with_grids(households: int, seed: int) -> tuple[Town, gpd.GeoDataFrame]:
    """A generated town and its grids."""
    town = make_town(households, seed=seed)
    return town, grids_of(town)


def library_of(towns: list[Town], grids: list[gpd.GeoDataFrame]) -> Library:
    """A library as `Library.of` makes it from loaded tables."""
    built = Builder()
    lines: dict[str, list[shapely.Geometry]] = {}
    for town in towns:
        table = town.addresses.astype(object).where(town.addresses.notna() & (town.addresses != ""), None)
        columns = {name: table[name].tolist() for name in table.columns}
        points = town.addresses[["lon", "lat"]].to_numpy(dtype=float)
        built.add_addresses(columns, columns["full_text"], columns["address_key"], points, np.zeros(len(table), bool))
    count = built.count
    for town in towns:
        named = town.places
        built.add_places(
            [PLACES[kind] for kind in named["kind"]],
            named["name"].tolist(),
            shapely.get_coordinates(named.geometry.to_numpy()),
        )
        for name, line in zip(town.roads["name"], town.roads.geometry, strict=True):
            if isinstance(name, str) and name:
                lines.setdefault(name, []).append(line)
    for name, parts in lines.items():
        built.add_roads([name] * len(parts), np.array(parts, dtype=object))
    frames = [pd.concat([getattr(town, layer) for town in towns]) for layer in ("town", "villages")]
    areas = [Territory.of(gpd.GeoDataFrame(frame)) for frame in (*frames, pd.concat(grids))]
    library = Library(built, *areas, crossings=Crossings(lines))
    library.ids = np.arange(count)
    return library


@dataclass(frozen=True)
class Scores:
    """What became of some noisy addresses, (n,) each."""

    kind: np.ndarray
    confidence: np.ndarray
    right: np.ndarray
    accepted: np.ndarray
    wrong: np.ndarray

    @classmethod
    def of(cls, library: Library, cases: Sequence[tuple[str, str, float, float]]) -> Scores:
        kind, texts, lon, lat = zip(*cases, strict=True)
        truth = library.cells.locate(np.array(lon), np.array(lat))[0]
        answers = library.geocode(texts)
        first = np.array([one.candidates[0].grid_code if one.candidates else None for one in answers], dtype=object)
        accepted = np.array([one.accepted for one in answers])
        right = first == truth
        return cls(np.array(kind), np.array([one.confidence for one in answers]), right, accepted, accepted & ~right)

    @classmethod
    def joined(cls, parts: Sequence[Scores]) -> Scores:
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__))

    def line(self, name: str, rows: np.ndarray) -> str:
        accepted = int(self.accepted[rows].sum())
        wrong = f"{self.wrong[rows].sum() / accepted:.2%}" if accepted else "–"
        return f"| {name} | {rows.sum():,} | {self.right[rows].mean():.1%} | {accepted / rows.sum():.1%} | {wrong} |"


def noisy(town: Town, each: int, seed: int) -> list[tuple[str, str, float, float]]:
    """(kind, text, lon, lat) of `each` addresses a kind."""
    rng = random.Random(seed)
    rows = town.addresses.to_dict("records")
    return [
        (kind, make(rng, parts_of(row)), row["lon"], row["lat"])
        for kind, make in KINDS.items()
        for row in rng.choices(rows, k=each)
    ]


def accuracy(seeds: Sequence[int], households: int, each: int) -> Scores:
    parts = []
    for seed in seeds:
        town, grids = town_with_grids(households, seed)
        parts.append(Scores.of(library_of([town], [grids]), noisy(town, each, seed)))
    scores = Scores.joined(parts)
    print(f"{len(seeds)} towns of {households:,} households (seeds {', '.join(map(str, seeds))})\n")
    print("| noise | addresses | right grid | accepted | wrong of those |\n| --- | ---: | ---: | ---: | ---: |")
    for kind in KINDS:
        print(scores.line(kind, scores.kind == kind))
    print(scores.line("**all**", np.ones(len(scores.kind), dtype=bool)))
    return scores


BINS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0)


def missing_numbers(seeds: Sequence[int], households: int) -> Scores:
    """A fifth of the house numbers is left out of the library, and their addresses are asked for with four noises."""
    parts, within = [], []
    for seed in seeds:
        (town, grids), rng = town_with_grids(households, seed), random.Random(seed)
        table = town.addresses
        house = table["road"].fillna("").ne("") & table["number"].fillna("").ne("")
        pairs = list(zip(table["road"], table["number"], strict=True))
        every = sorted({pair for pair, has in zip(pairs, house, strict=True) if has})
        gone = set(rng.sample(every, len(every) // 5))
        out = house & np.array([pair in gone for pair in pairs])
        library = library_of([replace(town, addresses=table[~out])], [grids])
        cases = [(kind, KINDS[kind](rng, parts_of(row)), row["lon"], row["lat"]) for row in table[out].to_dict("records")
                 for kind in ("clean", "typo", "dropped upper levels", "homophone or variant")]  # fmt: skip
        found = library.geocode([text for _, text, *_ in cases])
        mine = [(case, one) for case, one in zip(cases, found, strict=True)
                if any(step.reason == "between" for step in one.trace)]  # fmt: skip
        parts.append(Scores.of(library, [case for case, _ in mine]))
        within += [distance_m(one.lon, one.lat, *case[2:]) <= one.radius_m for case, one in mine]
    scores = Scores.joined(parts)
    print(
        "\n| house numbers between two neighbours | addresses | right grid | accepted | wrong of those | within the radius |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    print(f"{scores.line('four kinds', np.ones(len(scores.kind), dtype=bool))} {np.mean(within):.1%} |")
    return scores


def reliability(scores: Scores) -> list[tuple[float, float, int]]:
    """(mean confidence, share right, count) of each bin that has any; printed as a table."""
    out = []
    print("\n| confidence | addresses | said | right |\n| --- | ---: | ---: | ---: |")
    for low, high in pairwise(BINS):
        rows = (scores.confidence > low) & (scores.confidence <= high)
        if rows.any():
            said, right = float(scores.confidence[rows].mean()), float(scores.right[rows].mean())
            out.append((said, right, int(rows.sum())))
            print(f"| {low:g} – {high:g} | {rows.sum():,} | {said:.3f} | {right:.3f} |")
    error = sum(abs(said - right) * count for said, right, count in out) / sum(count for *_, count in out)
    print(f"\nExpected calibration error {error:.4f}.")
    return out


def plot(bins: Sequence[tuple[float, float, int]], path: Path) -> None:
    """A reliability diagram: what was said against what was right; the area of a dot is the count."""
    size, edge = 360, 48

    def at(value: float) -> float:
        return edge + value * size

    marks = "".join(
        f'<circle cx="{at(said):.1f}" cy="{at(1 - right):.1f}" r="{max(3.0, min(14.0, count**0.5 / 6)):.1f}" '
        f'fill="#2b6cb0" fill-opacity="0.75"><title>{count} addresses: said {said:.3f}, right {right:.3f}</title></circle>'
        for said, right, count in bins
    )
    ticks = "".join(
        f'<text x="{at(value):.0f}" y="{at(1) + 18:.0f}" text-anchor="middle">{value:g}</text>'
        f'<text x="{edge - 8}" y="{at(1 - value) + 4:.0f}" text-anchor="end">{value:g}</text>'
        f'<path d="M{at(value):.0f} {at(0):.0f}V{at(1):.0f}M{at(0):.0f} {at(1 - value):.0f}H{at(1):.0f}" stroke="#ddd"/>'
        for value in (0, 0.2, 0.4, 0.6, 0.8, 1)
    )
    whole = size + 2 * edge
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" font-family="sans-serif" font-size="12">'
        f'<rect width="{whole}" height="{whole}" fill="#fff"/>{ticks}'
        f'<path d="M{at(0):.0f} {at(1):.0f}L{at(1):.0f} {at(0):.0f}" stroke="#888" stroke-dasharray="4 4"/>{marks}'
        f'<text x="{whole / 2}" y="{whole - 8}" text-anchor="middle">stated confidence</text>'
        f'<text x="14" y="{whole / 2}" text-anchor="middle" transform="rotate(-90 14 {whole / 2})">share in the right grid'
        "</text></svg>\n",
        encoding="utf-8",
    )


def renamed(town: Town, grids: gpd.GeoDataFrame, serial: int, stem: str) -> tuple[Town, gpd.GeoDataFrame]:
    """The same town under other names and codes, a quarter of a degree further."""
    old, code = town.town["name"].iloc[0].removesuffix("镇"), f"{town.town['code'].iloc[0][:6]}{100 + serial:03d}"
    turn = serial % len(_SURNAMES)
    surname = dict(zip(_SURNAMES, _SURNAMES[turn:] + _SURNAMES[:turn], strict=True))
    east, north = serial % 12 * 0.25, serial // 12 * 0.25

    def other(name: Any) -> Any:
        return surname.get(name[0], name[0]) + name[1:] if isinstance(name, str) and name else name

    def local(name: Any) -> Any:
        return name.replace(old, stem) if isinstance(name, str) else name

    def moved(frame: gpd.GeoDataFrame, **columns: Any) -> gpd.GeoDataFrame:
        return frame.assign(geometry=frame.geometry.translate(east, north), **columns)

    def coded(codes: pd.Series) -> pd.Series:
        return code + codes.astype(str).str[9:]

    table = town.addresses
    tails = [row["full_text"][len("".join(v for n in ORDER[:-1] if isinstance(v := row.get(n), str))) :]
             for row in table.to_dict("records")]  # fmt: skip
    table = table.assign(
        town=f"{stem}镇", village=table["village"].map(other), hamlet=table["hamlet"].map(other),
        road=table["road"].map(local), village_code=coded(table["village_code"]),
        address_key=coded(table["address_key"]), lon=table["lon"] + east, lat=table["lat"] + north,
    )  # fmt: skip
    names = [name for name in ORDER[:-1] if name in table]
    texts = ["".join(v for v in row if isinstance(v, str)) for row in table[names].itertuples(index=False)]
    table = table.assign(full_text=[text + local(tail) for text, tail in zip(texts, tails, strict=True)])
    places = [other(n) if kind == "HAMLET" else local(n)
              for n, kind in zip(town.places["name"], town.places["kind"], strict=True)]  # fmt: skip
    copy = replace(
        town, addresses=table, town=moved(town.town, code=code, name=f"{stem}镇"),
        villages=moved(town.villages, code=coded(town.villages["code"]), name=town.villages["name"].map(other)),
        places=moved(town.places, name=places, village_code=coded(town.places["village_code"])),
        roads=moved(town.roads, name=town.roads["name"].map(local)),
    )  # fmt: skip
    return copy, moved(grids, code=coded(grids["code"]), name=coded(grids["code"]))


def resident_mb() -> float:
    """Memory of this process."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def renumbered(library: Library, table: pd.DataFrame) -> Library:
    """The library with other house numbers for its first addresses, as `layers.geocode.refresh` puts them in."""
    other, built = editable(library)
    table = table.where(table.notna() & (table != ""), None)
    table = table.assign(number=[f"{number.rstrip('号')}-9号" if number else None for number in table["number"]])
    columns = {name: table[name].tolist() for name in table.columns}
    texts = ["".join(columns[name][row] or "" for name in ORDER[:-1] if name in columns) for row in range(len(table))]
    points, ids = table[["lon", "lat"]].to_numpy(dtype=float), library.ids[: len(table)]
    built.add_addresses(columns, texts, columns["address_key"], points, np.zeros(len(table), bool))
    assert put(library, other, built, ids, library.ids[len(table) :])
    return other


def million(count: int, texts: int) -> None:
    bases = [(town, grids_of(town)) for town in (make_town(12_000, seed=seed) for seed in (5, 6))]
    stems = town_names(np.random.Generator(np.random.PCG64(1)), 400)
    copies: list[tuple[Town, gpd.GeoDataFrame]] = []
    while sum(len(town.addresses) for town, _ in copies) < count:
        serial = len(copies)
        copies.append(renamed(*bases[serial % 2], serial, stems[serial]))
    towns, grids = map(list, zip(*copies, strict=True))
    rng = random.Random(1)
    each = texts // (40 * len(KINDS)) + 1
    cases = [
        case for town in rng.sample(towns, min(40, len(towns))) for case in noisy(town, each, rng.randrange(10**6))
    ]
    edited = towns[0].addresses.iloc[:1_000].astype(object)
    full = sum(len(town.addresses) for town in towns)
    before, start = resident_mb(), time.perf_counter()
    library = library_of(towns, grids)
    built, memory = time.perf_counter() - start, resident_mb() - before
    del towns, grids, copies, bases
    gc.collect()
    gc.freeze()
    many = list(dict.fromkeys(text for _, text, *_ in cases))  # equal texts are looked up once
    library.geocode(many[:10])
    begun, start = time.process_time(), time.perf_counter()
    library.geocode(many)
    used, wall = time.process_time() - begun, time.perf_counter() - start
    start = time.perf_counter()
    rows = geocode_rows(library, many, workers=2)
    both = time.perf_counter() - start
    assert len(rows) == len(many)
    sure = np.mean([row[HEADERS.index("accepted")] == 1 for row in rows])
    scores = Scores.of(library, cases)
    begun = time.process_time()
    renumbered(library, edited).geocode(many[:1])
    renewed = time.process_time() - begun
    load = "/".join(f"{part:.1f}" for part in os.getloadavg())
    print("\n| a library of standard addresses | |\n| --- | ---: |")
    print(
        f"| standard addresses | {full:,} |\n| built in | {built:.1f} s |\n| memory: arrays | {library.nbytes / 1e6:,.0f} MB |"
    )
    print(f"| memory: the process grew by | {memory:,.0f} MB |")
    print(f"| addresses a second of processor time, one core | {len(many) / used:,.0f} |")
    print(f"| addresses a second, one process | {len(many) / wall:,.0f} |")
    print(
        f"| addresses a second, two processes | {len(many) / both:,.0f} |\n| load of the machine meanwhile | {load} |"
    )
    print(f"| 1,000 changed addresses put into it, processor time | {renewed:.2f} s |")
    print(f"| accepted, all kinds of noise (texts without a town fit dozens) | {sure:.1%} |")
    print(f"| wrong of those | {scores.wrong.sum() / max(1, scores.accepted.sum()):.2%} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3, 4])
    parser.add_argument("--households", type=int, default=4_000)
    parser.add_argument("--each", type=int, default=300, help="addresses of each kind of noise and town")
    parser.add_argument("--plot", type=Path, help="SVG file for the reliability diagram")
    parser.add_argument("--million", type=int, default=0, help="size of the library whose speed is measured")
    parser.add_argument("--texts", type=int, default=20_000, help="addresses that are timed")
    options = parser.parse_args()
    if options.seeds:
        bins = reliability(accuracy(options.seeds, options.households, options.each))
        reliability(missing_numbers(options.seeds, options.households))
        if options.plot:
            plot(bins, options.plot)
    if options.million:
        million(options.million, options.texts)


if __name__ == "__main__":
    sys.exit(main())
