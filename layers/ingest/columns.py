"""Which column of a file brings which field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from layers.errors import InvalidInputError
from layers.ingest.fields import Field
from layers.ingest.result import some

X, Y, WKT, WKB = "x", "y", "wkt", "wkb"
PLACE = (
    Field(X, "lon lng long longitude 经度 东经 gpslon gpslng x pointx xcoord coordx easting 东坐标 横坐标 x坐标"),
    Field(Y, "lat latitude 纬度 北纬 gpslat y pointy ycoord coordy northing 北坐标 纵坐标 y坐标"),
    Field(WKT, "wkt geomwkt wktgeom geometry geom thegeom 几何 图形 shape"),
    Field(WKB, "wkb wkbgeometry geomwkb ewkb hexwkb geometry geom thegeom"),
)
_SYNONYMS = {"lon": X, "longitude": X, "lat": Y, "latitude": Y, "geometry": WKT}
_QUOTIENT = re.compile(r"(.+?)\s*/\s*(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Column:
    """Where a field comes from: a header, divided by `divisor`; or the same `constant` for every row."""

    header: str | None = None
    divisor: float = 1.0
    constant: str | None = None

    def values(self, table: pd.DataFrame) -> np.ndarray:
        """(n,) values as they stand in the file."""
        if self.header is None:
            return np.full(len(table), self.constant, dtype=object)
        found = table[self.header].to_numpy(dtype=object)
        if self.divisor == 1.0:
            return found
        number = pd.to_numeric(pd.Series(found, dtype=object), errors="coerce").to_numpy(dtype=float)
        shares = np.floor(number / self.divisor + 0.5)
        return np.where(np.isfinite(shares), shares.astype(object), found)


def plain(header: str) -> str:
    """A header without case, width, spaces, signs and what stands in brackets."""
    text = unicodedata.normalize("NFKC", header).casefold()
    text = re.sub(r"[(\[【].*?[)\]】]", "", text)
    return "".join(c for c in text if c.isalnum())


def match_columns(
    headers: Sequence[str], fields: Sequence[Field], named: Mapping[str, str | None] | None = None
) -> dict[str, Column]:
    """The column of each field that the file has.

    Fields are found by their usual headers, Chinese or English. `named` wins over that: field -> header,
    "HEADER / 2.2" for a count to be divided and rounded, "=VALUE" for the same value in every row, None for
    a field that shall stay empty.

    Raises
    ------
    InvalidInputError : `named` speaks of a field or header that does not exist
    """
    known = {field.name: field for field in (*fields, *PLACE)}
    by_plain: dict[str, str] = {}
    for header in headers:
        by_plain.setdefault(plain(header), header)
    found: dict[str, Column] = {}
    for name, field in known.items():
        usual = next((by_plain[spelling] for spelling in field.headers.split() if spelling in by_plain), None)
        if usual is not None:
            found[name] = Column(usual)
    for wanted, told in (named or {}).items():
        name = wanted if wanted in known else _SYNONYMS.get(wanted, wanted)
        if name not in known:
            raise InvalidInputError(f"There is no field {wanted[:40]!r}; known are {', '.join(known)}.")
        found.pop(name, None)
        if told:
            found[name] = _named(told, headers)
    return found


def _named(told: str, headers: Sequence[str]) -> Column:
    if told in headers:
        return Column(told)
    if told.startswith("="):
        return Column(constant=told[1:])
    quotient = _QUOTIENT.fullmatch(told.strip())
    if quotient and quotient[1] in headers and float(quotient[2]) > 0:
        return Column(quotient[1], float(quotient[2]))
    loose = [header for header in headers if plain(header) == plain(told)]
    if len(loose) == 1:
        return Column(loose[0])
    raise InvalidInputError(f"The file has no column {told[:60]!r}; it has {some(list(headers), 40)}.")
