"""Coordinate reference systems: which one the user means, which one to measure in, and the way to EPSG:4326."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import geopandas
import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError
from pyproj.transformer import AreaOfInterest

from geo.errors import DatumShiftError, GeoError, UnknownCrsError
from geo.gcj import from_bd09, from_gcj02, to_bd09, to_gcj02
from geo.shift import Shift, detect_shift, looks_swapped

__all__ = [
    "Shift",
    "SourceCrs",
    "crs_candidates",
    "detect_shift",
    "from_bd09",
    "from_gcj02",
    "looks_swapped",
    "metric_crs",
    "parse_crs",
    "to_bd09",
    "to_gcj02",
    "to_wgs84",
]

Frame = TypeVar("Frame", geopandas.GeoDataFrame, geopandas.GeoSeries)
Offset = Literal["gcj02", "bd09"]

_ALIASES: dict[str, str | int] = {
    **dict.fromkeys(["gcj02", "gcj02ll", "gcj", "mars", "amap", "autonavi", "gaode", "tencent"], "gcj02"),
    **dict.fromkeys(
        ["火星", "火星坐标", "火星坐标系", "国测局", "国测局坐标", "高德", "高德坐标", "高德地图"], "gcj02"
    ),
    **dict.fromkeys(["腾讯", "腾讯坐标", "腾讯地图"], "gcj02"),
    **dict.fromkeys(["bd09", "bd09ll", "bd", "baidu", "百度", "百度坐标", "百度坐标系", "百度地图"], "bd09"),
    **dict.fromkeys(["wgs84", "gps", "gps坐标"], 4326),
    **dict.fromkeys(
        ["cgcs2000", "2000国家大地坐标系", "国家2000", "国家大地2000", "大地2000", "天地图", "tianditu"], 4490
    ),
    **dict.fromkeys(["西安80", "西安1980", "1980西安坐标系", "xian80", "xian1980"], 4610),
    **dict.fromkeys(["北京54", "北京1954", "1954北京坐标系", "beijing54", "beijing1954"], 4214),
}
_CANDIDATES = "EPSG:4326 (WGS 84), EPSG:4490 (CGCS2000), EPSG:4549 (CGCS2000 3-degree zone 120E), gcj02, bd09"
_OLD_CHINESE_DATUMS = {"Beijing 1954", "New Beijing", "Xian 1980"}
_GREATEST_OFFSET_FROM_MERIDIAN = {"zone": 3.0, "utm": 4.0}  # degrees; scale is off by 0.2 % at most at the far edge


@dataclass(frozen=True)
class SourceCrs:
    """What a user named: a registered system, or one of the two shifted ones on top of `crs`."""

    crs: CRS
    offset: Offset | None = None

    def __str__(self) -> str:
        return self.offset or self.crs.to_string()


def parse_crs(named: object) -> SourceCrs:
    """The system that a user named.

    Takes whatever pyproj takes (EPSG code as text or number, WKT, PROJ string, name), plus gcj02 and bd09 in
    any spelling (GCJ-02, 火星坐标, 高德, BD-09, 百度) and the usual Chinese names (国家2000, 西安80, 北京54).

    Raises
    ------
    UnknownCrsError : nothing was named, nobody knows the name, or it does not place points on the Earth

    Examples
    --------
    >>> str(parse_crs("GCJ-02")), str(parse_crs("火星坐标系")), str(parse_crs("国家2000")), str(parse_crs(4549))
    ('gcj02', 'gcj02', 'EPSG:4490', 'EPSG:4549')
    """
    if isinstance(named, SourceCrs):
        return named
    known: Any = named
    if named is None or (isinstance(named, str) and not named.strip()):
        raise UnknownCrsError(f"The CRS is not stated and is never guessed; name one: {_CANDIDATES}")
    if isinstance(named, str):
        folded = unicodedata.normalize("NFKC", named).casefold()
        known = _ALIASES.get("".join(c for c in folded if c.isalnum()), named.strip())
        if known in ("gcj02", "bd09"):
            return SourceCrs(CRS.from_epsg(4326), "gcj02" if known == "gcj02" else "bd09")
        if isinstance(known, str) and known.isdecimal():
            known = int(known)
    try:
        crs = CRS.from_user_input(known)
    except (CRSError, ProjError) as error:
        raise UnknownCrsError(f"Nobody knows the CRS {_short(named)}; name one like {_CANDIDATES}") from error
    if not (crs.is_geographic or crs.is_projected):
        raise UnknownCrsError(f"{_short(named)} is a {crs.type_name}, which places nothing on a map; try {_CANDIDATES}")
    return SourceCrs(crs)


def to_wgs84(frame: Frame, crs: object = None) -> Frame:
    """The same rows in EPSG:4326.

    The system named by the caller wins over the one the file states, because a GeoJSON file always claims
    EPSG:4326, shifted or not. CGCS2000 keeps its numbers: both frames agree to well under a metre.

    Parameters
    ----------
    frame : GeoDataFrame or GeoSeries; x is longitude or easting whatever the axis order of the CRS
    crs : anything that `parse_crs` takes; None takes the frame's own

    Raises
    ------
    UnknownCrsError : neither is known
    DatumShiftError : Beijing 54 or Xi'an 80 where no public transformation exists
    GeoError : the coordinates are not of that CRS, such as metres in a geographic one

    Examples
    --------
    >>> from shapely import Point
    >>> to_wgs84(geopandas.GeoSeries([Point(116.42702, 39.90245)]), "gcj02").x.round(4).tolist()
    [116.4208]
    """
    source = parse_crs(frame.crs if crs is None else crs)
    system = source.crs
    if source.offset and frame.crs is not None and frame.crs.is_projected:
        system = frame.crs  # shifted coordinates, projected afterwards, as in web Mercator tiles of map vendors
    named = frame.set_crs(system, allow_override=True)
    _refuse_foreign_numbers(np.asarray(frame.total_bounds, dtype=np.float64), system)
    if system.is_geographic and system.datum is not None and system.datum.name == "China 2000":
        moved = named.set_crs(4326, allow_override=True)
    else:
        _refuse_lost_datum(named)
        moved = named.to_crs(4326)
    if source.offset is None:
        return moved
    back = from_gcj02 if source.offset == "gcj02" else from_bd09
    unshifted = shapely.transform(np.asarray(moved.geometry.array), _columns(back), include_z=False)
    if isinstance(moved, geopandas.GeoDataFrame):
        return moved.set_geometry(geopandas.GeoSeries(unshifted, index=moved.index, crs=4326))
    return geopandas.GeoSeries(unshifted, index=moved.index, crs=4326, name=moved.name)


def metric_crs(bounds: Sequence[float]) -> CRS:
    """A CRS in metres for work inside the bounds, with lengths right to about 0.2 % and better near the middle.

    Inside a CGCS2000 zone's registered area: that 3-degree Gauss-Krueger zone without zone prefix
    (EPSG:4534 to 4554). Elsewhere UTM on WGS 84, or polar stereographic beyond 84 N and 80 S. Extents too
    wide for a zone: Lambert's azimuthal equal-area projection about their middle. Extents of about half the world:
    the equal-area cylindrical EPSG:6933, in which only areas are right.

    Transform with `always_xy=True`, as geopandas does: several of these name the northing first.

    Parameters
    ----------
    bounds : degrees (min lon, min lat, max lon, max lat), WGS 84; a single place is allowed

    Raises
    ------
    GeoError : bounds are not four finite degrees in order; an extent over the 180th meridian must be split

    Examples
    --------
    >>> metric_crs((120.1, 29.3, 120.6, 30.0)).to_epsg()   # Zhuji
    4549
    >>> metric_crs((11.2, 49.4, 11.4, 49.6)).to_epsg()
    32632
    """
    west, south, east, north = _checked(bounds)
    lon, lat = (west + east) / 2, (south + north) / 2
    if lat >= 84 or lat < -80:
        return CRS.from_epsg(5041 if lat > 0 else 5042)
    if east - west > 150 or north - south > 120:
        return CRS.from_epsg(6933)
    meridian = round(lon / 3) * 3
    if 75 <= meridian <= 135 and _reach(west, east, meridian) <= _GREATEST_OFFSET_FROM_MERIDIAN["zone"]:
        zone = CRS.from_epsg(4534 + (meridian - 75) // 3)
        area = zone.area_of_use
        if area is not None and area.south <= lat <= area.north and area.west <= lon <= area.east:
            return zone
    number = min(int((lon + 180) // 6) + 1, 60)
    if _reach(west, east, number * 6 - 183) <= _GREATEST_OFFSET_FROM_MERIDIAN["utm"]:
        return CRS.from_epsg((32600 if lat >= 0 else 32700) + number)
    return CRS.from_proj4(f"+proj=laea +lat_0={lat:.6f} +lon_0={lon:.6f} +datum=WGS84 +units=m +type=crs")


def crs_candidates(bounds: Sequence[float]) -> tuple[str, ...]:
    """Systems in which the raw bounds of a file without CRS would lie in China, most likely first.

    They are there to be named in an error: nothing may pick one of them unasked.

    Parameters
    ----------
    bounds : raw (min x, min y, max x, max y) in unknown units

    Returns
    -------
    names for `parse_crs`; empty where no system fits, as with swapped or missing coordinates

    Examples
    --------
    >>> crs_candidates((40540286.39, 3298016.05, 40541000, 3299000))
    ('EPSG:4528', 'EPSG:2364')
    """
    west, south, east, north = (float(v) for v in bounds)
    zone, rest = divmod(west, 1_000_000)
    if not np.isfinite([west, south, east, north]).all() or west > east or south > north:
        found: tuple[str, ...] = ()
    elif west >= -180 and east <= 180 and south >= -90 and north <= 90:
        found = ("EPSG:4326", "EPSG:4490", "gcj02", "bd09")
    elif south <= 300_000 or north >= 8_000_000:  # south of 3 degrees north or beyond the pole
        found = ()
    elif 25 <= zone <= 45 and rest > 0 and east < (zone + 1) * 1_000_000:
        found = (f"EPSG:{4513 + int(zone) - 25}", f"EPSG:{2349 + int(zone) - 25}")
    elif west > 100_000 and east < 1_000_000:
        zones = [f"EPSG:{code}" for code in range(4534, 4555) if code != 4549]
        found = ("EPSG:4549", "EPSG:32650", "EPSG:32651", *zones)
    else:
        found = ("EPSG:3857",) if west > 7_500_000 and east < 15_500_000 else ()
    return found


def _columns(convert: Callable[[Any, Any], tuple[Any, Any]]) -> Callable[[Any], Any]:
    return lambda places: np.column_stack(convert(places[:, 0], places[:, 1]))


def _checked(bounds: Sequence[float]) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = (float(v) for v in bounds)
    except (TypeError, ValueError) as error:
        raise GeoError(f"bounds must be four numbers (min lon, min lat, max lon, max lat), not {bounds!r}") from error
    shown = f"({west}, {south}, {east}, {north})"
    if not np.isfinite([west, south, east, north]).all():
        raise GeoError(f"bounds {shown} are not finite: the layer is empty or holds broken coordinates")
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise GeoError(f"bounds {shown} are not degrees of longitude and latitude; reproject to EPSG:4326 first")
    if west > east or south > north:
        raise GeoError(
            f"bounds {shown} are inverted: give min lon, min lat, max lon, max lat; split at the 180th meridian"
        )
    return west, south, east, north


def _reach(west: float, east: float, meridian: float) -> float:
    return max(abs(west - meridian), abs(east - meridian))


def _refuse_foreign_numbers(bounds: Any, crs: CRS) -> None:
    if not np.isfinite(bounds).all():
        return
    largest_x, largest_y = np.abs(bounds[[0, 2]]).max(), np.abs(bounds[[1, 3]]).max()
    if crs.is_geographic and (largest_x > 180 or largest_y > 90):
        likely = ", ".join(crs_candidates(bounds)[:4]) or "a projected CRS, or swapped latitude and longitude"
        raise GeoError(
            f"coordinates up to {largest_x:.10g}, {largest_y:.10g} are no degrees, so not {crs.to_string()}: {likely}?"
        )


def _refuse_lost_datum(frame: Any) -> None:
    """PROJ would silently leave the 50-150 m between the old Chinese datums and WGS 84 in place."""
    crs = frame.crs
    if crs.is_bound or crs.datum is None or crs.datum.name not in _OLD_CHINESE_DATUMS or not len(frame):
        return
    west, south, east, north = frame.to_crs(crs.geodetic_crs).total_bounds
    if not np.isfinite([west, south, east, north]).all():
        return
    area = AreaOfInterest(west, south, east, north)
    try:
        Transformer.from_crs(crs, 4326, always_xy=True, area_of_interest=area, allow_ballpark=False)
    except ProjError as error:
        raise DatumShiftError(crs.name) from error


def _short(named: object) -> str:
    text = repr(named)
    return text if len(text) <= 60 else f"{text[:57]}..."
