"""A folium map whose scripts, styles and images all stand in the file itself."""

from __future__ import annotations

import base64
import re

import folium
from branca.element import Element, Figure, MacroElement
from jinja2 import Template
from markupsafe import escape

from maps.assets import HERE, leaflet_folder, leaflet_text

IMAGE = re.compile(r"url\((?!#)[\"']?(?P<name>[\w./-]+)[\"']?\)")


class Verbatim(Element):
    """Text that goes into the document as it is, without being read as a template."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def render(self, **_: object) -> str:
        """The text."""
        return self.text


class Call(MacroElement):
    """A call of a function of `report.js` after the map has been made; variables by name, then values."""

    _template = Template(
        "{% macro script(this, kwargs) %}{{ this.function }}({{ this.variable }}"
        "{% for value in this.values %}, {{ value|tojson }}{% endfor %});{% endmacro %}"
    )

    def __init__(self, function: str, variable: str, *values: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.function, self.variable, self.values = function, variable, values


def leaflet_style() -> str:
    """Leaflet's style sheet with its images as data."""

    def embedded(found: re.Match[str]) -> str:
        data = (leaflet_folder() / found["name"]).read_bytes()
        return f"url(data:image/png;base64,{base64.b64encode(data).decode('ascii')})"

    return IMAGE.sub(embedded, leaflet_text("leaflet.css"))


def leaflet_script() -> str:
    """Leaflet without the link in its attribution and without the reference to its source map."""
    code = leaflet_text("leaflet.js").replace('href="https://leafletjs.com"', 'href="#"')
    return re.sub(r"//# sourceMappingURL=\S+", "", code)


def _own(name: str) -> str:
    return (HERE / "report" / name).read_text("utf-8")


def empty_map(bounds: tuple[float, float, float, float], *, title: str) -> folium.Map:
    """A map without tiles on `bounds` (degrees), with Leaflet and our own script and style in the document."""
    west, south, east, north = bounds
    # zoom_snap: the area fills the screen even where that takes half a zoom step.
    made = folium.Map(
        [(south + north) / 2, (west + east) / 2],
        tiles=None,
        prefer_canvas=True,
        control_scale=True,
        attributionControl=False,
        zoom_snap=0.5,
        max_zoom=20,
    )
    # On the instance: folium's lists belong to the class, and other maps of the same process may need them.
    made.default_js, made.default_css = [], []
    # Room for the sheets at both sides, so that they do not cover the area.
    made.fit_bounds([[south, west], [north, east]], padding_top_left=(250, 20), padding_bottom_right=(20, 20))
    root = made.get_root()
    assert isinstance(root, Figure)
    root.title = None  # folium would write it unescaped
    for name, text in {
        "page": f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>',
        "leaflet_css": f"<style>{leaflet_style()}</style>",
        "own_css": f"<style>{_own('report.css')}</style>",
        "leaflet_js": f"<script>{leaflet_script()}</script>",
        "own_js": f"<script>{_own('report.js')}</script>",
    }.items():
        root.header.add_child(Verbatim(text), name=name)
    return made
