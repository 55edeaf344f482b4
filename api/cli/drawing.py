"""Commands on plans: draw, plan list|show|submit|return|approve|publish|export, check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import progress, say, show
from api.cli.database import day, now, today, transaction
from layers.access import OPERATOR, Scope

plans = typer.Typer(no_args_is_help=True, help="Plans: list, show, submit, return, approve, publish, export.")

PlanId = Annotated[int, typer.Argument(metavar="PLAN", help="Number of the plan, as `fengqiao plan list` shows it.")]
Note = Annotated[str | None, typer.Option(help="A reason, kept in the plan's history.")]


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
            publish_plan(session, OPERATOR, plan.id, valid_from=start, now=now())
        plan_id = plan.id
    _show_plan(context, plan_id)


@plans.command("list")
def list_(context: typer.Context, scope: Annotated[str, typer.Option(help="Only this area.")] = "") -> None:
    """List the plans, the newest first.

    Example: `fengqiao plan list`
    """
    from layers.plans import list_plans

    with transaction(context) as session:
        rows = [
            (p.id, p.name, p.scope_code, p.state, p.valid_from, p.valid_to) for p in list_plans(session, Scope(scope))
        ]
    show(("plan", "name", "area", "state", "from", "to"), rows)


@plans.command("show")
def show_(context: typer.Context, plan: PlanId) -> None:
    """Show a plan's grids with their households and deviation from the target.

    Example: `fengqiao plan show 1`
    """
    _show_plan(context, plan)


def _show_plan(context: typer.Context, plan_id: int) -> None:
    from geo.compactness import polsby_popper
    from geo.crs import metric_crs
    from layers.access import EVERYWHERE
    from layers.grids import grid_frame
    from layers.plans import get_plan

    with transaction(context) as session:
        plan = get_plan(session, EVERYWHERE, plan_id)
        grids = grid_frame(session, EVERYWHERE, as_of=today(context), plan_id=plan_id)
        title = f"plan {plan.id} “{plan.name}” of {plan.scope_code}: {plan.state}"
        target = plan.options.get("target")
    compact = polsby_popper(grids.to_crs(metric_crs(tuple(grids.total_bounds))).geometry)
    rows = [
        (
            grid.code,
            grid.name,
            int(grid.households),
            f"{grid.households / target - 1:+.1%}" if target else "–",
            f"{grid.area_m2 / 1e6:.3f}",
            f"{shape:.2f}",
        )
        for grid, shape in zip(grids[["code", "name", "households", "area_m2"]].itertuples(), compact, strict=True)
    ]
    show(("code", "name", "households", "deviation", "km²", "compactness"), rows, title=title)


def _step(context: typer.Context, plan_id: int, step: str, note: str | None) -> None:
    from layers.plans import advance_plan

    with transaction(context) as session:
        state = advance_plan(session, OPERATOR, plan_id, step, now=now(), note=note).state
    say(f"Plan {plan_id} is now {state}.")


@plans.command()
def submit(context: typer.Context, plan: PlanId, note: Note = None) -> None:
    """Hand a draft to the approver.

    Example: `fengqiao plan submit 1`
    """
    _step(context, plan, "submit", note)


@plans.command("return")
def return_(context: typer.Context, plan: PlanId, note: Note = None) -> None:
    """Give a plan back to its planner, with a reason.

    Example: `fengqiao plan return 1 --note "枫南村 is cut in two"`
    """
    _step(context, plan, "return", note)


@plans.command()
def approve(context: typer.Context, plan: PlanId, note: Note = None) -> None:
    """Approve a submitted plan.

    Example: `fengqiao plan approve 1`
    """
    _step(context, plan, "approve", note)


@plans.command()
def publish(
    context: typer.Context,
    plan: PlanId,
    valid_from: Annotated[str | None, typer.Option("--from", help="In force from this day; by default today.")] = None,
) -> None:
    """Put an approved plan in force: one transaction that retires the old grids and re-homes what lies in them.

    Example: `fengqiao plan publish 1 --from 2026-04-01`
    """
    from layers.plans import publish_plan

    with transaction(context) as session:
        start = day(valid_from, today(context))
        publish_plan(session, OPERATOR, plan, valid_from=start, now=now())
    say(f"Plan {plan} is in force from {start}.")


@plans.command()
def export(
    context: typer.Context,
    plan: PlanId,
    file: Annotated[Path, typer.Argument(help="Where to; .geojson, .gpkg, .shp, .parquet or .csv decides the format.")],
) -> None:
    """Write a plan's grids into a file.

    Example: `fengqiao plan export 1 build/grids.geojson`
    """
    from layers.export import write_frame
    from layers.grids import grid_frame
    from layers.plans import get_plan

    with transaction(context) as session:
        get_plan(session, Scope(), plan)
        grids = grid_frame(session, Scope(), as_of=today(context), plan_id=plan)
    write_frame(grids, file)
    say(f"{len(grids)} grids are in {file}.")


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
