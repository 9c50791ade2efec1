"""Applying: all in one transaction or nothing, never over somebody else's change, and back again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from homeroom.audit import public as audit
from homeroom.eventlog.public import events_after, last_event_id
from homeroom.kit.errors import Invalid, NotAllowed, Stale
from homeroom.people.models import Account, Enrolment, Guardianship, Person
from homeroom.roster import services
from homeroom.roster.jobs import carry_runs
from homeroom.roster.models import CLAIM_LASTS, ImportRun, RosterEdge, RunPart
from homeroom.roster.plan import unpacked
from homeroom.school.models import School
from homeroom.school.public import roster_moved

from .files import workbook_bytes
from .importing import ACTOR, HEADER, figures, plan_of, put, row

pytestmark = pytest.mark.django_db
LIN = row("1", "林小满", mother="周敏", mother_phone="13900000001")
HE = row("2", "何嘉木", father="何志远", father_phone="13900000003")


def started(school, rows=(LIN, HE), **options):
    content = workbook_bytes([HEADER, *rows])
    return services.start_import(
        actor=school.office, school=school.school, filename="名单.xlsx", content=content, options=options
    )


def test_a_file_goes_all_the_way_in_the_background(school):
    run = started(school, keep_gone=True)
    assert carry_runs() == 1
    run.refresh_from_db()
    assert (run.state, run.wanted, run.trouble) == ("compared", "", {})
    assert run.summary["pupils"]["new"] == 2
    assert not Person.objects.filter(name="林小满").exists()
    services.ask_to_apply(actor=school.office, run=run, options={})
    carry_runs()
    run.refresh_from_db()
    assert run.state == "applied"
    pupil = Person.objects.get(name="林小满")
    assert Enrolment.objects.get(student=pupil).school_class == school.class_a
    assert Guardianship.objects.get(student=pupil).guardian.phone == "13900000001"
    assert audit.about(run).filter(action="roster.imported").exists()


def test_what_a_run_holds_is_encrypted(school):
    started(school)
    carry_runs()
    for part in RunPart.objects.all():
        assert "林小满".encode() not in bytes(part.content)
        assert b"13900000001" not in bytes(part.content)


@pytest.mark.parametrize("who", ["class_teacher", "mother", "leader_elsewhere"])
def test_these_people_may_not_import(school, who):
    with pytest.raises(NotAllowed):
        services.start_import(
            actor=getattr(school, who), school=school.school, filename="a.xlsx", content=b"x", options={}
        )
    assert not ImportRun.objects.exists()


def test_a_file_that_cannot_be_read_says_why(school):
    run = services.start_import(actor=school.office, school=school.school, filename="a.xlsx", content=b"%PDF-1.7")
    carry_runs()
    run.refresh_from_db()
    assert run.state == "failed"
    assert run.trouble["refused"] == "renamed"


def test_an_import_stops_when_the_roster_moved_since_it_was_compared(school):
    run = started(school)
    carry_runs()
    run.refresh_from_db()
    roster_moved(school.school.pk)
    with pytest.raises(services.RosterMoved):
        services.apply_run(actor=school.office, run=run, now=timezone.now())
    assert not Person.objects.filter(name="林小满").exists()
    services.ask_to_apply(actor=school.office, run=run, options={})
    carry_runs()
    run.refresh_from_db()
    assert (run.state, run.trouble) == ("compared", {"code": "roster_moved"})
    services.compare_again(actor=school.office, run=run, options={})
    carry_runs()
    run.refresh_from_db()
    services.apply_run(actor=school.office, run=run, now=timezone.now())
    assert Person.objects.filter(name="林小满").exists()


def test_an_import_is_applied_once(school):
    run = started(school)
    carry_runs()
    run.refresh_from_db()
    services.apply_run(actor=school.office, run=run, now=timezone.now())
    with pytest.raises(Stale):
        services.apply_run(actor=school.office, run=run, now=timezone.now())
    assert Person.objects.filter(name="林小满").count() == 1


def test_all_or_nothing_writes_nothing_while_a_row_is_wrong(school):
    run = started(school, (LIN, row("2", "何嘉木", father="何志远", father_phone="139")), all_or_nothing=True)
    carry_runs()
    run.refresh_from_db()
    with pytest.raises(services.RowsHeldBack):
        services.apply_run(actor=school.office, run=run, now=timezone.now())
    assert not Person.objects.filter(name="林小满").exists()


def test_good_rows_are_not_held_back(school):
    run = started(school, (LIN, row("2", "何嘉木", father="何志远", father_phone="139")))
    carry_runs()
    run.refresh_from_db()
    services.apply_run(actor=school.office, run=run, now=timezone.now())
    assert Person.objects.filter(name="林小满").exists()
    assert not Person.objects.filter(name="何嘉木").exists()


def test_a_claim_runs_out_when_its_process_was_killed(school):
    run = started(school)
    now = timezone.now()
    assert services.claim_next(now) == run
    assert services.claim_next(now) is None
    assert services.claim_next(now + CLAIM_LASTS + timedelta(seconds=1)) == run


def test_what_a_header_means_is_remembered(school):
    content = workbook_bytes([["花名", "班级", "学号"], ["林小满", "三年级2班", "1"]])
    run = services.start_import(actor=school.office, school=school.school, filename="a.xlsx", content=content)
    carry_runs()
    run.refresh_from_db()
    assert run.summary["pupils"]["new"] == 0
    services.compare_again(actor=school.office, run=run, options={"mapping": {"花名": "pupil.name"}})
    carry_runs()
    run.refresh_from_db()
    assert run.summary["pupils"]["new"] == 1
    again = services.start_import(actor=school.office, school=school.school, filename="b.xlsx", content=content)
    carry_runs()
    again.refresh_from_db()
    assert again.summary["pupils"]["new"] == 1


# --- rolling back


@pytest.fixture
def imported():
    return put([LIN, HE], None)


def test_the_last_import_can_be_rolled_back_and_only_once(imported):
    services.roll_back(actor=ACTOR, run=imported, now=timezone.now())
    assert not Person.objects.filter(school=imported.school).exists()
    with pytest.raises(services.NothingToRollBack):
        services.roll_back(actor=ACTOR, run=imported, now=timezone.now())


def test_an_earlier_import_cannot_be_rolled_back(imported):
    put([LIN, HE, row("3", "沈一一")], imported.school)
    with pytest.raises(services.NothingToRollBack):
        services.roll_back(actor=ACTOR, run=imported, now=timezone.now())
    assert Person.objects.filter(name="林小满").exists()


@pytest.mark.parametrize("change", ["roster", "account", "link"])
def test_nothing_is_rolled_back_after_somebody_changed_something(imported, change):
    mother = Person.objects.get(name="周敏")
    if change == "roster":
        roster_moved(imported.school_id)
    elif change == "account":
        mother.account = Account.objects.create(username="zhou", password="!")
        mother.save()
    else:
        Guardianship.objects.create(school=imported.school, guardian=mother, student=Person.objects.get(name="何嘉木"))
    with pytest.raises(services.NothingToRollBack):
        services.roll_back(actor=ACTOR, run=imported, now=timezone.now())
    assert Person.objects.filter(name="林小满").exists()
    imported.refresh_from_db()
    assert imported.state == "applied"


def heard_after(event_id):
    """What was announced since: each event's name and whom it is about."""
    return [
        (each.name, each.body.get("person_id"), each.body.get("student_id")) for each in events_after(event_id, 100)
    ]


