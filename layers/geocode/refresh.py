"""A library brought up to its tables: only the addresses and grids that differ are read."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo.address import normalise
from layers.access import EVERYWHERE
from layers.geocode.build import Builder, present_names
from layers.geocode.library import Library
from layers.geocode.names import LOCAL, Kind
from layers.geocode.read import add_addresses, address_loads, begun
from layers.geocode.rows import Array
from layers.geocode.territory import Territory
from layers.grids import grid_frame, in_force
from layers.tables import Address, Grid, GridLevel

MOST = 0.1
"""Above this share of addresses that differ, all are read again."""

_LOADS = 500
_LEVELS = {GridLevel.TOWN: "towns", GridLevel.VILLAGE: "villages", GridLevel.CELL: "cells"}


def with_addresses(session: Session, library: Library, as_of: date) -> Library | None:
    """The library with the addresses that loads have brought or changed since, and without those that are gone.

    Gives what reading all of them would give; None where that has to be done: too many differ, or they decide which
    roads and villages have places of their own. `library` is one without other names. About 1 s for 1,000,000.
    """
    loads = address_loads(session)
    fresh = sorted(loads - library.loads)
    if len(fresh) > _LOADS or not len(library.ids):
        return None
    loose = sa.and_(Address.load_id.is_(None), Address.id > int(library.ids[-1]))
    differs = sa.or_(Address.load_id.in_(fresh), loose)
    touched = np.array(session.scalars(sa.select(Address.id).where(differs)).all(), dtype=np.int64)
    if len(touched) > MOST * len(library.ids) + 1_000:
        return None
    other, built = editable(library)
    other.loads = loads
    ids = add_addresses(session, built, as_of, differs)
    stay = library.ids[~np.isin(library.ids, touched)]
    if session.scalar(sa.select(sa.func.count(Address.id)).where(begun(as_of))) != len(stay) + len(ids):
        stay = np.intersect1d(stay, session.scalars(sa.select(Address.id).where(begun(as_of))).all())
    return other if put(library, other, built, ids, stay) else None


def editable(library: Library) -> tuple[Library, Builder]:
    """A copy of a library and what gathers its new addresses."""
    other = copy(library)
    other.__dict__.pop("_tree", None)
    other.names, other.values = library.names.copy(), library.values.copy()
    return other, Builder(names=other.names, values=other.values)


def put(library: Library, other: Library, built: Builder, ids: Array, stay: Array) -> bool:
    """Put the addresses gathered by `built` into a copy; False where the places of roads and villages change.

    ids : (k,) the numbers of the gathered addresses in their table, rising; stay : those of the library's that stay
    """
    other.ids = np.union1d(stay, ids)
    return _put(library, other, built, _moved(library, stay, other.ids), np.searchsorted(other.ids, ids))


def _moved(library: Library, stay: Array, ids: Array) -> Array:
    """(n,) the new number of each row where the addresses are to be `ids`, of which `stay` are as they were."""
    count = len(library.ids)
    to = np.arange(len(library), dtype=np.int32) + np.int32(len(ids) - count)
    to[:count] = np.where(np.isin(library.ids, stay), np.searchsorted(ids, library.ids), -1)
    return to


def _put(library: Library, other: Library, built: Builder, to: Array, at: Array) -> bool:
    """Put the built addresses at the rows `at` of `other`; False where the places of roads and villages change."""
    villages, first = other.villages, len(library.names)
    more = built.placed(villages, other.cells)
    if villages is not None:
        built.name_bare(more, villages)
    gone = np.flatnonzero(to < 0)
    new_names = set(np.unique(more.names).tolist()) - {-1}
    old_names = set(np.unique(library.rows.names[gone]).tolist()) - {-1}
    if new_names & other.names.distant:
        return False
    other.names.extend(first)
    other.whole = {text: int(to[row]) for text, row in library.whole.items() if to[row] >= 0}
    other.edit(to, more, at)
    for text, row in built.whole.items():
        other.whole.setdefault(text, int(at[row]))
    if _roads_differ(library, other, old_names | new_names) or _villages_differ(library, other, more.village):
        return False
    lost = {name for name in old_names - new_names if not _has_rows(other, name)}
    if lost & other.areas.keys() - _own(other):
        return False
    other.names.forget(lost - other.areas.keys())
    return True


def _has_rows(library: Library, name: int) -> bool:
    kind = library.names.kinds[name]
    if kind >= LOCAL:
        return bool(library.lists.starts[name + 1] > library.lists.starts[name])
    return bool((library.rows.names[:, kind] == name).any())


def _own(library: Library) -> set[int | None]:
    """The names of the towns and villages in force."""
    pairs = ((Kind.TOWN, library.towns), (Kind.VILLAGE, library.villages))
    return {library.names.known(kind, normalise(name)) for kind, areas in pairs if areas for name in areas.names}


def _roads_differ(library: Library, other: Library, names: set[int]) -> bool:
    """Whether a road with a line gets its first address or loses its last; those without have places of their own."""

    def addressed(one: Library, name: int) -> bool:
        if name + 1 >= len(one.lists.starts):
            return False
        members = one.lists.members[one.lists.starts[name] : one.lists.starts[name + 1]]
        return bool((members < len(one.ids)).any())

    roads = [name for name in names if other.names.kinds[name] == Kind.ROAD]
    return any(
        other.crossings.knows(other.names.texts[name]) and addressed(library, name) != addressed(other, name)
        for name in roads
    )


def _villages_differ(library: Library, other: Library, villages: Array) -> bool:
    """Whether a village gets its first row or loses its last one, or most of its rows another name."""
    if other.villages is None:
        return False
    count = len(library)
    bare = library.rows.village[count - library.bare :]
    if np.isin(villages, bare[bare >= 0]).any():
        return True
    size = len(other.villages.codes)
    before, after = (np.bincount(one.rows.village[one.rows.village >= 0], minlength=size) for one in (library, other))
    if ((before > 0) & (after == 0)).any():
        return True
    names = [other.names.number(Kind.VILLAGE, normalise(name)) for name in other.villages.names]
    return present_names(other.rows, np.array(names, dtype=np.int32)) != other.present


# -- grids --------------------------------------------------------------------------------------------------


def with_grids(session: Session, library: Library, as_of: date) -> Library | None:
    """The library on the grids in force now; None where towns or villages differ, which everything hangs on.

    Only the grids that differ are read; each row is looked up again. About 1 s for 1,000,000 addresses.
    """
    other = copy(library)
    for level, name in _LEVELS.items():
        areas: Territory | None = getattr(library, name)
        if areas is None or not areas.marks:
            return None
        now = _marks(session, level, as_of)
        changed = [code for code, mark in now.items() if areas.marks.get(code) != mark]
        gone = [code for code in areas.marks if code not in now]
        if not changed and not gone:
            continue
        if not now or len(changed) + len(gone) > len(now) / 2:
            return None
        frame = grid_frame(session, EVERYWHERE, level=level, as_of=as_of, codes=changed)
        if level != GridLevel.CELL and (gone or not _same(areas, frame)):
            return None
        setattr(other, name, areas.changed(frame, gone))
    if other.cells is library.cells:
        return other
    return _on_cells(other)


def _marks(session: Session, level: GridLevel, as_of: date) -> dict[str, tuple[int, int]]:
    rows = session.execute(sa.select(Grid.code, Grid.id, Grid.revision).where(Grid.level == level, in_force(as_of)))
    return {code: (number, revision) for code, number, revision in rows}


def _same(areas: Territory, frame: Any) -> bool:
    """Whether the areas of a frame, another edition of those that are here, are the same places."""
    held = {code: at for at, code in enumerate(areas.codes.tolist())}
    at = [held.get(code, -1) for code in frame["code"]]
    if -1 in at or list(areas.names[at]) != list(frame["name"]):
        return False
    own = dict(zip(areas.index.ids.tolist(), areas.index.polygons, strict=True))
    shapes = frame.geometry.to_numpy()
    single = shapely.get_num_geometries(shapes) == 1  # of which the index keeps the polygon
    shapes = np.where(single, shapely.get_geometry(shapes, 0), shapes)
    return bool(shapely.equals_exact([own[code] for code in frame["code"]], shapes, 0.0).all())


def _on_cells(other: Library) -> Library:
    """Look every row up in the grids of a library, and give villages without addresses their rows anew."""
    villages, cells, count = other.villages, other.cells, len(other)
    if other.bare and villages is not None:
        missing: Sequence[int] = np.unique(other.rows.village[count - other.bare :]).tolist()
        other.names, other.values = other.names.copy(), other.values.copy()
        built = Builder(names=other.names, values=other.values)
        built.add_bare(villages, cells, [place for place in missing if place >= 0])
        to = np.arange(count, dtype=np.int32)
        to[count - other.bare :] = -1
        more = built.placed(villages, cells)
        built.name_bare(more, villages)
        start = count - other.bare
        other.bare = built.bare
        other.edit(to, more, np.arange(start, start + len(more)))
    assert cells is not None
    other.rows = replace(other.rows, grid=cells.positions(other.rows.lon, other.rows.lat)[0].astype(np.int32))
    return other
