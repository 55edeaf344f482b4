"""How much each piece of a text tells: what few addresses share tells most."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from geo.address.numbers import chinese_number
from geo.address.variants import normalise

_SPOKEN = re.compile(r"[零〇一二三四五六七八九十百两]+(?=[号幢栋座室楼层单弄组区期院])")
_STREET_DIGIT = re.compile(r"(?<![0-9A-Za-z])[1-9](?=[街路村坊里])")
_RUN = re.compile(r"[A-Z]?\d+[A-Z]?|[A-Z]+|[\u4e00-\u9fff]+")
_GENERIC = (
    "有限责任公司 股份公司 集团 小区 花园 花苑 公寓 大厦 广场 中心 商场 超市 酒店 宾馆 饭店 医院 学校 幼儿园 大学 "
    "学院 小学 中学 市场 商城 社区 新村 家园 工业区 工业园 科技 银行 便利店 附近 交叉口 交汇处 东门 西门 南门 北门 "
    "街道 大道 东路 西路 南路 北路 中路 大街 办事处 村委会"
)
_MOST = 10.0


def grams(text: str) -> frozenset[str]:
    """Give the pairs of neighbouring characters of a text, and its numbers and Latin words whole.

    >>> sorted(grams("文三路十二号3幢"))
    ['12', '3', '三路', '文三']
    """
    if not text:
        return frozenset()
    plain = _STREET_DIGIT.sub(lambda found: "零一二三四五六七八九"[int(found.group())], text)
    plain = _SPOKEN.sub(lambda found: str(chinese_number(found.group())), plain).upper()
    pieces: set[str] = set()
    for run in _RUN.findall(plain):
        if "\u4e00" <= run[0] <= "\u9fff":
            pieces.update(run[place : place + 2] for place in range(len(run) - 1))
        else:
            pieces.add(run)
    return frozenset(pieces)


class _Weights(dict[str, float]):
    """Weights with a default for pieces that have none: it does not grow when it is asked."""

    unknown = 0.0
    number = 0.0

    def __missing__(self, piece: str) -> float:
        return self.number if piece[0].isdigit() else self.unknown


class Rarity:
    """Weight of each piece of text, from 0 (in every address) to 10 (in none): inverse document frequency.

    Build it once from the texts that are searched, `Rarity.of(texts)`; without texts, words such as 小区
    weigh 3, numbers 5 and everything else 7. An instance never changes.

    Source: K. Spärck Jones (1972), A statistical interpretation of term specificity, J. Documentation 28, 11–21.

    >>> rare = Rarity.of(["翠苑小区", "府苑小区", "青年小区"])
    >>> rare.weight({"小区"}) < rare.weight({"翠苑"}), Rarity().weight({"小区", "翠苑"})
    (True, 10.0)
    """

    __slots__ = ("_weights",)

    def __init__(
        self, weights: Mapping[str, float] | None = None, *, unknown: float = 7.0, number: float = 5.0
    ) -> None:
        self._weights = _Weights(dict.fromkeys(grams(_GENERIC), 3.0) if weights is None else weights)
        self._weights.unknown = unknown  # what a piece weighs that has no weight of its own
        self._weights.number = number  # and a number

    @property
    def most(self) -> float:
        """The weight of a piece that no text has."""
        return self._weights.unknown

    @classmethod
    def of(cls, texts: Iterable[str]) -> Rarity:
        """Count in how many of the texts, (n,), each piece occurs; linear in their length."""
        counts: Counter[str] = Counter()
        number = 0
        for text in texts:
            counts.update(grams(normalise(text)))
            number += 1
        scale = _MOST / math.log(number + 2)
        return cls(
            {piece: scale * math.log((number + 2) / (n + 1)) for piece, n in counts.items()},
            unknown=_MOST,
            number=_MOST,
        )

    def weight(self, pieces: Iterable[str]) -> float:
        """Give the sum of the weights of these pieces."""
        return sum(map(self._weights.__getitem__, pieces))

    def rarest(self, pieces: Iterable[str], count: int) -> float:
        """Give the sum of the `count` greatest weights among these pieces, as a share of the most it can be."""
        found = sorted(map(self._weights.__getitem__, pieces), reverse=True)
        return sum(found[:count]) / (count * self._weights.unknown)
