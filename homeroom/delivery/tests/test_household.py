"""Who settles a child, under each household rule; who may not act; what stays a fact of its own."""

from __future__ import annotations

import pytest

from homeroom.delivery.models import Recipient, Signature
from homeroom.delivery.public import confirm, mark_read, recall_item, reply, sign
from homeroom.eventlog.models import LoggedEvent
from homeroom.kit.errors import Invalid, NotAllowed, NotVisible, Stale
from homeroom.people.models import Guardianship

from .conftest import everyone_about


def copy_of(item, person, student=None):
    return Recipient.objects.get(item=item, person=person, **({"student": student} if student else {}))


@pytest.mark.parametrize(
    ("rule", "who_confirms", "settled"),
    [
        ("any", [], set()),
        ("any", ["mother"], {"mother", "father", "delegate"}),
        ("any", ["father"], {"mother", "father", "delegate"}),
        ("any", ["delegate"], {"mother", "father", "delegate"}),
        ("each", ["mother"], {"mother"}),
        ("each", ["mother", "father"], {"mother", "father"}),
        ("each", ["mother", "father", "delegate"], {"mother", "father", "delegate"}),
    ],
)
def test_who_is_settled(school, send, now, rule, who_confirms, settled):  # noqa: PLR0917
    item = send(household_rule=rule, to=everyone_about(school, school.child_a))
    for who in who_confirms:
        confirm(actor=getattr(school, who), item=item, now=now)
    people = {who for who in ("mother", "father", "delegate") if copy_of(item, getattr(school, who)).settled_at}
    assert people == settled
    done = {who for who in ("mother", "father", "delegate") if copy_of(item, getattr(school, who)).done_at}
    assert done == set(who_confirms)


def test_one_confirmation_covers_all_children_unless_one_is_chosen(school, send, now):
    item = send(to=everyone_about(school, school.sibling_a, school.sibling_c))
    confirm(actor=school.guardian_of_two, item=item, student_ids=[school.sibling_a.pk], now=now)
    assert copy_of(item, school.father_of_two, school.sibling_a).settled_at
    assert not copy_of(item, school.guardian_of_two, school.sibling_c).done_at
    assert confirm(actor=school.guardian_of_two, item=item, now=now) == 1
    assert copy_of(item, school.father_of_two, school.sibling_c).settled_at


def test_confirming_again_changes_nothing(school, send, now):
    item = send(to=everyone_about(school, school.child_a))
    assert confirm(actor=school.mother, item=item, now=now) == 1
    events = LoggedEvent.objects.count()
    assert confirm(actor=school.mother, item=item, now=now) == 0
    assert LoggedEvent.objects.count() == events


def test_reading_is_not_confirming(school, send, now):
    item = send(to=everyone_about(school, school.child_a))
    mark_read(actor=school.mother, item=item, now=now)
    copy = copy_of(item, school.mother)
    assert copy.read_at
    assert not copy.confirmed_at
    assert not copy.done_at


def test_reading_is_doing_when_only_reading_is_asked(school, send, now):
    item = send(level="read", to=everyone_about(school, school.child_a))
    mark_read(actor=school.father, item=item, now=now)
    assert copy_of(item, school.father).done_at
    assert copy_of(item, school.mother).settled_at
    assert not copy_of(item, school.mother).read_at


def test_a_reply_to_a_confirmation_does_not_confirm_it(school, send, now):
    item = send(to=everyone_about(school, school.child_a))
    reply(actor=school.mother, item=item, text="好的", now=now)
    copy = copy_of(item, school.mother)
    assert copy.replied_at
    assert not copy.done_at


def test_a_line_sent_twice_by_the_outbox_is_kept_once(school, send, now):
    item = send(level="reply", to=everyone_about(school, school.child_a))
    first = reply(actor=school.mother, item=item, text="参加", key="k1", now=now)
    assert reply(actor=school.mother, item=item, text="参加", key="k1", now=now).pk == first.pk
    assert item.replies.count() == 1
    assert copy_of(item, school.mother).done_at


def test_a_stand_in_confirms_but_never_signs(school, send, now):
    confirm(actor=school.delegate, item=send(to=everyone_about(school, school.child_a)), now=now)
    signing = send(level="sign", to=everyone_about(school, school.child_a))
    with pytest.raises(NotAllowed):
        sign(actor=school.delegate, item=signing, typed_name=school.delegate.name, text_version=1, now=now)
    assert not Signature.objects.exists()


def test_a_guardian_without_the_right_only_reads(school, send, now):
    Guardianship.objects.filter(guardian=school.father, student=school.child_a).update(may_confirm=False)
    item = send(to=everyone_about(school, school.child_a))
    mark_read(actor=school.father, item=item, now=now)
    with pytest.raises(NotAllowed):
        confirm(actor=school.father, item=item, now=now)
    assert not copy_of(item, school.father).confirmed_at


def test_what_asks_for_a_signature_is_not_confirmed(school, send, now):
    item = send(level="sign", to=everyone_about(school, school.child_a))
    with pytest.raises(NotAllowed):
        confirm(actor=school.mother, item=item, now=now)


def test_a_guardian_barred_since_sees_and_does_nothing(school, send, now):
    item = send(to=everyone_about(school, school.child_a))
    Guardianship.objects.filter(guardian=school.father, student=school.child_a).update(restriction="no_contact")
    for act in (mark_read, confirm):
        with pytest.raises(NotVisible):
            act(actor=school.father, item=item, now=now)
    assert not copy_of(item, school.father).read_at


def test_one_signs_the_text_one_read(school, send, now):
    item = send(level="sign", to=everyone_about(school, school.child_a))
    with pytest.raises(Stale):
        sign(actor=school.mother, item=item, typed_name=school.mother.name, text_version=2, now=now)
    assert not Signature.objects.exists()


@pytest.mark.parametrize(
    "strokes",
    [
        [[1, 2]],
        [[["a", "b"], [1, 2]]],
        [[[1, 1], [2, 2]]],
        [[[0, 0], [9e999, 5]]],
        [[[float("nan"), 0], [5, 5]]],
        "x",
        [None],
    ],
)
def test_what_is_no_drawing_is_refused(school, send, now, strokes):
    item = send(level="sign", to=everyone_about(school, school.child_a))
    with pytest.raises(Invalid):
        sign(actor=school.mother, item=item, strokes=strokes, text_version=1, now=now)
    assert not Signature.objects.exists()


def test_a_drawn_signature_is_kept_with_its_version_and_time(school, send, now):
    item = send(level="sign", to=everyone_about(school, school.child_a))
    sign(actor=school.mother, item=item, strokes=[[[10, 10], [300, 120], [700, 150]]], text_version=1, now=now)
    kept = Signature.objects.get()
    assert (kept.text_version, kept.signed_at) == (1, now)
    assert kept.strokes == [[[10, 10], [300, 120], [600, 150]]]


def test_nothing_can_be_done_about_what_was_withdrawn(school, send, now):
    item = send(to=everyone_about(school, school.child_a))
    recall_item(actor=school.class_teacher, item=item, now=now)
    with pytest.raises(Invalid):
        confirm(actor=school.mother, item=item, now=now)
    assert not copy_of(item, school.mother).confirmed_at


def test_own_acts_reach_ones_other_devices_and_the_other_guardian(school, send, now):
    item = send(to=everyone_about(school, school.child_a))
    confirm(actor=school.mother, item=item, now=now)
    event = LoggedEvent.objects.get(name="delivery.item_done")
    assert f'"p{school.mother.pk}"' in event.fanout
    assert f'"p{school.father.pk}"' in event.fanout
