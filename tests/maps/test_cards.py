"""Grid cards: one sheet for each grid, well-formed, nothing from outside, nothing of a name taken as markup."""

import re
from xml.etree import ElementTree as ET

import geopandas as gpd
import shapely

from maps.cards import grid_cards


def cards(names=("第一网格", "<b>第二</b>"), **more):
    boxes = [shapely.box(120.0 + 0.01 * i, 29.8, 120.01 + 0.01 * i, 29.81) for i in range(len(names))]
    grids = gpd.GeoDataFrame(
        {
            "code": [f"33069900120100{i + 1}" for i in range(len(names))],
            "parent_code": "330699001201",
            "name": list(names),
            "households": [300, None][: len(names)],
            "area_m2": 1.07e6,
        },
        geometry=boxes,
        crs=4326,
    )
    series = {
        "roads": gpd.GeoSeries([shapely.LineString([(119.99, 29.805), (120.03, 29.805)])], crs=4326),
        "water": gpd.GeoSeries([shapely.LineString([(120.005, 29.7), (120.005, 29.9)]), None], crs=4326),
        "buildings": gpd.GeoSeries([shapely.box(120.002, 29.802, 120.003, 29.803)], crs=4326),
    }
    return grid_cards(grids, title="2026 <春>", villages={"330699001201": "西村"}, **(series | more))


def sheets(text):
    body = re.search(r"<body>(.*)</body>", text, re.DOTALL)[0]
    return list(ET.fromstring(body))


def test_each_grid_has_a_sheet_with_its_facts_and_what_lies_around():
    first, second = sheets(cards(offices={"330699001201001": "0575-87000000"}))
    words = " ".join(first.itertext())
    for word in ("西村", "第一网格", "330699001201001", "300", "1.070 km²", "0575-87000000", "2026 <春>"):
        assert word in words
    kinds = [path.get("class") for path in first.iter("path")]
    assert sorted(kind for kind in kinds if kind) == ["building", "grid", "other", "river", "road"]
    assert "<b>第二</b>" in " ".join(second.itertext())
    assert "building" not in [path.get("class") for path in second.iter("path")]


def test_the_extent_fills_the_picture_and_keeps_its_shape():
    (path,) = [path for path in sheets(cards())[0].iter("path") if path.get("class") == "grid"]
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", path.get("d"))]
    width, height = (max(part) - min(part) for part in (numbers[::2], numbers[1::2]))
    # 0.01° are 966 m to the east at 29.8° N and 1109 m to the north.
    assert abs(height - 880) < 1
    assert abs(width / height - 966 / 1109) < 0.01


def test_nothing_is_loaded_from_outside():
    text = cards()
    assert not re.search(r"https?:|src=|href=|url\(|@import", text)
