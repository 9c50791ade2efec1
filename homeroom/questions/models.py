"""What is stored."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from homeroom.kit.ids import new_id
from homeroom.people.models import Person
from homeroom.school.models import Grade, School, SchoolClass, Subject, Topic

from .states import OVER, Act, State

TEXT_AT_MOST = 4000


class Circle(models.TextChoices):
    """The staff who may see a question besides its owner and watchers. Leaders see every one."""

    CLASS_TEACHER = "class_teacher", _("Class teacher")
    SUBJECT_TEACHER = "subject", _("Subject teacher")
    GRADE_LEADER = "grade_leader", _("Grade leader")
    OFFICE = "office", _("Office")
    PERSON = "person", _("One named person")
    LEADERS = "leaders", _("School leaders only")


class Question(models.Model):
    """One matter of one family about one child."""

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+", db_index=False)
    asker = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    asker_label = models.CharField(max_length=80)  # 张小雨妈妈, as the roster said when it was asked
    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    school_class = models.ForeignKey(SchoolClass, null=True, on_delete=models.SET_NULL, related_name="+")
    grade = models.ForeignKey(Grade, null=True, on_delete=models.SET_NULL, related_name="+")
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    circle = models.CharField(max_length=13, choices=Circle.choices)
    title = models.CharField(max_length=60)  # the first words of the first line
    state = models.CharField(max_length=13, choices=State.choices, default=State.OPEN)
    owner = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    about_kind = models.CharField(max_length=30, blank=True, default="")  # what it was asked about: item, message
    about_uuid = models.UUIDField(null=True)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged")
    key = models.UUIDField()  # made by the page: sending twice asks once
    asked_at = models.DateTimeField()
    moved_at = models.DateTimeField()  # the newest event
    first_reply_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)  # the newest answer
    over_at = models.DateTimeField(null=True)
    # The clock: what it counts from, and the next instant at which a job has something to do.
    reply_since = models.DateTimeField(null=True)  # null: the school owes no reply
    reply_due_at = models.DateTimeField(null=True)
    resolve_minutes_used = models.FloatField(default=0)  # working minutes before the clock last stood still
    resolve_since = models.DateTimeField(null=True)  # null: it stands still
    resolve_due_at = models.DateTimeField(null=True)
    told = models.PositiveSmallIntegerField(default=0)  # how high the overdue reply went; see clock.Step
    resolve_told = models.BooleanField(default=False)
    check_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["school", "asker", "key"], name="question_once_a_key"),
            models.CheckConstraint(
                name="question_over_has_its_time",
                condition=Q(state__in=OVER, over_at__isnull=False) | (~Q(state__in=OVER) & Q(over_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="merged_question_says_into_which",
                condition=Q(state="merged", merged_into__isnull=False)
                | (~Q(state="merged") & Q(merged_into__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(fields=["school", "state", "-moved_at"], name="question_by_state"),
            models.Index(fields=["asker", "-moved_at"], name="question_by_asker"),
            models.Index(fields=["owner", "state"], name="question_by_owner"),
            models.Index(fields=["check_at"], name="question_to_check", condition=Q(check_at__isnull=False)),
            models.Index(fields=["about_uuid"], name="question_by_about", condition=Q(about_uuid__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"question:{self.pk}"

    @property
    def is_over(self) -> bool:
        return self.state in OVER


class Line(models.Model):
    """What one side wrote to the other: both see every line."""

    class Kind(models.TextChoices):
        ASKED = "asked", _("The question")
        ADDED = "added", _("Wrote more")
        ANSWER = "answer", _("Answer")
        ASK_BACK = "ask_back", _("Asks back")
        WORD = "word", _("Word")  # why it waits, ends or is taken up again

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+", db_index=False)
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="lines")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    author = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    author_label = models.CharField(max_length=80)
    of_school = models.BooleanField()
    text = models.TextField()
    written_at = models.DateTimeField()
    key = models.UUIDField(default=new_id)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["question", "key"], name="question_line_once_a_key")]

    def __str__(self) -> str:
        return f"line:{self.pk}"


class Note(models.Model):
    """What staff tell each other about a question. No family ever sees one."""

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+", db_index=False)
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    author_label = models.CharField(max_length=80)
    text = models.TextField()
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"note:{self.pk}"


class Watcher(models.Model):
    """A member of staff who sees a question and is told of its moves without owing the answer."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="watchers")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["question", "person"], name="question_watched_once")]

    def __str__(self) -> str:
        return f"person:{self.person_id} watches question:{self.question_id}"


