"""The sheets beside the report map: legends, and the table of grids."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

from maps.legend import Legend
from maps.palette import contrast


def head(title: str, note: str) -> Markup:
    """The title and what the map speaks of."""
    return Markup('<div class="sheet" id="head"><h1>{}</h1><p>{}</p></div>').format(title, note)


def legends(title: str, parts: Iterable[Legend]) -> Markup:
    """All legends, each with unit, classes and note."""
    made = []
    for legend in parts:
        rows = Markup("").join(
            Markup('<div><i style="background:{}"></i>{}</div>').format(mixed(row.colour, row.opacity), row.label)
            for row in legend.classes
        )
        made.append(
            Markup('<h2>{} <span class="unit">({})</span></h2>{}<div class="note">{}</div>').format(
                legend.title, legend.unit, rows, legend.note
            )
        )
    return Markup('<details class="sheet" id="legend" open><summary>{}</summary><div>{}</div></details>').format(
        title, Markup("").join(made)
    )


def mixed(colour: str, opacity: float, ground: str = "#f3f2ee") -> str:
    """The colour that `colour` gives on the ground of the map.

    >>> mixed("#000000", 0.5, "#ffffff")
    '#808080'
    """
    parts = [
        round(int(colour[at : at + 2], 16) * opacity + int(ground[at : at + 2], 16) * (1 - opacity)) for at in (1, 3, 5)
    ]
    return "#" + "".join(f"{part:02x}" for part in parts)


def table(title: str, columns: list[str], rows: list[list[str]], colours: list[str | None], foot: list[str]) -> Markup:
    """The table of grids; `colours` (one for each row) shade the deviation, the fourth column."""
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(_cell(text, colour if i == 3 else None) for i, text in enumerate(row))
        )
        for row, colour in zip(rows, colours, strict=True)
    )
    head_row = Markup("").join(Markup("<th scope='col'>{}</th>").format(name) for name in columns)
    foot_row = Markup("").join(_cell(text, None) for text in foot)
    return Markup(
        '<details class="sheet" id="table" open><summary>{}</summary><div><table><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody><tfoot><tr>{}</tr></tfoot></table></div></details>"
    ).format(title, head_row, body, foot_row)


def _cell(text: str, colour: str | None) -> Markup:
    if colour is None:
        return Markup("<td>{}</td>").format(text)
    ink = max("#17202b", "#ffffff", key=lambda candidate: contrast(candidate, colour))
    return Markup('<td style="background:{};color:{}">{}</td>').format(colour, ink, escape(text))


def head_note(text: str) -> Markup:
    """A sheet with one sentence in the place of the table."""
    return Markup('<div class="sheet" id="table"><div>{}</div></div>').format(text)
