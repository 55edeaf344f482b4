"""From the text of one address to its parts: administrative names first, then suffix by suffix."""

from __future__ import annotations

import re
from collections.abc import Iterable

from geo.address.chain import Chain
from geo.address.gazetteer import Gazetteer, china
from geo.address.numbering import number_fields
from geo.address.offsets import take_offsets
from geo.address.record import Address, Offset
from geo.address.tokens import BOUNDARY, BUSINESS, ESTATE, TOKEN
from geo.address.unmarked import before_house, before_road, before_village
from geo.address.variants import normalise

_AND = re.compile(r"(?:与|和|及|跟|同|到)(?=[^ ]{2})")
_CROSSING = re.compile(r"(?:相?交(?:叉|汇|界|接)|[路道]?口)")
_MEASURE = re.compile(r"(?:米|公里|km|KM|年|月|[Mm](?![A-Za-z])|小时|[Ss]店|度|都|元|天|分|路公交)")
_TOWNSHIP = re.compile(r"[\u4e00-\u9fff]{1,6}(?:街道|镇|乡)")
_COUNTRY = re.compile(r"[家城老望水下归]乡|[^ ]乡下")
_BLOCKS = re.compile(r"(?:[^ ]{1,2}区)?[0-9A-Za-z一二三四五六七八九十]+(?:幢|栋|单元|号楼)|\d+-\d+-\d")
_DOWNWARD = ("village", "township", "county", "city", "province")


def parse(text: str, gazetteer: Gazetteer | None = None) -> Address:
    """Give the parts of a Chinese address, urban or rural; any text has an answer, if need be all in `rest`.

    Names are read from the left against the gazetteer (`china()` if None: province, city, county with
    former names; join townships and villages with ``|``), then by their suffixes. A name without its
    suffix counts as an area only where no longer name goes on (余杭塘路 is a road) and where it fits the
    areas before it. Upper levels are filled in when they can only be one.

    >>> found = parse("浙江诸暨枫桥镇花明泉村3组12号之一")
    >>> found.city, found.county, found.township, found.village, found.group, found.number
    ('绍兴市', '诸暨市', '枫桥镇', '花明泉村', '3组', '12号之一')
    >>> found = parse("余杭区良睦路９９９号乐佳国际2-3-501")
    >>> found.road, found.number, found.place, found.building, found.unit, found.room
    ('良睦路', '999号', '乐佳国际', '2', '3', '501')
    """
    plain = normalise(text)
    names = gazetteer if gazetteer is not None else china()
    chain = Chain(plain, names)
    if " " in plain and not chain.found:
        plain = _upper_first(plain, names)
        chain = Chain(plain, names)
    tail = _Tail(plain, chain)
    if chain.begin:
        tail.before(plain[: chain.begin].strip())
    tail.read(chain.end)
    code, completed = chain.complete()
    return Address(
        text=plain, code=code, completed=frozenset(completed), offsets=tuple(tail.offsets),
        rest=" ".join(tail.rest) or None, **chain.found, **tail.found,
    )  # fmt: skip


def parse_many(texts: Iterable[str], gazetteer: Gazetteer | None = None) -> list[Address]:
    """Parse each text as `parse` does, (n,) in, (n,) out."""
    names = gazetteer if gazetteer is not None else china()
    return [parse(text, names) for text in texts]


def _upper_first(text: str, names: Gazetteer) -> str:
    """Move the pieces that are nothing but administrative names to the front: 文三路5号 西湖区 杭州市."""
    upper: list[str] = []
    other: list[str] = []
    for piece in text.split(" "):
        chain = Chain(piece, names)
        (upper if chain.found and chain.end == len(piece) else other).append(piece)
    return " ".join([*reversed(upper), *other])


