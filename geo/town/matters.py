"""What is reported in a sample town: kinds of matters with their usual places, hours, days and wording."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

DAY = (1, 1, 1, 1, 1, 2, 4, 8, 10, 10, 9, 7, 6, 7, 9, 9, 8, 7, 6, 5, 4, 3, 2, 1)
EVENING = (2, 1, 1, 0, 0, 0, 1, 2, 3, 3, 3, 4, 5, 4, 4, 4, 5, 8, 12, 15, 15, 12, 8, 4)
NIGHT = (9, 7, 5, 3, 2, 1, 1, 2, 2, 2, 2, 2, 3, 2, 2, 2, 3, 4, 6, 8, 11, 13, 14, 12)
MORNING = (0, 0, 0, 1, 2, 6, 12, 14, 13, 11, 8, 6, 4, 3, 3, 4, 5, 6, 4, 2, 1, 1, 0, 0)
RUSH = (1, 1, 0, 0, 1, 3, 8, 13, 10, 6, 5, 6, 6, 5, 5, 6, 9, 13, 10, 6, 4, 3, 2, 1)
OFFICE = (0, 0, 0, 0, 0, 0, 1, 4, 13, 14, 13, 8, 3, 6, 12, 12, 10, 6, 2, 1, 1, 0, 0, 0)
FLAT = (1,) * 24

WORKDAYS = (10, 10, 10, 10, 10, 5, 4)
WEEKEND = (7, 7, 7, 7, 9, 12, 12)
EVEN = (9, 9, 9, 9, 9, 9, 9)
MARKET_DAYS = (7, 8, 7, 8, 9, 13, 13)


@dataclass(frozen=True)
class Matter:
    """One kind of report: share of all, where (see `reports`), when, and how it is told."""

    category: str
    subtype: str
    share: float
    places: tuple[tuple[str, float], ...]
    hours: tuple[int, ...]
    week: tuple[int, ...]
    hours_to_close: float
    texts: tuple[str, ...]
    festival: float = 1.0
    rain: float = 1.0
    severe: float = 0.03
    source: str = ""


HOME = (("home", 1.0),)
STREET = (("street", 0.75), ("lane", 0.25))
BUSY = (("market", 0.5), ("shop", 0.35), ("square", 0.15))

MATTERS = (
    Matter("DISPUTE", "邻里", 7.0, HOME, EVENING, WEEKEND, 70,
           ("楼上装修噪声影响休息,两户发生争吵", "邻居在公共通道堆放杂物,劝说无效", "两家因滴水问题起纠纷")),
    Matter("DISPUTE", "婚恋家庭", 4.0, HOME, EVENING, WEEKEND, 90,
           ("夫妻争吵,邻居担心升级,请上门调解", "家庭成员因赡养问题争执"), 1.3),
    Matter("DISPUTE", "房屋和宅基地", 3.0, (("farm", 1.0),), DAY, WORKDAYS, 240,
           ("建房超出批准范围,邻户有意见", "老宅界址不清,双方争执")),
    Matter("DISPUTE", "劳动人事", 2.5, (("works", 0.7), ("shop", 0.3)), OFFICE, WORKDAYS, 160,
           ("几名工人反映工资拖欠一个月", "离职结算金额有争议")),
    Matter("DISPUTE", "合同", 2.5, (("shop", 0.6), ("market", 0.4)), OFFICE, WORKDAYS, 150,
           ("店铺租金到期押金不退", "买卖双方对货款有争议")),
    Matter("DISPUTE", "物业管理", 3.0, (("estate", 1.0),), EVENING, EVEN, 100,
           ("小区停车位分配引起业主不满", "电梯多日未修,业主与物业争吵")),
    Matter("SAFETY", "消防隐患", 6.0, (("home", 0.5), ("shop", 0.3), ("works", 0.2)), DAY, EVEN, 60,
           ("电动车在楼道内充电", "店内消防通道被货物堵住", "灭火器过期未更换"), 1.4, 1.0, 0.1),
    Matter("SAFETY", "治安", 5.0, (*BUSY, ("street", 0.4)), NIGHT, WEEKEND, 30,
           ("多人酒后吵闹", "电瓶车电池被偷", "夜间有人聚众喧哗"), 1.9, 0.8, 0.12),
    Matter("SAFETY", "交通", 7.0, (("street", 0.6), ("road", 0.4)), RUSH, EVEN, 14,
           ("两车追尾,占用一条车道,无人受伤", "电动三轮与轿车刮擦", "大货车违停影响视线"), 1.5, 1.8, 0.1),
    Matter("SAFETY", "燃气", 1.2, HOME, EVENING, EVEN, 8,
           ("楼道有燃气味", "餐馆气瓶间无报警器"), 1.2, 1.0, 0.3),
    Matter("SAFETY", "防汛", 1.2, (("water", 0.8), ("road", 0.2)), FLAT, EVEN, 20,
           ("河水上涨,接近步道", "山边有落石,路面一半被堵", "堤脚渗水"), 1.0, 45.0, 0.4),
    Matter("SERVICE", "求助", 8.0, HOME, OFFICE, WORKDAYS, 40,
           ("独居户请人检查线路", "咨询如何办理居住证明", "申请帮忙搬运大件")),
    Matter("SERVICE", "供水供电", 4.5, HOME, EVENING, EVEN, 18,
           ("整幢停水", "村内一片停电", "水压过低,三楼用不上水"), 1.2, 4.0),
    Matter("OPINION", "建议", 4.0, STREET, OFFICE, WORKDAYS, 120,
           ("建议路口加装信号灯", "建议增设公交停靠点", "希望增加停车位")),
    Matter("LAW", "政策咨询", 3.0, HOME, OFFICE, WORKDAYS, 30,
           ("咨询建房审批流程", "咨询医保缴费标准")),
    Matter("EMERGENCY", "火情", 0.7, (("home", 0.5), ("works", 0.25), ("field", 0.25)), EVENING, EVEN, 6,
           ("厨房起火,已扑灭", "田边焚烧秸秆冒烟", "仓库冒烟,消防到场"), 2.0, 0.4, 0.6),
    Matter("CITY_EVENT", "街面秩序", 11.0, BUSY, EVENING, MARKET_DAYS, 10,
           ("流动摊贩占道经营", "店外经营,桌椅占用人行道", "夜宵摊油烟扰民", "三轮车乱停堵住市场出口"), 2.2, 0.5, 0.01),
    Matter("CITY_EVENT", "市容环境", 9.0, (*STREET, ("market", 0.3), ("farm", 0.25)), MORNING, EVEN, 12,
           ("垃圾桶满溢", "路边有建筑垃圾无人清理", "小广告贴满墙面", "污水外溢有异味"), 1.5, 1.6, 0.01),
    Matter("CITY_EVENT", "施工管理", 2.5, STREET, NIGHT, EVEN, 30,
           ("工地夜间施工噪声大", "渣土车漏撒"), 0.6, 0.4),
    Matter("CITY_ASSET", "公用设施", 4.5, (*STREET, ("farm", 0.2)), EVENING, EVEN, 50,
           ("路灯不亮", "井盖松动,车过有响声", "电线下垂,离地不足三米"), 1.0, 2.2, 0.06),
    Matter("CITY_ASSET", "道路交通", 3.5, (*STREET, ("road", 0.4)), DAY, WORKDAYS, 110,
           ("路面坑洼", "护栏被撞坏", "标志牌被树枝遮挡"), 1.0, 2.0, 0.04),
    Matter("CITY_ASSET", "园林绿化", 2.0, (("square", 0.4), ("street", 0.6)), MORNING, WORKDAYS, 90,
           ("行道树倒伏", "绿化带缺株"), 1.0, 5.0, 0.03),
    Matter("ROUTE_SAFETY", "供电通信线路", 0.8, (("road", 1.0),), DAY, WORKDAYS, 40,
           ("树枝压住通信线", "施工靠近电力电缆未报备"), 1.0, 3.0, 0.15),
    Matter("VIDEO_FAULT", "图像异常", 1.6, (("camera", 1.0),), DAY, EVEN, 45,
           ("画面黑屏", "镜头被树叶遮挡", "图像模糊,需清洁"), 1.0, 2.5, 0.0, "VIDEO_DUTY"),
    Matter("IOT_ALARM", "烟感", 1.6, (("shop", 0.5), ("home", 0.5)), EVENING, EVEN, 1,
           ("烟感报警,现场为厨房油烟", "烟感报警,待核实"), 1.4, 1.0, 0.05, "IOT"),
    Matter("IOT_ALARM", "水位", 0.5, (("water", 1.0),), FLAT, EVEN, 12,
           ("水位超过警戒线",), 1.0, 40.0, 0.3, "IOT"),
    Matter("OTHER", "其他", 2.5, HOME, DAY, EVEN, 60,
           ("反映无人认领的犬只在村内游荡", "拾得物品交到村里")),
)  # fmt: skip

SOURCES = (
    ("PATROL", 0.40),
    ("PUBLIC", 0.22),
    ("HOTLINE_12345", 0.26),
    ("SUPERIOR", 0.04),
    ("POLICE_NON_EMERGENCY", 0.06),
    ("VIDEO_DUTY", 0.02),
)
EVENTS_PER_GRID_WEEK = 2.7
TICKETS_PER_EVENT = 6091 / 4488
"""Zhejiang's events a grid of 300 households and week; hotline tickets for each event in one dashboard."""

_LUNAR = {
    2024: ((2, 10), (6, 10), (9, 17)), 2025: ((1, 29), (5, 31), (10, 6)), 2026: ((2, 17), (6, 19), (9, 25)),
    2027: ((2, 6), (6, 9), (9, 15)), 2028: ((1, 26), (5, 28), (10, 3)),
}  # fmt: skip


def festivals(first: date, last: date) -> set[date]:
    """Days off with busy evenings between two dates; the moon's festivals are known for 2024 to 2028."""
    days: set[date] = set()
    for year in range(first.year, last.year + 1):
        days |= {date(year, 1, 1), *(date(year, 5, k) for k in (1, 2, 3)), *(date(year, 10, k) for k in range(1, 8))}
        if year in _LUNAR:
            spring, dragon, moon = (date(year, *md) for md in _LUNAR[year])
            days |= {spring + timedelta(days=k) for k in (-1, 0, 1, 2, 3, 4, 5, 14)} | {
                dragon,
                moon,
                moon + timedelta(days=1),
            }
    return {d for d in days if first <= d <= last}
