"""The administrative names that an address begins with, read against a gazetteer."""

from __future__ import annotations

import re
from collections.abc import Iterable

from geo.address.gazetteer import Area, Gazetteer, village_name

# A name without its suffix is no name of an area when it begins another one: 余杭塘路, 南京银行, 柯桥街道.
_CONTINUES = re.compile(
    r"[东南西北中大]?[一二三四五六七八九十]?(?:环?路|街|巷|弄|大道|道|桥|线|胡同)"
    r"|[^ 0-9A-Za-z](?:路|街(?!道)|大道|巷)"
    r"|镇|乡|街道|办事处|社区|村|新村|小区|花园|花苑|公寓|大厦|大楼|广场|宾馆|饭店|酒店|家园|苑|府|银行|大学|学院|医院|中学|小学"
    r"|公司|集团|国际|商贸|市场|机场|火车|汽车|高铁|客运|站|城市|人家|山庄|名|公园|景区|湿地|高速|江|河|湖|海|山|岛|口|港|门|城"
    r"|[东南西北](?:路|街|站|门|苑|区)|\("
)
_CONTINUES_CITY = re.compile(
    r"场(?!镇)|民中心|委(?!员)|政府|人民政府|[一二三四五六七八九十东南西北中]?(?:路(?!桥)|大道)"
)
_CONTINUES_COUNTY = re.compile(
    r"(?![\u4e00-\u9fff]{1,3}(?:街道|[镇乡](?![一二三四五六七八九十东南西北中]?[路街])))(?:[东南西北中]?[一二三四五六七八九十]?(?:路(?!桥)|街(?!道)|大道|巷))|民中心|委|政府|场"
)
_UNKNOWN_CITY = re.compile(
    r"[\u4e00-\u9fff]{2,4}?(?:市(?!场|区|政府|民|委)|自治州|地区)(?=[\u4e00-\u9fff]{2,4}(?:[区县镇乡]|街道|大道|[路街]))"
)
_UNKNOWN_COUNTY = re.compile(
    r"(?!其[它他])(?:(?![镇乡街村路市])[\u4e00-\u9fff]){2,4}?(?:自治县|县(?!政府|委|医院|[东南西北]?[路街]|城)|"
    r"(?<![小园发社校新业库景城住宅厂矿港务商一二三四五六七八九十东南西北作理能济区险口])区(?![\u4e00-\u9fff]?路|政府|委))"
)
_SKIP = re.compile(
    r"(?:[ ,()-]+|中国(?![\u4e00-\u9fff]{0,4}(?:银行|移动|联通|电信|石化|石油|轻纺|邮政|城))"
    r"|市辖区|市区(?![\u4e00-\u9fff]路)|城区(?![\u4e00-\u9fff]?[路街]))+"
)
_SUFFIX = re.compile(r"[省市县州区](?![场区政委民]|[\u4e00-\u9fff]?[路街])")
_TOWN = re.compile(r"[\u4e00-\u9fff]{2,3}(?:街道|镇(?!海))")
_LOWER = re.compile(
    r"[\u4e00-\u9fff]{2,7}?(?:街道|镇|乡|村|市场|公司|大厦|广场|小区|公寓|花园)|[\u4e00-\u9fff]{2,5}?(?:路|大道|街)(?:[0-9一二三四五六七八九十]|$|与)"
)
_PLACE = re.compile(r"[^ ]{0,2}(?:工业|开发|园区|产业|[一二三四五六七八九十\dA-Za-z]区|特大桥)|[^ ]?(?:苑|园)")
_LONGER = (re.compile(r"[^ ]?村"), re.compile(r"[^ ]{0,3}(?:村(?!委)|社区)"))  # 枫桥沟村 in 枫桥镇
_ALONE = re.compile(r"(?:\d|[一二三四五六七八九十]+(?:号|组|[幢栋]|排))")
_BLOCK = re.compile(r"(?:[\dA-Za-z一二三四五六七八九十]区)?[\dA-Za-z一二三四五六七八九十]+(?:[幢栋]|单元|-\d)")
_COMMUNITY = re.compile(r"(?:社区|居委会|居民委员会)$")
_TOWN_SUFFIX = re.compile(r"街道(?:办事处)?|[镇乡]")
_STREET_END = re.compile(r"[路街巷弄桥园苑]$")
_MAY_COME = re.compile(r"[省市区县]")
_FIELD = ("province", "city", "county", "township", "village")


