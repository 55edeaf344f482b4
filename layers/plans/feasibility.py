"""Before anything is drawn: how many grids each village allows, and how well they would fit."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from geo.assign import GridIndex
from geo.draw import feasibility
from layers.access import EVERYWHERE, Scope
from layers.geometry import select_frame
from layers.households import household_frame
from layers.plans.blocks import scope_villages
from layers.plans.options import DrawOptions
from layers.tables import Block


def village_feasibility(session: Session, scope: Scope, *, options: DrawOptions, as_of: date) -> pd.DataFrame:
    """One row for each village of a scope in force on a day, in the order of codes.

    Columns: code, name, households, fewest, most, best, min_deviation and verdict, as of `geo.draw.feasibility`.
    Households are those of the loaded blocks or, without any, of the household points inside the village.

    Raises
    ------
    MissingDataError : no village is loaded in the scope
    InvalidInputError : the options make no sense
    """
    villages = scope_villages(session, scope, day=as_of)
    codes = villages["code"].to_numpy(dtype=object)
    loaded = (scope.prefix(Block.village_code), Block.load_id.is_not(None))
    blocks = select_frame(session, (Block.village_code, Block.households), Block.geom, *loaded, order_by=Block.id)
    if len(blocks):
        owner, count = blocks["village_code"].to_numpy(dtype=object), blocks["households"].to_numpy(dtype=float)
    else:
        points = household_frame(session, EVERYWHERE, bounds=tuple(villages.total_bounds))
        at = GridIndex(villages.geometry, codes.astype(str)).locate(
            points.geometry.x.to_numpy(), points.geometry.y.to_numpy()
        )
        inside = at >= 0
        owner, count = codes[at[inside]], points["households"].to_numpy(dtype=float)[inside]
    # A village without a household has a row as well.
    table = feasibility(
        np.concatenate([count, np.zeros(len(codes))]),
        np.concatenate([owner, codes]).astype(str),
        target=options.target,
        tolerance=options.tolerance,
    )
    names = dict(zip(villages["code"], villages["name"], strict=True))
    table = table[table.index.isin(list(names))]
    return table.reset_index(names="code").assign(name=lambda rows: rows["code"].map(names))
