"""`homeroom roster …` prints what it promises."""

from __future__ import annotations

import io
import json

import openpyxl
import pytest
from django.core.management import CommandError, call_command

from homeroom.people.models import Person
from homeroom.roster.reading.headers import field_of
from homeroom.school.models import School

from .files import HEADER, ROWS, archive, read, xlsx
from .test_reading import ONEROSTER, TWO_SCHOOLS

pytestmark = pytest.mark.django_db
KINDS = ("pupils", "guardians", "links")


def run(*arguments):
    out = io.StringIO()
    call_command("roster", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.fixture
def path(tmp_path):
    bad = ["2024009", "坏号码", "女", "三年级", "2班", "某人", "妈妈", "139", "", "", ""]
    return xlsx(tmp_path / "名单.xlsx", {"花名册": [HEADER, *ROWS, bad]})


def test_a_dry_run_prints_one_object_and_writes_nothing(path):
    found = json.loads(run("import", path, "--school", "春晖小学", "--dry-run", "--json"))
    assert found["pupils"] == {"new": 3, "changed": 0, "gone": 0, "same": 0}
    assert found["guardians"] == {"new": 4, "changed": 0, "gone": 0, "same": 0}
    assert found["links"] == {"new": 4, "changed": 0, "gone": 0, "same": 0}
    (rejected,) = found["rejected"]
    assert (rejected["sheet"], rejected["row"], rejected["column"]) == ("花名册", 5, "H")
    assert "139" in rejected["reason"]
    assert found["doubts"] == []
    assert found["school"] == {"name": "春晖小学", "new": True, "stages": ["primary"]}
    assert not School.objects.exists()


def test_importing_makes_the_school_and_again_changes_nothing(path):
    run("import", path, "--school", "春晖小学", "--yes")
    school = School.objects.get(name="春晖小学")
    assert school.stages == ["primary"]
    assert Person.objects.filter(school=school).count() == 7
    again = json.loads(run("import", path, "--school", "春晖小学", "--yes", "--json"))
    assert all(again[kind]["new"] == again[kind]["changed"] == again[kind]["gone"] == 0 for kind in KINDS)


def test_nothing_is_written_without_consent(path):
    with pytest.raises(CommandError):
        run("import", path, "--school", "春晖小学")
    with pytest.raises(CommandError):
        run("import", path, "--school", "春晖小学", "--yes", "--all-or-nothing")
    assert not School.objects.exists()


def test_a_refused_file_is_still_one_object(tmp_path, capsys):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"%PDF-1.7")
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("roster", "import", str(path), "--school", "春晖小学", "--dry-run", "--json", stdout=out)
    assert ended.value.code == 1
    found = json.loads(out.getvalue())
    assert found["refused"]["code"] == "renamed"
    assert found["pupils"]["new"] == 0


def test_the_template_is_recognised_and_its_example_is_not_imported(tmp_path):
    path = tmp_path / "template.xlsx"
    run("template", path)
    reading = read(path)
    assert [sheet.state for sheet in reading.sheets] == ["read", "instructions", "instructions"]
    assert reading.pupils == []
    assert all(field_of(column.header) for column in reading.sheets[0].columns)


# --- a OneRoster bundle of several schools


@pytest.fixture
def bundle(tmp_path):
    return archive(tmp_path / "bundle.zip", TWO_SCHOOLS)


def test_which_school_of_a_bundle_is_meant_is_said_with_org(bundle):
    with pytest.raises(CommandError, match=r"春晖小学.*育才小学.*--org"):
        run("import", bundle, "--school", "第三小学", "--yes")
    assert not School.objects.exists()
    for told in ("育才小学", "s2"):
        found = json.loads(run("import", bundle, "--school", "第三小学", "--org", told, "--dry-run", "--json"))
        assert found["pupils"]["new"] == 1
        assert not found["rejected"]


def test_which_school_of_a_bundle_is_meant_stands_among_the_doubts(bundle):
    found = json.loads(run("import", bundle, "--school", "第三小学", "--dry-run", "--json"))
    (doubt,) = found["doubts"]
    assert (doubt["sheet"], doubt["key"], doubt["choices"]) == ("orgs.csv", "school", ["school:s1", "school:s2"])
    found = json.loads(
        run("import", bundle, "--school", "第三小学", "--answer", "school=school:s1", "--dry-run", "--json")
    )
    assert found["pupils"]["new"] == 1


def test_rows_of_a_bundle_to_correct_stand_on_a_sheet_for_each_file(tmp_path):
    files = {
        **ONEROSTER,
        "users.csv": ONEROSTER["users.csv"].replace("13900000001", "139"),
        "enrollments.csv": ONEROSTER["enrollments.csv"] + "e9,active,,c1,s1,nobody,student\n",
    }
    path, target = archive(tmp_path / "bundle.zip", files), tmp_path / "corrections.xlsx"
    run("import", path, "--school", "春晖小学", "--dry-run", "--json", "--corrections", target)
    book = openpyxl.load_workbook(target)
    assert book.sheetnames == ["enrollments.csv", "users.csv"]
    users = [[cell.value for cell in row] for row in book["users.csv"].rows]
    assert users[0][:3] == ["sourcedId", "status", "dateLastModified"]
    assert (users[1][0], users[1][10], users[1][12]) == ("g1", "139", 3)
    assert "139" in users[1][13]
    assert book["users.csv"].cell(2, 11).comment is not None
    assert "nobody" in [cell.value for cell in list(book["enrollments.csv"].rows)[1]]
