"""What the sender of a report says, checked, and its fingerprint."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from layers.errors import InvalidInputError
from layers.tables import ReportCategory, ReportSource

MAX_KEY, MAX_ADDRESS, MAX_SUBTYPE, MAX_DESCRIPTION = 128, 400, 60, 10_000
CLOCK_TOLERANCE = timedelta(minutes=10)
_TEXTS = {"subtype": MAX_SUBTYPE, "address_text": MAX_ADDRESS, "description": MAX_DESCRIPTION}
_CATEGORIES, _SOURCES = frozenset(ReportCategory), frozenset(ReportSource)


@dataclass(frozen=True)
class ReportContent:
    """What the sender says: degrees for the point, an aware instant; without `reported_at` it is the time of receipt.

    Raises
    ------
    InvalidInputError : a value is out of its range, too long or unknown
    """

    category: str
    source: str
    reported_at: datetime | None = None
    subtype: str | None = None
    severity: int | None = None
    description: str | None = None
    address_text: str | None = None
    lon: float | None = None
    lat: float | None = None

    def __post_init__(self) -> None:
        if self.category not in _CATEGORIES:
            raise InvalidInputError(f"{self.category!r} is no category; take one of {', '.join(ReportCategory)}.")
        if self.source not in _SOURCES:
            raise InvalidInputError(f"{self.source!r} is no source; take one of {', '.join(ReportSource)}.")
        if self.severity is not None and not 1 <= self.severity <= 4:
            raise InvalidInputError("severity goes from 1 (特别重大) to 4 (一般).")
        if self.reported_at is not None and self.reported_at.tzinfo is None:
            raise InvalidInputError("reported_at needs an offset, for example 2026-03-10T12:00:00+08:00.")
        for name, longest in _TEXTS.items():
            _check_text(name, getattr(self, name), longest)
        if (self.lon is None) != (self.lat is None):
            raise InvalidInputError("A point needs both lon and lat; give both or neither.")
        if self.lon is not None and self.lat is not None and not _on_earth(self.lon, self.lat):
            raise InvalidInputError("lon must lie within ±180 and lat within ±90 degrees; are the two swapped?")

    @property
    def digest(self) -> str:
        """A fingerprint: equal contents, and only those, have the same."""
        values = vars(self) | {"reported_at": self.reported_at and self.reported_at.astimezone(UTC).isoformat()}
        text = json.dumps(values, sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def check(self, key: str, now: datetime) -> None:
        """Refuse a key that cannot be kept, and what lies ahead of the clock.

        Raises
        ------
        InvalidInputError : the key is empty, too long or not printable, or the report comes from the future
        """
        if not key or len(key) > MAX_KEY or not key.isprintable():
            raise InvalidInputError(f"A key has 1 to {MAX_KEY} printable characters.")
        if self.reported_at is not None and self.reported_at > now + CLOCK_TOLERANCE:
            raise InvalidInputError("reported_at lies in the future; check the sender's clock and time zone.")


def _check_text(name: str, text: str | None, longest: int) -> None:
    if text is None:
        return
    if len(text) > longest or "\x00" in text:
        raise InvalidInputError(f"{name} may have {longest} characters and no null byte; shorten it.")
    if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
        raise InvalidInputError(f"{name} holds half a character (a lone surrogate); send whole ones.")


def _on_earth(lon: float, lat: float) -> bool:
    return math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90
