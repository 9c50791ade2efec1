"""Whom a question goes to: the circle that may see it, and one person who owes the answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q

from homeroom.people.models import Guardianship, Person, Role
from homeroom.school.models import SchoolClass, Subject, Topic

from .models import Circle, Question, Route
from .states import WORKING


@dataclass(frozen=True, slots=True)
class Way:
    """A circle, and the person or the subject a route names."""

    circle: Circle
    person: Person | None = None
    subject: Subject | None = None


def usual_way(topic: Topic, grade_id: int | None) -> Way:
    """The school's way for a topic in a grade: its own rule, else its parent topic's, else the class teacher.

    A complaint goes to the leaders whatever a rule says. A way to the subject teacher may leave the subject open.
    """
    if topic.is_complaint:
        return Way(Circle.LEADERS)
    wanted = [topic.pk, *([topic.parent_id] if topic.parent_id else [])]
    routes = Route.objects.filter(
        Q(grade_id=grade_id) | Q(grade__isnull=True), school_id=topic.school_id, topic_id__in=wanted
    ).select_related("person__school", "subject")
    ranked = sorted(routes, key=lambda route: (wanted.index(route.topic_id), route.grade_id is None))
    for route in ranked:
        if route.circle == Circle.PERSON and (route.person is None or route.person.archived_at is not None):
            continue
        return Way(Circle(route.circle), route.person, route.subject)
    return Way(Circle.CLASS_TEACHER)


def people_of(
    circle: str, *, school_id: int, school_class: SchoolClass | None, subject: Subject | None, on: date
) -> list[Person]:
    """The staff of a circle on a date, substitutes after those they stand in for; one query."""
    roles = Role.objects.in_force(on).filter(school_id=school_id, person__archived_at__isnull=True)
    conditions = {
        Circle.CLASS_TEACHER: Q(kind=Role.Kind.CLASS_TEACHER, school_class=school_class),
        Circle.SUBJECT_TEACHER: Q(kind=Role.Kind.SUBJECT_TEACHER, school_class=school_class, subject=subject),
        Circle.GRADE_LEADER: Q(
            kind=Role.Kind.GRADE_LEADER, grade_id=school_class.grade_id if school_class is not None else None
        ),
        Circle.OFFICE: Q(kind=Role.Kind.OFFICE),
        Circle.LEADERS: Q(kind=Role.Kind.SCHOOL_LEADER),
    }
    condition = conditions.get(Circle(circle))
    if condition is None:
        return []
    found = roles.filter(condition).select_related("person__school", "person__account").order_by("id")
    ordered = sorted(found, key=lambda role: role.stands_in_for_id is not None)
    return list({role.person_id: role.person for role in ordered}.values())


def subject_in(text: str, school_class: SchoolClass | None, *, on: date) -> Subject | None:
    """The one subject of the class that a text names; None when it names none, or several. One query."""
    taught = Role.objects.in_force(on).filter(kind=Role.Kind.SUBJECT_TEACHER, school_class=school_class)
    if school_class is None:
        return None
    subjects = {role.subject for role in taught.select_related("subject") if role.subject is not None}
    named = [subject for subject in subjects if subject.name in text]
    return named[0] if len(named) == 1 else None


def load_of(person_ids: Iterable[int], *, complaints: bool) -> dict[int, int]:
    """person → how many questions they owe something now; one query. Only leaders may count `complaints` in."""
    rows = Question.objects.filter(owner_id__in=list(person_ids), state__in=WORKING).values("owner_id")
    if not complaints:
        rows = rows.exclude(circle=Circle.LEADERS)
    return dict(rows.annotate(n=Count("pk")).values_list("owner_id", "n"))


def strangers_to(student_id: int, people: Iterable[Person]) -> list[Person]:
    """Those who are not the child's family."""
    candidates = list(people)
    family = set(
        Guardianship.objects.filter(
            student_id=student_id, guardian_id__in=[person.pk for person in candidates]
        ).values_list("guardian_id", flat=True)
    )
    return [person for person in candidates if person.pk not in family]


def choose_owner(question: Question, way: Way, *, on: date) -> Person | None:
    """One person of the circle: the named one, else the first, of the office or the leaders who owes least.

    Never a substitute while the one stood in for has the duty: it stays theirs, and the substitute acts for them.

    Whoever is the child's family is passed over; nobody left means the leaders. None only when there are none either.
    """
    named = [way.person] if way.person is not None else []
    for circle in (question.circle, Circle.LEADERS):
        people = named or people_of(
            circle,
            school_id=question.school_id,
            school_class=question.school_class,
            subject=question.subject,
            on=on,
        )
        fitting = [person for person in strangers_to(question.student_id, people) if person.pk != question.asker_id]
        if fitting:
            if circle in {Circle.OFFICE, Circle.LEADERS}:
                load = load_of((person.pk for person in fitting), complaints=True)
                return min(fitting, key=lambda person: (load.get(person.pk, 0), person.pk))
            return fitting[0]
        named = []
    return None


def candidates(question: Question, *, on: date) -> list[Person]:
    """Who may be given a question, those nearest to the child first; a complaint's are leaders only. One query."""
    roles = Role.objects.in_force(on).filter(school_id=question.school_id, person__archived_at__isnull=True)
    if question.circle == Circle.LEADERS:
        roles = roles.filter(kind=Role.Kind.SCHOOL_LEADER)
    rows = list(roles.select_related("person__school", "person__account").order_by("id"))

    def distance(role: Role) -> int:
        if role.school_class_id and role.school_class_id == question.school_class_id:
            return 0 if role.kind == Role.Kind.CLASS_TEACHER else 1
        if role.grade_id and role.grade_id == question.grade_id:
            return 2
        return {Role.Kind.OFFICE: 3, Role.Kind.SCHOOL_LEADER: 4, Role.Kind.COUNSELLOR: 5}.get(Role.Kind(role.kind), 6)

    ordered = sorted(rows, key=distance)
    people = {role.person_id: role.person for role in ordered}.values()
    return [person for person in strangers_to(question.student_id, people) if person.pk != question.asker_id]
