"""Numbers as they are written, and their values counted by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.address.numbers import chinese_number, number_key


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("一百零五", 105),
        ("一二三", 123),
        ("两百", 200),
        ("〇", 0),
        ("", None),
        ("路", None),
    ],
)
def test_chinese_numerals(text, value):
    assert chinese_number(text) == value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("十二号", "12号"),
        ("12号之一", "12号-1"),
        ("Ｂ座", "b座"),
        ("3幢", "3号楼"),
        ("负一楼", "地下1层"),
        ("B1层", "-1楼"),
        ("012室", "12"),
        ("3组", "三组"),
    ],
)
def test_equal_numbers_have_equal_keys(one, other):
    assert number_key(one) == number_key(other)


def test_different_numbers_have_different_keys():
    assert len({number_key(text) for text in ("12号", "1-2号", "2号", "A座", "B座", "-1楼", "1楼")}) == 7


@given(st.text(max_size=12))
def test_any_text_has_a_key(text):
    assert isinstance(number_key(text), str)
