"""Building the whole demonstration, step by step, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from random import Random

from django.db import transaction

from homeroom.kit.errors import Trouble
from homeroom.kit.statistics import count_again
from homeroom.people.models import Account, Enrolment, Guardianship, Person, Role
from homeroom.school.models import School

from .asked import ask_a_few_dozen
from .calm import keep_calm
from .cast import PASSWORD, ZONE, Cast, Maker, build_cast
from .civil import keep_civil
from .holidays import build_calendar
from .life import live_a_term
from .models import Demonstration, Member
from .population import Population, build_population
from .spoken import speak_and_cite
from .talk import talk_for_weeks

SEED = 20261123
Progress = Callable[[str, int, int], None]  # step, done, of


class RealSchoolHere(Trouble):
    """The database holds a school that is not invented; the two must not mix."""

    code = "real_school_here"


def build_demonstration(*, now: datetime, progress: Progress, password: str = PASSWORD) -> Population | None:
    """Build both schools with a term of life up to `now`. Returns None when the demonstration is there already.

    Deterministic but for ids: the same day makes the same people and the same notices. Raises RealSchoolHere when
    the database holds any other school.
    """
    if Demonstration.objects.exists():
        return None
    if School.objects.exists():
        raise RealSchoolHere
    random = Random(SEED)  # noqa: S311  (an invented school must be the same every time)
    with transaction.atomic():
        progress("people", 0, 2)
        cast = build_cast(password=password, today=_school_date(now))
        progress("people", 1, 2)
        population = build_population(cast, Maker(cast.today, password, numbers_from=1000), random)
        count_again(Account, Person, Enrolment, Guardianship, Role)
        for school in (cast.school, cast.elsewhere):
            build_calendar(school)
        mark(cast, now=now)
        progress("people", 2, 2)
        live_a_term(cast, population, random, now=now, progress=lambda done, of: progress("notices", done, of))
        talk_for_weeks(cast, population, now=now)
        speak_and_cite(cast, now=now)
        keep_calm(cast, now=now)
        keep_civil(cast, now=now)
    ask_a_few_dozen(cast, now=now)
    return population


def mark(cast: Cast, *, now: datetime) -> Demonstration:
    """Enter the mark that makes this database a demonstration of the cast's schools."""
    demonstration = Demonstration.objects.create(built_at=now)
    demonstration.schools.set([cast.school, cast.elsewhere])
    Member.objects.bulk_create(
        [Member(demonstration=demonstration, key=key, person=person) for key, person in cast.people.items()]
    )
    return demonstration


def _school_date(now: datetime) -> date:
    return now.astimezone(ZONE).date()
