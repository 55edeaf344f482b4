"""Pairs of addresses whose relation a reader sees at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.address import Rarity, match, match_many, parse


@pytest.mark.parametrize(
    ("one", "other", "label"),
    [
        ("西湖区文三路12号翠苑小区3幢", "西湖区文三路12号翠苑小区3幢", 2),
        ("文三路12号翠苑小区3幢2单元", "文三路12号翠苑小区三幢", 2),
        ("文三路12号翠苑小区3幢", "文三路12号翠苑小区9幢", 1),
        ("文三路12号翠苑小区3幢", "建设路7号人民医院", 0),
        ("枫桥镇双溪村40号", "诸暨市双溪村", 1),
        ("枫桥镇双溪村40号", "诸暨市双溪村40号", 2),
        ("建设路8号人民医院", "建设路8号人民医院(西门)", 1),
        ("建设路8号", "建设路8号", 2),
    ],
)
def test_labels(one, other, label):
    assert match(one, other).label == label


def test_the_building_is_the_reason():
    same, other = match("翠苑小区3幢", "翠苑小区三幢"), match("翠苑小区3幢", "翠苑小区9幢")
    assert same.score > other.score
    assert dict(same.reasons)["building"] > 0 > dict(other.reasons)["building"]


def test_parsed_addresses_give_the_answer_of_their_text():
    one, other = "文三路12号翠苑小区", "文三路翠苑小区"
    assert match(parse(one), parse(other)) == match(one, other)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_pair_has_a_score(one, other):
    assert 0.0 <= match(one, other).score <= 1.0


def test_what_few_addresses_have_weighs_more():
    rarity = Rarity.of(["文三路翠苑小区", "建设路青年小区", "解放路桃园小区", "和平路桃园小区"])
    assert rarity.weight(["小区"]) < rarity.weight(["桃园"]) < rarity.weight(["翠苑"]) < rarity.weight(["枫桥"])
    assert rarity.weight(["翠苑", "小区"]) == pytest.approx(rarity.weight(["翠苑"]) + rarity.weight(["小区"]))


def test_rarity_does_not_depend_on_the_order_of_texts():
    texts = ["文三路12号", "建设路12号", "文三路翠苑"]
    pieces = ["文三", "12", "翠苑"]
    assert Rarity.of(texts).weight(pieces) == Rarity.of(reversed(texts)).weight(pieces)


def test_reasons_name_their_evidence():
    found = match("文三路12号翠苑小区3幢", "文三路12号翠苑小区")
    assert dict(found.reasons)["door"] > 0 > dict(found.reasons)["building"]


def test_the_name_behind_the_way_tells_part_from_whole():
    whole = "户部街15号兴业大厦卫虹医药公司"
    assert match(whole, "户部街15号兴业大厦").label == 1
    assert match(whole, "户部街15号卫虹医药公司").score > match(whole, "户部街15号兴业大厦").score


def test_another_city_speaks_against_and_an_unnamed_one_does_not():
    here, there, unsaid = (match("南京市江宁区魏庄村", b) for b in ("江宁区魏庄村", "绍兴市诸暨市魏庄村", "魏庄村"))
    assert here.score > unsaid.score > there.score


def test_a_single_candidate_has_the_answer_of_match():
    assert match_many("翠苑小区3幢", ["翠苑小区"]) == [match("翠苑小区3幢", "翠苑小区")]
    assert match_many("翠苑小区3幢", []) == []


def test_likely_candidates_speak_for_each_other_and_exact_ones_against():
    one, gate, far = "建设路8号人民医院住院部", "建设路8号人民医院(西门)", "文三路5号"
    with_gate, with_far = (dict(match_many("建设路8号人民医院", [one, b])[0].reasons) for b in (gate, far))
    assert with_gate["others"] > with_far["others"] > 0
    rival, none = (dict(match_many("建设路8号人民医院", [gate, b])[0].reasons) for b in ("建设路8号人民医院", far))
    assert rival["rivals"] < none["rivals"]


@given(st.permutations(["建设路8号人民医院", "建设路8号人民医院(西门)", "人民医院", "文三路5号", ""]))
def test_the_order_of_candidates_does_not_count(candidates):
    found = dict(zip(candidates, match_many("建设路8号人民医院", candidates), strict=True))
    for candidate, expected in zip(sorted(found), match_many("建设路8号人民医院", sorted(found)), strict=True):
        assert found[candidate].label == expected.label
        assert found[candidate].score == pytest.approx(expected.score, abs=2e-4)


def test_the_rarest_pieces_are_a_share_of_the_most_there_can_be():
    rarity = Rarity({"翠苑": 6.0, "小区": 2.0, "文三": 4.0}, unknown=10.0)
    assert rarity.rarest(["小区", "翠苑", "文三"], 2) == pytest.approx(0.5)
    assert rarity.rarest([], 3) == 0.0
