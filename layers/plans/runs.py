"""What a drawing in the background computes, and how it tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo import redraw
from geo.draw import draw_grids
from layers.plans.drawing import Lines
from layers.plans.options import DrawOptions
from layers.plans.workspace import Workspace, block_frame


@dataclass(eq=False)
class Run:
    """A drawing of this process: what its thread has reached, for its keeper to write down."""

    job_id: int
    plan_id: int
    progress: float = 0.0
    labels: NDArray[np.int64] | None = None
    stop: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)
    thread: Thread | None = None

    def tell(self, done: float, labels: NDArray[np.int64] | None) -> bool:
        """Take the state of the drawing; False asks it to end."""
        self.progress = min(float(done), 0.999)
        if labels is not None:
            self.labels = labels
        return not self.stop.is_set()


def drawn_grids(
    blocks: gpd.GeoDataFrame,
    options: DrawOptions,
    lines: Lines,
    labelled: Callable[[NDArray[np.int64]], NDArray[np.int64]],
    run: Run,
    **more: Any,
) -> NDArray[np.int64] | None:
    """(n,) labels as `labelled` makes them of those drawn; None if it was stopped before there was a plan."""

    def tell(done: float, drawn: pd.Series | None) -> bool:
        return run.tell(done, None if drawn is None else labelled(drawn.to_numpy(dtype=np.int64)))

    drawn = draw_grids(
        blocks,
        target=options.target,
        tolerance=options.tolerance,
        parent=blocks["village_code"].to_numpy(),
        rivers=lines[0],
        roads=lines[1],
        nesting=options.nesting,
        effort=options.effort,
        seed=options.seed,
        progress=tell,
        **more,
    )
    if run.stop.is_set() and run.labels is None:
        return None
    return labelled(drawn.to_numpy(dtype=np.int64))


def still_blocks(workspace: Workspace) -> NDArray[np.bool_]:
    """(n,) whether a block's grid is locked or dedicated."""
    division = workspace.division
    fixed = [grid is not None and (grid.locked or grid.dedicated) for grid in division.grids]
    return np.array(fixed, dtype=bool)[division.label]


def drawn_again(
    workspace: Workspace, options: DrawOptions, lines: Lines, still: NDArray[np.bool_], keep_labels: bool, run: Run
) -> NDArray[np.int64] | None:
    """(n,) labels, those past the taken numbers for new grids."""
    division, blocks, free = workspace.division, block_frame(workspace), ~still

    def numbered(label: NDArray[np.int64]) -> NDArray[np.int64]:
        # Numbers of abolished grids are not given again.
        return np.where(np.isin(label, division.numbers), label, len(division.grids) + label)

    if keep_labels:
        return drawn_grids(blocks, options, lines, numbered, run, previous=division.label, fixed=still)
    return drawn_grids(blocks[free], options, lines, lambda drawn: _matched(workspace, drawn, free), run)


def _matched(workspace: Workspace, drawn: NDArray[np.int64], free: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Labels of all blocks: a new grid gets the number of the old one that it shares most households with."""
    division = workspace.division
    size = len(division.grids)
    both = np.asarray(division.label, dtype=np.int64).copy()
    both[free] = size + drawn
    fresh = redraw.divide(division.ground, both)
    match = redraw.compare(division, fresh).match.dropna().astype(int)
    old_of = {new: old for old, new in match[["old", "new"]].to_numpy().tolist() if new >= size}
    return np.array([old_of.get(label, label) for label in both.tolist()], dtype=np.int64)
