"""Commands that draw grids and check those in force."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.console import progress, say, show
from api.cli.database import day, now, today, transaction
from api.cli.plans import show_plan
from layers.access import OPERATOR, Scope

REASONS = {
    "oversize": "{0.oversize} blocks have more households than a grid may have.",
    "too_small": "{0.households:.0f} households apart from all others are too few for a grid.",
    "between": "{0.households:.0f} households apart from all others fit no number of grids.",
    "coarse": "Its blocks add up to no grid.",
}


def draw(
    context: typer.Context,
    scope: Annotated[str, typer.Argument(help="Code of the town or village whose grids are drawn.")],
    name: Annotated[str, typer.Option(help="Name of the plan.")] = "draft",
    target: Annotated[int, typer.Option(help="Households a grid.")] = 300,
    tolerance: Annotated[float, typer.Option(help="Share by which a grid may differ from the target.")] = 0.1,
    nesting: Annotated[str, typer.Option(help="grouped, strict_nesting or strict_balance.")] = "grouped",
    effort: Annotated[str, typer.Option(help="fast, normal or thorough.")] = "normal",
    seed: Annotated[int, typer.Option(help="The same seed draws the same grids.")] = 0,
    publish_from: Annotated[
        str | None, typer.Option(help="Submit, approve and publish at once, in force from this day (`today` works).")
    ] = None,
) -> None:
    """Draw balanced, contiguous, compact grids into a new draft plan.

    Example: `fengqiao draw 330699100 --name "2026 spring" --target 300`
    """
    from layers.plans import DrawOptions, advance_plan, draw_plan, publish_plan

    options = DrawOptions(target=target, tolerance=tolerance, nesting=nesting, effort=effort, seed=seed)  # type: ignore[arg-type]
    with progress("Drawing") as tell, transaction(context) as session:
        plan = draw_plan(
            session,
            OPERATOR,
            scope_code=scope,
            name=name,
            options=options,
            as_of=today(context),
            now=now(),
            progress=tell,
        )
        if publish_from:
            start = today(context) if publish_from == "today" else day(publish_from, today(context))
            for step in ("submit", "approve"):
                advance_plan(session, OPERATOR, plan.id, step, now=now())
            publish_plan(session, OPERATOR, plan.id, valid_from=start, now=now(), today=today(context))
        plan_id = plan.id
    show_plan(context, plan_id)


def feasibility(
    context: typer.Context,
    scope: Annotated[str, typer.Argument(help="Code of the town or village whose grids will be drawn.")],
    target: Annotated[int, typer.Option(help="Households a grid.")] = 300,
    tolerance: Annotated[float, typer.Option(help="Share by which a grid may differ from the target.")] = 0.1,
) -> None:
    """Say before anything is drawn which villages cannot be cut into grids of the size, and what never fits.

    Example: `fengqiao feasibility 330699100 --target 300`
    """
    from layers.plans import DrawOptions
    from layers.plans.feasibility import area_feasibility

    options = DrawOptions(target=target, tolerance=tolerance)
    with transaction(context) as session:
        villages, parts = area_feasibility(session, Scope(scope), options=options, as_of=today(context))
    columns = ("households", "best", "oversize", "out_of_band", "verdict")
    show(
        ("village", "name", "households", "grids", "too large blocks", "out of band", "verdict"),
        ((row.code, row.name, *(f"{getattr(row, c)}" for c in columns)) for row in villages.itertuples()),
    )
    say(f"{(villages['verdict'] == 'fits').sum()} of {len(villages)} villages can be cut by themselves.")
    unfit: Iterable[Any] = parts[parts["out_of_band"] > 0].itertuples()
    for row in unfit:
        where = ", ".join(row.villages[:3]) + (" …" if len(row.villages) > 3 else "")
        say(f"Grids out of band around {where}: at least {row.out_of_band}. {REASONS[row.verdict].format(row)}")


def check(
    context: typer.Context,
    scope: Annotated[str, typer.Option(help="Only this area, by its code.")] = "",
    plan: Annotated[int | None, typer.Option(help="Check this plan instead of the grids in force.")] = None,
    as_of: Annotated[str | None, typer.Option(help="The grids in force on this day; by default today.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write the findings, with geometry, here.")
    ] = None,
) -> None:
    """Look for gaps, overlaps, slivers, and grids that leave their village or villages that leave their town.

    Fails with status 1 when there are findings.

    Example: `fengqiao check --scope 330699100 -o build/findings.geojson`
    """
    from layers.checks import check_grids
    from layers.export import write_frame

    with progress("Checking") as tell, transaction(context) as session:
        findings = check_grids(session, Scope(scope), as_of=day(as_of, today(context)), plan_id=plan, progress=tell)
    if findings.empty:
        say("No gap, no overlap, every grid inside its village, every village inside its town.")
        return
    show(
        ("level", "finding", "codes", "m²"),
        ((f.level, f.kind, f.codes, f"{f.area_m2:.1f}") for f in findings.itertuples()),
    )
    if output:
        write_frame(findings, output)
        say(f"The findings are in {output}.")
    raise typer.Exit(1)
