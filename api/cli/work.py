"""Commands on the work flow: report list|show|step, team add|list, catalogue load."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import say, show
from api.cli.database import now, settings_of, today, transaction
from layers.access import OPERATOR, Scope
from layers.tables import Platform, ReportState, Satisfaction, Supervision, Urgency

reports = typer.Typer(no_args_is_help=True, help="Reports: list, show, step.")
teams = typer.Typer(no_args_is_help=True, help="Offices that act: add, fill, list.")
catalogue = typer.Typer(no_args_is_help=True, help="The catalogue of matters: load.")

Key = Annotated[str, typer.Argument(help="Key of the report.")]
Area = Annotated[str, typer.Option(help="Only this area, by its code.")]


@reports.command("list")
def list_reports(
    context: typer.Context,
    scope: Area = "",
    state: Annotated[list[ReportState] | None, typer.Option(help="May be given several times.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest first.")] = 50,
) -> None:
    """List reports with their state, grid and deadline, the newest first.

    Example: `fengqiao report list --state REPORTED --state ACCEPTED --scope 330681109`
    """
    from pandas import isna

    from layers.reports import report_frame

    zone = settings_of(context).zone
    with transaction(context) as session:
        frame = report_frame(session, Scope(scope), states=state, limit=limit)
    due = frame["extended_until"].where(frame["extended_until"].notna(), frame["due_at"])
    show(
        ("report", "reported", "category", "state", "grid", "due", "supervision"),
        (
            (
                row.report_key,
                f"{row.reported_at.astimezone(zone):%Y-%m-%d %H:%M}",
                row.category,
                row.state,
                row.grid_code,
                None if isna(row.due) else f"{row.due.astimezone(zone):%Y-%m-%d %H:%M}",
                row.supervision,
            )
            for row in frame.assign(due=due).itertuples()
        ),
    )


@reports.command("show")
def show_report(context: typer.Context, key: Key) -> None:
    """Show where a report stands, what may follow, and its course.

    Example: `fengqiao report show 2026-000123`
    """
    from layers.reports import report_history
    from layers.workflow import possible_steps
    from layers.workflow.duplicates import linked_reports
    from layers.workflow.steps import get_report, team_of

    zone = settings_of(context).zone
    with transaction(context) as session:
        report = get_report(session, OPERATOR.scope, key)
        team = team_of(session, report)
        due = report.extended_until or report.due_at
        say(f"{key}: {report.state}, {report.category}, grid {report.grid_code or 'unknown'}")
        say(f"held by {report.held_by or 'nobody'}, team {team.name if team else 'none'}")
        say(f"due {due.astimezone(zone).isoformat(timespec='minutes') if due else 'never'}")
        for link in linked_reports(session, report.id, OPERATOR.scope):
            say(f"{link.kind} {link.report_key}: {link.reason}")
        say(f"possible steps: {', '.join(possible_steps(report, OPERATOR)) or 'none'}")
        show(
            ("at", "by", "step", "state", "note"),
            (
                (f"{event.at.astimezone(zone):%Y-%m-%d %H:%M}", event.by, event.step, event.state, event.note)
                for event in report_history(session, report.id)
            ),
        )


@reports.command("step")
def step_report(
    context: typer.Context,
    key: Key,
    step: Annotated[str, typer.Argument(help="One of the possible steps that `report show` names.")],
    note: Annotated[str | None, typer.Option(help="Reason or remark.")] = None,
    area: Annotated[str | None, typer.Option(help="dispatch: to this area; by default the report's grid.")] = None,
    into: Annotated[str | None, typer.Option(help="merge: key of the report that stays.")] = None,
    days: Annotated[int | None, typer.Option(help="request_extension: how many days.")] = None,
    supervision: Annotated[Supervision | None, typer.Option(help="supervise: how strictly.")] = None,
    urgency: Annotated[Urgency | None, typer.Option(help="set_urgency.")] = None,
    scale: Annotated[int | None, typer.Option(help="set_scale: 1 个体性, 2 一般群体性, 3 重大群体性.")] = None,
    satisfaction: Annotated[Satisfaction | None, typer.Option(help="follow_up: what was found.")] = None,
) -> None:
    """Take a step with a report; a refusal names the steps that are possible.

    Example: `fengqiao report step 2026-000123 dispatch --area 330681109290001`
    """
    from layers.workflow import StepDetails, take_step

    details = StepDetails(
        note=note,
        area_code=area,
        into=into,
        days=days,
        supervision=supervision,
        urgency=urgency,
        scale=scale,
        satisfaction=satisfaction,
    )
    with transaction(context) as session:
        report = take_step(session, OPERATOR, key, step, details, now=now(), calendar=settings_of(context).calendar)
        say(f"{key} is {report.state} now.")


@teams.command("add")
def add(
    context: typer.Context,
    area: Annotated[str, typer.Argument(help="Code of the grid, village, town or county.")],
    name: Annotated[str, typer.Argument(help="Name of the office.")],
    phone: Annotated[str | None, typer.Option(help="Telephone of the office.")] = None,
    platform: Annotated[Platform | None, typer.Option(help="Only matters of this platform; by default all.")] = None,
) -> None:
    """Add the office that acts in an area, or change its telephone and platform.

    Example: `fengqiao team add 330681109290001 第一网格服务站 --phone 0575-87040000`
    """
    from layers.workflow.teams import add_team

    with transaction(context) as session:
        add_team(session, OPERATOR, name=name, area_code=area, phone=phone, platform=platform, now=now())
    say(f"{name} acts in {area}.")


@teams.command("fill")
def fill(context: typer.Context) -> None:
    """Add an office for each town, village and grid in force that has none, and give the reports without a team one.

    Example: `fengqiao team fill`
    """
    from layers.workflow.teams import add_missing_teams

    with transaction(context) as session:
        number = add_missing_teams(session, OPERATOR, as_of=today(context), now=now())
    say(f"{number} offices added; `fengqiao team list` shows them all.")


@teams.command("list")
def list_all(context: typer.Context, scope: Area = "") -> None:
    """List the offices in and around an area.

    Example: `fengqiao team list --scope 330681109`
    """
    from layers.workflow.teams import list_teams

    with transaction(context) as session:
        show(
            ("area", "name", "phone", "platform"),
            [(team.area_code, team.name, team.phone, team.platform) for team in list_teams(session, Scope(scope))],
        )


@catalogue.command("load")
def load(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="CSV: category, subtype, name, levels, deadline, unit, platform.")
    ] = None,
) -> None:
    """Load the matters that may be given to each level, and their deadlines; without a file those that come along.

    Example: `fengqiao catalogue load matters.csv`
    """
    from layers.workflow.catalogue import load_catalogue

    with transaction(context) as session:
        counts = load_catalogue(session, OPERATOR, file, now=now())
    say(f"{counts.inserted} new, {counts.updated} changed, {counts.unchanged} unchanged matters.")


@catalogue.command("list")
def list_items(context: typer.Context) -> None:
    """List the matters, who may be given them, and their deadlines.

    Example: `fengqiao catalogue list`
    """
    from layers.workflow.catalogue import list_catalogue

    with transaction(context) as session:
        show(
            ("category", "subtype", "name", "levels", "deadline", "platform"),
            [
                (
                    item.category,
                    item.subtype,
                    item.name,
                    " ".join(item.levels),
                    f"{item.deadline_amount} {item.deadline_unit.replace('_', ' ').lower()}",
                    item.platform,
                )
                for item in list_catalogue(session)
            ],
        )
