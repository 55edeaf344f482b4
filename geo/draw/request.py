"""What was asked for: the arguments of a drawing, checked and turned into arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.errors import CrsMismatchError, DegreesError, GeoError, InvalidCoverageError, UnknownCrsError

NESTINGS = ("strict_nesting", "grouped", "strict_balance")
EFFORTS = ("fast", "normal", "thorough")
GRAIN = 1024.0  # households are kept as multiples of 1/1024, whose sums are exact in any order


@dataclass(frozen=True)
class Band:
    """The households a grid should have, and the least and most it may have."""

    target: float
    low: float
    high: float

    def counts(self, households: float) -> tuple[int, int]:
        """Fewest and most grids that fit the band; the first is larger than the second where none do."""
        return max(1, int(np.ceil(households / self.high - 1e-9))), int(np.floor(households / self.low + 1e-9))

    def best_count(self, households: float) -> int:
        """Number of grids whose mean comes closest to the target, in the band where possible."""
        fewest, most = self.counts(households)
        around = max(1.0, households / self.target)
        choices = np.unique([max(1, int(np.floor(around))), int(np.ceil(around))])
        mean = households / choices
        outside = np.maximum(0, np.maximum(mean - self.high, self.low - mean))
        best = int(choices[np.lexsort((choices, abs(mean - self.target), outside))[0]])
        return best if most < fewest else int(np.clip(round(households / self.target), fewest, most))


@dataclass(frozen=True)
class Request:
    """Checked input of a drawing; n blocks."""

    index: pd.Index
    geometries: NDArray[np.object_]  # (n,)
    households: NDArray[np.float64]  # (n,)
    village: NDArray[np.int32]  # (n,) 0..v-1
    rivers: NDArray[np.object_]
    roads: NDArray[np.object_]
    band: Band
    nesting: str
    effort: str
    previous: NDArray[np.int64] | None  # (n,) -1 for blocks in no grid
    fixed: NDArray[np.bool_]  # (n,)
    seed: int


def check(
    blocks: gpd.GeoDataFrame,
    band: Band,
    *,
    parent: Any,
    rivers: gpd.GeoSeries | None,
    roads: gpd.GeoSeries | None,
    nesting: str,
    effort: str,
    fixed: Any,
    previous: Any,
    seed: int,
) -> Request:
    """Return the arguments as arrays, or raise what `draw_grids` documents."""
    _one_of("nesting", nesting, NESTINGS)
    _one_of("effort", effort, EFFORTS)
    if blocks.crs is None:
        raise UnknownCrsError("The blocks have no CRS; name it with set_crs() first.")
    if blocks.crs.is_geographic:
        raise DegreesError(blocks.crs)
    size = len(blocks)
    village = np.zeros(size, np.int32) if parent is None else _villages(parent, size)
    if parent is None and nesting == "strict_nesting":
        raise GeoError("nesting='strict_nesting' needs parent, the village code of each block.")
    before = None if previous is None else _labels(previous, size)
    locked = np.zeros(size, bool) if fixed is None else _flags(fixed, size)
    if locked.any() and (before is None or (before[locked] < 0).any()):
        raise GeoError("Fixed blocks keep their label: give it in previous for each of them.")
    return Request(
        index=blocks.index,
        geometries=_polygons(blocks.geometry),
        households=_households(blocks),
        village=village,
        rivers=_lines("rivers", rivers, blocks.crs),
        roads=_lines("roads", roads, blocks.crs),
        band=band,
        nesting=nesting,
        effort=effort,
        previous=before,
        fixed=locked,
        seed=int(seed),
    )


def band_of(target: float, tolerance: float, limits: tuple[float, float] | None) -> Band:
    """The band of `target` and `tolerance`, or the one given as limits."""
    if not (np.isfinite(target) and target > 0):
        raise GeoError(f"target must be a positive number of households, not {target}.")
    if limits is not None:
        low, high = (float(limit) for limit in limits)
        if not 0 < low <= target <= high < np.inf:
            raise GeoError(f"limits must satisfy 0 < low <= target <= high, not {low}, {target}, {high}.")
        return Band(float(target), low, high)
    if not 0 <= tolerance < 1:
        raise GeoError(f"tolerance is a share of the target in [0, 1), not {tolerance}.")
    return Band(float(target), float(target) * (1 - tolerance), float(target) * (1 + tolerance))


def _one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise GeoError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")


def _sized(name: str, values: Any, size: int) -> NDArray[Any]:
    array = np.asarray(values)
    if array.shape != (size,):
        raise GeoError(f"{name} must have one value for each of the {size} blocks, not shape {array.shape}.")
    return array


def _villages(parent: Any, size: int) -> NDArray[np.int32]:
    codes, _ = pd.factorize(_sized("parent", parent, size), sort=True)
    if (codes < 0).any():
        raise GeoError(f"{int((codes < 0).sum())} blocks have no village in parent.")
    return codes.astype(np.int32)


def _labels(previous: Any, size: int) -> NDArray[np.int64]:
    values = pd.to_numeric(pd.Series(_sized("previous", previous, size)), errors="coerce").fillna(-1)
    if (values != values.round()).any():
        raise GeoError("previous must hold whole numbers; -1 or missing for a block in no grid.")
    return np.maximum(values.to_numpy().astype(np.int64), -1)


def _flags(fixed: Any, size: int) -> NDArray[np.bool_]:
    array = _sized("fixed", fixed, size)
    if array.dtype != bool:
        raise GeoError(f"fixed must hold booleans, not {array.dtype}.")
    return array


def _polygons(series: gpd.GeoSeries) -> NDArray[np.object_]:
    geometries = np.asarray(series.to_numpy(), dtype=object)
    kinds = shapely.get_type_id(geometries)
    bad = ~np.isin(kinds, (3, 6)) | shapely.is_empty(geometries)
    if bad.any():
        raise GeoError(
            f"{int(bad.sum())} blocks are not polygons or are empty, the first at position {int(bad.argmax())}."
        )
    broken = ~shapely.is_valid(geometries)
    if broken.any():
        raise InvalidCoverageError(
            f"{int(broken.sum())} blocks are invalid, the first at position {int(broken.argmax())}: "
            f"{shapely.is_valid_reason(geometries[broken.argmax()])}; repair them first (shapely.make_valid)."
        )
    return geometries


def _households(blocks: gpd.GeoDataFrame) -> NDArray[np.float64]:
    if "households" not in blocks.columns:
        raise GeoError("The blocks need a column households.")
    values = pd.to_numeric(blocks["households"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        raise GeoError(
            f"{int(bad.sum())} blocks have missing or negative households, the first at position {int(bad.argmax())}; "
            "write 0 for empty blocks."
        )
    return np.round(values * GRAIN) / GRAIN


def _lines(name: str, lines: gpd.GeoSeries | None, crs: Any) -> NDArray[np.object_]:
    if lines is None:
        return np.empty(0, dtype=object)
    if isinstance(lines, gpd.GeoDataFrame):
        lines = lines.geometry
    if isinstance(lines, gpd.GeoSeries):
        if lines.crs is not None and lines.crs != crs:
            raise CrsMismatchError(crs, lines.crs)
        lines = lines.to_numpy()
    try:
        geometries = np.atleast_1d(np.asarray(lines, dtype=object))
        return geometries[~(shapely.is_missing(geometries) | shapely.is_empty(geometries))]
    except TypeError:
        raise GeoError(f"{name} must be a GeoSeries of lines.") from None
