"""Which grid each point belongs to, exactly as GEOS decides it.

From points to answers: `series` for GeoSeries, `index` and `levels` for arrays, `moves` for what a draft changes. Under
it `raster` with its parts: `rings` (polygons as arrays), `cells` (what touches what), `leaves` and `build` (writing),
`lookup` (reading), `predicates` (signs), `arena` (growth beside readers), `storage` (files).
"""

from geo.assign.index import GridIndex
from geo.assign.levels import NestedIndex
from geo.assign.moves import Moves, replay
from geo.assign.series import assign

__all__ = ["GridIndex", "Moves", "NestedIndex", "assign", "replay"]
