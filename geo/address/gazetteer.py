"""Names of administrative areas with their codes, looked up at a place in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from geo.address import divisions
from geo.errors import InvalidGazetteerError

LEVELS = ("province", "city", "county", "township", "village")
_WIDTHS = (2, 4, 6, 9, 12)
_PEOPLES = (
    "蒙古族|蒙古|回族|藏族|维吾尔族|维吾尔|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|哈萨克族|哈萨克|傣族|黎族|傈僳族|佤族|畲族|"
    "高山族|拉祜族|水族|东乡族|纳西族|景颇族|柯尔克孜族|柯尔克孜|土族|达斡尔族|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族|锡伯族?|阿昌族|普米族|塔吉克族?|"
    "怒族|乌孜别克族|俄罗斯族|鄂温克族|德昂族|保安族|裕固族|京族|塔塔尔族|独龙族|鄂伦春族|赫哲族|门巴族|珞巴族|基诺族|各族"
)
_TAIL = (
    re.compile(rf"(?:省|市|(?:{_PEOPLES})?自治区|特别行政区)$"),
    re.compile(rf"(?:市|地区|林区|盟|(?:{_PEOPLES})*自治州)$"),
    re.compile(rf"(?:(?:{_PEOPLES})*自治[县旗]|新区|矿区|林区|特区|[区县市旗])$"),
    re.compile(rf"(?:街道办事处|街道|地区办事处|地区|(?:{_PEOPLES})*(?:民族)?[乡镇]|苏木)$"),
    re.compile(r"(?:社区居民委员会|居民委员会|村民委员会|社区居委会|居委会|村委会|社区|村)$"),
)
_ZONES = ("开发区", "园区", "工业区", "新区", "管理区")
_OFFICE = re.compile(r"(?:居民委员会|村民委员会|居委会|委会)$")


class Area(NamedTuple):
    """One area under one of its names; `full` is False for a name without its suffix."""

    code: str
    name: str
    level: int
    full: bool


class Gazetteer:
    """Areas of China by code: two digits a province, four a city, six a county, nine a township, twelve a village.

    `china()` is the one that `parse` takes by itself; join more with ``|``. A gazetteer never changes.

    >>> town = china() | Gazetteer.of(["枫桥镇"], ["330681109"])
    >>> town.name("330681109"), town.name("3306"), len(town) - len(china())
    ('枫桥镇', '绍兴市', 1)
    """

    __slots__ = ("_forms", "_lengths", "_names")

    def __init__(self, areas: Iterable[Area]) -> None:
        self._names: dict[str, str] = {}
        forms: dict[str, list[Area]] = {}
        for area in areas:
            if area.full:
                self._names.setdefault(area.code, area.name)
            for form, full in _forms(area):
                forms.setdefault(form, []).append(area._replace(full=full))
        self._forms = {form: tuple(dict.fromkeys(found)) for form, found in forms.items()}
        lengths: dict[str, set[int]] = {}
        for form in self._forms:
            lengths.setdefault(form[:2], set()).add(len(form))
        self._lengths = {head: tuple(sorted(sizes, reverse=True)) for head, sizes in lengths.items()}

    @classmethod
    def of(cls, names: Iterable[str], codes: Iterable[str]) -> Gazetteer:
        """Build one from names and codes, (n,) each; a code met twice keeps its first name and finds both.

        Codes have 2, 4, 6, 9 or 12 digits; ending zeros of a longer form (``330681000000``) are taken off.

        Raises
        ------
        InvalidGazetteerError : a code is no such text of digits, a name is empty, or the lengths differ
        """
        names, codes = list(names), list(codes)
        if len(names) != len(codes):
            raise InvalidGazetteerError(f"{len(names)} names but {len(codes)} codes")
        areas = []
        for name, given in zip(names, codes, strict=True):
            code = _trimmed(given)
            if code is None or not isinstance(name, str) or not name.strip():
                raise InvalidGazetteerError(f"{given!r} with the name {name!r} is no administrative area")
            areas.append(Area(code, name.strip(), _WIDTHS.index(len(code)), full=True))
        return cls(areas)

    def __or__(self, other: Gazetteer) -> Gazetteer:
        return Gazetteer([*self._areas(), *other._areas()])

    def __len__(self) -> int:
        return len(self._names)

    def name(self, code: str) -> str | None:
        """Give the present name of the area with this code, or None."""
        return self._names.get(code)

    def at(self, text: str, start: int) -> Iterator[tuple[int, tuple[Area, ...]]]:
        """Yield (end, areas) for each name that begins at `start`, the longest first."""
        for size in self._lengths.get(text[start : start + 2], ()):
            found = self._forms.get(text[start : start + size])
            if found is not None and start + size <= len(text):
                yield start + size, found

    def _areas(self) -> Iterator[Area]:
        yield from (Area(code, name, _WIDTHS.index(len(code)), full=True) for code, name in self._names.items())
        for found in self._forms.values():  # second and former names, which _names does not hold
            yield from (area for area in found if area.full and self._names[area.code] != area.name)


@lru_cache(maxsize=1)
def china() -> Gazetteer:
    """Give the provinces, cities and counties of China with their former names, built once (about 30 ms)."""
    provinces = [Area(word[:2], word[2:], 0, full=True) for word in divisions.PROVINCES.split()]
    return Gazetteer([*provinces, *_read(divisions.CURRENT), *_read(divisions.FORMER)])


def _read(text: str) -> Iterator[Area]:
    city = ""
    for line in text.splitlines():
        for place, word in enumerate(line.split()):
            if place == 0 and not line.startswith(" "):
                city = word[:4]
                yield from (Area(city, name, 1, full=True) for name in word[4:].split("/") if name not in ("", "-"))
            else:
                yield from (Area(city + word[:2], name, 2, full=True) for name in word[2:].split("/"))


def _forms(area: Area) -> Iterator[tuple[str, bool]]:
    if area.level == 3 and area.name.endswith(_ZONES):
        return  # on the township list, but a development zone
    yield area.name, True
    plain = village_name(area.name) if area.level == 4 else area.name
    if plain != area.name:
        yield plain, True
    short = _TAIL[area.level].sub("", plain)
    if 2 <= len(short) < len(area.name):
        yield short, False
        if area.name.endswith(("自治州", "自治县")):  # 德宏州, 芷江县
            yield short + area.name[-1], True


def village_name(name: str) -> str:
    """Give the name of a village or community as addresses write it, not that of its committee.

    >>> village_name("花木村委会"), village_name("石田村村委会"), village_name("永安居委会")
    ('花木村', '石田村', '永安社区')
    """
    base = _OFFICE.sub("", name)
    if base == name:
        return name
    if base.endswith("村村"):
        return base[:-1]
    return base if base.endswith(("村", "社区")) else base + ("社区" if "居" in name else "村")


def _trimmed(code: object) -> str | None:
    if not isinstance(code, str) or len(code) not in _WIDTHS or not code.isascii() or not code.isdigit():
        return None
    return next(code[:width] for width in _WIDTHS if not code[width:].strip("0"))
