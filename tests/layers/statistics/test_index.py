"""The composite index: declared weights, shrunk rates, and what is missing."""

from __future__ import annotations

import json

import numpy as np
import pytest

from layers.access import EVERYWHERE
from layers.errors import ForbiddenError, InvalidInputError, UnreadableFileError
from layers.statistics.declaration import read_declaration
from layers.statistics.index import composite_index, load_indicators
from layers.statistics.shrink import shrink_rates
from layers.statistics.visits import load_visits
from layers.statistics.weeks import Week
from layers.tables import HouseholdVisit, IndicatorValue
from tests.layers.statistics.conftest import at
from tests.two_towns import ADMIN, AWAY, FOREIGN, HOME, HOME_ADMIN, NORTH

WEEK = Week.parse("2026-W20")
LATER = at("2026-06-20 12:00")


def item(key, weight, **more):
    return {"key": key, "zh": key, "en": key, "weight": weight, "worst": 0, "best": 1} | more


def declare(path, *groups, coverage=0.5):
    levels = [
        item(f"g{i}", weight, parts=[item("p", 1, indicators=inside)]) for i, (weight, *inside) in enumerate(groups)
    ]
    path.write_text(json.dumps({"zh": "指数", "en": "index", "minimum_coverage": coverage, "groups": levels}))
    return path


def test_rates_are_drawn_towards_all_by_their_base():
    """m = 1/2; variance of the rates 0.09, of chance 0.25/10; A = 0.065; C = 0.065 / 0.09 = 13/18."""
    found = shrink_rates(np.array([2.0, 8.0]), np.array([10.0, 10.0]))
    assert found.common == 0.5
    assert found.own_weight == pytest.approx([13 / 18] * 2)
    assert found.rate == pytest.approx([0.5 - 0.3 * 13 / 18, 0.5 + 0.3 * 13 / 18])
    small = shrink_rates(np.array([0.0, 90.0, 10.0, 0.0]), np.array([1.0, 100.0, 100.0, 0.0]))
    assert small.own_weight[0] < small.own_weight[1]
    assert small.rate[3] == small.common == 100 / 201
    alike = shrink_rates(np.array([5.0, 5.0]), np.array([10.0, 10.0]))
    assert alike.rate.tolist() == [0.5, 0.5]
    assert np.isnan(shrink_rates(np.zeros(2), np.zeros(2)).rate).all()
    assert shrink_rates(np.array([3.0]), np.array([3.0])).rate.tolist() == [1.0]


def test_the_template_has_the_levels_of_the_domain_and_no_hidden_weights():
    template = read_declaration()
    assert (len(template.groups), len(template.parts)) == (8, 19)
    assert sum(indicator.weight for indicator in template.indicators) == pytest.approx(1)
    assert template.groups["POLITICAL"][0] == "社会政治安全"
    assert "非官方" in template.zh


def test_scores_are_weighted_means_of_what_is_known(world, course, tmp_path):
    for i in range(8):
        for village, closed in ((NORTH, 2), (f"{HOME}002", 6)):
            steps = {"report": "2026-05-11 08:00", "accept": "2026-05-11 09:00"}
            course(
                f"{village}-{i}", cell=f"{village}001", **steps, **({"close": "2026-05-12 10:00"} if i < closed else {})
            )
    table = tmp_path / "given.csv"
    week = str(WEEK)
    table.write_text(
        f"area_code,week,indicator,numerator,denominator\n{NORTH},{week},fires,3,\n{FOREIGN},{week},fires,9,\n"
    )
    assert load_indicators(world, ADMIN, table, now=LATER) == 2
    path = declare(
        tmp_path / "index.json",
        (3, item("closing", 1, kpi="closing_rate", shrink=False)),
        (1, item("fires", 1, worst=4, best=0)),
    )
    found = composite_index(world, EVERYWHERE, WEEK, read_declaration(path), level="VILLAGE", now=LATER)
    assert list(found.areas.codes) == [NORTH, f"{HOME}002", FOREIGN]
    # 3/4 of 25 and 1/4 of 25; 75 alone on 3/4 of the weight; nothing but a capped 0 on 1/4, which is too little.
    assert found.score[:2] == pytest.approx([25, 75])
    assert np.isnan(found.score[2])
    assert found.coverage == pytest.approx([1, 0.75, 0.25])
    assert found.groups["g1"][2] == 0
    assert found.inputs[1].reason.tolist() == [None, "NOT_HANDED_OVER", None]


