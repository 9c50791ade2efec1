# ruff: noqa: DTZ001  (rows of tables; Excel knows no time zones)
"""Reading: every shape a school's list comes in says the same, and each bad cell is named."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from homeroom.roster.reading.headers import field_of, fields_of

from .files import EXPECTED, HEADER, ROWS, archive, csv_text, read, told, xls, xlsx

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


def test_a_plain_workbook_is_read(tmp_path):
    assert told(read(xlsx(tmp_path / "a.xlsx", {"Sheet1": [HEADER, *ROWS]}))) == EXPECTED


def test_an_old_workbook_is_read(tmp_path):
    assert told(read(xls(tmp_path / "a.xls", {"名单": [HEADER, *ROWS]}))) == EXPECTED


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_text_is_read_in_any_encoding_and_with_any_delimiter(tmp_path, encoding, delimiter):
    path = tmp_path / "a.csv"
    path.write_bytes(csv_text(delimiter=delimiter).encode(encoding))
    assert told(read(path)) == EXPECTED


def test_text_of_traditional_characters_in_gb18030_is_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(csv_text([["姓名", "班级", "学号"], ["䶮小龘", "三年级2班", "1"]]).encode("gb18030"))
    assert read(path).pupils[0].name == "䶮小龘"


@pytest.mark.parametrize(
    ("header", "meaning"),
    [
        ("学籍号", "pupil.student_number"),
        ("全国学籍号", "pupil.student_number"),
        ("国网学籍号", "pupil.student_number"),
        ("学号", "pupil.school_number"),
        ("姓名", "pupil.name"),
        ("学生姓名", "pupil.name"),
        ("姓　名", "pupil.name"),
        ("学生\n姓名", "pupil.name"),
        ("*姓名（必填）", "pupil.name"),
        ("性别", "pupil.sex"),
        ("出生年月日", "pupil.born_on"),
        ("身份证件号", "pupil.id_number"),
        ("所在年级", "pupil.grade"),
        ("班级名称", "pupil.class"),
        ("家庭住址", "pupil.address"),
        ("现住址", "pupil.address"),
        ("学生电话", "pupil.phone"),
        ("家长1姓名", "guardian.1.name"),
        ("家长一姓名", "guardian.1.name"),
        ("家长姓名2", "guardian.2.name"),
        ("家长（1）姓名", "guardian.1.name"),
        ("家长1与学生关系", "guardian.1.relation"),
        ("第二监护人联系电话", "guardian.2.phone"),
        ("成员或监护人1姓名", "guardian.1.name"),
        ("家长（监护人）姓名", "guardian.0.name"),
        ("父亲姓名", "guardian.father.name"),
        ("父亲手机号码", "guardian.father.phone"),
        ("联系电话（母亲）", "guardian.mother.phone"),
        ("妈妈电话", "guardian.mother.phone"),
        ("外婆电话", "guardian.grandmother_m.phone"),
        ("联系电话", "guardian.bare.phone"),
        ("手机号码", "guardian.bare.phone"),
        ("电话(必填，11位)", "guardian.bare.phone"),
        ("与学生关系", "guardian.bare.relation"),
        ("民族", "ignore"),
        ("父亲工作单位", "ignore"),
        ("序号", "ignore"),
        ("备注", "ignore"),
        ("Student number", "pupil.school_number"),
        ("Guardian 1 name", "guardian.1.name"),
        ("Guardian 2 relation", "guardian.2.relation"),
        ("Mother phone", "guardian.mother.phone"),
        ("宿舍楼", None),
        ("语文", None),
    ],
)
def test_headers_are_recognised(header, meaning):
    assert field_of(header) == meaning


def test_columns_without_an_owner_belong_to_the_guardian_before_them():
    headers = ["姓名", "班级", "家长姓名", "关系", "电话", "家长姓名", "关系", "电话"]
    assert fields_of(headers, {})[2:] == [
        "guardian.u1.name", "guardian.u1.relation", "guardian.u1.phone",
        "guardian.u2.name", "guardian.u2.relation", "guardian.u2.phone",
    ]  # fmt: skip


def test_what_the_school_said_about_a_header_overrules(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", {"s": [["花名", "班级", "紧急号"], ["林小满", "三年级2班", "13900000001"]]})
    assert read(path).pupils == []
    reading = read(path, mapping={"花名": "pupil.name", "紧急号": "guardian.1.phone"})
    assert told(reading) == [("林小满", "3-2", [("", "other", "13900000001")])]


@pytest.mark.parametrize(
    ("sheet", "found"),
    [
        ("三年级2班", "3-2"),
        ("三(2)班", "3-2"),
        ("三（2）班", "3-2"),
        ("302", "3-2"),
        ("2024级2班", "3-2"),
        ("3-2", "3-2"),
    ],
)
def test_the_class_of_a_sheet_comes_from_its_name(tmp_path, sheet, found):
    path = xlsx(
        tmp_path / "a.xlsx",
        {sheet: [["学号", "姓名"], ["1", "林小满"]], "六年级1班": [["学号", "姓名"], ["2", "何木"]]},
    )
    assert [each[1] for each in told(read(path))] == [found, "6-1"]


def test_title_rows_two_row_headers_repeated_headers_and_footers(tmp_path):
    rows = [
        ["春晖小学2026—2027学年学生花名册"],
        ["班级：三年级2班", "", "", "班主任：王老师"],
        ["序号", "学号", "姓名", "父亲", "", "母亲", ""],
        ["", "", "", "姓名", "电话", "姓名", "电话"],
        [1, "01", "林小满", "林涛", 13900000002.0, "周敏", "139 0000 0001"],
        ["序号", "学号", "姓名", "父亲", "", "母亲", ""],
        [2, "02", "何嘉木", "何志远", "+86 13900000003", "", ""],
        [3, "", "", "", "", "", ""],
        ["合计：2人"],
        ["制表人：李老师", "", "", "审核："],
    ]
    reading = read(xlsx(tmp_path / "a.xlsx", {"Sheet1": rows}, merges=["A1:G1", "D3:E3", "F3:G3"]))
    assert told(reading) == [
        ("林小满", "3-2", [("林涛", "father", "13900000002"), ("周敏", "mother", "13900000001")]),
        ("何嘉木", "3-2", [("何志远", "father", "13900000003")]),
    ]
    assert reading.rejected == []
    assert [pupil.student_number for pupil in reading.pupils] == ["01", "02"]


def test_a_class_merged_down_its_rows_is_everyones(tmp_path):
    rows = [["班级", "学号", "姓名"], ["三年级2班", "1", "林小满"], ["", "2", "何嘉木"], ["", "3", "沈一一"]]
    reading = read(xlsx(tmp_path / "a.xlsx", {"s": rows}, merges=["A2:A4"]))
    assert [each[1] for each in told(reading)] == ["3-2"] * 3


def test_one_row_for_each_guardian_of_a_merged_pupil(tmp_path):
    rows = [
        ["学号", "姓名", "班级", "监护人姓名", "关系", "电话"],
        ["1", "林小满", "三年级2班", "周敏", "母亲", "13900000001"],
        ["", "", "", "林涛", "父亲", "13900000002"],
    ]
    reading = read(xlsx(tmp_path / "a.xlsx", {"s": rows}, merges=["A2:A3", "B2:B3", "C2:C3"]))
    assert told(reading) == [EXPECTED[0]]


def test_hidden_columns_are_read_but_a_visible_one_counts_first(tmp_path):
    rows = [["学号", "姓名", "班级", "母亲电话", "学号"], ["0", "林小满", "三年级2班", "13900000001", "1"]]
    reading = read(xlsx(tmp_path / "a.xlsx", {"s": rows}, hidden="AD"))
    assert reading.pupils[0].student_number == "1"
    assert reading.pupils[0].guardians[0].phone == "13900000001"
    assert [column.hidden for column in reading.sheets[0].columns] == [True, False, False, True, False]


def test_hidden_sheets_and_instructions_are_left_out(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", {"名单": [HEADER, *ROWS], "填写说明": [HEADER, *ROWS], "去年": [HEADER, *ROWS]})
    import openpyxl

    book = openpyxl.load_workbook(path)
    book["去年"].sheet_state = "hidden"
    book.save(path)
    reading = read(path)
    assert [sheet.state for sheet in reading.sheets] == ["read", "instructions", "hidden"]
    assert told(reading) == EXPECTED


@pytest.mark.parametrize(
    ("cell", "guardians"),
    [
        (13900000001, [("周敏", "mother", "13900000001")]),
        (13900000001.0, [("周敏", "mother", "13900000001")]),
        ("１３９０００００００１", [("周敏", "mother", "13900000001")]),
        ("+86 139-0000-0001", [("周敏", "mother", "13900000001")]),
        ("0086 13900000001", [("周敏", "mother", "13900000001")]),
        ("0571-88886666", [("周敏", "mother", "057188886666")]),
        ("妈妈13900000001", [("周敏", "mother", "13900000001")]),
        ("无", [("周敏", "mother", "")]),
    ],
)
def test_phones_are_read_however_they_are_written(tmp_path, cell, guardians):
    rows = [["学号", "姓名", "班级", "母亲姓名", "母亲电话"], ["1", "林小满", "三年级2班", "周敏", cell]]
    reading = read(xlsx(tmp_path / "a.xlsx", {"s": rows}))
    assert told(reading)[0][2] == guardians
    assert not reading.doubts


def test_two_numbers_in_a_cell_are_asked_about(tmp_path):
    rows = [
        ["学号", "姓名", "班级", "母亲姓名", "母亲电话"],
        ["1", "林小满", "三年级2班", "周敏", "13900000001/13900000002"],
    ]
    reading = read(xlsx(tmp_path / "a.xlsx", {"s": rows}))
    assert told(reading)[0][2] == [("周敏", "mother", "13900000001")]
    assert [(doubt.code, doubt.place.column) for doubt in reading.doubts] == [("two_phones", "E")]


def test_two_names_and_two_numbers_in_a_cell_are_two_guardians(tmp_path):
    rows = [
        ["学号", "姓名", "班级", "家长", "电话"],
        ["1", "林小满", "三年级2班", "周敏（母亲）、林涛（父亲）", "13900000001、13900000002"],
    ]
    assert told(read(xlsx(tmp_path / "a.xlsx", {"s": rows}))) == [EXPECTED[0]]


def test_a_parent_who_has_died_is_nobody_to_write_to(tmp_path):
    rows = [["学号", "姓名", "班级", "父亲姓名", "父亲电话"], ["1", "林小满", "三年级2班", "林涛（已故）", ""]]
    assert told(read(xlsx(tmp_path / "a.xlsx", {"s": rows})))[0][2] == []


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("姓名", "", "name_missing"),
        ("性别", "孩", "sex_unknown"),
        ("出生日期", "2016.13.40", "date_unknown"),
        ("出生日期", "1916-01-01", "date_unlikely"),
        ("身份证号", "330106201603081234", "id_wrong"),
        ("身份证号", 330106201603081239.0, "number_rounded"),
        ("班级", "", "class_missing"),
        ("班级", "好", "class_unknown"),
        ("班级", datetime(2026, 3, 2), "class_is_date"),
        ("班级", "九年级十一年级", "class_unknown"),
        ("母亲电话", "1390000000", "phone_wrong"),
        ("母亲电话", "139000000011", "phone_wrong"),
        ("母亲电话", "看备注", "phone_wrong"),
        ("学号", "1.23E+17", "number_rounded"),
    ],
)
def test_a_bad_cell_is_named_by_sheet_row_and_column(tmp_path, column, value, code):
    header = ["学号", "姓名", "性别", "出生日期", "身份证号", "班级", "母亲姓名", "母亲电话"]
    good = ["1", "林小满", "女", "2017-05-06", "", "三年级2班", "周敏", "13900000001"]
    bad = ["2", "何嘉木", "男", "2017-05-06", "", "三年级2班", "何芳", "13900000002"]
    bad[header.index(column)] = value
    reading = read(xlsx(tmp_path / "a.xlsx", {"三年级名单": [header, good, bad]}))
    assert [pupil.name for pupil in reading.pupils] == ["林小满"]
    places = [(r.code, r.place.sheet, r.place.row, r.place.column) for r in reading.rejected]
    assert places == [(code, "三年级名单", 3, "ABCDEFGH"[header.index(column)])]
    assert reading.rejected[0].reason


def test_the_id_number_fills_and_checks_birth_date_and_sex(tmp_path):
    header = ["姓名", "班级", "身份证号", "性别", "出生日期"]
    number = "330106201603080017"
    from homeroom.people.public import normal_id_number

    number = next(number[:17] + check for check in "0123456789X" if normal_id_number(number[:17] + check))
    rows = [
        header,
        ["林小满", "三年级2班", number.lower(), "", ""],
        ["何嘉木", "三年级2班", number, "女", date(2016, 3, 8)],
        ["沈一一", "三年级2班", number, "男", date(2016, 3, 9)],
    ]
    reading = read(xlsx(tmp_path / "a.xlsx", {"s": rows}))
    assert (reading.pupils[0].born_on, reading.pupils[0].sex) == (date(2016, 3, 8), "m")
    assert [remark.code for remark in reading.rejected] == ["id_sex_differs", "id_birth_differs"]


def test_a_national_number_made_of_the_id_number_is_kept_as_one(tmp_path):
    from homeroom.people.public import normal_id_number

    number = next(f"33010620160308001{c}" for c in "0123456789X" if normal_id_number(f"33010620160308001{c}"))
    reading = read(
        xlsx(tmp_path / "a.xlsx", {"s": [["全国学籍号", "姓名", "班级"], [f"G{number}", "林小满", "三年级2班"]]})
    )
    assert (reading.pupils[0].student_number, reading.pupils[0].id_number) == ("", number)


@pytest.mark.parametrize("text", ['=cmd|" /C calc"!A0', "+1+1", "-2+3", "@SUM(A1)", "<script>alert(1)</script>"])
def test_what_looks_like_a_formula_is_text(tmp_path, text):
    path = tmp_path / "a.csv"
    quoted = '"' + text.replace('"', '""') + '"'
    path.write_bytes(f"学号,姓名,班级\r\n1,{quoted},三年级2班\r\n".encode())
    assert read(path).pupils[0].name == text


def test_a_formula_is_its_stored_value(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", {"s": [["学号", "姓名", "班级"], ["1", '=CONCAT("林","小满")', "三年级2班"]]})
    assert read(path).pupils == []  # nothing was ever calculated, so there is no value: the name is missing


ONEROSTER = {
    "orgs.csv": "sourcedId,status,dateLastModified,name,type\ns1,active,,春晖小学,school\n",
    "classes.csv": (
        "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId\n"
        "c1,active,,三年级2班,3,,,homeroom,,s1\nc2,active,,合唱,3,,,scheduled,,s1\n"
    ),
    "enrollments.csv": (
        "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role\n"
        "e1,active,,c1,s1,u1,student\ne2,active,,c2,s1,u1,student\ne3,tobedeleted,,c1,s1,u9,student\n"
    ),
    "users.csv": (
        "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,givenName,familyName,identifier,sms,agentSourcedIds\n"
        'u1,active,,true,s1,student,lxm,小满,林,2024001,,"g1,g2"\n'
        "g1,active,,true,s1,parent,zm,敏,周,,13900000001,u1\n"
        "g2,active,,true,s1,guardian,lt,涛,林,,13900000002,\n"
        "u9,tobedeleted,,true,s1,student,x,走,已,9,,\n"
        "t1,active,,true,s1,teacher,t,师,王,,,\n"
    ),
}


def as_1_2(files: dict[str, str]) -> dict[str, str]:
    """The same bundle as version 1.2: roles in a file of their own, other cases of names."""
    lines = [line.split(",") for line in files["users.csv"].replace('"g1,g2"', "g1|g2").splitlines()]
    roles = "sourcedId,status,dateLastModified,userSourcedId,roleType,role,orgSourcedId\n" + "".join(
        f"r{n},active,,{line[0]},primary,{line[5].upper()},s1\n" for n, line in enumerate(lines[1:])
    )
    users = "\n".join(",".join([*line[:4], *line[6:]]) for line in lines).replace("g1|g2", '"g1,g2"') + "\n"
    users = users.replace("agentSourcedIds", "AgentSourcedIDs").replace("givenName", "GivenName")
    return {**{k: v for k, v in files.items() if k != "users.csv"}, "Users.CSV": users, "roles.csv": roles}


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("packed", ["zip", "zip in a folder", "folder"])
def test_oneroster_bundles_are_read(tmp_path, version, packed):
    files = ONEROSTER if version == "1.1" else as_1_2(ONEROSTER)
    if packed == "folder":
        path = tmp_path / "bundle"
        path.mkdir()
        for name, text in files.items():
            (path / name).write_text(text, encoding="utf-8")
    else:
        prefix = "export/" if "in" in packed else ""
        path = archive(tmp_path / "a.zip", {prefix + name: text for name, text in files.items()})
    reading = read(path)
    assert told(reading) == [("林小满", "3-2", [("周敏", "other", "13900000001"), ("林涛", "other", "13900000002")])]
    assert reading.pupils[0].student_number == "2024001"
    assert reading.school_name == "春晖小学"
    assert not reading.rejected


def test_an_agent_who_is_no_guardian_is_asked_about(tmp_path):
    files = {**ONEROSTER, "users.csv": ONEROSTER["users.csv"].replace('"g1,g2"', "t1")}
    files["users.csv"] = files["users.csv"].replace("13900000001,u1", "13900000001,")
    reading = read(archive(tmp_path / "a.zip", files))
    assert reading.pupils[0].guardians == []
    assert [doubt.code for doubt in reading.doubts] == ["agent_not_guardian"]


TWO_SCHOOLS = {
    **ONEROSTER,
    "orgs.csv": ONEROSTER["orgs.csv"] + "s2,active,,育才小学,school\nd1,active,,滨江区,district\n",
    "users.csv": ONEROSTER["users.csv"].replace("true,s1,student", 'true,"s1,d1",student')
    + 'u2,active,,true,"s2,d1",student,hjm,嘉木,何,2024002,,\n',
}


def test_which_of_several_schools_is_meant_is_asked(tmp_path):
    path = archive(tmp_path / "a.zip", TWO_SCHOOLS)
    reading = read(path, school_name="第三小学")
    (doubt,) = reading.doubts
    assert (doubt.code, doubt.key, doubt.held) == ("several_schools", "school", True)
    assert doubt.choices == ["school:s1", "school:s2"]  # the district is none
    assert doubt.names == {"s1": "春晖小学 (1)", "s2": "育才小学 (1)"}
    assert not reading.pupils
    assert not reading.rejected
    assert [pupil.name for pupil in read(path, school_name="第三小学", org="s2").pupils] == ["何嘉木"]
    assert [pupil.name for pupil in read(path, school_name="春晖小学").pupils] == ["林小满"]


def test_a_lesson_is_no_class_until_somebody_says_so(tmp_path):
    files = {
        **ONEROSTER,
        "classes.csv": ONEROSTER["classes.csv"].replace("三年级2班,3,,,homeroom", "Physics,3,,P 100 - 1,scheduled"),
    }
    files["enrollments.csv"] = files["enrollments.csv"].replace("e2,active", "e2,tobedeleted")
    path = archive(tmp_path / "a.zip", files)
    reading = read(path)
    assert reading.pupils[0].school_class is None
    assert [(doubt.code, doubt.key) for doubt in reading.doubts] == [("no_class_pupil", "class:Physics")]
    said = read(path, classes={"Physics": "三年级2班"})
    assert told(said)[0][1] == "3-2"
    assert not said.doubts


def test_collected_files_are_read():
    """Files of other projects, which may not be copied into this one: read where they lie beside it."""
    if SHARED.exists():
        templates = SHARED / "school-excel-templates"
        reading = read(templates / "学生信息导入模板.xlsx")
        assert told(reading) == [
            ("张三", "", [("张伟", "other", "13800138001")]),
            ("李四", "", [("李强", "other", "13900139002")]),
        ]
        assert [sheet.state for sheet in read(templates / "考试成绩导入模板.xlsx").sheets] == ["unmapped"]
        bundles = SHARED / "oneroster"
        assert len(read(bundles / "Test_full_data_set").pupils) == 3
        assert len(read(bundles / "oneroster_test_data").pupils) == 1
        assert len(read(bundles / "OneRosterv1p1BaseCSV", school_name="School 1").pupils) == 1
