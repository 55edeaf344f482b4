"""What an area allows before its grids are drawn, as it is answered."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel

from api.geojson import plain
from layers.plans.feasibility import AreaFeasibility


class Room(BaseModel):
    """How many grids of the wanted size fit; `min_deviation` is what they must differ from it by at least.

    `fewest` and `most` are 0 where no number of grids keeps the band, `best` comes nearest to it. `oversize` blocks
    have more households than a grid may have; `out_of_band` grids must miss the band at least. "coarse": no set of
    blocks adds up to a grid.
    """

    households: float
    fewest: int
    most: int
    best: int
    min_deviation: float | None
    oversize: int
    out_of_band: int
    verdict: Literal["fits", "oversize", "too_small", "between", "coarse", "empty"]


class VillageFeasibility(Room):
    """What a village allows when it is cut by itself."""

    code: str
    name: str


class PartFeasibility(Room):
    """What a piece of ground allows that no edge joins to the others; `villages` are the codes of those it lies in."""

    villages: list[str]


class Feasibility(BaseModel):
    """The villages of an area in the order of their codes, and its separate pieces of ground, the largest first."""

    villages: list[VillageFeasibility]
    parts: list[PartFeasibility]


def shown_feasibility(found: AreaFeasibility) -> Feasibility:
    """Both tables as models."""
    return Feasibility(
        villages=[VillageFeasibility(**row) for row in _rows(found.villages, VillageFeasibility)],
        parts=[PartFeasibility(**row) for row in _rows(found.parts, PartFeasibility)],
    )


def _rows(table: pd.DataFrame, model: type[BaseModel]) -> list[dict[str, Any]]:
    names = list(model.model_fields)
    # a column of lists has no missing values to look for
    columns = (list(table[name]) if name == "villages" else plain(table[name]) for name in names)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
