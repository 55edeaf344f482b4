"""What the figures are: their formulas, units, and the least base on which one is given."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """In what a figure is given."""

    SHARE = "SHARE"
    MINUTES = "MINUTES"
    COUNT = "COUNT"


class Basis(StrEnum):
    """On which grids: those of the week itself (当时网格), or those in force today (现行网格)."""

    AS_IT_WAS = "as_it_was"
    TODAYS_GRIDS = "todays_grids"


class Reason(StrEnum):
    """Why there is no figure."""

    BELOW_BASE = "BELOW_BASE"
    NOTHING_DUE = "NOTHING_DUE"
    NO_VISIT_COUNTS = "NO_VISIT_COUNTS"
    NO_HOUSEHOLDS = "NO_HOUSEHOLDS"
    OTHER_GRIDS = "OTHER_GRIDS"
    NO_HISTORY = "NO_HISTORY"
    NO_CAMERAS = "NO_CAMERAS"
    NOT_COMPUTED = "NOT_COMPUTED"
    NO_OBSERVATIONS = "NO_OBSERVATIONS"
    NO_POSITION_REGISTER = "NO_POSITION_REGISTER"
    NOT_KEPT = "NOT_KEPT"
    NOT_HANDED_OVER = "NOT_HANDED_OVER"


REASONS: dict[Reason, tuple[str, str]] = {
    Reason.BELOW_BASE: ("基数低于最小基数", "the base is below the minimum"),
    Reason.NOTHING_DUE: ("本周没有应统计的事项", "nothing of this kind fell into the week"),
    Reason.NO_VISIT_COUNTS: ("没有报送走访户数", "no count of visits was sent"),
    Reason.NO_HOUSEHOLDS: ("当时户数未知", "the households of the time are not known"),
    Reason.OTHER_GRIDS: ("走访数按当时网格报送，不能换算", "counts of visits belong to the grids of their week"),
    Reason.NO_HISTORY: ("摄像机档案不保存历史", "camera records have no history"),
    Reason.NO_CAMERAS: ("没有摄像机", "there are no cameras"),
    Reason.NOT_COMPUTED: ("覆盖尚未计算", "the coverage has not been computed"),
    Reason.NO_OBSERVATIONS: ("没有巡检采样数据", "no samples of the cameras are kept"),
    Reason.NO_POSITION_REGISTER: ("没有重点部位名录", "there is no register of key positions"),
    Reason.NOT_KEPT: ("已结周期未保存此值", "the closed week does not hold this figure"),
    Reason.NOT_HANDED_OVER: ("有关部门未提供", "no office has handed it over"),
}
"""Why there is no figure, in Chinese and in English."""


@dataclass(frozen=True)
class Kpi:
    """One figure.

    key : its name in addresses, tables and files
    zh, en : its name for readers
    definition_zh : what is counted, in Chinese
    numerator, denominator : the same in English; empty for a count
    cohort : which week a report or row belongs to
    minimum_base : the least denominator on which the figure is given
    """

    key: str
    zh: str
    en: str
    unit: Unit
    definition_zh: str
    numerator: str
    denominator: str
    cohort: str
    minimum_base: int = 5
    formula: str = "numerator / denominator"


KPIS: tuple[Kpi, ...] = (
    Kpi(
        "reported",
        "上报件数",
        "Reports",
        Unit.COUNT,
        "本周上报的事件，不含草稿和作废",
        "",
        "reports, without drafts and void ones",
        "week of the report",
        minimum_base=0,
        formula="denominator",
    ),
    Kpi(
        "closing_rate",
        "办结率",
        "Closing rate",
        Unit.SHARE,
        "本周受理的事件中，截止时已办结的 ÷ 本周受理的事件；文件导入的已受理事件按上报时间归周",
        "of these, closed at the cut-off",
        "reports accepted in the week",
        "week of the first acceptance; a report that a file brought further on counts by its report time",
    ),
    Kpi(
        "on_time_rate",
        "按时办结率",
        "On-time closing rate",
        Unit.SHARE,
        "期限（含截止前批准的延期）落在本周且已到期的事件中，按期办结的 ÷ 全部",
        "of these, closed on or before the deadline",
        "reports whose deadline, with an extension granted by the cut-off, lies in the week and has passed",
        "week of the deadline",
    ),
    Kpi(
        "first_response",
        "首次响应时间",
        "First response",
        Unit.MINUTES,
        "本周受理的事件，从上报到首次受理的分钟数的中位数",
        "",
        "reports accepted in the week by a step that was recorded",
        "week of the first acceptance",
        formula="median of the minutes from report to acceptance",
    ),
    Kpi(
        "return_rate",
        "退回率",
        "Return rate",
        Unit.SHARE,
        "本周首次交办的事件中，截止前被退回的 ÷ 全部",
        "of these, returned after it by the cut-off",
        "reports first dispatched in the week",
        "week of the first dispatch",
    ),
    Kpi(
        "follow_up_rate",
        "回访率",
        "Follow-up rate",
        Unit.SHARE,
        "本周办结且截止时未重开的事件中，已回访的 ÷ 全部；文件导入的回访视为办结时完成",
        "of these, followed up by the cut-off; one that a file brought counts as made at its closing",
        "reports closed in the week and not reopened by the cut-off",
        "week of the closing",
    ),
    Kpi(
        "satisfaction_rate",
        "满意率",
        "Satisfaction rate",
        Unit.SHARE,
        "本周回访并联系上的事件中，满意的 ÷ 全部；文件导入的回访按办结时间归周，因为文件没有回访时间",
        "of these, satisfied",
        "reports followed up in the week where somebody was reached",
        "week of the follow-up; one that a file brought counts by its closing, since the file has no other time",
    ),
    Kpi(
        "visit_coverage",
        "走访覆盖率",
        "Visit coverage",
        Unit.SHARE,
        "本周走访户数 ÷ 报送了走访数的网格当时的户数",
        "households visited in the week",
        "households, as of the week, of the grids that sent a count",
        "week of the visits",
        minimum_base=1,
    ),
    Kpi(
        "repeat_rate",
        "重复事件率",
        "Repeat rate",
        Unit.SHARE,
        "本周上报的事件中，被重开的，或此前 30 天内同一地点（同一标准地址，或 50 米以内）有同类事件的 ÷ 全部",
        "of these, reopened by the cut-off, or with an earlier report of the same category at the same place (same "
        "standard address or address text, or within 50 m, in the same town) in the 30 days before",
        "reports, without drafts and void ones",
        "week of the report",
    ),
    Kpi(
        "camera_file",
        "一机一档完整率",
        "Camera file completeness",
        Unit.SHARE,
        "未拆除摄像机的必填项中，已填写的 ÷ 全部必填项",
        "required fields that are filled",
        "required fields of all cameras that are not removed",
        "as recorded at the cut-off",
        minimum_base=1,
    ),
    Kpi(
        "camera_sight",
        "视频覆盖率（面积）",
        "Ground in sight",
        Unit.SHARE,
        "摄像机看得到的已建成区开阔地面积 ÷ 已建成区开阔地面积",
        "settled open ground that cameras see, m²",
        "settled open ground, m²",
        "as last computed by the cut-off",
        minimum_base=1,
    ),
    Kpi(
        "camera_positions",
        "重点部位覆盖率",
        "Key positions covered",
        Unit.SHARE,
        "至少有一台在用摄像机的重点部位 ÷ 全部重点部位",
        "key positions with at least one camera in use",
        "key positions",
        "as recorded at the cut-off",
        minimum_base=1,
    ),
    Kpi(
        "camera_online",
        "在线率",
        "Online rate",
        Unit.SHARE,
        "采样时能连通的次数 ÷ 应采样次数",
        "samples that reached the camera",
        "samples due",
        "week of the samples",
    ),
    Kpi(
        "camera_intact",
        "完好率",
        "Intact rate",
        Unit.SHARE,
        "画面可用的摄像机 ÷ 在用摄像机",
        "cameras with a usable picture",
        "cameras in use",
        "week of the samples",
        minimum_base=1,
    ),
    Kpi(
        "camera_networked",
        "联网率",
        "Networking rate",
        Unit.SHARE,
        "已联网的摄像机 ÷ 应联网的摄像机",
        "cameras that are linked",
        "cameras that must be linked",
        "as recorded at the cut-off",
        minimum_base=1,
    ),
)
KPI = {kpi.key: kpi for kpi in KPIS}
