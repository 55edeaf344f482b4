"""A text as the names and numbers that a library can look for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from geo.address import Offset, china, normalise, parse
from geo.address.numbers import number_key
from layers.geocode.names import Kind, Meaning, Names, Span
from layers.geocode.rows import NUMBERS, Values

_SPOKEN = "[零〇一二三四五六七八九十百两壹贰叁肆伍陆柒捌玖拾佰]"
_FORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰", "一二三四五六七八九十百")
_NUMBER = re.compile(
    rf"(?P<value>(?:第|附|负|地下)?(?:[0-9]+[A-Za-z]?(?![a-z])|[A-Za-z][0-9]+|[A-Za-z](?=[座幢栋区]|-[0-9])|{_SPOKEN}+)"
    rf"(?:-(?:[0-9]+[A-Za-z]?|[A-Za-z][0-9]+|{_SPOKEN}+))*)"
    r"(?P<unit>村民小组|居民小组|小组|组|生产队|队|号楼|楼层|单元|支弄|号门(?![口前])|弄|巷|号|幢|栋|座|层|楼|室|房|F(?![A-Za-z]))?"
    rf"(?P<sub>之(?:[0-9]+|{_SPOKEN}+)|附[0-9]+号?|(?<=号)-[0-9]{{1,2}}(?![0-9]))?"
)
_MEASURE = re.compile(
    r"(?:多|余|来)?(?:米|公里|[kK]?m(?![A-Za-z])|路公交|个|人|户|点|年|月|日|天|元|岁|公斤|分钟|小时|次|只|台|辆)"
)
_UNIT = {
    "组": 0, "队": 0, "弄": 1, "巷": 1, "号": 2, "幢": 3, "栋": 3, "座": 3, "号楼": 3, "单元": 4, "号门": 4,
    "室": 5, "房": 5, "层": 6, "楼": 6, "楼层": 6, "F": 6, "支弄": 1,
}  # fmt: skip
_FLOOR = 6
_OFFSET_SIGN = re.compile(r"[侧面旁边近口首头]|对[面过]|附近|交叉|隔壁|尽头|[0-9]米|[东南西北]段")
_WORD = re.compile(r"[\u4e00-\u9fff]+|[A-Za-z]{2,}")
_OFFSET_WORDS = re.compile(
    r"(?:(?:正|斜)?对[面过]|附近|周边|旁边|隔壁|边上|[旁]|(?:十字|丁字|三岔|交叉|丁)?路口|(?:相?交(?:叉|汇|界|接))(?:路?口|处)?|"
    r"[约往向朝以靠]?(?:东北|东南|西北|西南|正?[东南西北])(?:侧|面|边|首|端|头)?(?:约|走)?|(?:正|大)?门口|门前|楼下|后面|前面|背后|"
    r"尽头|里面|院内|村口|河边|路边|段|处|左右|与|和|及|跟|的|在|位于|靠近|约|口|侧|往|向|从|到|之间|米|公里|内|里|上|下|一带|旁)+"
)
_AREA = re.compile(r".(?:省|市|自治区|自治州|自治县|县|区|镇|乡|街道)")
_NAMED = re.compile(r".{1,}(?:社区|村|[路街道巷弄]|小区|花园|公寓|自然村|苑|大厦|广场|学校|医院|厂|公司|市场)$")
_PLAIN_NOISE = re.compile(
    r"^(?:中国|地址|详细|住址|现住|家住|小区|花园|公寓|楼|号|村|镇|路|街|道|自然|社|区|县|市|省|乡|组|幢|室|单元|弄|门牌|编|附|层|"
    r"快递柜|驿站|菜鸟|收|转|老|新|原|即|房屋|房子|一户|住户|人家|业主|电话|左右|那里|这里|具体|位置|不详|地方|老地方|村里|里|中|内)+$"
)


class Number(NamedTuple):
    """A number of a text: its column (-1 where its unit is unknown), its value in the library, and its integer."""

    kind: int
    value: int
    integer: int
    text: str


@dataclass(frozen=True)
class Query:
    """One text, read.

    unread : characters that mean nothing to the library; strange : names it does not know; foreign : areas it does
    not know; fuzzy : names that are misspelt; whole : the row that the text stands for as it is, -1 for none
    """

    text: str
    plain: str
    spans: tuple[Span, ...]
    numbers: tuple[Number, ...]
    offsets: tuple[Offset, ...] = ()
    unread: int = 0
    strange: int = 0
    foreign: int = 0
    fuzzy: int = 0
    whole: int = -1


def read(text: str, names: Names, values: Values, whole: Callable[[str], int]) -> Query:
    """Read a text against the names and numbers of a library; `whole` gives the row of a text known as it stands.

    Names are found first, wherever they stand; what is left is numbers with their units, words of position, and
    words, which may be a name misspelt. Linear in the text.
    """
    plain = normalise(text)
    known = whole(plain.replace(" ", ""))
    spans = names.scan(plain)
    masked = list(plain)
    for span in spans:
        masked[span.start : span.end] = "\x00" * (span.end - span.start)
    numbers, used = _numbers("".join(masked), spans, names, values)
    for start, end in used:
        masked[start:end] = "\x01" * (end - start)
    rest = "".join(masked)
    if rest.strip("\x00\x01 -()") == "":
        return Query(text, plain, tuple(spans), tuple(numbers), whole=known)
    return _with_words(text, plain, rest, spans, numbers, names, known)


def _with_words(
    text: str, plain: str, rest: str, spans: list[Span], numbers: list[Number], names: Names, known: int
) -> Query:
    offsets = parse(text).offsets if _OFFSET_SIGN.search(rest) else ()
    unread = strange = foreign = fuzzy = 0
    for found in _WORD.finditer(rest):
        start, end = found.span()
        corrected = _misspelt(plain, start, end, spans, names)
        if corrected:
            fuzzy += 1
            spans = sorted(
                [span for span in spans if span.end <= corrected.start or span.start >= corrected.end] + [corrected]
            )
            left = plain[start : max(start, corrected.start)] + plain[min(end, corrected.end) : end]
        else:
            left = plain[start:end]
        left = _OFFSET_WORDS.sub(" ", left) if offsets else left
        for piece in left.split():
            if _PLAIN_NOISE.match(piece):
                unread += len(piece) > 2
            elif _is_area(piece):
                foreign += 1
            elif _NAMED.match(piece):
                strange += 1
            else:
                unread += len(piece)
    return Query(text, plain, tuple(spans), tuple(numbers), offsets, unread, strange, foreign, fuzzy, known)


def _is_area(piece: str) -> bool:
    if len(piece) < 2:
        return False
    return _AREA.search(piece) is not None or any(True for _ in china().at(piece, 0))


def _misspelt(plain: str, start: int, end: int, spans: list[Span], names: Names) -> Span | None:
    """The name that the word at [start, end) may be with one slip, together with a short name beside it or alone."""
    before = next((span for span in spans if span.end == start and span.meanings[0].reason == "short"), None)
    after = next((span for span in spans if span.start == end and span.meanings[0].reason == "short"), None)
    lefts = [start] + ([before.start] if before else [])
    rights = [end] + ([after.end] if after else [])
    best: tuple[float, int, int, dict[str, float]] | None = None
    windows = {(left, right) for left in lefts for right in rights if 2 <= right - left <= 16}
    if end - start > 3:
        windows |= {
            (left, right) for left in range(start, end - 2) for right in range(left + 3, min(end, left + 10) + 1)
        }
    for left, right in sorted(windows):
        found = names.near(plain[left:right])
        if found:
            score = max(found.values()) + 0.02 * (right - left)
            if best is None or score > best[0]:
                best = (score, left, right, found)
    if best is None:
        return None
    _, left, right, found = best
    top = max(found.values())
    meanings: dict[tuple[int, int, int], Meaning] = {}
    for form, score in found.items():
        if score < top - 0.25:
            continue
        for meaning in names.forms[form]:
            key = (meaning.name, meaning.low, meaning.high)
            weight = meaning.weight * score
            if key not in meanings or meanings[key].weight < weight:
                meanings[key] = meaning._replace(weight=weight, reason="fuzzy")
    return Span(left, right, tuple(sorted(meanings.values())))


def _numbers(
    masked: str, spans: list[Span], names: Names, values: Values
) -> tuple[list[Number], list[tuple[int, int]]]:
    kinds = {names.kinds[meaning.name] for span in spans for meaning in span.meanings if meaning.reason != "short"}
    in_estate = Kind.ESTATE in kinds and Kind.ROAD not in kinds
    out: list[Number] = []
    used = []
    for found in _NUMBER.finditer(masked):
        written, unit = found["value"].translate(_FORMAL), found["unit"] or ""
        sub = (found["sub"] or "").translate(_FORMAL)
        if not unit and (_MEASURE.match(masked, found.end()) or not any(c.isascii() for c in written)):
            continue
        used.append(found.span())
        column = 0 if unit.endswith(("组", "队")) else _UNIT.get(unit, -1)
        if column == _FLOOR:
            continue
        if column == 2 and in_estate and not out:
            column = 3
        parts = written.split("-")
        joined = number_key(written + sub)
        if len(parts) == 1 or (column == 2 and values.known(joined) >= 0):
            out.append(_number(column, joined, values, found.group()))
        else:
            *front, last = parts
            out += [_number(-1, number_key(part), values, part) for part in front]
            out.append(_number(column if unit else -1, number_key(last + sub), values, last + unit))
    return out, used


def _number(kind: int, key: str, values: Values, text: str) -> Number:
    head = key.partition("-")[0]
    return Number(kind, values.known(key), int(head) if head.isdecimal() and len(head) < 9 else -1, text)


COLUMNS = len(NUMBERS)
