"""Commands on weekly figures: statistics week|close|export|index|visits|indicators."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from api.cli.console import say, show
from api.cli.database import now, settings_of, transaction
from layers.access import OPERATOR

app = typer.Typer(
    no_args_is_help=True, help="Weekly figures: week, close, export, index, visits, indicators. Nothing is ranked."
)

WeekName = Annotated[str | None, typer.Argument(help="ISO week like 2026-W30; by default the last full one.")]
LevelName = Annotated[Literal["TOWN", "VILLAGE", "CELL"], typer.Option(help="Figures of which areas.")]
AreaCode = Annotated[str, typer.Option(help="Only inside this area, by its code.")]
BasisName = Annotated[Literal["as_it_was", "todays_grids"], typer.Option(help="Grids of the week, or of today.")]
Version = Annotated[int | None, typer.Option(min=1, help="A version of a closed week; by default the last one.")]


@app.command("week")
def show_week(
    context: typer.Context,
    week: WeekName = None,
    level: LevelName = "VILLAGE",
    area: AreaCode = "",
    basis: BasisName = "as_it_was",
    version: Version = None,
) -> None:
    """Show the figures of a week with what they were counted from; n/a where there is no figure.

    Example: `fengqiao statistics week 2026-W30 --level TOWN`
    """
    from layers.statistics.kpis import KPIS, Basis, Unit
    from layers.statistics.read import read_week

    asked = _week(week)
    with transaction(context) as session:
        found = read_week(
            session, OPERATOR.scope, asked, level=level, now=now(), area=area, basis=Basis(basis), version=version
        )
        version_text = f"version {found.edition.version}" if found.edition else "open, computed now"
    zone = settings_of(context).zone
    say(f"{asked}, up to {found.cut_off.astimezone(zone):%Y-%m-%d %H:%M}, {version_text}, {basis.replace('_', ' ')}")
    if found.provisional:
        say("Provisional: the week is looked at until seven days after its end.")
    columns = [kpi for kpi in KPIS if kpi.unit != Unit.COUNT and not kpi.key.startswith("camera_")]
    rows = []
    for part in (found.whole, found.level):
        for a, code in enumerate(part.areas.codes):
            cells = [part.figures[kpi.key].at(0, a) for kpi in columns]
            texts = [_text(kpi.unit == Unit.SHARE, *cell[:3]) for kpi, cell in zip(columns, cells, strict=True)]
            burst = part is found.level and bool(found.bursts.flagged[a])
            count = int(part.figures["reported"].at(0, a)[1])
            rows.append((code or "all", part.areas.names[a] or "total", count, *texts, "burst" if burst else ""))
    show(("area", "name", "reports", *(kpi.zh for kpi in columns), ""), rows)


@app.command("close")
def close(
    context: typer.Context,
    week: WeekName = None,
    note: Annotated[str | None, typer.Option(help="Why the week is stated again.")] = None,
) -> None:
    """Keep the figures of a week as a version; where late data have changed any, as a new one.

    Example: `fengqiao statistics close 2026-W30`
    """
    from layers.statistics.editions import close_week

    with transaction(context) as session:
        closed = close_week(session, OPERATOR, _week(week), now=now(), note=note)
        text = f"{closed.edition.week} version {closed.edition.version}"
    if not closed.is_new:
        say(f"{text} holds the week already; no figure has changed.")
    else:
        say(
            f"{text} is kept"
            + (f"; {closed.changes:,} figures differ from the version before." if closed.changes else ".")
        )


@app.command("export")
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The workbook to write, ending in .xlsx.")],
    week: WeekName = None,
    level: LevelName = "VILLAGE",
    area: AreaCode = "",
    basis: BasisName = "as_it_was",
    version: Version = None,
) -> None:
    """Write the figures of a week as an Excel workbook with their definitions.

    Example: `fengqiao statistics export build/week.xlsx 2026-W30 --level CELL`
    """
    from layers.errors import InvalidInputError
    from layers.statistics.editions import changes
    from layers.statistics.kpis import Basis
    from layers.statistics.read import read_week
    from layers.statistics.workbook import write_workbook

    if file.suffix.lower() != ".xlsx":
        raise InvalidInputError(f"{file.name} is no workbook; end the name with .xlsx.")
    with transaction(context) as session:
        found = read_week(
            session, OPERATOR.scope, _week(week), level=level, now=now(), area=area, basis=Basis(basis), version=version
        )
        content = write_workbook(found, changes(session, found.edition, found.area) if found.edition else ())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    say(f"{file}: {len(found.level.areas):,} areas of {found.week}.")


@app.command("index")
def show_index(
    context: typer.Context,
    week: WeekName = None,
    level: LevelName = "TOWN",
    area: AreaCode = "",
    declaration: Annotated[
        Path | None, typer.Option(help="JSON with levels, indicators and weights; by default FENGQIAO_INDEX_FILE.")
    ] = None,
) -> None:
    """Show a composite index with declared weights, and how much of its weight is known. It is never official.

    Example: `fengqiao statistics index 2026-W30 --level TOWN`
    """
    from layers.statistics.declaration import read_declaration
    from layers.statistics.index import LABEL_EN, LABEL_ZH, composite_index

    declared = read_declaration(declaration or settings_of(context).index_file)
    with transaction(context) as session:
        found = composite_index(session, OPERATOR.scope, _week(week), declared, level=level, now=now(), area=area)
    say(f"{declared.zh} · {declared.en}")
    say(f"{LABEL_ZH} · {LABEL_EN}")
    say(f"{found.week.week}; a score needs {declared.minimum_coverage:.0%} of the weight.")
    rows = [
        (code, name, _score(found.score[a]), f"{found.coverage[a]:.0%}", *(_score(g[a]) for g in found.groups.values()))
        for a, (code, name) in enumerate(zip(found.areas.codes, found.areas.names, strict=True))
    ]
    show(("area", "name", "score", "known", *(declared.groups[key][0] for key in found.groups)), rows)


@app.command("visits")
def visits(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV or Excel: grid_code, week, households.")],
) -> None:
    """Load how many households of each grid were visited in a week; counts, neither which ones nor by whom.

    Example: `fengqiao statistics visits visits.csv`
    """
    from layers.statistics.visits import load_visits

    with transaction(context) as session:
        say(f"{load_visits(session, OPERATOR, file, now=now()):,} counts of visits.")


@app.command("indicators")
def indicators(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV or Excel: area_code, week, indicator, numerator, denominator.")],
) -> None:
    """Load outcome figures of other offices for the composite index.

    Example: `fengqiao statistics indicators figures.csv`
    """
    from layers.statistics.index import load_indicators

    with transaction(context) as session:
        say(f"{load_indicators(session, OPERATOR, file, now=now()):,} figures.")


def _week(text: str | None):  # type: ignore[no-untyped-def]
    from layers.statistics.weeks import Week, last_full_week

    return Week.parse(text) if text else last_full_week(now())


def _text(is_share: bool, numerator: float, denominator: float, value: float) -> str:
    counted = "" if denominator != denominator else f"{numerator:,.0f}/{denominator:,.0f}"  # noqa: PLR0124 NaN
    if value != value:  # noqa: PLR0124 NaN
        return f"n/a {counted}".strip() if is_share else "n/a"
    return f"{value:.1%} {counted}" if is_share else f"{value:,.0f} min"


def _score(value: float) -> str:
    return "n/a" if value != value else f"{value:.1f}"  # noqa: PLR0124 NaN
