"""Commands that serve: serve, and demo, which runs the whole job on a folder of files first."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from sqlalchemy.engine import Engine

from api.cli.console import progress, say, show
from api.cli.database import as_url, engine_of, now, settings_of, today
from api.settings import Settings
from layers.access import EVERYWHERE, OPERATOR
from layers.engine import connect, sessions, upgrade_schema
from layers.errors import InvalidInputError, MissingDataError

Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets others in.")]
Port = Annotated[int, typer.Option(help="Port to listen on.")]

FILES = (
    ("town", "boundaries"),
    ("villages", "boundaries"),
    ("boundaries", "boundaries"),
    ("water", "water"),
    ("roads", "roads"),
    ("buildings", "buildings"),
    ("addresses", "addresses"),
    ("places", "places"),
    ("households", "households"),
    ("cameras", "cameras"),
    ("reports", "reports"),
)
"""File names, in the order of loading, and the layer that each holds."""

SUFFIXES = (".geojson", ".gpkg", ".parquet", ".zip", ".shp", ".csv", ".xlsx")


def serve(context: typer.Context, host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the API and the map page.

    Example: `fengqiao serve --host 0.0.0.0 --port 8000`
    """
    from layers.users import ensure_administrator

    engine = engine_of(context)
    with sessions(engine).begin() as session:
        password = ensure_administrator(session, now=now())
    engine.dispose()
    _serve(settings_of(context), host, port, password)


def _serve(settings: Settings, host: str, port: int, password: str | None) -> None:
    import gc
    import sys

    import uvicorn

    from api.app import create_app

    app = create_app(settings)
    gc.freeze()  # what is loaded by now stays; looking through it again and again takes a tenth of the time
    # A thread that computes keeps the one that speaks HTTP waiting so long each time; the default is five times that.
    sys.setswitchinterval(0.001)
    say(f"Serving on http://{host}:{port}/ (Ctrl-C stops)")
    if password:
        say(f"Sign in as admin with the one-time password {password}; you choose your own at the first sign-in.")
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)


def demo(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder of files named town, villages, households, reports …")],
    database: Annotated[Path, typer.Option(help="SpatiaLite file of the demo; made anew each time.")] = Path(
        "build/demo.sqlite"
    ),
    target: Annotated[int, typer.Option(help="Households a grid.")] = 300,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    once: Annotated[bool, typer.Option("--once", help="Run the job, but do not serve.")] = False,
) -> None:
    """Run the whole job on a folder of files: load, draw, publish, assign, coverage, heatmap, map; then serve it.

    Example: `fengqiao demo data/boundaries --once`
    """
    settings = settings_of(context).model_copy(update={"database_url": as_url(str(database))})
    files = _files(folder)
    _remove_earlier(database)
    database.parent.mkdir(parents=True, exist_ok=True)
    engine = connect(settings.database_url)
    upgrade_schema(engine)
    context.find_root().obj = settings
    password = _mark(engine)
    _load(engine, files)
    _draw(context, engine, target)
    _look(context, engine, database.with_suffix(".html"))
    engine.dispose()
    if once:
        say(f"Serve it with: fengqiao --database {database} serve; the one-time password of admin is {password}")
    else:
        _serve(settings, host, port, password)


def _files(folder: Path) -> list[tuple[str, Path]]:
    found = [
        (layer, path) for stem, layer in FILES for suffix in SUFFIXES if (path := folder / f"{stem}{suffix}").is_file()
    ]
    if not any(layer == "boundaries" for layer, _ in found):
        raise InvalidInputError(
            f"{folder} holds no boundaries; `fengqiao sample {folder}` writes a town with everything in it."
        )
    return found


def _remove_earlier(database: Path) -> None:
    """Remove the demo of an earlier run; a database that is not a demo is never touched."""
    import sqlalchemy as sa

    from layers.tables import Audit

    if not database.exists():
        return
    refuse = InvalidInputError(f"{database} is not a demo database, so it is left alone; name another file.")
    engine = connect(as_url(str(database)))
    try:
        with sessions(engine)() as session:
            made = session.scalar(sa.select(Audit.id).where(Audit.action == "demo"))
    except sa.exc.DBAPIError:
        raise refuse from None
    finally:
        engine.dispose()
    if made is None:
        raise refuse
    for suffix in ("", "-wal", "-shm"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)


