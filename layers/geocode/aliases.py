"""Other names of places: kept, listed, loaded from a file, and remembered when a name changes."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo.address import normalise
from layers.access import EVERYWHERE, Scope
from layers.errors import InvalidInputError, NotFoundError
from layers.geometry import to_sql
from layers.tables import Address, AddressAlias, AddressLevel, AliasKind, Grid

MAX_TEXT = 400
ADDRESS_LEVELS = frozenset(list(AddressLevel)[list(AddressLevel).index(AddressLevel.NUMBER) :])


@dataclass(frozen=True)
class AliasContent:
    """Another name: what people write, what it names, and what it stands for: one of the last four.

    name : the standard name at that level; address_key : a standard address; area_code : a village or town;
    lon, lat : a point of its own, in degrees

    Raises
    ------
    InvalidInputError : a value is missing, out of its range or unknown, or it stands for nothing or for two things
    """

    text: str
    level: str
    kind: str = AliasKind.ALIAS
    scope_code: str = ""
    name: str | None = None
    address_key: str | None = None
    area_code: str | None = None
    lon: float | None = None
    lat: float | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    def __post_init__(self) -> None:
        if not normalise(self.text) or len(self.text) > MAX_TEXT:
            raise InvalidInputError(f"The text of an alias has 1 to {MAX_TEXT} characters.")
        if self.level not in list(AddressLevel) or self.level == AddressLevel.NONE:
            raise InvalidInputError(f"{self.level!r} is no level; take one of {', '.join(list(AddressLevel)[1:])}.")
        if self.kind not in list(AliasKind):
            raise InvalidInputError(f"{self.kind!r} is no kind of alias; take one of {', '.join(AliasKind)}.")
        if (self.lon is None) != (self.lat is None):
            raise InvalidInputError("A point needs both lon and lat.")
        if self.lon is not None and not (abs(self.lon) <= 180 and abs(self.lat or 0.0) <= 90):
            raise InvalidInputError("Longitudes lie within ±180 and latitudes within ±90; are the two swapped?")
        meanings = [self.name, self.address_key, self.area_code, self.lon]
        if sum(meaning not in (None, "") for meaning in meanings) != 1:
            raise InvalidInputError("An alias stands for exactly one of name, address_key, area_code, and a point.")
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise InvalidInputError("valid_to comes before valid_from.")


def add_alias(
    session: Session, content: AliasContent, *, by: str, now: datetime, scope: Scope = EVERYWHERE
) -> AddressAlias:
    """Keep another name; the same one again gives the row that is already there.

    Without a `scope_code` it holds in the whole area of whoever adds it.

    Raises
    ------
    NotFoundError : the address or the area does not exist
    ForbiddenError : it holds outside the scope
    """
    scope_code = content.scope_code or scope.code
    scope.require(scope_code)
    if content.area_code:
        scope.require(content.area_code)
    if content.address_key and not session.scalar(
        sa.select(Address.id).where(Address.address_key == content.address_key).limit(1)
    ):
        raise NotFoundError("address", content.address_key)
    if content.area_code and not session.scalar(sa.select(Grid.id).where(Grid.code == content.area_code).limit(1)):
        raise NotFoundError("area", content.area_code)
    point = None if content.lon is None else shapely.Point(content.lon, content.lat)
    values = {
        "kind": AliasKind(content.kind).value, "level": AddressLevel(content.level).value,
        "text": normalise(content.text), "scope_code": scope_code, "name": content.name or None,
        "address_key": content.address_key or None, "area_code": content.area_code or None,
        "valid_from": content.valid_from, "valid_to": content.valid_to,
    }  # fmt: skip
    same = [getattr(AddressAlias, name).is_not_distinct_from(value) for name, value in values.items()]
    if point is None:
        held = session.scalar(sa.select(AddressAlias).where(*same, AddressAlias.geom.is_(None)).limit(1))
        if held is not None:
            return held
    alias = AddressAlias(**values, created_at=now, created_by=by, geom=None if point is None else to_sql([point])[0])
    session.add(alias)
    session.flush()
    return alias


def list_aliases(
    session: Session, scope: Scope = EVERYWHERE, *, q: str | None = None, after: int = 0, limit: int = 100
) -> Sequence[Any]:
    """Rows of the alias table with lon and lat (None without a point), in the order they were added.

    q : only those whose text, name, key or code contains it; after : only rows with a greater id
    """
    statement = _with_point().where(AddressAlias.id > after)
    if scope.code:
        statement = statement.where(sa.or_(scope.prefix(AddressAlias.scope_code), scope.prefix(AddressAlias.area_code)))
    if q:
        fields = (AddressAlias.text, AddressAlias.name, AddressAlias.address_key, AddressAlias.area_code)
        statement = statement.where(sa.or_(*(field.contains(normalise(q), autoescape=True) for field in fields)))
    return session.execute(statement.order_by(AddressAlias.id).limit(limit)).all()


def alias_row(session: Session, alias_id: int) -> Any:
    """One row of the alias table as `list_aliases` gives it."""
    return session.execute(_with_point().where(AddressAlias.id == alias_id)).one()


def _with_point() -> sa.Select[Any]:
    number: sa.Double[float] = sa.Double()
    columns = [column for column in AddressAlias.__table__.c if column.name != "geom"]
    geom = AddressAlias.geom
    place = (sa.func.ST_X(geom, type_=number).label("lon"), sa.func.ST_Y(geom, type_=number).label("lat"))
    return sa.select(*columns, *place)


def load_aliases(
    session: Session, text: str, *, by: str, now: datetime, scope: Scope = EVERYWHERE
) -> tuple[int, list[tuple[int, str]]]:
    """Keep the aliases of a CSV file; gives how many were kept, and (line, reason) for the rows that were refused.

    Columns: text, level, and one of name, address_key, area_code, or lon and lat; kind, scope_code, valid_from and
    valid_to if wanted.

    Raises
    ------
    InvalidInputError : a column that is needed is missing
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    missing = {"text", "level"} - set(reader.fieldnames or ())
    if missing:
        raise InvalidInputError(f"The file has no column {' or '.join(sorted(missing))}.")
    kept, refused = 0, []
    for row in reader:
        try:
            with session.begin_nested():
                add_alias(session, _content(row), by=by, now=now, scope=scope)
            kept += 1
        except (InvalidInputError, NotFoundError, ValueError) as error:
            refused.append((reader.line_num, str(error)))
    return kept, refused


