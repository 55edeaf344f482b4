"""What villages and separate pieces of ground allow before anything is drawn: how many grids fit, and how well."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.adjacency import rook
from geo.draw.graph import components
from geo.draw.request import GRAIN, Band, band_of
from geo.errors import GeoError


class Room(NamedTuple):
    """What the blocks of one village or piece of ground allow; the columns of `feasibility`."""

    households: float
    fewest: int
    most: int
    best: int
    min_deviation: float
    oversize: int
    out_of_band: int
    verdict: str


def feasibility(
    households: Any,
    parent: Any,
    *,
    target: float = 300,
    tolerance: float = 0.1,
    limits: tuple[float, float] | None = None,
) -> pd.DataFrame:
    """Say for each village whether it can be cut into grids of its own that all keep the band, and if not, why.

    A village of H households fits k grids when low <= H / k <= high. A block with more households than a grid may have
    makes a grid out of band, and the rest of its village is counted without it. What is said is certain where it says
    no; where it says yes, the place of the blocks can still spoil it. With `separate_parts` as `parent` it tells what
    no drawing of the whole area can put in band.

    Parameters
    ----------
    households : (n,) households of each block, >= 0
    parent : (n,) village code of each block
    target : households a grid should have
    tolerance : share of the target by which a grid may differ from it
    limits : (low, high) households of a grid instead of `tolerance`

    Returns
    -------
    Frame on the sorted village codes: `households`; `fewest` and `most`, the numbers of grids that fit the band, both 0
    where none does; `best`, the number whose mean comes nearest to the target; `min_deviation`, the largest share by
    which the grids must then differ from the target; `oversize`, blocks with more households than a grid may have;
    `out_of_band`, grids of that number that miss the band at least; `verdict`: "fits", "oversize" (it has such blocks),
    "too_small" (fewer households than a grid may have), "between" (too many for k grids and too few for k + 1),
    "coarse" (no set of its blocks adds up to a grid in the band) or "empty"

    Raises
    ------
    GeoError : lengths differ, a village is missing, or a number is negative, missing or out of range

    Notes
    -----
    Time grows with the number of blocks times `target`, where the blocks of a village add up to no grid.

    Examples
    --------
    >>> feasibility([100, 290, 160], ["a", "b", "b"])[["households", "best", "verdict"]].values.tolist()
    [[100.0, 1, 'too_small'], [450.0, 2, 'between']]
    >>> feasibility([700, 310], ["a", "a"])[["best", "out_of_band", "verdict"]].values.tolist()
    [[2, 1, 'oversize']]
    """
    band = band_of(target, tolerance, limits)
    count = np.asarray(households, dtype=float)
    codes = np.asarray(parent)
    if count.ndim != 1 or codes.shape != count.shape:
        raise GeoError(
            f"households and parent must have one value for each block, not {count.shape} and {codes.shape}."
        )
    if not (np.isfinite(count) & (count >= 0)).all():
        raise GeoError("households must be numbers >= 0; write 0 for empty blocks.")
    if pd.isna(codes).any():
        raise GeoError(f"{int(pd.isna(codes).sum())} blocks have no village in parent.")
    place, names = pd.factorize(codes, sort=True)
    order = np.argsort(place, kind="stable")
    members = np.split(count[order], np.searchsorted(place[order], np.arange(1, len(names)))) if len(names) else []
    index = pd.Index(names, name="village")
    return pd.DataFrame([_room(blocks, band) for blocks in members], columns=list(Room._fields), index=index)


def separate_parts(geometries: Any) -> NDArray[np.int64]:
    """(n,) number of the piece of ground that each block belongs to; no grid can span two of them.

    Pieces hang together by shared edges and are numbered by their first block; a block without a geometry is a piece
    of its own.

    Examples
    --------
    >>> from shapely import box
    >>> separate_parts([box(0, 0, 1, 1), box(5, 0, 6, 1), box(1, 0, 2, 1)]).tolist()
    [0, 1, 0]
    """
    edges, _ = rook(geometries)
    return components(len(geometries), edges)


def _room(blocks: NDArray[np.float64], band: Band) -> Room:
    """What blocks (b,) with these households allow."""
    total = float(blocks.sum())
    large = blocks > band.high
    oversize, rest = int(large.sum()), float(blocks[~large].sum())
    if total == 0:
        return Room(total, 0, 0, 0, np.nan, 0, 0, "empty")
    fewest, most = band.counts(rest) if rest > 0 else (0, 0)
    best = band.best_count(rest) if rest > 0 else 0
    means = [*blocks[large], *([rest / best] if best else [])]
    if oversize and 0 < rest < band.low:  # it goes to the grid of an oversize block
        fewest, most, best = 0, 0, 0
        means = [*np.sort(blocks[large])[1:], float(blocks[large].min()) + rest]
    deviation = float(max(abs(np.array(means) - band.target)) / band.target)
    if fewest > most:
        verdict, out = ("too_small" if rest < band.low else "between"), 1
    elif best and (off := _sum_off(blocks[~large], band)) > 0:
        verdict, out, deviation = "coarse", best, max(deviation, off / band.target)
    else:
        verdict, out = "fits", 0
    if oversize or out:
        fewest, most = 0, 0
    verdict = "oversize" if oversize else verdict
    return Room(total, fewest, most, oversize + best, deviation, oversize, oversize + out, verdict)


def _sum_off(blocks: NDArray[np.float64], band: Band) -> float:
    """By how much the sum of some blocks differs from the target at the least; 0 where one lies in the band.

    The sums that blocks add up to are the bits of one number.
    """
    scale = 1 if (blocks == np.round(blocks)).all() else int(GRAIN)
    low, high = int(np.ceil(band.low * scale - 1e-6)), int(np.floor(band.high * scale + 1e-6))
    wanted = (1 << (high + 1)) - (1 << low)
    mask = (1 << (2 * high + 1)) - 1
    seen = 1
    for size in np.round(blocks[blocks > 0] * scale).astype(np.int64).tolist():
        seen |= (seen << size) & mask
        if seen & wanted:
            return 0.0
    sums = np.flatnonzero(np.frombuffer(bin(seen)[:1:-1].encode(), np.uint8) == ord("1"))[1:] / scale
    return float(abs(sums - band.target).min())
