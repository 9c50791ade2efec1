"""The pages: from upload to roll-back, for those who keep the roster and nobody else."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from homeroom.people.models import Person
from homeroom.roster.jobs import carry_runs
from homeroom.roster.models import ImportRun
from homeroom.school.public import switch_module

from .files import workbook_bytes
from .importing import ACTOR, HEADER, row

pytestmark = pytest.mark.django_db
LIN = row("1", "林小满", mother="周敏", mother_phone="13900000001")
BAD = row("2", "何嘉木", father="何志远", father_phone="139")


@pytest.fixture
def office(school, client_for):
    return client_for(school.office)


def upload(client, rows=(LIN, BAD), name="名单.xlsx"):
    file = SimpleUploadedFile(name, workbook_bytes([HEADER, *rows]))
    response = client.post(reverse("roster:upload"), {"file": file})
    assert response.status_code == 302, response.content.decode()
    return response["Location"]


def test_the_whole_way(office):
    page = upload(office)
    assert "hx-get" in office.get(page).content.decode()
    waiting = office.get(f"{page}progress/")
    assert "HX-Refresh" not in waiting
    carry_runs()
    assert office.get(f"{page}progress/")["HX-Refresh"] == "true"
    text = office.get(page).content.decode()
    assert "林小满" in text
    assert "第 3 行" in text
    assert "“139”不是电话号码" in text
    assert office.post(f"{page}apply/").status_code == 302
    carry_runs()
    assert Person.objects.filter(name="林小满").exists()
    assert "撤销这次导入" in office.get(page).content.decode()
    workbook = office.get(f"{page}corrections/")
    assert workbook.content.startswith(b"PK")
    office.post(f"{page}roll-back/")
    assert not Person.objects.filter(name="林小满").exists()
    assert "已撤销" in office.get(reverse("roster:upload")).content.decode()


def test_questions_are_answered_on_the_page(office, school):
    page = upload(office, [row("9", "林小满", mother="周敏", mother_phone=school.mother.phone)])
    carry_runs()
    run = ImportRun.objects.get()
    assert run.summary["open"] == 1
    text = office.get(page).content.decode()
    assert school.mother.name in text
    key = text.split('name="answer:')[1].split('"')[0]
    office.post(f"{page}answers/", {f"answer:{key}": "new"})
    carry_runs()
    run.refresh_from_db()
    assert (run.summary["open"], run.summary["guardians"]["new"]) == (0, 1)


def test_columns_are_named_on_the_page(office):
    file = SimpleUploadedFile("a.xlsx", workbook_bytes([["花名", "班级"], ["林小满", "三年级2班"]]))
    page = office.post(reverse("roster:upload"), {"file": file})["Location"]
    carry_runs()
    assert 'name="column:花名"' in office.get(page).content.decode()
    office.post(f"{page}columns/", {"column:花名": "pupil.name", "column:班级": "no.such.field"})
    carry_runs()
    run = ImportRun.objects.get()
    assert run.summary["pupils"]["new"] == 1
    assert run.options["mapping"] == {"花名": "pupil.name"}


def test_a_class_is_given_to_a_sheet_without_one(office, school):
    rows = [["学号", "姓名", "家长", "电话"], ["1", "林小满", "周敏", "13900000001"]]
    file = SimpleUploadedFile("a.xlsx", workbook_bytes(rows, sheet="学生信息"))
    page = office.post(reverse("roster:upload"), {"file": file})["Location"]
    carry_runs()
    assert 'name="class:学生信息"' in office.get(page).content.decode()
    office.post(f"{page}columns/", {"class:学生信息": "三年级2班"})
    carry_runs()
    office.post(f"{page}apply/")
    carry_runs()
    assert Person.objects.get(name="林小满").enrolments.get().school_class == school.class_a


def test_text_of_a_file_cannot_become_markup(office):
    page = upload(office, [row("1", "<img src=x onerror=alert(1)>", mother="<script>", mother_phone="13900000001")])
    carry_runs()
    text = office.get(page).content.decode()
    assert "<img src=x" not in text
    assert "&lt;img src=x" in text


def test_a_refused_file_says_why(office):
    file = SimpleUploadedFile("a.xlsx", b"%PDF-1.7")
    page = office.post(reverse("roster:upload"), {"file": file})["Location"]
    carry_runs()
    assert "内容却是 PDF" in office.get(page).content.decode()
    assert office.post(reverse("roster:upload"), {}).status_code == 422


def test_a_path_in_a_file_name_is_only_a_name(office):
    upload(office, name="../../etc/passwd.xlsx")
    assert "/" not in ImportRun.objects.get().filename


@pytest.mark.parametrize("who", ["class_teacher", "mother", "leader_elsewhere"])
def test_others_learn_nothing(office, client_for, school, who):
    page = upload(office)
    client = client_for(getattr(school, who))
    if who != "leader_elsewhere":
        assert client.get(reverse("roster:upload")).status_code == 404
    assert client.get(page).status_code == 404
    assert client.post(f"{page}apply/").status_code == 404
    assert ImportRun.objects.get().state == "uploaded"


def test_a_school_that_switched_it_off_has_no_import(office, school):
    switch_module(actor=ACTOR, school=school.school, module="roster", is_on=False)
    assert office.get(reverse("roster:upload")).status_code == 404


def test_template_and_export(office):
    assert office.get(reverse("roster:template")).content.startswith(b"PK")
    response = office.post(reverse("roster:export"))
    assert response.content.startswith(b"PK")
    assert "filename*=UTF-8''" in response["Content-Disposition"]
