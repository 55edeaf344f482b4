import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Geod, Transformer
from shapely import Point, Polygon, box

from geo.crs import SourceCrs, crs_candidates, metric_crs, parse_crs, to_gcj02, to_wgs84
from geo.errors import DatumShiftError, GeoError, UnknownCrsError

ZHUJI = (120.1, 29.3, 120.6, 30.0)


@pytest.mark.parametrize(
    ("bounds", "code"),
    [
        (ZHUJI, 4549),
        ((120.42, 29.8, 120.42, 29.8), 4549),  # a single place
        ((121.3, 30.9, 121.45, 31.1), 4549),  # just west of the zone border
        ((121.55, 30.9, 121.9, 31.1), 4550),
        ((75.8, 39.3, 76.2, 39.6), 4534),  # Kashgar, the westernmost zone
        ((134.2, 47.9, 134.7, 48.4), 4554),  # Fuyuan, the easternmost
        ((11.2, 49.4, 11.4, 49.6), 32632),
        ((-105.1, 39.6, -104.6, 39.9), 32613),
        ((151.0, -34.1, 151.4, -33.6), 32756),
        ((140.0, 35.0, 140.5, 35.5), 32654),  # Japan lies beside the zones of China, not in them
        ((180.0, 60.0, 180.0, 60.0), 32660),
        ((-50.0, 85.0, 50.0, 90.0), 5041),
        ((-180.0, -90.0, 180.0, -81.0), 5042),
        ((-180.0, -90.0, 180.0, 90.0), 6933),
    ],
)
def test_metric_crs_names_the_zone(bounds, code):
    assert metric_crs(bounds).to_epsg() == code


def test_wide_extent_gets_an_equal_area_projection_of_its_own():
    crs = metric_crs((73.5, 18.0, 135.0, 53.6))
    assert crs.coordinate_operation.method_name == "Lambert Azimuthal Equal Area"
    assert crs.axis_info[0].unit_name == "metre"


@given(st.floats(-179, 179), st.floats(-79, 83), st.floats(0.01, 5))
def test_short_lengths_are_right_to_half_a_percent(lon, lat, size):
    bounds = (max(lon - size, -180), max(lat - 0.5, -80), min(lon + size, 180), min(lat + 0.5, 84))
    west, south, east, _ = bounds
    crs = metric_crs(bounds)
    for x in (west, (west + east) / 2, east - 0.001):
        (a, b) = Transformer.from_crs(4326, crs, always_xy=True).transform([x, x + 0.001], [south, south])
        true = Geod(ellps="WGS84").inv(x, south, x + 0.001, south)[2]
        assert np.hypot(a[1] - a[0], b[1] - b[0]) == pytest.approx(true, rel=0.005)


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        ((np.nan,) * 4, "not finite"),
        ((120.6, 29.3, 120.1, 30.0), "inverted"),
        ((170.0, 0.0, -170.0, 1.0), "180th meridian"),
        ((120.1, 30.0, 120.6, 29.3), "inverted"),
        ((540000, 3298000, 541000, 3299000), "not degrees"),
        ((120.1, 29.3, 120.6), "four numbers"),
        (None, "four numbers"),
    ],
)
def test_bounds_that_are_none_are_refused(bounds, told):
    with pytest.raises(GeoError, match=told):
        metric_crs(bounds)


@pytest.mark.parametrize("named", ["gcj02", "GCJ-02", "gcj_02", " ＧＣＪ０２ ", "火星坐标", "高德", "Gaode"])
def test_aliases_of_gcj02(named):
    assert parse_crs(named).offset == "gcj02"


@pytest.mark.parametrize("named", ["bd09", "BD-09", "bd09ll", "百度", "百度坐标系"])
def test_aliases_of_bd09(named):
    assert parse_crs(named).offset == "bd09"


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ("EPSG:4549", 4549),
        ("4549", 4549),
        (4549, 4549),
        (CRS.from_epsg(4549), 4549),
        ("WGS84", 4326),
        ("CGCS2000", 4490),
        ("国家2000", 4490),
        ("西安80", 4610),
        ("北京54", 4214),
    ],
)
def test_registered_systems(named, code):
    parsed = parse_crs(named)
    assert parsed == SourceCrs(parsed.crs)
    assert parsed.crs.to_epsg() == code


@pytest.mark.parametrize("named", [None, "", "  ", "bd09mc", "unknown", "EPSG:99999", "EPSG:5773", "EPSG:4978", 3.5])
def test_unknown_systems_are_refused_with_the_candidates(named):
    with pytest.raises(UnknownCrsError, match="gcj02"):
        parse_crs(named)


def test_parsed_system_is_taken_as_it_is():
    assert parse_crs(parse_crs("bd09")) == parse_crs("bd09")


# --- to_wgs84 ---------------------------------------------------------------------------------------------------------


