"""Shared reads about people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from homeroom.audit import public as audit
from homeroom.audit.public import Entry
from homeroom.kit.encryption import fingerprint

from . import labels as naming
from .contact import phone_key
from .models import Delegation, Enrolment, Guardianship, Invitation, Person, Role, Session

SCHOOL_WIDE = (Role.Kind.SCHOOL_LEADER, Role.Kind.OFFICE, Role.Kind.COUNSELLOR, Role.Kind.IT_ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class Child:
    """A child as one of their guardians meets it."""

    person_id: int
    uuid: str
    name: str
    class_id: int | None
    class_name: str
    relation: str  # a Guardianship.Relation, or "" for a delegate
    sees_records: bool
    may_confirm: bool
    may_sign: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """One guardian or delegate about one student."""

    person_id: int
    student_id: int
    may_confirm: bool
    may_sign: bool
    contact_order: int


@dataclass(frozen=True, slots=True)
class Reason:
    """One answer to "why can this person see this child"."""

    text: str
    until: date | None = None
    barred: bool = False
    details: list[str] = field(default_factory=list)


def current_students(
    *, class_ids: Iterable[int] | None = None, grade_ids: Iterable[int] | None = None
) -> QuerySet[Person]:
    """Students enrolled now in any of the classes or grades."""
    condition = Q()
    if class_ids is not None:
        condition |= Q(school_class_id__in=list(class_ids))
    if grade_ids is not None:
        condition |= Q(school_class__grade_id__in=list(grade_ids))
    enrolled = Enrolment.objects.filter(condition, ends_on__isnull=True)
    return Person.objects.filter(archived_at__isnull=True, pk__in=enrolled.values("student_id"))


def guardian_pairs(students: QuerySet[Person] | Iterable[int], *, on: date) -> list[Pair]:
    """Everyone to be asked about these students on a date: guardians with an edge in force, then delegates.

    Two queries for any number of students. A restriction of no contact bars the edge and whatever was lent from it.
    """
    of_these = Q(student_id__in=students.values("pk") if isinstance(students, QuerySet) else list(students))
    edges = Guardianship.objects.in_force(on).filter(of_these, guardian__archived_at__isnull=True)
    pairs = {
        (row[0], row[1]): Pair(*row)
        for row in edges.order_by("student_id", "contact_order", "id").values_list(
            "guardian_id", "student_id", "may_confirm", "may_sign", "contact_order"
        )
    }
    lent = Delegation.objects.filter(
        guardianship__in=edges.values("pk"),
        starts_on__lte=on,
        ends_on__gte=on,
        revoked_at__isnull=True,
        delegate__archived_at__isnull=True,
    ).values_list("delegate_id", "guardianship__student_id", "may_confirm", "guardianship__may_confirm")
    for delegate_id, student_id, may_confirm, guardian_may in lent:
        pair = Pair(delegate_id, student_id, may_confirm and guardian_may, False, 90)
        pairs.setdefault((delegate_id, student_id), pair)
    return list(pairs.values())


def children_of(person: Person, *, on: date | None = None) -> list[Child]:
    """The children `person` answers for today, eldest edge first; three queries."""
    on = on or person.today
    edges = list(
        Guardianship.objects.in_force(on)
        .filter(guardian=person, student__archived_at__isnull=True)
        .select_related("student")
        .order_by("id")
    )
    lent = list(
        Delegation.objects.filter(
            delegate=person,
            starts_on__lte=on,
            ends_on__gte=on,
            revoked_at__isnull=True,
            guardianship__in=Guardianship.objects.in_force(on),
        ).select_related("guardianship__student")
    )
    ids = {edge.student_id for edge in edges} | {row.guardianship.student_id for row in lent}
    classes = current_classes(ids) if ids else {}
    children: dict[int, Child] = {}
    for edge in edges:
        class_id, class_name = classes.get(edge.student_id, (None, ""))
        sees = edge.sees_records and edge.restriction != Guardianship.Restriction.NO_RECORDS
        children[edge.student_id] = Child(
            edge.student_id, str(edge.student.uuid), edge.student.name, class_id, class_name,
            edge.relation, sees, edge.may_confirm, edge.may_sign,
        )  # fmt: skip
    for row in lent:
        edge, student = row.guardianship, row.guardianship.student
        class_id, class_name = classes.get(student.pk, (None, ""))
        sees = row.sees_records and edge.sees_records and edge.restriction != Guardianship.Restriction.NO_RECORDS
        children.setdefault(
            student.pk,
            Child(
                student.pk, str(student.uuid), student.name, class_id, class_name,
                "", sees, row.may_confirm and edge.may_confirm, False,
            ),
        )  # fmt: skip
    return list(children.values())


def current_classes(student_ids: Iterable[int]) -> dict[int, tuple[int | None, str]]:
    """student id → (class id, class name) now; one query."""
    rows = Enrolment.objects.filter(student_id__in=list(student_ids), ends_on__isnull=True).values_list(
        "student_id", "school_class_id", "school_class__name"
    )
    return {student_id: (class_id, name) for student_id, class_id, name in rows}


def guardians_of(student_ids: Iterable[int], *, on: date) -> dict[int, list[tuple[Person, Guardianship]]]:
    """student id → [(guardian, edge)] in contact order; one query."""
    found: dict[int, list[tuple[Person, Guardianship]]] = defaultdict(list)
    edges = (
        Guardianship.objects.in_force(on)
        .filter(student_id__in=list(student_ids))
        .select_related("guardian")
        .order_by("contact_order", "id")
    )
    for edge in edges:
        found[edge.student_id].append((edge.guardian, edge))
    return dict(found)


def _holds(edge: Guardianship, on: date) -> bool:
    return (edge.starts_on is None or edge.starts_on <= on) and (edge.ends_on is None or edge.ends_on >= on)


def why_visible(person: Person, student: Person, *, on: date) -> list[Reason]:
    """Every reason for which `person` can, or is barred to, see `student`, in words for a page."""
    reasons: list[Reason] = []
    if person.school_id != student.school_id:
        return reasons
    for edge in Guardianship.objects.filter(guardian=person, student=student):
        words = naming.guardian_label(student.name, edge.relation)
        in_force = _holds(edge, on)
        barred = bool(edge.restriction) and edge.restriction != Guardianship.Restriction.NO_PICK_UP
        details = [str(edge.get_restriction_display())] if edge.restriction else []
        if not in_force:
            details.append(_("Not in force on this date."))
        reasons.append(Reason(words, edge.ends_on, barred or not in_force or not edge.sees_records, details))
    for row in Delegation.objects.filter(delegate=person, guardianship__student=student).select_related(
        "guardianship__guardian"
    ):
        edge = row.guardianship
        lender_sees = (
            _holds(edge, on)
            and edge.sees_records
            and edge.restriction not in {Guardianship.Restriction.NO_CONTACT, Guardianship.Restriction.NO_RECORDS}
        )
        in_force = row.revoked_at is None and row.starts_on <= on <= row.ends_on
        text = _("Stands in for %(guardian)s") % {"guardian": edge.guardian.name}
        details = [] if row.sees_records else [_("May not see the child's records")]
        if not in_force:
            details.append(_("Not in force on this date."))
        reasons.append(Reason(text, row.ends_on, not (in_force and row.sees_records and lender_sees), details))
    enrolment = (
        Enrolment.objects.filter(student=student, ends_on__isnull=True).select_related("school_class__grade").first()
    )
    # Whoever has a duty over the whole school also sees those who have left it.
    was_student = enrolment is not None or Enrolment.objects.filter(student=student).exists()
    for role in person.roles.in_force(on).select_related("school_class", "grade", "subject"):
        school_wide = role.kind in SCHOOL_WIDE
        same_class = enrolment is not None and role.school_class_id == enrolment.school_class_id
        same_grade = (
            enrolment is not None
            and role.kind == Role.Kind.GRADE_LEADER
            and role.grade_id == enrolment.school_class.grade_id
        )
        if (school_wide and was_student) or same_class or same_grade:
            place = role.school_class or role.grade or student.school
            reasons.append(
                Reason(
                    _("%(role)s of %(place)s") % {"role": role.get_kind_display(), "place": place.name}, role.ends_on
                )
            )
    if person.pk == student.pk and was_student:
        reasons.append(Reason(_("This is the student.")))
    return reasons


def open_invitation(pk: int, *, now: datetime) -> Invitation | None:
    """An invitation that can still be used, with its person and school."""
    return _usable(now).filter(pk=pk).first()


def invitation_of_token(token: str, *, now: datetime) -> Invitation | None:
    """The usable invitation behind a link; None tells a stranger nothing about why."""
    key = fingerprint(token.strip(), "invitation")
    return _usable(now).filter(token_key=key).first() if key else None


def invitation_of_code(code: str, *, now: datetime) -> Invitation | None:
    """The usable invitation behind a typed code. Case, spaces and dashes do not matter."""
    key = fingerprint("".join(letter for letter in code.upper() if letter.isalnum()), "invitation-code")
    return _usable(now).filter(code_key=key).first() if key else None


def _usable(now: datetime) -> QuerySet[Invitation]:
    return Invitation.objects.filter(
        used_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now, person__archived_at__isnull=True
    ).select_related("person__school", "person__account")


def adult_of(school_id: int, *, name: str, phone: str) -> Person | None:
    """The one adult of the school with this name and this phone number; None when there is none, or two."""
    key = phone_key(phone)
    if not key or not name.strip():
        return None
    found = Person.objects.filter(
        school_id=school_id, phone_key=key, name=name.strip(), archived_at__isnull=True
    ).exclude(pk__in=Enrolment.objects.filter(school_id=school_id).values("student_id"))[:2]
    return found[0] if len(found) == 1 else None


def joined_of(school_id: int) -> tuple[int, int]:
    """(guardians with an account, guardians) of the students enrolled now; one query."""
    enrolled = Enrolment.objects.filter(school_id=school_id, ends_on__isnull=True)
    edges = Guardianship.objects.in_force(timezone.localdate()).filter(student_id__in=enrolled.values("student_id"))
    found = Person.objects.filter(archived_at__isnull=True, pk__in=edges.values("guardian_id")).aggregate(
        joined=Count("pk", filter=Q(account__isnull=False)), all=Count("pk")
    )
    return found["joined"], found["all"]


def class_teachers(school_id: int, *, on: date) -> dict[int, list[str]]:
    """class id → names of those who head it on a date, substitutes included; one query."""
    heads: dict[int, list[str]] = defaultdict(list)
    roles = Role.objects.in_force(on).filter(school_id=school_id, kind=Role.Kind.CLASS_TEACHER)
    for class_id, name in roles.order_by("id").values_list("school_class_id", "person__name"):
        if name not in heads[class_id]:
            heads[class_id].append(name)
    return dict(heads)


@dataclass(frozen=True, slots=True)
class ToInvite:
    """A guardian as the invitations page lists them."""

    person: Person
    label: str
    child: str
    joined: bool
    seen_at: datetime | None
    invited_at: datetime | None  # the newest invitation that still works


def class_guardians(class_ids: Iterable[int], *, now: datetime) -> list[ToInvite]:
    """The guardians of the students of these classes, in the order of the students; five queries for any number."""
    on = timezone.localdate(now)
    students = current_students(class_ids=class_ids).order_by("student_number", "pinyin", "id")
    order = {pk: position for position, pk in enumerate(students.values_list("pk", flat=True))}
    edges = list(
        Guardianship.objects.in_force(on)
        .filter(student_id__in=order, guardian__archived_at__isnull=True)
        .select_related("guardian", "student")
        .order_by("contact_order", "id")
    )
    edges.sort(key=lambda edge: order[edge.student_id])
    ids = {edge.guardian_id for edge in edges}
    invited = dict(
        Invitation.objects.filter(person_id__in=ids, used_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now)
        .values("person_id")
        .annotate(latest=Max("created_at"))
        .values_list("person_id", "latest")
    )
    accounts = {edge.guardian.account_id for edge in edges if edge.guardian.account_id}
    seen = dict(
        Session.objects.filter(account_id__in=accounts)
        .values("account_id")
        .annotate(latest=Max("last_seen_at"))
        .values_list("account_id", "latest")
    )
    rows: dict[int, ToInvite] = {}
    for edge in edges:
        person = edge.guardian
        rows.setdefault(
            person.pk,
            ToInvite(
                person=person,
                label=naming.guardian_label(edge.student.name, edge.relation),
                child=edge.student.name,
                joined=person.account_id is not None,
                seen_at=seen.get(person.account_id),
                invited_at=invited.get(person.pk),
            ),
        )
    return list(rows.values())


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who can see a child, or is barred from it, and every reason why."""

    person: Person
    label: str
    reasons: list[Reason]

    @property
    def sees(self) -> bool:
        return any(not reason.barred for reason in self.reasons)


