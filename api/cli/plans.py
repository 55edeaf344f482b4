"""The group plan: look at plans and take them from step to step."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.console import say, show
from api.cli.database import day, now, today, transaction
from layers.access import OPERATOR, Scope
from layers.errors import InvalidInputError

app = typer.Typer(
    no_args_is_help=True, help="Plans: look, branch, undo, check, compare, submit, publish, export, import …"
)

PlanId = Annotated[int, typer.Argument(metavar="PLAN", help="Number of the plan, as `fengqiao plan list` shows it.")]
Note = Annotated[str | None, typer.Option(help="A reason, kept in the plan's history.")]


@app.command("list")
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


@app.command("show")
def show_(context: typer.Context, plan: PlanId) -> None:
    """Show a plan's grids with their households and deviation from the target.

    Example: `fengqiao plan show 1`
    """
    show_plan(context, plan)


def show_plan(context: typer.Context, plan_id: int) -> None:
    """Print a plan's grids."""
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


@app.command()
def submit(context: typer.Context, plan: PlanId, note: Note = None) -> None:
    """Hand a draft to the approver.

    Example: `fengqiao plan submit 1`
    """
    _step(context, plan, "submit", note)


@app.command("return")
def return_(
    context: typer.Context, plan: PlanId, note: Annotated[str, typer.Option(help="Why; kept in the plan's history.")]
) -> None:
    """Give a plan back to its planner, with a reason.

    Example: `fengqiao plan return 1 --note "枫南村 is cut in two"`
    """
    _step(context, plan, "return", note)


@app.command()
def approve(context: typer.Context, plan: PlanId, note: Note = None) -> None:
    """Approve a submitted plan.

    Example: `fengqiao plan approve 1`
    """
    _step(context, plan, "approve", note)


@app.command()
def publish(
    context: typer.Context,
    plan: PlanId,
    valid_from: Annotated[str | None, typer.Option("--from", help="In force from this day; by default today.")] = None,
) -> None:
    """Put an approved plan in force: one transaction that retires the old grids and re-homes what lies in them.

    With a later day, the old grids answer until then, and what lies in them moves on that day; see `plan activate`.

    Example: `fengqiao plan publish 1 --from 2026-04-01`
    """
    from layers.plans import publish_plan

    with transaction(context) as session:
        start = day(valid_from, today(context))
        publish_plan(session, OPERATOR, plan, valid_from=start, now=now(), today=today(context))
    later = "" if start <= today(context) else "; until then everything stays where it is"
    say(f"Plan {plan} is in force from {start}{later}.")


@app.command()
def withdraw(
    context: typer.Context, plan: PlanId, note: Annotated[str, typer.Option(help="Why; kept in the plan's history.")]
) -> None:
    """Take back the publication of a plan whose first day has not come: the grids in force go on.

    The plan is approved again: publish it for another day, or return it to be edited.

    Example: `fengqiao plan withdraw 2 --note "the bridge opens later"`
    """
    from layers.plans import withdraw_plan

    with transaction(context) as session:
        state = withdraw_plan(session, OPERATOR, plan, note=note, now=now(), today=today(context)).state
    say(f"Plan {plan} is now {state}; the grids in force go on.")


@app.command()
def activate(context: typer.Context) -> None:
    """Bring the plans into force whose first day has come: re-home what lies in their grids.

    The running server does this by itself; without one, call it once a day. Calling it again changes nothing.

    Example: `fengqiao plan activate`
    """
    from layers.plans import activate_plans

    with transaction(context) as session:
        done = [plan.id for plan in activate_plans(session, today=today(context), now=now())]
    say(f"In force from now: plan {', '.join(map(str, done))}." if done else "No plan waits for today.")


@app.command()
def convert(
    context: typer.Context,
    pairs: Annotated[list[str], typer.Argument(metavar="OLD=NEW...", help="12-digit codes of villages.")],
    valid_from: Annotated[str | None, typer.Option("--from", help="In force from this day; by default today.")] = None,
    plan: Annotated[int | None, typer.Option(help="Convert them in this draft instead.")] = None,
) -> None:
    """Give villages in force new codes, as when they become communities (村改居); the old codes are retired.

    With --plan, the draft does so on the day it comes into force; `plan undo` takes it back.

    Example: `fengqiao plan convert 330681109286=330681109004 --from 2019-01-01`
    """
    from layers.plans.converting import convert_villages
    from layers.plans.editing import edit_plan

    if any(pair.count("=") != 1 for pair in pairs):
        raise InvalidInputError("Write each pair as OLD=NEW, for example 330681109286=330681109004.")
    parts = [pair.partition("=") for pair in pairs]
    codes = {old: new for old, _, new in parts}
    if plan is not None:
        with transaction(context) as session:
            edit_plan(session, OPERATOR, plan, "convert", {"codes": codes}, now=now())
        say(f"{len(codes)} villages get new codes with plan {plan}.")
        return
    with transaction(context) as session:
        start = day(valid_from, today(context))
        plan_id = convert_villages(session, OPERATOR, codes, valid_from=start, now=now(), today=today(context)).id
    say(f"{len(codes)} villages have new codes from {start}; plan {plan_id} records it.")
