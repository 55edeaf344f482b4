"""What the geocoder answers: places with a level, a radius, a calibrated confidence and the reasons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from geo.address import Address, parse
from geo.address.gazetteer import Gazetteer
from layers.tables import AddressLevel

ACCEPT_CONFIDENCE = 0.98
"""From this probability of the right grid on, a report is homed by its text without an officer."""

POINT_RADIUS_M = 150.0
"""A text that is not known nearer than this has no honest point."""

ORDER = tuple(AddressLevel)
FINE = frozenset(ORDER[ORDER.index(AddressLevel.NUMBER) :])


class Step(NamedTuple):
    """One line of a trace: a part of the text, the record it was taken for, and why.

    `reason` is exact, short (a name without its suffix), alias, former name, correction, fuzzy, number, other number,
    between (the neighbours of a house number that the library does not have), offset, junction, implied, unread or
    grid; `score` is in [0, 1].
    """

    token: str
    record: str
    reason: str
    score: float


Trace = tuple[Step, ...]


@dataclass(frozen=True)
class Candidate:
    """A place that the text may mean; `confidence` is the probability that its grid is the right one.

    `grid_code` is None where the place lies in no grid, `lon` and `lat` where the place is larger than a point.
    """

    level: AddressLevel
    address_key: str | None
    village_code: str | None
    grid_code: str | None
    lon: float | None
    lat: float | None
    confidence: float
    radius_m: float | None
    name: Callable[[], str] = field(repr=False, compare=False)
    explain: Callable[[], Trace] = field(repr=False, compare=False)

    @cached_property
    def label(self) -> str:
        """The place in words."""
        return self.name()

    @cached_property
    def trace(self) -> Trace:
        """From each part of the text to the record of the library, and from there to the grid."""
        return self.explain()


@dataclass(frozen=True)
class Geocoded:
    """Where a text lies, as far as the library is sure.

    `level` says how far down the text is known, `radius_m` how far off the place may be. `grid_code` is None where no
    single grid is likely enough, and `lon`, `lat` where there is no honest point; then `grids` holds the grids that
    the place runs through with their probabilities, the likeliest first, and `ancestor_code` is the lowest area that
    holds all of them. `candidates` are there even then, best first.
    """

    text: str
    level: AddressLevel
    confidence: float
    radius_m: float | None = None
    lon: float | None = None
    lat: float | None = None
    address_key: str | None = None
    village_code: str | None = None
    grid_code: str | None = None
    candidates: tuple[Candidate, ...] = ()
    grids: tuple[tuple[str, float], ...] = ()
    ancestor_code: str | None = None
    gazetteer: Gazetteer | None = field(default=None, repr=False, compare=False)

    @cached_property
    def address(self) -> Address:
        """The parts of the text."""
        return parse(self.text, self.gazetteer)

    @property
    def trace(self) -> Trace:
        """The reasons of the best candidate; empty without one."""
        return self.candidates[0].trace if self.candidates else ()

    @property
    def accepted(self) -> bool:
        """Whether the grid is sure enough to be taken without an officer."""
        return self.grid_code is not None and self.confidence >= ACCEPT_CONFIDENCE


@dataclass(frozen=True)
class Reverse:
    """The standard address nearest to a point, and the areas that hold the point.

    `distance_m` is from the point to the address; it and the address are None where none lies within reach.
    """

    lon: float
    lat: float
    label: str | None
    address_key: str | None
    distance_m: float | None
    village_code: str | None
    grid_code: str | None
