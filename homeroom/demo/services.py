"""Changes only the demonstration knows."""

from __future__ import annotations

from secrets import token_hex

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import gettext as _

from homeroom.kit.access import SystemActor
from homeroom.kit.errors import NotVisible
from homeroom.people.models import Account, Person, Role
from homeroom.people.public import pinyin_of
from homeroom.school.models import School, Stage
from homeroom.school.public import create_school

from .models import Demonstration
from .reset import delete_schools


@transaction.atomic
def trial_school(*, stages: list[Stage]) -> Person:
    """A school of the visitor's own inside the demonstration, and its office to act as.

    Whatever is imported there goes with the demonstration, or at once by `end_trial`. Nothing leaves the platform
    from a trial school. Raises NotVisible outside the demonstration.
    """
    if not Demonstration.objects.exists():
        raise NotVisible
    name = _("My school on trial")
    count = School.objects.filter(is_trial=True).count()
    school = create_school(
        actor=SystemActor("demo"),
        name=f"{name} {count + 1} ({token_hex(2)})",
        short_name=name,
        stages=stages,
        is_trial=True,
    )
    # No password: only the button of the demonstration opens this account.
    account = Account.objects.create(username=f"trial-{token_hex(4)}", password=make_password(None))
    keeper = _("School office")
    person = Person.objects.create(school=school, account=account, name=keeper, pinyin=pinyin_of(keeper))
    Role.objects.create(school=school, person=person, kind=Role.Kind.OFFICE)
    return person


@transaction.atomic
def end_trial(*, actor: Person) -> None:
    """Delete the trial school `actor` belongs to, with everything in it. Raises NotVisible when it is not a trial."""
    if not actor.school.is_trial:
        raise NotVisible
    delete_schools([actor.school_id])
