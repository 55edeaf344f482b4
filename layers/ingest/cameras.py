"""Cameras: where they look, from degrees, from the catalogue's direction codes or from words."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
from sqlalchemy.orm import Session

from layers.ingest.arrays import is_none, nothing
from layers.ingest.batch import Batch
from layers.ingest.result import Notes
from layers.ingest.rules import Rules

# GB/T 28181-2022, annex on the device catalogue: the side that the optical axis points to.
_CODES = {1: 90.0, 2: 270.0, 3: 180.0, 4: 0.0, 5: 135.0, 6: 45.0, 7: 225.0, 8: 315.0}
_ALL_ROUND_CODE = 9
_COMPASS = ("n", "nne", "ne", "ene", "e", "ese", "se", "sse", "s", "ssw", "sw", "wsw", "w", "wnw", "nw", "nnw")
_WORDS = {
    **{word: 22.5 * step for step, word in enumerate(_COMPASS)},
    "north": 0.0,
    "northeast": 45.0,
    "east": 90.0,
    "southeast": 135.0,
    "south": 180.0,
    "southwest": 225.0,
    "west": 270.0,
    "northwest": 315.0,
    "北": 0.0,
    "东北": 45.0,
    "东": 90.0,
    "东南": 135.0,
    "南": 180.0,
    "西南": 225.0,
    "西": 270.0,
    "西北": 315.0,
    "北东": 45.0,
    "南东": 135.0,
    "南西": 225.0,
    "北西": 315.0,
}
_ALL_ROUND = frozenset(
    {"全向", "全方位", "全景", "360度", "360", "环视", "allround", "omnidirectional", "panoramic", "dome"}
)
_TOWARD = re.compile(r"(?:由|从)?([东南西北]{1,2})(?:向|往|至|到)([东南西北]{1,2})")


def prepare_cameras(_session: Session, batch: Batch, _rules: Rules, notes: Notes) -> None:
    """Turn bearing and direction into degrees clockwise from north; refuse what points nowhere.

    Degrees win over a direction code. An all-round camera has no bearing and a field of view of 360 degrees.
    A bearing of 360 is 0. Columns of neither kind leave the bearing empty.
    """
    if "bearing_deg" in batch.fields or "direction" in batch.fields:
        _bearings(batch, notes)
    batch.fields.pop("direction", None)
    if "fov_deg" in batch.fields:
        batch.reject(_is(batch.fields["fov_deg"], 0.0), "fov_deg is 0; give the field of view in degrees, up to 360")
    if "range_m" in batch.fields:
        batch.reject(_is(batch.fields["range_m"], 0.0), "range_m is 0; give the distance in metres, or leave it empty")


def _is(values: np.ndarray, number: float) -> np.ndarray:
    return np.array([value is not None and value == number for value in values], dtype=bool)


def _bearings(batch: Batch, notes: Notes) -> None:
    bearing = nothing(len(batch))
    fov = batch.get("fov_deg").copy()
    wrong = nothing(len(batch))
    rows = zip(batch.get("bearing_deg"), batch.get("direction"), strict=True)
    turned = []
    for row, (degrees, direction) in enumerate(rows):
        text = degrees if degrees is not None else direction
        if text is None:
            continue
        found = parse_bearing(text, code=degrees is None)
        if found is None:
            wrong[row] = f"bearing {text[:40]!r} is not a direction; write degrees from 0 to 360 clockwise from north"
        elif found == "all-round":
            fov[row] = 360.0
            turned.append(row)
        else:
            bearing[row] = found
    batch.reject(~is_none(wrong), wrong)
    batch.fields["bearing_deg"], batch.fields["fov_deg"] = bearing, fov
    if turned:
        notes.warn(f"{len(turned)} cameras look all round: their field of view was set to 360 degrees.")


def parse_bearing(text: str, *, code: bool) -> float | str | None:
    """Degrees clockwise from north, "all-round", or None where the text is no direction.

    code : whether a single figure is a direction code of the catalogue instead of degrees

    >>> parse_bearing("1", code=True), parse_bearing("1", code=False), parse_bearing("由东向西", code=True)
    (90.0, 1.0, 270.0)
    >>> parse_bearing("9", code=True), parse_bearing("NE", code=False), parse_bearing("361", code=False)
    ('all-round', 45.0, None)
    """
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    number = _number(plain)
    if number is not None:
        if code and number.is_integer() and number <= _ALL_ROUND_CODE:
            return "all-round" if number == _ALL_ROUND_CODE else _CODES.get(int(number))
        return number % 360.0 if 0 <= number <= 360 else None
    word = re.sub(r"[\s\-_]|朝向|朝|面向|方向|方$|向$", "", plain)
    if word in _ALL_ROUND:
        return "all-round"
    toward = _TOWARD.fullmatch(plain)
    return _WORDS.get(toward[2] if toward else word)


def _number(text: str) -> float | None:
    try:
        number = float(re.sub(r"\s*(°|度|deg|degrees)$", "", text))
    except ValueError:
        return None
    return number if np.isfinite(number) else None
