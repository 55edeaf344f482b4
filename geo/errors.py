"""What can be wrong with the input of `geo`; every message says what to do next."""

from __future__ import annotations

from collections.abc import Sequence


class GeoError(ValueError):
    """Root of the errors of `geo`; its text is meant for the person who gave the input."""


class UnknownCrsError(GeoError):
    """The coordinate reference system is missing or has no known definition."""


class CrsMismatchError(GeoError):
    """Two inputs that must share a CRS do not."""

    def __init__(self, left: object, right: object) -> None:
        super().__init__(f"The two layers differ in CRS ({left} and {right}); reproject one with to_crs() first.")
        self.left, self.right = left, right


class DegreesError(GeoError):
    """The CRS is geographic, so metres have no meaning in it."""

    def __init__(self, crs: object) -> None:
        super().__init__(f"{crs} measures in degrees, not metres; reproject with geo.crs.metric_crs() first.")
        self.crs = crs


class InvalidCoverageError(GeoError):
    """Polygons that should form a coverage have gaps, overlaps or invalid rings."""


class DensityError(GeoError):
    """Events, raster, bandwidth or kernel do not make a density."""


class CameraError(GeoError):
    """Cameras lack what their field of view needs; `rows` names them."""

    def __init__(self, problem: str, rows: Sequence[object] = ()) -> None:
        some = ", ".join(map(str, rows[:5])) + (", …" if len(rows) > 5 else "")
        super().__init__(problem + (f" ({len(rows)} rows: {some})" if len(rows) else ""))
        self.rows = tuple(rows)


class DatumShiftError(GeoError):
    """No public transformation leads from this datum to WGS 84 at this place."""

    def __init__(self, crs: str) -> None:
        super().__init__(
            f"No public transformation leads from {crs} to WGS 84 here, and without one all lies some 100 m off. "
            'Convert to CGCS2000 at the survey office, or name its own parameters: "+proj=... +towgs84=...".'
        )
        self.crs = crs


class IndexFileError(GeoError):
    """A saved grid index is damaged, of another version or of another edition."""

    def __init__(self, path: object, problem: str) -> None:
        super().__init__(f"{path} {problem}; build the index again and save it.")
        self.path, self.problem = path, problem


class RedrawError(GeoError):
    """An edit of a plan names something that is not there, or would change nothing."""


class DrawnLineError(RedrawError):
    """A drawn line does not cut the grid, or does not run along the border, that it should."""


class GridLockedError(RedrawError):
    """An edit touches locked grids; `grids` names them."""

    def __init__(self, grids: Sequence[int]) -> None:
        super().__init__(f"Locked: {_few('grid', grids)}; unlock first, or leave the blocks there alone.")
        self.grids = tuple(grids)


class BrokenGridError(RedrawError):
    """An edit would leave grids in pieces or around another one; `grids` and `blocks` name where."""

    def __init__(self, grids: Sequence[int], blocks: Sequence[int]) -> None:
        super().__init__(
            f"This would break {_few('grid', grids)} apart or close it around another one ({_few('block', blocks)}); "
            "change other blocks, or allow it with strict=False."
        )
        self.grids, self.blocks = tuple(grids), tuple(blocks)


class StaleEditError(RedrawError):
    """An edit was made on another state of the plan; `blocks` are those that differ."""

    def __init__(self, problem: str, blocks: Sequence[int] = ()) -> None:
        super().__init__(f"The plan has changed since this edit: {problem}; make the edit again on the present plan.")
        self.blocks = tuple(blocks)


def _few(noun: str, values: Sequence[int]) -> str:
    some = ", ".join(map(str, values[:5])) + (", …" if len(values) > 5 else "")
    return f"{noun}{'s' if len(values) != 1 else ''} {some}"


class InvalidGazetteerError(GeoError):
    """Names and codes do not make a gazetteer."""
