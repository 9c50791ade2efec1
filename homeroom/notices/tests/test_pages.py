"""The pages: what is shown to whom, and that nothing typed is ever lost."""

from __future__ import annotations

import io
from datetime import timedelta
from uuid import uuid4
from zipfile import ZipFile

import pytest
from django.db import OperationalError
from django.utils import timezone

from homeroom.delivery.public import Item, Recipient, confirm, reply
from homeroom.groups.public import Audience
from homeroom.notices import services
from homeroom.notices.models import FeeMark, Notice
from homeroom.school.models import ModuleSwitch

from .test_services import fee, published, written


@pytest.fixture
def now():
    """The pages go by the clock, so what they are shown must not lie ahead of it."""
    return timezone.now()


ATTACK = '"><script>alert(1)</script>'


def form(school, **changes) -> dict[str, object]:
    return {
        "client_key": str(uuid4()),
        "title": "秋季运动会",
        "text": "<p>周五开运动会。</p>",
        "any": [f"class:{school.class_a.uuid}"],
        "level": "confirm",
        "household_rule": "any",
        "priority": "routine",
        "reminders": "usual",
        "category": "activity",
        "then": "check",
        **changes,
    }


def text_of(response) -> str:
    return response.content.decode()


def test_from_the_composer_to_the_funnel(school, client_for):
    browser = client_for(school.class_teacher)
    assert browser.get("/notices/new/").status_code == 200
    saved = browser.post("/notices/save/", form(school))
    notice = Notice.objects.get()
    assert saved.url == f"/notices/{notice.uuid}/check/"
    last_look = text_of(browser.get(saved.url))
    assert "周五开运动会" in last_look
    assert school.class_a.name in last_look
    sent = browser.post(saved.url, {"do": "publish"})
    assert sent.url == f"/notices/{notice.uuid}/"
    page = browser.get(sent.url)
    assert page.status_code == 200
    notice.refresh_from_db()
    assert notice.item.recipients.filter(person=school.mother).exists()
    people = text_of(browser.get(f"/notices/{notice.uuid}/people/"))
    assert school.child_a.name in people
    confirm(actor=school.mother, item=notice.item, now=timezone.now())
    assert school.child_a.name not in text_of(browser.get(f"/notices/{notice.uuid}/people/"))


def test_saving_while_one_writes_answers_with_the_edition(school, client_for):
    browser = client_for(school.class_teacher)
    given = form(school, then="stay")
    first = browser.post("/notices/save/", given, headers={"accept": "application/json"}).json()
    second = browser.post(
        "/notices/save/", {**given, **first, "title": "二"}, headers={"accept": "application/json"}
    ).json()
    assert second["notice"] == first["notice"]
    stale = browser.post("/notices/save/", {**given, **first, "title": "三"}, headers={"accept": "application/json"})
    assert stale.status_code == 409
    assert Notice.objects.get().title == "二"


@pytest.mark.parametrize(
    "changes",
    [
        {"deadline_at": "tomorrow"},
        {"fee_amount": "many"},
        {"title": "长" * 90},
        {"level": "shout"},
        {"any": ["nonsense"]},
        {"files": ["x"]},
        {"client_key": "x"},
    ],
)
def test_what_was_typed_is_shown_again_when_it_cannot_be_saved(school, client_for, changes):
    answer = client_for(school.class_teacher).post("/notices/save/", form(school, text="<p>写了很久</p>", **changes))
    assert answer.status_code == 422
    assert "写了很久" in text_of(answer)
    assert not Notice.objects.exists()


def test_a_locked_database_loses_nothing(school, client_for, monkeypatch):
    def locked(**_):
        raise OperationalError("database is locked")

    monkeypatch.setattr(services, "save_draft", locked)
    answer = client_for(school.class_teacher).post("/notices/save/", form(school, text="<p>写了很久</p>"))
    assert answer.status_code == 503
    assert "写了很久" in text_of(answer)


def test_a_full_disk_while_publishing_sends_nothing_and_keeps_the_draft(school, now, client_for, monkeypatch):
    notice = written(school, now)

    def full(**_):
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(services.search, "index", full)  # after the item and its recipients were written
    answer = client_for(school.class_teacher).post(f"/notices/{notice.uuid}/check/", {"do": "publish"})
    assert answer.status_code == 503
    assert not Item.objects.exists()
    assert not Recipient.objects.exists()
    notice.refresh_from_db()
    assert notice.state == "draft"
    monkeypatch.undo()
    client_for(school.class_teacher).post(f"/notices/{notice.uuid}/check/", {"do": "publish"})
    assert Item.objects.count() == 1


