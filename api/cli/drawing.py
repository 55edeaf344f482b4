"""Commands on plans: draw, check, and the group plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import progress, say, show
from api.cli.database import day, now, today, transaction
from layers.access import OPERATOR, Scope
from layers.errors import InvalidInputError

plans = typer.Typer(
    no_args_is_help=True, help="Plans: look, branch, undo, check, compare, submit, publish, export, import …"
)

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
def return_(
    context: typer.Context, plan: PlanId, note: Annotated[str, typer.Option(help="Why; kept in the plan's history.")]
) -> None:
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
    blocks: Annotated[
        bool, typer.Option("--blocks", help="Write the blocks with their grids, which can be imported again.")
    ] = False,
) -> None:
    """Write a plan's grids into a file, or with --blocks the whole plan.

    Example: `fengqiao plan export 1 build/grids.geojson`
    """
    from layers.export import write_frame
    from layers.grids import grid_frame
    from layers.plans import get_plan
    from layers.plans.exchange import export_plan

    with transaction(context) as session:
        found = get_plan(session, Scope(), plan)
        if blocks:
            say(f"{export_plan(session, found, file)} blocks with their grids are in {file}.")
            return
        grids = grid_frame(session, Scope(), as_of=today(context), plan_id=plan)
    write_frame(grids, file)
    say(f"{len(grids)} grids are in {file}.")


@plans.command()
def convert(
    context: typer.Context,
    pairs: Annotated[list[str], typer.Argument(metavar="OLD=NEW...", help="12-digit codes of villages.")],
    valid_from: Annotated[str | None, typer.Option("--from", help="In force from this day; by default today.")] = None,
) -> None:
    """Give villages new codes, as when they become communities (村改居); the old codes are retired.

    Example: `fengqiao plan convert 330681109286=330681109004 --from 2019-01-01`
    """
    from layers.plans.converting import convert_villages

    if any(pair.count("=") != 1 for pair in pairs):
        raise InvalidInputError("Write each pair as OLD=NEW, for example 330681109286=330681109004.")
    parts = [pair.partition("=") for pair in pairs]
    codes = {old: new for old, _, new in parts}
    with transaction(context) as session:
        start = day(valid_from, today(context))
        plan_id = convert_villages(session, OPERATOR, codes, valid_from=start, now=now()).id
    say(f"{len(codes)} villages have new codes from {start}; plan {plan_id} records it.")


@plans.command()
def cards(
    context: typer.Context,
    plan: PlanId,
    output: Annotated[Path, typer.Option("-o", "--output", help="The HTML file to write.")] = Path("cards.html"),
    note: Annotated[str, typer.Option(help="A line for the foot of each card, such as a 审图号.")] = "",
) -> None:
    """Write a card for each grid of a plan, A5, ready to print: name, extent, households.

    Example: `fengqiao plan cards 1 -o build/cards.html`
    """
    from layers.basemap import building_frame, road_frame, water_frame
    from layers.grids import grid_frame
    from layers.plans import get_plan
    from maps.cards import grid_cards

    with transaction(context) as session:
        found = get_plan(session, Scope(), plan)
        grids = grid_frame(session, Scope(), as_of=today(context), plan_id=plan)
        villages = grid_frame(session, Scope(found.scope_code), as_of=today(context), level="VILLAGE")
        bounds = tuple(grids.total_bounds)
        text = grid_cards(
            grids,
            title=found.name,
            villages=dict(zip(villages["code"], villages["name"], strict=True)),
            roads=road_frame(session, Scope(), bounds=bounds).geometry,
            water=water_frame(session, Scope(), bounds=bounds).geometry,
            buildings=building_frame(session, Scope(), bounds=bounds).geometry,
            note=note,
        )
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, "utf-8")
    say(f"{len(grids)} cards are in {output}.")


@plans.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file of `plan export --blocks`, or one with block_key and code.")],
    name: Annotated[str | None, typer.Option(help="Name of the plan; by default that in the file.")] = None,
    scope: Annotated[str | None, typer.Option(help="Code of its area; by default that in the file.")] = None,
) -> None:
    """Make a draft of a file.

    Example: `fengqiao plan import build/plan.gpkg`
    """
    from layers.plans.exchange import import_plan

    with transaction(context) as session:
        plan_id = import_plan(session, OPERATOR, file, now=now(), name=name, scope_code=scope).id
    say(f"The draft is plan {plan_id}.")


@plans.command()
def branch(
    context: typer.Context, plan: PlanId, name: Annotated[str, typer.Option(help="Name of the new draft.")] = "branch"
) -> None:
    """Begin a draft from a plan in any state; what is not changed keeps its codes.

    Example: `fengqiao plan branch 1 --name "2026 autumn"`
    """
    from layers.plans.branching import branch_plan

    with transaction(context) as session:
        plan_id = branch_plan(session, OPERATOR, plan, name=name, now=now()).id
    say(f"The draft is plan {plan_id}.")


@plans.command()
def undo(context: typer.Context, plan: PlanId) -> None:
    """Take the newest edit of a draft back.

    Example: `fengqiao plan undo 2`
    """
    from layers.plans.editing import undo_edit

    with transaction(context) as session:
        moved = undo_edit(session, OPERATOR, plan, now=now()).moved_households
    say(f"Taken back; {moved} households are in their old grid again.")


@plans.command()
def redo(context: typer.Context, plan: PlanId) -> None:
    """Repeat the edit of a draft that was undone last.

    Example: `fengqiao plan redo 2`
    """
    from layers.plans.editing import redo_edit

    with transaction(context) as session:
        moved = redo_edit(session, OPERATOR, plan, now=now()).moved_households
    say(f"Made again; {moved} households have changed grid.")


@plans.command()
def compare(
    context: typer.Context,
    plan: PlanId,
    other: Annotated[int | None, typer.Argument(help="Another plan; by default the grids in force.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write the ground that changes hands here.")
    ] = None,
) -> None:
    """Show how many households, addresses, cameras and open reports get another grid, and which.

    Example: `fengqiao plan compare 2 1 -o build/changes.geojson`
    """
    from layers.export import write_frame
    from layers.plans import get_plan
    from layers.plans.impact import compare_plans

    with transaction(context) as session:
        with_ = None if other is None else get_plan(session, Scope(), other)
        found = compare_plans(session, get_plan(session, Scope(), plan), with_, as_of=today(context))
    names = ("old_code", "new_code", "households", "addresses", "cameras", "open_reports")
    moves = found.rows[~found.rows["stays"].astype(bool)]
    show(("old grid", "new grid", "households", "addresses", "cameras", "open reports"), moves[list(names)].to_numpy())
    say(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found.totals.items()) + " change grid.")
    if output:
        write_frame(found.places, output)
        say(f"The ground that changes hands is in {output}.")


@plans.command()
def impact(context: typer.Context, plan: PlanId) -> None:
    """Show what a plan changes against the grids in force.

    Example: `fengqiao plan impact 2`
    """
    compare(context, plan, None, None)


@plans.command("check")
def check_(
    context: typer.Context,
    plan: PlanId,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write the findings, with geometry, here.")
    ] = None,
) -> None:
    """Show what is wrong with a plan; one with errors cannot be submitted, and gives status 1 here.

    Example: `fengqiao plan check 2 -o build/findings.geojson`
    """
    from layers.export import write_frame
    from layers.plans import get_plan
    from layers.plans.checks import check_plan

    with transaction(context) as session:
        found = check_plan(session, get_plan(session, Scope(), plan), as_of=today(context))
    if found.empty:
        say("Nothing is wrong with this plan.")
        return
    show(("severity", "finding", "codes", "note"), found[["severity", "kind", "codes", "note"]].itertuples(index=False))
    if output:
        write_frame(found, output)
        say(f"The findings are in {output}.")
    if (found["severity"] == "error").any():
        raise typer.Exit(1)


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
