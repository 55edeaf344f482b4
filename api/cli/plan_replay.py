"""The command that lists who would have another grid under a plan."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import progress, say
from api.cli.database import day, settings_of, today, transaction
from api.cli.plans import PlanId
from layers.access import Scope

app = typer.Typer()
Day = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD")]


@app.command()
def replay(
    context: typer.Context,
    plan: PlanId,
    against: Annotated[int | None, typer.Option(help="Another plan; by default the grids in force.")] = None,
    since: Day = None,
    until: Day = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="The CSV file to write.")] = Path("replay.csv"),
) -> None:
    """List every household, and every report from one day up to another, that a plan would give another grid.

    Example: `fengqiao plan replay 2 --since 2026-01-01 --until 2027-01-01 -o build/replay.csv`
    """
    from layers.plans import get_plan
    from layers.plans.replay import COLUMNS, replay_plan

    def midnight(text: str | None) -> datetime | None:
        zone = settings_of(context).zone
        return datetime.combine(day(text, today(context)), time.min, zone) if text else None

    output.parent.mkdir(parents=True, exist_ok=True)
    rows = {"household": 0, "report": 0}
    with transaction(context) as session, progress("replay") as tell, output.open("w", encoding="utf-8-sig") as file:
        found = get_plan(session, Scope(), plan)
        other = None if against is None else get_plan(session, Scope(), against)
        file.write(",".join(COLUMNS) + "\n")
        parts = replay_plan(
            session, found, other, as_of=today(context), since=midnight(since), until=midnight(until), progress=tell
        )
        for part in parts:
            part.to_csv(file, header=False, index=False)
            for kind, count in part["kind"].value_counts().items():
                rows[str(kind)] += int(count)
    say(f"{rows['household']} households' doors and {rows['report']} reports change hands; they are in {output}.")