def test_the_wrong_button_twice_publishes_once(school, now, client_for):
    notice = written(school, now)
    browser = client_for(school.class_teacher)
    for _again in range(2):
        browser.post(f"/notices/{notice.uuid}/check/", {"do": "publish"})
    assert Item.objects.count() == 1


def test_a_notice_is_scheduled_changed_and_taken_back(school, now, client_for):
    notice = written(school, now)
    browser = client_for(school.class_teacher)
    at = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT12:00")
    browser.post(f"/notices/{notice.uuid}/check/", {"do": "schedule", "schedule_at": at})
    notice.refresh_from_db()
    assert notice.state == "scheduled"
    assert notice.schedule_at.astimezone().utcoffset() is not None
    assert timezone.localtime(notice.schedule_at).hour == 12
    browser.post(f"/notices/{notice.uuid}/check/", {"do": "cancel"})
    notice.refresh_from_db()
    assert notice.state == "draft"


def test_scheduling_for_the_night_is_warned_about(school, now, client_for):
    notice = written(school, now)
    at = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT23:00")
    browser = client_for(school.class_teacher)
    browser.post(f"/notices/{notice.uuid}/check/", {"do": "schedule", "schedule_at": at})
    assert "toast warn" in text_of(browser.get("/notices/"))


# --- injection


def test_markup_in_every_field_stays_text(school, now, client_for):
    browser = client_for(school.class_teacher)
    given = form(
        school, title=f"题{ATTACK}", text=f"<p>文{ATTACK}</p>", category="fee", fee_item=ATTACK[:50], fee_amount="1"
    )
    browser.post("/notices/save/", given)
    notice = Notice.objects.get()
    pages = [text_of(browser.get(f"/notices/{notice.uuid}/{path}")) for path in ("edit/", "check/")]
    browser.post(f"/notices/{notice.uuid}/check/", {"do": "publish"})
    notice.refresh_from_db()
    reply(actor=school.mother, item=notice.item, text=f"回{ATTACK}", now=timezone.now())
    browser.post(
        f"/notices/{notice.uuid}/correct/", {"title": f"改{ATTACK}", "text": f"<p>{ATTACK}</p>改", "note": ATTACK}
    )
    for path in ("", "people/?all=1", "paper/", "correct/", "funnel/"):
        pages.append(text_of(browser.get(f"/notices/{notice.uuid}/{path}")))
    pages.append(text_of(browser.get("/notices/", {"q": ATTACK})))
    pages.append(text_of(client_for(school.mother).get(f"/feed/items/{notice.item.uuid}/")))
    browser.post(f"/notices/{notice.uuid}/recall/", {"reason": ATTACK})
    pages.append(text_of(browser.get(f"/notices/{notice.uuid}/")))
    for page in pages:
        assert "<script>alert" not in page