def _mark(engine: Engine) -> str | None:
    from layers.tables import Audit
    from layers.users import ensure_administrator
    from layers.workflow.catalogue import ensure_catalogue

    with sessions(engine).begin() as session:
        session.add(Audit(at=now(), by=OPERATOR.name, action="demo", subject="database", detail={}))
        ensure_catalogue(session, now=now())
        return ensure_administrator(session, now=now())


def _load(engine: Engine, files: list[tuple[str, Path]]) -> None:
    from layers.ingest import load_file

    results = []
    with sessions(engine).begin() as session:
        for layer, path in files:
            crs = "EPSG:4326" if path.suffix in {".csv", ".xlsx"} else None
            with progress(f"Loading {path.name}") as tell:
                results.append(load_file(session, layer, path, crs=crs, now=now(), progress=tell))
    show(
        ("file", "read", "loaded", "repaired", "refused"),
        ((r.file_name, r.read, r.inserted, len(r.repaired), len(r.rejected)) for r in results),
    )


def _draw(context: typer.Context, engine: Engine, target: int) -> None:
    from layers.assignment import assign_all
    from layers.grids import grid_frame
    from layers.plans import DrawOptions, advance_plan, draw_plan, publish_plan
    from layers.tables import GridLevel
    from layers.workflow.teams import add_missing_teams

    start = today(context)
    with sessions(engine).begin() as session:
        assign_all(session, as_of=start)
        towns = grid_frame(session, EVERYWHERE, level=GridLevel.TOWN, as_of=start)["code"].tolist()
        if not towns:
            raise MissingDataError("The boundaries name no town; give one the level TOWN.")
        for town in towns:
            with progress(f"Drawing the grids of {town}") as tell:
                options = DrawOptions(target=target)
                plan = draw_plan(
                    session,
                    OPERATOR,
                    scope_code=town,
                    name="demo",
                    options=options,
                    as_of=start,
                    now=now(),
                    progress=tell,
                )
            for step in ("submit", "approve"):
                advance_plan(session, OPERATOR, plan.id, step, now=now())
            with progress(f"Publishing the grids of {town}"):
                publish_plan(session, OPERATOR, plan.id, valid_from=start, now=now(), today=start)
        offices = add_missing_teams(session, OPERATOR, as_of=start, now=now())
        grids = grid_frame(session, EVERYWHERE, level=GridLevel.CELL, as_of=start)
    say(f"{offices} offices act for the town, its villages and its grids.")
    in_band = (grids["households"] - target).abs() <= 0.1 * target
    say(
        f"{len(grids)} grids of {grids['households'].min()} to {grids['households'].max()} households; "
        f"{in_band.sum()} within ±10 % of {target}."
    )


def _look(context: typer.Context, engine: Engine, html: Path) -> None:
    from layers.density import heatmap
    from layers.summary import summary
    from layers.video import compute_sight
    from maps.report import report_html

    start = today(context)
    with sessions(engine).begin() as session:
        with progress("Computing isovists") as tell:
            sight = compute_sight(session, as_of=start, now=now(), progress=tell)
        if sight.cameras:
            share = sight.seen_m2 / max(sight.settled_m2, 1)
            say(f"{sight.cameras} cameras see {share:.1%} of the settled open ground; {sight.gaps} gaps.")
        latest = summary(session, EVERYWHERE, as_of=start, now=now()).newest_report_at
        if latest:
            heat = heatmap(
                session, EVERYWHERE, as_of=start, since=latest - timedelta(days=90), until=latest + timedelta(seconds=1)
            )
            say(f"{heat.reports} reports with a point in 90 days; peak {heat.values.max():.0f} reports per km².")
        with progress("Drawing the map"):
            text = report_html(session, EVERYWHERE, as_of=start, now=_reference(context, latest))
    html.write_text(text, encoding="utf-8")
    say(f"Report map: {html}")


def _reference(context: typer.Context, latest: datetime | None) -> datetime:
    """The instant the report map speaks of, in local time: data of the past are shown as of their last day."""
    return (latest or now()).astimezone(ZoneInfo(settings_of(context).timezone))