def test_whoever_loses_a_child_by_a_roll_back_is_told_and_their_sockets_are_cut(school):
    mother = school.mother
    child = row("77", "林小雨", mother=mother.name, mother_phone=mother.phone)
    run = put([child], school.school, keep_gone=True)
    student = Person.objects.get(name="林小雨")
    assert Guardianship.objects.filter(guardian=mother, student=student).exists()
    before = last_event_id()
    services.roll_back(actor=school.office, run=run, now=timezone.now())
    assert not Person.objects.filter(pk=student.pk).exists()
    heard = heard_after(before)
    assert ("people.guardianship_changed", mother.pk, student.pk) in heard
    assert ("realtime.rights_cut", mother.pk, None) in heard


def test_whoever_gets_a_child_back_by_a_roll_back_is_told_too(school):
    edge = Guardianship.objects.filter(guardian=school.mother).select_related("student").first()
    RosterEdge.objects.create(school=school.school, guardianship_id=edge.pk)
    pupil = edge.student
    instead = row(pupil.student_number, pupil.name, father="林大山", father_phone="13911112222")
    run = put([instead], school.school, keep_gone=True)
    edge.refresh_from_db()
    assert edge.ends_on is not None
    before = last_event_id()
    services.roll_back(actor=school.office, run=run, now=timezone.now())
    edge.refresh_from_db()
    assert edge.ends_on is None
    assert ("people.guardianship_changed", school.mother.pk, pupil.pk) in heard_after(before)


def test_a_new_school_needs_a_stage():
    plan = plan_of([["1", "林小满", "", ""]], None, header=["学号", "姓名", "母亲姓名", "母亲电话"])
    plan.stages = []
    with pytest.raises(Invalid):
        services.import_at_once(actor=ACTOR, plan=plan, school=None, filename="a", options={}, now=timezone.now())
    assert not School.objects.exists()


def test_the_number_of_statements_does_not_depend_on_the_rows(imported):
    def statements(count: int, start: int) -> int:
        rows = [
            row(str(n), f"{chr(0x4E00 + n)}同学", mother=f"{chr(0x5E00 + n)}妈", mother_phone=f"138{n:08d}")
            for n in range(start, start + count)
        ]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            put(rows, imported.school, keep_gone=True)
        return len(queries)

    few = statements(5, 100)
    assert statements(300, 200) <= few


def test_old_files_are_forgotten(imported):
    assert services.forget_old_files(timezone.now()) == 0
    assert services.forget_old_files(timezone.now() + timedelta(days=31)) == 2
    assert ImportRun.objects.get().summary["pupils"]["new"] == 2


def test_an_export_can_be_imported_and_changes_nothing(school, tmp_path):
    from homeroom.roster import sheets
    from homeroom.roster.compare import compare
    from homeroom.roster.present import present_of, today_at
    from homeroom.roster.reading import Options, read_roster

    path = tmp_path / "roster.xlsx"
    path.write_bytes(sheets.roster(school.school))
    reading = read_roster(path, path.name, Options(today_at(school.school), stages=("primary",)))
    plan = compare(reading, present_of(school.school), answers={})
    assert plan.changes_nothing, figures(plan)
    assert not plan.rejected
    assert len(plan.pupils) == len(school.pupils)


def test_the_rows_to_correct_are_marked_and_explained(school):
    import io

    import openpyxl

    from homeroom.roster import sheets

    run = started(school, (LIN, row("2", "+1+1", father="何志远", father_phone="139")))
    carry_runs()
    content = sheets.to_correct(unpacked(run.part(RunPart.Name.PLAN)))
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert [cell.value for cell in sheet[1]][:2] == ["学号", "姓名"]
    assert (sheet.cell(2, 2).value, sheet.cell(2, 2).data_type) == ("+1+1", "s")
    assert sheet.cell(2, 9).comment is not None
    assert sheet.max_row == 2
