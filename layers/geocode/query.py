"""A text as the names and numbers that a library can look for."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from geo.address import Offset, china, normalise, parse
from geo.address.numbers import number_key
from layers.geocode.names import Kind, Names, Span
from layers.geocode.rows import Values
from layers.geocode.slips import misspelt

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
_HOUSE, _BUILDING, _FLOOR = 2, 3, 6
_BEGINS = re.compile(rf"[0-9A-Za-z第附负地{_SPOKEN[1:-1]}]")
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


class Query(NamedTuple):
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
    masked = _masked(plain, [span[:2] for span in spans], "\x00")
    numbers, used = _numbers(masked, spans, names, values)
    rest = _masked(masked, used, "\x01")
    if rest.strip("\x00\x01 -()") == "":
        return Query(text, plain, tuple(spans), tuple(numbers), whole=known)
    return _with_words(text, plain, rest, spans, numbers, names, known)


def _masked(text: str, stretches: list[tuple[int, int]], sign: str) -> str:
    """The text with other signs where something was read."""
    parts, at = [], 0
    for start, end in stretches:
        parts += [text[at:start], sign * (end - start)]
        at = end
    return "".join([*parts, text[at:]])


def _with_words(
    text: str, plain: str, rest: str, spans: list[Span], numbers: list[Number], names: Names, known: int
) -> Query:
    offsets = parse(text).offsets if _OFFSET_SIGN.search(rest) else ()
    unread = strange = foreign = fuzzy = 0
    for found in _WORD.finditer(rest):
        start, end = found.span()
        corrected = misspelt(plain, start, end, spans, names)
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
            said = _said(piece)
            unread, strange, foreign = unread + said[0], strange + said[1], foreign + said[2]
    return Query(text, plain, tuple(spans), tuple(numbers), offsets, unread, strange, foreign, fuzzy, known)


@lru_cache(maxsize=50_000)
def _said(piece: str) -> tuple[int, int, int]:
    """How many characters of a word that is no name say nothing, and whether it is a strange name or a foreign area."""
    if _PLAIN_NOISE.match(piece):
        return int(len(piece) > 2), 0, 0
    if len(piece) >= 2 and (_AREA.search(piece) or any(True for _ in china().at(piece, 0))):
        return 0, 0, 1
    return (0, 1, 0) if _NAMED.match(piece) else (len(piece), 0, 0)


def _numbers(
    masked: str, spans: list[Span], names: Names, values: Values
) -> tuple[list[Number], list[tuple[int, int]]]:
    out: list[Number] = []
    used = []
    at = 0
    while begin := _BEGINS.search(masked, at):
        at = begin.start()
        found = _NUMBER.match(masked, at)
        if found is None:
            at += 1
            continue
        at = found.end()
        token = _token(*found.group("value", "unit", "sub"))
        if token.bare and (not token.digits or _MEASURE.match(masked, at)):
            continue
        used.append(found.span())
        column = token.column
        if column == _FLOOR:
            continue
        if column == _HOUSE and not out and _in_estate(spans, names):
            column = _BUILDING
        if not token.front or (column == _HOUSE and values.known(token.whole) >= 0):
            out.append(Number(column, values.known(token.whole), _integer(token.whole), found.group()))
        else:
            out += [Number(-1, values.known(key), _integer(key), text) for key, text in token.front]
            key, text = token.last
            out.append(Number(-1 if token.bare else column, values.known(key), _integer(key), text))
    return out, used


def _in_estate(spans: list[Span], names: Names) -> bool:
    """Whether the text names an estate and no road, so that its houses are buildings."""
    kinds = {names.kinds[meaning.name] for span in spans for meaning in span.meanings if meaning.reason != "short"}
    return Kind.ESTATE in kinds and Kind.ROAD not in kinds


class _Token(NamedTuple):
    """A number as it is written: its key as one number (12-1), or those of its parts by dashes, with their texts.

    bare : without a unit; digits : with Arabic ones or letters
    """

    column: int
    bare: bool
    digits: bool
    whole: str
    front: tuple[tuple[str, str], ...]
    last: tuple[str, str]


@lru_cache(maxsize=50_000)
def _token(value: str, unit: str | None, sub: str | None) -> _Token:
    written, sub = value.translate(_FORMAL), (sub or "").translate(_FORMAL)
    unit = unit or ""
    column = 0 if unit.endswith(("组", "队")) else _UNIT.get(unit, -1)
    *front, last = written.split("-")
    digits = any(c.isascii() for c in written)
    parts = tuple((number_key(part), part) for part in front)
    return _Token(column, not unit, digits, number_key(written + sub), parts, (number_key(last + sub), last + unit))


@lru_cache(maxsize=50_000)
def _integer(key: str) -> int:
    head = key.partition("-")[0]
    return int(head) if head.isdecimal() and len(head) < 9 else -1
