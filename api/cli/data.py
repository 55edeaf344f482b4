"""Commands that bring data in and find its grids: sample, load, assign."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import complain, progress, say, show
from api.cli.database import day, now, today, transaction
from layers.errors import InvalidInputError


class Layer(StrEnum):
    """What a file holds."""

    BOUNDARIES = "boundaries"
    BLOCKS = "blocks"
    HOUSEHOLDS = "households"
    ADDRESSES = "addresses"
    PLACES = "places"
    BUILDINGS = "buildings"
    ROADS = "roads"
    WATER = "water"
    CAMERAS = "cameras"
    REPORTS = "reports"


def sample(
    folder: Annotated[Path, typer.Argument(help="Folder to write the files into; it is made if missing.")],
    households: Annotated[
        int, typer.Option(min=2_000, max=1_000_000, help="How many households the town has.")
    ] = 4_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same town, byte by byte.")] = 1,
    until: Annotated[str, typer.Option(help="Last day of the 90 days of reports.")] = "2026-10-31",
) -> None:
    """Write a synthetic town: boundaries, roads, river, buildings, addresses, households, cameras, reports.

    Example: `fengqiao sample build/town --households 20000 --seed 7`
    """
    from datetime import date

    from geo.town import make_town
    from layers.sample import write_town

    with progress("Building the town") as tell:
        town = make_town(households, seed=seed, until=day(until, date.max), tell=tell)
    with progress("Writing its files") as tell:
        tell(0, 1)
        write_town(town, folder)
        tell(1, 1)
    say(f"The town is in {folder}; next: fengqiao demo {folder}")


def _columns(pairs: list[str]) -> dict[str, str]:
    columns = {}
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        if not equals:
            raise InvalidInputError(
                f"{pair} names no column; write --column field=HEADER, for example households=HUSHU."
            )
        columns[ours] = theirs
    return columns


def load(
    context: typer.Context,
    layer: Annotated[Layer, typer.Argument(help="What the files hold.")],
    files: Annotated[
        list[Path], typer.Argument(help="GeoJSON, GeoPackage, Shapefile (also .zip), GeoParquet, CSV or Excel.")
    ],
    crs: Annotated[
        str | None, typer.Option(help="CRS where the file names none: EPSG:4549, EPSG:4326, gcj02, bd09 …")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Text encoding, if it is neither UTF-8 nor GB18030.")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="field=HEADER where a header is not recognised; `field=HEADER / 2.2` divides; repeatable."),
    ] = None,
    level: Annotated[
        str | None, typer.Option(help="Boundaries: TOWN, VILLAGE or CELL, where no column says so.")
    ] = None,
    parent: Annotated[str | None, typer.Option(help="Boundaries: code of the area that holds all of them.")] = None,
    valid_from: Annotated[
        str | None, typer.Option(help="Boundaries: in force from this day; earlier editions end there.")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook or layer of a GeoPackage.")] = None,
) -> None:
    """Load files of one kind, all or nothing; refused rows go into FILE.rejected.csv with line and reason.

    Loading the same file again changes nothing.

    Example: `fengqiao load boundaries data/boundaries/town.geojson data/boundaries/villages.geojson`
    """
    from layers.ingest import load_file

    results = []
    with transaction(context) as session:
        for file in files:
            with progress(f"Loading {file.name}") as tell:
                results.append(
                    load_file(
                        session,
                        layer,
                        file,
                        crs=crs,
                        encoding=encoding,
                        columns=_columns(column or []),
                        level=level.upper() if level else None,
                        parent_code=parent,
                        valid_from=day(valid_from, today(context)) if valid_from else None,
                        sheet_or_layer=sheet,
                        now=now(),
                        progress=tell,
                    )
                )
    show(
        ("file", "read", "new", "changed", "unchanged", "repaired", "refused"),
        ((r.file_name, r.read, r.inserted, r.updated, r.unchanged, len(r.repaired), len(r.rejected)) for r in results),
    )
    for result in results:
        for warning in result.warnings:
            complain(f"Note on {result.file_name}: {warning}")
        if result.dropped_columns:
            complain(f"Not taken from {result.file_name}: {', '.join(result.dropped_columns)} (data on persons)")
        if result.reject_file:
            complain(f"Refused rows of {result.file_name}, with line and reason: {result.reject_file}")


def assign(
    context: typer.Context,
    scope: Annotated[str, typer.Option(help="Only this area, by its code.")] = "",
    as_of: Annotated[str | None, typer.Option(help="By the grids in force on this day; by default today.")] = None,
) -> None:
    """Give every household, address, building, camera and report its village and grid.

    Example: `fengqiao assign --as-of 2026-04-01`
    """
    from layers.access import Scope
    from layers.assignment import assign_all

    with progress("Assigning") as tell, transaction(context) as session:
        counts = assign_all(session, Scope(scope), as_of=day(as_of, today(context)), progress=tell)
    show(
        (
            "table",
            "rows",
            "in a village",
            "in a grid",
            "to the nearest",
            "by address",
            "in review",
            "outside",
            "without a place",
            "moved",
        ),
        (
            (
                c.table,
                c.rows,
                c.in_village,
                c.in_grid,
                c.nearest,
                c.by_address,
                c.in_review,
                c.outside,
                c.no_place,
                c.moved,
            )
            for c in counts
        ),
    )