class Task(models.Model):
    """Something to be done by a day: a promise both sides see, or a follow-up that only staff see."""

    class Kind(models.TextChoices):
        PROMISE = "promise", _("Promise")
        FOLLOW_UP = "follow_up", _("Follow-up")

    class State(models.TextChoices):
        OFFERED = "offered", _("Recognised, not taken over yet")
        OPEN = "open", _("Still to be done")
        DONE = "done", _("Kept")
        LATE = "late", _("Kept late")
        DROPPED = "dropped", _("Dropped")

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+", db_index=False)
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="tasks")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    state = models.CharField(max_length=7, choices=State.choices, default=State.OPEN)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")  # who has to do it
    person_label = models.CharField(max_length=80)
    text = models.CharField(max_length=200)
    due_at = models.DateTimeField()
    remind_at = models.DateTimeField(null=True)  # null: reminded, or needs none
    late_told_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["due_at", "id"]
        indexes = [
            models.Index(
                fields=["remind_at"], name="task_to_remind", condition=Q(state="open", remind_at__isnull=False)
            ),
            models.Index(fields=["due_at"], name="task_open", condition=Q(state="open", late_told_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"task:{self.pk}"


class Unchanging(models.QuerySet["QuestionEvent"]):
    """Rows that are written once."""

    def update(self, **values: Any) -> NoReturn:
        raise TypeError("what happened to a question is never rewritten")

    def delete(self) -> NoReturn:
        raise TypeError("what happened to a question is never deleted")


class QuestionEvent(models.Model):
    """One thing that happened: ids and codes, never names or text. Written once, for figures and exports."""

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+", db_index=False)
    question = models.ForeignKey(Question, null=True, on_delete=models.CASCADE, related_name="events")
    act = models.CharField(max_length=11, choices=Act.choices)
    from_state = models.CharField(max_length=13, blank=True)
    to_state = models.CharField(max_length=13, blank=True)
    at = models.DateTimeField()
    person_id = models.BigIntegerField(null=True)  # null: Homeroom itself
    role = models.CharField(max_length=16)  # asker, class_teacher …, system
    student_id = models.BigIntegerField(null=True)
    class_id = models.BigIntegerField(null=True)
    topic_id = models.BigIntegerField(null=True)
    owner_id = models.BigIntegerField(null=True)  # after the act
    working_minutes = models.FloatField(null=True)  # since the event before; null for the first
    # Of a reply: the working minutes the family waited for it. Of an end: those the school had the whole matter.
    reply_minutes = models.FloatField(null=True)
    is_first_reply = models.BooleanField(default=False, db_default=False)
    matter_minutes = models.FloatField(null=True)
    detail = models.CharField(max_length=30, blank=True)  # a code: the reason of an end, the step of an escalation

    objects: ClassVar[Any] = Unchanging.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["school", "at"], name="question_event_by_time")]

    def __str__(self) -> str:
        return f"{self.act} question:{self.question_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("what happened to a question is never rewritten")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("what happened to a question is never deleted")


class Route(models.Model):
    """Who is asked about a topic, in one grade or in all."""

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+", db_index=False)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+")
    grade = models.ForeignKey(Grade, null=True, on_delete=models.CASCADE, related_name="+")  # null: every grade
    circle = models.CharField(max_length=13, choices=Circle.choices)
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="+")  # of circle PERSON
    # Of circle SUBJECT_TEACHER; null: the subject the family names.
    subject = models.ForeignKey(Subject, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["school", "topic", "grade"], name="one_route_a_grade"),
            models.UniqueConstraint(
                fields=["school", "topic"], condition=Q(grade__isnull=True), name="one_route_for_all_grades"
            ),
            models.CheckConstraint(
                name="route_to_a_person_names_one",
                condition=Q(circle="person", person__isnull=False) | (~Q(circle="person") & Q(person__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"topic:{self.topic_id} → {self.circle}"


class ServiceLevel(models.Model):
    """How long a school lets its families wait, in working minutes. A school without a row has these defaults."""

    school = models.OneToOneField(School, on_delete=models.CASCADE, related_name="+")
    first_reply = models.PositiveIntegerField(default=480)  # one school day
    next_reply = models.PositiveIntegerField(default=480)
    resolution = models.PositiveIntegerField(default=2400)  # five school days
    close_after = models.PositiveIntegerField(default=2400)  # an answer nobody objected to is closed
    warn_at = models.PositiveSmallIntegerField(default=75)  # per cent of the time for a reply

    def __str__(self) -> str:
        return f"service level of school:{self.school_id}"


class TopicLevel(models.Model):
    """Other reply times for one topic and those under it, in working minutes: health waits no day."""

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+", db_index=False)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+")
    first_reply = models.PositiveIntegerField()
    next_reply = models.PositiveIntegerField()
    resolution = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["school", "topic"], name="one_level_a_topic")]

    def __str__(self) -> str:
        return f"level of topic:{self.topic_id}"


