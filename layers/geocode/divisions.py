"""The official names of divisions: loaded from code lists, kept for the library's upper levels."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo.address import normalise
from layers.errors import InvalidInputError
from layers.tables import Division, Load

_CODES = ("code", "代码", "区划代码", "统计用区划代码", "行政区划代码")
_NAMES = ("name", "名称", "区划名称", "单位名称")
_WIDTHS = (2, 4, 6, 9, 12)
_AT_ONCE = 5_000


def load_divisions(
    session: Session, text: str, *, now: datetime, file_name: str = ""
) -> tuple[int, list[tuple[int, str]]]:
    """Keep the rows of a code list, a CSV with code and name; gives how many, and (line, reason) of refused rows.

    A code that is there gets the new name. Ending zeros of long codes (330681000000) are taken off.

    Raises
    ------
    InvalidInputError : the file has no column for the code or the name
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    columns = [next((one for one in known if one in (reader.fieldnames or ())), None) for known in (_CODES, _NAMES)]
    if None in columns:
        raise InvalidInputError("The list needs the columns code and name.")
    found: dict[str, str] = {}
    refused = []
    for row in reader:
        written, name = ((row[column or ""] or "").strip() for column in columns)
        code = next(
            (written[:width] for width in _WIDTHS if width <= len(written) and not written[width:].strip("0")), ""
        )
        if not code.isdigit() or len(written) not in _WIDTHS:
            refused.append((reader.line_num, f"{written[:20]!r} is no code of 2, 4, 6, 9 or 12 digits"))
        elif not normalise(name) or len(name) > 200:
            refused.append((reader.line_num, "the name is empty or too long"))
        else:
            found[code] = name
    codes = list(found)
    for start in range(0, len(codes), _AT_ONCE):
        part = codes[start : start + _AT_ONCE]
        session.execute(sa.delete(Division).where(Division.code.in_(part)))
        session.execute(sa.insert(Division), [{"code": code, "name": found[code]} for code in part])
    counts = {"accepted": len(found), "rejected": len(refused)}
    digest = hashlib.sha256(text.encode()).hexdigest()
    session.add(Load(layer="divisions", file_name=file_name[:300], sha256=digest, crs="", loaded_at=now, counts=counts))
    session.flush()
    return len(found), refused
