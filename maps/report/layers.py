"""The layers of the report map, from frames in EPSG:4326; names enter the page as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import shapely
from branca.element import Figure
from folium.utilities import JsCode
from jinja2.utils import htmlsafe_json_dumps

from maps.palette import palette, report_style
from maps.report.offline import Verbatim

Row = Mapping[str, Any]
DIGITS = 6  # of a degree: 0.1 m

# Functions of report.js.
TOOLTIP, SYMBOL, CAMERA, WORD = (JsCode(name) for name in ("tooltipOf", "symbolOf", "cameraOf", "wordOf"))


class Features(folium.GeoJson):
    """A layer of GeoJSON whose texts are never read as a template.

    folium reads the script that it has made once more as a template, so that a grid named `{{ 7 * 7 }}` would be
    shown as 49, and worse could be run; therefore the data go past it.
    """

    def __init__(self, data: dict[str, Any], **options: Any) -> None:
        super().__init__({"type": "FeatureCollection", "features": []}, **options)
        self.later = data

    def render(self, **kwargs: Any) -> None:  # type: ignore[override] # as GeoJson itself does
        """Write the layer, and then its features."""
        super().render(**kwargs)  # type: ignore[no-untyped-call]
        compact = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
        text = htmlsafe_json_dumps(self.later, dumps=compact)
        name = self.get_name()
        code = f"{name}_add({text});\n{name}.setStyle(function (f) {{ return f.properties.style; }});"
        figure = self.get_root()
        assert isinstance(figure, Figure)
        figure.script.add_child(Verbatim(code), name=f"{name}_features")


def rounded(geometry: shapely.Geometry) -> dict[str, Any]:
    """GeoJSON geometry with coordinates on 6 decimals."""
    moved = shapely.transform(geometry, lambda xy: np.round(xy, DIGITS))
    made: dict[str, Any] = json.loads(shapely.to_geojson(moved))
    return made


def collection(frame: gpd.GeoDataFrame, properties: Callable[[Row], dict[str, Any]]) -> dict[str, Any]:
    """GeoJSON of the rows that have a geometry, with what `properties` says of each."""
    usable = frame[frame.geometry.notna() & ~frame.geometry.is_empty]
    rows = usable.drop(columns=usable.geometry.name).to_dict("records")
    features = [
        {"type": "Feature", "properties": properties(row), "geometry": rounded(shape)}
        for row, shape in zip(rows, usable.geometry, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def layer(
    name: str, data: dict[str, Any], *, show: bool = True, control: bool = True, **options: Any
) -> folium.GeoJson:
    """A layer whose features carry their own style and tooltip."""
    return Features(data, name=name, show=show, control=control, on_each_feature=TOOLTIP, smooth_factor=0.5, **options)


def merged(shapes: gpd.GeoSeries, style: dict[str, Any]) -> dict[str, Any]:
    """All shapes of a kind as one feature, drawn in one go: far smaller and faster than one feature each."""
    usable = shapes[shapes.notna() & ~shapes.is_empty].to_numpy()
    if not len(usable):
        return {"type": "FeatureCollection", "features": []}
    parts = shapely.get_parts(usable)
    kinds = {"Polygon": shapely.multipolygons, "LineString": shapely.multilinestrings}
    features = []
    for kind, collect in kinds.items():
        chosen = [part for part in parts if part.geom_type == kind]
        if chosen:
            # Lines have no inside; Leaflet would fill the chord between their ends.
            own = style | {"fill": kind == "Polygon"}
            features.append({"type": "Feature", "properties": {"style": own}, "geometry": rounded(collect(chosen))})
    return {"type": "FeatureCollection", "features": features}


def base_layer(name: str, water: gpd.GeoSeries, roads: gpd.GeoSeries, buildings: gpd.GeoSeries) -> folium.FeatureGroup:
    """Water, roads and buildings in quiet greys."""
    colours = palette()["theme"]["light"]
    group = folium.FeatureGroup(name)
    for shapes, style in (
        (water, {"color": colours["water_line"], "weight": 1, "fillColor": colours["water"], "fillOpacity": 1}),
        (roads, {"color": colours["casing"], "weight": 1.5, "opacity": 0.9}),
        (
            buildings,
            {
                "color": colours["building"],
                "weight": 0.4,
                "opacity": 0.5,
                "fillColor": colours["building"],
                "fillOpacity": colours["building_opacity"],
            },
        ),
    ):
        layer("", merged(shapes, style), control=False, interactive=False).add_to(group)
    return group


def grid_layer(
    name: str,
    grids: gpd.GeoDataFrame,
    colours: list[str],
    lines: Callable[[Row], list[str]],
    *,
    show: bool = True,
    opacity: float | None = None,
) -> folium.GeoJson:
    """Areas filled with one colour each, in the order of the rows."""
    theme = palette()["theme"]["light"]
    opacity = theme["fill_opacity"] if opacity is None else opacity
    styles = iter(colours)

    def properties(row: Row) -> dict[str, Any]:
        style = {"color": theme["cell"], "weight": 1, "fillColor": next(styles), "fillOpacity": opacity}
        return {"style": style, "lines": lines(row)}

    return layer(name, collection(grids, properties), show=show)


def outline_layer(name: str, towns: gpd.GeoDataFrame, villages: gpd.GeoDataFrame) -> folium.FeatureGroup:
    """Edges of towns, 3 px, and of villages, 2 px, with the villages' names."""
    theme = palette()["theme"]["light"]
    group = folium.FeatureGroup(name)
    for frame, width, ink in ((villages, 2, theme["village"]), (towns, 3, theme["town"])):
        style = {"color": ink, "weight": width, "fill": False}
        data = collection(frame, lambda _row, style=style: {"style": style})  # type: ignore[misc]
        layer("", data, control=False, interactive=False).add_to(group)
    numbers(villages, "name", "village").add_to(group)
    return group


