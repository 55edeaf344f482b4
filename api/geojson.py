"""Frames as GeoJSON (RFC 7946): longitude before latitude, exterior rings counter-clockwise, seven decimals, no crs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from fastapi.responses import JSONResponse
from pydantic import BaseModel

MEDIA_TYPE = "application/geo+json"
DECIMALS = 7  # a centimetre

Position = tuple[float, float]


class Link(BaseModel):
    """An address related to this answer: rel is self or next."""

    rel: str
    href: str
    type: str


class Point(BaseModel):
    """A position: longitude, latitude."""

    type: Literal["Point"]
    coordinates: Position


class MultiPoint(BaseModel):
    """Several positions."""

    type: Literal["MultiPoint"]
    coordinates: list[Position]


class LineString(BaseModel):
    """Positions along a line."""

    type: Literal["LineString"]
    coordinates: list[Position]


class MultiLineString(BaseModel):
    """Several lines."""

    type: Literal["MultiLineString"]
    coordinates: list[list[Position]]


class Polygon(BaseModel):
    """An exterior ring and its holes."""

    type: Literal["Polygon"]
    coordinates: list[list[Position]]


class MultiPolygon(BaseModel):
    """Several polygons."""

    type: Literal["MultiPolygon"]
    coordinates: list[list[list[Position]]]


class GeometryCollection(BaseModel):
    """Geometries of several kinds."""

    type: Literal["GeometryCollection"]
    geometries: list[Point | MultiPoint | LineString | MultiLineString | Polygon | MultiPolygon]


GeometryT = TypeVar("GeometryT")
PropertiesT = TypeVar("PropertiesT", bound=BaseModel)


class Feature(BaseModel, Generic[GeometryT, PropertiesT]):
    """A thing with a place."""

    type: Literal["Feature"]
    id: str | int
    geometry: GeometryT
    properties: PropertiesT


class FeatureCollection(BaseModel, Generic[GeometryT, PropertiesT]):
    """A page of features; `numberReturned` counts those on this page."""

    type: Literal["FeatureCollection"]
    features: list[Feature[GeometryT, PropertiesT]]
    links: list[Link]
    numberReturned: int  # noqa: N815 the name OGC API Features gives it
    time_stamp: datetime


class GeoJSONResponse(JSONResponse):
    """An answer whose text is GeoJSON already; a kind of JSON, so that the description shows its schema."""

    media_type = MEDIA_TYPE

    def render(self, content: str) -> bytes:
        """The text as bytes."""
        return content.encode("utf-8")


def feature_collection(
    frame: gpd.GeoDataFrame, properties: type[BaseModel], key: str, *, links: Sequence[Link], time_stamp: datetime
) -> GeoJSONResponse:
    """One feature for each row, in the order of the frame.

    Parameters
    ----------
    frame : EPSG:4326; rows may lack a geometry
    properties : its fields name the columns that are given out, and nothing else is
    key : column of the features' ids
    """
    features = ",".join(feature_texts(frame, properties, key))
    rest = {
        "links": [link.model_dump() for link in links],
        "numberReturned": len(frame),
        "time_stamp": time_stamp.isoformat(),
    }
    return GeoJSONResponse(f'{{"type":"FeatureCollection","features":[{features}],{_json(rest)[1:]}')


def feature_texts(frame: gpd.GeoDataFrame, properties: type[BaseModel], key: str) -> Iterator[str]:
    """The text of one feature for each row; see `feature_collection`."""
    shapes = geometry_texts(frame.geometry)
    names = list(properties.model_fields)
    rows = zip(*(plain(frame[name]) for name in names), strict=True)
    for identity, shape, row in zip(plain(frame[key]), shapes, rows, strict=True):
        values = _json(dict(zip(names, row, strict=True)))
        yield f'{{"type":"Feature","id":{_json(identity)},"geometry":{shape},"properties":{values}}}'


def geometry_texts(geometries: gpd.GeoSeries) -> list[str]:
    """(n,) GeoJSON texts of (n,) geometries in degrees; "null" where there is none."""
    rounded = shapely.transform(geometries.to_numpy(), lambda positions: np.round(positions, DECIMALS))
    texts = shapely.to_geojson(shapely.orient_polygons(rounded))
    return ["null" if text is None else text for text in np.atleast_1d(texts)]


def plain(column: pd.Series) -> list[Any]:
    """The values as Python's own types: None where there is none, whole numbers without a point, instants as text."""
    return [_plain(value) for value in column.astype(object).where(column.notna(), None)]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        # A column of whole numbers with gaps comes as floats.
        return int(value) if value.is_integer() else value
    return value.isoformat() if isinstance(value, date | datetime) else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
