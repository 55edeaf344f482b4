"""The names that a library knows, in every writing, and where they occur in a text: exactly, shortened or misspelt."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import IntEnum
from functools import lru_cache
from operator import add
from typing import NamedTuple


class Kind(IntEnum):
    """What a name names; the position of its column in the rows of a library."""

    PROVINCE = 0
    CITY = 1
    COUNTY = 2
    TOWN = 3
    VILLAGE = 4
    HAMLET = 5
    ROAD = 6
    ESTATE = 7
    PLACE = 8


LOCAL = Kind.VILLAGE
"""From this kind on, a name leads to addresses; those above only tell equal names apart."""

EVERYWHERE = (-1, 2**31 - 1)


class Meaning(NamedTuple):
    """What a form may stand for: a name, how well it does, why, and the villages [low, high) in which it holds."""

    name: int
    weight: float
    reason: str
    low: int = EVERYWHERE[0]
    high: int = EVERYWHERE[1]


class Span(NamedTuple):
    """A stretch of a text and what it may mean; without a meaning it is a name that the library does not know."""

    start: int
    end: int
    meanings: tuple[Meaning, ...]
    strange: float = 0.0


_SUFFIX = {
    Kind.PROVINCE: re.compile(r"(?:省|市|自治区|特别行政区)$"),
    Kind.CITY: re.compile(r"(?:市|地区|盟|自治州)$"),
    Kind.COUNTY: re.compile(r"(?:自治县|新区|[区县市旗])$"),
    Kind.TOWN: re.compile(r"(?:街道办事处|街道|镇|乡|苏木)$"),
    Kind.VILLAGE: re.compile(r"(?:社区居民委员会|社区居委会|居民委员会|居委会|社区|村民委员会|村委会|行政村|村)$"),
    Kind.HAMLET: re.compile(r"(?:自然村|村)$"),
    Kind.ROAD: re.compile(r"(?:大道|大街|胡同|[路街道巷弄线])$"),
    Kind.ESTATE: re.compile(r"(?:小区|花园|公寓|新村|景园|华庭|名都|雅苑|嘉园|花苑|家园|山庄|苑|园|府|庭)$"),
    Kind.PLACE: re.compile(r"(?:有限公司|股份有限公司|有限责任公司|集团)$"),
}
_OTHER = {
    Kind.TOWN: (("街道", "街道办", "街道办事处", "镇", "乡"), 0.85),
    Kind.VILLAGE: (("村", "社区", "村委会", "居委会", "村民委员会", "居民委员会", "村委", "行政村"), 0.85),
    Kind.HAMLET: (("村", "自然村"), 0.9),
}
_MIDDLE = re.compile(r"(?:人民|中心|镇|乡)")
_SHORT = 0.8
_MIN_FUZZY = 3


class Names:
    """Names by number, and their forms.

    `distant` are those of areas elsewhere: known as they are written in full, never shortened or misspelt, or the many
    villages of a province would be found in every text.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.kinds: list[Kind] = []
        self._numbers: dict[tuple[Kind, str], int] = {}
        self.forms: dict[str, tuple[Meaning, ...]] = {}
        self._lengths: dict[str, tuple[int, ...]] = {}
        self._near: dict[str, tuple[str, ...]] = {}
        self._towns: set[str] = set()
        self.distant: set[int] = set()
        self.slips: dict[tuple[str, str, str], tuple[int, int, tuple[Meaning, ...]] | None] = {}

    def __len__(self) -> int:
        return len(self.texts)

    def number(self, kind: Kind, text: str) -> int:
        """The number of a name, given on first sight."""
        key = (kind, text)
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.texts)
            self.texts.append(text)
            self.kinds.append(kind)
        return found

    def known(self, kind: Kind, text: str) -> int | None:
        """The number of a name, None if the library does not have it."""
        return self._numbers.get((kind, text))

    def index(self, others: Iterable[tuple[str, Meaning]] = ()) -> None:
        """Make the forms of all names, with `others` (aliases and the like) beside them."""
        self.forms, self._lengths, self._near, self._towns = {}, {}, {}, set()
        self.extend(0, others)

    def copy(self) -> Names:
        """The same names and forms, to be extended; linear in their number, some 50 ms for 100,000 names."""
        other = Names()
        other.texts, other.kinds, other._numbers = self.texts.copy(), self.kinds.copy(), self._numbers.copy()
        other.forms, other._lengths, other._near = self.forms.copy(), self._lengths.copy(), self._near.copy()
        other._towns, other.distant = self._towns.copy(), self.distant.copy()
        return other

    def extend(self, first: int, others: Iterable[tuple[str, Meaning]] = ()) -> None:
        """Make the forms of the names from number `first` on, and add them and `others` to those that are there."""
        fresh = [(number, self.texts[number], self.kinds[number], self._stem(number))
                 for number in range(first, len(self.texts))]  # fmt: skip
        for number, text, kind, stem in fresh:
            if kind == Kind.TOWN and number not in self.distant:
                self._towns.update({text, stem} if len(stem) >= 2 else {text})
        added: dict[str, dict[tuple[int, int, int], Meaning]] = {}

        def take(form: str, meaning: Meaning) -> None:
            found = added.get(form)
            if found is None:
                found = added[form] = {(one.name, one.low, one.high): one for one in self.forms.get(form, ())}
            held = found.get((meaning.name, meaning.low, meaning.high))
            if held is None or held.weight < meaning.weight:
                found[meaning.name, meaning.low, meaning.high] = meaning

        for number, text, kind, stem in fresh:
            if number in self.distant:
                take(text, Meaning(number, 1.0, "exact"))
                continue
            for form, weight, reason in _forms(text, kind, stem, self._towns):
                take(form, Meaning(number, weight, reason))
        for form, meaning in others:
            take(form, meaning)
        self._take(added)

    def forget(self, numbers: Iterable[int]) -> None:
        """Let some names be unknown; when they come again they get other numbers."""
        for number in numbers:
            text, kind = self.texts[number], self.kinds[number]
            self._numbers.pop((kind, text), None)
            stem = self._stem(number)
            for form, *_ in _forms(text, kind, stem, self._towns):
                before = self.forms.get(form, ())
                after = tuple(meaning for meaning in before if meaning.name != number)
                if self._blurs(before) and not self._blurs(after):
                    for piece in {form, *deletes(form)}:
                        self._near[piece] = tuple(one for one in self._near.get(piece, ()) if one != form)
                if after:
                    self.forms[form] = after
                else:
                    self.forms.pop(form, None)
        self.slips.clear()

    def _take(self, added: Mapping[str, Mapping[tuple[int, int, int], Meaning]]) -> None:
        lengths: dict[str, set[int]] = defaultdict(set)
        near: dict[str, list[str]] = defaultdict(list)
        for form, found in added.items():
            before = self.forms.get(form, ())
            meanings = found.values()
            self.forms[form] = tuple(meanings) if len(found) == 1 else tuple(sorted(meanings, key=self._order))
            if not before:
                lengths[form[:2]].add(len(form))
            if len(form) >= _MIN_FUZZY and self._blurs(meanings) and not self._blurs(before):
                for piece in {form, *deletes(form)}:
                    near[piece].append(form)
        self.slips.clear()
        for head, sizes in lengths.items():
            self._lengths[head] = tuple(sorted(sizes.union(self._lengths.get(head, ())), reverse=True))
        for piece, forms in near.items():
            self._near[piece] = (*self._near.get(piece, ()), *forms)

    def _blurs(self, meanings: Iterable[Meaning]) -> bool:
        """Whether a form with these meanings is looked for when a word is misspelt."""
        return any(meaning.weight >= _SHORT and meaning.name not in self.distant for meaning in meanings)

    def _order(self, meaning: Meaning) -> tuple[int, float, str, int, int]:
        """Meanings stand in an order that does not depend on when their names were seen first."""
        return self.kinds[meaning.name], -meaning.weight, self.texts[meaning.name], meaning.low, meaning.high

    def _stem(self, number: int) -> str:
        text = self.texts[number]
        return _SUFFIX[self.kinds[number]].sub("", text)

    def scan(self, text: str) -> list[Span]:
        """The names in a text that are written as the library knows them, from left to right.

        The longest one at a place wins, unless a longer one begins inside it.
        """
        spans: list[Span] = []
        heads = list(map(self._lengths.get, map(add, text, text[1:])))
        at, last = 0, len(heads)
        while at < last:
            sizes = heads[at]
            size = self._longest(text, at, sizes, 0) if sizes else 0
            if not size:
                at += 1
                continue
            for later in range(at + 1, min(at + size, last)):
                sizes = heads[later]
                if sizes and sizes[0] > size and (longer := self._longest(text, later, sizes, size)):
                    at, size = later, longer
            spans.append(Span(at, at + size, self.forms[text[at : at + size]]))
            at += size
        return spans

    def _longest(self, text: str, start: int, sizes: tuple[int, ...], least: int) -> int:
        """The size of the longest form at a place that is longer than `least`, 0 if none is."""
        room = len(text) - start
        for size in sizes:
            if size <= least:
                return 0
            if size <= room and text[start : start + size] in self.forms:
                return size
        return 0

    def near(self, word: str) -> dict[str, float]:
        """Forms that differ from `word` by one character changed, left out, added or swapped, with a score < 1."""
        found: dict[str, float] = {}
        if len(word) < 2:
            return found
        seen = set()
        for piece in [word, *deletes(word)] if len(word) >= _MIN_FUZZY else [word]:
            for form in self._near.get(piece, ()):
                if form not in seen:
                    seen.add(form)
                    score = self.likeness(word, form)
                    if score > 0:
                        found[form] = score
        return found

    def likeness(self, word: str, form: str) -> float:
        """How likely `word` is `form` misspelt by one slip: 0 … 1; more for long names and characters that sound alike.

        The order of the 3,755 common characters of GB 2312 is that of their sound, so neighbours there sound alike.
        """
        long = max(len(word), len(form))
        if len(word) != len(form):
            return 1 - 1.1 / long if abs(len(word) - len(form)) == 1 else 0.0
        at = next((place for place in range(long) if word[place] != form[place]), long)
        if at == long:
            return 1.0
        if word[at + 1 :] == form[at + 1 :]:
            apart = abs(_sound(word[at]) - _sound(form[at]))
            alike = 1.0 if apart <= 12 else 0.5 if apart <= 30 else 0.0
            return 1 - (1.2 - 0.7 * alike) / long
        swapped = word[at + 1] + word[at] == form[at : at + 2] and word[at + 2 :] == form[at + 2 :]
        return 1 - 0.8 / long if swapped else 0.0


