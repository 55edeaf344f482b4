"""Pairs of addresses whose relation a reader sees at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.address import Rarity, match, parse


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
