"""Taking the demonstration away takes all of it, and nothing else."""

from __future__ import annotations

from django.apps import apps
from django.core.management import call_command

from homeroom.demo.public import is_demo
from homeroom.demo.reset import delete_demonstration, path_to_school
from homeroom.demo.services import trial_school
from homeroom.kit.access import SystemActor
from homeroom.people.models import Account, Person
from homeroom.school.models import School, Stage
from homeroom.school.public import create_school


def test_nothing_of_the_invented_schools_is_left(school, demonstration):
    trial_school(stages=[Stage.PRIMARY])
    assert delete_demonstration() == 3
    assert not is_demo()
    assert not School.objects.exists()
    for model in apps.get_models():
        if path_to_school(model) is not None:
            assert not model._default_manager.exists(), model
    assert not Account.objects.exists()


def test_a_real_school_and_an_account_used_in_it_stay(school, demonstration):
    real = create_school(actor=SystemActor("test"), name="真实小学", stages=[Stage.PRIMARY])
    person = Person.objects.create(school=real, name="曾宪明", account=school.in_both_here.account)
    delete_demonstration()
    assert list(School.objects.values_list("pk", flat=True)) == [real.pk]
    assert Person.objects.get().account_id == person.account_id
    assert Account.objects.count() == 1


def test_without_a_demonstration_reset_touches_nothing(school, capsys):
    call_command("demo", "--reset")
    assert School.objects.count() == 2
