"""Tickets of the hotline 12345 as reports, and the signature that proves where they come from."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from layers.errors import UnauthenticatedError
from layers.ingest.words import CATEGORY, plain_word
from layers.reports import MAX_SUBTYPE, ReportContent
from layers.tables import ReportCategory, ReportSource

REPLAY_WINDOW = timedelta(minutes=5)


class HotlineKind(StrEnum):
    """What a caller wants: 咨询, 求助, 投诉, 举报, 建议, 感谢, 其他."""

    ENQUIRY = "咨询"
    HELP = "求助"
    COMPLAINT = "投诉"
    TIP_OFF = "举报"
    SUGGESTION = "建议"
    THANKS = "感谢"
    OTHER = "其他"


CATEGORY_OF_KIND = {
    HotlineKind.ENQUIRY: ReportCategory.SERVICE,
    HotlineKind.HELP: ReportCategory.SERVICE,
    HotlineKind.COMPLAINT: ReportCategory.OPINION,
    HotlineKind.TIP_OFF: ReportCategory.OPINION,
    HotlineKind.SUGGESTION: ReportCategory.OPINION,
    HotlineKind.THANKS: ReportCategory.OPINION,
    HotlineKind.OTHER: ReportCategory.OTHER,
}


@dataclass(frozen=True)
class Ticket:
    """What the hotline tells of a call; nothing about the caller. The point is WGS 84 degrees."""

    number: str
    kind: HotlineKind
    received_at: datetime
    content: str
    matter: str | None = None
    address: str | None = None
    lon: float | None = None
    lat: float | None = None


def ticket_report(ticket: Ticket) -> tuple[str, ReportContent]:
    """The key and the content of a ticket's report.

    The category is that of the matter, where its word is known, else that of the kind of call; the word itself, or the
    kind, becomes the subtype. A ticket always has the same key, so that it is stored once however often it comes.

    Raises
    ------
    InvalidInputError : a value is out of its range or too long
    """
    known = CATEGORY.get(plain_word(ticket.matter)) if ticket.matter else None
    content = ReportContent(
        category=ReportCategory(known) if known else CATEGORY_OF_KIND[ticket.kind],
        source=ReportSource.HOTLINE_12345,
        reported_at=ticket.received_at,
        subtype=(ticket.matter or ticket.kind.value)[:MAX_SUBTYPE],
        description=ticket.content,
        address_text=ticket.address,
        lon=ticket.lon,
        lat=ticket.lat,
    )
    return f"hotline-{ticket.number}", content


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The HMAC-SHA256 in hexadecimal of the timestamp, a point and the body."""
    return hmac.new(secret.encode(), timestamp.encode("utf-8", "replace") + b"." + body, sha256).hexdigest()


def require_signature(secret: str, *, timestamp: str, signature: str, body: bytes, now: datetime) -> None:
    """Refuse what was not signed with the secret, or more than five minutes ago or ahead.

    `timestamp` counts seconds since 1970 in UTC.

    Raises
    ------
    UnauthenticatedError : it was not
    """
    expected = sign(secret, timestamp, body)
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        raise UnauthenticatedError("The signature does not fit; sign the timestamp, a point and the body as sent.")
    try:
        then = datetime.fromtimestamp(int(timestamp), UTC)
    except (ValueError, OverflowError, OSError):
        raise UnauthenticatedError("The timestamp is no number of seconds since 1970.") from None
    if abs(now - then) > REPLAY_WINDOW:
        raise UnauthenticatedError("The signature is more than five minutes old; check the sender's clock.")
