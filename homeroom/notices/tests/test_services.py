"""From draft to recall: what each change does, who may, and that a refusal does nothing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from homeroom.delivery.public import Item, Recipient, remind_unfinished
from homeroom.groups.public import Audience
from homeroom.kit.errors import Invalid, NotAllowed, Stale
from homeroom.notices import services
from homeroom.notices.models import FeeMark, Notice
from homeroom.notices.services import Draft


def to_class(school_class) -> Audience:
    return Audience.of([f"class:{school_class.uuid}"])


def draft_for(school, **changes) -> Draft:
    values = {
        "title": "秋季运动会",
        "text": "<p>{{孩子}}家长您好，周五开运动会。</p>",
        "audience": to_class(school.class_a),
        "level": "confirm",
        **changes,
    }
    return Draft(**values)


def written(school, now, *, actor=None, **changes) -> Notice:
    actor = actor or school.class_teacher
    return services.save_draft(actor=actor, draft=draft_for(school, **changes), client_key=uuid4(), now=now)


def published(school, now, **changes) -> Notice:
    notice = written(school, now, **changes)
    return services.publish_notice(actor=notice.sender, notice=notice, now=now)


def asked(notice) -> set[tuple[int, int]]:
    return set(notice.item.recipients.values_list("person_id", "student_id"))


# --- drafts


def test_saving_twice_from_one_page_makes_one_draft(school, now):
    key = uuid4()
    for title in ("秋", "秋游"):
        services.save_draft(actor=school.class_teacher, draft=draft_for(school, title=title), client_key=key, now=now)
    assert Notice.objects.get().title == "秋游"


def test_two_windows_do_not_overwrite_each_other(school, now):
    notice = written(school, now)
    services.save_draft(
        actor=school.class_teacher, draft=draft_for(school, title="窗口一"), client_key=notice.client_key, now=now,
        notice=notice, edition=1,
    )  # fmt: skip
    with pytest.raises(Stale):
        services.save_draft(
            actor=school.class_teacher, draft=draft_for(school, title="窗口二"), client_key=notice.client_key, now=now,
            notice=notice, edition=1,
        )  # fmt: skip
    notice.refresh_from_db()
    assert notice.title == "窗口一"


def test_an_unfinished_draft_is_kept(school, now):
    notice = services.save_draft(actor=school.class_teacher, draft=Draft(title="还没写完"), client_key=uuid4(), now=now)
    assert notice.state == "draft"


@pytest.mark.parametrize("who", ["mother", "delegate", "pupil"])
def test_families_write_no_notices(school, now, who):
    with pytest.raises(NotAllowed):
        services.save_draft(actor=getattr(school, who), draft=draft_for(school), client_key=uuid4(), now=now)
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "长" * 81}, "title"),
        ({"text": "<p>" + "字" * 20_100 + "</p>"}, "text"),
        ({"level": "shout"}, "level"),
        ({"category": "party"}, "category"),
        ({"priority": ""}, "priority"),
        ({"fee_amount": Decimal("NaN")}, "fee_amount"),
        ({"fee_amount": Decimal("-1")}, "fee_amount"),
        ({"fee_amount": Decimal("1e9")}, "fee_amount"),
    ],
)
def test_values_no_notice_can_have_are_refused(school, now, changes, field):
    with pytest.raises(Invalid) as refused:
        written(school, now, **changes)
    assert field in refused.value.fields
    assert not Notice.objects.exists()


# --- publishing


def test_every_guardian_of_every_child_is_asked(school, now):
    notice = published(school, now)
    assert notice.state == "published"
    assert {(school.mother.pk, school.child_a.pk), (school.father.pk, school.child_a.pk)} <= asked(notice)
    assert (school.guardian_of_twins.pk, school.twin_one.pk) in asked(notice)
    assert (school.guardian_of_twins.pk, school.twin_two.pk) in asked(notice)
    assert not {person for person, _child in asked(notice)} & {school.restricted_guardian.pk, school.guardian_b.pk}


def test_publishing_twice_sends_once(school, now):
    notice = published(school, now)
    again = services.publish_notice(actor=school.class_teacher, notice=notice, now=now)
    assert again.item_id == notice.item_id
    assert Item.objects.count() == 1


def test_the_audience_is_resolved_when_it_is_published(school, now):
    notice = written(school, now)
    school.child_b.enrolments.update(school_class=school.class_a)
    notice = services.publish_notice(actor=school.class_teacher, notice=notice, now=now)
    assert (school.guardian_b.pk, school.child_b.pk) in asked(notice)


def test_a_substitute_publishes_for_whom_they_stand_in(school, now):
    notice = written(school, now)
    notice = services.publish_notice(actor=school.substitute, notice=notice, now=now)
    assert notice.item.sender_id == school.class_teacher.pk


@pytest.mark.parametrize(
    "who",
    ["other_class_teacher", "subject_teacher", "leader", "office", "mother", "teacher_elsewhere", "leader_elsewhere"],
)
def test_these_people_do_not_publish_what_somebody_else_wrote(school, now, who):
    notice = written(school, now)
    with pytest.raises(NotAllowed):
        services.publish_notice(actor=getattr(school, who), notice=notice, now=now)
    notice.refresh_from_db()
    assert notice.state == "draft"
    assert not Item.objects.exists()


def test_nobody_publishes_beyond_their_reach(school, now):
    notice = written(school, now, audience=Audience.of(["school"]))
    with pytest.raises(NotAllowed):
        services.publish_notice(actor=school.class_teacher, notice=notice, now=now)
    assert not Item.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "  "}, "title"),
        ({"text": "<p> <br></p>"}, "text"),
        ({"audience": Audience()}, "any"),
        ({"deadline_at": "past"}, "deadline_at"),
        ({"category": "fee"}, "fee_amount"),
        ({"category": "fee", "fee_amount": Decimal(1)}, "fee_item"),
        ({"text": "<p>{{爸爸}}</p>"}, "text"),
        ({"audience": "nobody"}, "any"),
    ],
)
def test_an_unfinished_notice_is_not_published(school, now, changes, field):
    if changes.get("deadline_at"):
        changes = {"deadline_at": now - timedelta(hours=1)}
    if changes.get("audience") == "nobody":
        everyone = [f"class:{school.class_a.uuid}"]
        changes = {"audience": Audience.of(everyone, everyone)}
    notice = written(school, now, **changes)
    with pytest.raises(Invalid) as refused:
        services.publish_notice(actor=school.class_teacher, notice=notice, now=now)
    assert field in refused.value.fields
    notice.refresh_from_db()
    assert notice.state == "draft"
    assert not Item.objects.exists()


def test_publishing_takes_the_same_few_statements_for_any_number(school, now):
    counts = {}
    for part in (f"student:{school.child_a.uuid}", f"class:{school.class_a.uuid}", "school"):
        notice = written(school, now, actor=school.office, audience=Audience.of([part]))
        with CaptureQueriesContext(
            connection,
        ) as statements:
            services.publish_notice(actor=school.office, notice=notice, now=now)
        counts[part] = len(statements)
    assert max(counts.values()) <= 40
    assert len(set(counts.values())) == 1, counts


def test_a_card_shows_no_markup_and_nobodys_name(school, now):
    item = published(school, now, title="给{{child}}的通知").item
    assert "<" not in item.lead
    assert "{{" not in item.title + item.lead
    assert school.child_a.name not in item.title + item.lead


# --- scheduling


def test_a_scheduled_notice_goes_out_once_at_its_time(school, now):
    notice = services.schedule_notice(
        actor=school.class_teacher, notice=written(school, now), at=now + timedelta(hours=1), now=now
    )
    assert services.publish_due(now=now + timedelta(minutes=59)) == 0
    assert services.publish_due(now=now + timedelta(minutes=61)) == 1
    assert services.publish_due(now=now + timedelta(minutes=62)) == 0
    notice.refresh_from_db()
    assert notice.state == "published"
    assert Item.objects.count() == 1


def test_what_was_due_while_nothing_ran_goes_out_afterwards(school, now):
    services.schedule_notice(
        actor=school.class_teacher, notice=written(school, now), at=now + timedelta(hours=1), now=now
    )
    assert services.publish_due(now=now + timedelta(days=3)) == 1


def test_a_cancelled_schedule_sends_nothing(school, now):
    notice = written(school, now)
    services.schedule_notice(actor=school.class_teacher, notice=notice, at=now + timedelta(hours=1), now=now)
    services.cancel_schedule(actor=school.class_teacher, notice=notice, now=now)
    assert services.publish_due(now=now + timedelta(days=1)) == 0
    notice.refresh_from_db()
    assert notice.state == "draft"


def test_a_scheduled_notice_can_still_be_edited(school, now):
    notice = services.schedule_notice(
        actor=school.class_teacher, notice=written(school, now), at=now + timedelta(hours=1), now=now
    )
    services.save_draft(
        actor=school.class_teacher, draft=draft_for(school, title="改了"), client_key=notice.client_key, now=now,
        notice=notice, edition=notice.edition,
    )  # fmt: skip
    services.publish_due(now=now + timedelta(hours=2))
    assert Item.objects.get().title == "改了"


def test_a_teacher_who_lost_the_class_meanwhile_is_told_instead(school, now):
    notice = services.schedule_notice(
        actor=school.class_teacher, notice=written(school, now), at=now + timedelta(hours=1), now=now
    )
    school.class_teacher.roles.update(ends_on=school.today - timedelta(days=1))
    assert services.publish_due(now=now + timedelta(hours=2)) == 0
    notice.refresh_from_db()
    assert (notice.state, bool(notice.failure)) == ("draft", True)
    told = Item.objects.get()
    assert told.kind == "notice_not_published"
    assert set(told.recipients.values_list("person_id", flat=True)) == {school.class_teacher.pk}


def test_a_failure_in_the_middle_of_publishing_leaves_it_due(school, now, monkeypatch):
    services.schedule_notice(
        actor=school.class_teacher, notice=written(school, now), at=now + timedelta(hours=1), now=now
    )

    def killed(*_args, **_kwargs):
        raise RuntimeError("killed")

    monkeypatch.setattr(services, "announce", killed)
    with pytest.raises(RuntimeError):
        services.publish_due(now=now + timedelta(hours=2))
    assert not Item.objects.exists()
    monkeypatch.undo()
    assert services.publish_due(now=now + timedelta(hours=2)) == 1
    assert Item.objects.count() == 1


@pytest.mark.parametrize("hours", [-1, 0, 24 * 400])
def test_a_time_that_makes_no_sense_is_refused(school, now, hours):
    notice = written(school, now)
    with pytest.raises(Invalid):
        services.schedule_notice(actor=school.class_teacher, notice=notice, at=now + timedelta(hours=hours), now=now)
    notice.refresh_from_db()
    assert notice.state == "draft"


@pytest.mark.parametrize(("hour", "night"), [(21, False), (22, True), (3, True), (6, True), (7, False), (12, False)])
def test_night_is_known(now, hour, night):
    assert services.is_night(now.replace(hour=hour), "Asia/Shanghai") is night


# --- afterwards


def test_a_correction_keeps_the_old_version_and_asks_again_when_wanted(school, now):
    notice = published(school, now)
    services.correct_notice(
        actor=school.class_teacher, notice=notice, title="秋季运动会（改期）", text="<p>改到周六</p>", note="改期",
        ask_again=True, now=now,
    )  # fmt: skip
    item = Item.objects.get()
    assert item.title == "秋季运动会（改期）"
    assert [version.number for version in item.versions.all()] == [1, 2]


@pytest.mark.parametrize(
    ("title", "text", "note"),
    [("", "<p>x</p>", "x"), ("x", "<p></p>", "x"), ("x", "<p>x</p>", " "), ("x", "{{x}}", "x")],
)
def test_a_correction_that_says_nothing_is_refused(school, now, title, text, note):
    notice = published(school, now)
    with pytest.raises(Invalid):
        services.correct_notice(actor=school.class_teacher, notice=notice, title=title, text=text, note=note, now=now)
    notice.refresh_from_db()
    assert (notice.title, notice.item.text_version) == ("秋季运动会", 1)


def test_a_recalled_notice_asks_nothing_and_stays_recalled(school, now):
    notice = published(school, now)
    services.recall_notice(actor=school.class_teacher, notice=notice, reason="发错了", now=now)
    services.recall_notice(actor=school.class_teacher, notice=notice, reason="发错了", now=now)
    item = Item.objects.get()
    assert item.recalled_at is not None
    with pytest.raises(Stale):
        services.publish_notice(actor=school.class_teacher, notice=notice, now=now)
    with pytest.raises(Stale):
        services.correct_notice(
            actor=school.class_teacher, notice=notice, title="x", text="<p>x</p>", note="x", now=now
        )


@pytest.mark.parametrize("who", ["other_class_teacher", "subject_teacher", "office", "mother", "leader_elsewhere"])
def test_these_people_neither_recall_nor_correct(school, now, who):
    notice = published(school, now)
    actor = getattr(school, who)
    with pytest.raises(NotAllowed):
        services.recall_notice(actor=actor, notice=notice, reason="x", now=now)
    with pytest.raises(NotAllowed):
        services.correct_notice(actor=actor, notice=notice, title="x", text="<p>x</p>", note="x", now=now)
    notice.refresh_from_db()
    assert (notice.state, notice.title) == ("published", "秋季运动会")


def test_a_published_notice_is_not_deleted_or_edited(school, now):
    notice = published(school, now)
    with pytest.raises(Stale):
        services.discard_draft(actor=school.class_teacher, notice=notice)
    with pytest.raises(Stale):
        services.save_draft(
            actor=school.class_teacher, draft=draft_for(school, title="偷改"), client_key=notice.client_key, now=now,
            notice=notice,
        )  # fmt: skip
    notice.refresh_from_db()
    assert notice.title == "秋季运动会"


def test_a_notice_is_used_again_as_a_draft(school, now):
    copy = services.use_again(actor=school.class_teacher, notice=published(school, now), now=now)
    assert (copy.state, copy.title, copy.item_id) == ("draft", "秋季运动会", None)


def test_a_test_reaches_its_writer_alone(school, now):
    item = services.send_test(actor=school.class_teacher, notice=written(school, now), now=now)
    assert set(item.recipients.values_list("person_id", flat=True)) == {school.class_teacher.pk}
    assert item.title != "秋季运动会"


# --- fees


def fee(school, now) -> Notice:
    return published(school, now, category="fee", fee_item="校服", fee_amount=Decimal("120"))


def test_paid_families_are_not_chased(school, now):
    notice = fee(school, now)
    services.mark_fee(
        actor=school.office, notice=notice, students=[school.child_a.uuid, school.twin_one.uuid], state="paid", now=now
    )
    waiting = Recipient.objects.filter(item=notice.item, settled_at__isnull=True)
    assert not waiting.filter(student__in=[school.child_a, school.twin_one]).exists()
    later = now + timedelta(hours=5)
    remind_unfinished(actor=school.class_teacher, item=notice.item, now=later)
    assert not Recipient.objects.filter(student=school.child_a, reminded_at__isnull=False).exists()
    assert Recipient.objects.filter(student=school.twin_two, reminded_at__isnull=False).exists()


def test_a_mark_can_be_taken_back(school, now):
    notice = fee(school, now)
    services.mark_fee(actor=school.office, notice=notice, students=[school.child_a.uuid], state="exempt", now=now)
    services.mark_fee(actor=school.office, notice=notice, students=[school.child_a.uuid], state="", now=now)
    assert not FeeMark.objects.exists()
    assert Recipient.objects.filter(item=notice.item, student=school.child_a, settled_at__isnull=True).exists()


@pytest.mark.parametrize("who", ["mother", "subject_teacher", "leader_elsewhere"])
def test_these_people_mark_no_fees(school, now, who):
    notice = fee(school, now)
    with pytest.raises(NotAllowed):
        services.mark_fee(
            actor=getattr(school, who), notice=notice, students=[school.child_a.uuid], state="paid", now=now
        )
    assert not FeeMark.objects.exists()
    assert not Recipient.objects.filter(settled_at__isnull=False).exists()


def test_a_child_who_did_not_get_it_is_not_marked(school, now):
    notice = fee(school, now)
    changed = services.mark_fee(
        actor=school.office, notice=notice, students=[school.child_b.uuid], state="paid", now=now
    )
    assert changed == 0
    assert not FeeMark.objects.exists()
