"""One library kept for each database and day, brought up to its tables when they change."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.geocode.library import Library
from layers.geocode.naming import read_aliases
from layers.geocode.read import read_base
from layers.geocode.refresh import with_addresses, with_grids
from layers.grids import in_force
from layers.tables import Address, AddressAlias, Building, Division, Grid, Load, Place, Road

_OTHERS = ("places", "buildings", "roads", "divisions")


class Revision(NamedTuple):
    """A state of the library's tables on a day."""

    day: date
    grids: tuple[Any, ...]
    addresses: tuple[Any, ...]
    others: tuple[Any, ...]
    aliases: tuple[Any, ...]


def revision_of(session: Session, as_of: date, grids: tuple[Any, ...] | None = None) -> Revision:
    """A mark that differs when any table of the library has changed; one statement.

    It counts the grids in force and the aliases; of the large tables it looks at the last rows and the loads, since
    they change by loads alone. `grids` is that part of an earlier mark, for callers who know that it holds.
    """

    def one(value: Any, *conditions: Any) -> Any:
        return sa.select(value).where(*conditions).scalar_subquery()

    counted = (sa.func.max(Grid.id), sa.func.count(Grid.id), sa.func.sum(Grid.revision))
    inside = [] if grids is not None else [one(value, in_force(as_of)) for value in counted]
    loaded = [one(value, Load.layer == "addresses") for value in (sa.func.max(Load.id), sa.func.count(Load.id))]
    others = [one(sa.func.max(table.id)) for table in (Place, Building, Road)]
    others += [one(sa.func.count(Division.code)), one(sa.func.max(Load.id), Load.layer.in_(_OTHERS))]
    alias = (sa.func.max(AddressAlias.id), sa.func.max(AddressAlias.created_at), sa.func.count(AddressAlias.id),
             sa.func.count(AddressAlias.valid_to))  # fmt: skip
    parts = [inside, [*loaded, one(sa.func.max(Address.id))], others, [one(value) for value in alias]]
    row = list(session.execute(sa.select(*(value for part in parts for value in part))).one())
    found = [tuple(row.pop(0) for _ in part) for part in parts]
    return Revision(as_of, grids if grids is not None else found[0], *found[1:])


def read_library(session: Session, *, as_of: date) -> Library:
    """The library that holds on a day: addresses, buildings and roads with names, areas in force, other names."""
    revision = revision_of(session, as_of)
    library = read_base(session, as_of).with_aliases(read_aliases(session, as_of))
    library.revision = revision
    return library


_KEEP = 4


@dataclass
class _Kept:
    """The library of a database on a day: without other names, and with those that hold.

    seen : what the caller who had it read knew of the grids, and their mark
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    base: Library | None = None
    library: Library | None = None
    seen: tuple[Any, tuple[Any, ...]] = (None, ())


_kept: OrderedDict[tuple[str, date], _Kept] = OrderedDict()
_lock = threading.Lock()


def library_for(session: Session, as_of: date, edition: Any = None) -> Library:
    """The library of the session's database on a day, read once and brought up to its tables when they have changed.

    Addresses that loads have changed, grids of a plan and other names, such as corrections from the review queue, are
    put into the library that is there, a second or two for 1,000,000 addresses; other tables, and towns or villages,
    have it read as a whole. Addresses that were deleted are noticed with the next load. Threads wait only for the
    database and day they ask for.

    edition : what differs whenever the grids do, for callers who know; then they are not counted
    """
    key = (str(session.get_bind().engine.url), as_of)
    with _lock:
        kept = _kept.setdefault(key, _Kept())
        _kept.move_to_end(key)
        while len(_kept) > _KEEP:
            _kept.popitem(last=False)
    known, grids = kept.seen
    revision = revision_of(session, as_of, grids if edition is not None and known == edition else None)
    with kept.lock:
        if kept.library is not None and kept.library.revision == revision:
            return kept.library
        kept.base = _renewed(session, kept.base, revision) or read_base(session, as_of)
        kept.base.revision = revision
        kept.library = kept.base.with_aliases(read_aliases(session, as_of))
        kept.library.revision = revision
        kept.seen = edition, revision.grids
        return kept.library


def _renewed(session: Session, base: Library | None, revision: Revision) -> Library | None:
    """The library without other names in a new state of the tables; None if it has to be read as a whole."""
    if base is None or base.revision.others != revision.others:
        return None
    if base.revision.grids != revision.grids:
        base = with_grids(session, base, revision.day)
    if base is not None and base.revision.addresses != revision.addresses:
        base = with_addresses(session, base, revision.day)
    return base
