"""Chinese addresses: read their parts, and say whether two mean the same place."""

from __future__ import annotations

from geo.address.gazetteer import Gazetteer, china
from geo.address.grammar import parse, parse_many
from geo.address.match import Match, match, match_many
from geo.address.rarity import Rarity
from geo.address.record import Address, Offset
from geo.address.variants import normalise

__all__ = [
    "Address",
    "Gazetteer",
    "Match",
    "Offset",
    "Rarity",
    "china",
    "match",
    "match_many",
    "normalise",
    "parse",
    "parse_many",
]
