"""Commands on the review queue: review list|accept|correct."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.console import say, show
from api.cli.database import now, settings_of, transaction
from layers.access import OPERATOR, Scope

app = typer.Typer(no_args_is_help=True, help="Reports whose place is in doubt: list, accept, correct.")

Key = Annotated[str, typer.Argument(help="Key of the report.")]
SameText = Annotated[bool, typer.Option("--same-text", help="Decide the other queued reports that say the same, too.")]


@app.command("list")
def list_queue(
    context: typer.Context,
    scope: Annotated[str, typer.Option(help="Only reports with a candidate in this area, by its code.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the longest waiting first.")] = 20,
) -> None:
    """List the reports that wait for a decision, each with its candidates, and how the queue stands.

    Example: `fengqiao review list --scope 330681109`
    """
    from layers.review import queue, queue_figures

    moment = now().astimezone(settings_of(context).zone)
    with transaction(context) as session:
        entries = queue(session, Scope(scope), now=moment, limit=limit)
        figures = queue_figures(session, Scope(scope), now=moment)
    share = figures.accuracy.share
    right = f"{share:.1%}" if share is not None else f"n/a (fewer than {figures.minimum})"
    say(f"{figures.length:,} wait, the oldest for {(figures.oldest_s or 0) / 3600:,.1f} h.")
    say(f"First candidate right: {right}, {figures.accuracy.right:,} of {figures.accuracy.decided:,}.")
    show(
        ("report", "waits h", "text", "candidate", "place", "grid", "confidence"),
        (
            (
                entry.report_key if first else "",
                f"{entry.waited_s / 3600:,.1f}" if first else "",
                entry.text[:60] if first else "",
                one.rank if one else None,
                one.label if one else "no candidate",
                one.grid_code or one.village_code if one else None,
                f"{one.confidence:.0%}" if one else None,
            )
            for entry in entries
            for first, one in [(at == 0, one) for at, one in enumerate(entry.candidates or (None,))]
        ),
    )


@app.command("accept")
def accept_candidate(
    context: typer.Context,
    key: Key,
    rank: Annotated[int, typer.Argument(min=1, help="Number of the candidate that is right.")] = 1,
    same_text: SameText = False,
) -> None:
    """Give a report the place of one of its candidates.

    Example: `fengqiao review accept 2026-000123 2`
    """
    from layers.review import accept

    with transaction(context) as session:
        calendar = settings_of(context).calendar
        decided = accept(session, OPERATOR, key, rank, now=now(), same_text=same_text, calendar=calendar)
        report = decided.report
        say(f"{key} lies in {report.grid_code or report.village_code} now; with it {len(decided.also)} others.")


@app.command("correct")
def correct_place(
    context: typer.Context,
    key: Key,
    lon: Annotated[float, typer.Argument(min=-180, max=180, help="Longitude in degrees, WGS 84.")],
    lat: Annotated[float, typer.Argument(min=-90, max=90, help="Latitude in degrees, WGS 84.")],
    same_text: SameText = False,
) -> None:
    """Give a report the place of a point; the library learns what its address means.

    Example: `fengqiao review correct 2026-000123 120.4167 29.8`
    """
    from layers.review import correct

    with transaction(context) as session:
        calendar = settings_of(context).calendar
        decided = correct(session, OPERATOR, key, lon, lat, now=now(), same_text=same_text, calendar=calendar)
        report = decided.report
        say(f"{key} lies in {report.grid_code or report.village_code} now; with it {len(decided.also)} others.")
        if decided.alias_id is not None:
            say("The library has learnt this address.")
