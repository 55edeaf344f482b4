import base64
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from maps.errors import RasterError
from maps.palette import heat_colours, heat_opacity, rgb
from maps.raster import data_uri, heat_png, mercator_rows


def pixels(png: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    assert image.mode == "RGBA"
    return np.asarray(image)


def test_classes_have_the_colours_of_the_legend_and_north_is_up():
    made = pixels(heat_png([[0.5, 1.0], [2.0, 99.0], [4.0, np.nan]], [1, 2, 4]))
    low, high = ((*rgb(c), round(a * 255)) for c, a in zip(heat_colours(2), heat_opacity(2), strict=True))
    assert made.shape == (3, 2, 4)
    assert made[0, 0, 3] == 0, "below the first break nothing is drawn"
    assert tuple(made[0, 1]) == low
    assert tuple(made[1, 0]) == high, "a break belongs to the class above it"
    assert tuple(made[1, 1]) == high, "a hotspot above the last break is no hole"
    assert tuple(made[2, 0]) == high
    assert made[2, 1, 3] == 0


def test_without_breaks_nothing_is_drawn():
    assert not pixels(heat_png(np.zeros((2, 3)), []))[..., 3].any()


@pytest.mark.parametrize("values", [[], [[]], [1, 2]])
def test_an_image_needs_rows_and_columns(values):
    with pytest.raises(RasterError, match="rows and columns"):
        heat_png(values, [1, 2])


@pytest.mark.parametrize("breaks", [[1], [2, 1]])
def test_breaks_ascend(breaks):
    with pytest.raises(RasterError, match="ascending"):
        heat_png([[1.0]], breaks)


@pytest.mark.parametrize("bounds", [(0, 10, 1, 10), (0, 20, 1, 10), (0, 0, 1, 89), (0, np.nan, 1, 10)])
def test_bounds_must_fit_mercator(bounds):
    with pytest.raises(RasterError, match="ascend within"):
        mercator_rows([[1.0]], bounds)


def test_rows_move_to_mercator():
    # Row centres 59.5 … 0.5 hold their own latitude, so the new rows hold the latitude they show.
    latitudes = (np.arange(60)[::-1] + 0.5)[:, None]
    moved = mercator_rows(latitudes, (0, 0, 1, 60))[:, 0]
    y = np.log(np.tan(np.pi / 4 + np.radians(60) / 2)) * (1 - (np.arange(60) + 0.5) / 60)
    expected = np.degrees(2 * np.arctan(np.exp(y)) - np.pi / 2)
    np.testing.assert_allclose(moved, expected.clip(0.5, 59.5), atol=1e-9)
    assert abs(moved[29:31].mean() - 35.264) < 0.01, "half way up the picture lies 35.26°, not 30°"


def test_missing_cells_do_not_spread():
    values = np.ones((40, 2))
    values[20] = np.nan
    assert np.isnan(mercator_rows(values, (120, 29.7, 120.1, 29.8))).any(axis=1).sum() <= 2


@given(st.integers(1, 30), st.floats(0, 100))
def test_a_flat_field_stays_flat(rows, level):
    moved = mercator_rows(np.full((rows, 2), level), (0, -60, 1, 60))
    np.testing.assert_allclose(moved, level)


def test_data_uri_holds_the_image():
    uri = data_uri(b"\x89PNG")
    assert base64.b64decode(uri.removeprefix("data:image/png;base64,")) == b"\x89PNG"
