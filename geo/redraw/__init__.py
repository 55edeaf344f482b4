"""Redraw the grids of a plan by hand: prepare the ground once, then edit one small step at a time.

    ground = prepare(blocks, parent=blocks["village"], target=300)
    division = divide(ground, labels)
    edit = split(division, 12, line)            # what would change, with new counts; nothing has happened yet
    division = apply(division, edit)            # the next state; the old one is still there
    division = apply(division, edit.inverse())  # and back

The blocks are atomic and each has exactly one grid in every state, so a plan that starts as a coverage stays one.
"""

from geo.redraw.compare import Comparison, compare
from geo.redraw.division import Counts, Division, Grid, divide, measures, outline
from geo.redraw.edit import Edit, apply, fingerprint, redo, undo
from geo.redraw.ground import Ground, prepare
from geo.redraw.naming import convert, lock, rename, unlock
from geo.redraw.operations import abolish, carve_out, give, merge, move_boundary, split

__all__ = [
    "Comparison",
    "Counts",
    "Division",
    "Edit",
    "Grid",
    "Ground",
    "abolish",
    "apply",
    "carve_out",
    "compare",
    "convert",
    "divide",
    "fingerprint",
    "give",
    "lock",
    "measures",
    "merge",
    "move_boundary",
    "outline",
    "prepare",
    "redo",
    "rename",
    "split",
    "undo",
    "unlock",
]
