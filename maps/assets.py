"""Where the browser libraries lie, and under which address they are served."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from maps.errors import MissingAssetsError

HERE = Path(__file__).parent


@cache
def leaflet_version() -> str:
    """The version of Leaflet that `package.json` pins, for example 1.9.4."""
    return str(json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]["leaflet"])


def leaflet_folder() -> Path:
    """The folder with `leaflet.css`, the script files and the images.

    Raises
    ------
    MissingAssetsError : the folder is not there, or holds another version than the pinned one
    """
    package = HERE / "node_modules" / "leaflet"
    pinned = leaflet_version()
    try:
        found = json.loads((package / "package.json").read_text("utf-8"))["version"]
    except FileNotFoundError:
        found = None
    if found != pinned:
        have = f"{package} holds version {found}" if found else f"{package} is missing"
        raise MissingAssetsError(
            f"The map page needs Leaflet {pinned}, but {have}; run `make demo` once, or `npm ci --prefix maps`."
        )
    return package / "dist"


def leaflet_path() -> str:
    """The address of that folder on the server; the version in it lets browsers keep the files for ever."""
    return f"/vendor/leaflet@{leaflet_version()}"


@cache
def leaflet_text(name: str) -> str:
    """The text of one file of that folder.

    Raises
    ------
    MissingAssetsError : as `leaflet_folder`
    """
    return (leaflet_folder() / name).read_text("utf-8")
