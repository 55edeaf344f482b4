"""What a village allows before anything is drawn: how many grids fit it, and how well."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from geo.draw.request import band_of
from geo.errors import GeoError


def feasibility(
    households: Any,
    parent: Any,
    *,
    target: float = 300,
    tolerance: float = 0.1,
    limits: tuple[float, float] | None = None,
) -> pd.DataFrame:
    """Say for each village whether it can be cut into grids of its own that all keep the band.

    A village of H households fits k grids when low <= H / k <= high. This is a statement about numbers: blocks too
    large to share out evenly can still spoil it.

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
    which the grids must then differ from the target; `verdict`: "fits", "too_small" (fewer households than a grid may
    have), "between" (too many for k grids and too few for k + 1) or "empty"

    Raises
    ------
    GeoError : lengths differ, a village is missing, or a number is negative, missing or out of range

    Examples
    --------
    >>> feasibility([100, 290, 160], ["a", "b", "b"])[["households", "best", "verdict"]].values.tolist()
    [[100.0, 1, 'too_small'], [450.0, 2, 'between']]
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
    total = pd.Series(count).groupby(codes, sort=True).sum()
    rows = []
    for size in total:
        fewest, most = band.counts(size) if size > 0 else (1, 0)
        fits = fewest <= most
        best = band.best_count(size) if size > 0 else 0
        verdict = "empty" if size == 0 else "fits" if fits else "too_small" if size < band.low else "between"
        least = abs(size / best - band.target) / band.target if best else np.nan
        rows.append((size, fewest if fits else 0, most if fits else 0, best, least, verdict))
    columns = ["households", "fewest", "most", "best", "min_deviation", "verdict"]
    return pd.DataFrame(rows, columns=columns, index=total.index.rename("village"))
