"""The command line `fengqiao`: one command or group for each task."""

from __future__ import annotations

import sys

import typer

from api.cli import (
    data,
    database,
    drawing,
    geocode,
    intake,
    maps,
    plan_changes,
    plan_files,
    plan_replay,
    plans,
    review,
    server,
    statistics,
    users,
    work,
)
from api.cli.console import complain
from geo.errors import GeoError
from layers.errors import LayersError

app = typer.Typer(
    name="fengqiao",
    help="Neighbourhood grids, reports and cameras of a township: 网格划分、事件归格、视频资源.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback()(database.choose)
app.command("init")(database.init)
app.command("sample")(data.sample)
app.command("load")(data.load)
app.command("feasibility")(drawing.feasibility)
app.command("draw")(drawing.draw)
plans.app.add_typer(plan_changes.app)
plans.app.add_typer(plan_files.app)
plans.app.add_typer(plan_replay.app)
app.add_typer(plans.app, name="plan")
app.command("check")(drawing.check)
app.command("assign")(data.assign)
app.command("geocode")(geocode.geocode)
app.add_typer(geocode.aliases, name="alias")
app.add_typer(geocode.divisions, name="division")
app.command("coverage")(maps.coverage)
app.command("heatmap")(maps.heatmap)
app.command("map")(maps.report)
app.add_typer(work.reports, name="report")
app.add_typer(review.app, name="review")
app.add_typer(intake.app, name="intake")
app.add_typer(statistics.app, name="statistics")
app.add_typer(work.teams, name="team")
app.add_typer(work.catalogue, name="catalogue")
app.add_typer(users.app, name="user")
app.command("serve")(server.serve)
app.command("demo")(server.demo)


def main() -> None:
    """Run one command; what went wrong is said in a sentence, and a traceback is shown only for faults of ours."""
    try:
        app()
    except (GeoError, LayersError) as error:
        complain(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        complain("Stopped; the database is as it was before this command.")
        sys.exit(130)
