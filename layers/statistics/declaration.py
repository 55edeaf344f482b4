"""What a composite index is made of: groups, parts and indicators with declared weights, read from a JSON file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from layers.errors import InvalidInputError, UnreadableFileError
from layers.statistics.kpis import KPI, Unit

MOST_INDICATORS = 300


@dataclass(frozen=True)
class Indicator:
    """One input of the index.

    group, part : keys of the levels above it
    weight : its share of the whole index; the weights of all indicators add up to one
    kpi : the figure it is taken from, None where another office hands it over under `key`
    worst, best : values that give 0 and 100; `worst` is the greater one where less is better
    shrink : whether rates of small areas are drawn towards the common rate
    """

    key: str
    zh: str
    en: str
    group: str
    part: str
    weight: float
    kpi: str | None
    worst: float
    best: float
    shrink: bool


@dataclass(frozen=True)
class Declaration:
    """An index: its name, how much of the weight must be known for a score, the names of its levels, its indicators."""

    zh: str
    en: str
    minimum_coverage: float
    groups: Mapping[str, tuple[str, str]]
    parts: Mapping[str, tuple[str, str]]
    indicators: tuple[Indicator, ...]


def read_declaration(path: Path | None = None) -> Declaration:
    """The index that a JSON file declares; without a path the template that comes with the software.

    Raises
    ------
    UnreadableFileError : it cannot be read as JSON
    InvalidInputError : a part is missing or makes no sense; the text names it
    """
    source = files("layers.statistics") / "index_template.json" if path is None else path
    try:
        content = json.loads(source.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UnreadableFileError(f"{source.name} cannot be read as JSON in UTF-8; check the file.") from error
    try:
        return _declared(content)
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidInputError(f"{source.name} lacks {error} or has something else in its place.") from None
    except ValueError as error:
        raise InvalidInputError(f"{source.name}: {error}.") from None


def _declared(content: Mapping[str, Any]) -> Declaration:
    coverage = float(content["minimum_coverage"])
    if not 0 < coverage <= 1:
        raise ValueError("minimum_coverage lies above 0 and is at most 1")
    groups, parts, indicators = {}, {}, []
    for group, group_weight in _weighted(content["groups"]):
        groups[str(group["key"])] = (str(group["zh"]), str(group["en"]))
        for part, part_weight in _weighted(group["parts"]):
            key = f"{group['key']}.{part['key']}"
            parts[key] = (str(part["zh"]), str(part["en"]))
            weight = group_weight * part_weight
            indicators += [
                _indicator(item, str(group["key"]), key, weight * own) for item, own in _weighted(part["indicators"])
            ]
    keys = [indicator.key for indicator in indicators]
    if len(set(keys)) != len(keys) or not 1 <= len(keys) <= MOST_INDICATORS:
        raise ValueError(f"it needs 1 to {MOST_INDICATORS} indicators with keys of their own")
    return Declaration(str(content["zh"]), str(content["en"]), coverage, groups, parts, tuple(indicators))


def _weighted(items: list[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], float]]:
    """Each item with its share of the weights beside it."""
    weights = [float(item["weight"]) for item in items]
    if not items or any(not 0 < weight < 1e9 for weight in weights):
        raise ValueError("every level has items, and every item a weight above 0")
    yield from zip(items, (weight / sum(weights) for weight in weights), strict=True)


def _indicator(item: Mapping[str, Any], group: str, part: str, weight: float) -> Indicator:
    kpi, worst, best = item.get("kpi"), float(item["worst"]), float(item["best"])
    if kpi is not None and (kpi not in KPI or KPI[kpi].unit == Unit.COUNT):
        raise ValueError(f"{kpi} is no rate or time that is computed here; counts are no measure of an area")
    if worst == best or not abs(worst) + abs(best) < 1e15:
        raise ValueError(f"{item['key']} needs two different finite numbers as worst and best")
    shrink = bool(item.get("shrink", True))
    return Indicator(str(item["key"]), str(item["zh"]), str(item["en"]), group, part, weight, kpi, worst, best, shrink)
