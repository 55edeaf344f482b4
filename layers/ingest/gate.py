"""Which rows a caller with a limited area may load."""

from __future__ import annotations

import numpy as np
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.errors import ForbiddenError
from layers.geometry import select_frame
from layers.ingest.arrays import is_none
from layers.ingest.batch import Batch
from layers.ingest.fields import Layer
from layers.tables import Grid


class Gate:
    """Lets everything through for the empty scope; otherwise only rows of the area.

    Raises
    ------
    ForbiddenError : the layer belongs to all areas together
    """

    def __init__(self, session: Session, layer: Layer, scope: Scope) -> None:
        self.scope = scope
        self._area = None
        if not scope.code or layer.name == "boundaries":
            return
        if "village_code" not in layer.model.__table__.c:
            raise ForbiddenError(f"{layer.name} belong to all areas together; ask an administrator to load them.")
        frame = select_frame(
            session,
            (Grid.code,),
            Grid.geom,
            scope.prefix(Grid.code),
            Grid.valid_from.is_not(None),
            Grid.valid_to.is_(None),
            order_by=sa.func.length(Grid.code),
        )
        own = frame[frame["code"] == scope.code]
        self._area = shapely.union_all((own if len(own) else frame).geometry.to_numpy())
        shapely.prepare(self._area)

    def check(self, batch: Batch) -> None:
        """Refuse rows whose village, or where none is given, whose place lies outside."""
        if self._area is None:
            return
        codes = batch.get("village_code")
        named = ~is_none(codes)
        outside = np.array([not self.scope.covers(code) for code in codes], dtype=bool)
        batch.reject(named & outside, "its village lies outside your area")
        inside = shapely.intersects(self._area, shapely.point_on_surface(batch.geometry))
        batch.reject(
            ~named & ~inside, "it names no village, and its place does not lie inside the boundary of your area"
        )