def who_can_see(student: Person, *, on: date) -> list[Viewer]:
    """Everybody with a reason to see `student` or a bar against it: guardians and delegates first, then staff."""
    families = list(
        Guardianship.objects.filter(student=student)
        .order_by("contact_order", "id")
        .values_list("guardian_id", flat=True)
    )
    families += Delegation.objects.filter(guardianship__student=student, ends_on__gte=on).values_list(
        "delegate_id", flat=True
    )
    enrolment = Enrolment.objects.filter(student=student, ends_on__isnull=True).select_related("school_class").first()
    place = Q(kind__in=SCHOOL_WIDE)
    if enrolment is not None:
        place |= Q(school_class_id=enrolment.school_class_id)
        place |= Q(kind=Role.Kind.GRADE_LEADER, grade_id=enrolment.school_class.grade_id)
    staff = Role.objects.in_force(on).filter(place, school_id=student.school_id).order_by("kind", "id")
    ids = list(dict.fromkeys([*families, *staff.values_list("person_id", flat=True)]))
    persons = {person.pk: person for person in Person.objects.filter(pk__in=ids, archived_at__isnull=True)}
    named = naming.labels(persons, on=on)
    viewers = [Viewer(persons[pk], named[pk], why_visible(persons[pk], student, on=on)) for pk in ids if pk in persons]
    return [viewer for viewer in viewers if viewer.reasons]


def changed_by_others(school_id: int, *, since: datetime, on: date) -> list[Entry]:
    """What persons who do not keep the roster changed about who answers for a child, newest first; two queries."""
    keepers = Role.objects.in_force(on).filter(
        school_id=school_id, kind__in=[Role.Kind.OFFICE, Role.Kind.IT_ADMINISTRATOR, Role.Kind.SCHOOL_LEADER]
    )
    ours = {f"person:{pk}" for pk in keepers.values_list("person_id", flat=True)}
    entries = audit.of_school(
        school_id, since=since, kinds=["guardianship.added", "guardianship.changed", "guardianship.ended"]
    )
    return [entry for entry in entries if entry.actor.startswith("person:") and entry.actor not in ours]
