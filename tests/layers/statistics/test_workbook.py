"""The workbook says what the figures are, and no text in it is a formula."""

from __future__ import annotations

import io

import openpyxl

from layers.access import EVERYWHERE
from layers.statistics.editions import changes, close_week
from layers.statistics.kpis import KPIS
from layers.statistics.read import read_week
from layers.statistics.weeks import Week
from layers.statistics.workbook import write_workbook
from layers.tables import Grid
from tests.layers.statistics.conftest import at
from tests.two_towns import ADMIN, NORTH

WEEK = Week.parse("2026-W20")


def test_figures_definitions_and_changes_are_in_the_workbook(world, course):
    for i in range(5):
        course(f"r{i}", report="2026-05-11 08:00", accept="2026-05-11 09:00", close="2026-05-12 10:00")
    world.query(Grid).filter_by(code=f"{NORTH}001").one().name = '=HYPERLINK("http://x","第一网格")\x07'
    world.flush()
    close_week(world, ADMIN, WEEK, now=at("2026-05-18 09:00"))
    course("late", report="2026-05-13 08:00", accept="2026-05-13 09:00")
    edition = close_week(world, ADMIN, WEEK, now=at("2026-05-25 09:00")).edition
    found = read_week(world, EVERYWHERE, WEEK, level="CELL", now=at("2026-05-25 10:00"))
    book = openpyxl.load_workbook(io.BytesIO(write_workbook(found, changes(world, edition, EVERYWHERE))))
    figures, notes, changed = book.worksheets
    rows = list(figures.iter_rows(min_row=2))
    assert len(rows) == len(KPIS) * (1 + 4)
    closing = next(row for row in rows if row[2].value == f"{NORTH}001" and row[3].value.startswith("办结率"))
    assert [cell.value for cell in closing[4:7]] == [5, 6, 0.8333]
    assert closing[1].value == '=HYPERLINK("http://x","第一网格")'
    assert "f" not in {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert closing[1].quotePrefix
    empty = next(row for row in rows if row[2].value == f"{NORTH}002" and row[3].value.startswith("办结率"))
    assert (empty[6].value, empty[8].value) == (None, "本周没有应统计的事项 / nothing of this kind fell into the week")
    text = "\n".join(str(cell.value) for row in notes.iter_rows() for cell in row if cell.value is not None)
    for word in ("2026-05-18 09:00", "暂定", "numerator / denominator", "当时网格", "最小基数"):
        assert word in text
    assert any(row[2].value.startswith("办结率") and row[8].value == 6 for row in changed.iter_rows(min_row=2))
