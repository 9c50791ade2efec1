"""Who belongs to a conversation by the roster: set-based, for any number of conversations at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from homeroom.people.models import Delegation, Enrolment, Guardianship, Role
from homeroom.school.models import Stage

from .models import Conversation, DutyShift, HouseRules, Side

Kind = Conversation.Kind
TEACHING = (Role.Kind.CLASS_TEACHER, Role.Kind.SUBJECT_TEACHER)
NO_RECORDS = Guardianship.Restriction.NO_RECORDS
SPEAK, READ, NONE, OFF = "speak", "read", "none", "off"  # guardians in a pupil's own threads; OFF: no such threads
# The younger the pupil, the more the guardians take part; a school may choose otherwise for each stage.
GUARDIANS_BY_STAGE: dict[str, str] = {
    Stage.KINDERGARTEN: OFF, Stage.PRIMARY: SPEAK, Stage.JUNIOR: READ, Stage.SENIOR: NONE, Stage.VOCATIONAL: NONE,
}  # fmt: skip


def guardians_part(rules: HouseRules | None, stage: str) -> str:
    """What guardians may in the threads of pupils of a stage, by the school's own choice or as usual."""
    chosen = rules.pupil_threads.get(stage) if rules is not None else None
    return chosen if chosen in {SPEAK, READ, NONE, OFF} else GUARDIANS_BY_STAGE.get(stage, READ)


@dataclass(frozen=True, slots=True)
class Place:
    """What the roster gives one person in one conversation. `ends_on` is the last day; None: until further notice."""

    side: str
    can_speak: bool
    ends_on: date | None

    def ends_at(self, zone: ZoneInfo) -> datetime | None:
        """The first instant at which the place no longer holds."""
        if self.ends_on is None:
            return None
        return datetime.combine(self.ends_on + timedelta(days=1), time(), zone)


Places = dict[int, dict[int, Place]]  # conversation id → person id → place


@dataclass(slots=True)
class _Roster:
    """The part of a school's roster that some conversations need, read in five statements."""

    on: date
    duty: dict[int, date] = field(default_factory=dict)  # who takes families' messages while on duty → last day
    classes: dict[int, int] = field(default_factory=dict)  # student → class now
    stages: dict[int, str] = field(default_factory=dict)  # class → stage
    students: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))  # class → students
    # student → [(person, sees the child's records, last day)], guardians and those they have asked to stand in
    adults: dict[int, list[tuple[int, bool, date | None]]] = field(default_factory=lambda: defaultdict(list))
    roles: list[Role] = field(default_factory=list)


def places(conversations: Sequence[Conversation], *, on: date) -> Places:
    """Who belongs to each of these conversations of one school on a date."""
    found: Places = {conversation.pk: {} for conversation in conversations}
    if not conversations:
        return found
    roster = _read(conversations, on)
    rules = HouseRules.objects.filter(school_id=conversations[0].school_id).first()
    open_replies = rules is not None and rules.open_replies
    by_class: dict[int, list[Role]] = defaultdict(list)
    for role in roster.roles:
        if role.school_class_id is not None:
            by_class[role.school_class_id].append(role)
    for conversation in conversations:
        here = found[conversation.pk]
        if conversation.kind == Kind.FAMILY:
            _family(conversation, roster, by_class, here)
        elif conversation.kind == Kind.PUPIL:
            _pupil(conversation, roster, by_class, here, rules)
        elif conversation.kind == Kind.CHANNEL:
            _channel(conversation, roster, by_class, here, open_replies=open_replies)
        else:
            _staff_room(conversation, roster, here)
    return found


def _read(conversations: Sequence[Conversation], on: date) -> _Roster:
    roster = _Roster(on)
    school_id = conversations[0].school_id
    students = {c.student_id for c in conversations if c.student_id is not None}
    class_ids = {c.school_class_id for c in conversations if c.school_class_id is not None}
    rooms = any(c.kind == Kind.STAFF for c in conversations)
    if students:
        roster.duty = on_duty(school_id, on)
    if students or class_ids:
        enrolled = Enrolment.objects.filter(
            Q(student_id__in=students) | Q(school_class_id__in=class_ids),
            school_id=school_id, ends_on__isnull=True, student__archived_at__isnull=True,
        )  # fmt: skip
        for student_id, class_id, stage in enrolled.values_list(
            "student_id", "school_class_id", "school_class__grade__stage"
        ):
            roster.classes[student_id] = class_id
            roster.stages[class_id] = stage
            roster.students[class_id].append(student_id)
        _read_adults(roster, students | set(roster.classes))
    here = Q() if rooms else Q(school_class_id__in=class_ids | set(roster.classes.values()))
    roster.roles = list(
        Role.objects.in_force(on)
        .filter(here, school_id=school_id, person__archived_at__isnull=True)
        .select_related("stands_in_for", "school_class")
    )
    return roster


def _read_adults(roster: _Roster, student_ids: Collection[int]) -> None:
    edges = Guardianship.objects.in_force(roster.on).filter(
        student_id__in=student_ids, guardian__archived_at__isnull=True
    )
    rows = edges.values_list("pk", "guardian_id", "student_id", "sees_records", "restriction", "ends_on")
    lenders: dict[int, tuple[bool, date | None]] = {}
    for pk, guardian_id, student_id, sees_records, restriction, ends_on in rows:
        sees = sees_records and restriction != NO_RECORDS
        lenders[pk] = (sees, ends_on)
        roster.adults[student_id].append((guardian_id, sees, ends_on))
    lent = Delegation.objects.filter(
        guardianship__student_id__in=student_ids, starts_on__lte=roster.on, ends_on__gte=roster.on,
        revoked_at__isnull=True, delegate__archived_at__isnull=True,
    )  # fmt: skip
    for edge_id, delegate_id, student_id, lent_records, ends_on in lent.values_list(
        "guardianship_id", "delegate_id", "guardianship__student_id", "sees_records", "ends_on"
    ):
        if edge_id in lenders:  # nobody lends more, or longer, than they have
            lender_sees, lender_ends = lenders[edge_id]
            until = min(ends_on, lender_ends) if lender_ends else ends_on
            roster.adults[student_id].append((delegate_id, lent_records and lender_sees, until))


