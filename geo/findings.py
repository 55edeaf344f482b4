"""The frame that every coverage check returns, and the polygons under test."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.errors import CrsMismatchError
from geo.metric import shared_metric_crs
from geo.noding import sound_polygons

Shapes = NDArray[np.object_]
IntArray = NDArray[np.int64]
Polygons: TypeAlias = geopandas.GeoSeries | geopandas.GeoDataFrame

TOUCH_M = 0.001


class Subject:
    """The polygons under test, with what several checks need of them."""

    def __init__(self, polygons: Polygons) -> None:
        series = polygons.geometry
        self.crs = shared_metric_crs(series)
        self.ids: list[Hashable] = series.index.tolist()
        self.raw: Shapes = np.asarray(series.array, dtype=object)
        self.shapes: Shapes = sound_polygons(series)

    def matching(self, other: Subject) -> Subject:
        """The polygons themselves, after checking that both share a CRS."""
        if self.crs != other.crs:
            raise CrsMismatchError(other.crs, self.crs)
        return self

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Index of the sound shapes."""
        return shapely.STRtree(self.shapes)

    @cached_property
    def is_coverage(self) -> bool:
        """Whether nothing overlaps and every common edge matches; gaps are allowed."""
        return bool(shapely.coverage_is_valid(self.shapes))

    @cached_property
    def union(self) -> Any:
        """The ground of all polygons together."""
        # Joining a valid coverage takes a twentieth of the time of the general union.
        return shapely.coverage_union_all(self.shapes) if self.is_coverage else shapely.union_all(self.shapes)

    def touching(self, places: Shapes) -> list[tuple[Hashable, ...]]:
        """The ids around each place, in row order."""
        place, row = self.tree.query(places, predicate="dwithin", distance=TOUCH_M)
        order = np.lexsort((row, place))
        cuts = np.searchsorted(place[order], np.arange(1, len(places)))
        return [tuple(self.ids[i] for i in rows) for rows in np.split(row[order], cuts)]


def findings(
    kind: str | Sequence[str], ids: Sequence[tuple[Hashable, ...]], places: Shapes, note: str | Sequence[str] = ""
) -> pd.DataFrame:
    """One row for each place: kind, ids, area_m2, width_m, note, geometry."""
    size = len(places)
    named = np.empty(size, dtype=object)
    named[:] = ids if size else []
    surface = shapely.get_dimensions(places) == 2
    area, length = shapely.area(places), shapely.length(places)
    return pd.DataFrame(
        {
            "kind": np.full(size, kind) if isinstance(kind, str) else np.asarray(kind, dtype=object),
            "ids": named,
            "area_m2": np.where(surface, area, np.nan),
            "width_m": np.divide(2 * area, length, out=np.full(size, np.nan), where=surface & (length > 0)),
            "note": np.full(size, note) if isinstance(note, str) else np.asarray(note, dtype=object),
            "geometry": places,
        }
    ).astype({"kind": "str", "note": "str"})


def joined(found: list[pd.DataFrame], subject: Subject, sliver_width_m: float) -> geopandas.GeoDataFrame:
    """One frame of all findings, with those thinner than `sliver_width_m` marked."""
    some = [frame for frame in found if len(frame)] or found[:1]
    rows = pd.concat(some, ignore_index=True)
    rows.insert(4, "sliver", (rows["width_m"] < sliver_width_m).to_numpy())
    return geopandas.GeoDataFrame(rows, geometry="geometry", crs=subject.crs)


def pieces(shapes: Shapes, tolerance_m2: float) -> tuple[Shapes, IntArray]:
    """Polygon parts larger than the tolerance, and the row each one comes from."""
    parts, row = shapely.get_parts(shapes, return_index=True)
    deeper, inner = shapely.get_parts(parts, return_index=True)  # a collection may hold a MultiPolygon
    keep = (shapely.get_dimensions(deeper) == 2) & (shapely.area(deeper) > tolerance_m2)
    return deeper[keep], row[inner[keep]]
