"""Columns about persons, and secrets of devices: they are left at the door, whatever the layer."""

from __future__ import annotations

import re
import unicodedata

_CHINESE = (
    *(
        "姓名",
        "户主",
        "人名",
        "联系人",
        "负责人",
        "责任人",
        "报告人",
        "上报人",
        "举报人",
        "投诉人",
        "信访人",
        "当事人",
        "报案人",
    ),
    *(
        "来电人",
        "诉求人",
        "申请人",
        "居民姓",
        "业主",
        "房主",
        "房东",
        "租客",
        "租户",
        "网格员",
        "身份证",
        "证件号",
        "证件类",
        "护照",
    ),
    *(
        "手机",
        "电话",
        "联系方式",
        "微信",
        "邮箱",
        "电子邮件",
        "人脸",
        "车牌",
        "车辆号",
        "号牌",
        "重点人",
        "特殊人",
        "人员名单",
        "黑名单",
        "布控",
    ),
    *(
        "民族",
        "宗教",
        "政治面貌",
        "党员",
        "出生",
        "性别",
        "年龄",
        "籍贯",
        "户籍地",
        "残疾",
        "低保",
        "健康",
        "病史",
        "指纹",
        "虹膜",
        "刑满",
        "吸毒",
    ),
    *("密码", "口令", "登录名", "用户名", "账号", "功能类型"),
)
_WORDS = frozenset(
    (
        *(
            "phone",
            "phones",
            "mobile",
            "telephone",
            "tel",
            "cellphone",
            "fax",
            "email",
            "mail",
            "wechat",
            "qq",
            "contact",
        ),
        *("idcard", "idno", "idnumber", "passport", "ssn", "nationalid", "identity"),
        *(
            "face",
            "faces",
            "facial",
            "plate",
            "plates",
            "licenseplate",
            "platenumber",
            "fingerprint",
            "iris",
            "biometric",
            "watchlist",
        ),
        *(
            "keyperson",
            "blacklist",
            "suspect",
            "suspects",
            "person",
            "persons",
            "people",
            "resident",
            "residents",
            "citizen",
        ),
        *("password", "passwd", "pwd", "username", "login", "secret", "token", "credential", "credentials"),
        *(
            "firstname",
            "lastname",
            "surname",
            "forename",
            "fullname",
            "givenname",
            "familyname",
            "ownername",
            "householder",
        ),
        *(
            "headofhousehold",
            "landlord",
            "tenant",
            "owner",
            "reporter",
            "reporters",
            "complainant",
            "caller",
            "informant",
            "victim",
        ),
        *(
            "birth",
            "birthday",
            "birthdate",
            "dob",
            "gender",
            "sex",
            "ethnicity",
            "nationality",
            "religion",
            "disability",
            "health",
        ),
        *("functiontype", "imei", "mac", "operator"),
    )
)
_PAIRS = re.compile(
    r"id card|id no|id number|key person|first name|last name|full name|given name|family name|owner name|"
    r"function type|license plate|user name|head of household|date of birth"
)
# A household, an address or a report has no name of its own, so a name in such a file is somebody's.
_NAMELESS = frozenset({"households", "blocks", "addresses", "reports"})
_DEVICE = frozenset({"reports"})


def person_columns(headers: list[str], layer: str) -> list[str]:
    """Those of the headers that speak of persons, or of passwords and recognition functions of cameras."""
    return [header for header in headers if _is_personal(header, layer)]


def _is_personal(header: str, layer: str) -> bool:
    text = unicodedata.normalize("NFKC", header)
    if any(part in text for part in _CHINESE):
        return True
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    words = re.findall(r"[a-z]+", spaced.casefold())
    if _WORDS.intersection(words) or "".join(words) in _WORDS or _PAIRS.search(" ".join(words)):
        return True
    if layer in _NAMELESS and words == ["name"]:
        return True
    return layer in _DEVICE and words == ["device", "id"]