def deletes(word: str) -> set[str]:
    """The word with each of its characters left out."""
    return {word[:place] + word[place + 1 :] for place in range(len(word))}


def _forms(text: str, kind: Kind, stem: str, towns: set[str]) -> Iterable[tuple[str, float, str]]:
    yield text, 1.0, "exact"
    if len(stem) < 2:
        return
    if stem != text:
        yield stem, _SHORT, "short"
        endings, weight = _OTHER.get(kind, ((), 0.0))
        for ending in endings:
            yield stem + ending, weight, "short"
    if kind in (Kind.PLACE, Kind.ESTATE):
        for size in range(2, len(text) - 2):
            town, rest = text[:size], text[size:]
            if town in towns:
                yield rest, _SHORT, "short"
                bare = _MIDDLE.sub("", rest)
                if len(bare) >= 3 and bare != rest:
                    yield bare, 0.7, "short"
                    yield town + bare, _SHORT, "short"


@lru_cache(maxsize=8192)
def _sound(character: str) -> int:
    """The place of a character in GB 2312's first level, which is in the order of sounds; far off if not in it."""
    try:
        row, cell = character.encode("gb2312")
    except (UnicodeEncodeError, ValueError):
        return -1000 - ord(character) * 100
    return (row - 0xB0) * 94 + cell - 0xA1 if row < 0xD8 else -1000 - ord(character) * 100
