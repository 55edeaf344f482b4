"""What can be wrong with the input of `geo`; every message says what to do next."""

from __future__ import annotations


class GeoError(ValueError):
    """Root of the errors of `geo`; its text is meant for the person who gave the input."""


class UnknownCrsError(GeoError):
    """The coordinate reference system is missing or has no known definition."""


class CrsMismatchError(GeoError):
    """Two inputs that must share a CRS do not."""

    def __init__(self, left: object, right: object) -> None:
        super().__init__(f"The two layers differ in CRS ({left} and {right}); reproject one of them with to_crs() first.")
        self.left, self.right = left, right


class DegreesError(GeoError):
    """The CRS is geographic, so metres have no meaning in it."""

    def __init__(self, crs: object) -> None:
        super().__init__(f"{crs} measures in degrees, not metres; reproject with geo.crs.metric_crs() first.")
        self.crs = crs


class InvalidCoverageError(GeoError):
    """Polygons that should form a coverage have gaps, overlaps or invalid rings."""
