"""Who may see and change whom."""

from __future__ import annotations

from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from homeroom.kit.access import ALLOWED, Decision, denied

from .models import Delegation, Enrolment, Guardianship, Person, Role


def can_keep_roster(actor: Person, school_id: int) -> Decision:
    """Office, IT administrator or school leader."""
    if actor.keeps_roster(school_id):
        return ALLOWED
    return denied(_("Only the school office, an IT administrator or a school leader can change the roster."))


def can_change_guardianship(actor: Person, edge: Guardianship) -> Decision:
    """Those who keep the roster, or the child's class teacher."""
    if actor.keeps_roster(edge.school_id):
        return ALLOWED
    enrolment = Enrolment.objects.filter(student_id=edge.student_id, ends_on__isnull=True).first()
    if enrolment is not None and actor.heads_class(enrolment.school_class_id):
        return ALLOWED
    return denied(_("Only the class teacher or the school office can change who answers for a child."))


def can_delegate(actor: Person, edge: Guardianship) -> Decision:
    """The guardian of the edge, while it is in force and unrestricted."""
    if actor.school_id == edge.school_id and actor.pk == edge.guardian_id and not edge.restriction:
        return ALLOWED
    return denied(_("Only the guardian can ask somebody else to stand in."))


def classes_of(person: Person) -> Q:
    """A condition on SchoolClass: the classes in which `person` works, or all for those with school-wide duties."""
    if person.has_role(Role.Kind.SCHOOL_LEADER, Role.Kind.OFFICE, Role.Kind.IT_ADMINISTRATOR):
        return Q(school_id=person.school_id)
    condition = Q(pk__in=[role.school_class_id for role in person.current_roles if role.school_class_id])
    grades = [role.grade_id for role in person.current_roles if role.kind == Role.Kind.GRADE_LEADER]
    if grades:
        condition |= Q(grade_id__in=grades)
    return Q(school_id=person.school_id) & condition


def visible_students(person: Person, *, on: date | None = None) -> QuerySet[Person]:
    """Students whom `person` may see: by duty, as guardian or delegate with that right, or themself."""
    on = on or person.today
    duty = Q(pk__in=[])
    if person.has_role(Role.Kind.SCHOOL_LEADER, Role.Kind.OFFICE, Role.Kind.IT_ADMINISTRATOR, Role.Kind.COUNSELLOR):
        duty = Q(Exists(Enrolment.objects.filter(student_id=OuterRef("pk"))))
    elif person.current_roles:
        duty = Q(
            Exists(
                Enrolment.objects.filter(student_id=OuterRef("pk"), ends_on__isnull=True).filter(
                    Q(school_class_id__in=[r.school_class_id for r in person.current_roles if r.school_class_id])
                    | Q(
                        school_class__grade_id__in=[
                            r.grade_id for r in person.current_roles if r.kind == Role.Kind.GRADE_LEADER
                        ]
                    )
                )
            )
        )
    edges = (
        Guardianship.objects.in_force(on)
        .filter(guardian=person, student_id=OuterRef("pk"), sees_records=True)
        .exclude(restriction=Guardianship.Restriction.NO_RECORDS)
    )
    lent = Delegation.objects.filter(
        delegate=person,
        guardianship__student_id=OuterRef("pk"),
        starts_on__lte=on,
        ends_on__gte=on,
        revoked_at__isnull=True,
        sees_records=True,
        guardianship__in=Guardianship.objects.in_force(on),
    )
    themself = Q(pk=person.pk) & Q(Exists(Enrolment.objects.filter(student_id=OuterRef("pk"))))
    return Person.objects.filter(school_id=person.school_id).filter(duty | Q(Exists(edges)) | Q(Exists(lent)) | themself)
