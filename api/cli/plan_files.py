"""Commands of the group plan that write plans into files, read them, and make cards to print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import say
from api.cli.database import now, today, transaction
from api.cli.plans import PlanId
from layers.access import OPERATOR, Scope

app = typer.Typer()


@app.command()
def export(
    context: typer.Context,
    plan: PlanId,
    file: Annotated[Path, typer.Argument(help="Where to; .geojson, .gpkg, .shp, .parquet, .csv, .zip: the format.")],
    blocks: Annotated[
        bool, typer.Option("--blocks", help="Write the blocks with their grids, which can be imported again.")
    ] = False,
) -> None:
    """Write a plan's grids into a file, or with --blocks the whole plan; a .zip holds it as a Shapefile.

    Example: `fengqiao plan export 1 build/plan.gpkg --blocks`
    """
    from layers.export import write_frame
    from layers.grids import grid_frame
    from layers.plans import get_plan
    from layers.plans.bundles import pack_plan
    from layers.plans.exchange import export_plan

    with transaction(context) as session:
        found = get_plan(session, Scope(), plan)
        if file.suffix == ".zip":
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(pack_plan(session, found, "shp"))
            say(f"The plan is in {file}.")
            return
        if blocks:
            say(f"{export_plan(session, found, file)} blocks with their grids are in {file}.")
            return
        grids = grid_frame(session, Scope(), as_of=today(context), plan_id=plan)
    write_frame(grids, file)
    say(f"{len(grids)} grids are in {file}.")


@app.command()
def cards(
    context: typer.Context,
    plan: PlanId,
    output: Annotated[Path, typer.Option("-o", "--output", help="The HTML file to write.")] = Path("cards.html"),
    code: Annotated[str | None, typer.Option(help="Only the grid with this code.")] = None,
    note: Annotated[str, typer.Option(help="A line for the foot of each card, such as a 审图号.")] = "",
) -> None:
    """Write a card for each grid of a plan, A5, ready to print: name, extent, households, telephone of the office.

    Example: `fengqiao plan cards 1 -o build/cards.html`
    """
    from layers.plans import get_plan
    from layers.plans.card_frames import card_frames
    from maps.cards import grid_cards

    with transaction(context) as session:
        found = get_plan(session, Scope(), plan)
        frames = card_frames(session, found, as_of=today(context), code=code)
        title = found.name
    text = grid_cards(
        frames.grids,
        title=title,
        villages=frames.villages,
        roads=frames.roads,
        water=frames.water,
        buildings=frames.buildings,
        offices=frames.offices,
        note=note,
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, "utf-8")
    say(f"{len(frames.grids)} cards are in {output}.")


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file of `plan export --blocks`, or one with block_key and code.")],
    name: Annotated[str | None, typer.Option(help="Name of the plan; by default that in the file.")] = None,
    scope: Annotated[str | None, typer.Option(help="Code of its area; by default that in the file.")] = None,
) -> None:
    """Make a draft of a file.

    Example: `fengqiao plan import build/plan.gpkg`
    """
    from layers.plans.bundles import unpack_plan
    from layers.plans.exchange import import_plan

    with transaction(context) as session:
        if file.suffix == ".zip":
            content, wanted = file.read_bytes(), {"name": name, "scope_code": scope}
            plan_id = unpack_plan(session, OPERATOR, content, file_name=file.name, now=now(), **wanted).id
        else:
            plan_id = import_plan(session, OPERATOR, file, now=now(), name=name, scope_code=scope).id
    say(f"The draft is plan {plan_id}.")
