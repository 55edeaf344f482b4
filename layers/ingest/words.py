"""Categories, sources and states of reports in the words of other systems."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from layers.tables import ReportCategory, ReportSource, ReportState

_C, _S, _T = ReportCategory, ReportSource, ReportState
CATEGORIES = {
    _C.DISPUTE: "矛盾纠纷 纠纷 矛盾 纠纷调解 矛盾调解 婚恋家庭 婚姻 婚姻家庭 邻里 邻里纠纷"
    " 人格权 物权 侵权 合同 合同履行 劳动人事 劳资 劳资纠纷 金融借贷 土地及资源权属 山林土地 征地拆迁"
    " 房屋和宅基地 物业管理 物业纠纷 医疗 医疗纠纷 dispute disputes",
    _C.SAFETY: "治安 治安隐患 安全隐患 治安、安全隐患 公共安全 安全生产 消防 消防安全 消防隐患"
    " 交通安全 燃气 燃气安全 用电安全 房屋安全 防汛 社会治安 治安案件 safety security",
    _C.SERVICE: "民生服务 服务 民生 求助 群众求助 便民服务 咨询 service services",
    _C.OPINION: "社情民意 民意 意见建议 建议 投诉 opinion",
    _C.LAW: "政策法律 政策 法律 法律咨询 政策咨询 law",
    _C.EMERGENCY: "突发事件 应急 紧急事件 应急事件 emergency",
    _C.CITY_EVENT: "城市管理事件 城管事件 市容环境 宣传广告 施工管理 街面秩序 市容 环境卫生 占道经营 违章搭建",
    _C.CITY_ASSET: "城市管理部件 城管部件 部件 公用设施 道路交通 园林绿化 房屋土地 设施损坏 路灯 井盖",
    _C.ROUTE_SAFETY: "线路案件 线路事件 线路案事件 线路案(事)件 护路护线 涉线",
    _C.VIDEO_FAULT: "视频故障 摄像机故障 监控故障 摄像头故障",
    _C.IOT_ALARM: "物联告警 物联报警 物联网告警 设备告警 传感器告警 烟感报警 烟感",
    _C.OTHER: "其他 其它 other others",
}
SOURCES = {
    _S.PATROL: "网格员巡查 巡查 网格巡查 网格员上报 日常巡查 patrol",
    _S.PUBLIC: "群众上报 公众上报 群众 市民上报 居民上报 自行上报 public",
    _S.IOT: "物联网感知 物联感知 物联网 感知设备 iot sensor",
    _S.SUPERIOR: "上级指示 上级交办 领导批示 上级 superior",
    _S.HOTLINE_12345: "12345 12345热线 热线 政务热线 市民热线 hotline",
    _S.VIDEO_DUTY: "视频巡查 视频值守 视频轮巡 视频",
    _S.POLICE_NON_EMERGENCY: "非警务警情 110非警务 110 110联动 公安转办 police",
}
STATES = {
    _T.DRAFT: "草稿",
    _T.REPORTED: "已上报 待受理 上报 待接收 登记 立卷登记 open new",
    _T.ACCEPTED: "受理 立案 已受理 已立案 待派遣",
    _T.DISPATCHED: "交办 待签收 已交办 派遣 派单 已派单 已派遣 分流 dispatched",
    _T.IN_PROGRESS: "处置中 办理中 处理中 待处理 办理",
    _T.HANDLED: "待核查 已处置 已处理 待结案 handled",
    _T.CLOSED: "办结 结案 已办结 已结案 关闭 已关闭 完成 closed done",
    _T.FOLLOWED_UP: "已回访 回访 已评价",
    _T.RETURNED: "退回 回退 已退回",
    _T.ESCALATED: "上报上级 升级 越级上报",
    _T.MERGED: "并案 已并案 合并",
    _T.VOID: "作废 无效 已作废 中止",
}
SEVERITIES = {"特别重大": 1, "重大": 2, "较大": 3, "一般": 4, "普通": 4}


def plain_word(word: str) -> str:
    """A word without case, width, spaces and joining signs."""
    return re.sub(r"[\s_\-]", "", unicodedata.normalize("NFKC", word).casefold())


def _vocabulary(words: Mapping[Any, str]) -> dict[str, str]:
    found = {plain_word(word): str(code) for code, listed in words.items() for word in listed.split()}
    return found | {plain_word(str(code)): str(code) for code in words}


CATEGORY, SOURCE, STATE = (_vocabulary(words) for words in (CATEGORIES, SOURCES, STATES))
