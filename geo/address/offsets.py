"""Words that place an address beside something: 对面, 东侧, 路口, 往北300米."""

from __future__ import annotations

import re

from geo.address.record import Offset
from geo.address.tokens import BEARING, OFFSET

_METRES = re.compile(r"(\d+)(米|m|公里|km)")
_BEARING = re.compile(BEARING)
_MAY = re.compile(r"[近边旁壁对交口米里m侧面首端头后前内下]")


def take_offsets(words: str) -> tuple[str, list[Offset]]:
    """Give the words without their offsets, which stand at the beginning or the end, and the offsets in order.

    >>> take_offsets("大井加油站对面")
    ('大井加油站', [Offset(kind='opposite', text='对面', bearing=None, distance_m=None, road=None)])
    """
    if not _MAY.search(words):
        return words, []
    found: list[Offset] = []
    while words and (match := OFFSET.match(words)):
        found.append(_offset(match))
        words = words[match.end() :]
    last: list[Offset] = []
    while words and (match := next((m for m in OFFSET.finditer(words) if m.end() == len(words)), None)):
        last.insert(0, _offset(match))
        words = words[: match.start()]
    return words, found + last


def _offset(match: re.Match[str]) -> Offset:
    text = match.group()
    bearing = _BEARING.search(text)
    metres = _METRES.search(text)
    distance = None
    if metres:
        distance = float(metres[1]) * (1.0 if metres[2] in ("米", "m") else 1000.0)
    return Offset(match.lastgroup, text, bearing.group().lstrip("正") if bearing else None, distance)  # type: ignore[arg-type]
