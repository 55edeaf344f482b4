"""Find a place by what somebody types: a code, a part of a name, or the words of an address."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain, zip_longest
from typing import Any, Literal

import geopandas as gpd
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Scope
from layers.geometry import Bounds, select_frame
from layers.grids import in_force
from layers.tables import Address, Camera, Grid

MAX_TOKENS = 8
NUMBER_DIGITS = 3


@dataclass(frozen=True)
class Hit:
    """A place: what it is, its key, what to show, a point on it and its bounding box in degrees."""

    kind: Literal["grid", "address", "camera"]
    key: str
    label: str
    detail: str
    lon: float
    lat: float
    bounds: Bounds


def search(session: Session, scope: Scope, text: str, *, as_of: date, limit: int = 20) -> list[Hit]:
    """Grids by the start or last digits of their code or by name, addresses by all words, cameras by id or name.

    Full-width letters and digits count as their plain forms, letter case does not count, and `%` and `_` mean
    themselves. Where there are more than `limit` hits, each kind keeps a fair share. Grids come first, then addresses,
    then cameras; a code that is matched whole comes before longer ones. Blank text gives no hits.

    Cost: grids and cameras by index or a pass over their names; addresses by a pass over the table.
    """
    words = unicodedata.normalize("NFKC", text).split()[:MAX_TOKENS]
    if not words:
        return []
    found = [
        _grids(session, scope, words, as_of, limit),
        _addresses(session, scope, words, as_of, limit),
        _cameras(session, scope, words, limit),
    ]
    dealt = [hit for hit in chain.from_iterable(zip_longest(*found)) if hit is not None][:limit]
    return [hit for hits in found for hit in hits if hit in dealt]


def _all_words(column: Any, words: list[str]) -> sa.ColumnElement[bool]:
    return sa.and_(*(column.icontains(word, autoescape=True) for word in words))


def _code_or_name(code: Any, name: Any, words: list[str]) -> sa.ColumnElement[bool]:
    by_name = _all_words(name, words)
    return sa.or_(code.istartswith(words[0], autoescape=True), by_name) if len(words) == 1 else by_name


def _grid_words(words: list[str]) -> sa.ColumnElement[bool]:
    """A grid also answers to the number that its label on the map shows, the last three digits of its code."""
    found = _code_or_name(Grid.code, Grid.name, words)
    numbered = len(words) == 1 and len(words[0]) == NUMBER_DIGITS and words[0].isdecimal()
    return sa.or_(found, Grid.code.endswith(words[0])) if numbered else found


def _grids(session: Session, scope: Scope, words: list[str], as_of: date, limit: int) -> list[Hit]:
    frame = select_frame(
        session,
        (Grid.code, Grid.name),
        Grid.geom,
        scope.related(Grid.code),
        in_force(as_of),
        _grid_words(words),
        order_by=(sa.func.length(Grid.code), Grid.code),
        limit=limit,
    )
    places = zip(frame["code"], frame["name"], frame["code"], strict=True)
    return list(_hits("grid", places, frame))


def _addresses(session: Session, scope: Scope, words: list[str], as_of: date, limit: int) -> list[Hit]:
    frame = select_frame(
        session,
        (Address.address_key, Address.full_text, Address.grid_code, Address.village_code),
        Address.geom,
        scope.located(Address),
        sa.or_(Address.valid_from.is_(None), Address.valid_from <= as_of),
        sa.or_(Address.valid_to.is_(None), Address.valid_to > as_of),
        _all_words(Address.full_text, words),
        order_by=(sa.func.length(Address.full_text), Address.address_key),
        limit=limit,
    )
    places = zip(frame["address_key"], frame["full_text"], _area(frame), strict=True)
    return list(_hits("address", places, frame))


def _cameras(session: Session, scope: Scope, words: list[str], limit: int) -> list[Hit]:
    frame = select_frame(
        session,
        (Camera.camera_id, Camera.name, Camera.grid_code, Camera.village_code),
        Camera.geom,
        scope.located(Camera),
        _code_or_name(Camera.camera_id, Camera.name, words),
        order_by=Camera.camera_id,
        limit=limit,
    )
    names = [
        name if isinstance(name, str) else key for key, name in zip(frame["camera_id"], frame["name"], strict=True)
    ]
    places = zip(frame["camera_id"], names, _area(frame), strict=True)
    return list(_hits("camera", places, frame))


def _area(frame: gpd.GeoDataFrame) -> list[str]:
    """The smallest area known for each row, or nothing."""
    return [
        next((code for code in codes if isinstance(code, str)), "")
        for codes in zip(frame["grid_code"], frame["village_code"], strict=True)
    ]


def _hits(kind: Literal["grid", "address", "camera"], places: Any, frame: gpd.GeoDataFrame) -> Iterator[Hit]:
    points = frame.geometry.representative_point()
    boxes: pd.DataFrame = frame.geometry.bounds
    for (key, label, detail), point, box in zip(places, points, boxes.to_numpy().tolist(), strict=True):
        min_lon, min_lat, max_lon, max_lat = box
        yield Hit(kind, key, label, detail, point.x, point.y, (min_lon, min_lat, max_lon, max_lat))
