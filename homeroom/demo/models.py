"""The mark: a database with a Demonstration row holds invented people, and only then can roles be switched."""

from __future__ import annotations

from django.db import models

from homeroom.people.models import Person
from homeroom.school.models import School


class Demonstration(models.Model):
    """The one invented installation in this database."""

    built_at = models.DateTimeField()
    schools = models.ManyToManyField(School, related_name="+")

    def __str__(self) -> str:
        return f"demonstration of {self.built_at:%Y-%m-%d}"


class Member(models.Model):
    """Somebody of the cast by the name the role page and the tests know them by: class_teacher, guardian_of_two."""

    demonstration = models.ForeignKey(Demonstration, on_delete=models.CASCADE, related_name="members")
    key = models.CharField(max_length=40, unique=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return self.key
