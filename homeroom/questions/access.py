"""Who may see a question, and who may do what to it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from homeroom.kit.access import ALLOWED, Actor, Decision, SystemActor, denied
from homeroom.kit.errors import NotVisible
from homeroom.people.models import Delegation, Guardianship, Person, Role

from .models import ApprovedAnswer, Circle, Line, Question, Watcher
from .states import Part

GRADES_CIRCLES = (Circle.CLASS_TEACHER, Circle.SUBJECT_TEACHER, Circle.GRADE_LEADER)


def acting_ids(person: Person) -> list[int]:
    """The person, and whom they stand in for today."""
    stood_for = {role.stands_in_for.person_id for role in person.current_roles if role.stands_in_for is not None}
    return [person.pk, *sorted(stood_for)]


def _still_answers(person: Person, on: date) -> Q:
    """A condition on Question: `person` answers for its child on a date, or is the child."""
    edges = Guardianship.objects.in_force(on).filter(guardian_id=person.pk, student_id=OuterRef("student_id"))
    lent = Delegation.objects.filter(
        delegate_id=person.pk,
        guardianship__student_id=OuterRef("student_id"),
        starts_on__lte=on,
        ends_on__gte=on,
        revoked_at__isnull=True,
        guardianship__in=Guardianship.objects.in_force(on),
    )
    return Q(student_id=person.pk) | Q(Exists(edges)) | Q(Exists(lent))


def asked_by(person: Person) -> QuerySet[Question]:
    """What `person` asked about children they still answer for: custody that ended ends this too."""
    return Question.objects.filter(_still_answers(person, person.today), school_id=person.school_id, asker_id=person.pk)


def asker_still_answers(question: Question, *, on: date) -> bool:
    """Whether whoever asked may still be told about the child."""
    return Question.objects.filter(_still_answers(question.asker, on), pk=question.pk).exists()


def _handled(person: Person) -> Q:
    """A condition on Question: may answer it. Leaders all, others by circle or as owner, a complaint leaders alone."""
    if not person.current_roles:
        return Q(pk__in=[])
    if person.leads(person.school_id):
        return ~Q(pk__in=[])
    condition = Q(owner_id__in=acting_ids(person))
    for role in person.current_roles:
        if role.kind == Role.Kind.CLASS_TEACHER:
            condition |= Q(circle=Circle.CLASS_TEACHER, school_class_id=role.school_class_id)
        elif role.kind == Role.Kind.SUBJECT_TEACHER:
            condition |= Q(
                circle=Circle.SUBJECT_TEACHER, school_class_id=role.school_class_id, subject_id=role.subject_id
            )
        elif role.kind == Role.Kind.GRADE_LEADER:
            condition |= Q(circle__in=GRADES_CIRCLES, grade_id=role.grade_id)
        elif role.kind == Role.Kind.OFFICE:
            condition |= Q(circle=Circle.OFFICE)
    return condition & ~Q(circle=Circle.LEADERS)


def _of_strangers(person: Person) -> Q:
    """A condition on Question: not about the person's own child. Nobody is colleague and family in one matter."""
    own = Guardianship.objects.filter(guardian_id=person.pk, student_id=OuterRef("student_id"))
    return Q(school_id=person.school_id) & ~Q(asker_id=person.pk) & ~Q(Exists(own))


def handled_by(person: Person) -> QuerySet[Question]:
    """The questions a member of staff may answer."""
    return Question.objects.filter(_handled(person), _of_strangers(person))


def seen_by_staff(person: Person) -> QuerySet[Question]:
    """The questions a member of staff may read: those to answer, and those watched."""
    watched = Q(Exists(Watcher.objects.filter(question_id=OuterRef("pk"), person_id=person.pk)))
    if not person.current_roles:
        return Question.objects.none()
    return Question.objects.filter(_handled(person) | (watched & ~Q(circle=Circle.LEADERS)), _of_strangers(person))


