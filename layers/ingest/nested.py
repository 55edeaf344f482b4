"""Areas against their parents and their neighbours."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import geopandas as gpd
import pandas as pd

from geo.coverage import nesting, overlaps
from layers.ingest.arrays import Array, only
from layers.ingest.batch import Batch
from layers.ingest.result import Notes, some
from layers.ingest.territory import LEVELS, WORDS, Territory, rows_of, standing
from layers.tables import SRID, GridLevel

MOST_OUTSIDE = 0.01
"""Share of its area that may lie outside the parent: digitising stays under it, a wrong parent or system does not."""

WORTH_A_WARNING = 1e-4


def refuse_leaving(
    batch: Batch, rows: Array, parents: gpd.GeoSeries, metric: Any, words: tuple[str, str], notes: Notes
) -> None:
    shares = outside_shares(
        gpd.GeoSeries(batch.geometry[rows], index=rows, crs=SRID), parents, batch.fields["parent_code"][rows], metric
    )
    slight = 0
    for row, share in zip(shares.index.to_numpy(dtype=int), shares, strict=True):
        if share > MOST_OUTSIDE:
            parent = batch.fields["parent_code"][row]
            verb = "lies outside" if share > 0.995 else "crosses the border of"
            batch.reject(
                only(row, len(batch)),
                f"the {words[0]} {verb} its {words[1]} {parent}: {share:.1%} of its area is outside",
            )
        elif share > WORTH_A_WARNING:
            slight += 1
    if slight:
        notes.warn(
            f"{slight} {words[0]}s reach over the border of their {words[1]}, by less than {MOST_OUTSIDE:.0%} of it."
        )


def outside_shares(children: gpd.GeoSeries, parents: gpd.GeoSeries, parent_of: Any, metric: Any) -> pd.Series:
    """Share of each child's area that lies outside its parent, for those that leave it at all."""
    if children.empty:
        return pd.Series(dtype=float)
    wanted = parents[parents.index.isin(set(parent_of))]
    inside = children.to_crs(metric)
    found = nesting(inside, wanted.to_crs(metric), parent_of)
    child = pd.Series([ids[0] for ids in found["ids"]], dtype=object)
    area = found["area_m2"].groupby(child.to_numpy()).sum()
    shares: pd.Series = area / inside.area.reindex(area.index)
    return shares


def warn_of_orphans(batch: Batch, territory: Territory, metric: Any, notes: Notes) -> None:
    """A town redrawn may leave villages that are already in force outside."""
    for above, level in pairwise(LEVELS):
        rows = rows_of(batch, above)
        replaced = set(batch.fields["code"][rows]) & set(territory.frame.index)
        below = territory.of_level(level)
        below = below[below["parent_code"].isin(replaced) & ~below.index.isin(batch.fields["code"][batch.good])]
        if below.empty:
            continue
        shares = outside_shares(
            below.geometry, standing(batch, territory, above), below["parent_code"].to_numpy(), metric
        )
        left = [str(code) for code, share in shares.items() if share > MOST_OUTSIDE]
        if left:
            notes.warn(f"{len(left)} {WORDS[level]}s in force now leave their {WORDS[above]}: {some(left)}.")


def warn_of_overlaps(batch: Batch, territory: Territory, level: GridLevel, metric: Any, notes: Notes) -> None:
    new = set(batch.fields["code"][rows_of(batch, level)])
    if not new:
        return
    shapes = standing(batch, territory, level).to_crs(metric)
    area = shapes.area
    found = overlaps(shapes, tolerance_m2=1.0)
    shared: dict[tuple[str, str], float] = {}
    for (one, other), piece in zip(found["ids"], found["area_m2"], strict=True):
        if one in new or other in new:
            shared[one, other] = shared.get((one, other), 0.0) + piece
    told = [
        f"{one} and {other} ({size:,.0f} m²)"
        for (one, other), size in shared.items()
        if size > WORTH_A_WARNING * min(area[one], area[other])
    ]
    if told:
        notes.warn(f"{len(told)} pairs of {WORDS[level]}s overlap: {some(told, 5)}.")
