"""Who may see and change whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from homeroom.kit.access import ALLOWED, Actor, Decision, denied
from homeroom.kit.errors import NotVisible

from .models import Account, Delegation, Enrolment, Guardianship, Person, Role
from .queries import SCHOOL_WIDE
from .second_factor import has_second_factor


def can_keep_roster(actor: Actor, school_id: int) -> Decision:
    """Office, IT administrator or school leader."""
    if actor.keeps_roster(school_id):
        return ALLOWED
    return denied(_("Only the school office, an IT administrator or a school leader can change the roster."))


def can_give_role(actor: Actor, school_id: int, kind: str) -> Decision:
    """In a class or grade: those who keep the roster. Over the whole school: an IT administrator or leader."""
    if actor.administers(school_id):
        return ALLOWED
    if kind in SCHOOL_WIDE:
        return denied(_("Only an IT administrator or a school leader can decide who has a duty over the whole school."))
    return can_keep_roster(actor, school_id)


def can_invite(actor: Actor, persons: Sequence[Person]) -> Decision:
    """Those who keep the roster; a class teacher the guardians of her class.

    An invitation is also a way back in, so it must not be a way up or across: whoever has a duty over the whole school
    is invited by an IT administrator or leader only, and a guardian who already signs in and has a child in another
    class not by a class teacher.
    """
    schools = {person.school_id for person in persons}
    if all(actor.administers(school_id) for school_id in schools):
        return ALLOWED
    ids = [person.pk for person in persons]
    wide = Role.objects.in_force(timezone.localdate()).filter(person_id__in=ids, kind__in=SCHOOL_WIDE)
    if wide.exists():
        return denied(
            _("Only an IT administrator or a school leader can invite somebody with a duty over the whole school.")
        )
    if all(actor.keeps_roster(school_id) for school_id in schools):
        return ALLOWED
    if isinstance(actor, Person) and schools == {actor.school_id}:
        mine = guardians_in_classes(headed_classes(actor)).filter(pk__in=ids).values_list("pk", flat=True)
        staff = Role.objects.in_force(actor.today).filter(person_id__in=ids).exists()
        if not staff and set(mine) == set(ids):
            if _signs_in_for_others(ids, headed_classes(actor), on=actor.today):
                return denied(
                    _("This guardian already has an account and a child in another class; ask the school office.")
                )
            return ALLOWED
    return denied(_("A class teacher can invite the guardians of the class; for anybody else ask the school office."))


def _signs_in_for_others(person_ids: Sequence[int], class_ids: Sequence[int], *, on: date) -> bool:
    """Whether any of these guardians has an account and a child outside the classes."""
    elsewhere = Enrolment.objects.filter(ends_on__isnull=True).exclude(school_class_id__in=class_ids)
    edges = Guardianship.objects.in_force(on).filter(
        guardian_id__in=person_ids, guardian__account__isnull=False, student_id__in=elsewhere.values("student_id")
    )
    return bool(edges.exists())


def headed_classes(person: Person) -> list[int]:
    """Ids of the classes whose class teacher `person` is today, also as substitute."""
    return [
        role.school_class_id
        for role in person.current_roles
        if role.kind == Role.Kind.CLASS_TEACHER and role.school_class_id
    ]


def guardians_in_classes(class_ids: Sequence[int]) -> QuerySet[Person]:
    """Guardians with an edge to a student enrolled now in any of the classes."""
    enrolled = Enrolment.objects.filter(school_class_id__in=class_ids, ends_on__isnull=True)
    edges = Guardianship.objects.in_force(timezone.localdate()).filter(student_id__in=enrolled.values("student_id"))
    return Person.objects.filter(archived_at__isnull=True, pk__in=edges.values("guardian_id"))


def can_answer_for(actor: Actor, student: Person) -> Decision:
    """Who may change who answers for a child: those who keep the roster, or the child's class teacher."""
    if actor.keeps_roster(student.school_id):
        return ALLOWED
    enrolment = Enrolment.objects.filter(student_id=student.pk, ends_on__isnull=True).first()
    if enrolment is not None and isinstance(actor, Person) and actor.heads_class(enrolment.school_class_id):
        return ALLOWED
    return denied(_("Only the class teacher or the school office can change who answers for a child."))


def can_add_guardian(actor: Actor, student: Person, guardian: Person | None) -> Decision:
    """As `can_answer_for`; but an adult who answers for a child in another class is added by the office.

    Whoever becomes a guardian in a class can be invited by its class teacher, and an invitation opens all of a
    person's children: adding somebody must be no way into another family.
    """
    decision = can_answer_for(actor, student)
    if not decision or guardian is None or actor.keeps_roster(student.school_id):
        return decision
    mine = headed_classes(actor) if isinstance(actor, Person) else []
    here = Enrolment.objects.filter(ends_on__isnull=True, school_class_id__in=mine)
    elsewhere = Guardianship.objects.filter(guardian=guardian).exclude(student_id__in=here.values("student_id"))
    if elsewhere.exists() or guardian.roles.in_force(timezone.localdate()).filter(kind__in=SCHOOL_WIDE).exists():
        return denied(_("This adult belongs to another family here. Ask the school office to add them."))
    return ALLOWED


