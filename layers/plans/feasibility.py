"""Before anything is drawn: how many grids villages and separate pieces of ground allow, and which cannot fit."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from geo.assign import GridIndex
from geo.draw import feasibility, separate_parts
from layers.access import EVERYWHERE, Scope
from layers.geometry import select_frame
from layers.households import household_frame
from layers.plans.blocks import scope_villages
from layers.plans.options import DrawOptions
from layers.tables import Block


class AreaFeasibility(NamedTuple):
    """What an area allows; the columns from households on are those of `geo.draw.feasibility`.

    `villages` has one row for each village in the order of codes, with code and name. `parts` has one for each piece of
    ground that no edge joins to the others, the largest first, with the codes of its villages: what misses the band
    there misses it however the grids are drawn.
    """

    villages: pd.DataFrame
    parts: pd.DataFrame


def area_feasibility(session: Session, scope: Scope, *, options: DrawOptions, as_of: date) -> AreaFeasibility:
    """What the villages of a scope in force on a day allow, and its separate pieces of ground.

    Households are those of the loaded blocks or, without any, of the household points inside the villages; blocks that
    are made of points when grids are drawn can be larger than a single point.

    Raises
    ------
    MissingDataError : no village is loaded in the scope
    InvalidInputError : the options make no sense
    """
    villages = scope_villages(session, scope, day=as_of)
    loaded = (scope.prefix(Block.village_code), Block.load_id.is_not(None))
    blocks = select_frame(session, (Block.village_code, Block.households), Block.geom, *loaded, order_by=Block.id)
    if len(blocks):
        code, count = blocks["village_code"].to_numpy(dtype=str), blocks["households"].to_numpy(dtype=float)
        part = separate_parts(blocks.geometry)
    else:
        code, count, part = _from_points(session, villages)
    # A village without a household has a row as well.
    known = villages["code"].to_numpy(dtype=str)
    room = partial(feasibility, target=options.target, tolerance=options.tolerance)
    table = room(np.append(count, np.zeros(len(known))), np.append(code, known))
    table = table[table.index.isin(known)].reset_index(names="code")
    names = dict(zip(known, villages["name"], strict=True))
    return AreaFeasibility(table.assign(name=table["code"].map(names)), _parts(code, part, room(count, part)))


def _from_points(session: Session, villages: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Village codes (n,), households (n,) and pieces of ground (n,), by the household points inside villages."""
    points = household_frame(session, EVERYWHERE, bounds=tuple(villages.total_bounds))
    codes = villages["code"].to_numpy(dtype=str)
    at = GridIndex(villages.geometry, codes).locate(points.geometry.x.to_numpy(), points.geometry.y.to_numpy())
    inside = at >= 0
    place = np.append(at[inside], np.arange(len(codes)))  # a village without a household lies in a piece of ground, too
    count = np.append(points["households"].to_numpy(dtype=float)[inside], np.zeros(len(codes)))
    return codes[place], count, separate_parts(villages.geometry)[place]


def _parts(code: np.ndarray, part: np.ndarray, table: pd.DataFrame) -> pd.DataFrame:
    pairs = pd.DataFrame({"part": part, "code": code}).drop_duplicates().sort_values("code")
    table = table.assign(villages=pairs.groupby("part")["code"].agg(list))
    return table.sort_values("households", ascending=False, kind="stable").reset_index(drop=True)
