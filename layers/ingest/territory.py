"""What is in force when boundaries are loaded, and what will be afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.geometry import select_frame
from layers.ingest.arrays import Array
from layers.ingest.batch import Batch
from layers.tables import SRID, Grid, GridLevel

LEVELS = (GridLevel.TOWN, GridLevel.VILLAGE, GridLevel.CELL)
WORDS = {GridLevel.TOWN: "town", GridLevel.VILLAGE: "village", GridLevel.CELL: "grid"}


@dataclass
class Territory:
    """What is in force: one frame for all levels, indexed by code, in EPSG:4326."""

    frame: gpd.GeoDataFrame
    retired: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session, codes: list[str]) -> Territory:
        """All grids in force, and which of `codes` were in force once but no longer are."""
        columns = (Grid.id, Grid.grid_id, Grid.code, Grid.parent_code, Grid.name, Grid.level, Grid.digest, Grid.plan_id)
        frame = select_frame(
            session,
            (*columns, Grid.valid_from),
            Grid.geom,
            Grid.valid_from.is_not(None),
            Grid.valid_to.is_(None),
            order_by=Grid.code,
        ).set_index("code", drop=False)
        ended: dict[str, Any] = {}
        for start in range(0, len(codes), 5_000):
            statement = sa.select(Grid.code, sa.func.max(Grid.valid_to)).where(
                Grid.code.in_(codes[start : start + 5_000]), Grid.valid_to.is_not(None)
            )
            ended |= {
                code: when for code, when in session.execute(statement.group_by(Grid.code)) if code not in frame.index
            }
        return cls(frame, ended)

    def of_level(self, level: str) -> gpd.GeoDataFrame:
        """Those of one level."""
        return self.frame[self.frame["level"] == level]


def rows_of(batch: Batch, level: str) -> Array:
    return np.flatnonzero(batch.good & (batch.fields["level"] == level))


def standing(batch: Batch, territory: Territory, level: str) -> gpd.GeoSeries:
    """The polygons of a level as they will be, by code: the file's, and those in force that it does not replace."""
    rows = rows_of(batch, level)
    codes = batch.fields["code"][rows]
    known = territory.of_level(level)
    known = known[~known.index.isin(codes)]
    shapes = np.concatenate([batch.geometry[rows], np.asarray(known.geometry.array, dtype=object)])
    return gpd.GeoSeries(shapes, index=pd.Index([*codes, *known.index], dtype=object), crs=SRID)