class Proposal(models.Model):
    """A question that a member of staff has put into words for a guardian, out of what the guardian wrote to them.

    Nothing is asked by it: the guardian asks, with these words or others, or says no.
    """

    class State(models.TextChoices):
        OFFERED = "offered", _("Waits for the family's word")
        ASKED = "asked", _("The family has asked it")
        DECLINED = "declined", _("The family does not want to ask it")

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+", db_index=False)
    proposer = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    proposer_label = models.CharField(max_length=80)
    guardian = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="+", db_index=False)
    text = models.TextField()
    about_kind = models.CharField(max_length=30)
    about_uuid = models.UUIDField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.OFFERED)
    question = models.OneToOneField(Question, null=True, on_delete=models.SET_NULL, related_name="proposal")
    proposed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["school", "guardian", "about_uuid"], condition=Q(state="offered"), name="one_proposal_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"proposal:{self.pk}"


class ApprovedAnswer(models.Model):
    """What the school has decided to say to a question it is often asked."""

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    topic = models.ForeignKey(Topic, null=True, on_delete=models.SET_NULL, related_name="+")
    question = models.CharField(max_length=200)
    variants = models.JSONField(default=list)  # other ways in which families put it
    answer = models.TextField()
    source = models.CharField(max_length=120, blank=True)  # 《学校收费公示》2026年9月
    valid_from = models.DateField(null=True)
    valid_until = models.DateField(null=True)  # inclusive
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")  # who keeps it right
    owner_label = models.CharField(max_length=80)
    approved_at = models.DateTimeField(null=True)  # null: a draft nobody outside sees
    archived_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"approved answer:{self.pk}"


class AnswerShown(models.Model):
    """An approved answer that somebody was shown while asking, and what came of it: once for each asking."""

    class Outcome(models.TextChoices):
        SHOWN = "shown", _("Shown")
        HELPED = "helped", _("It answered the question")
        ASKED = "asked", _("A person was asked after all")

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+", db_index=False)
    answer = models.ForeignKey(ApprovedAnswer, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.UUIDField()  # of the asking
    outcome = models.CharField(max_length=6, choices=Outcome.choices, default=Outcome.SHOWN)
    shown_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["school", "person", "key", "answer"], name="answer_shown_once")]

    def __str__(self) -> str:
        return f"{self.outcome} answer:{self.answer_id}"


class Rating(models.Model):
    """Five faces and a comment, asked for once after a person answered."""

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+", db_index=False)
    question = models.OneToOneField(Question, on_delete=models.CASCADE, related_name="rating")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    student = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    teacher = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")  # who answered
    score = models.PositiveSmallIntegerField(null=True)  # 1 to 5; null: asked, not given
    comment = models.CharField(max_length=500, blank=True)
    remark = models.CharField(max_length=500, blank=True)  # the teacher's own, before a leader sees the figure
    asked_at = models.DateTimeField()
    rated_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="rating_is_one_to_five", condition=Q(score__isnull=True) | Q(score__gte=1, score__lte=5)
            )
        ]

    def __str__(self) -> str:
        return f"rating of question:{self.question_id}"
