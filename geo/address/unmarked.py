"""What a name without a suffix is, by its length and its neighbours: a township, a village, a hamlet."""

from __future__ import annotations

import re
from collections.abc import Collection

from geo.address.tokens import BUSINESS, ESTATE

_STREET = re.compile(r"[东南西北中新老前后大]?[一二三四五六七八九十]?(?:路|街|大道|大街|道|巷|弄|线)[东南西北中]?段?$")
_PLAIN_WORD = re.compile(r"(?![市区县镇])[\u4e00-\u9fff]+(?<!园区)(?<!开发)(?<!工业)")
_ORDINAL = re.compile(r"[一二三四五六七八九十]+[支横]?[路街]|[^ ]村路")
_SITE = re.compile(r"[城区园会苑]$")
_PART = re.compile(r"(?:[东南西北中]片|[^ ]{2,3}?(?:区|片|管理区|大队|办事处))(?=[^ ]{2})")
_ABOVE_TOWNSHIP = ("", "province", "city", "county")
_BEFORE_ROAD = {"township": "village", "county": "township", "city": "township", "": "township"}


def before_house(name: str, before: str, last: str, known: Collection[str]) -> str | None:
    """Give the field of a short name before a house number (`before` is "house") or the groups of a village.

    `last` is the field before the name, `known` the administrative fields that are there.

    >>> before_house("石渠", "group", "township", ()), before_house("蔡家", "house", "village", ("village",))
    ('village', 'hamlet')
    """
    if before not in ("house", "group") or not 2 <= len(name) <= 5 or BUSINESS.search(name):
        return None
    grouped = before == "group" or (name.endswith("新村") and last == "township")
    if grouped and not name.endswith("小区") and last in ("township", "county", "city") and "village" not in known:
        return "village"
    if len(name) > 4 or last not in ("township", "village") or ESTATE.search(name):
        return None
    return "hamlet"


def before_road(road: str, last: str, known: Collection[str]) -> tuple[str, int]:
    """Give the field and the length of what stands before a road without its suffix (枫桥建设路), or length 0.

    Most roads are two characters and a direction, so that four or five before it are one name too many.

    >>> before_road("枫桥建设路", "county", ()), before_road("文三西路", "county", ())
    (('township', 2), ('', 0))
    """
    stem = _STREET.sub("", road)
    field = _BEFORE_ROAD.get(last)
    if not field or not 4 <= len(stem) <= 5 or field in known or not _PLAIN_WORD.fullmatch(stem):
        return "", 0
    size = len(stem) - 2
    if _ORDINAL.match(road, size):
        return "", 0
    return ("place" if _SITE.search(road, 0, size) else field), size


def before_village(name: str, last: str, known: Collection[str]) -> tuple[int, int]:
    """Give how long the part of an area and the township are before the name of a village (without 村), 0 if none.

    >>> before_village("东湖片石塘", "township", ()), before_village("枫桥双溪", "city", ())
    ((3, 0), (0, 2))
    """
    part = _PART.match(name)
    size = part.end() if part else 0
    township = 4 <= len(name) - size <= 6 and last in _ABOVE_TOWNSHIP and "township" not in known
    return size, 2 if township else 0
