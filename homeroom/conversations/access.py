"""Who may read, write and begin what."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from homeroom.kit.access import ALLOWED, Actor, Decision, denied
from homeroom.kit.errors import NotVisible
from homeroom.people.models import Enrolment, Person, Role
from homeroom.people.public import children_of
from homeroom.school.models import ModuleSwitch

from . import roster
from .models import Conversation, HouseRules, Membership, Message, Side

Kind = Conversation.Kind
EDITABLE_FOR = timedelta(minutes=5)


def holding(now: datetime) -> Q:
    """A condition on Membership: in force at this instant."""
    return Q(left_at__isnull=True) & (Q(ends_at__isnull=True) | Q(ends_at__gt=now))


def switched_off(school: str) -> QuerySet[ModuleSwitch]:
    """For Exists: whether the school that the column `school` of the outer rows names does not use conversations."""
    return ModuleSwitch.objects.filter(school_id=OuterRef(school), module="conversations", is_on=False)


def memberships_of(person: Person, *, now: datetime) -> QuerySet[Membership]:
    """The person's places, each with its conversation."""
    rows = Membership.objects.filter(holding(now), person=person, conversation__school_id=person.school_id)
    return rows.select_related("conversation")


def membership_in(person: Person, conversation: Conversation, *, now: datetime) -> Membership:
    """The person's place in a conversation, or NotVisible."""
    found = memberships_of(person, now=now).filter(conversation_id=conversation.pk).first()
    if found is None:
        raise NotVisible
    return found


def get_membership_for(person: Person, uuid: UUID, *, now: datetime) -> Membership:
    """The person's place in the conversation with this uuid, or NotVisible."""
    found = (
        memberships_of(person, now=now)
        .select_related(
            "conversation__student", "conversation__teacher", "conversation__school_class", "conversation__grade"
        )
        .filter(conversation__uuid=uuid)
        .first()
    )
    if found is None:
        raise NotVisible
    return found


def readable(person: Person, *, now: datetime) -> QuerySet[Message]:
    """Every message the person can read: of conversations they are in, from when they joined."""
    place = Membership.objects.filter(
        holding(now), person=person, conversation_id=OuterRef("conversation_id"), since_number__lt=OuterRef("number")
    )
    return Message.objects.filter(Exists(place), school_id=person.school_id)


def get_message_for(person: Person, uuid: UUID, *, now: datetime) -> Message:
    """A message the person can read, or NotVisible."""
    found = readable(person, now=now).filter(uuid=uuid).select_related("conversation").first()
    if found is None:
        raise NotVisible
    return found


def can_speak(membership: Membership) -> Decision:
    """Members, but families in a class channel only where the school lets them, and nobody when no teacher is left."""
    if membership.muted_until is not None and membership.muted_until > timezone.now():
        until = timezone.localtime(membership.muted_until)
        return denied(_("A moderator lets you only read here until %(day)s.") % {"day": f"{until:%Y-%m-%d %H:%M}"})
    if membership.can_speak:
        return ALLOWED
    if membership.conversation.kind == Kind.CHANNEL:
        return denied(_("Only the teachers write in the class channel. Answer them privately."))
    if membership.conversation.kind == Kind.PUPIL:
        if membership.person_id == membership.conversation.student_id:
            return denied(_("Nobody answers here any more. Choose one of your present teachers under “New message”."))
        return denied(_("You read along here. To write to the teacher, begin a conversation of your own."))
    return denied(_("This teacher does not teach the child any more. Write to one of the present teachers."))


def can_edit(actor: Actor, message: Message, *, now: datetime) -> Decision:
    """The author, within five minutes."""
    if message.author_id != actor.id:
        return denied(_("Only the person who wrote a message can change it."))
    if message.withdrawn_at is not None:
        return denied(_("This message was withdrawn."))
    if now - message.sent_at > EDITABLE_FOR:
        return denied(_("A message can be changed within five minutes. Write another one, or withdraw this one."))
    return ALLOWED


def can_withdraw(actor: Person, message: Message, membership: Membership) -> Decision:
    """The author; in a class channel also its teachers, what a family wrote."""
    if message.author_id == actor.pk:
        return ALLOWED
    of_family = Membership.objects.filter(
        conversation_id=message.conversation_id, person_id=message.author_id, side=Side.FAMILY
    )
    if membership.conversation.kind == Kind.CHANNEL and membership.side == Side.STAFF and of_family.exists():
        return ALLOWED
    return denied(_("Only the person who wrote a message can withdraw it."))


def can_transcribe(actor: Actor, message: Message, membership: Membership) -> Decision:
    """Whoever spoke, or a teacher of the conversation: put in writing what a recording says."""
    if message.withdrawn_at is None and (message.author_id == actor.id or membership.side == Side.STAFF):
        return ALLOWED
    return denied(_("Only whoever spoke and the teachers can put a recording in writing."))


