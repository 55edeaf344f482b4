"""Commands that show: coverage, heatmap, map."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from api.cli.console import progress, say, show
from api.cli.database import day, now, settings_of, today, transaction
from layers.access import Scope
from layers.errors import InvalidInputError

ScopeCode = Annotated[str, typer.Option("--scope", help="Only this area, by its code.")]


def coverage(context: typer.Context, scope: ScopeCode = "") -> None:
    """Compute what each camera sees between the buildings, the share of each grid that is seen, and the gaps.

    Example: `fengqiao coverage --scope 330699100`
    """
    from layers.video import compute_sight, coverage_by_grid

    with progress("Computing isovists") as tell, transaction(context) as session:
        count = compute_sight(session, Scope(scope), as_of=today(context), now=now(), progress=tell)
        rows = coverage_by_grid(session, Scope(scope))
    show(
        ("grid", "cameras", "settled m²", "seen m²", "seen"),
        (
            (
                row["grid_code"],
                int(row["cameras"]),
                round(row["settled_m2"]),
                round(row["seen_m2"]),
                f"{row['seen_share']:.1%}",
            )
            for row in rows.to_dict("records")
        ),
    )
    say(
        f"{count.cameras} cameras ({count.unknown} look into an unknown direction) see {count.seen_m2 / 1e6:.3f} of "
        f"{count.settled_m2 / 1e6:.3f} km² settled open ground; {count.gaps} gaps."
    )


def heatmap(
    context: typer.Context,
    output: Annotated[Path, typer.Option("-o", "--output", help="A .png picture or a .csv table of cells.")] = Path(
        "heatmap.png"
    ),
    scope: ScopeCode = "",
    days: Annotated[int, typer.Option(min=1, help="Length of the window.")] = 90,
    until: Annotated[str | None, typer.Option(help="Last day of the window; by default today.")] = None,
    bandwidth: Annotated[float, typer.Option(help="Smoothing distance in metres.")] = 150.0,
    kernel: Annotated[str, typer.Option(help="quartic, epanechnikov, triangular, uniform or gaussian.")] = "quartic",
    category: Annotated[str | None, typer.Option(help="Only this category, for example DISPUTE.")] = None,
) -> None:
    """Compute the density of reports, exact, in reports per km².

    Example: `fengqiao heatmap --days 30 --bandwidth 200 -o build/heat.png`
    """
    from layers.density import heatmap as compute
    from layers.export import write_raster
    from maps.raster import heat_png

    if output.suffix not in {".png", ".csv"}:
        raise InvalidInputError("The heatmap is written as .png or .csv; name such a file.")
    zone = ZoneInfo(settings_of(context).timezone)
    end = datetime.combine(day(until, today(context)) + timedelta(days=1), time(), zone)
    with transaction(context) as session:
        heat = compute(
            session,
            Scope(scope),
            as_of=today(context),
            since=end - timedelta(days=days),
            until=end,
            bandwidth_m=bandwidth,
            kernel=kernel,
            category=category,
        )
    output.parent.mkdir(parents=True, exist_ok=True)
    if output.suffix == ".png":
        output.write_bytes(heat_png(heat.values, heat.breaks, bounds=heat.bounds))
    else:
        write_raster(heat.values, heat.bounds, output)
    west, south, east, north = heat.bounds
    say(
        f"{heat.reports} reports, {heat.unplaced} more without a point; peak {heat.values.max():.1f} reports per km², "
        f"{kernel} kernel, {bandwidth:g} m. {output} spans {west:.6f},{south:.6f} to {east:.6f},{north:.6f}."
    )


def report(
    context: typer.Context,
    output: Annotated[Path, typer.Option("-o", "--output", help="The HTML file to write.")] = Path("report.html"),
    scope: ScopeCode = "",
    title: Annotated[str | None, typer.Option(help="Title of the map.")] = None,
    days: Annotated[int, typer.Option(min=1, help="Window of the heatmap.")] = 90,
    bandwidth: Annotated[float, typer.Option(help="Smoothing distance of the heatmap in metres.")] = 150.0,
    language: Annotated[str, typer.Option(help="zh or en.")] = "zh",
) -> None:
    """Write a map of grids, cameras, gaps, reports and density into one HTML file that needs no network.

    Example: `fengqiao map -o build/report.html`
    """
    from maps.report import report_html

    with progress("Drawing the map") as tell, transaction(context) as session:
        tell(0, 1)
        html = report_html(
            session,
            Scope(scope),
            as_of=today(context),
            now=now(),
            title=title,
            heat_window_days=days,
            bandwidth_m=bandwidth,
            language=language,
        )
        tell(1, 1)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(html, encoding="utf-8")
    say(f"The map is in {output} ({len(html.encode()) / 1e6:.1f} MB).")
