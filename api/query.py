"""The parameters that many routes share: a box of degrees, the size of a page and where it begins, a window of time."""

from __future__ import annotations

import base64
import binascii
import json
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import pandas as pd
from fastapi import Depends, Query, Request

from api.errors import InvalidParameterError
from api.geojson import MEDIA_TYPE, Link
from layers.geometry import Bounds

DEFAULT_LIMIT, MAX_LIMIT = 1000, 10_000
MAX_ID = 2**63 - 1


def box(
    bbox: Annotated[
        str | None, Query(description="min_lon,min_lat,max_lon,max_lat in degrees", examples=["120.0,29.7,120.5,29.9"])
    ] = None,
) -> Bounds | None:
    """The box of degrees that was asked for.

    Raises
    ------
    InvalidParameterError : it is not four numbers in their ranges and in order
    """
    if bbox is None:
        return None
    try:
        numbers = [float(part) for part in bbox.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise InvalidParameterError("query", "bbox", "give four numbers: min_lon,min_lat,max_lon,max_lat.")
    min_lon, min_lat, max_lon, max_lat = numbers
    if not (-180 <= min_lon <= 180 and -180 <= max_lon <= 180 and -90 <= min_lat <= 90 and -90 <= max_lat <= 90):
        raise InvalidParameterError(
            "query", "bbox", "longitudes lie within ±180 and latitudes within ±90; are the two swapped?"
        )
    if min_lon > max_lon or min_lat > max_lat:
        raise InvalidParameterError("query", "bbox", "the smaller longitude and latitude come first.")
    return min_lon, min_lat, max_lon, max_lat


Box = Annotated[Bounds | None, Depends(box)]


@dataclass(frozen=True)
class Page:
    """One page of a longer list: how many rows, and after which one."""

    path: str
    url: str
    limit: int
    cursor: str | None

    def after(self, *kinds: type) -> Any:
        """What the cursor says about the last row of the page before: one value for each kind; None on the first page.

        Raises
        ------
        InvalidParameterError : it is none of ours, or belongs to another list
        """
        if self.cursor is None:
            return None
        try:
            values = json.loads(base64.urlsafe_b64decode(self.cursor.encode("ascii") + b"=="))
            if not isinstance(values, list):
                raise TypeError
            read = [_value(value, kind) for value, kind in zip(values, kinds, strict=True)]
        except (binascii.Error, ValueError, TypeError, RecursionError) as error:
            raise InvalidParameterError(
                "query", "cursor", "take it from the link next of the page before, and change nothing in it."
            ) from error
        return read[0] if len(read) == 1 else tuple(read)

    def cut(self, rows: pd.DataFrame, *keys: str, media_type: str = MEDIA_TYPE) -> tuple[Any, list[Link]]:
        """The rows of this page, and its links, from `limit + 1` rows that begin after the cursor.

        `keys` are the columns that say where the next page begins.
        """
        links = [Link(rel="self", href=self.url, type=media_type)]
        shown = rows.iloc[: self.limit]
        if len(rows) > self.limit:
            last = [_text(shown[key].iloc[-1]) for key in keys]
            cursor = base64.urlsafe_b64encode(json.dumps(last).encode()).decode().rstrip("=")
            joined = "&" if "?" in self.path else "?"
            links.append(Link(rel="next", href=f"{self.path}{joined}cursor={cursor}", type=media_type))
        return shown, links


def page(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows on a page")] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=400, description="From the link next of the page before")] = None,
) -> Page:
    """The page that was asked for."""
    rest = request.url.remove_query_params("cursor")
    return Page(_relative(rest), _relative(request.url), limit, cursor)


Paging = Annotated[Page, Depends(page)]


@dataclass(frozen=True)
class Window:
    """From `since` to before `until`; either may be open."""

    since: datetime | None
    until: datetime | None


def window(
    since: Annotated[datetime | None, Query(description="At or after this instant, with its offset")] = None,
    until: Annotated[datetime | None, Query(description="Before this instant, with its offset")] = None,
) -> Window:
    """The window of time that was asked for.

    Raises
    ------
    InvalidParameterError : an instant has no offset, or the window is empty
    """
    for name, instant in (("since", since), ("until", until)):
        if instant is not None and instant.tzinfo is None:
            raise InvalidParameterError("query", name, "add the offset, for example 2026-03-10T12:00:00+08:00.")
    if since is not None and until is not None and since >= until:
        raise InvalidParameterError("query", "since", "it must come before until.")
    return Window(since, until)


Times = Annotated[Window, Depends(window)]


def _relative(url: Any) -> str:
    path, query = str(url.path), str(url.query)
    return f"{path}?{query}" if query else path


def _text(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value


def _value(value: Any, kind: type) -> Any:
    if kind is datetime:
        if type(value) is not str:
            raise TypeError
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise ValueError
        return instant
    if type(value) is not kind:  # a bool is no id
        raise TypeError
    if (isinstance(value, int) and abs(value) > MAX_ID) or (isinstance(value, str) and "\x00" in value):
        raise ValueError
    return value
