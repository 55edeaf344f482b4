"""Figures as an Excel workbook: one row for each figure, and a sheet that says how each one is defined."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from layers.statistics.compute import LevelFigures
from layers.statistics.editions import Change
from layers.statistics.kpis import KPI, KPIS, REASONS, Basis, Kpi, Reason, Unit
from layers.statistics.read import WeekFigures
from layers.statistics.weeks import GRACE, ZONE

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_REMARK = (
    f"每周统计到该周结束后 {GRACE.days} 天为止，各周口径一致；按代码排列，不排名；件数少不代表工作差。"
    f" Each week is looked at until {GRACE.days} days after its end. Areas stand in the order of their codes; "
    "nothing is ranked, and low numbers are not bad."
)
_BURST = (
    "与本区域过去最多 26 周比较：负二项预测，错误发现率 5%；仅提示核实。"
    " Against up to 26 weeks of the area's own past: negative binomial prediction (Farrington et al. 1996), false "
    "discoveries held at 5 % (Benjamini and Hochberg 1995); a reason to look, not a verdict."
)
_HEAD = PatternFill("solid", fgColor="E2F1EC")
_BASES = {
    Basis.AS_IT_WAS: "当时网格 / grids of the week",
    Basis.TODAYS_GRIDS: "现行网格 / today's grids",
}


def write_workbook(found: WeekFigures, changes: Sequence[Change] = ()) -> bytes:
    """The figures of a week as .xlsx: a row for each area and figure, the definitions, and what a version states anew.

    A text that begins like a formula stays a text, whatever program opens it.
    """
    book = Workbook(write_only=True)
    _sheet(book, "指标 figures", [14, 22, 20, 26, 11, 11, 11, 10, 34, 10, 10], _figure_rows(found))
    _sheet(book, "说明 notes", [26, 24, 12, 60, 52, 62, 58, 44, 10], _note_rows(found))
    if changes:
        _sheet(book, "变化 changes", [10, 20, 26, 10, 10, 10, 18, 10, 10, 10, 18], _change_rows(changes))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _figure_rows(found: WeekFigures) -> Iterable[Sequence[Any]]:
    yield (
        "周 week",
        "区域 area",
        "代码 code",
        "指标 figure",
        "分子 numerator",
        "分母 denominator",
        "值 value",
        "单位 unit",
        "无值原因 reason",
        "突增 burst",
        "相似 alike",
    )
    signals = [("", "")] + [
        ("是 yes" if flag else "", int(alike)) for flag, alike in zip(found.bursts.flagged, found.alike, strict=True)
    ]
    whole = found.area.code or "全部 all"
    yield from _area_rows(found, found.whole, 0, "合计 total", whole, signals[0])
    for a, (code, name) in enumerate(zip(found.level.areas.codes, found.level.areas.names, strict=True)):
        yield from _area_rows(found, found.level, a, name, code, signals[a + 1])


def _area_rows(
    found: WeekFigures, part: LevelFigures, a: int, name: str, code: str, signals: tuple[Any, Any]
) -> Iterable[Sequence[Any]]:
    for kpi in KPIS:
        numerator, denominator, value, reason = part.figures[kpi.key].at(0, a)
        why = " / ".join(REASONS[Reason(reason)]) if reason else ""
        shown = signals if kpi.key == "reported" else ("", "")
        numbers = [_number(numerator), _number(denominator), _rounded(kpi, value)]
        yield (str(found.week), name, code, f"{kpi.zh} {kpi.en}", *numbers, _unit(kpi), why, *shown)


def _note_rows(found: WeekFigures) -> Iterable[Sequence[Any]]:
    edition = found.edition
    version = (
        f"{edition.version}（{_moment(edition.closed_at)}）" if edition else "未结周期，即时计算 / open, computed now"
    )
    yield ("项目 item", "内容 content")
    yield ("周 week", f"{found.week}（{found.week.first_day} 至 {found.week.last_day}，Asia/Shanghai）")
    yield ("截止时间 cut-off", _moment(found.cut_off) + ("（暂定 provisional）" if found.provisional else ""))
    yield ("版本 version", version)
    yield ("口径 basis", _BASES[found.basis])
    yield ("范围 area", found.area.code or "全部 all")
    yield ("无法定位件数 reports without a place", found.unplaced)
    yield ("说明 remark", _REMARK)
    yield ("突增 burst", _BURST)
    yield ()
    yield (
        "指标 figure",
        "名称 name",
        "单位 unit",
        "定义",
        "分子 numerator",
        "分母 denominator",
        "归属周 cohort",
        "公式 formula",
        "最小基数 minimum base",
    )
    for kpi in KPIS:
        yield (
            kpi.zh,
            kpi.en,
            _unit(kpi),
            kpi.definition_zh,
            kpi.numerator,
            kpi.denominator,
            kpi.cohort,
            kpi.formula,
            kpi.minimum_base,
        )


def _change_rows(changes: Sequence[Change]) -> Iterable[Sequence[Any]]:
    yield (
        "级别 level",
        "代码 code",
        "指标 figure",
        "原分子 old numerator",
        "原分母 old denominator",
        "原值 old value",
        "原无值原因 old reason",
        "新分子 new numerator",
        "新分母 new denominator",
        "新值 new value",
        "新无值原因 new reason",
    )
    for change in changes:
        kpi = KPI[change.kpi]
        yield (change.level, change.area_code, f"{kpi.zh} {kpi.en}", *change.before, *change.after)


def _sheet(book: Workbook, title: str, widths: Sequence[int], rows: Iterable[Sequence[Any]]) -> None:
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for i, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(i)].width = width
    for number, row in enumerate(rows):
        sheet.append([_cell(sheet, value, head=number == 0) for value in row])


def _cell(sheet: Any, value: Any, *, head: bool) -> Any:
    cell = WriteOnlyCell(sheet)
    if isinstance(value, str):
        text = ILLEGAL_CHARACTERS_RE.sub("", value)
        cell.value = text
        cell.data_type = "s"  # a text that begins with = would be taken for a formula
        cell.quotePrefix = text.startswith(_FORMULA_SIGNS)
        cell.alignment = Alignment(wrap_text=len(text) > 40, vertical="top")
    else:
        cell.value = value
        if isinstance(value, float) and not value.is_integer():
            cell.number_format = "0.0###"
    if head:
        cell.font, cell.fill = Font(bold=True), _HEAD
    return cell


def _number(value: float) -> float | int | None:
    if np.isnan(value):
        return None
    return int(value) if float(value).is_integer() else round(float(value), 1)


def _rounded(kpi: Kpi, value: float) -> float | int | None:
    if np.isnan(value):
        return None
    return round(value, 4) if kpi.unit == Unit.SHARE else round(value, 1) if kpi.unit == Unit.MINUTES else int(value)


def _unit(kpi: Kpi) -> str:
    return {Unit.SHARE: "比例 share", Unit.MINUTES: "分钟 min", Unit.COUNT: "件 count"}[kpi.unit]


def _moment(instant: datetime) -> str:
    return f"{instant.astimezone(ZONE):%Y-%m-%d %H:%M}"
