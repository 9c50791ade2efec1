"""What the audience picker offers, and reading what it sends back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from homeroom.people.models import Enrolment, Person, Role
from homeroom.school.models import Grade, SchoolClass, Subject

from . import registry
from .access import addresses_school, enrolments_in_reach, visible_groups
from .audience import Audience, Part
from .queries import describe


@dataclass(slots=True)
class Choice:
    """One line of the picker: the value sent (`class:0190…`), its words, and how many pupils (or staff) it means."""

    value: str
    label: str
    count: int | None = None
    note: str = ""
    inner: list[Choice] = field(default_factory=list)


@dataclass(slots=True)
class Choices:
    """Everything somebody may address, as the picker shows it."""

    school: Choice | None
    grades: list[Choice]  # each with its classes in `inner`
    teaching: list[Choice]
    groups: list[Choice]
    sources: list[Choice]
    staff: list[Choice]

    @property
    def is_empty(self) -> bool:
        return not (self.school or self.grades or self.teaching or self.groups or self.sources or self.staff)


def audience_from(data: QueryDict) -> Audience:
    """The audience a form holds in `any`, `except` and `pupils_too`. Raises Invalid."""
    return Audience.of(data.getlist("any"), data.getlist("except"), pupils_too=data.get("pupils_too") == "on")


def _grade_key(grade: Grade) -> str:
    return f"{grade.stage}-{grade.number}"


def choices_for(actor: Person) -> Choices:
    """What `actor` may address today. At most six statements."""
    everywhere = addresses_school(actor)
    reach = enrolments_in_reach(actor)
    counts = dict(
        Enrolment.objects.filter(reach, ends_on__isnull=True, student__archived_at__isnull=True)
        .order_by()
        .values_list("school_class_id")
        .annotate(Count("pk"))
    )
    led = {role.grade_id for role in actor.current_roles if role.kind == Role.Kind.GRADE_LEADER}
    own = {role.school_class_id for role in actor.current_roles if role.school_class_id}
    condition = Q() if everywhere else Q(pk__in=own) | Q(grade_id__in=led)
    classes = SchoolClass.objects.filter(condition, school_id=actor.school_id, archived_at__isnull=True).select_related(
        "grade"
    )
    grades: dict[int, Choice] = {}
    for one in classes.order_by("grade_id", "number"):
        whole = everywhere or one.grade_id in led
        if one.grade_id not in grades:
            value = str(Part("grade", _grade_key(one.grade))) if whole else ""
            grades[one.grade_id] = Choice(value, one.grade.name, 0)
        grade = grades[one.grade_id]
        grade.inner.append(Choice(str(Part("class", str(one.uuid))), one.name, counts.get(one.pk, 0)))
        grade.count = (grade.count or 0) + counts.get(one.pk, 0)
    groups = visible_groups(actor).annotate(size=Count("members", distinct=True)).order_by("name")
    return Choices(
        school=Choice("school", _("Whole school"), sum(counts.values())) if everywhere else None,
        grades=list(grades.values()),
        teaching=_teaching(actor, counts),
        groups=[Choice(f"group:{one.uuid}", one.name, one.size, str(one.get_kind_display())) for one in groups],
        sources=_sources(everywhere, own, classes),
        staff=_staff(actor, everywhere),
    )


def _teaching(actor: Person, counts: dict[int, int]) -> list[Choice]:
    """For whoever teaches one subject in several classes: all of them at once."""
    taught: dict[int, tuple[Subject, list[int]]] = {}
    for role in actor.current_roles:
        if role.subject is not None and role.school_class_id:
            taught.setdefault(role.subject.pk, (role.subject, []))[1].append(role.school_class_id)
    return [
        Choice(
            f"subject_group:{actor.uuid}:{pk}",
            _("All my classes in %(subject)s") % {"subject": subject.name},
            sum(counts.get(class_id, 0) for class_id in set(class_ids)),
        )
        for pk, (subject, class_ids) in taught.items()
        if len(set(class_ids)) > 1
    ]


def _sources(everywhere: bool, own: set[int], classes: Iterable[SchoolClass]) -> list[Choice]:
    found = []
    for source in registry.sources.values():
        if everywhere:
            found.append(Choice(f"source:{source.name}", str(source.label)))
        else:
            found += [
                Choice(f"source:{source.name}:{one.uuid}", f"{source.label} · {one.name}")
                for one in classes
                if one.pk in own
            ]
    return found


def _staff(actor: Person, everywhere: bool) -> list[Choice]:
    if everywhere:
        subjects = Subject.objects.filter(school_id=actor.school_id)
        return [
            Choice("staff:all", _("All staff")),
            Choice("staff:class_teacher", _("All class teachers")),
            *(
                Choice(f"staff:subject:{one.pk}", _("Teachers of %(subject)s") % {"subject": one.name})
                for one in subjects
            ),
        ]
    found: dict[str, Choice] = {}
    for role in actor.current_roles:
        if role.kind == Role.Kind.GRADE_LEADER and role.grade is not None:
            value = f"staff:grade:{_grade_key(role.grade)}"
            found[value] = Choice(value, _("Teachers of %(grade)s") % {"grade": role.grade.name})
        elif role.kind == Role.Kind.CLASS_TEACHER and role.school_class is not None:
            value = f"staff:class:{role.school_class.uuid}"
            found[value] = Choice(value, _("Teachers of %(class)s") % {"class": role.school_class.name})
    return list(found.values())


def families(actor: Person, q: str, *, limit: int = 12) -> list[Choice]:
    """Pupils whose families `actor` may address, found by a part of the name, its pinyin or the student number."""
    q = q.strip().lower()
    if not q:
        return []
    rows = Enrolment.objects.filter(
        enrolments_in_reach(actor), _named(q, "student__"), ends_on__isnull=True, student__archived_at__isnull=True
    )
    return [
        Choice(f"student:{uuid}", name, None, class_name)
        for uuid, name, class_name in rows.order_by("student__pinyin", "student_id").values_list(
            "student__uuid", "student__name", "school_class__name"
        )[:limit]
    ]


def colleagues(actor: Person, q: str, *, limit: int = 12) -> list[Person]:
    """Staff found the same way, for naming keepers and members of a group."""
    return list(staff_named(actor, q)[:limit]) if q.strip() else []


def staff_named(actor: Person, q: str) -> QuerySet[Person]:
    working = Role.objects.in_force(actor.today).filter(school_id=actor.school_id)
    return Person.objects.filter(
        _named(q.strip().lower()), pk__in=working.values("person_id"), archived_at__isnull=True
    ).order_by("pinyin", "pk")


def _named(q: str, prefix: str = "") -> Q:
    """Names containing `q`; pinyin as syllables from a word's start ("zhang s"), run together, or as initials."""
    condition = Q(**{f"{prefix}name__icontains": q}) | Q(**{f"{prefix}student_number": q})
    if q.isascii():
        condition |= Q(**{f"{prefix}pinyin__startswith": q}) | Q(**{f"{prefix}pinyin__contains": f" {q}"})
        if len(q) > 2 and " " not in q:
            condition |= Q(**{f"{prefix}pinyin__regex": "(^| )" + " ?".join(map(_escaped, q))})
    return condition


def _escaped(character: str) -> str:
    return character if character.isalnum() else f"\\{character}"


def labels_of(actor: Person, audience: Audience) -> list[tuple[str, str]]:
    """(value, words) of single families and exclusions, which the tree of the picker does not show."""
    singles = [part for part in (*audience.any, *audience.except_) if part.kind == "student"]
    rows = Enrolment.objects.filter(
        school_id=actor.school_id, student__uuid__in=[part.id for part in singles], ends_on__isnull=True
    ).values_list("student__uuid", "student__name", "school_class__name")
    named = {f"student:{uuid}": f"{name} · {class_name}" for uuid, name, class_name in rows}
    others = [part for part in audience.except_ if part.kind != "student"]
    named.update({str(part): describe(Audience((part,)), actor.school) for part in others})
    return list(named.items())
