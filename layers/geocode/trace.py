"""Why a text was taken for a row: token by token, and from the row to its grid."""

from __future__ import annotations

from typing import Any

from layers.geocode.between import Between
from layers.geocode.model import Step, Trace
from layers.geocode.nearby import Circle
from layers.geocode.query import Query
from layers.geocode.rows import NUMBERS

_SIGNS = ("组", "弄", "号", "幢", "单元", "室")


def trace_of(library: Any, query: Query, row: int, grid: int, circle: Circle | Between | None) -> Trace:
    """The steps from the parts of a text to the row, in the order of the text, and from the row to the grid."""
    names, numbers = library.rows.names[row].tolist(), library.rows.numbers[row].tolist()
    steps = []
    for span in query.spans:
        token = query.plain[span.start : span.end]
        fitting = [meaning for meaning in span.meanings if names[library.names.kinds[meaning.name]] == meaning.name]
        if fitting:
            best = max(fitting, key=lambda meaning: meaning.weight)
            steps.append(Step(token, library.names.texts[best.name], best.reason, round(best.weight, 3)))
        else:
            steps.append(Step(token, "", "unread", 0.0))
    for number in query.numbers:
        column = number.kind
        same = column >= 0 and numbers[column] == number.value and number.value >= 0
        if not same:
            column = next((at for at, value in enumerate(numbers) if value == number.value >= 0), -1)
        if column < 0:
            if circle is None or number.text != circle.token:
                steps.append(Step(number.text, "", "unread", 0.0))
        else:
            record = f"{NUMBERS[column]} {library.values.texts[numbers[column]]}{_SIGNS[column]}"
            steps.append(Step(number.text, record, "number" if same else "other number", 1.0 if same else 0.5))
    if circle is not None:
        steps.append(Step(circle.token, circle.record, circle.reason, 1.0))
    record = str(library.rows.keys[row]) or library.label(row)
    target = str(library.cells.codes[grid]) if grid >= 0 and library.cells else ""
    if query.whole == row:
        told = library.told.get(row)
        steps = [Step(query.plain, record, told[1] if told else "exact", 1.0)]
    steps.append(Step(record, target, "former name" if library.rows.former[row] else "grid", 1.0))
    return tuple(steps)
