# ruff: noqa: E501 - a Chinese character counts as two columns
"""Addresses as people write them: the same place with one of eleven kinds of noise, or two at once."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping

Parts = Mapping[str, str | None]
UPPER = ("province", "city", "county", "town")
ORDER = (*UPPER, "village", "hamlet", "group_no", "road", "lane", "number", "estate", "building", "unit", "tail")
NAMES = ("town", "village", "hamlet", "road", "estate")
COMMON = "的一是在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心多天而能好都然没日于起还发成事只作当想看文无开手用主行方又如前所本见经头面"

# Written from the sound or the shape of a character; not made from any table that the geocoder uses.
ALIKE = {
    "路": "璐陆露", "新": "鑫心欣", "红": "宏洪虹", "永": "勇咏泳", "安": "按鞍案", "家": "佳嘉加", "桥": "乔侨峤", "溪": "西息希",
    "枫": "峰锋风", "白": "百柏伯", "云": "芸允匀", "大": "达太犬", "成": "城诚呈", "王": "汪黄旺", "张": "章彰长", "陈": "程成臣",
    "周": "洲州舟", "村": "邨春屯", "社": "射设舍", "区": "驱曲趋", "镇": "阵振真", "坞": "务屋乌", "岭": "领铃令", "山": "珊杉删",
    "塘": "唐糖堂", "湾": "弯万晚", "文": "纹闻汶", "学": "雪穴血", "勤": "琴芹秦", "丰": "锋风封", "滨": "宾彬斌", "朝": "潮嘲超",
    "阳": "杨洋扬", "金": "今津锦", "建": "健剑见", "设": "社射涉", "人": "仁认任", "民": "敏闽明", "和": "合河何", "平": "评苹萍",
    "花": "华哗化", "园": "圆元源", "苑": "院愿远", "小": "晓校肖", "春": "椿村纯", "中": "忠钟众", "东": "冬栋动", "兴": "星杏心",
    "富": "付副福", "康": "糠抗扛", "庄": "装桩壮", "青": "清轻倾", "年": "念黏捻", "步": "布部不", "森": "深申身", "钟": "忠终中",
    "源": "园元原", "泉": "全权拳", "墩": "敦蹲顿", "畈": "贩饭范", "湖": "胡壶糊", "施": "师诗狮", "吴": "吾无午", "章": "张彰障",
}  # fmt: skip
TRADITIONAL = dict(zip("东镇乡组号楼单阳园兴华丰学红陈张杨庄岭湾桥云钟宁龙凤区县绍浙枫银锦绿丽苏罗卢叶万马鸟鱼门问间闻沪汉湿滨滩济溪潘顾",
                       "東鎮鄉組號樓單陽園興華豐學紅陳張楊莊嶺灣橋雲鐘寧龍鳳區縣紹浙楓銀錦綠麗蘇羅盧葉萬馬鳥魚門問間聞滬漢濕濱灘濟溪潘顧", strict=True))  # fmt: skip
SUFFIX = {
    "town": "镇",
    "village": ("社区", "村"),
    "hamlet": "自然村",
    "road": ("路", "街"),
    "estate": ("小区", "花园", "公寓", "新村"),
}
_DIGITS = "零一二三四五六七八九"
APPENDED = ("旁边", "附近", "(家门口)", " 老王家", "边上", "门口", "(菜鸟驿站代收)", " 电话13812345678", "对面", "旁小卖部", "后面", "东侧",
            "北面", "这里", "楼下")  # fmt: skip


def spoken(digits: str) -> str:
    """A number below a thousand in Chinese numerals; others digit by digit."""
    value = int(digits)
    if value >= 1000 or digits.startswith("0"):
        return "".join(_DIGITS[int(digit)] for digit in digits)
    hundreds, tens, ones = value // 100, value // 10 % 10, value % 10
    text = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        text += "十" if tens == 1 and not hundreds else f"{_DIGITS[tens]}十"
    elif hundreds and ones:
        text += "零"
    return text + (_DIGITS[ones] if ones else "") or "零"


def parts_of(row: Mapping[str, str | None]) -> dict[str, str]:
    """The parts of a standard address that are there, with what its text has behind them as `tail`."""
    parts = {name: value for name in ORDER[:-1] if (value := row.get(name))}
    tail = (row["full_text"] or "")[len("".join(parts.values())) :]
    return parts | ({"tail": tail} if tail else {})


def plain(parts: Parts) -> str:
    """The parts in their order."""
    return "".join(part for name in ORDER if (part := parts.get(name)))


def _without_upper(rng: random.Random, parts: Parts, least: int = 1) -> dict[str, str | None]:
    names = [*UPPER, "village"] if parts.get("road") else list(UPPER)
    gone = names[: rng.randint(least, len(names))]
    return {name: value for name, value in parts.items() if name not in gone}


def _slip(rng: random.Random, parts: Parts, change: Callable[[str, int], str]) -> str:
    """One slip in one of the names."""
    names = [name for name in (*NAMES, "tail") if len(parts.get(name) or "") >= 2]
    name = rng.choice(names)
    text = parts[name] or ""
    places = [place for place, character in enumerate(text) if "\u4e00" <= character <= "\u9fff"]
    if not places:
        return plain(parts)
    return plain({**parts, name: change(text, rng.choice(places))})


def typo(rng: random.Random, parts: Parts) -> str:
    return _slip(rng, parts, lambda text, at: text[:at] + rng.choice(COMMON) + text[at + 1 :])


def missing_character(rng: random.Random, parts: Parts) -> str:
    return _slip(rng, parts, lambda text, at: text[:at] + text[at + 1 :])


def dropped_upper(rng: random.Random, parts: Parts) -> str:
    return plain(_without_upper(rng, parts))


def dropped_suffix(rng: random.Random, parts: Parts) -> str:
    out = dict(parts)
    names = [name for name in NAMES if parts.get(name)]
    for name in rng.sample(names, min(len(names), rng.randint(1, 2))):
        text = out[name] or ""
        for suffix in (SUFFIX[name],) if isinstance(SUFFIX[name], str) else SUFFIX[name]:
            if text.endswith(suffix) and len(text) - len(suffix) >= 2:
                out[name] = text[: -len(suffix)]
    return plain(out)


def swapped_order(rng: random.Random, parts: Parts) -> str:
    upper = "".join(parts.get(name) or "" for name in UPPER)
    village, low = (
        parts.get("village") or "",
        {name: parts.get(name) for name in ORDER if name not in (*UPPER, "village")},
    )
    gap = rng.choice(("", ",", " ", "，"))
    return rng.choice((f"{plain(low)}{gap}{village}{gap}{upper}", f"{village}{plain(low)}{gap}{upper}",
                       f"{parts.get('town') or ''}{plain(low)}{gap}{village}"))  # fmt: skip


def homophone(rng: random.Random, parts: Parts) -> str:
    text = plain(_without_upper(rng, parts, 0))
    places = [place for place, character in enumerate(text) if character in ALIKE]
    if not places:
        return text
    at = rng.choice(places)
    return text[:at] + rng.choice(ALIKE[text[at]]) + text[at + 1 :]


def full_width(_rng: random.Random, parts: Parts) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalnum() else c for c in plain(parts))


def chinese_numerals(rng: random.Random, parts: Parts) -> str:
    return re.sub(r"\d+", lambda found: spoken(found.group()), plain(_without_upper(rng, parts, 0)))


def abbreviation(rng: random.Random, parts: Parts) -> str:
    out = dict(parts)
    out["province"], out["city"] = rng.choice((("浙江", "绍兴"), ("浙", "绍兴"), (None, "绍兴"), (None, None)))
    out["county"] = rng.choice(((parts.get("county") or "")[:-1], None))
    if parts.get("building") and parts.get("estate"):
        numbers = [re.sub(r"\D", "", part) for name in ("building", "unit") if (part := parts.get(name))]
        out["building"], out["unit"] = "-".join([*numbers, str(rng.randint(1, 6) * 100 + rng.randint(1, 4))]), None
    if parts.get("hamlet"):
        out["hamlet"] = (parts["hamlet"] or "").removesuffix("自然村")
    if parts.get("tail"):
        out["tail"] = (parts["tail"] or "").replace("中心", "").replace("人民", "")
    return plain(out)


def traditional(rng: random.Random, parts: Parts) -> str:
    return "".join(TRADITIONAL.get(character, character) for character in plain(_without_upper(rng, parts, 0)))


def appended(rng: random.Random, parts: Parts) -> str:
    return plain(_without_upper(rng, parts, 0)) + rng.choice(APPENDED)


def two_at_once(rng: random.Random, parts: Parts) -> str:
    """Upper levels dropped, a slip, and something behind it."""
    fewer = _without_upper(rng, parts)
    return rng.choice((typo, homophone, dropped_suffix, missing_character))(rng, fewer) + rng.choice(("", *APPENDED))


KINDS: dict[str, Callable[[random.Random, Parts], str]] = {
    "clean": lambda _rng, parts: plain(parts),
    "typo": typo,
    "missing character": missing_character,
    "dropped upper levels": dropped_upper,
    "dropped suffix": dropped_suffix,
    "swapped order": swapped_order,
    "homophone or variant": homophone,
    "full-width digits": full_width,
    "Chinese numerals": chinese_numerals,
    "abbreviation": abbreviation,
    "traditional characters": traditional,
    "landmark or offset behind": appended,
    "two at once": two_at_once,
}