def get_question_for(person: Person, uuid: UUID) -> tuple[Question, Part]:
    """The question and on whose side the person stands. Raises NotVisible for everybody else."""
    related = ("school", "asker__school", "asker__account", "student", "topic", "owner__school", "owner__account",
               "school_class", "subject", "merged_into")  # fmt: skip
    mine = asked_by(person).filter(uuid=uuid).select_related(*related).first()
    if mine is not None:
        return mine, Part.ASKER
    seen = seen_by_staff(person).filter(uuid=uuid).select_related(*related).first()
    if seen is None:
        raise NotVisible
    return seen, Part.HANDLER


def part_of(actor: Actor, question: Question) -> Part | None:
    """Whose acts the actor may do to a question; None for a stranger to it."""
    if isinstance(actor, SystemActor):
        return Part.SYSTEM
    if not isinstance(actor, Person):
        return None
    if asked_by(actor).filter(pk=question.pk).exists():
        return Part.ASKER
    return Part.HANDLER if handled_by(actor).filter(pk=question.pk).exists() else None


def can_ask(actor: Person) -> Decision:
    """A guardian or stand-in about a child, a pupil about themself; which child is asked when it is sent."""
    if actor.account_id is not None:
        return ALLOWED
    return denied(_("Only guardians and pupils can ask the school a question here."))


def can_propose(actor: Person) -> Decision:
    """Any member of staff, about what they can read; the family decides."""
    if actor.current_roles:
        return ALLOWED
    return denied(_("Only staff of the school can propose a question to a family."))


def can_handle(actor: Actor, question: Question) -> Decision:
    """The owner, those the question was put to, and leaders; a complaint leaders alone."""
    if part_of(actor, question) in {Part.HANDLER, Part.SYSTEM}:
        return ALLOWED
    return denied(_("Only those whom the question was put to, and school leaders, can do this."))


def can_note(actor: Person, question: Question) -> Decision:
    """Whoever of the staff sees it."""
    if seen_by_staff(actor).filter(pk=question.pk).exists():
        return ALLOWED
    return denied(_("Only those whom the question was put to, and school leaders, can do this."))


def can_own(person: Person, question: Question) -> Decision:
    """Staff of the school who are not the child's family; of a complaint a leader only."""
    family = (
        person.pk == question.asker_id
        or Guardianship.objects.filter(guardian_id=person.pk, student_id=question.student_id).exists()
    )
    if person.school_id != question.school_id or not person.current_roles or family:
        return denied(_("Choose a member of staff who is not the child's family."))
    if question.circle == Circle.LEADERS and not person.leads(question.school_id):
        return denied(_("This was put to the school's leaders only; no teacher may see it."))
    return ALLOWED


def can_set_up(actor: Actor, school_id: int) -> Decision:
    """Routes and reply times: an IT administrator or a leader."""
    if actor.administers(school_id):
        return ALLOWED
    return denied(_("Only an IT administrator or a school leader can change this."))


def can_approve(actor: Actor, school_id: int) -> Decision:
    """The school's answers: the office and leaders, who speak for it."""
    if (
        isinstance(actor, Person)
        and school_id == actor.school_id
        and actor.has_role(Role.Kind.OFFICE, Role.Kind.SCHOOL_LEADER)
    ):
        return ALLOWED
    return denied(_("Only the office or a school leader can write the school's answers."))


def oversees(person: Person) -> bool:
    """Whether the overview is for this person: a leader of the school or of a grade."""
    return person.has_role(Role.Kind.SCHOOL_LEADER, Role.Kind.GRADE_LEADER)


def valid_answers(school_id: int, on: date) -> QuerySet[ApprovedAnswer]:
    """The approved answers that hold on a date."""
    return ApprovedAnswer.objects.filter(
        Q(valid_from__isnull=True) | Q(valid_from__lte=on),
        Q(valid_until__isnull=True) | Q(valid_until__gte=on),
        school_id=school_id,
        approved_at__isnull=False,
        archived_at__isnull=True,
    )


def may_see_files(person: Person, line_id: int) -> bool:
    """Whoever sees the question a line belongs to."""
    of_line = Line.objects.filter(pk=line_id).values("question_id")
    return asked_by(person).filter(pk__in=of_line).exists() or seen_by_staff(person).filter(pk__in=of_line).exists()