class Chain:
    """Reads names from province down to village; what it found stands in its attributes."""

    __slots__ = ("_before", "_whole", "begin", "codes", "end", "found", "gazetteer", "short", "text")

    def __init__(self, text: str, gazetteer: Gazetteer) -> None:
        self.text = text
        self.gazetteer = gazetteer
        self.codes: tuple[str, ...] = ()  # areas that the names so far may mean, at the lowest level
        self.found: dict[str, str] = {}
        self.short: set[str] = set()  # fields whose name was not written in full
        self._before: tuple[str, ...] = ()
        self._whole = False
        self.begin = 0  # what stands before is no part of the names
        self.end = self.resume(0)
        if not self.found and _MAY_COME.search(text):
            self._search()

    def resume(self, start: int, *, whole: bool = False) -> int:
        """Read the names that begin at `start`, only those in full if `whole`; give where they end."""
        self._whole = whole
        end = self._read(start)
        if self._before and all(any(old.startswith(code) for old in self._before) for code in self.codes):
            self.codes = self._before
        self._before = ()
        return end

    def upper(self, name: str) -> bool:
        """Take a name that can only be a city or county; False if it is none."""
        for end, areas in self.gazetteer.at(name, 0):
            fitting = [area for area in self._fitting(areas) if area.level in (1, 2)]
            if end == len(name) and fitting:
                self._take(fitting, name)
                return True
        return False

    def reformed(self, name: str) -> None:
        """Find the township that this one became: 店口镇 may be 店口街道 today."""
        if 4 <= len(_shared(self.codes)) < 9:
            for end, areas in self.gazetteer.at(name, 0):
                fitting = [area for area in self._fitting(areas) if area.level == 3]
                if len(fitting) == 1 and _TOWN_SUFFIX.fullmatch(name, end):
                    self.codes = (fitting[0].code,)

    def _search(self) -> None:
        """Look for a province or city further on, with one of its areas behind it: 万丰公司附近台州市路桥区."""
        for start in range(1, len(self.text) - 3):
            for end, areas in self.gazetteer.at(self.text, start):
                if areas[0].level < 2 and self._leads([area for area in areas if area.level < 2], end):
                    self.begin, self.end = start, self.resume(start)
                    return

    def _read(self, start: int) -> int:
        text = self.text
        while True:
            skipped = _SKIP.match(text, start)
            at = skipped.end() if skipped else start
            end = self._known(at)
            if end == 0 and "township" not in self.found:
                end = self._unknown(at)
            if end == 0:
                return at
            start = end

    def _known(self, at: int) -> int:
        for end, areas in self.gazetteer.at(self.text, at):
            if self._whole and not areas[0].full:
                continue
            fitting = self._new(self._fitting(areas))
            if not fitting and self._sibling(areas):
                self.codes = (self.codes[0][:4],)
                del self.found["county"]
                fitting = self._fitting(areas)
            if not fitting and areas[0].full and self._restarts(areas, end):
                self.codes, self.found, self.short = (), {}, set()
                fitting = list(areas)
            if not fitting and self._stranger(areas[0], end):
                self.found["county"] = self.text[at:end]  # a county of another city, kept as written
                return end
            if fitting and self._stands(fitting, end):
                self._take(fitting, self.text[at:end])
                if not fitting[0].full and fitting[0].level < 3 and (suffix := _SUFFIX.match(self.text, end)):
                    return suffix.end()  # 萧山市 for today's 萧山区, 德宏州 for its long name
                return end
        return 0

    def _fitting(self, areas: Iterable[Area]) -> list[Area]:
        """The areas above or below those found so far; written for speed, as this runs most."""
        if not self.codes:
            return list(areas)
        if len(self.codes) == 1:
            known = self.codes[0]
            return [area for area in areas if area[0].startswith(known) or known.startswith(area[0])]
        return [area for area in areas if any(area[0].startswith(one) or one.startswith(area[0]) for one in self.codes)]

    def _new(self, areas: list[Area]) -> list[Area]:
        """Without the lower areas where the name is also one already found: 绍兴市绍兴 is not 绍兴县."""
        if not self.codes or len(areas) < 2:
            return areas
        again = [area for area in areas if area.level > 0 and all(code.startswith(area.code) for code in self.codes)]
        return again or areas

    def _restarts(self, areas: tuple[Area, ...], end: int) -> bool:
        return areas[0].level < 2 and not _CONTINUES_CITY.match(self.text, end) and "township" not in self.found

    def _sibling(self, areas: tuple[Area, ...]) -> bool:
        """Another county of the same city, in full: the first was its seat (吉首市凤凰县) or a slip."""
        if not areas[0].full or len(self.codes) != 1 or len(self.codes[0]) != 6 or "township" in self.found:
            return False
        return any(area.level == 2 and area.code[:4] == self.codes[0][:4] for area in areas)

    def _stranger(self, area: Area, end: int) -> bool:
        new = area.full and area.level == 2 and "county" not in self.found
        return new and not _CONTINUES_COUNTY.match(self.text, end)

    def _stands(self, areas: list[Area], end: int) -> bool:
        """Whether the name that ends here is one of these areas and not the beginning of another name."""
        area = areas[0]
        if area.full:
            if area.level == 4:
                return "township" in self.found or "county" in self.found
            return not (_CONTINUES_COUNTY if area.level == 2 else _CONTINUES_CITY).match(self.text, end)
        if end < len(self.text) and _CONTINUES.match(self.text, end):
            return area.level < 3 and self._leads(areas, end)
        known = max((len(code) for code in self.codes), default=0)
        if end == len(self.text):
            return known > 0 or area.level < 2
        if area.level >= 3:
            return self._stands_low(areas, end, known)
        return area.level < 2 or known > 0 or _LOWER.match(self.text, end) is not None or self._leads(areas, end)

    def _stands_low(self, areas: list[Area], end: int, known: int) -> bool:
        """Whether a township or village without its suffix ends here, below areas known to so many digits."""
        level = areas[0].level
        if level == 4 and (_BLOCK.match(self.text, end) or all(_COMMUNITY.search(area.name) for area in areas)):
            return False  # 湖滨人家8-2: communities are named after estates, which are meant without 社区
        if _LONGER[level - 3].match(self.text, end) or (level == 4 and _STREET_END.search(self.text, 0, end)):
            return False
        if level == 4 and len(areas) == 1 and _ALONE.match(self.text, end):
            return known >= 6
        return known >= (4, 9)[level - 3] and not _PLACE.match(self.text, end)

    def _leads(self, areas: list[Area], end: int) -> bool:
        """Whether the name of an area inside one of these follows at once: 连云港 before 海州区."""
        for behind, inner in self.gazetteer.at(self.text, end):
            for area in areas:
                if any(_inside(one, area) and (one.full or area.level < 2 or one.level == 3) for one in inner):
                    return not _CONTINUES_COUNTY.match(self.text, behind)
        return _TOWN.match(self.text, end) is not None

    def _take(self, areas: list[Area], written: str) -> None:
        below = max((len(code) for code in self.codes), default=0)
        deeper = [area for area in areas if len(area.code) > below]
        if not deeper:  # a repetition, which may still tell candidates apart
            kept = tuple(code for code in self.codes if any(code.startswith(area.code) for area in areas))
            self.codes = kept or self.codes
            if areas[0].full and areas[0].level < 2 and len(self.codes[0]) == 6:
                self._before = self.codes  # another county may follow, which then counts
                self.codes = tuple(dict.fromkeys(area.code for area in areas))
            for area in areas:
                field = _FIELD[area.level]
                if area.full and field in self.short:
                    self.short.discard(field)
            return
        level = min(area.level for area in deeper)
        chosen = [area for area in deeper if area.level == level]
        self.codes = tuple(dict.fromkeys(area.code for area in chosen))
        field = _FIELD[level]
        names = {area.name for area in chosen}
        self.found[field] = written if len(names) > 1 or (level == 4 and chosen[0].full) else _plain(chosen[0])
        if not chosen[0].full:
            self.short.add(field)

    def _unknown(self, at: int) -> int:
        """A city or county that the gazetteer does not know: old, new or misspelt."""
        for field, pattern in (("city", _UNKNOWN_CITY), ("county", _UNKNOWN_COUNTY)):
            if (
                field not in self.found
                and "county" not in self.found
                and (field == "county" or len(_shared(self.codes)) <= 2)
            ):
                found = pattern.match(self.text, at)
                if found and (self.codes or at == 0 or self.found):
                    self.found[field] = found.group()
                    return found.end()
        return 0

    def complete(self) -> tuple[str | None, set[str]]:
        """Fill in the areas above those found where they can only be one; give the code and the fields completed."""
        completed = set(self.short)
        shared = _shared(self.codes)
        for level, width in enumerate((2, 4, 6)):
            field, code = _FIELD[level], shared[:width]
            if field not in self.found and len(code) == width:
                name = self.gazetteer.name(code)
                if name is not None:
                    self.found[field] = name
                    completed.add(field)
        return shared or None, completed


def _plain(area: Area) -> str:
    """The name as it is written in addresses: 花木村 for 花木村委会."""
    return village_name(area.name) if area.level == 4 else area.name


def _inside(one: Area, area: Area) -> bool:
    return one.code.startswith(area.code) and one.code != area.code


def _shared(codes: tuple[str, ...]) -> str:
    if not codes:
        return ""
    first, last = min(codes), max(codes)
    same = 0
    for one, other in zip(first, last, strict=False):
        if one != other:
            break
        same += 1
    if len(codes) == 1:
        return first
    return first[: max((width for width in (2, 4, 6, 9) if width <= same), default=0)]
