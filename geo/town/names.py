"""Names and codes of a sample county; every one is made up, and the county code 330699 is given to nobody."""

from __future__ import annotations

import numpy as np

COUNTY_CODE = "330699"
PROVINCE, CITY, COUNTY = "浙江省", "绍兴市", "溪山县"

_TOWN_HEAD = "枫青云白石清碧兰竹松梅桂柳莲泉湖星丹锦翠古金银玉龙凤鹤鹿长秀"
_TOWN_TAIL = "溪塘岭桥浦源湾渡泽丰亭"
_SURNAMES = (
    "陈楼骆宣杨王周何张李赵钱孙吴郑冯蒋沈韩朱许吕施金魏陶姜谢章苏"
    "潘葛范彭鲁俞柳史唐费岑薛雷贺汤罗毕郝安乐傅卞齐康余顾孟黄穆萧尹"
)
_LAND = "畈坞岭泉墩塘湾山坪溪桥源丘坑畴园"
_VILLAGE_TAIL = ("家坞", "家畈", "家墩", "山", "溪", "家桥", "塘", "家岭", "源", "湾", "家湖", "泉")
_HAMLET_HEAD = ("上", "下", "里", "外", "大", "小", "前", "后", "东", "西", "新", "老")
_COMMUNITY = (
    "镇中",
    "东溪",
    "西溪",
    "滨江",
    "学勉",
    "桥东",
    "桥西",
    "望湖",
    "新枫",
    "红枫",
    "文昌",
    "永安",
    "钟秀",
    "育才",
    "和兴",
    "南苑",
    "北苑",
)
_ROADS = ("学勉", "人民", "解放", "建设", "文昌", "紫薇", "和平", "新兴", "育才", "永安", "金山", "望江", "白云",
    "青年", "红枫", "大成", "步森",
          "孝义", "东溪", "西溪", "桂花", "银杏", "康庄", "富民", "兴业", "勤丰", "朝阳", "祥和", "春晖", "梅园",
    "松林", "丹桂", "百花", "群英",
          "锦绣", "钟山", "望云", "五显", "孔家", "勤俭")  # fmt: skip
_ESTATE_HEAD = (
    "翠",
    "丽",
    "锦",
    "枫",
    "溪",
    "金",
    "桂",
    "兰",
    "阳光",
    "银",
    "嘉",
    "怡",
    "春",
    "盛世",
    "江",
    "学",
    "文",
    "和",
    "东",
    "水",
    "绿",
    "香",
    "明",
    "凯",
)
_ESTATE_TAIL = ("苑", "景园", "花园", "华庭", "名都", "小区", "新村", "公寓", "雅苑", "嘉园")


def town_names(rng: np.random.Generator, n: int) -> list[str]:
    """Stems of n town names, 枫溪 first."""
    every = [a + b for a in _TOWN_HEAD for b in _TOWN_TAIL]
    every.remove("枫溪")
    return ["枫溪", *(every[k] for k in rng.permutation(len(every))[: n - 1])]


def village_names(rng: np.random.Generator, n: int) -> list[str]:
    """Stems of n village names of one town, all different."""
    every = [s + t for s in _SURNAMES for t in _VILLAGE_TAIL]
    return [every[k] for k in rng.permutation(len(every))[:n]]


def community_names(rng: np.random.Generator, n: int) -> list[str]:
    """Stems of n community names of one town; the first is the centre's."""
    order = rng.permutation(len(_COMMUNITY) - 1) + 1
    return [_COMMUNITY[0], *(_COMMUNITY[k] for k in order[: n - 1])]


def hamlet_names(rng: np.random.Generator, village: str, n: int) -> list[str]:
    """n hamlet names of one village, all different; the first is the village's own."""
    named = [village]
    pool = [
        s + t
        for s in rng.permutation(list(_SURNAMES))[:12].tolist()
        for t in ("家", "宅", "家弄", "家" + _LAND[int(rng.integers(len(_LAND)))])
    ]
    pool += [h + t for h in _HAMLET_HEAD for t in (_LAND[int(k)] for k in rng.permutation(len(_LAND))[:3])]
    for k in rng.permutation(len(pool)).tolist():
        if len(named) >= n:
            break
        if pool[k] not in named:
            named.append(pool[k])
    return named[:n]


def road_names(rng: np.random.Generator, stem: str, n: int) -> list[str]:
    """n street names of one town, all different; the first is the main street's."""
    named = [f"{stem}路"] + [f"{_ROADS[k]}路" for k in rng.permutation(len(_ROADS))]
    extra = [f"{_ROADS[k]}{tail}" for tail in ("街", "东路", "西路") for k in rng.permutation(len(_ROADS))]
    return (named + extra)[:n]


def estate_names(rng: np.random.Generator, n: int) -> list[str]:
    """n estate names of one town, all different."""
    every = [a + b for a in _ESTATE_HEAD for b in _ESTATE_TAIL]
    numbered = [f"{name}{k}区" for k in "二三四五六七八九" for name in every]
    picked = [every[k] for k in rng.permutation(len(every))]
    return (picked + numbered)[:n]


def codes(town: int, communities: int, villages: int) -> tuple[str, list[str]]:
    """9-digit code of a town and the 12-digit codes of its communities (from 001) and villages (from 201)."""
    code = f"{COUNTY_CODE}{100 + town}"
    return code, [f"{code}{k:03d}" for k in (*range(1, communities + 1), *range(201, 201 + villages))]
