"""What each layer does to its rows between reading and storing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from sqlalchemy.orm import Session

from geo.assign import GridIndex
from layers.access import EVERYWHERE
from layers.errors import MissingDataError
from layers.grids import grid_frame
from layers.ingest.addresses import prepare_addresses
from layers.ingest.arrays import is_none
from layers.ingest.batch import Batch
from layers.ingest.cameras import prepare_cameras
from layers.ingest.reports import prepare_reports
from layers.ingest.result import Notes
from layers.ingest.rules import Rules
from layers.tables import GridLevel

Prepare = Callable[[Session, Batch, Rules, Notes], None]


def prepare_households(_session: Session, batch: Batch, _rules: Rules, notes: Notes) -> None:
    """Refuse rows without a count where others have one; a file without counts has one household a row."""
    if "households" in batch.fields:
        batch.reject(is_none(batch.fields["households"]), "households is missing")
    else:
        notes.warn("The file has no column households, so every row was taken as one household.")


def prepare_blocks(session: Session, batch: Batch, rules: Rules, _notes: Notes) -> None:
    """Name the village that holds each block which does not name it itself.

    Raises
    ------
    MissingDataError : there is such a block, and no village is loaded
    """
    codes = batch.get("village_code").copy()
    open_rows = np.flatnonzero(is_none(codes) & batch.good)
    if len(open_rows):
        villages = grid_frame(session, EVERYWHERE, level=GridLevel.VILLAGE, as_of=rules.now.date())
        if villages.empty:
            raise MissingDataError(
                "The blocks name no village and none is loaded; run `fengqiao load boundaries` first."
            )
        inside = shapely.point_on_surface(batch.geometry[open_rows])
        index = GridIndex(villages.geometry.to_numpy(), villages["code"].to_numpy())
        found = index.locate(shapely.get_x(inside), shapely.get_y(inside))
        lost = np.zeros(len(batch), dtype=bool)
        lost[open_rows[found < 0]] = True
        batch.reject(lost, "the block names no village, and lies in none that is loaded")
        codes[open_rows[found >= 0]] = villages["code"].to_numpy()[found[found >= 0]]
    batch.fields["village_code"] = codes


PREPARE: dict[str, Prepare] = {
    "addresses": prepare_addresses,
    "blocks": prepare_blocks,
    "cameras": prepare_cameras,
    "households": prepare_households,
    "reports": prepare_reports,
}
