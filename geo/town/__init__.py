"""A whole invented town, 枫溪镇, or a county of such towns, from its river to its reports."""

from __future__ import annotations

from geo.town.make import Town, make_town

__all__ = ["Town", "make_town"]
