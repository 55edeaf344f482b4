"""Which grid each point belongs to, exactly as GEOS decides it."""

from geo.assign.index import GridIndex
from geo.assign.series import assign

__all__ = ["GridIndex", "assign"]
