"""Values as files write them, to the types of our fields."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from layers.ingest.arrays import Array, is_none, nothing, objects
from layers.ingest.fields import Field

Coerced = tuple[Array, Array]

_NOTHING = frozenset(
    {"", "无", "空", "暂无", "null", "none", "nan", "nat", "n/a", "#n/a", "-", "--", "—", "/", "\\n", "<null>"}
)
_YES = frozenset({"1", "1.0", "true", "t", "yes", "y", "是", "有"})
_NO = frozenset({"0", "0.0", "false", "f", "no", "n", "否"})
_MOMENT = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})(?:\s*[-/.月]\s*(\d{1,2})\s*日?)?月?"
    r"(?:[T\s]*(\d{1,2})\s*[:时点]\s*(\d{1,2})?(?:\s*[:分]\s*(\d{1,2})?(?:\.\d+)?\s*秒?)?分?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2}|[+-]\d{2})?",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[T ]?(\d{2})(\d{2})(\d{2})?)?(Z|[+-]\d{2}:?\d{2})?", re.IGNORECASE)
_EXCEL_EPOCH = datetime(1899, 12, 30)
_EXCEL_DAYS = (20_000, 80_000)


def as_text(values: Array) -> Array:
    """(n,) stripped texts; None where there is nothing (blank, 无, NULL, NaN …); whole numbers without ".0"."""
    return objects(map(_text, values))


def _text(value: Any) -> str | None:
    if type(value) is str:
        text = value.strip()
        return None if len(text) < 7 and text.casefold() in _NOTHING else text
    if value is None or value is pd.NaT:
        return None
    if isinstance(value, float | np.floating):
        number = float(value)
        if np.isnan(number):
            return None
        return str(int(number)) if number.is_integer() and abs(number) < 1e18 else repr(number)
    if isinstance(value, datetime) and value.time() == time(0) and value.tzinfo is None:
        return value.date().isoformat()
    return _text(str(value))


def coerce(values: Array, field: Field, zone: ZoneInfo) -> tuple[Array, Array]:
    """(n,) values of the field's type, None where missing; and (n,) complaints, None where nothing is wrong.

    Where there is a complaint the value is None.

    zone : of instants written without an offset
    """
    complaints = nothing(len(values))
    raw = as_text(values) if field.kind not in {"instant", "day"} else values
    out, wrong = _KINDS[field.kind](raw, field, zone)
    for row in np.flatnonzero(wrong):
        complaints[row] = f"{field.name} {_quoted(values[row])} {_wish(field, raw[row])}"
        out[row] = None
    return out, complaints


def _quoted(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= 40 else f"{text[:37]}...")


def _wish(field: Field, value: Any) -> str:
    if field.kind in {"text", "code"}:
        if isinstance(value, str) and len(value) > field.length:
            return f"has {len(value):,} characters, {field.length:,} are possible"
        return "holds signs that are no text"
    if field.kind == "count":
        return f"is not a whole number from 0 to {field.high:,.0f}"
    if field.kind in {"integer", "number"}:
        whole = "a whole number" if field.kind == "integer" else "a number"
        return f"is not {whole} from {field.low:,.0f} to {field.high:,.0f}"
    if field.kind == "instant":
        return "is not a time; write it like 2024-03-05 14:30"
    return "is not a date; write it like 2024-03-05"


def _texts(values: Array, field: Field, _zone: ZoneInfo) -> Coerced:
    wrong = np.fromiter(
        (v is not None and (len(v) > field.length or not _printable(v)) for v in values), bool, len(values)
    )
    return values.copy(), wrong


def _printable(text: str) -> bool:
    """PostgreSQL stores neither NUL nor halves of surrogate pairs."""
    return (text.isascii() and "\x00" not in text) or not any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in text)


def _numbers(values: Array) -> tuple[Array, Array, Array]:
    """(n,) floats, and which are missing, and which are no finite number."""
    missing = is_none(values)
    number = np.array(pd.to_numeric(pd.Series(values, dtype=object), errors="coerce"), dtype=float)
    for row in np.flatnonzero(np.isnan(number) & ~missing):
        number[row] = _wide_number(values[row])
    return number, missing, ~np.isfinite(number) & ~missing


def _wide_number(text: str) -> float:
    """Numbers in full-width figures, or with the unit behind them ("12.5 m", "30米")."""
    plain = re.sub(r"\s*(m|米|户|层|度|°|天)$", "", unicodedata.normalize("NFKC", text).strip())
    try:
        return float(plain) if "_" not in plain else np.nan
    except ValueError:
        return np.nan


def _ranged(values: Array, field: Field, _zone: ZoneInfo) -> Coerced:
    number, missing, wrong = _numbers(values)
    with np.errstate(invalid="ignore"):
        wrong |= ~missing & ((number < field.low) | (number > field.high))
    out = number.astype(object)
    out[missing | wrong] = None
    return out, wrong


def _whole(values: Array, field: Field, _zone: ZoneInfo) -> Coerced:
    number, missing, wrong = _numbers(values)
    low = max(field.low, 0) if field.kind == "count" else field.low
    with np.errstate(invalid="ignore"):
        wrong |= ~missing & ((number != np.floor(number)) | (number < low) | (number > field.high))
    sound = ~(missing | wrong)
    out = nothing(len(values))
    out[sound] = number[sound].astype(np.int64).tolist()
    return out, wrong


def _flags(values: Array, _field: Field, _zone: ZoneInfo) -> Coerced:
    """Any word but no is a yes: bridge=viaduct."""
    out = objects(v is not None and v.casefold() not in _NO for v in values)
    return out, np.zeros(len(values), dtype=bool)


def _instants(values: Array, _field: Field, zone: ZoneInfo) -> Coerced:
    return _each(values, lambda value: _utc(_moment(value), zone))


def _days(values: Array, _field: Field, zone: ZoneInfo) -> Coerced:
    return _each(values, lambda value: _local_day(_moment(value), zone))


def _each(values: Array, parse: Callable[[Any], Any]) -> Coerced:
    out = nothing(len(values))
    wrong = np.zeros(len(values), dtype=bool)
    known: dict[Any, Any] = {}
    for row, value in enumerate(values):
        if value not in known:
            try:
                known[value] = (parse(value), False) if _text(value) is not None else (None, False)
            except (ValueError, OverflowError):
                known[value] = (None, True)
        out[row], wrong[row] = known[value]
    return out, wrong


def _moment(value: Any) -> datetime:
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time(0))
    text = unicodedata.normalize("NFKC", str(value)).strip()
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if _EXCEL_DAYS[0] <= days <= _EXCEL_DAYS[1]:
        return _EXCEL_EPOCH + timedelta(seconds=round(days * 86_400))
    found = _MOMENT.fullmatch(text) or _COMPACT.fullmatch(text)
    if not found:
        return datetime.fromisoformat(text)
    year, month, day, hour, minute, second = (int(part) if part else None for part in found.groups()[:6])
    moment = datetime(year or 0, month or 0, day or 1, hour or 0, minute or 0, second or 0)
    offset = found[7]
    return moment if not offset else datetime.fromisoformat(f"{moment.isoformat()}{offset.upper()}")


def _utc(moment: datetime, zone: ZoneInfo) -> datetime:
    if moment.year < 1900:
        raise ValueError("before any report")
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _local_day(moment: datetime, zone: ZoneInfo) -> date:
    return (moment.astimezone(zone) if moment.tzinfo else moment).date()


_KINDS: dict[str, Callable[[Array, Field, ZoneInfo], Coerced]] = {
    "text": _texts,
    "code": _texts,
    "count": _whole,
    "integer": _whole,
    "number": _ranged,
    "flag": _flags,
    "instant": _instants,
    "day": _days,
}
