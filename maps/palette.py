"""The colours of `palette.json`, one file for Python and browser: the same value has the same colour everywhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from maps.assets import HERE
from maps.errors import UnknownNameError

RGB = tuple[int, int, int]


@cache
def palette_text() -> str:
    """The palette as JSON text without line breaks, as pages carry it."""
    return json.dumps(json.loads((HERE / "palette.json").read_text("utf-8")), separators=(",", ":"))


def palette() -> dict[str, Any]:
    """The palette; every call gives its own copy."""
    loaded: dict[str, Any] = json.loads(palette_text())
    return loaded


def rgb(colour: str) -> RGB:
    """Red, green and blue, 0 to 255, of `#rrggbb`.

    >>> rgb("#ff8000")
    (255, 128, 0)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def ramp(name: str, k: int) -> list[str]:
    """Give k colours of a sequential ramp, from little to much, evenly spaced along it.

    One class gets the middle of the ramp. More classes than the ramp has colours get mixtures of neighbours.

    Raises
    ------
    UnknownNameError : no such ramp
    ValueError : k < 1
    """
    ramps = palette()["sequential"]
    if name not in ramps:
        raise UnknownNameError("ramp", name, sorted(ramps))
    if k < 1:
        raise ValueError(f"A ramp needs at least one class, not {k}.")
    steps = np.array([rgb(colour) for colour in ramps[name]], dtype=float)
    at = np.linspace(0, len(steps) - 1, k) if k > 1 else np.array([(len(steps) - 1) / 2])
    mixed = np.column_stack([np.interp(at, np.arange(len(steps)), channel) for channel in steps.T])
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in np.rint(mixed).astype(int)]


def heat_colours(k: int) -> list[str]:
    """The colours of k heat classes, without their opacity."""
    return ramp("heat", k)


def heat_opacity(k: int) -> list[float]:
    """The opacity, 0 to 1, of k heat classes; it rises with the class so that the base map shows where little is."""
    steps = palette()["heat_opacity"]
    at = np.linspace(0, len(steps) - 1, k) if k > 1 else [(len(steps) - 1) / 2]
    return [round(float(value), 3) for value in np.interp(at, np.arange(len(steps)), steps)]


def deviation_colours(deviations: ArrayLike | Sequence[float | None]) -> list[str]:
    """Colour of each deviation from the target as a share (0.05 is 5 % too large); missing ones get grey.

    Edges belong to the band: exactly 10 % too small or too large is still in it.
    """
    scheme, missing = palette()["deviation"], palette()["missing"]
    values = np.array(deviations, dtype=float)  # None becomes NaN
    edges = np.asarray(scheme["edges"])
    middle = len(edges) // 2
    # Values come from divisions: 330 / 300 - 1 is 0.10000000000000009, and yet within 10 %.
    values = np.round(values, 9)
    below = np.searchsorted(edges[:middle], values, side="right")
    above = np.searchsorted(edges[middle:], values, side="left")
    classes = below + above
    return [missing if np.isnan(v) else scheme["colours"][c] for v, c in zip(values, classes, strict=True)]


def report_style(category: str, state: str) -> tuple[str, str]:
    """Shape and colour of a report; unknown categories count as other, unknown states as waiting."""
    shapes, states = palette()["report_category"], palette()["report_state"]
    shape = next((group["shape"] for group in shapes.values() if category in group["categories"]), "cross")
    fallback = states["waiting"]["colour"]
    return shape, next((group["colour"] for group in states.values() if state in group["states"]), fallback)


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21.

    Source: WCAG 2.2, definitions "contrast ratio" and "relative luminance".

    >>> round(contrast("#000000", "#ffffff"), 6)
    21.0
    """

    def luminance(colour: str) -> float:
        share = np.array(rgb(colour)) / 255
        linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