def test_small_bases_count_once_they_are_shrunk(world, course, tmp_path):
    for village, n, closed in ((NORTH, 3, 0), (FOREIGN, 10, 10)):
        for i in range(n):
            steps = {"report": "2026-05-11 08:00", "accept": "2026-05-11 09:00"}
            course(
                f"{village}-{i}", cell=f"{village}001", **steps, **({"close": "2026-05-12 10:00"} if i < closed else {})
            )
    path = declare(tmp_path / "index.json", (1, item("closing", 1, kpi="closing_rate")))
    found = composite_index(world, EVERYWHERE, WEEK, read_declaration(path), level="TOWN", now=LATER)
    own = found.inputs[0]
    assert own.own.tolist() == [0, 1]
    assert own.reason.tolist() == [None, None]
    assert 0 < own.used[0] < 10 / 13 < own.used[1] < 1


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"minimum_coverage": 0}, "coverage"),
        ({"groups": []}, "every level has items"),
        ({"groups": None}, "something else"),
        ({"groups": [item("g", -1, parts=[])]}, "weight"),
        (
            {"groups": [item("g", 1, parts=[item("p", 1, indicators=[item("x", 1), item("x", 1)])])]},
            "keys of their own",
        ),
        ({"groups": [item("g", 1, parts=[item("p", 1, indicators=[item("x", 1, kpi="reported")])])]}, "counts"),
        ({"groups": [item("g", 1, parts=[item("p", 1, indicators=[item("x", 1, best=0)])])]}, "two different"),
        ({"zh": None, "en": None, "groups": [{"weight": 1}]}, "lacks"),
    ],
)
def test_declarations_that_make_no_sense_are_refused(tmp_path, change, word):
    path = declare(tmp_path / "index.json", (1, item("x", 1)))
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InvalidInputError, match=word):
        read_declaration(path)


def test_files_that_cannot_be_read_are_refused(tmp_path):
    path = tmp_path / "index.json"
    path.write_text("{")
    with pytest.raises(UnreadableFileError, match="JSON"):
        read_declaration(path)
    with pytest.raises(UnreadableFileError):
        read_declaration(tmp_path / "none.json")


def test_visits_and_figures_are_loaded_all_or_none(world, tmp_path):
    path = tmp_path / "visits.csv"
    header = "grid_code,week,households\n"
    path.write_text(f"{header}{NORTH}001,2026-W20,60\n{NORTH}002,2026-w20,0\n")
    assert load_visits(world, HOME_ADMIN, path, now=LATER) == 2
    path.write_text(f"{header}{NORTH}001,2026-W20,70\n")
    load_visits(world, HOME_ADMIN, path, now=LATER)
    assert {row.households for row in world.query(HouseholdVisit)} == {70, 0}
    rows = [f"{NORTH}001,2026-W60,1", f"{NORTH}001,2026-W20,-1", f"{NORTH}001,2026-W20,x", ",2026-W20,1"]
    for row in [*rows, f"{NORTH}001,2026-W20,1\n{NORTH}001,2026-W20,2"]:
        path.write_text(f"{header}{NORTH}002,2026-W21,5\n{row}\n")
        with pytest.raises(InvalidInputError, match="line"):
            load_visits(world, HOME_ADMIN, path, now=LATER)
    path.write_text(f"{header}{AWAY}001001,2026-W20,5\n")
    with pytest.raises(ForbiddenError):
        load_visits(world, HOME_ADMIN, path, now=LATER)
    path.write_text("grid_code,week\n1,2\n")
    with pytest.raises(UnreadableFileError, match="households"):
        load_visits(world, HOME_ADMIN, path, now=LATER)
    assert world.query(HouseholdVisit).count() == 2
    path.write_text("area_code,week,indicator,numerator,denominator\n1,2026-W20,fires,1,0\n")
    with pytest.raises(InvalidInputError, match="denominator above 0"):
        load_indicators(world, ADMIN, path, now=LATER)
    assert world.query(IndicatorValue).count() == 0
