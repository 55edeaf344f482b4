from __future__ import annotations

import geopandas as gpd
import pytest

from geo.errors import CrsMismatchError, DegreesError, GeoError, UnknownCrsError
from geo.metric import shared_metric_crs


def layer(crs):
    return gpd.GeoSeries([], crs=crs)


def test_gives_the_shared_crs():
    assert shared_metric_crs(layer(4549), layer("EPSG:4549")).to_epsg() == 4549


@pytest.mark.parametrize(
    ("layers", "error"),
    [
        ((None, None), UnknownCrsError),
        ((4549, None), UnknownCrsError),
        ((4549, 4548), CrsMismatchError),
        ((4326,), DegreesError),
    ],
)
def test_refuses_layers_without_common_metres(layers, error):
    with pytest.raises(error):
        shared_metric_crs(*map(layer, layers))


def test_refuses_feet():
    with pytest.raises(GeoError, match="foot"):
        shared_metric_crs(layer(2263))
