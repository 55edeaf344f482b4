"""Buildings and doors of a sample town, as columns that grow part by part."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from geo.town.rows import Rows
from geo.town.terrain import Floats, Ints

HOUSE, SLAB, SHOP, OLD, SCHOOL, HOSPITAL, MARKET, OFFICE, FACTORY, STATION, HALL, CARE = range(12)
KINDS = (
    "house",
    "apartments",
    "shophouse",
    "house",
    "school",
    "hospital",
    "market",
    "government",
    "factory",
    "station",
    "village_committee",
    "elderly_home",
)
STOREY_M = 3.1


@dataclass
class Fabric:
    """Columns of buildings (corners, kind, levels, group) and of their doors (building, place, room, unit).

    A group is what buildings share a name or number row with: an estate, a facility, a hamlet. `room` is how many
    households a door can serve, 0 where nobody lives.
    """

    corners: list[Floats] = field(default_factory=list)
    kind: list[Ints] = field(default_factory=list)
    levels: list[Ints] = field(default_factory=list)
    group: list[Ints] = field(default_factory=list)
    door_building: list[Ints] = field(default_factory=list)
    door_xy: list[Floats] = field(default_factory=list)
    door_room: list[Floats] = field(default_factory=list)
    door_unit: list[Ints] = field(default_factory=list)
    count: int = 0

    def add(self, rows: Rows, kind: int, levels: Ints, group: Any, *, doors: Ints, room: Floats) -> None:
        """Append buildings; each gets `doors` (n,) doors, evenly along its first edge, with `room` (n,) each."""
        n = len(rows.corners)
        if n == 0:
            return
        numbers = np.arange(n) + self.count
        self.corners.append(rows.corners)
        self.kind.append(np.full(n, kind))
        self.levels.append(np.asarray(levels))
        self.group.append(np.broadcast_to(np.asarray(group), (n,)).astype(np.int64))
        which = np.repeat(np.arange(n), doors)
        unit = np.arange(which.size) - np.repeat(np.cumsum(doors) - doors, doors)
        along = (unit + 0.5) / doors[which]
        p, q = rows.corners[which, 0], rows.corners[which, 1]
        self.door_building.append(numbers[which])
        self.door_xy.append(p + (q - p) * along[:, None])
        self.door_room.append(np.asarray(room, dtype=float)[which])
        self.door_unit.append(np.where(doors[which] > 1, unit + 1, 0))
        self.count += n

    def table(self) -> Built:
        """Everything so far as arrays."""
        return Built(
            np.concatenate(self.corners),
            np.concatenate(self.kind),
            np.concatenate(self.levels),
            np.concatenate(self.group),
            np.concatenate(self.door_building),
            np.concatenate(self.door_xy),
            np.concatenate(self.door_room),
            np.concatenate(self.door_unit),
        )


@dataclass(frozen=True)
class Built:
    """Buildings (n, …) and doors (m, …) of a town."""

    corners: Floats
    kind: Ints
    levels: Ints
    group: Ints
    door_building: Ints
    door_xy: Floats
    door_room: Floats
    door_unit: Ints

    def keep(self, mask: Any) -> Built:
        """Only the buildings of `mask` (n,), with their doors."""
        doors = mask[self.door_building]
        new = np.cumsum(mask) - 1
        return Built(
            self.corners[mask],
            self.kind[mask],
            self.levels[mask],
            self.group[mask],
            new[self.door_building[doors]],
            self.door_xy[doors],
            self.door_room[doors],
            self.door_unit[doors],
        )

    @property
    def polygons(self) -> Any:
        """(n,) shapely polygons in metres."""
        return shapely.polygons(self.corners)
