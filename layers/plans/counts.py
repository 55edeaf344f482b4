"""What a planner sees of each grid of a plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from layers.plans.workspace import Workspace


def grid_counts(workspace: Workspace, tolerance: float, numbers: Sequence[int] | None = None) -> list[dict[str, Any]]:
    """What a planner sees of each grid: number, code, name, marks, counts, and whether it is in the band."""
    division, ground = workspace.division, workspace.ground
    rows = []
    for number in division.numbers if numbers is None else numbers:
        grid, count, identity = division.grids[number], division.counts[number], workspace.identities[number]
        assert grid is not None
        assert count is not None
        rows.append(
            {
                "number": number,
                "code": identity.code,
                "name": grid.name,
                "parent_code": identity.code[:-3],
                "dedicated": grid.dedicated,
                "locked": grid.locked,
                "blocks": count.blocks,
                "households": count.households,
                "deviation": count.deviation,
                "area_m2": count.area_m2,
                "perimeter_m": count.perimeter_m,
                "polsby_popper": count.polsby_popper if np.isfinite(count.polsby_popper) else None,
                "villages": count.villages,
                "pieces": count.pieces,
                "holes": count.holes,
                "contiguous": count.contiguous,
                "in_band": bool(abs(count.households - ground.target) <= tolerance * ground.target + 1e-9),
            }
        )
    return rows
