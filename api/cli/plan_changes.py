"""Commands of the group plan that change a draft, and that say what a plan changes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import say, show
from api.cli.database import now, today, transaction
from api.cli.plans import PlanId
from layers.access import OPERATOR, Scope

app = typer.Typer()


@app.command()
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


@app.command()
def undo(context: typer.Context, plan: PlanId) -> None:
    """Take the newest edit of a draft back.

    Example: `fengqiao plan undo 2`
    """
    from layers.plans.editing import turn_edit

    with transaction(context) as session:
        moved = turn_edit(session, OPERATOR, plan, "undo", now=now()).moved_households
    say(f"Taken back; {moved} households are in their old grid again.")


@app.command()
def redo(context: typer.Context, plan: PlanId) -> None:
    """Repeat the edit of a draft that was undone last.

    Example: `fengqiao plan redo 2`
    """
    from layers.plans.editing import turn_edit

    with transaction(context) as session:
        moved = turn_edit(session, OPERATOR, plan, "redo", now=now()).moved_households
    say(f"Made again; {moved} households have changed grid.")


@app.command()
def history(context: typer.Context, plan: PlanId) -> None:
    """List the edits of a plan, the oldest first, with the one that it shows the result of marked.

    Example: `fengqiao plan history 2`
    """
    from layers.plans import get_plan
    from layers.plans.history import list_edits

    with transaction(context) as session:
        found = get_plan(session, Scope(), plan)
        rows = [
            (
                "▶" if row.sequence == found.head else "",
                row.sequence,
                row.op,
                row.refers_to,
                row.moved_households,
                row.by,
                row.at,
            )
            for row in list_edits(session, found)
        ]
    show(("", "edit", "what", "of edit", "households moved", "by", "at"), rows)


@app.command()
def jump(
    context: typer.Context,
    plan: PlanId,
    edit: Annotated[int, typer.Argument(help="Number of an edit in `plan history`; 0 for the plan as it was drawn.")],
) -> None:
    """Go to the state after an edit of the history, by as many undos or redos as it takes.

    Example: `fengqiao plan jump 2 0`
    """
    from layers.plans.editing import jump_to

    with transaction(context) as session:
        jump_to(session, OPERATOR, plan, edit, now=now())
    say(f"Plan {plan} is as it was after edit {edit}." if edit else f"Plan {plan} is as it was drawn.")


@app.command()
def renumber(context: typer.Context, plan: PlanId) -> None:
    """Number the new grids of each village from west to east, then from north to south.

    Example: `fengqiao plan renumber 2`
    """
    from layers.plans.editing import edit_plan

    with transaction(context) as session:
        changed = len(edit_plan(session, OPERATOR, plan, "renumber", {}, now=now()).touched)
    say(f"{changed} grids have another number.")


@app.command()
def compare(
    context: typer.Context,
    plan: PlanId,
    other: Annotated[int | None, typer.Argument(help="Another plan; by default the grids in force.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write the ground that changes hands here.")
    ] = None,
) -> None:
    """Show how many households, addresses, cameras, open reports and teams get another grid, and which.

    Example: `fengqiao plan compare 2 1 -o build/changes.geojson`
    """
    from layers.export import write_frame
    from layers.plans import get_plan
    from layers.plans.impact import compare_plans

    with transaction(context) as session:
        with_ = None if other is None else get_plan(session, Scope(), other)
        found = compare_plans(session, get_plan(session, Scope(), plan), with_, as_of=today(context))
    names = ("old_code", "new_code", "households", "addresses", "cameras", "open_reports", "teams")
    moves = found.rows[~found.rows["stays"].astype(bool)]
    show(
        ("old grid", "new grid", "households", "addresses", "cameras", "open reports", "teams"),
        moves[list(names)].to_numpy(),
    )
    say(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found.totals.items()) + " change grid.")
    if output:
        write_frame(found.places, output)
        say(f"The ground that changes hands is in {output}.")


@app.command()
def impact(context: typer.Context, plan: PlanId) -> None:
    """Show what a plan changes against the grids in force.

    Example: `fengqiao plan impact 2`
    """
    compare(context, plan, None, None)


@app.command("check")
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
