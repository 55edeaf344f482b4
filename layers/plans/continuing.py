"""Which grids in force go on in a drawing: most of their households stay together, so their code and name stay too."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from geo.assign import GridIndex
from layers.access import Scope
from layers.geometry import select_frame
from layers.tables import Grid, GridKind, GridLevel

MOST = 0.5  # more than this share, of the old grid's households and of the new one's
TAKEN = ["grid_id", "code", "name"]  # what a drawn grid takes over


def continued_grids(
    session: Session, scope: Scope, blocks: gpd.GeoDataFrame, labels: np.ndarray, parents: pd.Series
) -> pd.DataFrame:
    """grid_id, code and name by label, of the grids of the newest published edition that go on in a drawing.

    A grid goes on where more than half of its households stay together and are more than half of the new grid's, and
    where both belong to the same village, since its code begins with the village's. So at most one grid goes on in
    each, and none in two. Dedicated grids do not go on in drawn ones.

    Parameters
    ----------
    blocks : (n,) with the columns households and degrees (EPSG:4326); labels : (n,) the drawn grids
    parents : village code of each label
    """
    old = _published(session, scope)
    if old.empty:
        return pd.DataFrame(columns=TAKEN)
    middle = gpd.GeoSeries(blocks["degrees"]).representative_point()
    at = GridIndex(old.geometry, old["code"].to_numpy(dtype=str)).locate(middle.x.to_numpy(), middle.y.to_numpy())
    shared = pd.DataFrame({"label": labels, "old": at, "households": blocks["households"].to_numpy()})
    new_households = shared.groupby("label")["households"].sum()
    shared = shared[shared["old"] >= 0]
    old_households = shared.groupby("old")["households"].sum()
    both = shared.groupby(["label", "old"])["households"].sum()
    label, position = both.index.get_level_values("label"), both.index.get_level_values("old")
    goes_on = (
        (both.to_numpy() > MOST * new_households.loc[label].to_numpy())
        & (both.to_numpy() > MOST * old_households.loc[position].to_numpy())
        & (old["parent_code"].to_numpy(dtype=str)[position] == parents.loc[label].to_numpy(dtype=str))
    )
    return pd.DataFrame(old[TAKEN].iloc[position[goes_on]]).set_index(label[goes_on])


def _published(session: Session, scope: Scope) -> gpd.GeoDataFrame:
    """The grids that no published plan has ended, in degrees; those of a plan whose day is still to come count."""
    return select_frame(
        session,
        (Grid.grid_id, Grid.code, Grid.parent_code, Grid.name),
        Grid.geom,
        scope.prefix(Grid.code),
        Grid.level == GridLevel.CELL,
        Grid.kind == GridKind.BASE,
        Grid.valid_from.is_not(None),
        Grid.valid_to.is_(None),
        order_by=Grid.code,
    )
