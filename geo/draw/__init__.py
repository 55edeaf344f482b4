"""Draw service grids from building blocks, and redraw them with few changes."""

from geo.draw.feasibility import feasibility, separate_parts
from geo.draw.plan import draw_grids

__all__ = ["draw_grids", "feasibility", "separate_parts"]
