# ruff: noqa: E501  (tables of patterns and words; a Chinese character counts as two columns)
"""What a column is, by its header: 学籍号, 家长1姓名, 与学生关系, 父亲电话 … and what stands in two rows of header.

A column is `pupil.ATTRIBUTE`, `guardian.SLOT.ATTRIBUTE` or `ignore`. Slots are `father`, `mother`, other relations, or a
number; `bare` means a phone or relation without an owner in its header, which its neighbours decide.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy as _

PUPIL_FIELDS = {
    "name": _("Pupil: name"),
    "student_number": _("Pupil: student number (学籍号)"),
    "school_number": _("Pupil: number within the school (学号)"),
    "id_number": _("Pupil: ID number"),
    "sex": _("Pupil: sex"),
    "born_on": _("Pupil: birth date"),
    "grade": _("Grade"),
    "class": _("Class"),
    "phone": _("Pupil: phone"),
    "address": _("Home address"),
    "email": _("Pupil: email"),
    "school": _("School"),
}
GUARDIAN_FIELDS = {
    "name": _("name"),
    "relation": _("relation to the pupil"),
    "phone": _("phone"),
    "id_number": _("ID number"),
    "email": _("email"),
}
RELATION_SLOTS = {
    "father": "父亲|爸爸|父",
    "mother": "母亲|妈妈|母",
    "grandfather_p": "爷爷|祖父",
    "grandmother_p": "奶奶|祖母",
    "grandfather_m": "外公|姥爷|外祖父",
    "grandmother_m": "外婆|姥姥|外祖母",
}
_OWNER = "成员或监护人|家长|监护人|家庭成员|家属|联系人|紧急联系人|亲属|成员|法定监护人|家庭主要成员|主要监护人"
_ENGLISH = {
    "father": "father|dad", "mother": "mother|mom|mum", "": "guardian|parent|contact|emergencycontact",
}  # fmt: skip
_NUMBER = {"一": "1", "二": "2", "三": "3", "四": "4", "甲": "1", "乙": "2", **{n: n for n in "1234"}}

_GUARDIAN_ATTRIBUTES = [
    ("name", r"(的)?(姓名|名字|名称|名)?|name|fullname"),
    ("relation", r"(与|和|同)?(学生|本人|孩子|该生|被监护人)?(之间)?(的)?(关系|称谓|称呼|身份关系|亲属关系)|relation(ship)?(tostudent|tochild|topupil)?"),
    ("phone", r"(的)?(联系|手机|移动|电话|联系人)*(电话|手机|号码|手机号|联系方式|号)(号|号码)?|phone(number)?|mobile(number|phone)?|tel(ephone)?|cell(phone)?"),
    ("id_number", r"(的)?(居民)?(身份)?证件?(号|号码)|身份证|idnumber|idcard(number)?|idno"),
    ("email", r"(的)?(电子)?(邮箱|邮件)(地址)?|e-?mail(address)?"),
]  # fmt: skip
_PUPIL_ATTRIBUTES = [
    ("student_number", r"(全国|国网|国家|省|市|新|学生)*学籍(主)?(编号|号码|号)|全国学籍|国网号|g号|nationalstudent(number|id)"),
    ("school_number", r"(学生|校内|本校|在校)?(学号|编码|编号)|学生id|student(number|no|id|code)|studentidnumber"),
    ("name", r"(学生|幼儿|孩子|儿童|宝宝|学员)?(的)?(中文)?(姓名|名字)|学生|幼儿|名字|(student|pupil|child)?(full)?name|student|pupil"),
    ("sex", r"(学生|幼儿)?性别(码)?|sex|gender"),
    ("born_on", r"(学生|幼儿)?(出生|生日)(年月日|日期|年月|时间)?|出生|birth(date|day)?|dateofbirth|dob|bornon"),
    ("id_number", r"(学生|本人|幼儿)?(居民)?身份证(件)?(号|号码)?|(学生|本人)?(身份)?证件(号|号码)|(student|pupil)?(idcard(number)?|idnumber|nationalid)"),
    ("grade", r"(所在|就读|所属|当前|现|学生)?(年级|级别|届别|入学年份|年级名称)|grade(level)?|year(group)?"),
    ("class", r"(所在|就读|行政|所属|当前|现|学生)?(班级|班别|班次|班号|班)(名称|名|号|编号|序号|简称)?|年级班级|年级/班级|class(name|room)?|homeroom|form"),
    ("address", r"(学生|家庭|现|常住|居住|现居|通讯|通信|联系|详细|家庭现|现家庭|实际居住)*(住址|地址|居住地|居住地址|家庭地址)|(home)?address"),
    ("email", r"学生(电子)?(邮箱|邮件)|studentemail"),
    ("phone", r"(学生|本人|幼儿)(本人)?(联系|手机|移动)*(电话|手机|号码|手机号|联系方式)(号码|号)?|student(phone|mobile)"),
    ("school", r"(所在|就读)?(学校|校区|园所|幼儿园)(名称)?|school(name)?"),
]  # fmt: skip
_BARE = [
    ("phone", r"(家庭|家里|联系|手机|移动|常用|有效)*(电话|手机|手机号|联系方式|联系电话)(号码|号)?|联系号码|手机号码|phone(number)?|mobile(number|phone)?|tel(ephone)?|contact(number|phone)"),
    ("relation", r"(与|和|同)(学生|本人|孩子|该生)(之间)?(的)?关系|关系|称谓|亲属关系|relation(ship)?(to(student|child|pupil))?"),
]  # fmt: skip
_IGNORED = (
    r"序号?|编号|学籍辅号|no|#|行号|座号|座位号|班内序号|民族|政治面貌|籍贯|国籍.*|户口.*|户籍.*|出生地.*|健康.*|血型|港澳台.*|独生.*|留守.*|随迁.*|"
    r"是否.*|入学.*|就读方式|学生来源|住宿.*|寄宿.*|走读.*|乘.*|校车.*|上下学.*|残疾.*|备注|说明|注|特长|爱好|照片|曾用名|英文名|姓名拼音|拼音|"
    r"邮政编码|邮编|主页.*|工作单位|单位|职务|职业|学历|文化程度|微信号?|qq号?|家长签名|签名|签字|班主任.*|教师.*|身份证(件)?类型|证件类型|身份证有效期|"
    r".*(工作单位|职务|职业|学历|文化程度|民族|微信号?|户籍.*|户口.*|是否.*|年龄|出生.*|证件类型|身份证(件)?类型|政治面貌)|年龄|毕业.*|学籍状态|状态|"
    r"remarks?|notes?|ethnicity|nationality|index|age"
)
_GENERIC_PARENTS = re.compile(
    r"^(学生|幼儿|个人)?(基本|学籍|个人|基础)(信息|情况|资料)|^(学生|幼儿)(信息|情况|资料)|^家庭(信息|情况|成员情况)"
)


def normal_header(text: str) -> str:
    """A header without spaces, stars, units and notes: “ *家长1\\n姓名（必填）” is 家长1姓名."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(r"[\s*_★※●▲:.。'\"]", "", text)
    owner = ""
    for bracket in re.findall(r"[(\[【]([^)\]】]*)[)\]】]", text):
        if re.fullmatch(rf"({'|'.join(RELATION_SLOTS.values())}|{_OWNER}|学生)[1-4一二三四]?", bracket):
            owner = bracket
        elif bracket in _NUMBER:
            owner = owner or f"#{bracket}"
    bare = re.sub(r"[(\[【][^)\]】]*[)\]】]?", "", text)
    if owner.startswith("#"):
        return bare + owner[1:]
    if re.match(_OWNER, bare) and re.match(_OWNER, owner):
        return bare  # 家长（监护人）姓名
    return owner + bare if owner and not bare.startswith(owner) else bare


def field_of(header: str) -> str | None:
    """What one header says its column holds; None when it is not known."""
    text = _GENERIC_PARENTS.sub("", normal_header(header))
    if not text:
        return None
    if slot := _slot(text):
        name, rest = slot
        for attribute, pattern in _GUARDIAN_ATTRIBUTES:
            if re.fullmatch(pattern, rest):
                return f"guardian.{name}.{attribute}"
        return "ignore" if re.fullmatch(_IGNORED, rest) else None
    for attribute, pattern in _PUPIL_ATTRIBUTES:
        if re.fullmatch(pattern, text):
            return f"pupil.{attribute}"
    numbered = re.fullmatch(r"(.+?)([1-4])", text)
    for attribute, pattern in _BARE:
        if re.fullmatch(pattern, text):
            return f"guardian.bare.{attribute}"
        if numbered and re.fullmatch(pattern, numbered[1]):
            return f"guardian.{numbered[2]}.{attribute}"
    return "ignore" if re.fullmatch(_IGNORED, text) else None


def _slot(text: str) -> tuple[str, str] | None:
    """(slot, the rest of the header) when the header speaks of an adult."""
    for slot, words in RELATION_SLOTS.items():
        if match := re.match(rf"(?:学生)?(?:{words})(?:家长|监护人)?(?:信息|情况|资料)?", text):
            return slot, text[match.end() :]
    if match := re.match(rf"(?:学生)?第([一二三四1-4])(?:个)?(?:{_OWNER})(?:信息|情况|资料)?", text):
        return _NUMBER[match[1]], text[match.end() :]
    owner = rf"(?:学生)?(?:{_OWNER})(?:信息|情况|资料)?"
    if match := re.match(rf"{owner}([一二三四1-4甲乙]?)(?:信息|情况|资料)?", text):
        rest, number = text[match.end() :], match[1]
        if not number and (tail := re.fullmatch(r"(.*?)([1-4])", rest)):
            rest, number = tail[1], tail[2]
        return _NUMBER.get(number, "0"), rest
    for slot, words in _ENGLISH.items():
        if match := re.match(rf"(?:{words})'?s?([1-4]?)", text):
            return slot or match[1] or "0", text[match.end() :]
    return None


def fields_of(headers: Sequence[str], mapping: Mapping[str, str]) -> list[str | None]:
    """What every column of a header row holds. `mapping` (normal header to field) overrules; neighbours settle the rest.

    A bare 关系 or 手机 belongs to the guardian whose name stands before it; a second 姓名 is a guardian's; of two
    columns for one thing the first counts.
    """
    known: list[str | None] = []
    for header in headers:
        mapped = mapping.get(normal_header(header)) if header else None
        known.append(mapped if mapped else field_of(header) if header else None)
    taken: set[str] = set()
    slot = ""  # the guardian whose columns are being read
    unnumbered = 0
    result: list[str | None] = []
    for position, field in enumerate(known):
        found = field
        if found == "pupil.name" and found in taken and not mapping.get(normal_header(headers[position])):
            found = "guardian.0.name"
        if found and found.startswith("guardian.0."):
            attribute = found.rsplit(".", 1)[1]
            if attribute == "name" or not slot.startswith("u") or f"guardian.{slot}.{attribute}" in taken:
                unnumbered += 1
                slot = f"u{unnumbered}"
            found = f"guardian.{slot}.{attribute}"
        elif found and found.startswith("guardian.") and not found.startswith("guardian.bare."):
            slot = found.split(".")[1]
        elif found and found.startswith("guardian.bare."):
            attribute = found.rsplit(".", 1)[1]
            if slot and f"guardian.{slot}.{attribute}" not in taken:
                found = f"guardian.{slot}.{attribute}"
            elif f"guardian.bare.{attribute}" in taken:
                found = None
        elif found == "pupil.id_number" and found in taken and slot:
            found = f"guardian.{slot}.id_number"
        if found and found != "ignore" and found in taken:
            found = None
        if found:
            taken.add(found)
        result.append(found)
    return result


def score(fields: Sequence[str | None]) -> int:
    """How much a row looks like the header of a list of pupils; 0 without a name column."""
    known = {field for field in fields if field and field != "ignore"}
    if "pupil.name" not in known:
        return 0
    return len(known)


def all_fields() -> dict[str, object]:
    """Every choice of the mapping page: code to label."""
    choices: dict[str, object] = {f"pupil.{name}": label for name, label in PUPIL_FIELDS.items()}
    for slot, owner in (("father", _("Father")), ("mother", _("Mother")), *[(n, n) for n in "1234"]):
        for name, label in GUARDIAN_FIELDS.items():
            who = owner if slot in {"father", "mother"} else _("Guardian %(number)s") % {"number": owner}
            choices[f"guardian.{slot}.{name}"] = (who, label)
    return choices