class _Tail:
    """The parts below the administrative names, read from left to right; each token closes the part before it."""

    __slots__ = ("chain", "found", "last", "offsets", "rest", "start", "text")

    def __init__(self, text: str, chain: Chain) -> None:
        self.text = text
        self.chain = chain
        self.found: dict[str, str] = {}
        self.rest: list[str] = []
        self.offsets: list[Offset] = []
        self.last = self._lowest()  # the field that was found last
        self.start = 0  # where the words begin that no token has closed yet

    def read(self, start: int) -> None:
        self.start = start
        for token in TOKEN.finditer(self.text, start):
            if token.start() >= self.start:
                _READERS[token.lastgroup or "space"](self, token)
        self._words(len(self.text), "end")

    def before(self, words: str) -> None:
        """Take what stands before the first area: a township that was put in front, or nothing known."""
        if _TOWNSHIP.fullmatch(words) and "township" not in self.chain.found:
            self.chain.found["township"] = words
        elif words:
            self.rest.append(words)

    def _lowest(self) -> str:
        return next((field for field in _DOWNWARD if field in self.chain.found), "")

    # -- tokens -----------------------------------------------------------------------------------------

    def _space(self, token: re.Match[str]) -> None:
        self._words(token.start(), "space")
        self.start = token.end()

    def _bracket(self, token: re.Match[str]) -> None:
        if token.start() > self.start:  # a branch: 诚心木线(富阳店) is one name
            self._words(token.end(), "bracket")
        else:
            self.rest.append(token.group())
        self.start = token.end()

    def _township(self, token: re.Match[str]) -> None:
        end, areas = token.end(), self.chain.found
        if "road" in self.found or "village" in areas or not 1 <= token.start() - self.start <= 7:
            return
        if self.last in ("county", "city") and token.start() - self.start > 2 and self.text[self.start] in "市县区":
            self.start += 1  # a county with a suffix too many
        if _COUNTRY.match(self.text, token.start() - 1) and token.start() - self.start < 2:
            return  # 家乡, 城乡, 乡下: no township
        name, known = self.text[self.start : end], areas.get("township")
        if known not in (None, name) and self.last not in ("county", "city"):
            self.rest.append(name)
            self.start = end
            return
        areas["township"] = name
        self.chain.reformed(name)
        behind = self.chain.resume(end, whole=len(self.chain.codes[:1][0] if self.chain.codes else "") < 9)
        self._close(self._lowest() if behind > end and "county" in areas else "township", behind)

    def _zone(self, token: re.Match[str]) -> None:
        if not self.found.keys() & {"zone", "road", "estate", "place"}:
            self.found["zone"] = self.text[self.start : token.end()]
            self._close("zone", token.end())

    def _village(self, token: re.Match[str]) -> None:
        if token.start() == self.start or self.found.keys() & {"number", "building"}:
            return
        if token.group() == "村" and _BLOCKS.match(self.text, token.end()):
            return  # 石村12栋: an estate that kept the name of its village
        self._cut(token.start())
        self._before_village(token.start())
        name = self.text[self.start : token.end()]
        if "village" not in self.chain.found:
            self.chain.found["village"] = name
            self._close("village", token.end())
        elif not self.found.keys() & {"hamlet", "road"}:
            self.found["hamlet"] = name
            self._close("hamlet", token.end())

    def _before_village(self, end: int) -> None:
        part, township = before_village(self.text[self.start : end], self.last, self.chain.found)
        if part:
            self.rest.append(self.text[self.start : self.start + part])
            self.start += part
        if township:
            self.chain.found["township"] = self.text[self.start : self.start + township]
            self.start += township
            if end - self.start == 4:  # 枫桥夹山双溪村: most names are two characters
                self.rest.append(self.text[self.start : self.start + 2])
                self.start += 2

    def _group(self, token: re.Match[str]) -> None:
        if not self.found.keys() & {"group", "road", "number"}:
            self._words(token.start(), "group")
            self.found["group"] = token.group()
            self._close("group", token.end())

    def _numbered(self, token: re.Match[str]) -> None:
        if self.found.keys() & {"floor", "building"}:
            if "unit" not in self.found:  # a street inside a market hall
                self._words(token.start(), "number")
                self.found["unit"] = token.group()
                self._close("unit", token.end())
            return
        if token.start() > self.start and token.group()[0].isascii():
            self._words(token.start(), "number")
        self._road(token)

    def _road(self, token: re.Match[str]) -> None:
        end = token.end()
        if end - self.start < 2:
            return
        self._cut(token.start())
        name = self.text[self.start : end]
        if "road" not in self.found:
            self.found["road"] = self._without_area(name)
            self._close("road", end)
            return
        crossing = _AND.match(name)
        if crossing or _CROSSING.match(self.text, end):
            self.offsets.append(Offset("junction", name, road=name[crossing.end() :] if crossing else name))
        elif (name[-1] in "巷弄段" or name.endswith("胡同")) and not self.found.keys() & {"lane", "number"}:
            self.found["lane"] = name
            self._close("lane", end)
            return
        else:
            self.rest.append(name)
        self._close("road" if "number" not in self.found else "place", end)

    def _quarter(self, token: re.Match[str]) -> None:
        """第二期, B区: the end of an estate, or a part of a village whose houses keep the numbers of the village."""
        alone, last = token.start() == self.start, self.last
        self._words(token.end(), "quarter")
        self.start = token.end()
        if alone and last in ("village", "hamlet"):
            self.last = last

    def _number(self, token: re.Match[str]) -> None:
        unit = token["unit"] or ""
        if not unit and _MEASURE.match(self.text, token.end()):
            return
        self._words(token.start(), "house" if unit == "号" else "number")
        self.start = token.end()
        following = TOKEN.match(self.text, token.end())
        more = following is not None and following.lastgroup == "number"
        places = number_fields(token["value"], unit, token["sub"] or "", self.found, self.last, more=more)
        for field, part in places:
            if field in self.found or field == "rest":
                self.rest.append(part)
            else:
                self.found[field] = part
                self.last = field

    # -- words ------------------------------------------------------------------------------------------

    def _words(self, end: int, before: str) -> None:
        """Give the words that no token has closed their field: village, hamlet, estate or place."""
        if end <= self.start:
            return
        name, offsets = take_offsets(self.text[self.start : end])
        self.offsets += offsets
        self.start = end
        settled = before_house(name, before, self.last, self.chain.found)
        if not name or (settled and "hamlet" not in self.found):
            self._settle(name, settled)
            return
        field = "estate" if ESTATE.search(name) and not BUSINESS.search(name) else "place"
        if self.last in ("estate", "place") and self._extends(name, end):
            return
        if field in self.found:
            self.rest.append(name)
            self.last = "place"
        else:
            self.found[field] = name
            self.last = field

    def _extends(self, name: str, end: int) -> bool:
        """Whether the words go on the estate or place just before them (花园 + 二期), which then takes them in."""
        whole = self.found.get(self.last, "") + name
        if self.text.endswith(whole, 0, end):
            self.found[self.last] = whole
            return True
        return False

    def _settle(self, name: str, field: str | None) -> None:
        if field is not None:
            (self.chain.found if field == "village" else self.found)[field] = name
            self.last = field

    def _without_area(self, road: str) -> str:
        field, size = before_road(road, self.last, self.chain.found)
        if field == "place":
            self.found[field] = road[:size]
        elif size and not self.chain.upper(road[:size]):
            self.chain.found[field] = road[:size]
        return road[size:]

    def _cut(self, end: int) -> None:
        found = BOUNDARY.match(self.text, self.start, end)
        if found:
            self._words(found.end(), "cut")

    def _close(self, field: str, end: int) -> None:
        self.last, self.start = field, end


_READERS = {
    "space": _Tail._space, "bracket": _Tail._bracket, "township": _Tail._township, "zone": _Tail._zone,
    "village": _Tail._village, "group": _Tail._group, "numbered": _Tail._numbered, "road": _Tail._road,
    "quarter": _Tail._quarter, "number": _Tail._number,
}  # fmt: skip