def _content(row: Mapping[str, str | None]) -> AliasContent:
    given = {name: value.strip() for name, value in row.items() if name and isinstance(value, str) and value.strip()}
    values: dict[str, Any] = {
        name: given[name]
        for name in ("text", "level", "kind", "scope_code", "name", "address_key", "area_code")
        if name in given
    }
    values |= {name: float(given[name]) for name in ("lon", "lat") if name in given}
    values |= {name: date.fromisoformat(given[name]) for name in ("valid_from", "valid_to") if name in given}
    return AliasContent(**({"text": "", "level": ""} | values))


def remember_former_names(
    session: Session, names: Mapping[str, str], *, level: AddressLevel, until: date, by: str, now: datetime
) -> int:
    """Let earlier names of areas go on to resolve: `names` is code -> earlier name; gives how many were new.

    level : VILLAGE or TOWN. Call it in the transaction that renames or converts them, with the codes that the areas
    have afterwards; `until` is the first day of the new name. Other texts with such a name inside the same county
    keep their own meaning: the name holds inside the town of the area.
    """
    count = 0
    for code, name in names.items():
        width = 9 if level == AddressLevel.VILLAGE else 6
        held = session.scalar(
            sa.select(AddressAlias.id).where(
                AddressAlias.kind == AliasKind.FORMER_NAME,
                AddressAlias.text == normalise(name),
                AddressAlias.area_code == code,
            )
        )
        if held is None and normalise(name):
            content = AliasContent(
                text=name, level=level, kind=AliasKind.FORMER_NAME, area_code=code, scope_code=code[:width],
                valid_to=until,
            )  # fmt: skip
            session.add(_former(content, by, now))
            count += 1
    session.flush()
    return count


def remember_former_addresses(
    session: Session, texts: Mapping[str, str], *, until: date, by: str, now: datetime
) -> int:
    """Let earlier texts of standard addresses go on to resolve: `texts` is address key -> earlier text."""
    count = 0
    keys = list(texts)
    for start in range(0, len(keys), 1_000):
        part = keys[start : start + 1_000]
        rows = session.execute(
            sa.select(AddressAlias.address_key, AddressAlias.text).where(AddressAlias.address_key.in_(part))
        )
        held = {(key, text) for key, text in rows}
        for key in part:
            text = normalise(texts[key])
            if text and (key, text) not in held:
                session.add(
                    _former(
                        AliasContent(
                            text=text, level=AddressLevel.NUMBER, kind=AliasKind.FORMER_NAME, address_key=key,
                            valid_to=until,
                        ), by, now,
                    )
                )  # fmt: skip
                count += 1
    session.flush()
    return count


def _former(content: AliasContent, by: str, now: datetime) -> AddressAlias:
    return AddressAlias(
        kind=AliasKind(content.kind).value, level=AddressLevel(content.level).value, text=normalise(content.text),
        scope_code=content.scope_code, address_key=content.address_key, area_code=content.area_code,
        valid_to=content.valid_to, created_at=now, created_by=by,
    )  # fmt: skip
