"""The audience expression: what a person picked, as stored and as sent by a form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from homeroom.kit.errors import Invalid

KINDS = frozenset({"school", "grade", "class", "subject_group", "group", "student", "staff", "source"})
MOST_PARTS = 500


@dataclass(frozen=True, slots=True)
class Part:
    """One term. What `id` holds depends on `kind`:

    school: nothing.  grade: `primary-3`.  class, group, student: a uuid.  staff: `all`, `class_teacher`,
    `grade:primary-3`, `subject:<id>` or `class:<uuid>`.  subject_group: `<teacher's uuid>:<subject id>`, the pupils of
    every class that teacher teaches the subject.  source: `<name>` or `<name>:<class uuid>`.
    """

    kind: str
    id: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}" if self.id else self.kind

    @classmethod
    def parse(cls, text: str) -> Part:
        """The reverse of `str`. Raises Invalid."""
        kind, _colon, rest = text.partition(":")
        return cls(kind, rest).checked()

    def checked(self) -> Part:
        """This part in its one spelling, if it can mean something. Raises Invalid."""
        wrong = Invalid(_("This choice of recipients cannot be understood. Please choose again."))
        if self.kind not in KINDS or len(self.id) > 100 or bool(self.id) == (self.kind == "school"):
            raise wrong
        if self.kind in {"class", "group", "student"}:
            uuid = _uuid(self.id)
            if uuid is None:
                raise wrong
            return Part(self.kind, str(uuid))
        if self.kind == "grade" and not _is_grade(self.id):
            raise wrong
        if self.kind == "subject_group":
            teacher, _colon, subject = self.id.partition(":")
            if _uuid(teacher) is None or not subject.isdecimal():
                raise wrong
        if self.kind == "staff":
            what, _colon, rest = self.id.partition(":")
            fine = {
                "all": not rest,
                "class_teacher": not rest,
                "grade": _is_grade(rest),
                "subject": rest.isdecimal(),
                "class": _uuid(rest) is not None,
            }
            if not fine.get(what, False):
                raise wrong
        return self


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _is_grade(text: str) -> bool:
    stage, _dash, number = text.partition("-")
    return stage.isalpha() and number.isdecimal() and len(number) < 4


@dataclass(frozen=True, slots=True)
class Audience:
    """Everyone in any part of `any`, without those in a part of `except_`."""

    any: tuple[Part, ...] = ()
    except_: tuple[Part, ...] = ()
    pupils_too: bool = False  # pupils who have an account are asked for themselves as well

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> Audience:
        """From stored or posted JSON. Raises Invalid."""
        try:
            included = _parts((one["kind"], one.get("id", "")) for one in value.get("any", ()))
            excluded = _parts((one["kind"], one.get("id", "")) for one in value.get("except", ()))
        except (KeyError, TypeError, AttributeError) as wrong:
            raise Invalid(_("This choice of recipients cannot be understood. Please choose again.")) from wrong
        return cls(included, excluded, bool(value.get("pupils_too", False)))

    @classmethod
    def of(cls, included: Iterable[str], excluded: Iterable[str] = (), *, pupils_too: bool = False) -> Audience:
        """From a form's values, `class:0190…`. Raises Invalid."""
        return cls(
            tuple(dict.fromkeys(Part.parse(text) for text in included))[:MOST_PARTS],
            tuple(dict.fromkeys(Part.parse(text) for text in excluded))[:MOST_PARTS],
            pupils_too,
        )

    def as_json(self) -> dict[str, Any]:
        """What `parse` reads."""
        value: dict[str, Any] = {"any": [{"kind": part.kind, "id": part.id} for part in self.any]}
        if self.except_:
            value["except"] = [{"kind": part.kind, "id": part.id} for part in self.except_]
        if self.pupils_too:
            value["pupils_too"] = True
        return value

    def __bool__(self) -> bool:
        return bool(self.any)


def _parts(pairs: Iterable[tuple[Any, Any]]) -> tuple[Part, ...]:
    parts = tuple(dict.fromkeys(Part(str(kind), str(id_)).checked() for kind, id_ in pairs))
    if len(parts) > MOST_PARTS:
        raise Invalid(_("Choose at most %(most)d recipients one by one; save a group for more.") % {"most": MOST_PARTS})
    return parts