def _teachers(
    conversation: Conversation, roster: _Roster, by_class: dict[int, list[Role]], here: dict[int, Place]
) -> None:
    """Enter the thread's teacher and who stands in, as far as they teach the child."""
    class_id = roster.classes.get(conversation.student_id or 0)
    for role in by_class.get(class_id or 0, ()):
        stood_for = role.stands_in_for.person_id if role.stands_in_for is not None else None
        if role.kind in TEACHING and conversation.teacher_id in {role.person_id, stood_for}:
            _add(here, role.person_id, Place(Side.STAFF, True, role.ends_on))


def _family(
    conversation: Conversation, roster: _Roster, by_class: dict[int, list[Role]], here: dict[int, Place]
) -> None:
    _teachers(conversation, roster, by_class, here)
    if not here and conversation.teacher_id in roster.duty:
        _add(here, conversation.teacher_id, Place(Side.STAFF, True, roster.duty[conversation.teacher_id]))
    answered = bool(here)  # with no teacher left there is nobody to write to; what was said stays readable
    for person_id, sees, ends_on in roster.adults.get(conversation.student_id or 0, ()):
        if sees and person_id not in here:
            _add(here, person_id, Place(Side.FAMILY, answered, ends_on))


def _pupil(
    conversation: Conversation, roster: _Roster, by_class: dict[int, list[Role]], here: dict[int, Place],
    rules: HouseRules | None,
) -> None:  # fmt: skip
    student_id = conversation.student_id or 0
    class_id = roster.classes.get(student_id)
    if class_id is None:  # left the school: nobody writes to a former pupil here
        return
    part = guardians_part(rules, roster.stages[class_id])
    _teachers(conversation, roster, by_class, here)
    answered = bool(here) and part != OFF
    _add(here, student_id, Place(Side.FAMILY, answered, None))
    if part == NONE:
        return
    for person_id, sees, ends_on in roster.adults.get(student_id, ()):
        if sees and person_id not in here:
            _add(here, person_id, Place(Side.FAMILY, answered and part == SPEAK, ends_on))


def _channel(
    conversation: Conversation, roster: _Roster, by_class: dict[int, list[Role]], here: dict[int, Place], *,
    open_replies: bool,
) -> None:  # fmt: skip
    for role in by_class.get(conversation.school_class_id or 0, ()):
        if role.kind in TEACHING:
            _add(here, role.person_id, Place(Side.STAFF, True, role.ends_on))
    teachers = set(here)
    for student_id in roster.students.get(conversation.school_class_id or 0, ()):
        for person_id, _sees, ends_on in roster.adults.get(student_id, ()):
            if person_id not in teachers:
                _add(here, person_id, Place(Side.FAMILY, open_replies, ends_on))


def _staff_room(conversation: Conversation, roster: _Roster, here: dict[int, Place]) -> None:
    for role in roster.roles:
        grade_id = role.grade_id or (role.school_class.grade_id if role.school_class is not None else None)
        if conversation.grade_id is None or grade_id == conversation.grade_id:
            _add(here, role.person_id, Place(Side.STAFF, True, role.ends_on))


def _add(here: dict[int, Place], person_id: int, place: Place) -> None:
    """Enter a place; of two of one person the one that holds longer counts."""
    known = here.get(person_id)
    if known is None or (known.ends_on is not None and (place.ends_on is None or place.ends_on > known.ends_on)):
        here[person_id] = place


def on_duty(school_id: int, on: date) -> dict[int, date]:
    """Who takes messages of every family that day because they are on duty, and the last day of it."""
    shifts = DutyShift.objects.filter(
        school_id=school_id, starts_on__lte=on, ends_on__gte=on, takes_messages=True, person__archived_at__isnull=True
    )
    return dict(shifts.values_list("person_id", "ends_on"))


def teachers_of(student_id: int, *, on: date) -> list[Role]:
    """The duties of those who teach a student's class, class teachers first; substitutes are reached through whom they
    stand in for."""
    enrolment = Enrolment.objects.filter(student_id=student_id, ends_on__isnull=True).first()
    if enrolment is None:
        return []
    roles = (
        Role.objects.in_force(on)
        .filter(school_class_id=enrolment.school_class_id, kind__in=TEACHING, stands_in_for__isnull=True)
        .filter(person__archived_at__isnull=True)
        .select_related("person", "subject")
    )
    return sorted(roles, key=lambda role: (role.kind != Role.Kind.CLASS_TEACHER, role.pk))


def teaches(person_id: int, *, from_: date) -> bool:
    """Whether somebody teaches a class of their own on a day, or will from a later one."""
    return (
        Role.objects.filter(person_id=person_id, kind__in=TEACHING, stands_in_for__isnull=True)
        .filter(Q(ends_on__isnull=True) | Q(ends_on__gte=from_), person__archived_at__isnull=True)
        .exists()
    )


def thread_teacher(person: Any, school_class_id: int) -> int | None:
    """In whose family threads `person` answers for a class: their own when they teach it, else those of whom they stand
    in for."""
    own: Iterable[Role] = [
        r for r in person.current_roles if r.school_class_id == school_class_id and r.kind in TEACHING
    ]
    for role in own:
        if role.stands_in_for is None:
            return int(person.pk)
    return next((role.stands_in_for.person_id for role in own if role.stands_in_for is not None), None)