def can_phone_guardians(actor: Person, student: Person) -> Decision:
    """Whose duty it is to call a family: those who keep the roster, the counsellor, class teacher and grade leader.

    Being a guardian oneself, or teaching the child a subject, opens nobody's number.
    """
    if actor.keeps_roster(student.school_id):
        return ALLOWED
    if actor.school_id == student.school_id and actor.has_role(Role.Kind.COUNSELLOR):
        return ALLOWED
    enrolment = Enrolment.objects.filter(student_id=student.pk, ends_on__isnull=True).select_related("school_class")
    for one in enrolment:
        if actor.heads_class(one.school_class_id) or actor.leads_grade(one.school_class.grade_id):
            return ALLOWED
    return denied(_("Ask the class teacher to call the family."))


def can_change_guardianship(actor: Actor, edge: Guardianship) -> Decision:
    """As `can_answer_for` the child of the edge."""
    return can_answer_for(actor, edge.student)


def can_read_custody_note(actor: Person, student: Person) -> Decision:
    """The same people who may change the edges; nobody else ever sees why a guardian is restricted."""
    return can_answer_for(actor, student)


def can_delegate(actor: Person, edge: Guardianship) -> Decision:
    """The guardian of the edge, while it is in force and unrestricted."""
    today = actor.today
    in_force = (edge.starts_on is None or edge.starts_on <= today) and (edge.ends_on is None or edge.ends_on >= today)
    if actor.pk == edge.guardian_id and not edge.restriction and in_force:
        return ALLOWED
    return denied(_("Only the guardian can ask somebody else to stand in."))


def can_take_back(actor: Person, delegation: Delegation) -> Decision:
    """The guardian who lent the rights, or whoever may change who answers for the child."""
    if actor.pk == delegation.guardianship.guardian_id:
        return ALLOWED
    return can_answer_for(actor, delegation.guardianship.student)


def can_reset_second_factor(actor: Person, person: Person) -> Decision:
    """An IT administrator or leader of the school, for somebody else who acts at this school only."""
    if person.account_id is None or actor.pk == person.pk or actor.account_id == person.account_id:
        return denied(_("Ask another IT administrator or a school leader to do this for you."))
    elsewhere = Person.objects.filter(account_id=person.account_id).exclude(school_id=actor.school_id).exists()
    if actor.administers(person.school_id) and not elsewhere:
        return ALLOWED
    return denied(_("Only an IT administrator or a school leader can remove somebody's second factor."))


def can_merge(actor: Person, kept: Person, other: Person) -> Decision:
    """Those who keep the roster, and never about themselves: whoever becomes somebody else has that person's rights.

    Where either has a duty over the whole school, now or from a later day, an IT administrator or leader.
    """
    if not actor.keeps_roster(kept.school_id) or not actor.keeps_roster(other.school_id):
        return denied(_("Only the school office, an IT administrator or a school leader can change the roster."))
    accounts = {kept.account_id, other.account_id} - {None}
    if actor.pk in {kept.pk, other.pk} or actor.account_id in accounts:
        return denied(_("Ask a colleague to do this: nobody puts together entries of their own."))
    wide = Role.objects.filter(person__in=[kept, other], kind__in=SCHOOL_WIDE).exclude(ends_on__lt=actor.today)
    if wide.exists() and not actor.administers(kept.school_id):
        return denied(_("Only an IT administrator or a school leader can decide who has a duty over the whole school."))
    return ALLOWED


def can_settle_accounts(
    actor: Person, school_id: int, *, stays: Account | None, closed: Account | None, must_choose: bool
) -> Decision:
    """By which account two entries that become one sign in.

    The office may hand out ways in, so it could use one and choose that account: over an account that somebody uses,
    or that a second factor protects, an IT administrator or leader decides.
    """
    if actor.administers(school_id):
        return ALLOWED
    if must_choose:
        return denied(_("Both sign in. Only an IT administrator or a school leader can decide which account stays."))
    if stays is None or closed is None:
        return ALLOWED
    if has_second_factor(closed.pk) and not has_second_factor(stays.pk):
        return denied(
            _("The account that would be closed has a second factor. Ask an IT administrator or a school leader.")
        )
    return ALLOWED


def get_student_for(actor: Person, uuid: UUID) -> Person:
    """A student `actor` may see. Raises NotVisible otherwise."""
    student = visible_students(actor).select_related("school").filter(uuid=uuid).first()
    if student is None:
        raise NotVisible
    return student


def get_colleague_for(actor: Person, uuid: UUID) -> Person:
    """Anybody of the school, for those who keep its roster. Raises NotVisible otherwise."""
    found = Person.objects.select_related("school", "account").filter(school_id=actor.school_id, uuid=uuid).first()
    if found is None or not actor.keeps_roster(found.school_id):
        raise NotVisible
    return found


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
    if person.has_role(*SCHOOL_WIDE):
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
        # Nobody lends more than they have today.
        guardianship__in=Guardianship.objects.in_force(on)
        .filter(sees_records=True)
        .exclude(restriction=Guardianship.Restriction.NO_RECORDS),
    )
    themself = Q(pk=person.pk) & Q(Exists(Enrolment.objects.filter(student_id=OuterRef("pk"))))
    return Person.objects.filter(school_id=person.school_id).filter(
        duty | Q(Exists(edges)) | Q(Exists(lent)) | themself
    )
