"""Commands of the intake: intake watch."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import complain, say
from api.cli.data import Layer
from api.cli.database import engine_of, now

app = typer.Typer(no_args_is_help=True, help="Files that come in by themselves: watch.")


@app.callback()
def group() -> None:
    """Files that come in by themselves."""


@app.command()
def watch(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder that files are put into.")],
    layer: Annotated[Layer, typer.Option(help="What the files hold.")] = Layer.REPORTS,
    crs: Annotated[str | None, typer.Option(help="CRS where files name none.")] = None,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 5.0,
    settle: Annotated[float, typer.Option(min=0, help="Seconds a file must rest before it is read.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Look once, and end.")] = False,
) -> None:
    """Load what is put into a folder, each file once; it moves to done/ or, with the reason, to failed/.

    Example: `fengqiao intake watch /srv/reports --crs gcj02`
    """
    from layers.engine import sessions
    from layers.intake.folder import take_file, waiting_files

    engine = engine_of(context)
    try:
        while True:
            for path in waiting_files(folder, now=now(), settle_s=settle):
                taken = take_file(sessions(engine), path, layer, now=now(), crs=crs)
                if taken.reason:
                    complain(f"{taken.name} is in {taken.moved_to}: {taken.reason}")
                elif taken.loaded_before:
                    say(f"{taken.name} had been loaded before.")
                else:
                    say(f"{taken.name}: {taken.inserted} new, {taken.rejected} refused.")
            if once:
                break
            time.sleep(every)
    finally:
        engine.dispose()
