"""Legends: which value has which colour, with its unit and the edges of its classes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.classify import class_breaks
from maps.language import strings
from maps.palette import heat_colours, heat_opacity, palette, ramp


@dataclass(frozen=True)
class LegendClass:
    """One row of a legend."""

    colour: str
    label: str
    opacity: float = 1.0


@dataclass(frozen=True)
class Legend:
    """A title, the unit of the values, the rows from little to much, and what else must be said about them."""

    title: str
    unit: str
    classes: tuple[LegendClass, ...]
    note: str = ""


def number(value: float) -> str:
    """Write a number as short as its reader needs: thousands grouped, three digits of small ones.

    >>> [number(v) for v in (0, 0.0456, 1.5, 12.34, 1234.5)]
    ['0', '0.0456', '1.5', '12.3', '1,234']
    """
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = max(0, 2 - int(np.floor(np.log10(abs(value)))))
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def household_edges(values: ArrayLike, k: int = 5) -> NDArray[np.float64]:
    """Class edges for counts: quantiles on two significant digits, so that a legend can be read aloud.

    The browser does the same (`classes.js`). The outer edges are rounded outwards, so every value has its class.

    Returns
    -------
    (c + 1,) ascending whole numbers; empty without values
    """
    edges = class_breaks(values, k)
    if not len(edges):
        return edges
    step = 10.0 ** max(0, int(np.floor(np.log10(max(edges[-1], 1)))) - 1)
    inner = np.round(edges[1:-1] / step) * step
    low, high = np.floor(edges[0] / step) * step, np.ceil(edges[-1] / step) * step
    rounded = np.unique(np.r_[low, inner, high])
    return rounded if len(rounded) > 1 else np.r_[rounded, rounded + step]


def _ranges(edges: ArrayLike, words: dict[str, str]) -> list[str]:
    values = [float(edge) for edge in np.asarray(edges, dtype=float)]
    texts = [number(value) for value in values]
    return [words["legend.range"].format(low=low, high=high) for low, high in pairwise(texts)]


def household_legend(values: ArrayLike, language: str = "zh") -> Legend:
    """Legend of household counts of grids; a last row stands for grids without a count."""
    words, edges = strings(language), household_edges(values)
    labels = _ranges(edges, words)
    colours = ramp("households", len(labels)) if labels else []
    rows = [LegendClass(colour, label) for colour, label in zip(colours, labels, strict=True)]
    rows.append(LegendClass(palette()["missing"], words["legend.missing"]))
    return Legend(words["legend.households"], words["unit.households"], tuple(rows))


def deviation_legend(target: float, language: str = "zh") -> Legend:
    """Legend of the deviation from the target, as a share of it; white is within the band."""
    words, scheme = strings(language), palette()["deviation"]
    shares = [f"{edge * 100:+.0f}".replace("-", "−") for edge in scheme["edges"]]
    middle = len(shares) // 2
    between = [words["legend.range"].format(low=a, high=b) for a, b in pairwise(shares)]
    labels = [f"< {shares[0]}", *between, f"> {shares[-1]}"]
    labels[middle] += f" ({words['legend.band']})"
    rows = [LegendClass(colour, label) for colour, label in zip(scheme["colours"], labels, strict=True)]
    rows.append(LegendClass(palette()["missing"], words["legend.missing"]))
    note = words["legend.target"].format(target=number(target))
    return Legend(words["legend.deviation"], "%", tuple(rows), note)


def heat_legend(breaks: ArrayLike, *, bandwidth_m: float, kernel: str, count: int, language: str = "zh") -> Legend:
    """Legend of report density in reports per km²; the note states kernel, bandwidth and how many reports entered."""
    words = strings(language)
    labels = _ranges(breaks, words)
    k = len(labels)
    parts = zip(heat_colours(k) if k else [], labels, heat_opacity(k) if k else [], strict=True)
    rows = tuple(LegendClass(colour, label, opacity) for colour, label, opacity in parts)
    kernel_name = words.get(f"kernel.{kernel}", kernel)
    note = words["legend.heat.note"].format(kernel=kernel_name, bandwidth=number(bandwidth_m), count=number(count))
    return Legend(words["legend.heat"], words["unit.per_km2"], rows, note)
