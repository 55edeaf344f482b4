"""Weeks in which a grid has more reports than its own past lets one expect; a reason to look, not a verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import nbinom

BASELINE_WEEKS = 26
LEAST_BASELINE = 8
LEAST_COUNT = 5
FALSE_DISCOVERIES = 0.05


@dataclass(frozen=True)
class Bursts:
    """One entry for each of (a,) areas.

    count : reports of the week
    expected : the mean of the weeks before it; NaN where there are fewer than `LEAST_BASELINE`
    weeks : how many weeks before it count
    p : probability of so many or more, by the area's own past; NaN where there is no expectation
    flagged : whether the week stands out
    """

    count: np.ndarray
    expected: np.ndarray
    weeks: np.ndarray
    p: np.ndarray
    flagged: np.ndarray


def find_bursts(count: np.ndarray, history: np.ndarray, weeks: np.ndarray) -> Bursts:
    """Test the count of each area against the weeks before it.

    The past gives a negative binomial prediction. Its mean is that of a Poisson rate under Jeffreys' prior,
    μ = (S + 1/2) / n for S reports in n weeks, and its variance φ μ (1 + 1/n): the spread of the weeks and the
    uncertainty of the mean, widened where the past itself is more spread than a Poisson process, φ = max(1, s² / x̄).
    With φ = 1 it is the exact posterior prediction. An area is flagged where the probability of so many reports or
    more survives a control of false discoveries over all areas at 5 %, and the week has at least 5 reports.

    Parameters
    ----------
    count : (a,) reports of the week
    history : (a, n) reports of the n weeks before it, the newest last
    weeks : (a,) how many of these, the newest, the area has existed

    Source: Farrington, Andrews, Beale and Catchpole (1996), A statistical algorithm for the early detection of
    outbreaks of infectious disease, JRSS A 159, 547-563: dispersion at least 1, and the variance of a prediction as
    φμ plus the variance of the estimated mean. Benjamini and Hochberg (1995), Controlling the false discovery rate,
    JRSS B 57, 289-300.
    """
    n = history.shape[1]
    weeks = np.minimum(weeks, n)
    counts = np.arange(n)[None, :] >= n - weeks[:, None]
    sums = np.where(counts, history, 0).sum(axis=1)
    known = weeks >= LEAST_BASELINE
    size = np.where(known, weeks, LEAST_BASELINE).astype(float)
    mean = sums / size
    spread = np.where(counts, (history - mean[:, None]) ** 2, 0).sum(axis=1) / (size - 1)
    dispersion = np.maximum(np.divide(spread, mean, out=np.ones_like(mean), where=mean > 0), 1.0)
    expected = (sums + 0.5) / size
    variance = dispersion * expected * (1 + 1 / size)
    p = nbinom.sf(count - 1, expected**2 / (variance - expected), expected / variance)
    p = np.where(known, p, np.nan)
    flagged = _discoveries(p) & (count >= LEAST_COUNT)
    return Bursts(count, np.where(known, mean, np.nan), weeks, p, flagged)


def _discoveries(p: np.ndarray) -> np.ndarray:
    """(a,) which hypotheses the step-up procedure of Benjamini and Hochberg rejects; NaN is none."""
    tested = np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    bound = FALSE_DISCOVERIES * np.arange(1, len(order) + 1) / max(len(order), 1)
    passed = np.flatnonzero(p[order] <= bound)
    out = np.zeros(len(p), dtype=bool)
    if passed.size:
        out[order[: passed[-1] + 1]] = True
    return out
