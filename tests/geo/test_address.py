"""Addresses written by hand, each with the parts a reader of Chinese sees in it."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo.address import Gazetteer, china, normalise, parse, parse_many
from geo.address.record import FIELDS
from geo.errors import InvalidGazetteerError

WRITTEN = {
    "浙江省绍兴市诸暨市枫桥镇枫源村3组12号": {
        "province": "浙江省", "city": "绍兴市", "county": "诸暨市", "township": "枫桥镇", "village": "枫源村",
        "group": "3组", "number": "12号",
    },
    "杭州余杭五常街道文一西路969号": {
        "city": "杭州市", "county": "余杭区", "township": "五常街道", "road": "文一西路", "number": "969号",
    },
    "余杭塘路12号": {"county": None, "road": "余杭塘路", "number": "12号"},
    "上海市静安区柳营路669弄14号1102室": {
        "province": "上海市", "city": "上海市", "road": "柳营路", "lane": "669弄", "number": "14号", "room": "1102室",
    },
    "上海市静安区共和新路街道柳营路5号": {"township": "共和新路街道", "road": "柳营路", "number": "5号"},
    "西湖区翠苑小区三区5幢2单元301": {"estate": "翠苑小区三区", "building": "5幢", "unit": "2单元", "room": "301"},
    "春风苑12-3-1001": {"estate": "春风苑", "building": "12", "unit": "3", "room": "1001"},
    "春风苑12-1001室": {"estate": "春风苑", "building": "12", "room": "1001室"},
    "中山路12号-1": {"road": "中山路", "number": "12号-1"},
    "中山路12号之一": {"road": "中山路", "number": "12号之一"},
    "解放路8号附2号": {"road": "解放路", "number": "8号附2号"},
    "东中街29号东环广场B座5层": {"road": "东中街", "place": "东环广场", "building": "B座", "floor": "5层"},
    "下沙11号大街20号": {"road": "11号大街", "number": "20号"},
    "仙桃市干河街道": {"province": "湖北省", "city": None, "county": "仙桃市", "township": "干河街道"},
    "东莞市南城街道": {"province": "广东省", "city": "东莞市", "county": None, "township": "南城街道"},
    "浙江省杭州市余杭区浙江省杭州市余杭区良渚街道": {"city": "杭州市", "county": "余杭区", "township": "良渚街道"},
    "浙江省-杭州市-江干区-九堡镇": {"city": "杭州市", "county": "江干区", "township": "九堡镇"},
    "广西桂林市秀峰区": {"province": "广西壮族自治区", "city": "桂林市", "county": "秀峰区"},
    "经济开发区东环大道7号": {"zone": "经济开发区", "road": "东环大道", "number": "7号"},
    "文三路5号 西湖区 杭州市": {"city": "杭州市", "county": "西湖区", "road": "文三路", "number": "5号"},
    "邮寄地址嗯浙江省杭州市萧山区新宁路": {"city": "杭州市", "county": "萧山区", "road": "新宁路"},
    "湖南省吉首市凤凰县禾库镇": {"county": "凤凰县", "township": "禾库镇"},
    "汊河街道江苏省扬州市邗江区建华村": {"township": "汊河街道", "county": "邗江区", "village": "建华村"},
    "九堡镇三村5号": {"township": "九堡镇", "village": "三村", "number": "5号"},
    "石村179栋3单元": {"village": None, "estate": "石村", "building": "179栋", "unit": "3单元"},
    "国际商贸城五楼1266号": {"floor": "五楼", "room": "1266号"},
    "台州市路桥区路东街道新塘村": {"county": "路桥区", "township": "路东街道", "village": "新塘村"},
    "枫桥镇石渠七组": {"township": "枫桥镇", "village": "石渠", "group": "七组"},
    "诸暨枫桥双溪村8号": {"county": "诸暨市", "township": "枫桥", "village": "双溪村", "number": "8号"},
    "诸暨枫桥夹山双溪村8号": {"township": "枫桥", "village": "双溪村", "number": "8号"},
    "枫桥镇东片新择湖村": {"township": "枫桥镇", "village": "新择湖村"},
    "浙江省绍兴市诸暨市店口镇浙江省绍兴市诸暨市店口镇湖西村5号": {"township": "店口镇", "village": "湖西村"},
    "武汉市江岸区百步街办事处建设路11号": {"county": "江岸区", "township": "百步街办事处", "road": "建设路"},
    "诸暨市孝义镇大路村": {"township": "孝义镇", "village": "大路村", "road": None},
    "诸暨市庙下乡芝山村6号": {"township": "庙下乡", "village": "芝山村", "number": "6号"},
    "义乌学院路99号": {"county": "义乌市", "township": None, "road": "学院路", "number": "99号"},
    "湖南省长沙市湖南长沙": {"city": "长沙市", "county": None},
    "庙坞村后山自然村5号": {"village": "庙坞村", "hamlet": "后山自然村", "number": "5号"},
}  # fmt: skip


@pytest.mark.parametrize("text", WRITTEN)
def test_parts_are_those_a_reader_sees(text):
    found = parse(text)
    assert {name: getattr(found, name) for name in WRITTEN[text]} == WRITTEN[text]


def test_upper_levels_are_filled_in_and_named():
    found = parse("余杭区")
    assert (found.province, found.city, found.code) == ("浙江省", "杭州市", "330110")
    assert found.completed == {"province", "city"}


def test_an_ambiguous_county_keeps_its_upper_levels_open():
    found = parse("鼓楼区中山路1号")
    assert (found.province, found.city, found.county, found.code) == (None, None, "鼓楼区", None)


def test_a_former_name_finds_its_city():
    assert parse("绍兴县柯岩街道").city == "绍兴市"


@pytest.mark.parametrize(
    ("text", "kind", "bearing", "metres"),
    [
        ("大井加油站对面", "opposite", None, None),
        ("中山路5号东北侧", "side", "东北", None),
        ("中山路5号往北300米", "distance", "北", 300.0),
        ("人民医院附近", "near", None, None),
    ],
)
def test_offsets_keep_their_kind(text, kind, bearing, metres):
    (offset,) = parse(text).offsets
    assert (offset.kind, offset.bearing, offset.distance_m) == (kind, bearing, metres)


def test_a_crossing_names_both_roads():
    found = parse("盈丰路与鸿宁路交叉口")
    assert found.road == "盈丰路"
    assert found.offsets[0].road == "鸿宁路"


def test_noise_goes():
    assert parse("地址：文三路 5 号，电联13812345678").parts() == {"road": "文三路", "number": "5号"}


def test_a_traditional_address_is_the_simplified_one():
    assert parse("臺州市椒江區解放路１２號3樓") == parse("台州市椒江区解放路12号3楼")


def test_townships_and_villages_come_from_the_caller():
    local = china() | Gazetteer.of(["枫桥镇", "枫源村委会"], ["330681109000", "330681109219"])
    found = parse("诸暨枫桥枫源12号", local)
    assert (found.township, found.village, found.number) == ("枫桥镇", "枫源村", "12号")
    assert found.code == "330681109219"
    assert parse("枫桥镇枫源村", local).city == "绍兴市"


def test_a_township_that_was_reformed_finds_its_code():
    local = china() | Gazetteer.of(["枫桥街道", "枫源村村委会"], ["330681109", "330681109219"])
    found = parse("诸暨市枫桥镇枫源12号", local)
    assert (found.township, found.village, found.code) == ("枫桥镇", "枫源村", "330681109219")


def test_an_estate_is_not_the_community_named_after_it():
    local = china() | Gazetteer.of(["枫桥镇", "湖滨人家社区"], ["330681109", "330681109010"])
    assert parse("枫桥镇湖滨人家8-2-301", local).village is None
    assert parse("枫桥镇湖滨人家社区8号", local).village == "湖滨人家社区"


def test_the_built_in_names_cover_the_country():
    names = china()
    assert names.name("33") == "浙江省"
    assert names.name("330681") == "诸暨市"
    assert sum(len(code) == 2 for code in names._names) == 34


@pytest.mark.parametrize("code", ["", "33068x", "3306811", 330681, "３３０６８１"])
def test_a_wrong_code_is_refused(code):
    with pytest.raises(InvalidGazetteerError):
        Gazetteer.of(["某镇"], [code])


def test_names_and_codes_must_pair():
    with pytest.raises(InvalidGazetteerError):
        Gazetteer.of(["某镇"], [])


WORDS = """浙江省 杭州 余杭区 江干 五常街道 九堡镇 顾家桥社区 庙坞村 3组 文一西路 与鸿宁路 11号大街 669弄 12号
12号之一 翠苑小区
二期 东环广场 5幢 2单元 八楼 -1 3-2-501 501室 对面 东侧 交叉口 （店） 电联 A B座 开发区 1３"""
PIECES = st.sampled_from([*WORDS.split(), " "])
ANY = st.text(max_size=40) | st.lists(PIECES, max_size=9).map("".join)


@settings(max_examples=300)
@given(ANY)
@example("")
@example("　")
@example("((((号号号-----")
def test_any_text_has_an_answer_made_of_itself(text):
    found = parse(text)
    for name in FIELDS:
        value = getattr(found, name)
        if value is not None and name not in found.completed and name != "rest":
            assert value in found.text
    assert all(piece in found.text for piece in (found.rest or "").split(" "))


@settings(max_examples=300)
@given(ANY)
def test_normalising_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)


@settings(max_examples=200)
@given(st.lists(PIECES, max_size=9).map("".join))
def test_width_makes_no_difference(text):
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    assert parse(wide) == parse(text)


@settings(max_examples=100)
@given(st.lists(ANY, max_size=5))
def test_a_batch_gives_the_single_answers(texts):
    assert parse_many(texts) == [parse(text) for text in texts]


@pytest.mark.parametrize("text", WRITTEN)
def test_the_full_form_gives_the_same_parts(text):
    found = parse(text)
    again = parse(found.full()).parts()
    loose = {"rest", "place"}  # words without a field lose their position
    assert {k: v for k, v in again.items() if k not in loose} == {
        k: v for k, v in found.parts().items() if k not in loose
    }