def test_zone_coordinates_of_the_survey_come_back_in_degrees():
    for crs, east in [("EPSG:4549", 540286.390), ("EPSG:4528", 40540286.390)]:
        moved = to_wgs84(geopandas.GeoSeries([Point(east, 3298016.052)]), crs)
        assert moved.crs.to_epsg() == 4326
        assert (moved.x[0], moved.y[0]) == pytest.approx((120.4167, 29.8), abs=1e-7)


def test_cgcs2000_keeps_its_numbers():
    moved = to_wgs84(geopandas.GeoSeries([Point(120.42, 29.8)], crs=4490))
    assert moved.crs.to_epsg() == 4326
    assert (moved.x[0], moved.y[0]) == (120.42, 29.8)


def test_shifted_polygons_lose_their_shift_and_keep_heights_columns_and_index():
    true = Polygon([(120.4, 29.8, 7), (120.5, 29.8, 8), (120.5, 29.9, 9)])
    shifted = shapely.transform(true, lambda p: np.column_stack(to_gcj02(p[:, 0], p[:, 1])), include_z=False)
    shifted = shapely.force_3d(shifted, 7.0)
    frame = geopandas.GeoDataFrame(
        {"name": ["a", "b"], "shape": [shifted, None]}, geometry="shape", index=[5, 9], crs=4326
    )
    moved = to_wgs84(frame, "gcj02")
    assert moved.index.tolist() == [5, 9]
    assert moved.active_geometry_name == "shape"
    assert moved["name"].tolist() == ["a", "b"]
    assert moved.geometry.isna().tolist() == [False, True]
    assert shapely.equals_exact(shapely.force_2d(moved.geometry[5]), shapely.force_2d(true), tolerance=1e-9)
    assert frame.geometry[5] is shifted


def test_shifted_coordinates_in_web_mercator():
    lon, lat = to_gcj02(120.42, 29.8)
    mercator = geopandas.GeoSeries([Point(lon, lat)], crs=4326).to_crs(3857)
    moved = to_wgs84(mercator, "gcj02")
    assert (moved.x[0], moved.y[0]) == pytest.approx((120.42, 29.8), abs=1e-9)


def test_frame_without_any_crs_is_refused():
    with pytest.raises(UnknownCrsError):
        to_wgs84(geopandas.GeoSeries([Point(1, 2)]))


def test_metres_in_a_geographic_crs_are_refused_with_the_likely_zone():
    with pytest.raises(GeoError, match="EPSG:4528"):
        to_wgs84(geopandas.GeoSeries([Point(40540286, 3298016)]), "gcj02")


@pytest.mark.parametrize("crs", ["EPSG:4214", "EPSG:4610", "EPSG:2384"])
def test_old_datums_are_not_passed_off_as_wgs84(crs):
    place = geopandas.GeoSeries([Point(120.42, 29.8)], crs=4326).set_crs(4610, allow_override=True)
    raw = place.to_crs(crs) if crs == "EPSG:2384" else place
    with pytest.raises(DatumShiftError, match="towgs84"):
        to_wgs84(raw, crs)


def test_old_datum_with_parameters_of_its_own_is_used():
    named = "+proj=longlat +ellps=krass +towgs84=15.8,-154.4,-82.3,0,0,0,0 +type=crs"
    moved = to_wgs84(geopandas.GeoSeries([Point(120.42, 29.8)]), named)
    length = Geod(ellps="WGS84").inv(120.42, 29.8, moved.x[0], moved.y[0])[2]
    assert 20 < length < 200


def test_empty_layers_stay_empty():
    assert to_wgs84(geopandas.GeoSeries([], crs=4326), "bd09").empty
    assert to_wgs84(geopandas.GeoSeries([None, Polygon()], crs=4214)).isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("bounds", "first"),
    [
        (ZHUJI, "EPSG:4326"),
        ((40540286, 3298016, 40541000, 3299000), "EPSG:4528"),
        ((540286, 3298016, 541000, 3299000), "EPSG:4549"),
        ((13400000, 3470000, 13410000, 3480000), "EPSG:3857"),
    ],
)
def test_candidates_for_raw_numbers(bounds, first):
    assert crs_candidates(bounds)[0] == first


@pytest.mark.parametrize("bounds", [(np.nan,) * 4, (29.0, 120.0, 30.0, 121.0), (3298016, 40540286, 3299000, 40541000)])
def test_no_candidates(bounds):
    assert crs_candidates(bounds) == ()


def test_candidates_are_systems_one_can_name():
    for candidate in crs_candidates((540286, 3298016, 541000, 3299000)):
        assert parse_crs(candidate).crs.is_projected


def test_metric_crs_keeps_areas():
    here = geopandas.GeoSeries([box(120.42, 29.80, 120.43, 29.81)], crs=4326)
    true = abs(Geod(ellps="WGS84").geometry_area_perimeter(shapely.segmentize(here[0], 0.0005))[0])
    assert here.to_crs(metric_crs(here.total_bounds)).area[0] == pytest.approx(true, rel=1e-4)
