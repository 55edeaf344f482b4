"""Reads an area and puts its report together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd

from geo.crs import metric_crs
from layers.access import Scope
from layers.basemap import building_frame, road_frame, water_frame
from layers.cameras import camera_frame
from layers.density import Heatmap, heatmap
from layers.engine import Session  # type: ignore[attr-defined] # only passed on: the database is no matter of maps
from layers.grids import grid_frame
from layers.reports import report_frame
from layers.video import gap_frame, isovist_frame
from maps.language import strings
from maps.legend import Legend, deviation_legend, heat_legend, household_edges, household_legend, number
from maps.palette import deviation_colours, palette, ramp
from maps.raster import data_uri, heat_png
from maps.report import layers, sheet
from maps.report.offline import Call, Verbatim, empty_map

Words = Mapping[str, str]
USUAL_TARGET = 300
DAY_S = 86_400


def report_html(
    session: Session,
    scope: Scope,
    *,
    as_of: date,
    now: datetime,
    title: str | None = None,
    heat_window_days: int = 90,
    bandwidth_m: float = 150.0,
    language: str = "zh",
) -> str:
    """A map of the scope in one HTML document that loads nothing, with legends and a table of its grids.

    It shows the grids in force on `as_of` by deviation and by households, towns and villages, base map, cameras with
    what they see, gaps, open reports, and the density of the reports of the `heat_window_days` before `now`. Layers
    without data are left out. The title defaults to the name of the town.

    Parameters
    ----------
    now : aware; reports after it do not count, and ages are taken at it
    bandwidth_m : metres, > 0, of the quartic kernel
    language : zh or en

    Raises
    ------
    MissingDataError : the scope has no grid of any level
    MissingAssetsError : Leaflet has not been installed
    UnknownNameError : an unknown language
    """
    words = strings(language)
    levels = {level: grid_frame(session, scope, as_of=as_of, level=level) for level in ("TOWN", "VILLAGE", "CELL")}
    until = now + timedelta(seconds=1)
    heat = heatmap(
        session,
        scope,
        as_of=as_of,
        since=until - timedelta(days=heat_window_days),
        until=until,
        bandwidth_m=bandwidth_m,
    )
    bounds = _bounds(levels)
    target = _target(session, scope, levels["CELL"])
    place = next((frame["name"].iloc[0] for frame in levels.values() if len(frame) == 1), words["place.all"])
    title = title or words["report.title"].format(place=place)
    made = empty_map(bounds, title=title)
    legends = _territory(made, levels, target, words, language)
    _base(made, session, scope, bounds, words)
    made.add_child(layers.outline_layer(words["report.outlines"], levels["TOWN"], levels["VILLAGE"]))
    legends += _heat(made, heat, words, language)
    _video(made, session, scope, words)
    cameras = camera_frame(session, scope)
    reports = report_frame(session, scope, until=until, states=_open_states())
    _reports(made, reports, now, words)
    folium.LayerControl(collapsed=False).add_to(made)
    _labels(made, levels["CELL"])
    html = made.get_root().html  # type: ignore[attr-defined]
    note = words["report.summary"].format(date=as_of.isoformat(), now=_moment(now))
    unplaced = int(reports.geometry.isna().sum())
    if unplaced:
        note += " · " + words["report.unplaced"].format(count=number(unplaced))
    html.add_child(Verbatim(sheet.head(title, note)), name="head")
    html.add_child(Verbatim(sheet.legends(words["layers.title"], legends)), name="legends")
    html.add_child(Verbatim(_table(levels["CELL"], cameras, reports, target, words)), name="table")
    document: str = made.get_root().render()
    return document.replace("<html>", f'<html lang="{"zh-CN" if language == "zh" else language}">', 1)


def _bounds(levels: Mapping[str, gpd.GeoDataFrame]) -> tuple[float, float, float, float]:
    west, south, east, north = next(frame for frame in levels.values() if len(frame)).total_bounds.tolist()
    return west, south, east, north


def _target(session: Session, scope: Scope, cells: gpd.GeoDataFrame) -> float:
    """What the grids were drawn for; 300 where no plan says."""
    from layers.plans import list_plans

    drawn = set(cells["plan_id"].dropna()) if len(cells) else set()
    found = [plan.options.get("target") for plan in list_plans(session, scope) if plan.id in drawn]
    return float(next((target for target in found if target), USUAL_TARGET))


def _open_states() -> list[str]:
    groups = palette()["report_state"]
    return [state for name, group in groups.items() if name != "closed" for state in group["states"]]


def _moment(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M}"


def _count(value: Any, words: Words) -> str:
    return words["none"] if pd.isna(value) else number(float(value))


def _share(value: float, words: Words) -> str:
    return words["none"] if np.isnan(value) else f"{value * 100:+.1f} %".replace("-", "−")


def _deviation(cells: gpd.GeoDataFrame, target: float) -> np.ndarray:
    deviation: np.ndarray = cells["households"].astype(float).to_numpy() / target - 1
    return deviation


def _territory(
    made: folium.Map, levels: Mapping[str, gpd.GeoDataFrame], target: float, words: Words, language: str
) -> list[Legend]:
    """Choropleths of the grids, or of the villages where no grids are drawn; gives their legends."""
    cells = levels["CELL"]
    shown = cells if len(cells) else levels["VILLAGE"]
    households = shown["households"].astype(float)
    deviation = _deviation(shown, target)

    def lines(row: Mapping[str, Any]) -> list[str]:
        count = f"{_count(row['households'], words)} {words['unit.households']}"
        off = "" if shown is not cells or pd.isna(row["households"]) else _share(row["households"] / target - 1, words)
        return [text for text in (row["name"], row["code"], count, off) if text]

    legends = []
    if len(cells):
        name = f"{words['layer.grids']} · {words['grids.by_deviation']}"
        layers.grid_layer(name, cells, deviation_colours(deviation), lines).add_to(made)
        legends.append(deviation_legend(target, language))
    if len(shown):
        edges = household_edges(households)
        steps = ramp("households", max(len(edges) - 1, 1))
        classes = np.clip(np.searchsorted(edges, households, side="right") - 1, 0, len(steps) - 1)
        missing = palette()["missing"]
        colours = [missing if np.isnan(v) else steps[c] for v, c in zip(households, classes, strict=True)]
        name = f"{words['layer.grids' if len(cells) else 'level.VILLAGE']} · {words['grids.by_households']}"
        layers.grid_layer(name, shown, colours, lines, show=not len(cells)).add_to(made)
        legends.append(household_legend(households, language))
    return legends


def _base(
    made: folium.Map, session: Session, scope: Scope, bounds: tuple[float, float, float, float], words: Words
) -> None:
    frames = [read(session, scope, bounds=bounds) for read in (water_frame, road_frame, building_frame)]
    crs = metric_crs(bounds)
    # Half a metre is less than a pixel at the closest zoom of a town, and saves a third of the vertices.
    thin = [frame.geometry.to_crs(crs).simplify(0.5).to_crs(4326) for frame in frames]
    layers.base_layer(words["report.base"], *thin).add_to(made)


def _heat(made: folium.Map, heat: Heatmap, words: Words, language: str) -> list[Legend]:
    if not len(heat.breaks):
        return []
    west, south, east, north = heat.bounds
    image = data_uri(heat_png(heat.values, heat.breaks, bounds=heat.bounds))
    corners = [[south, west], [north, east]]
    folium.raster_layers.ImageOverlay(image, corners, name=words["layer.heat"], show=False, pixelated=False).add_to(
        made
    )
    legend = heat_legend(
        heat.breaks, bandwidth_m=heat.bandwidth_m, kernel=heat.kernel, count=heat.reports, language=language
    )
    window = words["report.window"].format(since=_moment(heat.since), until=_moment(heat.until))
    return [Legend(legend.title, legend.unit, legend.classes, f"{legend.note}; {window}")]


def _video(made: folium.Map, session: Session, scope: Scope, words: Words) -> None:
    cameras, isovists, gaps = camera_frame(session, scope), isovist_frame(session, scope), gap_frame(session, scope)
    if len(cameras):
        seen, dots = layers.camera_layers(
            words["layer.cameras"],
            words["layer.isovists"],
            cameras.astype({"bearing_deg": float, "fov_deg": float}),
            isovists,
            lambda row: [row["name"] or row["camera_id"], row["camera_id"]],
        )
        if len(isovists):
            seen.add_to(made)
        dots.add_to(made)
    if len(gaps):
        unit = words["unit.households"]
        shown = layers.gap_layer(
            words["layer.gaps"],
            gaps,
            lambda row: [
                words["gap.title"].format(rank=row["rank"]),
                f"{number(row['area_m2'])} m²",
                f"{number(row['households'])} {unit}",
            ],
        )
        shown.add_to(made)
        made.add_child(Call("hatched", shown.get_name(), palette()["gap"]["line"]))


def _reports(made: folium.Map, reports: gpd.GeoDataFrame, now: datetime, words: Words) -> None:
    placed = reports[reports.geometry.notna()]
    if not len(placed):
        return
    limit = palette()["overdue_days"] * DAY_S

    def late(row: Mapping[str, Any]) -> bool:
        return bool((now - row["reported_at"]).total_seconds() > limit)

    def lines(row: Mapping[str, Any]) -> list[str]:
        category = words.get(f"category.{row['category']}", row["category"])
        state = words.get(f"state.{row['state']}", row["state"])
        return [category, f"{state} · {_moment(row['reported_at'].astimezone(now.tzinfo))}", row["address_text"] or ""]

    layers.report_layer(words["report.open_reports"], placed, lines, late).add_to(made)


def _labels(made: folium.Map, cells: gpd.GeoDataFrame) -> None:
    """Last three digits of each grid, from a zoom on at which they do not cover each other."""
    if len(cells):
        layers.numbers(cells, "code", "cell", last=3).add_to(made)
    made.add_child(Call("numbersWhenNear", made.get_name()))


def _table(
    cells: gpd.GeoDataFrame, cameras: gpd.GeoDataFrame, reports: gpd.GeoDataFrame, target: float, words: Words
) -> str:
    if not len(cells):
        return sheet.head_note(words["report.no_grids"])
    deviation = _deviation(cells, target)
    held = [frame.groupby("grid_code").size().reindex(cells["code"], fill_value=0) for frame in (cameras, reports)]
    columns = [words[f"report.column.{key}"] for key in ("code", "name", "households", "deviation", "cameras", "open")]
    counts = zip(cells["code"], cells["name"], cells["households"], deviation, *held, strict=True)
    rows = [
        [code, name, _count(households, words), _share(off, words), number(camera), number(waiting)]
        for code, name, households, off, camera, waiting in counts
    ]
    total = cells["households"].astype(float).sum()
    foot = [words["report.total"], number(len(cells)), number(total), "", number(held[0].sum()), number(held[1].sum())]
    in_band = int((np.round(np.abs(deviation), 9) <= 0.1).sum())
    title = words["report.in_band"].format(part=number(in_band), whole=number(len(cells)), target=number(target))
    colours: list[str | None] = [*deviation_colours(deviation)]
    return sheet.table(f"{words['report.table']} · {title}", columns, rows, colours, foot)
