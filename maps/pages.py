"""The pages as HTML text, and the folders with what they load."""

from __future__ import annotations

import json
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from maps import assets
from maps.errors import UnknownNameError
from maps.language import LANGUAGES, strings
from maps.palette import palette_text

PAGES = ("login", "map", "plan", "reports", "review", "statistics")


def static_folder() -> Path:
    """The folder with our own scripts, styles and texts; served at `/static`."""
    return assets.HERE / "static"


def vendor_folders() -> dict[str, Path]:
    """The address of each browser library, such as `/vendor/leaflet@<version>`, and the folder served there.

    Raises
    ------
    MissingAssetsError : `npm ci` has not run
    """
    return {assets.leaflet_path(): assets.leaflet_folder(), assets.geoman_path(): assets.geoman_folder()}


def _data(value: object) -> Markup:
    """JSON that cannot end the element it stands in, whatever the texts hold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704


def page(name: str, language: str = "zh", *, tile_url: str | None = None, tile_attribution: str = "") -> str:
    """The page as one HTML document without inline script or style.

    Scripts and styles come from `/static` and `vendor_folders()`. Texts, palette and the optional address of
    background tiles stand in the page as data blocks, which no content security policy has to allow; a policy has to
    allow images from the host of `tile_url`.

    Parameters
    ----------
    name : one of `PAGES`
    language : zh or en; the page itself can switch to the other one
    tile_url : address with {z}, {x} and {y}, or None for none

    Raises
    ------
    UnknownNameError : no such page or language
    """
    if name not in PAGES:
        raise UnknownNameError("page", name, PAGES)
    words = strings(language)
    environment = Environment(
        loader=FileSystemLoader(assets.HERE / "pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    config = {"language": language, "languages": LANGUAGES, "tile_url": tile_url, "tile_attribution": tile_attribution}
    return environment.get_template(f"{name}.html").render(
        t=words,
        language="zh-CN" if language == "zh" else language,
        vendor=assets.leaflet_path(),
        geoman=assets.geoman_path(),
        config=_data(config),
        palette=Markup(palette_text()),  # noqa: S704 our own file
        strings=_data(words),
    )
