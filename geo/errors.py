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
