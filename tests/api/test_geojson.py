"""Values and shapes as GeoJSON, whatever the frame holds."""

import json
from datetime import UTC, date, datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pydantic import BaseModel

from api.geojson import feature_collection, feature_texts, geometry_texts, plain


class Thing(BaseModel):
    """The columns that may be seen."""

    name: str | None
    count: int | None


def frame(**columns):
    return gpd.GeoDataFrame(columns, geometry=[shapely.Point(120, 30)] * len(columns["name"]), crs=4326)


def test_missing_values_are_null_and_counts_stay_whole():
    things = frame(name=["a", None, "c"], count=[1, np.nan, 3], secret=[1, 2, 3])
    found = [json.loads(text)["properties"] for text in feature_texts(things, Thing, "name")]
    assert found == [{"name": "a", "count": 1}, {"name": None, "count": None}, {"name": "c", "count": 3}]
    assert "3.0" not in "".join(feature_texts(things, Thing, "name"))


def test_all_kinds_of_columns_become_plain():
    instant = datetime(2026, 3, 10, 4, tzinfo=UTC)
    assert plain(pd.Series([instant, None])) == ["2026-03-10T04:00:00+00:00", None]
    assert plain(pd.Series([date(2026, 3, 10)])) == ["2026-03-10"]
    assert plain(pd.Series([1.5, np.inf, np.nan])) == [1.5, None, None]
    assert plain(pd.Series([True, False])) == [True, False]
    assert plain(pd.Series([1, None], dtype="Int64")) == [1, None]


def test_rings_are_turned_and_positions_rounded():
    clockwise = shapely.Polygon([(0, 0), (0, 2), (2, 2), (2, 0)], [[(0.5, 0.5), (1.123456789, 0.5), (1, 1)]])
    shape = shapely.from_geojson(geometry_texts(gpd.GeoSeries([clockwise]))[0])
    assert shape.exterior.is_ccw
    assert not shape.interiors[0].is_ccw
    assert (1.1234568, 0.5) in shape.interiors[0].coords


def test_missing_and_empty_shapes():
    texts = geometry_texts(gpd.GeoSeries([None, shapely.Point(), shapely.Point(1, 2)]))
    assert texts[0] == "null"
    assert json.loads(texts[1]) == {"type": "Point", "coordinates": []}
    assert json.loads(texts[2]) == {"type": "Point", "coordinates": [1, 2]}


def test_a_collection_without_features_is_valid():
    things = frame(name=["a"], count=[1]).iloc[:0]
    body = json.loads(
        feature_collection(things, Thing, "name", links=[], time_stamp=datetime(2026, 1, 1, tzinfo=UTC)).body
    )
    assert body == {
        "type": "FeatureCollection",
        "features": [],
        "links": [],
        "numberReturned": 0,
        "time_stamp": "2026-01-01T00:00:00+00:00",
    }


def test_text_is_kept_as_it_is():
    things = frame(name=['枫"</script>\\'], count=[1])
    (feature,) = json.loads(feature_collection(things, Thing, "name", links=[], time_stamp=datetime.now(UTC)).body)[
        "features"
    ]
    assert feature["properties"]["name"] == '枫"</script>\\'
