"""Chinese addresses to grids and back: a library of standard addresses, and how sure its answers are."""

from __future__ import annotations

from layers.geocode.library import Library
from layers.geocode.load import library_for
from layers.geocode.model import ACCEPT_CONFIDENCE, Candidate, Geocoded, Reverse, Step
from layers.geocode.placing import place_report

__all__ = ["ACCEPT_CONFIDENCE", "Candidate", "Geocoded", "Library", "Reverse", "Step", "library_for", "place_report"]
