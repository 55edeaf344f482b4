"""Pairs of addresses whose relation a reader sees at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.address import match, parse


@pytest.mark.parametrize(
    ("one", "other", "label"),
    [
        ("西湖区文三路12号翠苑小区3幢", "西湖区文三路12号翠苑小区3幢", 2),
        ("文三路12号翠苑小区3幢2单元", "文三路12号翠苑小区三幢", 2),
        ("文三路12号翠苑小区3幢", "文三路12号翠苑小区9幢", 1),
        ("文三路12号翠苑小区3幢", "建设路7号人民医院", 0),
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
