"""The whole demonstration: of the promised size, alive, true to delivery's rules, and gone without a trace."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Q

from homeroom.delivery.models import Item, Recipient, Reply, Signature
from homeroom.delivery.public import todo
from homeroom.demo.build import build_demonstration
from homeroom.demo.public import member_named
from homeroom.demo.reset import delete_demonstration
from homeroom.demo.texts import texts
from homeroom.kit.access import SystemActor
from homeroom.people.models import Account, Guardianship, Person
from homeroom.school.models import School, Stage
from homeroom.school.public import create_school


@pytest.fixture
def built(db, now):
    return build_demonstration(now=now, progress=lambda *_step: None)


def test_a_term_of_two_schools(built, now):
    assert 1_100 <= built.pupils <= 1_300
    assert 1_900 <= built.guardians <= 2_200
    assert 80 <= built.staff <= 100
    assert Item.objects.count() >= 100
    assert Item.objects.values("category").distinct().count() >= 7
    assert set(Item.objects.values_list("level", flat=True)) == {"read", "confirm", "sign", "reply"}

    copies = Recipient.objects.all()
    # Nobody acts before it was sent, in the future, before reading it, or without an account.
    assert not copies.filter(Q(read_at__lt=F("item__sent_at")) | Q(read_at__gt=now) | Q(done_at__gt=now)).exists()
    assert not copies.filter(done_at__isnull=False, read_at__isnull=True).exists()
    assert not copies.filter(read_at__isnull=False, person__account=None).exists()
    assert not copies.filter(done_at__isnull=False, settled_at__isnull=True).exists()
    assert not copies.filter(done_at__isnull=False, asks=False).exists()
    # A signature for each copy that was signed, and a line for each reply.
    signed = copies.filter(item__level="sign", done_at__isnull=False)
    assert Signature.objects.count() == signed.count()
    assert (
        Reply.objects.exclude(author_id=F("item__sender_id")).count() == copies.filter(replied_at__isnull=False).count()
    )
    # What was written answers the notice it is written to.
    said = {text.title: {line for both in text.replies for line in both} for text in texts()}
    assert all(line in said[title] for title, line in Reply.objects.values_list("item__title", "text"))
    # Nobody barred from a child hears about the child.
    barred = Guardianship.objects.filter(restriction="no_contact")
    for guardian_id, student_id in barred.values_list("guardian_id", "student_id"):
        assert not copies.filter(person_id=guardian_id, student_id=student_id).exists()
    # Nothing is due the moment the demonstration starts: no storm of reminders for a term that has passed.
    assert not Item.objects.filter(next_reminder_at__lte=now).exists()
    assert not Item.objects.filter(deadline_at__lte=now, closed_at__isnull=True).exists()

    # Those a visitor becomes first have something to do, and siblings and twins are there.
    for key in ("mother", "guardian_of_two", "guardian_of_twins"):
        member = member_named(key)
        assert todo(member.person, now=now), key
    siblings = Guardianship.objects.values("guardian").annotate(children=Count("student")).filter(children__gt=1)
    assert siblings.count() > 50

    delete_demonstration()
    for model in (School, Person, Account, Item, Recipient):
        assert not model.objects.exists()


def test_it_is_not_built_twice(school, demonstration, now):
    people = Person.objects.count()
    assert build_demonstration(now=now + timedelta(days=1), progress=lambda *_step: None) is None
    out = StringIO()
    call_command("demo", "--json", stdout=out)
    assert '"built": false' in out.getvalue()
    assert Person.objects.count() == people


def test_it_does_not_mix_with_a_real_school(db):
    create_school(actor=SystemActor("test"), name="真实小学", stages=[Stage.PRIMARY])
    with pytest.raises(CommandError):
        call_command("demo", "--json")
    assert not Person.objects.exists()