def test_exports_hold_no_formula(school, now, client_for):
    school.mother.name = "=HYPERLINK(1)"
    school.mother.save()
    school.child_a.name = "+1"
    school.child_a.save()
    notice = published(school, now, title="=1+1")
    browser = client_for(school.class_teacher)
    lines = browser.get(f"/notices/{notice.uuid}/export.csv").content
    assert lines.startswith(b"\xef\xbb\xbf")
    for line in lines.decode("utf-8-sig").splitlines():
        assert not any(cell.strip('"').startswith(("=", "+", "-", "@")) for cell in line.split(","))
    book = browser.get(f"/notices/{notice.uuid}/export.xlsx").content
    with ZipFile(io.BytesIO(book)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet


# --- who


@pytest.mark.parametrize(
    "path", ["", "edit/", "check/", "funnel/", "people/", "correct/", "paper/", "export.csv", "export.xlsx"]
)
@pytest.mark.parametrize("who", ["mother", "pupil", "other_class_teacher", "teacher_elsewhere", "third_class_teacher"])
def test_a_notice_does_not_exist_for_these_people(school, now, client_for, path, who):
    notice = published(school, now)
    assert client_for(getattr(school, who)).get(f"/notices/{notice.uuid}/{path}").status_code == 404


@pytest.mark.parametrize("path", ["remind/", "recall/", "correct/", "again/", "fee/", "discard/", "check/"])
@pytest.mark.parametrize("who", ["mother", "other_class_teacher", "teacher_elsewhere"])
def test_nobody_acts_on_what_does_not_exist_for_them(school, now, client_for, path, who):
    notice = fee(school, now)
    answer = client_for(getattr(school, who)).post(
        f"/notices/{notice.uuid}/{path}",
        {"do": "publish", "child": str(school.child_a.uuid), "fee": "paid", "title": "x", "text": "x", "note": "x"},
    )
    assert answer.status_code == 404
    notice.refresh_from_db()
    assert notice.state == "published"
    assert not FeeMark.objects.exists()
    assert not Recipient.objects.filter(reminded_at__isnull=False).exists()
    assert Notice.objects.count() == 1


def test_a_draft_is_nobody_elses(school, now, client_for):
    notice = written(school, now)
    for who in (school.subject_teacher, school.grade_leader, school.other_class_teacher):
        assert client_for(who).get(f"/notices/{notice.uuid}/edit/").status_code == 404
    assert client_for(school.substitute).get(f"/notices/{notice.uuid}/edit/").status_code == 200


def test_a_class_teacher_follows_the_schools_notice_in_her_class_only(school, now, client_for):
    office = written(school, now, actor=school.office, audience=Audience.of(["school"]))
    notice = services.publish_notice(actor=school.office, notice=office, now=now)
    browser = client_for(school.class_teacher)
    people = text_of(browser.get(f"/notices/{notice.uuid}/people/?all=1"))
    assert school.child_a.name in people
    assert school.child_b.name not in people
    lines = browser.get(f"/notices/{notice.uuid}/export.csv").content.decode()
    assert school.child_b.name not in lines
    other = f"/notices/{notice.uuid}/people/?class={school.class_b.pk}"
    assert browser.get(other).status_code == 404


def test_a_history_of_a_copy_elsewhere_is_not_shown(school, now, client_for):
    mine = published(school, now)
    theirs = services.publish_notice(
        actor=school.other_class_teacher,
        notice=written(
            school, now, actor=school.other_class_teacher, audience=Audience.of([f"class:{school.class_b.uuid}"])
        ),
        now=now,
    )
    browser = client_for(school.class_teacher)
    own = mine.item.recipients.first()
    assert browser.get(f"/notices/{mine.uuid}/people/{own.pk}/").status_code == 200
    assert browser.get(f"/notices/{mine.uuid}/people/{theirs.item.recipients.first().pk}/").status_code == 404


def test_switched_off_means_not_there(school, now, client_for):
    notice = published(school, now)
    ModuleSwitch.objects.create(school=school.school, module="notices", is_on=False)
    browser = client_for(school.class_teacher)
    for path in ("/notices/", "/notices/new/", f"/notices/{notice.uuid}/", "/notices/templates/"):
        assert browser.get(path).status_code == 404
    assert browser.post("/notices/save/", form(school)).status_code == 404
    assert Notice.objects.count() == 1


# --- what one can do


def test_reminding_from_the_page_reaches_only_who_has_not_done_it(school, now, client_for):
    notice = published(school, now)
    confirm(actor=school.mother, item=notice.item, now=timezone.now())
    browser = client_for(school.class_teacher)
    answer = browser.post(f"/notices/{notice.uuid}/remind/", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "toast" in answer["HX-Trigger"]
    reminded = set(Recipient.objects.filter(reminded_at__isnull=False).values_list("person_id", flat=True))
    assert school.guardian_of_twins.pk in reminded
    assert not reminded & {school.mother.pk, school.father.pk}


def test_one_family_is_reminded_alone(school, now, client_for):
    notice = published(school, now)
    client_for(school.class_teacher).post(f"/notices/{notice.uuid}/remind/", {"child": str(school.child_a.uuid)})
    reminded = set(Recipient.objects.filter(reminded_at__isnull=False).values_list("student_id", flat=True))
    assert reminded == {school.child_a.pk}


def test_a_fee_is_marked_from_the_list(school, now, client_for):
    notice = fee(school, now)
    browser = client_for(school.class_teacher)
    answer = browser.post(
        f"/notices/{notice.uuid}/fee/",
        {"child": str(school.child_a.uuid), "fee": "paid"},
        headers={"HX-Request": "true"},
    )
    assert school.child_a.name not in text_of(answer)
    assert FeeMark.objects.get().state == "paid"


def test_a_familys_line_is_answered_privately(school, now, client_for):
    notice = published(school, now)
    reply(actor=school.mother, item=notice.item, text="孩子感冒了", now=timezone.now())
    browser = client_for(school.class_teacher)
    assert "孩子感冒了" in text_of(browser.get(f"/notices/{notice.uuid}/"))
    browser.post(f"/notices/{notice.uuid}/replies/{school.mother.uuid}/", {"text": "好好休息"})
    assert "好好休息" in text_of(client_for(school.mother).get(f"/feed/items/{notice.item.uuid}/"))
    assert "孩子感冒了" not in text_of(client_for(school.father).get(f"/feed/items/{notice.item.uuid}/"))


def test_a_guardian_reads_her_own_childs_name(school, now, client_for):
    notice = published(school, now, text="<p>{{孩子}}请带水壶</p>")
    page = text_of(client_for(school.mother).get(f"/feed/items/{notice.item.uuid}/"))
    assert f"{school.child_a.name}请带水壶" in page
    twins = text_of(client_for(school.guardian_of_twins).get(f"/feed/items/{notice.item.uuid}/"))
    assert f"{school.twin_one.name}请带水壶" in twins
    assert f"{school.twin_two.name}请带水壶" in twins


def test_a_word_of_the_text_is_found_in_the_feed(school, now, client_for):
    notice = published(school, now, text="<p>" + "前言。" * 80 + "请带水壶</p>")
    page = text_of(client_for(school.mother).get("/feed/", {"q": "水壶"}))
    assert notice.title in page
    assert notice.title not in text_of(client_for(school.guardian_b).get("/feed/", {"q": "水壶"}))


def test_files_open_for_those_who_got_the_notice(school, now, client_for):
    given = io.BytesIO(b"%PDF-1.7")
    given.name = "回执.pdf"
    browser = client_for(school.class_teacher)
    browser.post("/notices/save/", form(school, upload=given))
    notice = Notice.objects.get()
    browser.post(f"/notices/{notice.uuid}/check/", {"do": "publish"})
    notice.refresh_from_db()
    page = text_of(client_for(school.mother).get(f"/feed/items/{notice.item.uuid}/"))
    assert "回执.pdf" in page
    address = page.split('href="/files/')[1].split('"')[0]
    assert client_for(school.mother).get(f"/files/{address}").status_code == 200
    assert client_for(school.guardian_b).get(f"/files/{address}").status_code == 404
    browser.post(f"/notices/{notice.uuid}/recall/", {"reason": "错"})
    assert client_for(school.mother).get(f"/files/{address}").status_code == 404
    assert browser.get(f"/files/{address}").status_code == 200


def test_a_template_is_saved_and_used(school, client_for):
    browser = client_for(school.class_teacher)
    browser.post("/notices/save/", form(school, then="template", template_name="运动会"))
    assert "运动会" in text_of(browser.get("/notices/templates/"))
    found = text_of(browser.get("/notices/new/"))
    key = found.split("?template=")[1].split('"')[0]
    assert browser.get(f"/notices/templates/{key}/").json()["title"] == "秋季运动会"
    assert client_for(school.subject_teacher).get(f"/notices/templates/{key}/").status_code == 404


def test_the_list_finds_words_inside_texts(school, now, client_for):
    published(school, now, text="<p>请带水壶</p>")
    browser = client_for(school.class_teacher)
    assert "秋季运动会" in text_of(browser.get("/notices/", {"q": "水壶"}))
    assert "秋季运动会" not in text_of(browser.get("/notices/", {"q": "雨伞"}))


def test_lists_take_a_fixed_number_of_statements(school, now, client_for, django_assert_max_num_queries):
    for _number in range(12):
        published(school, now)
    browser = client_for(school.class_teacher)
    with django_assert_max_num_queries(20):
        browser.get("/notices/")
    notice = Notice.objects.first()
    with django_assert_max_num_queries(22):
        browser.get(f"/notices/{notice.uuid}/people/?all=1")
    with django_assert_max_num_queries(32):
        browser.get(f"/notices/{notice.uuid}/")


def test_a_draft_can_be_thrown_away(school, now, client_for):
    notice = written(school, now)
    client_for(school.class_teacher).post(f"/notices/{notice.uuid}/discard/")
    assert not Notice.objects.exists()


def test_the_page_shows_why_a_scheduled_notice_failed(school, now, client_for):
    notice = written(school, now, title="失败的")
    Notice.objects.filter(pk=notice.pk).update(failure="班级已变更")
    browser = client_for(school.class_teacher)
    assert "班级已变更" in text_of(browser.get(f"/notices/{notice.uuid}/edit/"))
