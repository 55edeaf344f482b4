"""Grid cards to print and put up: an A5 sheet for each grid with its name, extent and households, in one HTML file."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from markupsafe import escape

from geo.crs import metric_crs
from maps.pages import static_folder

WIDTH, HEIGHT, MARGIN = 1200.0, 1000.0, 60.0
SCALES_M = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


def grid_cards(
    grids: gpd.GeoDataFrame,
    *,
    title: str,
    villages: dict[str, str],
    roads: gpd.GeoSeries,
    water: gpd.GeoSeries,
    buildings: gpd.GeoSeries,
    offices: dict[str, str] | None = None,
    note: str = "",
    style: str | None = None,
) -> str:
    """One HTML document that loads nothing from outside, a sheet for each grid in the order of the rows.

    Parameters
    ----------
    grids : EPSG:4326 with code, parent_code, name, households, area_m2
    title : of the plan, for the document and the foot of each sheet
    villages : names by code
    roads, water, buildings : the map around, in EPSG:4326
    offices : contact of the office that serves a grid, by grid code; no person's name or number belongs here
    note : under each map, for example the approval number of the map (审图号)
    style : address of the style sheet, for a page that may hold none; by default the document holds it
    """
    crs = metric_crs(tuple(grids.total_bounds)) if len(grids) else None
    shapes = grids.geometry.to_crs(crs) if crs else grids.geometry
    layers = [
        (name, np.asarray(series[~(series.is_empty | series.isna())].to_crs(crs).to_numpy()) if crs else np.empty(0))
        for name, series in (("water", water), ("road", roads), ("building", buildings))
    ]
    trees = [(name, found, shapely.STRtree(found)) for name, found in layers]
    outlines = np.asarray(shapes.to_numpy())
    around = shapely.STRtree(outlines)
    sheets = [
        _sheet(row, outlines[i], outlines, around, trees, villages, offices or {}, title, note)
        for i, row in enumerate(grids[["code", "parent_code", "name", "households", "area_m2"]].to_dict("records"))
    ]
    css = f"<style>{_style()}</style>" if style is None else f'<link rel="stylesheet" href="{escape(style)}">'
    head = f'<meta charset="utf-8"><title>{escape(title)}</title>{css}'
    return f'<!doctype html>\n<html lang="zh"><head>{head}</head><body>\n' + "\n".join(sheets) + "\n</body></html>\n"


def _style() -> str:
    return (static_folder() / "cards.css").read_text("utf-8")


def _sheet(
    row: dict[str, Any],
    shape: Any,
    outlines: Any,
    around: Any,
    trees: Any,
    villages: dict[str, str],
    offices: dict[str, str],
    title: str,
    note: str,
) -> str:
    view = _View(shape)
    parts = []
    for name, found, tree in trees:
        for one in found[np.sort(tree.query(view.window))]:
            line = name == "water" and one.geom_type.endswith("LineString")
            parts.append(view.path("river" if line else name, one))
    near = outlines[np.sort(around.query(view.window))]
    parts += [view.path("other", other) for other in near if other is not shape]
    parts += [view.path("grid", shape), view.scale_bar()]
    households = "–" if row["households"] is None or row["households"] != row["households"] else int(row["households"])
    facts = [
        ("编号 Code", row["code"]),
        ("户数 Households", households),
        ("面积 Area", f"{row['area_m2'] / 1e6:.3f} km²"),
        ("服务电话 Office", offices.get(row["code"], "________________")),
    ]
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    village = escape(villages.get(row["parent_code"], row["parent_code"] or ""))
    picture = f'<svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" aria-label="extent">{"".join(parts)}</svg>'
    return (
        f"<article><h1><small>{village}</small>{escape(row['name'])}</h1>{picture}<dl>{rows}</dl>"
        f"<footer>{escape(title)}{' · ' if note else ''}{escape(note)} · 示意图 sketch map</footer></article>"
    )


class _View:
    """From metres to the picture, north up, the grid in the middle."""

    def __init__(self, shape: Any) -> None:
        west, south, east, north = shape.bounds
        self.scale = min((WIDTH - 2 * MARGIN) / max(east - west, 1), (HEIGHT - 2 * MARGIN) / max(north - south, 1))
        self.x, self.y = (west + east) / 2 - WIDTH / 2 / self.scale, (south + north) / 2 + HEIGHT / 2 / self.scale
        self.window = shapely.box(self.x, self.y - HEIGHT / self.scale, self.x + WIDTH / self.scale, self.y)

    def path(self, kind: str, shape: Any) -> str:
        """The part of a shape that the picture shows."""
        seen = shapely.clip_by_rect(shape, *self.window.buffer(20 / self.scale).bounds)
        data = []
        for part in shapely.get_parts(seen):
            rings = shapely.get_rings(part) if part.geom_type == "Polygon" else [part]
            for ring in rings:
                places = (shapely.get_coordinates(ring) - (self.x, self.y)) * (self.scale, -self.scale)
                close = "Z" if part.geom_type == "Polygon" else ""
                data.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places) + close)
        return f'<path class="{kind}" d="{"".join(data)}"/>' if data else ""

    def scale_bar(self) -> str:
        """The longest round distance of at most a quarter of the width."""
        fitting = [metres for metres in SCALES_M if metres * self.scale <= WIDTH / 4]
        metres = fitting[-1] if fitting else SCALES_M[0]
        end = 30 + metres * self.scale
        label = f"{metres} m" if metres < 1000 else f"{metres // 1000} km"
        bar = f'<path d="M30 950V965H{end:.1f}V950" fill="none" stroke="#333" stroke-width="4"/>'
        return f'{bar}<text x="30" y="935">{label}</text><text x="1150" y="60">N</text>'