def numbers(frame: gpd.GeoDataFrame, column: str, kind: str, *, last: int | None = None) -> folium.GeoJson:
    """A word on a point inside each area; `last` keeps only so many characters of its end."""
    points = frame.set_geometry(frame.geometry.representative_point()) if len(frame) else frame
    data = collection(points, lambda row: {"text": str(row[column])[-(last or 0) :], "kind": f"word {kind}"})
    return Features(data, control=False, point_to_layer=WORD)


def camera_layers(
    name: str, seen_name: str, cameras: gpd.GeoDataFrame, isovists: gpd.GeoDataFrame, lines: Callable[[Row], list[str]]
) -> tuple[folium.GeoJson, folium.GeoJson]:
    """What cameras see, and the cameras with their wedges."""
    ink = palette()["camera"]
    seen_style = {"color": ink["isovist_line"], "weight": 0.8, "fillColor": ink["isovist"], "fillOpacity": 0.4}
    seen = layer(seen_name, collection(isovists, lambda _row: {"style": seen_style}), interactive=False)

    def properties(row: Row) -> dict[str, Any]:
        bearing, fov = (
            None if np.isnan(row[key] or np.nan) and row[key] != 0 else row[key] for key in ("bearing_deg", "fov_deg")
        )
        look = {"bearing": bearing, "fov": fov, "dot": ink["dot"], "wedge": ink["wedge"]}
        return look | {"lines": lines(row)}

    return seen, layer(name, collection(cameras, properties), point_to_layer=CAMERA)


def gap_layer(name: str, gaps: gpd.GeoDataFrame, lines: Callable[[Row], list[str]]) -> folium.GeoJson:
    """Gaps in red; the page hatches them."""
    ink = palette()["gap"]
    style = {"color": ink["line"], "weight": 1, "fillColor": ink["fill"], "fillOpacity": 0.6}
    return layer(name, collection(gaps, lambda row: {"style": style, "lines": lines(row)}), show=False)


def report_layer(
    name: str, reports: gpd.GeoDataFrame, lines: Callable[[Row], list[str]], overdue: Callable[[Row], bool]
) -> folium.GeoJson:
    """Reports: shape by category, colour by state, a ring where they have been open too long."""

    def properties(row: Row) -> dict[str, Any]:
        shape, colour = report_style(row["category"], row["state"])
        return {
            "shape": shape,
            "colour": colour,
            "ring": palette()["overdue"] if overdue(row) else None,
            "lines": lines(row),
        }

    return layer(name, collection(reports, properties), point_to_layer=SYMBOL)
