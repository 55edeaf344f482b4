"""How the grids of a plan are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from layers.errors import InvalidInputError


@dataclass(frozen=True)
class DrawOptions:
    """How grids are drawn; the size rules differ from place to place, so all of them are settings."""

    target: int = 300
    tolerance: float = 0.1
    nesting: Literal["strict_nesting", "grouped", "strict_balance"] = "grouped"
    effort: Literal["fast", "normal", "thorough"] = "normal"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.target < 1:
            raise InvalidInputError("The target must be at least one household a grid.")
        if not 0 <= self.tolerance < 1:
            raise InvalidInputError("The tolerance is a share between 0 and 1, for example 0.1 for ±10 %.")
