"""The value of a number as it is written in an address, whatever its digits and its suffix."""

from __future__ import annotations

import re

_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_SPOKEN = re.compile(r"[零〇一二三四五六七八九十百千两]+")
_PARTS = re.compile(r"[0-9]+|[A-Z]+")
_STOREY = re.compile(r"(?<=[0-9])F$")
_BELOW = re.compile(r"(?:地下|负|-|B(?=[0-9]+[层楼F]))([0-9]+)(?:[层楼F]|楼层)?$")


def chinese_number(text: str) -> int | None:
    """Read a Chinese numeral below ten thousand, by place value or digit by digit; None if it is none.

    >>> chinese_number("一百二十三"), chinese_number("二〇八"), chinese_number("十"), chinese_number("路")
    (123, 208, 10, None)
    """
    if not text or not _SPOKEN.fullmatch(text):
        return None
    if not any(character in _UNITS for character in text):
        return int("".join(str(_DIGITS[character]) for character in text))
    total, digit = 0, None
    for character in text:
        if character in _UNITS:
            total, digit = total + (1 if digit is None else digit) * _UNITS[character], None
        else:
            digit = _DIGITS[character]
    return total + (digit or 0)


def number_key(text: str) -> str:
    """Give the value of a house, building, floor or room number: equal values, equal keys.

    Digits are Arabic, letters are capitals, the suffix is gone and parts are joined by a dash; a floor
    below ground is negative.

    >>> number_key("十二号之一"), number_key("12号-1"), number_key("１2幢"), number_key("b座"), number_key("地下一层")
    ('12-1', '12-1', '12', 'B', '-1')
    """
    plain = text.translate(_WIDE).upper().replace("第", "").replace("甲", "A").replace("乙", "B").replace("丙", "C")
    plain = _SPOKEN.sub(lambda found: str(chinese_number(found.group())), plain)
    below = _BELOW.match(plain)
    if below:
        return f"-{int(below[1])}"
    parts = _PARTS.findall(_STOREY.sub("", plain))
    return "-".join(part if part.isalpha() else str(int(part)) for part in parts) or text


_WIDE = {0xFEE0 + code: code for code in range(0x21, 0x7F)}
