"""Rates of small areas, drawn towards the rate of all by as much as their size leaves them uncertain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Shrunk:
    """(a,) shrunk rates, the common rate they are drawn to, and (a,) weights of each area's own rate in [0, 1]."""

    rate: np.ndarray
    common: float
    own_weight: np.ndarray


def shrink_rates(numerator: np.ndarray, denominator: np.ndarray) -> Shrunk:
    """Empirical Bayes rates: θ = m + C (x - m), with C = A / (A + m (1 - m) / n).

    m is the rate of all areas together, x an area's own rate on its base n. A is the spread between areas that chance
    does not explain: the variance of x around m, weighted by n, less m (1 - m) / mean n, and at least 0. An area
    without a base gets the common rate; where no area has one, all rates are NaN.

    Source: Marshall (1991), Mapping disease and mortality rates using empirical Bayes estimators, Applied Statistics
    40, 283-294, the global estimator by moments; with the variance of a binomial share, m (1 - m) / n, where his rates
    are rare and have m / n.
    """
    total = denominator.sum()
    if total <= 0:
        return Shrunk(np.full(len(numerator), np.nan), float("nan"), np.zeros(len(numerator)))
    common = numerator.sum() / total
    own = np.divide(numerator, denominator, out=np.full(len(numerator), common), where=denominator > 0)
    filled = denominator > 0
    chance = common * (1 - common)
    spread = (denominator * (own - common) ** 2).sum() / total
    between = max(0.0, spread - chance / denominator[filled].mean())
    noise = np.divide(chance, denominator, out=np.full(len(own), np.inf), where=filled)
    known = between + noise > 0
    weight = np.where(filled, np.divide(between, between + noise, out=np.ones(len(own)), where=known), 0.0)
    return Shrunk(common + weight * (own - common), float(common), weight)
