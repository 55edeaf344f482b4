"""Commands on addresses: geocode, alias add|list|load, division load."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from api.cli.console import complain, progress, say, show
from api.cli.database import day, now, today, transaction
from layers.access import OPERATOR
from layers.errors import InvalidInputError

if TYPE_CHECKING:
    from layers.geocode import Geocoded

aliases = typer.Typer(no_args_is_help=True, help="Other names of places: add, list, load.")
divisions = typer.Typer(no_args_is_help=True, help="Official names of divisions: load.")


def geocode(
    context: typer.Context,
    texts: Annotated[list[str] | None, typer.Argument(help="Addresses.")] = None,
    file: Annotated[Path | None, typer.Option(help="CSV file of addresses instead.", exists=True)] = None,
    column: Annotated[
        str | None, typer.Option(help="Column that holds them; by default address or address_text.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV file to write; by default standard output.")] = None,
    near: Annotated[str | None, typer.Option(help="Area, by its code, that is meant where several fit.")] = None,
    as_of: Annotated[str | None, typer.Option(help="By the grids in force on this day; by default today.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the work on a file.")] = 2,
) -> None:
    """Find the grid of addresses, with how sure that is and why; or of a whole CSV file, with columns added.

    Example: `fengqiao geocode 枫溪镇白云路13号`
    """
    from layers.geocode import library_for
    from layers.geocode.batch import HEADERS, geocode_rows

    if bool(texts) == (file is not None):
        raise InvalidInputError("Give either addresses or --file, for example: fengqiao geocode --file reports.csv")
    with transaction(context) as session:
        library = library_for(session, day(as_of, today(context)))
    for answer in library.geocode(texts or [], near):
        _tell(answer)
    if file is not None:
        header, rows = _read(file)
        at = _column(header, column)
        texts = [row[at] if at < len(row) else "" for row in rows]
        with progress(f"Geocoding {file.name}") as tell:
            answers = geocode_rows(library, texts, near, workers=workers, progress=tell)
        with _writer(out) as target:
            table = csv.writer(target, lineterminator="\n")
            table.writerow([*header, *HEADERS])
            table.writerows([*row, *answer] for row, answer in zip(rows, answers, strict=True))
        sure = sum(answer[HEADERS.index("accepted")] == 1 for answer in answers)
        complain(f"{len(rows):,} addresses, {sure:,} sure of their grid.")


def _tell(answer: Geocoded) -> None:
    state = "sure" if answer.accepted else "in doubt"
    say(f"{answer.text}: {answer.level}, {state} ({answer.confidence:.1%}), grid {answer.grid_code or 'not known'}")
    if answer.lon is not None:
        say(f"  {answer.lon:.6f}, {answer.lat:.6f} within {answer.radius_m:.0f} m")
    show(
        ("place", "level", "grid", "probability", "radius m"),
        (
            (one.label, one.level.value, one.grid_code, f"{one.confidence:.1%}", one.radius_m)
            for one in answer.candidates
        ),
    )
    show(("token", "record", "reason", "score"), (tuple(step) for step in answer.trace))


def _read(file: Path) -> tuple[list[str], list[list[str]]]:
    data = file.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030", errors="replace")
    rows = list(csv.reader(text.splitlines()))
    if not rows:
        raise InvalidInputError(f"{file.name} is empty.")
    return rows[0], rows[1:]


def _column(header: list[str], named: str | None) -> int:
    wanted = [named] if named else ["address_text", "address", "full_text", "text", "地址", "详细地址"]
    for name in wanted:
        if name in header:
            return header.index(name)
    raise InvalidInputError(f"The file has the columns {', '.join(header)}; say with --column which one to read.")


@contextmanager
def _writer(out: Path | None) -> Iterator[IO[str]]:
    if out is None:
        yield sys.stdout
    else:
        with out.open("w", encoding="utf-8", newline="") as target:
            yield target


@aliases.command("add")
def add(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="What people write.")],
    level: Annotated[str, typer.Option(help="What it names: TOWN, VILLAGE, HAMLET, ROAD, ESTATE, NUMBER …")],
    name: Annotated[str | None, typer.Option(help="It stands for this standard name at that level.")] = None,
    address: Annotated[str | None, typer.Option(help="It stands for this standard address, by its key.")] = None,
    area: Annotated[str | None, typer.Option(help="It stands for this village or town, by its code.")] = None,
    lon: Annotated[float | None, typer.Option(help="It stands for this point.")] = None,
    lat: Annotated[float | None, typer.Option(help="It stands for this point.")] = None,
    scope: Annotated[str, typer.Option(help="It holds only inside this area, by its code.")] = "",
) -> None:
    """Keep another name of a place; from then on it resolves.

    Example: `fengqiao alias add 老供销社 --level ESTATE --lon 120.5007 --lat 29.7969`
    """
    from layers.geocode.aliases import AliasContent, add_alias

    content = AliasContent(
        text=text,
        level=level.upper(),
        scope_code=scope,
        name=name,
        address_key=address,
        area_code=area,
        lon=lon,
        lat=lat,
    )
    with transaction(context) as session:
        alias = add_alias(session, content, by=OPERATOR.name, now=now())
    say(f"Alias {alias.id}: {alias.text}")


@aliases.command("list")
def list_all(
    context: typer.Context,
    q: Annotated[str | None, typer.Option(help="Only those that contain this.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 1_000,
) -> None:
    """List other names of places.

    Example: `fengqiao alias list --q 枫溪`
    """
    from layers.geocode.aliases import list_aliases

    with transaction(context) as session:
        rows = list_aliases(session, q=q, limit=limit)
    show(
        ("id", "kind", "level", "text", "stands for", "inside", "by"),
        (
            (
                str(row.id), row.kind, row.level, row.text,
                row.name or row.address_key or row.area_code or f"{row.lon:.6f}, {row.lat:.6f}",
                row.scope_code, row.created_by,
            )
            for row in rows
        ),
    )  # fmt: skip


@aliases.command("load")
def load(context: typer.Context, file: Annotated[Path, typer.Argument(exists=True, help="CSV file.")]) -> None:
    """Load other names from a CSV file: text, level, and one of name, address_key, area_code, or lon and lat.

    Example: `fengqiao alias load names.csv`
    """
    from layers.geocode.aliases import load_aliases

    with transaction(context) as session:
        kept, refused = load_aliases(session, file.read_text(encoding="utf-8"), by=OPERATOR.name, now=now())
    say(f"{kept:,} names kept, {len(refused):,} refused.")
    for line, reason in refused:
        complain(f"Line {line}: {reason}")


@divisions.callback()
def group() -> None:
    """Official names of divisions."""


@divisions.command("load")
def load_list(
    context: typer.Context, files: Annotated[list[Path], typer.Argument(exists=True, help="CSV files, or a folder.")]
) -> None:
    """Load lists of divisions, CSV with code and name, as the upper levels of the address library.

    Example: `fengqiao division load streets.csv villages.csv`
    """
    from layers.geocode.divisions import load_divisions

    paths = [path for given in files for path in (sorted(given.glob("*.csv")) if given.is_dir() else [given])]
    with transaction(context) as session, progress("Loading divisions") as tell:
        counts = []
        for done, path in enumerate(paths, 1):
            text = path.read_text(encoding="utf-8")
            counts.append((path.name, *load_divisions(session, text, now=now(), file_name=path.name)))
            tell(done, len(paths))
    show(("file", "kept", "refused"), ((name, kept, len(refused)) for name, kept, refused in counts))
