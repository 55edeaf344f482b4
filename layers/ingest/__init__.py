"""Files into the tables: read, checked, repaired where that is safe, refused with a reason where it is not."""

from layers.ingest.fields import LAYERS
from layers.ingest.load import load_file
from layers.ingest.result import LoadResult, Reject, Repair

__all__ = ["LAYERS", "LoadResult", "Reject", "Repair", "load_file"]
