"""What the site may ask: is this the demonstration, and what belongs to it."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest

from homeroom.people.models import Person
from homeroom.school.models import School
from homeroom.ui.public import Banner

from .cast import PASSWORD
from .models import Demonstration, Member
from .reset import delete_demonstration
from .services import end_trial, trial_school

__all__ = [
    "PASSWORD", "banner", "delete_demonstration", "end_trial", "goes_with_demo", "is_demo", "member_named",
    "needs_no_second_factor", "shows_components", "trial_school",
]  # fmt: skip


def is_demo() -> bool:
    """Whether this database holds the demonstration."""
    with connection.cursor() as cursor:  # not by the ORM: every page asks
        cursor.execute("SELECT 1 FROM demo_demonstration LIMIT 1")
        return cursor.fetchone() is not None


def goes_with_demo(school: School) -> bool:
    """Whether a school is one of the demonstration's, a visitor's trial school included."""
    if school.is_trial:
        return is_demo()
    return Demonstration.objects.filter(schools=school).exists()


def needs_no_second_factor(person: Person) -> bool:
    """Nobody in the demonstration is asked for one: its password is public anyway."""
    return goes_with_demo(person.school)


def shows_components(request: HttpRequest) -> bool:
    """The living page of components is part of what a visitor may look at."""
    return is_demo()


def member_named(key: str) -> Member | None:
    """Somebody of the cast: `class_teacher`, `guardian_of_two` …"""
    return Member.objects.select_related("person__school", "person__account").filter(key=key).first()


def banner(request: HttpRequest) -> Banner | None:
    """The line above every page of the demonstration: who you are being, and the way to be somebody else."""
    try:
        if not is_demo():
            return None
    except DatabaseError:  # the page that says the database cannot be reached is shown all the same
        return None
    person = getattr(request, "person", None)
    trial = person is not None and person.school.is_trial
    return Banner("demo/banner.html", tone="warn" if trial else "info", context={"trial": trial})
