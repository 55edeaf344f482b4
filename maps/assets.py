"""Where the browser libraries lie, and under which address they are served."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from maps.errors import MissingAssetsError

HERE = Path(__file__).parent


GEOMAN = "@geoman-io/leaflet-geoman-free"


@cache
def _version(package: str) -> str:
    return str(json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"][package])


def _folder(name: str, package: str) -> Path:
    folder = HERE / "node_modules" / package
    pinned = _version(package)
    try:
        found = json.loads((folder / "package.json").read_text("utf-8"))["version"]
    except FileNotFoundError:
        found = None
    if found != pinned:
        have = f"{folder} holds version {found}" if found else f"{folder} is missing"
        raise MissingAssetsError(
            f"The map pages need {name} {pinned}, but {have}; run `make demo` once, or `npm ci --prefix maps`."
        )
    return folder / "dist"


def leaflet_version() -> str:
    """The version of Leaflet that `package.json` pins, for example 1.9.4."""
    return _version("leaflet")


def leaflet_folder() -> Path:
    """The folder with `leaflet.css`, the script files and the images.

    Raises
    ------
    MissingAssetsError : the folder is not there, or holds another version than the pinned one
    """
    return _folder("Leaflet", "leaflet")


def leaflet_path() -> str:
    """The address of that folder on the server; the version in it lets browsers keep the files for ever."""
    return f"/vendor/leaflet@{leaflet_version()}"


def geoman_version() -> str:
    """The version of Leaflet-Geoman that `package.json` pins."""
    return _version(GEOMAN)


def geoman_folder() -> Path:
    """The folder with `leaflet-geoman.css` and the script, for drawing lines on the planner's map.

    Raises
    ------
    MissingAssetsError : as `leaflet_folder`
    """
    return _folder("Leaflet-Geoman", GEOMAN)


def geoman_path() -> str:
    """The address of that folder on the server."""
    return f"/vendor/leaflet-geoman@{geoman_version()}"


@cache
def leaflet_text(name: str) -> str:
    """The text of one file of Leaflet's folder.

    Raises
    ------
    MissingAssetsError : as `leaflet_folder`
    """
    return (leaflet_folder() / name).read_text("utf-8")