def can_open_thread(actor: Person, student: Person, teacher: Person) -> Decision:
    """The child's guardians who see its records, with a teacher of the child or who is on duty; that teacher, or who
    stands in."""
    if actor.school_id != student.school_id or teacher.school_id != student.school_id:
        raise NotVisible
    teaching = {role.person_id: role for role in roster.teachers_of(student.pk, on=actor.today)}
    sees = any(child.person_id == student.pk and child.sees_records for child in children_of(actor))
    role = teaching.get(teacher.pk)
    answers = role is not None and roster.thread_teacher(actor, role.school_class_id or 0) == teacher.pk
    if not sees and not answers:
        raise NotVisible
    if role is None and teacher.pk not in roster.on_duty(actor.school_id, actor.today):
        return denied(_("This teacher does not teach the child. Choose one of the child's teachers."))
    return ALLOWED


def can_open_pupil_thread(actor: Person, teacher: Person) -> Decision:
    """A pupil of the school, with a teacher of theirs, where the school has such threads for the pupil's stage."""
    enrolment = (
        Enrolment.objects.filter(student_id=actor.pk, ends_on__isnull=True)
        .select_related("school_class__grade")
        .first()
    )
    if enrolment is None or teacher.school_id != actor.school_id:
        raise NotVisible
    if not any(role.person_id == teacher.pk for role in roster.teachers_of(actor.pk, on=actor.today)):
        return denied(_("Choose one of your own teachers."))
    rules = HouseRules.objects.filter(school_id=actor.school_id).first()
    if roster.guardians_part(rules, enrolment.school_class.grade.stage) == roster.OFF:
        return denied(_("Your school has no conversations of pupils with teachers. Speak with your teacher in person."))
    return ALLOWED


def can_hand_over(actor: Person, conversation: Conversation) -> Decision:
    """The thread's teacher while they work here, or those who keep the roster: nobody need read it for that."""
    if actor.school_id != conversation.school_id or conversation.kind not in {Kind.FAMILY, Kind.PUPIL}:
        raise NotVisible
    if actor.keeps_roster(conversation.school_id):
        return ALLOWED
    if actor.pk == conversation.teacher_id and actor.current_roles:
        return ALLOWED
    return denied(_("Only the teacher who leaves and the school office can hand conversations over."))


def may_hand_over(person: Person) -> bool:
    """Whether the page for it has anything for this person."""
    return bool(person.keeps_roster(person.school_id)) or any(r.kind in roster.TEACHING for r in person.current_roles)


def can_open_channel(actor: Person, school_class_id: int) -> Decision:
    """The class teacher, also as substitute."""
    if actor.heads_class(school_class_id):
        return ALLOWED
    return denied(_("Only the class teacher can open the class channel."))


def can_open_room(actor: Person, grade_id: int | None) -> Decision:
    """A school leader; for a grade also its leader."""
    if actor.leads(actor.school_id) or (grade_id is not None and actor.leads_grade(grade_id)):
        return ALLOWED
    return denied(_("Only a school leader, or the leader of the grade, can open this staff room."))


def can_change_rules(actor: Actor, school_id: int) -> Decision:
    """A school leader or an IT administrator."""
    if actor.administers(school_id):
        return ALLOWED
    return denied(_("Only an IT administrator or a school leader can change this."))


def can_keep_hours(actor: Person) -> Decision:
    """Whoever answers families: staff, each for themself."""
    if actor.is_staff_member:
        return ALLOWED
    return denied(_("Only staff have working hours here."))


def can_keep_duty(actor: Actor, school_id: int) -> Decision:
    """The office, an IT administrator or a school leader."""
    if actor.keeps_roster(school_id):
        return ALLOWED
    return denied(_("Only the office, an IT administrator or a school leader can change who is on duty."))


def may_upload(person: Person) -> bool:
    """Entered at files: whoever may write somewhere may attach something."""
    return memberships_of(person, now=timezone.now()).filter(can_speak=True).exists()


def may_see_files(person: Person, message_id: int) -> bool:
    """Entered at files: whoever can read the message, while it is not withdrawn."""
    return readable(person, now=timezone.now()).filter(pk=message_id, withdrawn_at__isnull=True).exists()


def channels_to_open(person: Person) -> QuerySet[Role]:
    """The classes one heads that have no channel yet."""
    there = Conversation.objects.filter(kind=Kind.CHANNEL, school_class_id=OuterRef("school_class_id"))
    mine = [role.pk for role in person.current_roles if role.kind == Role.Kind.CLASS_TEACHER]
    return (
        Role.objects.filter(~Exists(there), pk__in=mine)
        .annotate(class_uuid=F("school_class__uuid"))
        .select_related("school_class")
    )
