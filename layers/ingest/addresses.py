"""Standard addresses: the text in full where a file brings only its parts."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.geocode.aliases import remember_former_addresses
from layers.ingest.arrays import Array, is_none
from layers.ingest.batch import Batch
from layers.ingest.result import Notes
from layers.ingest.rules import Rules
from layers.tables import Address

_LONGEST = 400
_ORDER = (
    *("province", "city", "county", "town", "village", "hamlet", "group_no"),
    *("road", "lane", "number", "estate", "building", "unit", "floor", "room"),
)
# The sign that a part ends with in a Chinese address, where the file leaves it out.
_SIGNS = {"number": "号", "building": "幢", "unit": "单元", "floor": "层", "room": "室"}


def prepare_addresses(_session: Session, batch: Batch, _rules: Rules, _notes: Notes) -> None:
    """Build `full_text` where it is missing; refuse rows that have no part of an address at all."""
    texts = batch.get("full_text").copy()
    parts = [batch.get(name) for name in _ORDER]
    for row in np.flatnonzero(is_none(texts) & batch.good):
        texts[row] = full_text({name: values[row] for name, values in zip(_ORDER, parts, strict=True)})
    batch.fields["full_text"] = texts
    batch.reject(is_none(texts), "the row has no part of an address")
    long = np.array([text is not None and len(text) > _LONGEST for text in texts], dtype=bool)
    batch.reject(long, f"the address has more than {_LONGEST} characters")


def full_text(parts: dict[str, str | None]) -> str | None:
    """The address as one text: from large to small without spaces in Chinese, "road number, city" otherwise.

    >>> full_text({"town": "枫溪镇", "road": "香榧路", "number": "12", "building": "3幢", "room": "301"})
    '枫溪镇香榧路12号3幢301室'
    >>> full_text({"city": "Lauf", "road": "Marktplatz", "number": "24"})
    'Marktplatz 24, Lauf'
    """
    given = {name: text for name in _ORDER if (text := parts.get(name))}
    if not given:
        return None
    if any("\u4e00" <= c <= "\u9fff" for text in given.values() for c in text):
        return "".join(_signed(name, text) for name, text in given.items())
    street = " ".join(given[name] for name in ("road", "lane", "number") if name in given)
    inner = ", ".join(given[name] for name in ("estate", "building", "unit", "floor", "room") if name in given)
    areas = [given[name] for name in reversed(_ORDER[:7]) if name in given]
    return ", ".join(part for part in (street, inner, *areas) if part)


def _signed(name: str, text: str) -> str:
    sign = _SIGNS.get(name, "")
    return text if not sign or not text[-1].isascii() else text + sign


def keep_former_texts(session: Session, ids: list[int], texts: Array, rules: Rules) -> None:
    """Remember the texts of stored addresses that are about to become `texts`, (n,) in the order of `ids`."""
    new = dict(zip(ids, texts, strict=True))
    rows = session.execute(sa.select(Address.id, Address.address_key, Address.full_text).where(Address.id.in_(ids)))
    old = {key: text for row, key, text in rows if new[row] not in (None, text)}
    remember_former_addresses(session, old, until=rules.now.date(), by=rules.loaded_by, now=rules.now)
